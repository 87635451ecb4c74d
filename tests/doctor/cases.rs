//! Each rule broken once, with the finding beside it.
//!
//! A file below `tests/data/rules` is named for its rule, or `RULE.WHAT`, and says
//! in front which set-up is changed, how, and with which options; below a line
//! `----` stands what `check` prints. `CONVSCAN_GOLDEN=write` writes that part anew.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use convscan::testing::doctor::rules;

use crate::harness::CONVSCAN;

/// Rules that look at the machine, or at line ends, each tried in a test of its own.
pub(super) const OF_THE_MACHINE: [&str; 20] = [
    "held-lately",
    "account-cannot",
    "account-unknown",
    "command-not-executable",
    "config-writable",
    "definitions-age",
    "definitions-future",
    "entry-config",
    "foreign-files",
    "image-stale",
    "include-mode",
    "line-ends",
    "locks-owner",
    "log-writable",
    "not-usable",
    "rules-writable",
    "scanner-writable",
    "state-writable",
    "template-writable",
    "temporary-directory",
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data")
}

/// What stands in front.
struct Case {
    base: String,
    options: Vec<String>,
    changes: Vec<Change>,
}

/// In `file` the line `old` becomes `new`; without `old` it is put behind all.
struct Change {
    file: String,
    old: Vec<String>,
    new: Vec<String>,
}

impl Case {
    fn read(text: &str) -> Self {
        let mut case = Self { base: "8.1".to_owned(), options: Vec::new(), changes: Vec::new() };
        for line in text.lines().filter(|line| !line.is_empty()) {
            let (mark, rest) = line.split_at(1);
            match mark {
                "#" => {}
                "@" => rest.trim().clone_into(&mut case.base),
                ">" => case.options.extend(rest.split_whitespace().map(str::to_owned)),
                "=" => case.changes.push(Change::of(rest.trim())),
                "-" | "+" => {
                    let change = case.changes.last_mut().expect("a line `= FILE` above");
                    let side = if mark == "-" { &mut change.old } else { &mut change.new };
                    side.push(rest.strip_prefix(' ').unwrap_or(rest).to_owned());
                }
                _ => panic!("a line of no kind: {line}"),
            }
        }
        case
    }

    /// The set-up, changed.
    fn make(&self, directory: &Path) {
        copy(&root().join("setups").join(&self.base), directory);
        for change in &self.changes {
            let path = directory.join(&change.file);
            let text = fs::read_to_string(&path).unwrap_or_default();
            let lines = |lines: &[String]| lines.iter().map(|line| format!("{line}\n")).collect::<String>();
            let (old, new) = (lines(&change.old), lines(&change.new));
            let changed = if old.is_empty() {
                text + &new
            } else {
                assert_eq!(text.matches(&old).count(), 1, "{}: `{old}`", path.display());
                text.replacen(&old, &new, 1)
            };
            fs::write(path, changed).unwrap();
        }
    }
}

impl Change {
    fn of(file: &str) -> Self {
        Self { file: file.to_owned(), old: Vec::new(), new: Vec::new() }
    }
}

pub(super) fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            fs::create_dir(&target).unwrap();
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Checks the set-up in `directory`, which is a copy of a server's.
pub(super) fn check(directory: &Path, options: &[String]) -> Output {
    let mut command = Command::new(CONVSCAN);
    command.current_dir(directory).env_remove("CONVSCAN_CONFIG").args(["check", "--elsewhere"]);
    for (option, file) in [
        ("--config", "convscan.toml"),
        ("--clamd-conf", "clamd.conf"),
        ("--freshclam-conf", "freshclam.conf"),
        ("--icap-conf", "c-icap.conf"),
    ] {
        if directory.join(file).exists() {
            command.args([option, file]);
        }
    }
    let says = |option: &str| options.iter().any(|given| given == option);
    if !says("--tailor") && !says("--root") {
        command.args(["--root", "."]);
    }
    if !says("--cores") {
        command.args(["--cores", "8"]);
    }
    command.args(options).output().unwrap()
}

#[test]
fn every_rule_is_found_broken_and_said_as_it_stands_here() {
    let write = std::env::var_os("CONVSCAN_GOLDEN").is_some();
    let mut met = BTreeSet::new();
    let mut wrong = Vec::new();
    let mut paths: Vec<PathBuf> =
        fs::read_dir(root().join("rules")).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    for path in paths {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let rule = name.split('.').next().unwrap();
        assert!(rules::named(rule).is_some(), "no rule `{rule}`");
        met.insert(rule.to_owned());
        let text = fs::read_to_string(&path).unwrap();
        let (front, golden) = text.split_once("----\n").unwrap_or((&text, ""));
        let case = Case::read(front);
        let directory = tempfile::tempdir().unwrap();
        case.make(directory.path());
        let output = check(directory.path(), &case.options);
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(said.contains(&format!("[{rule}]")), "{name}: `{rule}` is not found broken:\n{said}");
        if write {
            fs::write(&path, format!("{front}----\n{said}")).unwrap();
        } else if said != golden {
            wrong.push(format!("{name} says\n{said}\ninstead of\n{golden}"));
        }
        mended(&name, rule, directory.path(), &case.options);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let all: BTreeSet<String> = rules::all().map(|rule| rule.id.to_owned()).collect();
    met.extend(OF_THE_MACHINE.map(str::to_owned));
    assert_eq!(all.difference(&met).collect::<Vec<_>>(), Vec::<&String>::new(), "rules without a case");
}

/// What `--fix-diff` prints goes in by patch(1), and what it mends is mended.
fn mended(name: &str, rule: &str, directory: &Path, options: &[String]) {
    let with = |option: &str| {
        let mut options = options.to_vec();
        options.push(option.to_owned());
        check(directory, &options).stdout
    };
    let mends = |json: &[u8]| {
        let report: serde_json::Value = serde_json::from_slice(json).unwrap();
        let findings = report["findings"].as_array().unwrap().clone();
        let edits = findings.iter().filter(|finding| {
            let mends = finding["mends"].as_array().unwrap();
            !mends.is_empty() && mends.iter().all(|mend| mend.get("path").is_some())
        });
        // Lines that move are no other findings.
        let key = |finding: &serde_json::Value| {
            format!("{} {}", finding["rule"], finding["message"]).replace(|c: char| c.is_ascii_digit(), "")
        };
        (edits.map(key).collect::<BTreeSet<_>>(), findings.iter().map(key).collect::<BTreeSet<_>>())
    };
    let diff = with("--fix-diff");
    let (mendable, before) = mends(&with("--json"));
    if diff.is_empty() {
        assert!(mendable.is_empty(), "{name}: {rule}: nothing in the diff for {mendable:?}");
        return;
    }
    fs::write(directory.join("fix.diff"), &diff).unwrap();
    let output =
        Command::new("patch").args(["-p0", "-s", "-i", "fix.diff"]).current_dir(directory).output().unwrap();
    assert!(output.status.success(), "{name}: {output:?}\n{}", String::from_utf8_lossy(&diff));
    let (_, after) = mends(&with("--json"));
    let left: Vec<&String> = mendable.intersection(&after).collect();
    assert!(left.is_empty(), "{name}: still broken: {left:?}\n{}", String::from_utf8_lossy(&diff));
    let new: Vec<&String> = after.difference(&before).collect();
    assert!(new.is_empty(), "{name}: broken by mending: {new:?}\n{}", String::from_utf8_lossy(&diff));
}
