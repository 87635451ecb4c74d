//! What all processes remember of parts: verdicts, storms, and parts that break
//! an engine. The fake scanner counts its runs.

use std::collections::BTreeSet;
use std::fs::{self, OpenOptions, Permissions};
use std::io::Read;
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use convscan::testing::record::Record;

use crate::harness::clamd::{CLAMD, Clamd};
use crate::harness::fake_clamd::{FakeClamd, Script};
use crate::harness::{CONVSCAN, Case, DEFER, HOLD, clamd_at, eicar, installed, needs};

/// A fake scanner. What it is to do is the first word of the part; `{site}` is
/// where it keeps its notes.
const FAKE: &str = r#"#!/bin/sh
# A fake scanner: counts its runs and does what the part tells it to.
for file; do :; done
read -r word rest < "$file"
case "$word" in
X5O* | PK*) echo canary >> {site}/runs; test -e {site}/blind || exit 13; exit 0 ;;
esac
echo "$1" >> {site}/runs
test ! -e {site}/slow || sleep "$(cat {site}/slow)"
case "$1 $word" in
clean\ cleanable) echo 'honest after all' > "$file"; exit 19 ;;
clean\ *) exit 12 ;;
*\ infected | *\ cleanable) echo "Found the W32/Fake.$rest virus !!!"; exit 13 ;;
*\ broken) test -e {site}/mended || kill -SEGV $$ ;;
*\ failing) echo 'Out of memory'; exit 6 ;;
*\ odd) echo 'Hello'; exit 77 ;;
*\ fallen) exit 139 ;;
*\ hanging) exec sleep 60 ;;
*\ alone) test -e {site}/mended || kill -SEGV $$
    mkdir {site}/busy || exit 2
    sleep .2
    rmdir {site}/busy ;;
*\ together) echo x >> {site}/together
    while test "$(wc -l < {site}/together)" -lt 3; do sleep .01; done ;;
*\ crowded) echo x >> {site}/crowd
    while test "$(wc -l < {site}/crowd)" -lt 4; do sleep .01; done
    test -e {site}/mended || kill -SEGV $$ ;;
*\ encrypted) echo "$file"; echo '  is password-protected.' ;;
esac
exit 0
"#;

/// A host with one scanner: everything that its processes share.
struct Site {
    directory: tempfile::TempDir,
    /// More keys of the engine, and more tables.
    keys: String,
    tables: String,
}

/// What became of a part.
#[derive(Debug)]
struct Seen {
    record: Record,
    output: Option<Vec<u8>>,
    options: Option<String>,
}

impl Seen {
    fn is_remembered(&self) -> bool {
        self.record.engines.iter().any(|engine| engine.remembered)
    }

    #[track_caller]
    fn replaced(&self) -> &Self {
        assert_eq!(
            (self.record.verdict.as_str(), self.record.action.as_str()),
            ("infected", "replace"),
            "{self:?}"
        );
        assert!(self.output.as_ref().unwrap().starts_with(b"VIRUS NOTICE"), "{self:?}");
        self
    }

    #[track_caller]
    fn passed(&self) -> &Self {
        assert_eq!(
            (self.record.verdict.as_str(), self.record.action.as_str()),
            ("clean", "pass"),
            "{self:?}"
        );
        self
    }

    #[track_caller]
    fn deferred(&self) -> &Self {
        assert_eq!(self.options.as_deref(), Some(DEFER), "{self:?}");
        self
    }
}

impl Site {
    fn new(keys: &str, tables: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        for name in ["state", "bin", "data"] {
            fs::create_dir(directory.path().join(name)).unwrap();
        }
        let site = Self { directory, keys: keys.to_owned(), tables: tables.to_owned() };
        let fake = FAKE.replace("{site}", site.directory.path().to_str().unwrap());
        fs::write(site.path("bin/fake"), fake).unwrap();
        fs::set_permissions(site.path("bin/fake"), Permissions::from_mode(0o755)).unwrap();
        fs::write(site.path("data/a.dat"), "definitions 1").unwrap();
        site
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// The fake as an engine, without a canary.
    fn engine(&self) -> String {
        format!(
            "[[engine]]\nname = \"fake\"\ntype = \"command\"\npreset = \"uvscan\"\nprogram = \"{}\"\n\
             scan = [\"scan\", \"{{file}}\"]\n{}\n",
            self.path("bin/fake").display(),
            self.keys
        )
    }

    fn case_of(&self, content: &[u8], engine: &str) -> Case {
        let home = self.directory.path().display();
        let config = format!(
            "{engine}\n{}\n[log]\nfile = \"{home}/log\"\n[state]\ndirectory = \"{home}/state\"\n",
            self.tables
        );
        Case::new(content).raw_config(&config)
    }

    fn seen(&self, case: &Case) -> Seen {
        let ran = case.run();
        assert_eq!(ran.exit, Some(0), "{ran:?}");
        let log = fs::read_to_string(self.path("log")).unwrap();
        let record = Record::from_line(log.lines().last().unwrap()).unwrap();
        Seen { record, output: ran.output, options: ran.options }
    }

    fn scan(&self, content: &str) -> Seen {
        self.seen(&self.case_of(content.as_bytes(), &self.engine()))
    }

    /// How often the scanner was started to do `what`.
    fn runs(&self, what: &str) -> usize {
        fs::read_to_string(self.path("runs")).unwrap_or_default().lines().filter(|line| *line == what).count()
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    /// Starts one process for each of `contents`, as many at once.
    fn at_once(&self, contents: &[&str]) -> Vec<(Case, Child)> {
        let start = |content: &&str| {
            let case = self.case_of(content.as_bytes(), &self.engine());
            let child = case.command().stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
            (case, child)
        };
        contents.iter().map(start).collect()
    }
}

const CLAMDSCAN: &str = "/usr/bin/clamdscan";
const OFF: &str = "canary = \"off\"";

/// Definitions at a known place.
fn known(site: Site) -> Site {
    let keys = format!("{}\ndefinitions = [\"{}\"]", site.keys, site.path("data").display());
    Site { keys, ..site }
}

#[test]
fn a_conviction_is_remembered_and_used_for_the_same_content_only() {
    let site = Site::new(OFF, "");
    let first = site.scan("infected A\n");
    assert!(!first.replaced().is_remembered());
    let second = site.scan("infected A\n");
    assert!(second.replaced().is_remembered());
    assert_eq!(first.record.threats, ["W32/Fake.A"]);
    assert_eq!(second.record.threats, first.record.threats);
    assert_eq!(site.runs("scan"), 1);
    assert!(!site.scan("infected B\n").replaced().is_remembered());
    site.scan("infected A").replaced();
    assert_eq!(site.runs("scan"), 3);
}

#[test]
fn new_definitions_or_another_program_void_what_is_remembered() {
    let site = known(Site::new(OFF, "[cache]\nclean = \"always\"\n"));
    let changes: [&dyn Fn(); 4] = [
        &|| site.write("data/a.dat", "definitions 2"),
        &|| site.write("data/b.dat", "more definitions"),
        &|| fs::remove_file(site.path("data/b.dat")).unwrap(),
        &|| {
            let mut program = OpenOptions::new().append(true).open(site.path("bin/fake")).unwrap();
            std::io::Write::write_all(&mut program, b"# newer\n").unwrap();
        },
    ];
    for change in changes {
        for _ in 0..2 {
            site.scan("infected A\n").replaced();
            site.scan("honest\n").passed();
        }
        change();
    }
    site.scan("infected A\n").replaced();
    site.scan("honest\n").passed();
    assert_eq!(site.runs("scan"), 2 * (1 + changes.len()));
}

#[test]
fn without_known_definitions_what_stands_beside_the_program_counts() {
    let site = Site::new(OFF, "");
    for runs in 1..4 {
        site.scan("infected A\n").replaced();
        assert!(site.scan("infected A\n").replaced().is_remembered());
        assert_eq!(site.runs("scan"), runs);
        site.write(&format!("bin/{runs}.dat"), "newer definitions");
    }
}

#[test]
fn another_configuration_of_the_engine_voids_what_is_remembered() {
    let mut site = Site::new(OFF, "");
    let keys = [
        OFF.to_owned(),
        format!("{OFF}\nlargest = \"1M\""),
        format!("{OFF}\ncodes = {{ clean = [0, 77] }}"),
        format!("{OFF}\nclean = [\"other\", \"{{file}}\"]"),
    ];
    for (runs, keys) in keys.into_iter().enumerate() {
        site.keys = keys;
        assert!(!site.scan("infected A\n").replaced().is_remembered());
        assert!(site.scan("infected A\n").replaced().is_remembered());
        assert_eq!(site.runs("scan"), runs + 1);
    }
    site.keys = format!("{OFF}\ncache = false");
    assert!(!site.scan("infected A\n").replaced().is_remembered());
}

#[test]
fn a_conviction_holds_for_its_time_and_no_longer() {
    let site = Site::new(OFF, "[cache]\ninfected-for = \"1s\"\n");
    site.scan("infected A\n").replaced();
    let deadline = Instant::now() + Duration::from_secs(30);
    while site.runs("scan") == 1 {
        site.scan("infected A\n").replaced();
        assert!(Instant::now() < deadline);
    }
}

#[test]
fn a_table_that_is_broken_costs_a_scan_and_nothing_else() {
    let site = Site::new(OFF, "");
    let cache = site.path("state/cache");
    let remove = || match fs::symlink_metadata(&cache).unwrap().is_dir() {
        true => fs::remove_dir_all(&cache).unwrap(),
        false => fs::remove_file(&cache).unwrap(),
    };
    let whole = || {
        site.scan("infected A\n").replaced();
        fs::read(&cache).unwrap()
    };
    let garbage: Vec<u8> =
        (0_u32..200_000).flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
    let breakages: [&dyn Fn(); 6] = [
        &|| fs::write(&cache, &garbage).unwrap(),
        &|| fs::write(&cache, &whole()[..100]).unwrap(),
        &|| fs::write(&cache, whole().iter().map(|byte| byte ^ 1).collect::<Vec<_>>()).unwrap(),
        &|| fs::write(&cache, "").unwrap(),
        &|| {
            remove();
            symlink("/etc/passwd", &cache).unwrap();
        },
        &|| {
            remove();
            fs::create_dir(&cache).unwrap();
        },
    ];
    site.scan("infected A\n").replaced();
    for (i, breakage) in breakages.iter().enumerate() {
        breakage();
        let runs = site.runs("scan");
        assert!(!site.scan("infected A\n").replaced().is_remembered(), "{i}");
        assert!(!site.scan("honest\n").passed().is_remembered(), "{i}");
        assert_eq!(site.runs("scan"), runs + 2, "{i}");
    }
    remove();
    // No lock, no table: everything in the way at once.
    for name in ["locks", "flights", "suspects", "cache", "storm.count", "storm.on"] {
        let path = site.path("state").join(name);
        let _ = fs::remove_file(&path);
        fs::create_dir(path).unwrap();
    }
    for _ in 0..2 {
        assert!(!site.scan("infected A\n").replaced().is_remembered());
        assert!(!site.scan("honest\n").passed().is_remembered());
        site.scan("broken\n").deferred();
    }
}

#[test]
fn what_is_kept_is_for_one_account_whatever_the_umask() {
    let site = Site::new(OFF, "[cache]\nstorm = 1\n");
    for content in ["infected A\n", "honest\n", "broken\n"] {
        let case = site.case_of(content.as_bytes(), &site.engine());
        let script = format!("umask 0; exec {CONVSCAN} part");
        assert!(case.wrapped("/bin/sh", &["-c", &script]).status().unwrap().success());
    }
    let mut met = BTreeSet::new();
    for entry in fs::read_dir(site.path("state")).unwrap().map(|entry| entry.unwrap()) {
        let name = entry.file_name().into_string().unwrap();
        if !entry.file_type().unwrap().is_symlink() {
            assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o7777, 0o600, "{name}");
            met.insert(name);
        }
    }
    let expected = ["cache", "flights", "locks", "storm.count", "storm.on", "suspects"];
    assert_eq!(met, expected.map(str::to_owned).into());
}

#[test]
fn an_acquittal_is_not_remembered_unless_that_is_wanted_and_the_definitions_are_known() {
    let twice = |site: &Site| {
        site.scan("honest\n").passed();
        site.scan("honest\n").passed().is_remembered()
    };
    assert!(!twice(&known(Site::new(OFF, ""))));
    assert!(!twice(&known(Site::new(OFF, "[cache]\nclean = \"never\"\n"))));
    assert!(!twice(&Site::new(OFF, "[cache]\nclean = \"always\"\n")));
    let always = known(Site::new(OFF, "[cache]\nclean = \"always\"\n"));
    assert!(twice(&always));
    assert_eq!(always.runs("scan"), 1);
    // What was remembered while it was wanted counts only as long as it is.
    let never = Site { tables: String::new(), ..always };
    assert!(!never.scan("honest\n").passed().is_remembered());
}

#[test]
fn an_acquittal_holds_for_its_time_and_no_longer() {
    let site = known(Site::new(OFF, "[cache]\nclean = \"always\"\nclean-for = \"1s\"\n"));
    site.scan("honest\n").passed();
    let deadline = Instant::now() + Duration::from_secs(30);
    while site.runs("scan") == 1 {
        site.scan("honest\n").passed();
        assert!(Instant::now() < deadline);
    }
}

#[test]
fn in_a_storm_acquittals_are_remembered() {
    let site = known(Site::new(OFF, "[cache]\nstorm = 3\n"));
    site.scan("infected A\n").replaced();
    site.scan("honest\n").passed();
    assert!(!site.scan("honest\n").passed().is_remembered());
    // Copies count, too. The minute may turn once.
    for _ in 0..5 {
        site.scan("infected A\n").replaced();
    }
    assert!(!site.scan("honest\n").passed().is_remembered());
    assert!(site.scan("honest\n").passed().is_remembered());
}

#[test]
fn a_remembered_acquittal_needs_proof_that_the_engine_sees() {
    let site = known(Site::new("", "[cache]\nclean = \"always\"\n"));
    site.scan("infected A\n").replaced();
    site.scan("honest\n").passed();
    assert!(site.scan("honest\n").passed().is_remembered());
    site.write("blind", "");
    for entry in fs::read_dir(site.path("state")).unwrap().map(|entry| entry.unwrap()) {
        if entry.file_name().to_str().unwrap().starts_with("health-") {
            fs::remove_file(entry.path()).unwrap();
        }
    }
    let record = site.scan("honest\n").deferred().record.clone();
    assert!(record.reason.as_ref().unwrap().starts_with("blind"), "{record:?}");
    // Blindness does not make up threats.
    assert!(site.scan("infected A\n").replaced().is_remembered());
}

#[test]
fn verdicts_of_other_kinds_and_failures_are_not_remembered() {
    let site = known(Site::new(OFF, "[cache]\nclean = \"always\"\n"));
    for _ in 0..2 {
        let seen = site.scan("encrypted\n");
        assert_eq!(seen.record.verdict, "unscannable");
        assert!(!seen.is_remembered());
        assert!(!site.scan("broken\n").deferred().is_remembered());
    }
    assert_eq!(site.runs("scan"), 4);
}

#[test]
fn what_could_not_be_cleaned_is_not_tried_again_and_what_could_is() {
    let site = Site::new(&format!("{OFF}\nclean = [\"clean\", \"{{file}}\"]"), "");
    let reasons: Vec<_> =
        (0..3).map(|_| site.scan("infected A\n").replaced().record.reason.clone().unwrap()).collect();
    assert!(reasons[0].contains("not cleaned by `fake`: not cleaned: "), "{reasons:?}");
    assert_eq!([&reasons[0], &reasons[0]], [&reasons[1], &reasons[2]]);
    assert_eq!((site.runs("scan"), site.runs("clean")), (1, 1));
    for runs in 2..4 {
        let seen = site.scan("cleanable A\n");
        assert_eq!(
            (seen.record.action.as_str(), seen.output.as_deref()),
            ("disinfect", Some(&b"honest after all\n"[..]))
        );
        assert_eq!(site.runs("clean"), runs);
    }
    // The first of them, and both of what was left.
    assert_eq!(site.runs("scan"), 1 + 1 + 2);
}

#[test]
fn copies_that_come_at_once_are_scanned_once() {
    let site = Site::new(OFF, "");
    site.write("slow", "0.5");
    for (case, mut child) in site.at_once(&["infected A\n"; 6]) {
        assert!(child.wait().unwrap().success());
        case.left_behind().output.filter(|output| output.starts_with(b"VIRUS NOTICE")).expect("a notice");
    }
    assert_eq!(site.runs("scan"), 1);
}

/// The logo under everybody's mail: whoever has it must not stand in a queue.
#[test]
fn copies_that_are_clean_do_not_wait_for_each_other() {
    let site = Site::new(&format!("{OFF}\ntimeout = \"20s\""), "");
    site.write("together", "x\nx\n");
    site.scan("together\n").passed();
    // Each of the two ends when both have begun.
    site.write("together", "x\n");
    for (case, mut child) in site.at_once(&["together\n"; 2]) {
        assert!(child.wait().unwrap().success());
        assert_eq!(case.left_behind().output.as_deref(), Some(&b"together\n"[..]));
    }
}

#[test]
fn a_part_that_breaks_the_engine_each_time_is_poison() {
    for keys in ["", "cache = false"] {
        let site = Site::new(keys, "[policy.unscannable]\npoison = \"hold\"\n");
        for tries in 1..=3 {
            let record = site.scan("broken\n").deferred().record.clone();
            assert!(record.reason.unwrap().starts_with("crashed"));
            assert_eq!(site.runs("scan"), tries);
        }
        for _ in 0..2 {
            let seen = site.scan("broken\n");
            let record = &seen.record;
            assert_eq!((record.verdict.as_str(), record.action.as_str()), ("unscannable", "hold"));
            assert_eq!(record.reason.as_deref(), Some("poison"));
            assert!(seen.is_remembered());
        }
        assert_eq!(site.runs("scan"), 3);
        site.scan("honest\n").passed();
        site.scan("broken other\n").deferred();
    }
}

/// An engine that said each time that it failed was asked for ever.
#[test]
fn whatever_an_engine_says_of_one_part_each_time_is_poison_if_it_sees_others() {
    for (word, kind) in [("failing", "failed"), ("odd", "garbled"), ("fallen", "crashed")] {
        let site = Site::new("", "");
        for _ in 0..3 {
            let record = site.scan(&format!("{word}\n")).deferred().record.clone();
            assert!(record.reason.as_ref().unwrap().starts_with(kind), "{record:?}");
        }
        let record = site.scan(&format!("{word}\n")).record;
        assert_eq!((record.verdict.as_str(), record.reason.as_deref()), ("unscannable", Some("poison")));
        assert_eq!(site.runs("scan"), 3, "{word}");
        site.scan("honest\n").passed();
    }
}

/// An engine that fails everything says nothing against a part.
#[test]
fn what_a_blind_engine_fails_on_is_no_poison() {
    let site = Site::new("", "");
    site.write("blind", "");
    for tries in 1..=4 {
        let record = site.scan("failing\n").deferred().record.clone();
        assert!(record.reason.as_ref().unwrap().starts_with("failed"), "{record:?}");
        assert_eq!(site.runs("scan"), tries);
        for entry in fs::read_dir(site.path("state")).unwrap().map(|entry| entry.unwrap()) {
            let is_health = entry.file_name().to_str().unwrap().starts_with("health-");
            is_health.then(|| fs::remove_file(entry.path()).unwrap());
        }
    }
}

/// A clamd that dies over a part leaves a closed connection and not a word.
#[test]
fn a_part_over_which_clamd_hangs_up_each_time_is_poison() {
    let site = Site::new("", "");
    let (clamd, _) = FakeClamd::look();
    let seen = |content: &[u8]| site.seen(&site.case_of(content, &clamd.watched("2m")));
    for _ in 0..3 {
        let record = seen(b"breaks\n").deferred().record.clone();
        assert_eq!(record.reason.as_deref(), Some("crashed: connection closed without an answer"));
    }
    let record = seen(b"breaks\n").record;
    assert_eq!((record.verdict.as_str(), record.reason.as_deref()), ("unscannable", Some("poison")));
    seen(b"honest\n").passed();
}

/// Over TCP the part is sent whole before the answer is read.
#[test]
fn a_clamd_behind_a_port_that_hangs_up_has_crashed() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut got = Vec::new();
            let mut byte = [0];
            while !got.ends_with(b"honest\n\0\0\0\0") && stream.read(&mut byte).is_ok_and(|count| count > 0) {
                got.push(byte[0]);
            }
        }
    });
    let site = Site::new("", "");
    let engine = clamd_at(&format!("tcp:127.0.0.1:{port}")) + "canary = \"off\"\n";
    let record = site.seen(&site.case_of(b"honest\n", &engine)).deferred().record.clone();
    assert_eq!(record.reason.as_deref(), Some("crashed: connection closed without an answer"));
}

/// Work that ended in "could not look" was done again at each retry.
#[test]
fn an_unscannable_verdict_that_cost_much_is_given_again_for_nothing() {
    for keys in [OFF.to_owned(), format!("{OFF}\ncache = false")] {
        let site = known(Site::new(&keys, ""));
        site.write("slow", "3.1");
        let first = site.scan("encrypted\n").record;
        fs::remove_file(site.path("slow")).unwrap();
        let again = site.scan("encrypted\n");
        assert!(again.is_remembered());
        assert_eq!((again.record.verdict.as_str(), site.runs("scan")), ("unscannable", 1));
        assert_eq!((&again.record.reason, &again.record.action), (&first.reason, &first.action));
        // It is about this content, and about these definitions.
        assert!(!site.scan("encrypted otherwise\n").is_remembered());
        site.scan("honest\n").passed();
        site.write("data/a.dat", "definitions 2");
        assert!(!site.scan("encrypted\n").is_remembered());
        assert_eq!(site.runs("scan"), 4);
    }
}

#[test]
fn a_part_that_is_never_done_is_poison_if_the_engine_serves_others() {
    let site = Site::new("timeout = \"1s\"", "");
    for _ in 0..3 {
        let record = site.scan("hanging\n").deferred().record.clone();
        assert!(record.reason.unwrap().starts_with("timed-out"));
    }
    assert_eq!(site.scan("hanging\n").record.reason.as_deref(), Some("poison"));
    // It says nothing against the part if the engine fails others, too.
    let site = Site::new("timeout = \"1s\"", "");
    site.write("blind", "");
    for _ in 0..4 {
        site.scan("hanging\n").deferred();
        fs::read_dir(site.path("state")).unwrap().map(|entry| entry.unwrap()).for_each(|entry| {
            if entry.file_name().to_str().unwrap().starts_with("health-") {
                fs::remove_file(entry.path()).unwrap();
            }
        });
    }
}

#[test]
fn one_verdict_clears_a_suspect_and_so_does_time() {
    let site = Site::new("", "");
    site.scan("broken\n").deferred();
    site.scan("broken\n").deferred();
    site.write("mended", "");
    site.scan("broken\n").passed();
    fs::remove_file(site.path("mended")).unwrap();
    for _ in 0..3 {
        site.scan("broken\n").deferred();
    }
    assert_eq!(site.scan("broken\n").record.reason.as_deref(), Some("poison"));
    let site = Site::new("", "[poison]\ntries = 1\nwithin = \"1s\"\n");
    site.scan("broken\n").deferred();
    let deadline = Instant::now() + Duration::from_secs(30);
    while site.runs("scan") == 1 {
        site.scan("broken\n");
        assert!(Instant::now() < deadline);
    }
}

#[test]
fn suspects_are_tried_one_at_a_time() {
    let site = Site::new("", "");
    let contents = ["alone A\n", "alone B\n", "alone C\n"];
    for content in contents {
        site.scan(content).deferred();
    }
    site.write("mended", "");
    for ((case, mut child), content) in site.at_once(&contents).into_iter().zip(contents) {
        assert!(child.wait().unwrap().success());
        assert_eq!(case.left_behind().output.as_deref(), Some(content.as_bytes()));
    }
}

/// Honest mail to many that is under way when the engine dies of something else.
#[test]
fn copies_that_are_lost_at_the_same_time_count_once() {
    let site = Site::new("cache = false", "");
    for (case, mut child) in site.at_once(&["crowded\n"; 4]) {
        assert!(child.wait().unwrap().success());
        case.left_behind_deferred();
    }
    assert_eq!(site.runs("scan"), 4);
    site.write("mended", "");
    site.scan("crowded\n").passed();
}

#[test]
fn copies_of_poison_that_wait_for_their_trial_are_not_tried_any_more() {
    let site = Site::new("cache = false", "");
    for _ in 0..2 {
        site.scan("broken\n").deferred();
    }
    for (_, mut child) in site.at_once(&["broken\n"; 4]) {
        assert!(child.wait().unwrap().success());
    }
    assert_eq!(site.runs("scan"), 3);
}

#[test]
fn clamd_s_convictions_are_remembered_until_its_definitions_change() {
    let name = "clamd_s_convictions_are_remembered_until_its_definitions_change";
    if !needs(name, CLAMD, "clamav-daemon") || !needs(name, CLAMDSCAN, "clamdscan") {
        return;
    }
    let clamd = Clamd::start("");
    let database = clamd.directory.path().join("db");
    let plain = format!("{}cache = true\n", clamd.engine());
    let watched = format!("{plain}definitions = [\"{}\"]\n", database.display());
    let sites = [plain, watched].map(|engine| (Site::new("", "[cache]\nclean = \"always\"\n"), engine));
    let scan = |(site, engine): &(Site, String), content: &[u8]| site.seen(&site.case_of(content, engine));
    for site in &sites {
        assert!(!scan(site, &eicar()).replaced().is_remembered());
        assert!(scan(site, &eicar()).replaced().is_remembered());
        // A database that is not the official one has no number to go by.
        assert!(!scan(site, b"honest").passed().is_remembered());
        assert!(!scan(site, b"honest").passed().is_remembered());
    }
    fs::write(database.join("more.hdb"), "bb15bcf478d165efd2065190eb473bcb:544:Test.More\n").unwrap();
    let config = clamd.directory.path().join("clamd.conf");
    let reload = Command::new(installed(CLAMDSCAN)).arg("-c").arg(config).arg("--reload").output().unwrap();
    assert!(reload.status.success(), "{reload:?}");
    let [plain, watched] = &sites;
    assert!(scan(plain, &eicar()).replaced().is_remembered());
    assert!(!scan(watched, &eicar()).replaced().is_remembered());
    assert!(scan(watched, &eicar()).replaced().is_remembered());
}

/// Whatever happens while something is looked up or remembered, the verdict is
/// the engine's.
#[test]
fn killed_or_failing_at_any_look_or_note_no_verdict_goes_wrong() {
    let name = "killed_or_failing_at_any_look_or_note_no_verdict_goes_wrong";
    if !needs(name, "/usr/bin/strace", "strace") {
        return;
    }
    let site = known(Site::new(OFF, "[cache]\nclean = \"always\"\nstorm = 1\n"));
    let calls = ["pread64", "pwrite64", "fcntl", "fchmod"];
    let accidents = ["signal=KILL", "error=EIO", "error=ENOSPC", "retval=0"];
    let mut met = 0;
    for (call, accident) in calls.iter().flat_map(|call| accidents.map(|accident| (*call, accident))) {
        // The first run finds no files, the second one what the first left.
        for (run, when) in [(0, 1), (1, 1), (2, 2), (3, 3), (4, 4), (5, 5)] {
            for (content, is_infected) in [("infected", true), ("honest", false)] {
                let content = format!("{content} {run}\n");
                if run == 0 {
                    fs::remove_dir_all(site.path("state")).unwrap();
                    fs::create_dir(site.path("state")).unwrap();
                }
                let case = site.case_of(content.as_bytes(), &site.engine());
                let trace = case.path("trace").display().to_string();
                let inject = format!("inject={call}:{accident}:when={when}");
                let options = ["-qq", "-o", &trace, "-e", &inject, CONVSCAN, "part"];
                case.wrapped("/usr/bin/strace", &options).stderr(Stdio::null()).status().unwrap();
                met += usize::from(
                    fs::read_to_string(&trace).unwrap().contains("INJECTED")
                        || fs::read_to_string(&trace).unwrap().contains("killed by SIGKILL"),
                );
                let ran = case.left_behind();
                // Before it said anything, or with the safe answer.
                let says_later = ran.options.as_deref().is_none_or(|options| options == DEFER);
                let is_notice = ran.output.as_ref().is_some_and(|output| output.starts_with(b"VIRUS NOTICE"));
                let is_same = ran.output.as_deref() == Some(content.as_bytes());
                let is_right = if is_infected { is_notice } else { is_same };
                assert!(is_right || says_later && ran.output.is_none(), "{inject}: {ran:?}");
                for _ in 0..2 {
                    let seen = site.scan(&content);
                    let _ = if is_infected { seen.replaced() } else { seen.passed() };
                }
            }
        }
    }
    assert!(met > 30, "{met}");
}

#[test]
fn a_daemon_s_acquittal_is_remembered_for_one_number_of_its_definitions() {
    let number = Arc::new(AtomicU32::new(27_500));
    let fake = FakeClamd::start(Script::Numbered(Arc::clone(&number)));
    let engine = format!("{}cache = true\n", fake.engine());
    let site = Site::new("", "[cache]\nclean = \"always\"\n");
    let is_remembered = || site.seen(&site.case_of(b"honest", &engine)).passed().is_remembered();
    for _ in 0..2 {
        assert!(!is_remembered());
        assert!(is_remembered());
        number.fetch_add(1, Ordering::Relaxed);
    }
    number.store(0, Ordering::Relaxed);
    assert!(!is_remembered() && !is_remembered());
}

/// The bars of tests/bench/storm, for fewer copies and a faster engine.
#[test]
fn a_storm_of_copies_costs_one_scan() {
    let site = Site::new(OFF, "");
    site.write("slow", "0.2");
    let mut running: Vec<(Case, Child)> = Vec::new();
    for _ in 0..200 {
        running.extend(site.at_once(&["infected A\n"]));
        if running.len() == 4 {
            finished(running.remove(0));
        }
    }
    running.into_iter().for_each(finished);
    assert!(site.runs("scan") <= 2, "{}", site.runs("scan"));
    let log = fs::read_to_string(site.path("log")).unwrap();
    let records: Vec<_> = log.lines().map(|line| Record::from_line(line).unwrap()).collect();
    assert_eq!(records.len(), 200);
    assert!(records.iter().all(|record| record.action == "replace" && record.threats == ["W32/Fake.A"]));
}

fn finished((case, mut child): (Case, Child)) {
    assert!(child.wait().unwrap().success());
    let ran = case.left_behind();
    assert!(ran.output.expect("a notice").starts_with(b"VIRUS NOTICE"));
    assert!(!ran.options.unwrap().contains("STATUS"));
}

/// What waits once too often is held: the MTA would give up, and return it to a sender
/// who may be forged. Copies that fail at the same time failed once.
#[test]
fn a_part_that_waits_for_a_slow_engine_is_held_at_the_third_failure_within_a_day() {
    let name = "a_part_that_waits_for_a_slow_engine_is_held_at_the_third_failure_within_a_day";
    if !needs(name, "/usr/bin/faketime", "faketime") {
        return;
    }
    let says = |line: &str| FakeClamd::start(Script::Say(format!("fd[9]: {line} FOUND\0").into_bytes()));
    let at = |case: &Case, time: &str| -> (String, String) {
        let _ = fs::remove_file(case.path("options"));
        let _ = fs::remove_file(case.path("log"));
        let mut command =
            case.wrapped("/usr/bin/faketime", &["-f", &format!("2026-03-0{time}"), CONVSCAN, "part"]);
        command.env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
        assert_eq!(command.status().unwrap().code(), Some(0));
        let ran = case.left_behind();
        (ran.options.clone().unwrap_or_default(), ran.record().reason.unwrap_or_default())
    };
    let times = ["1 10:00:00", "1 10:00:30", "1 10:10:00", "1 11:00:00", "1 12:00:00"];
    for (line, word) in [("Heuristics.Limits.Exceeded.MaxScanTime", "time-limit")] {
        let fake = says(line);
        let case = Case::new(b"slow\n").config(&fake.engine());
        let seen: Vec<_> = times.iter().map(|time| at(&case, time)).collect();
        for (options, reason) in &seen[..3] {
            assert_eq!((options.as_str(), reason.split(':').next()), (DEFER, Some(word)), "{seen:?}");
        }
        for (options, reason) in &seen[3..] {
            assert_eq!((options.as_str(), reason.as_str()), (HOLD, "poison: time-limit"), "{seen:?}");
        }
        // Other parts have their own count, and so has this one a day later.
        let other = case.path("other");
        fs::write(&other, b"other\n").unwrap();
        assert_eq!(at(&case, "2 11:00:00").0, DEFER);
        let other = case.var("INPUT_FILE", other);
        assert_eq!(at(&other, "2 12:00:00").0, DEFER);
    }
    // The administrator's own word is kept.
    let fake = says("Heuristics.Limits.Exceeded.MaxScanTime");
    let config = format!("{}[policy.unscannable]\ntime-limit = \"replace\"\n", fake.engine());
    let case = Case::new(b"slow\n").config(&config);
    for time in times {
        let (options, reason) = at(&case, time);
        assert!(
            !options.contains("STATUS") && reason.starts_with("time-limit"),
            "{time}: {options} {reason}"
        );
    }
}
