//! Set-ups with nothing wrong: each release's shape, and odd ones.

use std::fs;
use std::path::Path;
use std::process::Command;

use convscan::testing::doctor::rules;

use super::cases::{check, copy};
use crate::harness::CONVSCAN;

#[test]
fn a_sound_set_up_of_each_release_has_no_finding() {
    let mut met = 0;
    for entry in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/setups")).unwrap() {
        let path = entry.unwrap().path();
        let directory = tempfile::tempdir().unwrap();
        copy(&path, directory.path());
        let output = check(directory.path(), &[]);
        let said = String::from_utf8(output.stdout).unwrap();
        assert_eq!((said.as_str(), output.status.code()), ("", Some(0)), "{}", path.display());
        met += 1;
    }
    assert!(met >= 1, "{met}");
}

/// The way of docs/install.md: from the files as they are installed to a set-up without
/// a finding, by what `snippets` and `check` themselves print.
#[test]
fn the_way_from_the_default_files_to_a_sound_set_up_is_short() {
    let directory = tempfile::tempdir().unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    copy(&root.join("default"), directory.path());
    for file in ["clamd.conf", "freshclam.conf", "convscan.toml"] {
        fs::copy(root.join("setups/8.1").join(file), directory.path().join(file)).unwrap();
    }
    let said = String::from_utf8(check(directory.path(), &[]).stdout).unwrap();
    for rule in ["nothing-scanned", "own-pool", "threaddepth", "backoff", "logging"] {
        assert!(said.contains(&format!("[{rule}]")), "{rule} is not in\n{said}");
    }
    let snippet = |part: &str| {
        let arguments = ["snippets", "--release", "8.1", "--jobs", "3", "--external-jobs", "5", part];
        String::from_utf8(Command::new(CONVSCAN).args(arguments).output().unwrap().stdout).unwrap()
    };
    let edit = |file: &str, change: &dyn Fn(String) -> String| {
        let path = directory.path().join("config").join(file);
        fs::write(&path, change(fs::read_to_string(&path).unwrap())).unwrap();
    };
    edit("job_controller.cnf", &|text| {
        text.replacen("[CHANNEL=", &format!("{}[CHANNEL=", snippet("job_controller.cnf")), 1)
    });
    edit("imta.cnf", &|text| text.replace("conversion\nconversion-daemon\n", &snippet("imta.cnf")));
    edit("conversions", &|text| text + &snippet("conversions"));
    edit("mappings", &|text| text + "\n" + &snippet("mappings"));
    // What is left is mended by the diff.
    let diff = check(directory.path(), &["--fix-diff".to_owned()]).stdout;
    fs::write(directory.path().join("fix.diff"), &diff).unwrap();
    let arguments = ["-p0", "-s", "-i", "fix.diff"];
    let patch = Command::new("patch").args(arguments).current_dir(directory.path()).status().unwrap();
    assert!(patch.success());
    let output = check(directory.path(), &[]);
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!((said.as_str(), output.status.code()), ("", Some(0)));
}

/// The table of docs/rules.md: every rule, in the order of the program.
#[test]
fn the_manual_lists_every_rule() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let path = root.join("docs/rules.md");
    let manual = fs::read_to_string(&path).unwrap();
    let case = root.join("tests/data/rules/override-option-file");
    let case = fs::read_to_string(case).unwrap();
    let (_, golden) = case.split_once("----\n").unwrap();
    assert!(manual.contains(golden.trim_end()), "the sample of a finding is not\n{golden}");
    let row = |rule: &convscan::testing::doctor::rule::Rule| {
        format!("| `{}` | {} | {} | {} |\n", rule.id, rule.severity.word(), rule.what, rule.cure)
    };
    let head = "| rule | severity | what is wrong | how to mend it |\n|---|---|---|---|\n";
    let table = rules::all().map(row).fold(head.to_owned(), |table, row| table + &row);
    let start = manual.find(head).expect("the table of rules");
    let rest = &manual[start..];
    let length = rest.find("\n\n").map_or(rest.len(), |end| end + 1);
    if std::env::var_os("CONVSCAN_GOLDEN").is_some() {
        fs::write(&path, manual.replacen(&rest[..length], &table, 1)).unwrap();
    } else {
        assert_eq!(&rest[..length], table);
    }
}

/// What `snippets` writes for each release stands in the sound set-up of that
/// release, so it has no finding either.
#[test]
fn the_sound_set_ups_hold_what_snippets_write() {
    let setups = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/setups");
    let mut met = 0;
    for (setup, directory, release) in [
        ("5.2", "imta/config", "5.2"),
        ("6.2", "config", "6.2"),
        ("6.3", "config", "6.3"),
        ("7", "config", "7.0.3"),
        ("8.1", "config", "8.1"),
        ("pmdf", "table", "pmdf"),
    ] {
        for part in ["job_controller.cnf", "imta.cnf", "conversions", "mappings"] {
            let options = ["snippets", "--release", release, "--jobs", "3", "--external-jobs", "5", part];
            let snippet = Command::new(CONVSCAN).args(options).output().unwrap().stdout;
            let file = if release == "pmdf" { part.replace("imta.cnf", "pmdf.cnf") } else { part.to_owned() };
            let text = fs::read_to_string(setups.join(setup).join(directory).join(file)).unwrap();
            let lines = String::from_utf8(snippet).unwrap();
            for line in lines.lines().filter(|line| !line.starts_with('!') && !line.is_empty()) {
                assert!(text.lines().any(|own| own == line), "{setup}: {part} lacks `{line}`");
                met += 1;
            }
        }
    }
    assert!(met > 100, "{met}");
}

#[test]
fn every_example_configuration_has_no_finding() {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let mut met = 0;
    for entry in fs::read_dir(examples).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            let output =
                Command::new(CONVSCAN).args(["check", "--elsewhere", "--config"]).arg(&path).output();
            let output = output.unwrap();
            assert_eq!((output.status.code(), output.stdout), (Some(0), Vec::new()), "{}", path.display());
            met += 1;
        }
    }
    assert!(met >= 4, "{met}");
}

#[test]
fn a_long_set_up_has_no_finding_for_its_length() {
    let directory = tempfile::tempdir().unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/setups/8.1");
    copy(&root, directory.path());
    let add = |file: &str, lines: String| {
        let path = directory.path().join("config").join(file);
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, text + &lines).unwrap();
    };
    let block = |i: usize| format!("\ntcp_site{i} smtp mx maxjobs 4 pool SMTP_POOL\nsite{i}-daemon\n");
    add("imta.cnf", (0..300).map(block).collect());
    let lines = |i: usize| format!("  user{i}|*  $Ydone{i}\n");
    add("mappings", format!("\nSITE_ACCESS\n\n{}", (0..3000).map(lines).collect::<String>()));
    let output = check(directory.path(), &[]);
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!((said.as_str(), output.status.code()), ("", Some(0)));
}
