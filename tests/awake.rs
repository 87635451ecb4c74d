//! `selftest` and `check`.

use std::fs;
use std::process::{Command, Output};

use crate::harness::fake_clamd::{FakeClamd, Script};
use crate::harness::{CONVSCAN, clamd, eicar, needs};

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

/// A clamd that tells what it does not look into.
const CAREFUL: &str = "AlertExceedsMax yes\nAlertEncrypted yes\n";

#[test]
fn a_real_clamd_is_awake_at_each_of_its_addresses() {
    if !needs("a_real_clamd_is_awake_at_each_of_its_addresses", clamd::CLAMD, "clamav-daemon") {
        return;
    }
    let clamd = clamd::Clamd::start(CAREFUL);
    let two = format!(
        "[state]\ndirectory = \"HERE\"\n[[engine]]\nname = \"clamd\"\ntype = \"clamd\"\n\
         [[engine.addresses]]\naddress = \"unix:{}\"\n[[engine.addresses]]\naddress = \"tcp:127.0.0.1:{}\"\n",
        clamd.socket().display(),
        clamd.port
    );
    let output = with_config("selftest", &two, &[]);
    let text = stdout(&output);
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert_eq!(text.matches(": awake; ClamAV ").count(), 2, "{text}");
    assert_eq!(text.matches("\n  ok ").count(), 12, "{text}");
    for answer in ["encrypted: Heuristics.Encrypted.Zip", "too-deep: Heuristics.Limits.Exceeded.MaxRecursion"]
    {
        assert_eq!(text.matches(answer).count(), 2, "{text}");
    }
    let output = with_config("selftest", &clamd.engine(), &["--json"]);
    let report: serde_json::Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!(report["state"], "awake");
    assert_eq!(report["probes"].as_array().unwrap().len(), 6);
}

#[test]
fn an_engine_that_calls_clean_what_it_does_not_look_into_is_careless() {
    if !needs(
        "an_engine_that_calls_clean_what_it_does_not_look_into_is_careless",
        clamd::CLAMD,
        "clamav-daemon",
    ) {
        return;
    }
    let clamd = clamd::Clamd::start("MaxFileSize 10M\nStreamMaxLength 10M\n");
    let wrong = |config: &str| {
        let output = with_config("selftest", config, &[]);
        let text = stdout(&output);
        let lines = text.lines().filter_map(|line| line.strip_prefix("  WRONG "));
        let wrong: Vec<String> = lines.map(|line| line.split(' ').next().unwrap().to_owned()).collect();
        assert_eq!(text.contains("CARELESS"), !wrong.is_empty(), "{text}");
        assert_eq!(output.status.code(), Some(i32::from(!wrong.is_empty())), "{text}");
        wrong
    };
    let all = ["encrypted-zip", "20-deep-zip", "30-mb-zip"];
    assert_eq!(wrong(&clamd.engine()), all);
    // Over the limit for streams it refuses, and does not call clean.
    assert_eq!(wrong(&clamd.tcp_engine()), all[..2]);
    assert_eq!(wrong(&format!("{}largest = \"10M\"\n", clamd.tcp_engine())), all[..2]);
    // Who passes it unscanned in so many words need not be told.
    let passes = "largest = \"10M\"\n[policy.unscannable]\nencrypted = \"pass\"\ntoo-deep = \"pass\"\n";
    assert_eq!(wrong(&format!("{}{passes}", clamd.engine())), [""; 0]);
}

#[test]
fn old_definitions_are_told() {
    let directory = tempfile::tempdir().unwrap();
    let definitions = directory.path().join("definitions");
    fs::write(&definitions, "x").unwrap();
    let script = directory.path().join("scan");
    // Stands for a scanner that finds everything it must and has no limits.
    fs::write(
        &script,
        "#!/bin/sh\n# A fake scanner.\ngrep -qa 'This file is clean' \"$1\" && exit 0\nexit 1\n",
    )
    .unwrap();
    fs::set_permissions(&script, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let config = format!(
        "[state]\ndirectory = \"HERE\"\n[[engine]]\nname = \"fake\"\ntype = \"command\"\nprogram = \"{}\"\n\
         scan = [\"{{file}}\"]\ndefinitions = [\"{}\"]\ncodes = {{ clean = [0], infected = [1] }}\n",
        script.display(),
        definitions.display()
    );
    let output = with_config("selftest", &config, &[]);
    assert!(
        stdout(&output).contains("fake: awake; version unknown; definitions 0 h old"),
        "{}",
        stdout(&output)
    );
    let old = std::time::SystemTime::now() - std::time::Duration::from_secs(8 * 24 * 3600);
    fs::File::options().write(true).open(&definitions).unwrap().set_modified(old).unwrap();
    let output = with_config("selftest", &config, &[]);
    assert!(
        stdout(&output).contains("fake: STALE; version unknown; definitions 8 days old"),
        "{}",
        stdout(&output)
    );
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(with_config("selftest", &config, &["--max-age", "9"]).status.code(), Some(0));
}

#[test]
fn watching_speaks_only_on_change() {
    let directory = tempfile::tempdir().unwrap();
    let rules = directory.path().join("rules.txt");
    let hex: String = eicar().iter().map(|byte| format!("{byte:02x}")).collect();
    fs::write(&rules, format!("bytes Eicar {hex}\n")).unwrap();
    let config = directory.path().join("convscan.toml");
    let engine = format!(
        "[[engine]]\nname = \"rules\"\ntype = \"rules\"\nfile = \"{}\"\nacquits = true\n",
        rules.display()
    );
    fs::write(&config, &engine).unwrap();
    let mut child = Command::new(CONVSCAN)
        .args(["selftest", "--json", "--watch", "20ms", "--config"])
        .arg(&config)
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(child.stdout.take().unwrap()));
    let mut state = || {
        let line = lines.next().unwrap().unwrap();
        serde_json::from_str::<serde_json::Value>(&line).unwrap()["probes"][1]["answer"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    assert_eq!(state(), "Eicar");
    let change = |name: &str| {
        let beside = directory.path().join("new");
        fs::write(&beside, format!("bytes {name} {hex}\n")).unwrap();
        fs::rename(&beside, &rules).unwrap();
    };
    // Had it spoken without a change, the next line would not be the next name.
    for name in ["Second", "Third", "Fourth"] {
        change(name);
        assert_eq!(state(), name);
    }
    child.kill().unwrap();
    child.wait().unwrap();
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
    assert!(
        line.starts_with("c /nonexistent/s: DOWN;") && line.matches("unreachable").count() == 1,
        "{line}"
    );
}

#[test]
fn rules_that_only_convict_need_not_know_the_test_file() {
    if !needs("rules_that_only_convict_need_not_know_the_test_file", clamd::CLAMD, "clamav-daemon") {
        return;
    }
    let clamd = clamd::Clamd::start(CAREFUL);
    let rules = "[[engine]]\nname = \"rules\"\ntype = \"rules\"\nfile = \"rules.txt\"\n";
    let output = with_config("selftest", &format!("{rules}{}", clamd.engine()), &[]);
    assert_eq!(output.status.code(), Some(0), "{}", stdout(&output));
    // Standing alone, rules see no archive, and that is blindness.
    let output = with_config("selftest", &format!("{rules}acquits = true\n"), &[]);
    assert_eq!(output.status.code(), Some(1));
    let text = stdout(&output);
    assert!(text.contains("  ok    eicar  ") && text.contains("  WRONG eicar-zip-zip "), "{text}");
}

#[test]
fn check_finds_every_fault_of_every_file_in_one_run() {
    let config = "[[engine]]\nname = \"rules\"\ntype = \"rules\"\nfile = \"bad-rules.txt\"\nacquits = true\ntimeuot = \"1s\"\n\
                  [notice]\ninfected = \"bad-notice.txt\"\nnot-scanned = \"missing.txt\"\n";
    let output = with_config("check", config, &[]);
    let text = stdout(&output);
    assert_eq!(output.status.code(), Some(1));
    for fault in [
        "convscan.toml:6:1: error[own-config]: unknown key `timeuot`",
        "hint: did you mean `timeout`?",
        "bad-rules.txt:1:1: error[own-file]: not a byte pattern",
        "bad-rules.txt:2:1: error[own-file]: unknown kind `nome`",
        "hint: did you mean `name`?",
        "bad-notice.txt:1:1: error[own-file]: unknown field `subjekt`",
        "hint: did you mean `{subject}`?",
        "missing.txt: error[own-file]: cannot be read",
        "^^^^^^^",
    ] {
        assert!(text.contains(fault), "{fault} is not in:\n{text}");
    }
    assert!(String::from_utf8_lossy(&output.stderr).contains("5 errors"));
}

#[test]
fn check_says_when_nothing_is_wrong_and_when_there_is_nothing() {
    let config = "[[engine]]\nname = \"rules\"\ntype = \"rules\"\nfile = \"rules.txt\"\nacquits = true\n";
    let output = with_config("check", config, &[]);
    assert_eq!((output.status.code(), stdout(&output).as_str()), (Some(0), ""));
    let output = Command::new(CONVSCAN).args(["check", "--config", "/nonexistent"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(stdout(&output).contains("/nonexistent: error[unreadable]: is not there"));
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
        "convscan.toml:4:11: error[not-usable]: the engine cannot be used: Connection refused",
        "convscan.toml:8:11: error[not-usable]: the engine cannot be used: Connection refused",
        "convscan.toml:12:11: error[not-usable]: the engine cannot be used: Connection refused",
        "error[not-usable]: the system log cannot be used: No such file",
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
