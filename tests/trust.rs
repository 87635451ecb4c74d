//! What is trusted: an engine only while there is proof that it sees, an address
//! only while it answers, a word only if enough engines say so. Seen with real
//! clamds that go blind, stand still and die; the fake clamd says that it is one.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use convscan::record::Record;
use nix::sys::socket::{Backlog, listen};

use crate::harness::clamd::{Clamd, Temporary};
use crate::harness::fake_clamd::FakeClamd;
use crate::harness::{CONVSCAN, Case, DEFER, clamd_at, eicar, needs};

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
fn wait_for(what: &str, is_so: impl Fn() -> bool) {
    let end = Instant::now() + SOON;
    while !is_so() {
        assert!(Instant::now() < end, "{what}: not in time");
        thread::sleep(Duration::from_millis(2));
    }
}

fn has_clamd(test: &str) -> bool {
    needs(test, "/usr/sbin/clamd", "clamav-daemon")
}

fn reason(record: &Record) -> &str {
    record.reason.as_deref().unwrap_or_default()
}

#[test]
fn a_clamd_without_its_temporary_directory_acquits_nothing() {
    if !has_clamd("a_clamd_without_its_temporary_directory_acquits_nothing") {
        return;
    }
    let clamd = Clamd::start("LogClean yes\n");
    let host = Host::new();
    let engine = format!("{}canary = \"20s\"\n", clamd.engine());
    host.part(&engine, CLEAN).run().passed(CLEAN);
    host.part(&engine, &eicar()).run().replaced();
    let away = clamd.directory.path().join("away");
    fs::rename(clamd.temporary(), &away).unwrap();
    // It now calls everything clean. That is known when the proof is too old.
    host.age(Duration::from_secs(21));
    let record = host.part(&engine, &eicar()).run().deferred();
    assert!(reason(&record).starts_with("blind"), "{record:?}");
    let note = host.note();
    assert!(note.starts_with("closed "), "{note}");
    // The others know without asking.
    let asked = clamd.log();
    let cases = (0..12).map(|_| host.part(&engine, &eicar())).collect();
    for (fate, record) in all_at_once(cases, &eicar()) {
        assert_eq!(fate, Fate::Deferred, "{record:?}");
        assert!(reason(&record).starts_with("blind"), "{record:?}");
    }
    if host.note() == note && now() < second_word(&note) {
        assert_eq!(clamd.log(), asked);
    }
    // It sees again, and that is found out without help.
    fs::rename(&away, clamd.temporary()).unwrap();
    until(Fate::Passed, &host, &engine, CLEAN);
    host.part(&engine, &eicar()).run().replaced();
}

#[test]
fn a_clamd_whose_temporary_directory_is_full_acquits_nothing() {
    let name = "a_clamd_whose_temporary_directory_is_full_acquits_nothing";
    if !has_clamd(name) || !needs(name, "/usr/bin/unshare", "util-linux") {
        return;
    }
    let clamd = Clamd::start_with("", Temporary::Small);
    for engine in [clamd.engine(), clamd.tcp_engine()] {
        let host = Host::new();
        let engine = format!("{engine}canary = \"20s\"\n");
        let part = b"text ".repeat(1000);
        host.part(&engine, &part).run().passed(&part);
        let filler = clamd.temporary().join("filler");
        let _ = fs::write(&filler, vec![0; 1 << 20]);
        assert!(fs::metadata(&filler).unwrap().len() > 0);
        host.age(Duration::from_secs(21));
        for input in [&part, &eicar(), &part] {
            let record = host.part(&engine, input).run().deferred();
            let reason = reason(&record);
            assert!(
                ["blind", "failed", "out-of-service"].iter().any(|kind| reason.starts_with(kind)),
                "{reason}"
            );
        }
        fs::remove_file(&filler).unwrap();
        until(Fate::Passed, &host, &engine, &part);
        host.part(&engine, &eicar()).run().replaced();
    }
}

#[test]
fn a_part_under_way_when_clamd_goes_blind_is_not_acquitted_by_an_old_proof() {
    if !has_clamd("a_part_under_way_when_clamd_goes_blind_is_not_acquitted_by_an_old_proof") {
        return;
    }
    let clamd = Clamd::start("");
    let host = Host::new();
    let engine = format!("{}canary = \"20s\"\n", clamd.engine());
    host.part(&engine, CLEAN).run().passed(CLEAN);
    clamd.stop();
    let case = host.part(&engine, CLEAN);
    let mut child = spawn(&case);
    wait_for("the safe answer", || case.path("options").exists());
    fs::remove_dir(clamd.temporary()).unwrap();
    host.age(Duration::from_secs(21));
    clamd.go_on();
    assert!(child.wait().unwrap().success());
    let (fate, record) = fate(&case, CLEAN);
    assert_eq!(fate, Fate::Deferred);
    assert!(reason(&record).starts_with("blind"), "{record:?}");
}

#[test]
fn what_a_blind_engine_said_is_not_proven_by_what_it_sees_later() {
    let (fake, eyes) = FakeClamd::look();
    let host = Host::new();
    let engine = fake.watched("20s");
    host.part(&engine, CLEAN).run().passed(CLEAN);
    eyes.blind.store(true, Ordering::SeqCst);
    eyes.holds.store(true, Ordering::SeqCst);
    let slow = host.part(&engine, b"slow");
    let parts = eyes.parts.load(Ordering::SeqCst);
    let mut child = spawn(&slow);
    wait_for("the slow part", || eyes.parts.load(Ordering::SeqCst) > parts);
    host.age(Duration::from_secs(21));
    let record = host.part(&engine, CLEAN).run().deferred();
    assert!(reason(&record).starts_with("blind"), "{record:?}");
    eyes.blind.store(false, Ordering::SeqCst);
    until(Fate::Passed, &host, &engine, CLEAN);
    eyes.holds.store(false, Ordering::SeqCst);
    assert!(child.wait().unwrap().success());
    assert_eq!(fate(&slow, b"slow").0, Fate::Deferred);
    // Only that one.
    host.part(&engine, b"slow").run().passed(b"slow");
}

#[test]
fn one_of_fifty_renews_the_proof() {
    let (fake, eyes) = FakeClamd::look();
    let host = Host::new();
    let engine = fake.watched("60s");
    let cases = || (0..50).map(|_| host.part(&engine, CLEAN)).collect();
    // There is none yet: the first gets it, and the others wait for that.
    eyes.time.store(100, Ordering::SeqCst);
    assert!(all_at_once(cases(), CLEAN).iter().all(|(fate, _)| *fate == Fate::Passed));
    assert_eq!(eyes.canaries(), 1);
    // It gets old: one renews it, and nobody waits.
    host.age(Duration::from_secs(31));
    assert!(all_at_once(cases(), CLEAN).iter().all(|(fate, _)| *fate == Fate::Passed));
    assert_eq!(eyes.canaries(), 2);
    assert!(now() - second_word(&host.note()) < 30_000_000);
}

/// The system calls of one part, as strace prints them.
fn calls(case: &Case) -> Vec<String> {
    let trace = case.path("trace");
    let mut command =
        case.wrapped("/usr/bin/strace", &["-f", "-o", trace.to_str().unwrap(), CONVSCAN, "part"]);
    assert!(command.status().unwrap().success());
    fs::read_to_string(trace).unwrap().lines().map(str::to_owned).collect()
}

#[test]
fn a_fresh_proof_costs_three_system_calls() {
    if !needs("a_fresh_proof_costs_three_system_calls", "/usr/bin/strace", "strace") {
        return;
    }
    let (fake, eyes) = FakeClamd::look();
    let host = Host::new();
    let engine = fake.watched("60s");
    host.part(&engine, CLEAN).run().passed(CLEAN);
    let case = host.part(&engine, CLEAN);
    let calls = calls(&case);
    let state = host.state.path().to_str().unwrap();
    let (suspects, touching): (Vec<_>, Vec<_>) = calls
        .iter()
        .filter(|call| call.contains(state) && !call.contains("exec"))
        .partition(|call| call.contains("/suspects"));
    assert_eq!(suspects.len(), 1, "one look whether any part is suspected");
    assert!(touching.len() <= 2 && touching.iter().all(|call| call.contains("readlink")), "{touching:#?}");
    let socket = fake.address().split_once(':').unwrap().1.to_owned();
    let touching = calls.iter().filter(|call| call.contains(&socket)).count();
    // The configuration names it, then it is looked at and connected to.
    assert!(touching <= 3, "{touching}");
    assert_eq!(eyes.canaries(), 1);
}

#[test]
fn a_new_start_new_definitions_and_a_failure_ask_for_new_proof() {
    let (fake, eyes) = FakeClamd::look();
    let host = Host::new();
    let definitions = host.state.path().join("definitions");
    fs::write(&definitions, "old").unwrap();
    let engine = format!("{}definitions = [\"{}\"]\n", fake.watched("60s"), definitions.display());
    let pass = || host.part(&engine, CLEAN).run().passed(CLEAN);
    pass();
    pass();
    assert_eq!(eyes.canaries(), 1);
    fs::write(&definitions, "new").unwrap();
    pass();
    pass();
    assert_eq!(eyes.canaries(), 2);
    let record = host.part(&engine, b"fails always").run().deferred();
    assert!(reason(&record).starts_with("failed"), "{record:?}");
    pass();
    assert_eq!(eyes.canaries(), 3);
    // A change of the definitions makes nobody see.
    eyes.blind.store(true, Ordering::SeqCst);
    pass();
    fs::write(&definitions, "newer").unwrap();
    assert!(reason(&host.part(&engine, CLEAN).run().deferred()).starts_with("blind"));

    if !has_clamd("a_new_start_new_definitions_and_a_failure_ask_for_new_proof") {
        return;
    }
    let mut clamd = Clamd::start("LogClean yes\n");
    let host = Host::new();
    let engine = clamd.engine();
    host.part(&engine, CLEAN).run().passed(CLEAN);
    let proven = second_word(&host.note());
    clamd.restart();
    host.part(&engine, CLEAN).run().passed(CLEAN);
    assert!(second_word(&host.note()) > proven);
}

#[test]
fn one_that_never_answers_is_waited_for_once() {
    if !has_clamd("one_that_never_answers_is_waited_for_once") {
        return;
    }
    let wait = Duration::from_secs(1);
    for canary in ["20s", "off"] {
        let clamd = Clamd::start("");
        let host = Host::new();
        let engine = format!("{}timeout = \"{}s\"\ncanary = \"{canary}\"\n", clamd.engine(), wait.as_secs());
        host.part(&engine, CLEAN).run().passed(CLEAN);
        clamd.stop();
        // Without a canary nobody knows before the third one.
        let first = if canary == "off" { 3 } else { 1 };
        for _ in 0..first {
            let record = host.part(&engine, CLEAN).run().deferred();
            assert!(reason(&record).starts_with("timed-out"), "{record:?}");
        }
        let started = Instant::now();
        let mut waited = 0;
        for _ in 0..10 {
            let cases = (0..20).map(|_| host.part(&engine, CLEAN)).collect();
            for (fate, record) in all_at_once(cases, CLEAN) {
                assert_eq!(fate, Fate::Deferred);
                waited += usize::from(record.engines[0].ms > 900.0);
            }
        }
        // One tries at a time, and it is left alone for longer each time.
        let took = started.elapsed();
        assert!(waited <= 2 + took.as_secs() as usize, "{waited} of 200 waited in {took:?}");
        assert!(took < 20 * wait, "{took:?}");
        clamd.go_on();
        until(Fate::Passed, &host, &engine, CLEAN);
        for (fate, record) in all_at_once((0..12).map(|_| host.part(&engine, CLEAN)).collect(), CLEAN) {
            assert_eq!(fate, Fate::Passed, "{canary} {record:?}");
        }
    }
}

#[test]
fn only_one_tries_whether_an_address_is_back() {
    for canary in ["20s", "off"] {
        let (fake, eyes) = FakeClamd::look();
        let host = Host::new();
        let engine = format!("{}timeout = \"30s\"\n", fake.watched(canary));
        host.part(&engine, CLEAN).run().passed(CLEAN);
        if host.notes().is_empty() {
            // Nothing was worth a note yet.
            eyes.still.store(true, Ordering::SeqCst);
            let short = engine.replace("30s", "200ms");
            until_closed(&host, &short);
            eyes.still.store(false, Ordering::SeqCst);
            wait_for("the end of all talk", || eyes.now.load(Ordering::SeqCst) == 0);
        }
        // It was closed, and may be tried again now.
        host.forge(&format!("closed {} 1 timed-out no verdict in time", now() - 1));
        eyes.most.store(0, Ordering::SeqCst);
        eyes.still.store(true, Ordering::SeqCst);
        let first = host.part(&engine, CLEAN);
        let mut trying = spawn(&first);
        wait_for("the trial", || eyes.now.load(Ordering::SeqCst) > 0);
        let cases = (0..20).map(|_| host.part(&engine, CLEAN)).collect();
        for (fate, record) in all_at_once(cases, CLEAN) {
            assert_eq!(fate, Fate::Deferred);
            assert!(reason(&record).starts_with("out-of-service"), "{record:?}");
        }
        assert_eq!(eyes.most.load(Ordering::SeqCst), 1);
        eyes.still.store(false, Ordering::SeqCst);
        assert!(trying.wait().unwrap().success());
        assert_eq!(fate(&first, CLEAN).0, Fate::Passed);
        for (fate, _) in all_at_once((0..12).map(|_| host.part(&engine, CLEAN)).collect(), CLEAN) {
            assert_eq!(fate, Fate::Passed, "{canary}");
        }
    }
}

fn until_closed(host: &Host, engine: &str) {
    let end = Instant::now() + SOON;
    while host.notes().is_empty() || !host.note().starts_with("closed") {
        assert!(Instant::now() < end);
        host.part(engine, CLEAN).run().deferred();
    }
}

#[test]
fn one_that_refuses_is_not_asked_by_the_others() {
    let gone = tempfile::tempdir().unwrap();
    let engine = clamd_at(&format!("unix:{}", gone.path().join("socket").display()));
    let host = Host::new();
    assert!(reason(&host.part(&engine, CLEAN).run().deferred()).starts_with("unreachable"));
    let note = host.note();
    let record = host.part(&engine, CLEAN).run().deferred();
    if now() < second_word(&note) {
        assert!(reason(&record).starts_with("out-of-service: unreachable"), "{record:?}");
    }
}

#[test]
fn who_is_killed_or_stands_still_with_the_lock_keeps_nobody() {
    for signal in [nix::sys::signal::SIGKILL, nix::sys::signal::SIGSTOP] {
        let (fake, eyes) = FakeClamd::look();
        let host = Host::new();
        let engine = format!("{}timeout = \"2s\"\n", fake.watched("20s"));
        eyes.holds.store(true, Ordering::SeqCst);
        // Its own part is answered at once, its canary not.
        let holding = host.part(&engine, CLEAN);
        let mut child = spawn(&holding);
        wait_for("the part", || eyes.parts.load(Ordering::SeqCst) > 0);
        eyes.still.store(true, Ordering::SeqCst);
        // It may have been faster than we are; then the next one is what we want.
        wait_for("the canary", || eyes.now.load(Ordering::SeqCst) > 0 || child_ended(child.id()));
        let pid = nix::unistd::Pid::from_raw(child.id().try_into().unwrap());
        nix::sys::signal::kill(pid, signal).unwrap();
        eyes.still.store(false, Ordering::SeqCst);
        let started = Instant::now();
        until(Fate::Passed, &host, &engine, CLEAN);
        assert!(started.elapsed() < Duration::from_secs(20));
        // The same for the trial.
        host.forge(&format!("closed {} 1 timed-out x", now() - 1));
        until(Fate::Passed, &host, &engine, CLEAN);
        assert!(started.elapsed() < Duration::from_secs(30));
        let _ = child.kill();
        child.wait().unwrap();
    }
}

fn child_ended(pid: u32) -> bool {
    fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| stat.contains(") Z "))
}

/// Four clamds as one engine.
fn farm_of(clamds: &[Clamd]) -> String {
    let addresses: Vec<_> =
        clamds.iter().map(|clamd| format!("{{ address = \"unix:{}\" }}", clamd.socket().display())).collect();
    format!(
        "[[engine]]\nname = \"farm\"\ntype = \"clamd\"\npatience = \"2s\"\naddresses = [{}]\n",
        addresses.join(", ")
    )
}

#[test]
fn a_farm_loses_no_part_while_its_members_die_stop_and_start() {
    if !has_clamd("a_farm_loses_no_part_while_its_members_die_stop_and_start") {
        return;
    }
    let mut clamds: Vec<_> = thread::scope(|scope| {
        let starting: Vec<_> = (0..4).map(|_| scope.spawn(|| Clamd::start("MaxThreads 4\n"))).collect();
        starting.into_iter().map(|clamd| clamd.join().unwrap()).collect()
    });
    let engine = farm_of(&clamds);
    let host = Host::new();
    let next = AtomicUsize::new(0);
    let counts: [AtomicUsize; 3] = Default::default();
    let parts = 300;
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                loop {
                    let i = next.fetch_add(1, Ordering::SeqCst);
                    if i >= parts {
                        break;
                    }
                    let input =
                        if i.is_multiple_of(5) { eicar() } else { format!("part {i}\n").into_bytes() };
                    let case = host.part(&engine, &input);
                    case.run();
                    let (fate, record) = fate(&case, &input);
                    match fate {
                        Fate::Passed => assert!(!i.is_multiple_of(5), "{record:?}"),
                        Fate::Replaced => assert!(i.is_multiple_of(5), "{record:?}"),
                        Fate::Deferred => panic!("{record:?}"),
                    }
                    counts[fate as usize].fetch_add(1, Ordering::SeqCst);
                }
            });
        }
        let reached = |n: usize| wait_for("the parts", || next.load(Ordering::SeqCst) >= n);
        reached(40);
        clamds[0].kill();
        reached(80);
        clamds[1].stop();
        reached(140);
        clamds[2].restart_slowly();
        reached(220);
        clamds[1].go_on();
        clamds[0].restart_slowly();
    });
    let counts = counts.map(AtomicUsize::into_inner);
    assert_eq!(counts, [240, 60, 0]);
    // All of them are asked again.
    wait_for("all four", || {
        host.part(&engine, CLEAN).run().passed(CLEAN);
        let awake = |path: &PathBuf| fs::read_link(path).unwrap().to_string_lossy().starts_with("awake");
        host.notes().len() == 4 && host.notes().iter().all(awake)
    });
}

#[test]
fn a_member_without_a_canary_is_asked_again_when_it_is_back() {
    if !has_clamd("a_member_without_a_canary_is_asked_again_when_it_is_back") {
        return;
    }
    let mut clamds = [Clamd::start(""), Clamd::start("")];
    let engine = format!("{}canary = \"off\"\n", farm_of(&clamds));
    let host = Host::new();
    clamds[0].kill();
    let pass = || host.part(&engine, CLEAN).run().passed(CLEAN);
    wait_for("the one that is gone", || {
        pass();
        !host.notes().is_empty()
    });
    clamds[0].restart();
    // The other serves all the time.
    wait_for("the one that is back", || {
        pass();
        host.note().starts_with("awake")
    });
}

/// Two engines, called `one` and `two`, of whom so many must agree.
fn panel(agreement: &str, one: &str, two: &str) -> String {
    let two = two.replace("name = \"clamd\"", "name = \"two\"");
    format!("[scan]\nengines = \"{agreement}\"\n{}{two}", one.replace("name = \"clamd\"", "name = \"one\""))
}

const GONE: &str = "[[engine]]\nname = \"clamd\"\ntype = \"clamd\"\naddress = \"unix:/nonexistent/s\"\n";

#[test]
fn all_first_and_backup_mean_what_they_say() {
    if !has_clamd("all_first_and_backup_mean_what_they_say") {
        return;
    }
    let clamd = Clamd::start("");
    let good = clamd.engine();
    let run = |agreement: &str, one: &str, two: &str, input: &[u8]| {
        let host = Host::new();
        let case = host.part(&panel(agreement, one, two), input);
        case.run();
        fate(&case, input)
    };
    // One acquits, and one is not there.
    assert_eq!(run("all", &good, GONE, CLEAN).0, Fate::Deferred);
    assert_eq!(run("all", GONE, &good, CLEAN).0, Fate::Deferred);
    for agreement in ["first", "backup"] {
        let (fate, record) = run(agreement, GONE, &good, CLEAN);
        assert_eq!(fate, Fate::Passed, "{record:?}");
    }
    let (_, record) = run("backup", GONE, &good, CLEAN);
    let warning = record.warning.unwrap();
    assert!(warning.contains("stood in for `one`: unreachable"), "{warning}");
    // The second is a reserve, which is not asked without need.
    let (_, record) = run("backup", &good, GONE, CLEAN);
    assert_eq!((record.engines.len(), record.warning), (1, None));
    // Whoever convicts, convicts; a blind one acquits.
    let (fake, eyes) = FakeClamd::look();
    eyes.blind.store(true, Ordering::SeqCst);
    let blind = fake.engine();
    for agreement in ["all", "first", "backup"] {
        assert_eq!(run(agreement, &good, GONE, &eicar()).0, Fate::Replaced, "{agreement}");
        assert_eq!(run(agreement, GONE, &good, &eicar()).0, Fate::Replaced, "{agreement}");
    }
    eyes.time.store(3000, Ordering::SeqCst);
    for (one, two) in [(&blind, &good), (&good, &blind)] {
        assert_eq!(run("all", one, two, &eicar()).0, Fate::Replaced);
        assert_eq!(run("first", one, two, &eicar()).0, Fate::Replaced);
    }
    eyes.time.store(0, Ordering::SeqCst);
    // A blind one that is watched is stood in for.
    let watched = fake.watched("20s");
    let (fate, record) = run("backup", &watched, &good, &eicar());
    assert_eq!(fate, Fate::Replaced);
    let warning = record.warning.unwrap();
    assert!(warning.contains("stood in for `one`: blind"), "{warning}");
    assert_eq!(run("first", &watched, &good, &eicar()).0, Fate::Replaced);
    assert_eq!(run("all", &watched, &good, CLEAN).0, Fate::Deferred);
}

#[test]
fn the_first_verdict_waits_for_nobody_and_harms_nobody() {
    if !has_clamd("the_first_verdict_waits_for_nobody_and_harms_nobody") {
        return;
    }
    let clamd = Clamd::start("");
    let (fake, _) = FakeClamd::look();
    let host = Host::new();
    let engines = panel("first", &format!("{}timeout = \"30s\"\n", clamd.engine()), &fake.watched("20s"));
    clamd.stop();
    let started = Instant::now();
    for _ in 0..3 {
        let record = host.part(&engines, CLEAN).run().passed(CLEAN);
        assert_eq!(record.verdict, "clean");
    }
    assert!(started.elapsed() < Duration::from_secs(15), "{:?}", started.elapsed());
    // What is no longer waited for has not failed, not even in its canary.
    let (late, eyes) = FakeClamd::look();
    let host = Host::new();
    let slow = format!("{}timeout = \"30s\"\n", late.watched("20s"));
    eyes.holds.store(true, Ordering::SeqCst);
    host.part(&panel("first", &slow, &fake.watched("20s")), b"slow").run().passed(b"slow");
    let closed = |path: &PathBuf| fs::read_link(path).unwrap().to_string_lossy().starts_with("closed");
    assert!(!host.notes().iter().any(closed));
}

/// A unix socket and a port where so many wait to be taken in that no more fit.
fn crowded(directory: &Path) -> (Vec<OwnedFd>, [String; 2]) {
    let path = directory.join("crowded");
    let (unix, tcp) = (UnixListener::bind(&path).unwrap(), TcpListener::bind("127.0.0.1:0").unwrap());
    listen(&unix, Backlog::new(0).unwrap()).unwrap();
    listen(&tcp, Backlog::new(0).unwrap()).unwrap();
    let port = tcp.local_addr().unwrap();
    let mut kept: Vec<OwnedFd> = vec![unix.into(), tcp.into()];
    kept.push(UnixStream::connect(&path).unwrap().into());
    while let Ok(stream) = TcpStream::connect_timeout(&port, Duration::from_millis(300)) {
        kept.push(stream.into());
    }
    (kept, [format!("unix:{}", path.display()), format!("tcp:{port}")])
}

#[test]
fn the_first_verdict_does_not_wait_for_a_connection_either() {
    let directory = tempfile::tempdir().unwrap();
    let (_kept, addresses) = crowded(directory.path());
    let (fake, _) = FakeClamd::look();
    for address in addresses {
        let crowded = format!("{}timeout = \"40s\"\n", clamd_at(&address));
        let started = Instant::now();
        Host::new().part(&panel("first", &fake.watched("20s"), &crowded), CLEAN).run().passed(CLEAN);
        assert!(started.elapsed() < Duration::from_secs(20), "{address} {:?}", started.elapsed());
        // Alone, it is waited for as long as it may take.
        let started = Instant::now();
        let alone = crowded.replace("40s", "300ms");
        let record = Host::new().part(&alone, CLEAN).run().deferred();
        assert!(reason(&record).starts_with("unreachable"), "{record:?}");
        assert!(started.elapsed() > Duration::from_millis(300));
    }
}

#[test]
fn a_canary_that_nobody_waits_for_says_nothing() {
    let ((early, fast), (late, slow)) = (FakeClamd::look(), FakeClamd::look());
    let host = Host::new();
    // Both answer at once; then only the canary of one.
    let engines =
        panel("first", &early.watched("20s"), &format!("{}timeout = \"30s\"\n", late.watched("20s")));
    fast.time.store(300, Ordering::SeqCst);
    let case = host.part(&engines, CLEAN);
    let mut child = spawn(&case);
    wait_for("the part", || slow.parts.load(Ordering::SeqCst) > 0);
    slow.still.store(true, Ordering::SeqCst);
    assert!(child.wait().unwrap().success());
    assert_eq!(fate(&case, CLEAN).0, Fate::Passed);
    let closed = |path: &PathBuf| fs::read_link(path).unwrap().to_string_lossy().starts_with("closed");
    assert!(!host.notes().iter().any(closed));
}

#[test]
fn engines_are_asked_at_the_same_time() {
    let ((one, first), (two, second)) = (FakeClamd::look(), FakeClamd::look());
    first.time.store(1000, Ordering::SeqCst);
    second.time.store(1000, Ordering::SeqCst);
    let host = Host::new();
    let record = host.part(&panel("all", &one.engine(), &two.engine()), CLEAN).run().passed(CLEAN);
    let together: f64 = record.engines.iter().map(|engine| engine.ms).sum();
    assert!(together >= 2000.0 && record.ms.total < 1900.0, "{together} {}", record.ms.total);
}

#[test]
fn without_a_usable_state_directory_every_acquittal_is_proven_anew() {
    let name = "without_a_usable_state_directory_every_acquittal_is_proven_anew";
    let (fake, eyes) = FakeClamd::look();
    let engine = fake.watched("20s");
    let expect = |case: &dyn Fn(&[u8]) -> Case, mut through: Box<dyn FnMut(&Case) -> Command>| {
        for i in 0..2 {
            let before = eyes.canaries();
            for (input, wanted) in [(CLEAN.to_vec(), Fate::Passed), (eicar(), Fate::Replaced)] {
                let case = case(&input);
                assert!(through(&case).status().unwrap().success());
                assert_eq!(fate(&case, &input).0, wanted, "{i}");
            }
            // That of the clean part; the infected one counts as one, too.
            assert!(eyes.canaries() >= before + 2, "{i}");
        }
        eyes.blind.store(true, Ordering::SeqCst);
        let case = case(CLEAN);
        assert!(through(&case).status().unwrap().success());
        let (fate, record) = fate(&case, CLEAN);
        assert!(fate == Fate::Deferred && reason(&record).starts_with("blind"), "{record:?}");
        eyes.blind.store(false, Ordering::SeqCst);
    };
    let plain = || Box::new(Case::command) as Box<dyn FnMut(&Case) -> Command>;
    expect(&|input| part_with(&engine, input, None), plain());
    expect(&|input| part_with(&engine, input, Some(Path::new("/nonexistent/state"))), plain());
    if !needs(name, "/usr/bin/setpriv", "util-linux") || !needs(name, "/usr/bin/unshare", "util-linux") {
        return;
    }
    // One that may only be read.
    let host = Host::new();
    fs::set_permissions(host.state.path(), fs::Permissions::from_mode(0o555)).unwrap();
    let weak = || {
        Box::new(|case: &Case| {
            let arguments = ["--inh-caps=-all", "--bounding-set=-all", CONVSCAN, "part"];
            case.wrapped("/usr/bin/setpriv", &arguments)
        }) as Box<dyn FnMut(&Case) -> Command>
    };
    expect(&|input| host.part(&engine, input), weak());
    assert!(host.notes().is_empty());
    fs::set_permissions(host.state.path(), fs::Permissions::from_mode(0o755)).unwrap();
    // A full one, in which not even a name has room.
    let full = host.state.path().display().to_string();
    expect(
        &|input| host.part(&engine, input),
        Box::new(move |case: &Case| {
            let shell = format!("mount -t tmpfs -o nr_inodes=1 none {full} && exec \"$@\"");
            case.wrapped("/usr/bin/unshare", &["-rm", "/bin/sh", "-c", &shell, "sh", CONVSCAN, "part"])
        }),
    );
}

#[test]
fn a_state_directory_of_another_account_defers_nothing() {
    let name = "a_state_directory_of_another_account_defers_nothing";
    let is_root = nix::unistd::geteuid().is_root();
    if !is_root || !needs(name, "/usr/bin/setpriv", "util-linux") {
        return;
    }
    let (fake, eyes) = FakeClamd::look();
    let engine = fake.watched("20s");
    let open = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    let socket = PathBuf::from(fake.address().split_once(':').unwrap().1);
    open(&socket, 0o777);
    open(socket.parent().unwrap(), 0o755);
    // The directory is root's or everybody's; what is in it is root's.
    for mode in [0o755, 0o777, 0o1777] {
        let host = Host::new();
        host.part(&engine, CLEAN).run().passed(CLEAN);
        assert!(host.state.path().join("locks").exists());
        open(host.state.path(), mode);
        for blind in [false, true] {
            eyes.blind.store(blind, Ordering::SeqCst);
            host.age(Duration::from_secs(21));
            for (input, sees) in [(CLEAN.to_vec(), Fate::Passed), (eicar(), Fate::Replaced)] {
                let case = host.part(&engine, &input);
                open(case.directory.path(), 0o777);
                let arguments = ["--reuid=65534", "--regid=65534", "--clear-groups", CONVSCAN, "part"];
                assert!(case.wrapped("/usr/bin/setpriv", &arguments).status().unwrap().success());
                let fate = fate(&case, &input);
                assert_eq!(fate.0, if blind { Fate::Deferred } else { sees }, "{mode:o} {:?}", fate.1);
            }
            host_reset(&host);
        }
        eyes.blind.store(false, Ordering::SeqCst);
    }
}

/// Makes the note a proof again.
fn host_reset(host: &Host) {
    host.forge(&format!("awake {} 0 x", now()));
}

#[test]
fn notes_that_make_no_sense_acquit_nothing_and_heal() {
    let (fake, eyes) = FakeClamd::look();
    let engine = fake.watched("20s");
    let (later, much) = (now() + 3_600_000_000, u64::MAX);
    let notes = [
        "garbage".to_owned(),
        "\u{1b}[2J\u{202e} \u{fffd}".to_owned(),
        "x ".repeat(1000),
        format!("awake {later} 0 x"),
        format!("awake {later} {later} x"),
        format!("awake {much} {much} x"),
        format!("awake {} {later} x", now()),
        "awake 0 0 x".to_owned(),
        "awake -5 0 x".to_owned(),
        format!("closed {later} 1 blind x"),
        format!("closed {much} {} timed-out x", u32::MAX),
        format!("closed 0 {} timed-out x", u32::MAX),
        "closed 1 1 no-such-kind x".to_owned(),
        format!("doubted {} 0", u32::MAX),
        format!("doubted 1 {much}"),
        ".".to_owned(),
    ];
    let host = Host::new();
    host.part(&engine, CLEAN).run().passed(CLEAN);
    let place = host.place();
    let not_a_link: [fn(&Path); 4] = [
        |path| fs::write(path, "awake 99 0 x").unwrap(),
        |path| fs::create_dir(path).unwrap(),
        |path| nix::unistd::mkfifo(path, nix::sys::stat::Mode::S_IRWXU).unwrap(),
        |_| (),
    ];
    let forged = notes
        .iter()
        .map(|note| Box::new(move |path: &Path| symlink(note, path).unwrap()) as Box<dyn Fn(&Path)>);
    let odd = not_a_link.iter().map(|make| Box::new(make) as Box<dyn Fn(&Path)>);
    for (i, make) in forged.chain(odd).enumerate() {
        fs::remove_file(&place).unwrap();
        make(&place);
        eyes.blind.store(true, Ordering::SeqCst);
        host.part(&engine, CLEAN).run().deferred();
        if fs::symlink_metadata(&place).is_ok_and(|metadata| !metadata.is_dir()) {
            fs::remove_file(&place).unwrap();
        } else {
            fs::remove_dir(&place).unwrap();
        }
        make(&place);
        eyes.blind.store(false, Ordering::SeqCst);
        let record = until(Fate::Passed, &host, &engine, CLEAN);
        assert!(!record.engines[0].version.as_deref().unwrap_or_default().contains('\u{1b}'));
        let before = eyes.canaries();
        host.part(&engine, CLEAN).run().passed(CLEAN);
        assert_eq!(eyes.canaries(), before, "{i}: {:?}", host.note());
    }
}

#[test]
fn a_directory_full_of_things_in_place_of_a_note_costs_time_only() {
    let (fake, eyes) = FakeClamd::look();
    let engine = fake.watched("20s");
    let host = Host::new();
    host.part(&engine, CLEAN).run().passed(CLEAN);
    let place = host.place();
    fs::remove_file(&place).unwrap();
    fs::create_dir_all(place.join("thing")).unwrap();
    host.part(&engine, CLEAN).run().passed(CLEAN);
    eyes.blind.store(true, Ordering::SeqCst);
    host.part(&engine, CLEAN).run().deferred();
}
