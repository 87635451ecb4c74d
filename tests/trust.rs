//! What is trusted: an engine only while there is proof that it sees, an address
//! only while it answers, a word only if enough engines say so. Seen with real
//! clamds that go blind, stand still and die; the fake clamd says that it is one.

mod agreement;
mod bound;
mod breaker;
mod notes;
mod own;
mod proof;

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use convscan::testing::os::lock::Lock;
use convscan::testing::record::Record;

use crate::harness::clamd::CLAMD;
use crate::harness::{Case, DEFER, needs};

const CLEAN: &[u8] = b"honest bytes\n";

/// Longest time for anything that must happen by itself.
const SOON: Duration = Duration::from_secs(40);

/// Programs that share a state directory, as those of one host do.
struct Host {
    state: tempfile::TempDir,
}

impl Host {
    fn new() -> Self {
        Self { state: tempfile::tempdir().unwrap() }
    }

    /// A part for one of them, with a log of its own.
    fn part(&self, engines: &str, input: &[u8]) -> Case {
        part_with(engines, input, Some(self.state.path()))
    }

    fn notes(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.state.path()).unwrap().map(|entry| entry.unwrap());
        entries
            .filter(|entry| entry.file_name().to_string_lossy().starts_with("health-"))
            .map(|entry| entry.path())
            .filter(|path| path.extension().is_none())
            .collect()
    }

    /// Where the one note is.
    fn place(&self) -> PathBuf {
        let notes = self.notes();
        assert_eq!(notes.len(), 1, "{notes:?}");
        notes[0].clone()
    }

    fn note(&self) -> String {
        fs::read_link(self.place()).unwrap().into_os_string().into_string().unwrap()
    }

    /// Puts another note in place.
    fn forge(&self, text: &str) {
        let place = self.place();
        fs::remove_file(&place).unwrap();
        symlink(text, place).unwrap();
    }

    /// Makes the time until which it is closed end in `left`. The program's own
    /// seconds may pass before a test that is not alone has looked.
    fn keep_closed(&self, left: Duration) {
        let note = self.note();
        let words: Vec<&str> = note.splitn(3, ' ').collect();
        assert_eq!(words[0], "closed");
        let until = now() + u64::try_from(left.as_micros()).unwrap();
        self.forge(&format!("closed {until} {}", words[2]));
    }

    /// Takes the lock of the one address, as a process that proves it does.
    fn lock(&self) -> Lock {
        let place = self.place().to_str().unwrap().rsplit_once('-').unwrap().1.to_owned();
        let place = u64::from_str_radix(&place, 16).unwrap();
        Lock::attempt(&self.state.path().join("locks"), place).unwrap().unwrap()
    }

    /// Makes the proof older, as if time had passed.
    fn age(&self, by: Duration) {
        let note = self.note();
        let words: Vec<&str> = note.splitn(4, ' ').collect();
        assert_eq!(words[0], "awake");
        let at = words[1].parse::<u64>().unwrap() - u64::try_from(by.as_micros()).unwrap();
        self.forge(&format!("awake {at} {} {}", words[2].parse::<u64>().unwrap().min(at), words[3]));
    }
}

fn part_with(engines: &str, input: &[u8], state: Option<&Path>) -> Case {
    let case = Case::new(input);
    let log = case.path("log").display().to_string();
    let state =
        state.map_or(String::new(), |state| format!("[state]\ndirectory = \"{}\"\n", state.display()));
    case.raw_config(&format!("{engines}\n[log]\nfile = \"{log}\"\n{state}"))
}

fn now() -> u64 {
    u64::try_from(SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_micros()).unwrap()
}

fn second_word(note: &str) -> u64 {
    note.split(' ').nth(1).unwrap().parse().unwrap()
}

/// What became of a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Passed,
    Replaced,
    Deferred,
}

fn fate(case: &Case, input: &[u8]) -> (Fate, Record) {
    let ran = case.left_behind();
    let record = ran.record();
    let fate = match (ran.options.as_deref().unwrap_or_default(), ran.output) {
        (DEFER, None) => Fate::Deferred,
        ("", Some(output)) if output == input => Fate::Passed,
        (options, Some(output)) if output.starts_with(b"VIRUS NOTICE") && !options.contains("STATUS") => {
            Fate::Replaced
        }
        other => panic!("{other:?} {record:?}"),
    };
    (fate, record)
}

fn spawn(case: &Case) -> Child {
    case.command().stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

/// Starts one program for each part at once, and waits for all.
fn all_at_once(cases: Vec<Case>, input: &[u8]) -> Vec<(Fate, Record)> {
    let running: Vec<_> = cases.into_iter().map(|case| (spawn(&case), case)).collect();
    let ended = |(mut child, case): (Child, Case)| {
        assert!(child.wait().unwrap().success());
        fate(&case, input)
    };
    running.into_iter().map(ended).collect()
}

/// Shows parts with `input` until one has this fate; gives that one's record.
#[track_caller]
fn until(wanted: Fate, host: &Host, engines: &str, input: &[u8]) -> Record {
    let end = Instant::now() + SOON;
    loop {
        let case = host.part(engines, input);
        case.run();
        let (fate, record) = fate(&case, input);
        if fate == wanted {
            return record;
        }
        assert!(Instant::now() < end, "not {wanted:?} in time: {record:?}");
        thread::sleep(Duration::from_millis(20));
    }
}

/// Waits for something.
#[track_caller]
fn wait_for(what: &str, mut is_so: impl FnMut() -> bool) {
    let end = Instant::now() + SOON;
    while !is_so() {
        assert!(Instant::now() < end, "{what}: not in time");
        thread::sleep(Duration::from_millis(2));
    }
}

fn has_clamd(test: &str) -> bool {
    needs(test, CLAMD, "clamav-daemon")
}

fn reason(record: &Record) -> &str {
    record.reason.as_deref().unwrap_or_default()
}
