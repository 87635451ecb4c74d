//! Files that others may write to: what they could have changed is not believed. Each
//! cure that is said is run.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, lchown, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::SystemTime;

use convscan::testing::record::Record;
use tempfile::TempDir;

use crate::harness::fake_clamd::{Eyes, FakeClamd};
use crate::harness::{CONVSCAN, Case, eicar, needs, needs_root, rules};

const CLEAN: &[u8] = b"honest bytes\n";

/// An account that is neither root nor ours.
const OTHER: u32 = 6;

fn allow(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

fn warning(record: &Record) -> &str {
    record.warning.as_deref().unwrap_or_default()
}

/// Runs the command that stands last between backticks.
fn run_cure(said: &str) {
    let command = said.rsplit('`').nth(1).unwrap_or_else(|| panic!("no cure in {said}"));
    assert!(command.starts_with("ch"), "{said}");
    assert!(Command::new("/bin/sh").args(["-c", command]).status().unwrap().success(), "{command}");
}

/// A clamd and the state directory of a host that asks it.
struct Site {
    state: TempDir,
    fake: FakeClamd,
    eyes: Arc<Eyes>,
}

impl Site {
    /// One in which the engine was proven to see, and a virus was remembered.
    fn proven() -> Self {
        let (fake, eyes) = FakeClamd::look();
        let site = Self { state: tempfile::tempdir().unwrap(), fake, eyes };
        assert_eq!(warning(&site.case(CLEAN).run().passed(CLEAN)), "");
        site.case(&virus()).run().replaced();
        assert!(site.case(&virus()).run().replaced().1.engines[0].remembered);
        site
    }

    fn case(&self, input: &[u8]) -> Case {
        let case = Case::new(input);
        let log = case.path("log").display().to_string();
        let (engine, state) = (self.fake.watched("1h"), self.state.path().display());
        case.raw_config(&format!(
            "{engine}cache = true\n[log]\nfile = \"{log}\"\n[state]\ndirectory = \"{state}\"\n"
        ))
    }

    /// The one file whose name begins so.
    fn file(&self, start: &str) -> PathBuf {
        let entries = fs::read_dir(self.state.path()).unwrap().map(|entry| entry.unwrap().path());
        let is_it = |path: &PathBuf| path.file_name().unwrap().to_string_lossy().starts_with(start);
        let found: Vec<PathBuf> = entries.filter(is_it).collect();
        assert_eq!(found.len(), 1, "{start}: {found:?}");
        found[0].clone()
    }

    /// Nothing that is noted is believed: not that the engine sees, not that it is
    /// away, not what it found. Gives the warnings.
    fn remembers_nothing(&self) -> Vec<String> {
        let mut records = vec![self.case(&virus()).run().replaced().1];
        assert!(!records[0].engines[0].remembered, "{records:?}");
        self.eyes.blind.store(true, Ordering::SeqCst);
        records.push(self.case(CLEAN).run().deferred());
        assert!(records[1].reason.as_deref().unwrap_or_default().starts_with("blind"), "{records:?}");
        self.eyes.blind.store(false, Ordering::SeqCst);
        let before = self.eyes.canaries();
        records.push(self.case(CLEAN).run().passed(CLEAN));
        assert_eq!(self.eyes.canaries(), before + 1, "a proof for this part alone");
        records.iter().map(|record| warning(record).to_owned()).collect()
    }
}

/// The test file among other bytes: alone it is the canary, which is not remembered.
fn virus() -> Vec<u8> {
    [b"MZ".to_vec(), eicar()].concat()
}

fn now() -> u128 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_micros()
}

#[test]
fn nothing_is_believed_of_a_state_directory_that_others_may_write_to() {
    if !needs_root("nothing_is_believed_of_a_state_directory_that_others_may_write_to") {
        return;
    }
    for (mode, owner) in [(0o770, 0), (0o707, 0), (0o777, 0), (0o1777, 0), (0o700, OTHER), (0o755, OTHER)] {
        let site = Site::proven();
        let directory = site.state.path();
        let note = site.file("health-");
        let files = || fs::read_dir(directory).unwrap().count();
        let before = files();
        let forged = [format!("awake {} 0 x", now()), format!("closed {} 1 blind x", now() + 3_600_000_000)];
        for text in forged {
            fs::remove_file(&note).unwrap();
            symlink(&text, &note).unwrap();
            allow(directory, mode);
            chown(directory, Some(owner), None).unwrap();
            for said in site.remembers_nothing() {
                assert!(said.contains("the state directory is not believed"), "{mode:o} {owner}: {said}");
                assert!(said.contains(&directory.display().to_string()), "{said}");
            }
            // Nothing is changed there, and nothing made.
            assert_eq!(fs::read_link(&note).unwrap().to_str(), Some(text.as_str()));
        }
        assert_eq!(files(), before);
    }
}

#[test]
fn the_cure_for_an_open_state_directory_brings_the_memory_back() {
    for mode in [0o770, 0o777, 0o1777] {
        let site = Site::proven();
        allow(site.state.path(), mode);
        let record = site.case(&virus()).run().replaced().1;
        assert!(!record.engines[0].remembered);
        run_cure(warning(&record));
        let record = site.case(&virus()).run().replaced().1;
        assert!(record.engines[0].remembered && record.warning.is_none(), "{record:?}");
    }
}

#[test]
fn a_file_of_another_account_in_our_state_directory_is_not_believed() {
    if !needs_root("a_file_of_another_account_in_our_state_directory_is_not_believed") {
        return;
    }
    let site = Site::proven();
    let note = site.file("health-");
    lchown(&note, Some(OTHER), None).unwrap();
    site.eyes.blind.store(true, Ordering::SeqCst);
    let record = site.case(CLEAN).run().deferred();
    assert!(record.reason.as_deref().unwrap_or_default().starts_with("blind"), "{record:?}");
    let said = format!("`{}` belongs to account {OTHER}; remove it", note.display());
    assert!(warning(&record).contains(&said), "{record:?}");

    for change in [|path: &Path| chown(path, Some(OTHER), None).unwrap(), |path: &Path| allow(path, 0o620)] {
        let site = Site::proven();
        let cache = site.file("cache");
        change(&cache);
        let record = site.case(&virus()).run().replaced().1;
        assert!(!record.engines[0].remembered);
        assert!(warning(&record).contains(&cache.display().to_string()), "{record:?}");
        fs::remove_file(cache).unwrap();
        site.case(&virus()).run().replaced();
        let record = site.case(&virus()).run().replaced().1;
        assert!(record.engines[0].remembered && record.warning.is_none(), "{record:?}");
    }
}

#[test]
fn a_state_directory_that_cannot_be_used_is_told_in_each_line() {
    let name = "a_state_directory_that_cannot_be_used_is_told_in_each_line";
    let site = Site::proven();
    let place = site.state.path().display().to_string();
    let twice = |why: &str, run: &dyn Fn(&Case) -> Output| {
        for _ in 0..2 {
            let case = site.case(CLEAN);
            assert!(run(&case).status.success());
            let record = case.left_behind().record();
            assert_eq!((record.verdict.as_str(), record.action.as_str()), ("clean", "pass"));
            let expected =
                format!("the state directory `{place}` cannot be used, so nothing is remembered: {why}");
            assert!(warning(&record).starts_with(&expected), "{record:?}");
        }
    };
    let plain = |case: &Case| case.command().output().unwrap();
    if needs(name, "/usr/bin/unshare", "util-linux") {
        let mounted = |options: &str| {
            let shell = format!("mount -t tmpfs -o mode=700,{options} none {place} && exec \"$@\"");
            move |case: &Case| {
                let arguments = ["-rm", "/bin/sh", "-c", &shell, "sh", CONVSCAN, "part"];
                case.wrapped("/usr/bin/unshare", &arguments).output().unwrap()
            }
        };
        twice("its file system is read-only", &mounted("ro"));
        twice("its file system is full", &mounted("nr_inodes=1"));
        let fill = format!("size=4k none {place} && head -c 4096 /dev/zero > {place}/x; true");
        twice("its file system is full", &mounted(&fill));
    }
    fs::remove_dir_all(site.state.path()).unwrap();
    twice("No such file or directory", &plain);
    fs::write(site.state.path(), "").unwrap();
    twice("not a directory", &plain);
    fs::remove_file(site.state.path()).unwrap();
    symlink("nowhere", site.state.path()).unwrap();
    twice("No such file or directory", &plain);
    fs::remove_file(site.state.path()).unwrap();
    fs::create_dir(site.state.path()).unwrap();
    assert_eq!(warning(&site.case(CLEAN).run().passed(CLEAN)), "");
}

/// The self-test of a site whose policy passes what the fake does not look into.
fn selftest(site: &Site) -> (Option<i32>, String) {
    let (engine, state) = (site.fake.watched("1h"), site.state.path().display());
    let case = Case::new(CLEAN).raw_config(&format!(
        "{engine}largest = \"1M\"\n[policy]\nunscannable = \"pass\"\n[state]\ndirectory = \"{state}\"\n"
    ));
    case.command();
    let mut command = Command::new(CONVSCAN);
    command.arg("selftest").arg("--config").arg(case.path("config.toml"));
    let output = command.output().unwrap();
    (output.status.code(), String::from_utf8(output.stdout).unwrap())
}

#[test]
fn the_self_test_tells_of_a_state_directory_that_cannot_be_used() {
    let site = Site::proven();
    let (code, said) = selftest(&site);
    assert!(code == Some(0) && !said.contains("warning"), "{said}");
    allow(site.state.path(), 0o777);
    let (code, said) = selftest(&site);
    assert_eq!(code, Some(1));
    assert!(said.contains("  warning: the state directory is not believed"), "{said}");
    fs::remove_dir_all(site.state.path()).unwrap();
    let (code, said) = selftest(&site);
    assert_eq!(code, Some(1));
    let expected = format!("  warning: the state directory `{}` cannot be used", site.state.path().display());
    assert!(said.contains(&expected), "{said}");
    fs::create_dir(site.state.path()).unwrap();
}

#[test]
fn root_leaves_the_state_directory_of_another_account_alone() {
    if !needs_root("root_leaves_the_state_directory_of_another_account_alone") {
        return;
    }
    let site = Site::proven();
    chown(site.state.path(), Some(OTHER), None).unwrap();
    let all = || {
        let entries = fs::read_dir(site.state.path()).unwrap().map(|entry| entry.unwrap());
        let mut all: Vec<_> = entries
            .map(|entry| (entry.file_name(), entry.metadata().unwrap()))
            .map(|(name, metadata)| (name, metadata.ino(), metadata.uid(), metadata.mtime_nsec()))
            .collect();
        all.sort();
        all
    };
    let before = all();
    let record = site.case(CLEAN).run().passed(CLEAN);
    assert!(warning(&record).contains(&format!("belongs to account {OTHER}")), "{record:?}");
    site.case(&virus()).run().replaced();
    // For the account itself all is well.
    let (code, said) = selftest(&site);
    assert!(code == Some(0) && !said.contains("warning"), "{said}");
    assert_eq!(all(), before);
}

/// A scanner that calls everything clean but the test file, and tells where it was
/// shown it.
fn scanner(case: &Case) -> String {
    let program = case.path("scanner");
    let script = format!(
        "#!/bin/sh\nfor file; do :; done\necho \"$file\" > {}\n! grep -q EICAR-STANDARD \"$file\" || exit 13\n",
        case.path("shown").display()
    );
    fs::write(&program, script).unwrap();
    allow(&program, 0o755);
    scanner_at(&program)
}

fn scanner_at(program: &Path) -> String {
    format!(
        "[[engine]]\nname = \"scanner\"\ntype = \"command\"\ncanary = \"off\"\nprogram = \"{}\"\nscan = [\"{{file}}\"]\n\
         [engine.codes]\nclean = [0]\ninfected = [13]\n",
        program.display()
    )
}

/// Deferred, with the reason.
#[track_caller]
fn deferred(case: &Case) -> String {
    case.command().output().unwrap();
    case.left_behind_deferred();
    let log = fs::read_to_string(case.path("log")).unwrap();
    fs::remove_file(case.path("log")).unwrap();
    Record::from_line(&log).unwrap().reason.unwrap()
}

/// Delivered as it came; gives the warning.
#[track_caller]
fn delivered(case: &Case) -> String {
    let output = case.command().output().unwrap();
    assert_eq!(fs::read(case.path("output")).unwrap(), CLEAN, "{output:?}");
    let log = fs::read_to_string(case.path("log")).unwrap();
    fs::remove_file(case.path("log")).unwrap();
    fs::remove_file(case.path("output")).unwrap();
    Record::from_line(&log).unwrap().warning.unwrap_or_default()
}

#[test]
fn private_copies_are_never_where_others_could_exchange_them() {
    let case = Case::new(CLEAN);
    let engine = scanner(&case);
    let case = case.config(&engine);
    let temporary = case.path("temporary");
    fs::create_dir(&temporary).unwrap();
    let case = case.var("TMPDIR", temporary.clone());
    let place = || fs::read_to_string(case.path("shown")).unwrap();
    assert_eq!(delivered(&case), "");
    assert!(place().starts_with(&format!("{}/scan-", case.path("state").display())), "{}", place());
    // A name that such a directory may have.
    let name = Path::new(place().trim()).parent().unwrap().file_name().unwrap().to_owned();
    for mode in [0o770, 0o777, 0o1777] {
        allow(&case.path("state"), mode);
        let old = SystemTime::now() - std::time::Duration::from_secs(26 * 3600);
        for (mode, is_kept) in [(0o700, false), (0o1777, true)] {
            allow(&temporary, mode);
            let stale = temporary.join(&name);
            fs::create_dir(&stale).unwrap();
            fs::File::open(&stale).unwrap().set_times(fs::FileTimes::new().set_modified(old)).unwrap();
            assert!(delivered(&case).contains("the state directory is not believed"));
            assert!(place().starts_with(&format!("{}/scan-", temporary.display())), "{}", place());
            // It may be somebody else's where others may write.
            assert_eq!(stale.exists(), is_kept);
            let _ = fs::remove_dir(&stale);
            assert_eq!(fs::read_dir(&temporary).unwrap().count(), 0);
        }
        allow(&temporary, 0o777);
        let reason = deferred(&case);
        assert!(reason.contains("others may write to it"), "{reason}");
    }
}

/// What is done to one file, and to the directory of it.
struct Change {
    name: &'static str,
    file: u32,
    directory: u32,
    /// Owners of both.
    owners: (u32, u32),
}

/// Every way in which others may change a file: by the group, another owner, all.
const BY_GROUP: [Change; 2] = [
    Change { name: "group", file: 0o775, directory: 0o755, owners: (0, 0) },
    Change { name: "group of the directory", file: 0o755, directory: 0o775, owners: (0, 0) },
];
const BY_OWNER: [Change; 3] = [
    Change { name: "owner", file: 0o755, directory: 0o755, owners: (OTHER, 0) },
    Change { name: "owner of the directory", file: 0o755, directory: 0o755, owners: (0, OTHER) },
    Change { name: "owner of a sticky directory", file: 0o755, directory: 0o1755, owners: (0, OTHER) },
];
const BY_ALL: [Change; 4] = [
    Change { name: "all", file: 0o757, directory: 0o755, owners: (0, 0) },
    Change { name: "all of the directory", file: 0o755, directory: 0o757, owners: (0, 0) },
    Change { name: "another one of a sticky directory", file: 0o755, directory: 0o1777, owners: (OTHER, 0) },
    Change { name: "all and another one", file: 0o777, directory: 0o777, owners: (OTHER, OTHER) },
];
const BY_NOBODY: [Change; 3] = [
    Change { name: "nobody", file: 0o755, directory: 0o755, owners: (0, 0) },
    Change { name: "nobody, all may read", file: 0o555, directory: 0o555, owners: (0, 0) },
    Change { name: "nobody in a sticky directory", file: 0o755, directory: 0o1777, owners: (0, 0) },
];

fn change(file: &Path, change: &Change) {
    let directory = file.parent().unwrap();
    for (path, mode, owner) in
        [(file, change.file, change.owners.0), (directory, change.directory, change.owners.1)]
    {
        chown(path, Some(owner), None).unwrap();
        allow(path, mode);
    }
}

/// Runs one cure after the other until nothing is said any more.
#[track_caller]
fn cured(mut said: String, again: impl Fn() -> String) {
    for _ in 0..4 {
        run_cure(&said);
        said = again();
        if said.is_empty() {
            return;
        }
    }
    panic!("not cured: {said}");
}

/// A case whose file `name` is in a directory of its own.
fn with_file(name: &str, config: &dyn Fn(&Case) -> String) -> (Case, PathBuf) {
    let case = Case::new(CLEAN);
    allow(case.directory.path(), 0o755);
    fs::create_dir(case.path("place")).unwrap();
    let text = config(&case);
    let (from, to) = (case.path(name), case.path("place").join(name));
    fs::rename(from, &to).unwrap();
    let text = text.replace(
        &case.path(name).display().to_string(),
        &case.path("place").join(name).display().to_string(),
    );
    (case.config(&text), to)
}

/// Each of `changes` made to the file `name` of a case of its own.
fn each<'c>(
    changes: &'c [Change],
    name: &'c str,
    config: &'c dyn Fn(&Case) -> String,
) -> impl Iterator<Item = (&'static str, Case, PathBuf)> + 'c {
    changes.iter().map(move |by| {
        let (case, file) = with_file(name, config);
        change(&file, by);
        (by.name, case, file)
    })
}

#[test]
fn a_rules_file_that_others_may_change_is_as_none() {
    if !needs_root("a_rules_file_that_others_may_change_is_as_none") {
        return;
    }
    let start = "others may change the rules file: `";
    for (by, case, _) in each(&BY_NOBODY, "rules.txt", &rules) {
        assert_eq!(delivered(&case), "", "{by}");
    }
    for (by, case, _) in each(&BY_GROUP, "rules.txt", &rules) {
        let said = delivered(&case);
        assert!(said.starts_with(start), "{by}: {said}");
        cured(said, || delivered(&case));
    }
    for (by, case, _) in each(&BY_OWNER, "rules.txt", &rules).chain(each(&BY_ALL, "rules.txt", &rules)) {
        let said = deferred(&case);
        assert!(said.starts_with(&format!("configuration: {start}")), "{by}: {said}");
        // The cure, or two where file and directory are others'.
        run_cure(&said);
        let output = case.command().output().unwrap();
        assert!(output.status.success());
        let log = fs::read_to_string(case.path("log")).unwrap();
        let record = Record::from_line(&log).unwrap();
        assert_ne!(record.reason.as_deref(), Some(said.as_str()), "{by}");
    }
}

#[test]
fn a_scanner_program_that_others_may_change_is_told_and_one_of_all_is_not_run() {
    if !needs_root("a_scanner_program_that_others_may_change_is_told_and_one_of_all_is_not_run") {
        return;
    }
    let start = "others may change the scanner program: `";
    for (by, case, _) in each(&BY_NOBODY, "scanner", &scanner) {
        assert_eq!(delivered(&case), "", "{by}");
    }
    for (by, case, _) in each(&BY_GROUP, "scanner", &scanner).chain(each(&BY_OWNER, "scanner", &scanner)) {
        let said = delivered(&case);
        assert!(said.starts_with(start), "{by}: {said}");
        cured(said, || delivered(&case));
    }
    for (by, case, _) in each(&BY_ALL, "scanner", &scanner) {
        let said = deferred(&case);
        assert!(said.starts_with(&format!("configuration: {start}")), "{by}: {said}");
        assert!(!case.path("shown").exists(), "it ran: {by}");
    }
}

#[test]
fn a_link_to_a_program_is_looked_at_from_end_to_end() {
    if !needs_root("a_link_to_a_program_is_looked_at_from_end_to_end") {
        return;
    }
    // The link may be exchanged, a link in the middle, and the program itself.
    for open in ["links", "between", "place"] {
        let (case, file) = with_file("scanner", &scanner);
        for name in ["links", "between"] {
            fs::create_dir(case.path(name)).unwrap();
        }
        let program = case.path("links/scanner");
        symlink(&file, case.path("between/scanner")).unwrap();
        symlink("../between/scanner", &program).unwrap();
        let case = case.config(&scanner_at(&program));
        assert_eq!(delivered(&case), "", "{open}");
        allow(&case.path(open), 0o777);
        let said = deferred(&case);
        assert!(said.contains(&format!("{open}` may be written by everybody")), "{said}");
        assert!(said.ends_with('`'), "{said}");
        run_cure(&said);
        assert_eq!(delivered(&case), "", "{open}");
    }
}

/// A notice with a word of its own.
fn template(case: &Case) -> String {
    fs::write(case.path("notice.txt"), "OWN WORDS {reference}\n").unwrap();
    let engine = rules(case);
    format!("{engine}[notice]\ninfected = \"{}\"\n", case.path("notice.txt").display())
}

/// The notice in place of a virus, and the warning.
fn replaced(case: &Case) -> (String, String) {
    fs::write(case.path("input"), eicar()).unwrap();
    case.command().output().unwrap();
    let notice = fs::read_to_string(case.path("output")).unwrap();
    let log = fs::read_to_string(case.path("log")).unwrap();
    fs::remove_file(case.path("log")).unwrap();
    (notice, Record::from_line(&log).unwrap().warning.unwrap_or_default())
}

#[test]
fn a_template_that_others_may_change_is_as_none() {
    if !needs_root("a_template_that_others_may_change_is_as_none") {
        return;
    }
    let name = "notice.txt";
    for (by, case, _) in each(&BY_NOBODY, name, &template) {
        let (notice, said) = replaced(&case);
        assert!(notice.starts_with("OWN WORDS") && said.is_empty(), "{by}: {said}");
    }
    for (by, case, _) in each(&BY_GROUP, name, &template) {
        let (notice, said) = replaced(&case);
        assert!(notice.starts_with("OWN WORDS"), "{by}: {notice}");
        assert!(said.starts_with("others may change the template: `"), "{by}: {said}");
        cured(said, || replaced(&case).1);
    }
    for (by, case, _) in each(&BY_OWNER, name, &template).chain(each(&BY_ALL, name, &template)) {
        let (notice, said) = replaced(&case);
        assert!(notice.starts_with("VIRUS NOTICE"), "{by}: {notice}");
        assert!(said.starts_with("built-in notice used: others may change the template: `"), "{by}: {said}");
        cured(said, || replaced(&case).1);
        assert!(replaced(&case).0.starts_with("OWN WORDS"), "{by}");
    }
}

/// A case whose configuration is in a directory of its own.
fn configured(by: &Change) -> (Case, PathBuf) {
    let case = Case::new(CLEAN);
    allow(case.directory.path(), 0o755);
    let place = case.path("place");
    fs::create_dir(&place).unwrap();
    let engine = rules(&case);
    let (log, file) = (case.path("log").display().to_string(), place.join("convscan.toml"));
    fs::write(&file, format!("{engine}[log]\nfile = \"{log}\"\n")).unwrap();
    change(&file, by);
    (case.var("CONVSCAN_CONFIG", file.clone()), file)
}

#[test]
fn a_configuration_that_others_may_change_is_told_and_one_of_all_is_not_used() {
    if !needs_root("a_configuration_that_others_may_change_is_told_and_one_of_all_is_not_used") {
        return;
    }
    let start = "others may change the configuration: `";
    for by in &BY_NOBODY {
        assert_eq!(delivered(&configured(by).0), "", "{}", by.name);
    }
    for by in BY_GROUP.iter().chain(&BY_OWNER) {
        let (case, _) = configured(by);
        let said = delivered(&case);
        assert!(said.starts_with(start), "{}: {said}", by.name);
        cured(said, || delivered(&case));
    }
    for by in &BY_ALL {
        let (case, file) = configured(by);
        let output = case.command().output().unwrap();
        assert_eq!(output.status.code(), Some(0));
        case.left_behind_deferred();
        // Not even the log is written that it names.
        assert!(!case.path("log").exists(), "{}", by.name);
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains(start) && said.contains("`chmod go-w /"), "{}: {said}", by.name);
        let selftest = Command::new(CONVSCAN).arg("selftest").arg("--config").arg(&file).output().unwrap();
        assert_eq!(selftest.status.code(), Some(75), "{selftest:?}");
        assert!(String::from_utf8_lossy(&selftest.stderr).contains(start), "{selftest:?}");
    }
}
