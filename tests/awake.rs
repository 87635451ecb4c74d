//! `selftest` and `check`.

use std::fs;
use std::process::{Command, Output};

use crate::harness::fake_clamd::{FakeClamd, Script};
use crate::harness::{CONVSCAN, clamd, eicar};

fn with_config(command: &str, config: &str, more: &[&str]) -> Output {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("convscan.toml");
    let hex: String = eicar().iter().map(|byte| format!("{byte:02x}")).collect();
    fs::write(directory.path().join("rules.txt"), format!("bytes Eicar {hex}\n")).unwrap();
    fs::write(directory.path().join("bad-rules.txt"), "bytes Eicar xx\nnome A *.exe\n").unwrap();
    fs::write(directory.path().join("bad-notice.txt"), "{subjekt}\n").unwrap();
    fs::write(&path, config.replace("HERE", &directory.path().display().to_string())).unwrap();
    Command::new(CONVSCAN).arg(command).arg("--config").arg(&path).args(more).output().unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[test]
fn a_real_clamd_is_awake() {
    let Some(clamd) = clamd::shared("a_real_clamd_is_awake") else { return };
    for engine in [clamd.engine(), clamd.tcp_engine()] {
        let output = with_config("selftest", &engine, &[]);
        let line = stdout(&output);
        assert_eq!(output.status.code(), Some(0), "{line}");
        assert!(line.starts_with("clamd: awake; ClamAV "), "{line}");
        assert_eq!(line.matches(" ok (").count(), 3, "{line}");
    }
    let output = with_config("selftest", &clamd.engine(), &["--json"]);
    let report: serde_json::Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!(report["state"], "awake");
    assert_eq!(report["probes"].as_array().unwrap().len(), 3);
}

#[test]
fn a_blind_engine_is_found() {
    let fake = FakeClamd::start(Script::Say(b"fd[9]: OK\0".to_vec()));
    let output = with_config("selftest", &fake.engine(), &[]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stdout(&output).contains("BLIND"), "{}", stdout(&output));
    // And one that convicts everything.
    let fake = FakeClamd::start(Script::Say(b"fd[9]: All FOUND\0".to_vec()));
    assert_eq!(with_config("selftest", &fake.engine(), &[]).status.code(), Some(1));
    // And one that is not there.
    let gone = "[[engine]]\nname = \"c\"\ntype = \"clamd\"\naddress = \"unix:/nonexistent/s\"\n";
    let output = with_config("selftest", gone, &[]);
    assert_eq!(output.status.code(), Some(1));
    let line = stdout(&output);
    assert!(line.starts_with("c: DOWN;") && line.matches("unreachable").count() == 1, "{line}");
}

#[test]
fn rules_that_only_convict_need_not_know_the_test_file() {
    let Some(clamd) = clamd::shared("rules_that_only_convict_need_not_know_the_test_file") else { return };
    let rules = "[[engine]]\nname = \"rules\"\ntype = \"rules\"\nfile = \"rules.txt\"\n";
    let output = with_config("selftest", &format!("{rules}{}", clamd.engine()), &[]);
    assert_eq!(output.status.code(), Some(0), "{}", stdout(&output));
    // Standing alone, rules see no archive, and that is blindness.
    let output = with_config("selftest", &format!("{rules}acquits = true\n"), &[]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stdout(&output).contains("eicar ok (Eicar)") && stdout(&output).contains("eicar-zip-zip WRONG"));
}

#[test]
fn check_finds_every_fault_of_every_file_in_one_run() {
    let config = "[[engine]]\nname = \"rules\"\ntype = \"rules\"\nfile = \"bad-rules.txt\"\nacquits = true\ntimeuot = \"1s\"\n\
                  [notice]\ninfected = \"bad-notice.txt\"\nnot-scanned = \"missing.txt\"\n";
    let output = with_config("check", config, &[]);
    let text = stdout(&output);
    assert_eq!(output.status.code(), Some(1));
    for fault in [
        "convscan.toml:6:1: unknown key `timeuot`",
        "hint: did you mean `timeout`?",
        "bad-rules.txt:1:1: not a byte pattern",
        "bad-rules.txt:2:1: unknown kind `nome`",
        "hint: did you mean `name`?",
        "bad-notice.txt:1:1: unknown field `subjekt`",
        "hint: did you mean `{subject}`?",
        "missing.txt: cannot be read",
        "^^^^^^^",
    ] {
        assert!(text.contains(fault), "{fault} is not in:\n{text}");
    }
    assert!(String::from_utf8_lossy(&output.stderr).contains("5 faults"));
}

#[test]
fn check_says_when_nothing_is_wrong_and_when_there_is_nothing() {
    let config = "[[engine]]\nname = \"rules\"\ntype = \"rules\"\nfile = \"rules.txt\"\nacquits = true\n";
    let output = with_config("check", config, &[]);
    assert_eq!((output.status.code(), stdout(&output).as_str()), (Some(0), ""));
    let output = Command::new(CONVSCAN).args(["check", "--config", "/nonexistent"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(stdout(&output).contains("/nonexistent: No such file"));
}

#[test]
fn check_knows_why_something_cannot_be_used() {
    let directory = tempfile::tempdir().unwrap();
    let socket = directory.path().join("socket");
    drop(std::os::unix::net::UnixListener::bind(&socket).unwrap());
    let config = format!(
        "[[engine]]\nname = \"a\"\ntype = \"clamd\"\naddress = \"unix:{}\"\n\
         [[engine]]\nname = \"b\"\ntype = \"clamd\"\naddress = \"tcp:127.0.0.1:9\"\n\
         [[engine]]\nname = \"c\"\ntype = \"clamd\"\naddress = \"unix:HERE/rules.txt\"\n\
         [log]\nsyslog = \"HERE/nosyslog\"\n",
        socket.display()
    );
    let text = stdout(&with_config("check", &config, &[]));
    for fault in [
        "socket: Connection refused",
        "127.0.0.1:9: Connection refused",
        "rules.txt: Connection refused",
        "nosyslog: No such file",
        "hint: start it",
    ] {
        assert!(text.contains(fault), "{fault} is not in:\n{text}");
    }
    let twice =
        "[[engine]]\nname = \"a\"\ntype = \"rules\"\nfile = \"rules.txt\"\nacquits = true\n".repeat(2);
    assert!(stdout(&with_config("check", &twice, &[])).contains("two engines are named `a`"));
}

#[test]
fn help_is_the_manual() {
    for command in ["part", "message", "selftest", "check"] {
        let output = Command::new(CONVSCAN).args([command, "--help"]).output().unwrap();
        let text = stdout(&output);
        assert!(text.contains(&format!("Usage: convscan {command}")), "{text}");
        assert!(text.contains("Exit codes: 0") || text.contains("It exits 0"), "{text}");
    }
}

#[test]
fn check_looks_at_what_the_configuration_names() {
    let config = "[[engine]]\nname = \"c\"\ntype = \"clamd\"\naddress = \"unix:/nonexistent/socket\"\n\
                  [[engine]]\nname = \"u\"\ntype = \"command\"\npreset = \"uvscan\"\nprogram = \"/nonexistent/uvscan\"\n\
                  [log]\nfile = \"/nonexistent/log/parts.jsonl\"\n[state]\ndirectory = \"/nonexistent/state\"\n";
    let output = with_config("check", config, &[]);
    let text = stdout(&output);
    for path in ["/nonexistent/socket", "/nonexistent/uvscan", "/nonexistent/log", "/nonexistent/state"] {
        assert!(text.contains(path), "{path} is not in:\n{text}");
    }
    assert_eq!(output.status.code(), Some(1));
}
