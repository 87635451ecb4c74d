//! Examples and snippets: they run as they stand, and they are what the manuals
//! allow.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::harness::{CONVSCAN, eicar};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn files(folder: &str) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> =
        fs::read_dir(root().join(folder)).unwrap().map(|e| e.unwrap().path()).collect();
    files.retain(|path| path.is_file());
    files.sort();
    assert!(!files.is_empty(), "{folder}");
    files
}

fn convscan(arguments: &[&str]) -> Output {
    let mut command = Command::new(CONVSCAN);
    command.args(arguments).current_dir(root()).env_clear().env("PATH", "/usr/bin:/bin").output().unwrap()
}

fn quick_start(message: &str) -> (Option<i32>, String) {
    let path = format!("examples/messages/{message}");
    let output = convscan(&["message", "--config", "examples/quick-start.toml", &path]);
    (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
}

#[test]
fn the_clean_messages_come_out_byte_for_byte() {
    for name in ["clean.eml", "odd-names.eml"] {
        let (exit, message) = quick_start(name);
        assert_eq!(exit, Some(0));
        assert_eq!(message, fs::read_to_string(root().join("examples/messages").join(name)).unwrap());
    }
}

#[test]
fn odd_names_reach_the_log_decoded_and_harmless() {
    let arguments = ["message", "--config", "examples/quick-start.toml", "examples/messages/infected.eml"];
    let log = String::from_utf8(convscan(&arguments).stderr).unwrap();
    assert!(log.contains("\"names\":[\"invoice.com\"]"), "{log}");
    let directory = tempfile::tempdir().unwrap();
    fs::copy(root().join("examples/rules.txt"), directory.path().join("rules.txt")).unwrap();
    let config = fs::read_to_string(root().join("examples/quick-start.toml")).unwrap();
    let path = directory.path().join("convscan.toml");
    fs::write(&path, format!("{config}\n[log]\nfile = \"log\"\n")).unwrap();
    convscan(&["message", "--config", path.to_str().unwrap(), "examples/messages/odd-names.eml"]);
    let log = fs::read_to_string(directory.path().join("log")).unwrap();
    let records = log.lines().map(|line| convscan::testing::record::Record::from_line(line).unwrap());
    let names: Vec<String> = records.flat_map(|record| record.names).collect();
    assert!(names.contains(&"Z\u{fc}rich \u{c4}nderungen.pdf".to_owned()), "{names:?}");
    assert!(names.contains(&"Lebenslauf J\u{fc}rg M\u{fc}ller und Zeugnisse.pdf".to_owned()), "{names:?}");
    assert!(names.contains(&"invoice-?fdp.exe".to_owned()), "{names:?}");
}

#[test]
fn the_infected_messages_come_out_with_a_notice() {
    for name in ["infected.eml", "nested.eml"] {
        let (exit, message) = quick_start(name);
        assert_eq!(exit, Some(0), "{name}");
        assert!(message.contains("VIRUS NOTICE"), "{name}: {message}");
        assert!(message.contains("EICAR-Test-File"), "{name}: {message}");
        let original = fs::read_to_string(root().join("examples/messages").join(name)).unwrap();
        // The attachment went with its name and its bytes.
        let base64 = original.lines().find(|line| line.starts_with("WDVPIVAl")).expect("EICAR in base64");
        assert!(!message.contains(base64), "{name}");
    }
}

#[test]
fn every_example_configuration_is_sound() {
    let mut met = 0;
    for path in files("examples").iter().filter(|path| path.extension().is_some_and(|e| e == "toml")) {
        let text = fs::read_to_string(path).unwrap();
        let parsed = convscan::testing::config::Config::parse(&path.display().to_string(), &text);
        assert_eq!(parsed.faults, [], "{}", path.display());
        met += 1;
    }
    assert!(met >= 4, "{met}");
}

#[test]
fn nothing_stored_holds_the_test_file_whole() {
    // All that lies there: an archive of the source has no list of its files.
    let mut sources = Vec::new();
    all_files(root(), &mut sources);
    let eicar = eicar();
    for path in &sources {
        let bytes = fs::read(path).unwrap();
        assert!(!bytes.windows(eicar.len()).any(|window| window == eicar), "{}", path.display());
    }
    assert!(sources.len() > 300, "{}", sources.len());
    assert!(sources.contains(&root().join("examples/messages/infected.eml")));
}

/// Not stored: what git keeps, and what builds and fuzzing leave.
const NOT_STORED: [&str; 4] = [".git", "artifacts", "corpus", "target"];

/// All stored files below `folder`.
fn all_files(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap()) {
        let (path, kind) = (entry.path(), entry.file_type().unwrap());
        if kind.is_file() {
            files.push(path);
        } else if kind.is_dir() && !NOT_STORED.iter().any(|name| entry.file_name() == *name) {
            all_files(&path, files);
        }
    }
}

#[test]
fn snippets_keep_to_the_line_limit_and_end_lines_right() {
    let mut met = 0;
    for path in files("imta-snippets").into_iter().chain(files("job-controller-snippets")) {
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.is_ascii(), "{}", path.display());
        for line in text.lines() {
            // 6.3 Administration Guide: 252 characters a physical line.
            assert!(line.len() <= 252, "{}: {line}", path.display());
            assert!(!line.ends_with(' ') && !line.contains('\t'), "{}: {line}", path.display());
        }
        met += 1;
    }
    assert!(met >= 5, "{met}");
}

#[test]
fn the_conversions_entries_let_the_helper_speak_and_be_killed() {
    for (name, status) in [("conversions", "178028698"), ("conversions-before-6.3", "178030250")] {
        let text = fs::read_to_string(root().join("imta-snippets").join(name)).unwrap();
        let entry: Vec<&str> =
            text.lines().filter(|line| !line.starts_with('!') && !line.is_empty()).collect();
        let (last, others) = entry.split_last().unwrap();
        assert!(others.iter().all(|line| line.ends_with(';')), "{text}");
        assert!(!last.ends_with(';'));
        for clause in [
            "in-type=*",
            "message-header-file=2",
            "original-header-file=1",
            "override-header-file=1",
            "override-option-file=1",
        ] {
            assert!(others.iter().any(|line| line.contains(clause)), "{clause}");
        }
        guard_stage(last, status);
    }
}

/// Runs the entry's command with a helper that is killed.
fn guard_stage(line: &str, status: &str) {
    let command = line.trim().strip_prefix("command=\"").unwrap().strip_suffix('"').unwrap();
    let directory = tempfile::tempdir().unwrap();
    let options = directory.path().join("options");
    let killed = command.replace("/usr/local/bin/convscan-part", "sh -c 'kill -9 $$' convscan");
    assert_ne!(killed, command);
    let exit =
        Command::new("/bin/sh").arg("-c").arg(&killed).env("OUTPUT_OPTIONS", &options).status().unwrap();
    assert_eq!(exit.code(), Some(0));
    assert_eq!(fs::read_to_string(&options).unwrap(), format!("STATUS={status}\n"));
    // And where nothing can be said, the command fails.
    let exit = Command::new("/bin/sh").arg("-c").arg(&killed).env_remove("OUTPUT_OPTIONS").status().unwrap();
    assert_ne!(exit.code(), Some(0));
}

#[test]
fn pools_and_channels_agree_in_both_files() {
    let channels = fs::read_to_string(root().join("imta-snippets/imta.cnf-channels")).unwrap();
    let pools = fs::read_to_string(root().join("job-controller-snippets/job_controller.cnf-pools")).unwrap();
    let mut met = 0;
    for line in channels.lines().filter(|line| line.starts_with("conversion") && line.contains(" pool ")) {
        let word = |key: &str| {
            let mut words = line.split(' ').skip_while(|word| *word != key);
            words.nth(1).unwrap().to_owned()
        };
        let expected = format!("[POOL={}]\njob_limit={}\n", word("pool"), word("maxjobs"));
        assert!(pools.contains(&expected), "{expected} is not in {pools}");
        met += 1;
    }
    assert_eq!(met, 2);
}
