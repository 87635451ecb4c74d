//! Command engines against fakes that misbehave in every way known, and
//! against the real clamscan.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use convscan::testing::config::Config;
use convscan::testing::engine::sample::{Cleaned, Sample};
use convscan::testing::engine::{Farm, open};
use convscan::testing::os::clock::Deadline;
use convscan::testing::verdict::{ErrorKind, Reason, ScanError, Verdict, name_of};
use nix::sys::signal::SigSet;
use tempfile::TempDir;

use crate::harness::{SPECIMENS, installed, needs};

/// A state directory, a part and an engine that is configured by its keys.
struct Bench {
    directory: TempDir,
    config: Config,
}

/// Last argument: the private copy. `$dir` is where the fake lives.
const PRELUDE: &str = "for file; do :; done\ndir=${0%/*}\n";

impl Bench {
    /// The engine that `keys` describe; `{bench}` in them is its directory.
    fn new(keys: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        fs::create_dir(directory.path().join("state")).unwrap();
        let path = directory.path().to_str().unwrap();
        let source = format!(
            "state.directory = \"state\"\n[[engine]]\nname = \"fake\"\ntype = \"command\"\ncanary = \"off\"\ncache = false\n{}",
            keys.replace("{bench}", path)
        );
        let parsed = Config::parse(&format!("{path}/convscan.toml"), &source);
        assert_eq!(parsed.faults, []);
        Self { directory, config: parsed.config }
    }

    /// A fake for the preset `name`: a shell script with this `body`. `story`
    /// says what it stands for.
    fn fake(name: &str, story: &str, body: &str) -> Self {
        let bench = Self::new(&format!("preset = \"{name}\"\nprogram = \"{{bench}}/fake\"\n"));
        let script = format!("#!/bin/sh\n# A fake {name}: {story}.\n{PRELUDE}{body}\n");
        fs::write(bench.path("fake"), script).unwrap();
        fs::set_permissions(bench.path("fake"), Permissions::from_mode(0o755)).unwrap();
        bench
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    fn with<T>(&self, content: &str, act: impl FnOnce(&Farm<'_>, &Sample<'_>) -> T) -> T {
        let path = self.path("original");
        fs::write(&path, content).unwrap();
        let result = {
            let file = File::open(&path).unwrap();
            let size = content.len() as u64;
            let sample = Sample { file: &file, size, mime_type: "", names: &[], fingerprint: None };
            act(&open(&self.config)[0], &sample)
        };
        assert_eq!(fs::read_to_string(&path).unwrap(), content, "the original is nobody's to change");
        // The next scan is that of another host: nobody knows of this one's failure.
        for entry in fs::read_dir(self.path("state")).unwrap().map(|entry| entry.unwrap()) {
            if entry.file_name().to_str().unwrap().starts_with("health-") {
                fs::remove_file(entry.path()).unwrap();
            }
        }
        result
    }

    fn scan_until(&self, content: &str, by: Deadline) -> String {
        let result = self.with(content, |engine, sample| engine.scan(sample, by, &mut || ()));
        let mut left = fs::read_dir(self.path("state")).unwrap().map(|entry| entry.unwrap().file_name());
        assert_eq!(
            left.find(|name| name.to_str().unwrap().starts_with("scan-")),
            None,
            "nothing stays behind"
        );
        said(result.map(|response| response.verdict))
    }

    fn scan(&self, content: &str) -> String {
        self.scan_until(content, Deadline::after(Duration::from_secs(20)))
    }

    fn clean<T>(&self, look: impl FnOnce(Result<Cleaned, ScanError>) -> T) -> T {
        let by = Deadline::after(Duration::from_secs(20));
        let result = self.with("infected", |engine, sample| look(engine.clean(sample, by).unwrap()));
        let mut left = fs::read_dir(self.path("state")).unwrap().map(|entry| entry.unwrap().file_name());
        assert_eq!(
            left.find(|name| name.to_str().unwrap().starts_with("scan-")),
            None,
            "nothing stays behind"
        );
        result
    }

    /// The failure of cleaning, in words.
    fn not_cleaned(&self) -> String {
        self.clean(|result| result.unwrap_err().to_string())
    }

    fn version(&self) -> String {
        let by = Deadline::after(Duration::from_secs(20));
        self.with("", |engine, _| engine.members()[0].engine.version(by))
            .unwrap_or_else(|error| error.to_string())
    }
}

/// A verdict in a few letters.
fn said(result: Result<Verdict, ScanError>) -> String {
    match result {
        Ok(Verdict::Clean) => "clean".to_owned(),
        Ok(Verdict::Infected(threats)) => format!("infected {}", threats[0]),
        Ok(Verdict::Unscannable(reason, _)) => format!("unscannable {}", name_of(&Reason::NAMES, &reason)),
        Err(error) => name_of(&ErrorKind::NAMES, &error.kind).to_owned(),
    }
}

#[test]
fn of_all_exit_codes_of_uvscan_only_zero_is_clean() {
    let bench = Bench::fake("uvscan", "exits with the code that the part holds", "exit \"$(cat \"$file\")\"");
    for code in 0..=255 {
        let expected = match code {
            0 => "clean",
            10 | 13 => "infected unnamed",
            1 | 2 | 6 | 8 | 15 | 20 | 102 => "failed",
            // A shell's word for a signal that killed it.
            132 | 134..=137 | 139 | 152 | 159 => "crashed",
            _ => "garbled",
        };
        assert_eq!(bench.scan(&code.to_string()), expected, "{code}");
    }
}

#[test]
fn a_threat_is_found_by_its_line_whatever_the_exit_code() {
    let body = "echo \"$file ... Found the W32/Fake.a virus !!!\"; exit \"$(cat \"$file\")\"";
    let bench = Bench::fake("uvscan", "finds something and exits with the code that the part holds", body);
    for code in ["0", "1", "2", "12", "13", "19", "255"] {
        assert_eq!(bench.scan(code), "infected W32/Fake.a", "{code}");
    }
}

#[test]
fn signal_death_is_a_crash_unless_the_threat_was_told() {
    let bench = Bench::fake("uvscan", "dies", "kill -SEGV $$");
    assert_eq!(bench.scan("x"), "crashed");
    let bench =
        Bench::fake("uvscan", "dies of what it found", "echo '  Found the A virus !!!'; kill -KILL $$");
    assert_eq!(bench.scan("x"), "infected A");
}

#[test]
fn a_hanging_scanner_is_killed_with_all_its_children() {
    let story = "hangs with a child, deaf to polite requests";
    let body =
        "trap '' TERM; (trap '' TERM; while :; do sleep 60; done) & echo $$ $! > \"$dir/pids\"; wait; wait";
    let bench = Bench::fake("uvscan", story, body);
    // Long enough to start even where much else runs.
    assert_eq!(bench.scan_until("x", Deadline::after(Duration::from_secs(3))), "timed-out");
    let pids = bench.read("pids");
    assert_eq!(pids.split_whitespace().count(), 2, "{pids}");
    for pid in pids.split_whitespace() {
        assert!(is_gone(pid), "{pid}");
    }
}

#[test]
fn a_threat_told_before_the_deadline_counts() {
    let bench = Bench::fake("uvscan", "finds and hangs", "echo '  Found the A virus !!!'; exec sleep 60");
    assert_eq!(bench.scan_until("x", Deadline::after(Duration::from_secs(3))), "infected A");
}

#[test]
fn the_engine_s_own_time_is_a_deadline_too() {
    let bench = Bench::fake("uvscan", "hangs", "exec sleep 60");
    let mut config = bench.config.clone();
    config.engines[0].timeout = Duration::from_millis(200);
    let bench = Bench { config, ..bench };
    assert_eq!(bench.scan("x"), "timed-out");
}

#[test]
fn a_grandchild_that_holds_the_output_delays_nobody() {
    let body = "echo '  Found the A virus !!!'; sleep 60 & echo $! > \"$dir/pids\"; exit 0";
    let bench = Bench::fake("uvscan", "finds something and leaves a child behind", body);
    let start = Instant::now();
    let by = Duration::from_secs(120);
    assert_eq!(bench.scan_until("x", Deadline::after(by)), "infected A");
    // The child stays for 60 s, and the deadline is later still.
    assert!(start.elapsed() < by / 4, "{:?}", start.elapsed());
    assert!(is_gone(bench.read("pids").trim()));
}

/// A wrapper that exits before the scanner does was believed to be clean, for
/// the scanner's own words came too late.
#[test]
fn output_that_somebody_still_holds_is_no_acquittal() {
    let body = "(sleep 60; echo 'Found the Wormy virus !!!') & exit 0";
    assert_eq!(Bench::fake("uvscan", "is outlived by its scanner", body).scan("x"), "garbled");
    let body = "(sleep 60; echo 'Found the Wormy virus !!!' >&2) > /dev/null & exit 0";
    assert_eq!(Bench::fake("uvscan", "is outlived by half of its scanner", body).scan("x"), "garbled");
    let bench = Bench::fake(
        "uvscan",
        "starts a daemon",
        "sleep 60 > /dev/null 2>&1 & echo $! > \"$dir/pids\"; exit 0",
    );
    assert_eq!(bench.scan("x"), "clean");
    assert!(is_gone(bench.read("pids").trim()));
}

/// Signals are held back while a scanner runs: not from the scanner, and not
/// for longer.
#[test]
fn no_signal_stays_blocked() {
    let before = SigSet::thread_get_mask().unwrap();
    let body = "grep -q '^SigBlk:.0*$' /proc/self/status || exit 77";
    assert_eq!(Bench::fake("uvscan", "looks at its signals", body).scan("x"), "clean");
    assert_eq!(SigSet::thread_get_mask().unwrap(), before);
    assert_eq!(Bench::new("preset = \"uvscan\"\nprogram = \"/nonexistent\"\n").scan("x"), "not-installed");
    assert_eq!(SigSet::thread_get_mask().unwrap(), before);
}

/// Whether a process is dead, after a moment to die in.
pub fn is_gone(pid: &str) -> bool {
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(30) {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        // A zombie is dead; whoever inherited it may take its time.
        if stat.is_empty() || stat.rsplit(')').next().unwrap().trim_start().starts_with('Z') {
            return true;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    false
}

#[test]
fn babbling_is_no_acquittal() {
    let body = "yes 'scanning, please wait' | head -c 10000000; exit \"$(cat \"$file\")\"";
    let bench = Bench::fake("uvscan", "babbles 10 MB", body);
    assert_eq!(bench.scan("0"), "garbled");
    assert_eq!(bench.scan("13"), "infected unnamed");
    let bench = Bench::fake("uvscan", "babbles for ever", "exec yes");
    assert_eq!(bench.scan("0"), "garbled");
}

#[test]
fn clamscan_must_say_ok() {
    let bench = Bench::fake("clamscan", "says nothing and exits 0", "exit 0");
    assert_eq!(bench.scan("x"), "crashed");
    let bench = Bench::fake("clamscan", "says OK", "echo \"$file: OK\"");
    assert_eq!(bench.scan("x"), "clean");
    let bench = Bench::fake("clamscan", "says OK on standard error", "echo \"$file: OK\" >&2");
    assert_eq!(bench.scan("x"), "garbled");
}

#[test]
fn a_missing_or_unfit_program_is_not_installed() {
    let bench = Bench::new("preset = \"uvscan\"\nprogram = \"{bench}/fake\"\n");
    assert_eq!(bench.scan("x"), "not-installed");
    fs::write(bench.path("fake"), "#!/bin/sh\n# A fake uvscan: nobody may run it.\nexit 0\n").unwrap();
    fs::set_permissions(bench.path("fake"), Permissions::from_mode(0o644)).unwrap();
    assert_eq!(bench.scan("x"), "not-installed");
    fs::write(bench.path("fake"), "no program at all").unwrap();
    fs::set_permissions(bench.path("fake"), Permissions::from_mode(0o755)).unwrap();
    assert_eq!(bench.scan("x"), "failed");
}

#[test]
fn without_a_state_directory_nothing_is_scanned() {
    let bench = Bench::fake("uvscan", "says clean", "exit 0");
    let by = Deadline::after(Duration::from_secs(5));
    let mut config = bench.config.clone();
    config.state = Some(bench.path("missing"));
    let missing = Bench { config: config.clone(), directory: bench.directory };
    assert_eq!(said(missing.with("x", |e, s| e.scan(s, by, &mut || ())).map(|r| r.verdict)), "configuration");
    config.state = None;
    let none = Bench { config, directory: missing.directory };
    assert_eq!(said(none.with("x", |e, s| e.scan(s, by, &mut || ())).map(|r| r.verdict)), "configuration");
}

#[test]
fn a_copy_of_another_size_is_not_scanned() {
    let bench = Bench::fake("uvscan", "says clean", "exit 0");
    let by = Deadline::after(Duration::from_secs(5));
    let result =
        bench.with("content", |engine, sample| engine.scan(&Sample { size: 3, ..*sample }, by, &mut || ()));
    assert_eq!(said(result.map(|response| response.verdict)), "part");
}

#[test]
fn the_scanner_runs_in_a_clean_private_place() {
    let story = "notes how it is run";
    let body = "env > \"$dir/env\"; pwd > \"$dir/pwd\"; echo \"$@\" > \"$dir/arguments\"\n\
                ls -ldn . part > \"$dir/modes\"; cut -d' ' -f1,5 /proc/$$/stat > \"$dir/group\"\n\
                touch \"$TMPDIR/waste\"; mkdir \"$TMPDIR/locked\"; touch \"$TMPDIR/locked/x\"; chmod 0 \"$TMPDIR/locked\"\n\
                if read -r line; then exit 13; fi; exit 0";
    let bench = Bench::fake("uvscan", story, body);
    assert_eq!(bench.scan("content"), "clean");

    let place = bench.read("pwd");
    let place = place.trim();
    assert!(Path::new(place).starts_with(bench.path("state").canonicalize().unwrap()), "{place}");
    assert!(Path::new(place).file_name().unwrap().to_str().unwrap().starts_with("scan-"));
    let mut names = Vec::new();
    for line in bench.read("env").lines() {
        let (name, value) = line.split_once('=').unwrap();
        match name {
            "TMPDIR" | "HOME" => assert_eq!(value, place),
            "LC_ALL" => assert_eq!(value, "C"),
            "PATH" => assert!(value.split(':').all(|directory| directory.starts_with('/'))),
            // What the shell adds.
            "PWD" | "OLDPWD" | "SHLVL" | "_" => continue,
            name => panic!("{name} is in the environment"),
        }
        names.push(name.to_owned());
    }
    names.sort();
    assert_eq!(names, ["HOME", "LC_ALL", "PATH", "TMPDIR"]);
    assert!(bench.read("arguments").ends_with(&format!("--summary {place}/part\n")));
    let group = bench.read("group");
    let (pid, leader) = group.trim().split_once(' ').unwrap();
    assert_eq!(pid, leader, "a process group of its own");
    let modes = bench.read("modes");
    assert!(modes.lines().any(|line| line.starts_with("drwx------")), "{modes}");
    assert!(modes.lines().any(|line| line.starts_with("-rw-------")), "{modes}");
}

#[test]
fn a_private_copy_is_scanned_wherever_the_original_stands() {
    use std::io::Read;
    let bench =
        Bench::fake("uvscan", "convicts all but `content`", "[ \"$(cat \"$file\")\" = content ] || exit 13");
    let by = Deadline::after(Duration::from_secs(5));
    let result = bench.with("content", |engine, sample| {
        let mut file = sample.file;
        file.read_exact(&mut [0; 4]).unwrap();
        engine.scan(sample, by, &mut || ())
    });
    assert_eq!(result.unwrap().verdict, Verdict::Clean);
}

#[test]
fn a_scanner_that_alters_its_input_alters_a_copy() {
    let table = [
        ("mv \"$file\" \"$file.vir\"; exit 12", "garbled"),
        ("rm \"$file\"; exit 13", "infected unnamed"),
        // What is not there any more, or is not what came, was not called clean.
        ("rm \"$file\"; exit 0", "failed"),
        ("mv \"$file\" \"$file.vir\"; exit 0", "failed"),
        (": > \"$file\"; exit 0", "failed"),
        ("echo >> \"$file\"; exit 0", "failed"),
        ("printf CONTENT > \"$file\"; exit 0", "failed"),
        ("printf content > \"$file\"; exit 0", "clean"),
    ];
    for (body, expected) in table {
        assert_eq!(Bench::fake("uvscan", "alters its input", body).scan("content"), expected, "{body}");
    }
    assert_eq!(Bench::fake("uvscan", "says clean", "exit 0").scan(""), "clean");
    let body = "rm \"$file\"; echo \"$file: OK\"";
    assert_eq!(Bench::fake("clamscan", "removes its input", body).scan("content"), "failed");
}

#[test]
fn cleaning_gives_the_changed_copy_and_takes_it_away_again() {
    let story = "cleans when asked to";
    let body =
        "case \"$*\" in *' --clean --norename '*) ;; *) exit 13;; esac; echo cleaned > \"$file\"; exit 19";
    let bench = Bench::fake("uvscan", story, body);
    bench.clean(|result| {
        let cleaned = result.unwrap();
        assert_eq!(std::io::read_to_string(&cleaned.input.file).unwrap(), "cleaned\n");
        assert_eq!(cleaned.input.file.metadata().unwrap().nlink(), 1);
    });
}

/// A child of the cleaner that had left its process group once wrote the virus
/// back between the second scan and the delivery.
#[test]
fn what_is_cleaned_is_out_of_the_cleaners_reach() {
    let body = "case \"$*\" in *' --clean '*) ;; *) exit 13;; esac; \
                echo cleaned > \"$file\"; echo \"$file\" > $dir/where; exit 19";
    let bench = Bench::fake("uvscan", "cleans and knows where", body);
    bench.clean(|result| {
        let cleaned = result.unwrap();
        let known = PathBuf::from(bench.read("where").trim());
        // The engine's directory is gone; what it makes anew is not what is delivered.
        assert!(!known.exists());
        fs::create_dir_all(known.parent().unwrap()).unwrap();
        fs::write(&known, "infected again\n").unwrap();
        fs::remove_dir_all(known.parent().unwrap()).unwrap();
        assert_eq!(std::io::read_to_string(&cleaned.input.file).unwrap(), "cleaned\n");
    });
}

#[test]
fn nothing_a_cleaner_claims_is_believed() {
    let table = [
        (
            "renames what it could not clean",
            "mv \"$file\" \"$file.vir\"; exit 12",
            "failed: not cleaned: exit code 12",
        ),
        ("renames and claims success", "mv \"$file\" \"$file.vir\"; exit 19", "no file left"),
        ("deletes and claims success", "rm \"$file\"; exit 19", "no file left"),
        ("changes nothing and claims success", "exit 19", "did not change it"),
        ("rewrites the same and claims success", "printf infected > \"$file\"; exit 19", "did not change it"),
        ("empties and claims success", ": > \"$file\"; exit 21", "left nothing of it"),
        ("leaves a link", "rm \"$file\"; ln -s /etc/passwd \"$file\"; exit 19", "left no plain file"),
        ("leaves a dangling link", "rm \"$file\"; ln -s /nowhere \"$file\"; exit 19", "left no plain file"),
        (
            "leaves a second name",
            "echo x > \"$file\"; ln \"$file\" \"$file.2\"; exit 19",
            "left no plain file",
        ),
        ("leaves a directory", "rm \"$file\"; mkdir \"$file\"; exit 19", "left no plain file"),
        ("leaves a pipe", "rm \"$file\"; mkfifo \"$file\"; exit 19", "left no plain file"),
        ("changes and says clean", "echo x > \"$file\"; exit 0", "failed: not cleaned: exit code 0"),
        ("changes and exits oddly", "echo x > \"$file\"; exit 77", "garbled: not cleaned: exit code 77"),
        (
            "has no clean.dat",
            "echo x > \"$file\"; echo 'Unable to remove viruses'; exit 19",
            "failed: Unable to",
        ),
        ("dies", "echo x > \"$file\"; kill -ABRT $$", "crashed: killed by signal 6"),
    ];
    for (story, body, expected) in table {
        let failure = Bench::fake("uvscan", story, body).not_cleaned();
        assert!(failure.contains(expected), "{story}: {failure}");
    }
}

#[test]
fn a_scanner_without_a_clean_command_cannot_clean() {
    let bench = Bench::fake("clamscan", "is not asked", "exit 0");
    let by = Deadline::after(Duration::from_secs(5));
    assert!(bench.with("x", |engine, sample| engine.clean(sample, by).is_none()));
}

#[test]
fn the_version_is_asked_for() {
    let body = "[ \"$*\" = --version ] || exit 1\necho 'Dat set version: 11482 created Jul 3 2025'";
    assert_eq!(Bench::fake("uvscan", "tells its version", body).version(), "DAT 11482 created Jul 3 2025");
    let body = "echo 'Dat set version: 11482'; echo 'Missing or invalid DAT'";
    assert_eq!(
        Bench::fake("uvscan", "has bad definitions", body).version(),
        "failed: Missing or invalid DAT"
    );
}

const CLAMSCAN: &str = "/usr/bin/clamscan";

#[test]
fn the_real_clamscan_convicts_acquits_and_fails() {
    let name = "the_real_clamscan_convicts_acquits_and_fails";
    let packages = [(CLAMSCAN, "clamav"), (SPECIMENS, "clamav-testfiles"), ("/usr/bin/zip", "zip")];
    if !packages.iter().all(|(program, package)| needs(name, program, package)) {
        return;
    }
    let program = installed(CLAMSCAN);
    let bench = Bench::new(&format!(
        "preset = \"clamscan\"\nprogram = \"{}\"\nscan = [\"--database={{bench}}/t.hdb\", \"--no-summary\", \"--stdout\", \
         \"--alert-encrypted=yes\", \"--tempdir={{directory}}\", \"{{file}}\"]\n",
        program.display()
    ));
    fs::write(bench.path("t.hdb"), "aa15bcf478d165efd2065190eb473bcb:544:Test.Clam-Exe\n").unwrap();
    let by = Deadline::after(Duration::from_secs(60));
    let file = File::open(installed(SPECIMENS).join("clam.exe")).unwrap();
    let size = file.metadata().unwrap().len();
    let sample = Sample { file: &file, size, mime_type: "", names: &[], fingerprint: None };
    let engines = open(&bench.config);
    let response = engines[0].scan(&sample, by, &mut || ());
    assert_eq!(said(response.map(|response| response.verdict)), "infected Test.Clam-Exe.UNOFFICIAL");
    assert_eq!(bench.scan("plain text\n"), "clean");
    assert_eq!(bench.scan(""), "clean");
    assert!(bench.version().starts_with("ClamAV "), "{}", bench.version());
    {
        let zip = encrypted_zip(&bench);
        let file = File::open(&zip).unwrap();
        let size = file.metadata().unwrap().len();
        let sample = Sample { file: &file, size, mime_type: "", names: &[], fingerprint: None };
        let response = engines[0].scan(&sample, by, &mut || ());
        assert_eq!(said(response.map(|response| response.verdict)), "unscannable encrypted");
    }
    fs::remove_file(bench.path("t.hdb")).unwrap();
    assert_eq!(bench.scan("plain text\n"), "failed");
}

/// An encrypted archive.
fn encrypted_zip(bench: &Bench) -> PathBuf {
    fs::write(bench.path("secret.txt"), "secret\n").unwrap();
    let zip = bench.path("secret.zip");
    let mut command = Command::new("/usr/bin/zip");
    command.args(["-q", "-j", "-P", "pass"]).arg(&zip).arg(bench.path("secret.txt"));
    let made = command.stdin(Stdio::null()).stdout(Stdio::null()).status().unwrap();
    assert!(made.success());
    zip
}
