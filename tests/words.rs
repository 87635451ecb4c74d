//! What the log line says in the words of scanners: why a file was not looked
//! into, which file it was, which engines failed, and what they warn of.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

use crate::harness::{Case, Ran, clamd_at};

/// A case with a scanner that runs this script; `$file` is the private copy.
fn scanner(part: &[u8], preset: &str, script: &str, more: &str) -> Case {
    let case = Case::new(part);
    let fake = case.path("state.fake");
    fs::write(
        &fake,
        format!("#!/bin/sh\nfor file; do case \"$file\" in */part) break ;; esac; done\n{script}\n"),
    )
    .unwrap();
    fs::set_permissions(&fake, Permissions::from_mode(0o755)).unwrap();
    let engine = format!(
        "[[engine]]\nname = \"fake\"\ntype = \"command\"\npreset = \"{preset}\"\nprogram = \"{}\"\ncanary = \"off\"\n{more}",
        fake.display()
    );
    case.var("FAKE", fake).config(&engine)
}

#[track_caller]
fn reason(ran: &Ran) -> String {
    ran.record().reason.unwrap()
}

const CORRUPT: &str = "echo \"Scanning $file\"\ncase \"$(head -c 3 \"$file\")\" in COR)\n\
    echo \"Could not check $file (corrupt)\"; echo '1 error was encountered.'; exit 8 ;; esac\nexit 0";

#[test]
fn a_damaged_file_is_a_verdict_and_says_so_in_the_scanner_s_words() {
    let ran = scanner(b"COR\n", "savscan", CORRUPT, "clean = []\n").run();
    let record = ran.record();
    assert_eq!(record.verdict, "unscannable");
    assert_eq!(reason(&ran), "corrupt: Could not check part (corrupt)");
}

/// Three damaged attachments once put a scanner without a canary out of service.
#[test]
fn what_is_said_of_one_file_puts_no_scanner_out_of_service() {
    let case = scanner(b"COR\n", "savscan", CORRUPT, "clean = []\n");
    let verdict = |content: &str| {
        fs::write(case.path("input"), content).unwrap();
        let _ = fs::remove_file(case.path("log"));
        case.run().record().verdict
    };
    for i in 0..5 {
        assert_eq!(verdict(&format!("COR {i}\n")), "unscannable");
    }
    assert_eq!(verdict("honest\n"), "clean");
}

#[test]
fn a_hidden_file_is_named() {
    let part = b"Hello,\n\nbegin 644 minutes.doc\n#0T]2\n`\nend\n";
    let case = scanner(part, "savscan", CORRUPT, "clean = []\n");
    let ran = case.var("INPUT_TYPE", "TEXT").var("INPUT_SUBTYPE", "PLAIN").run();
    assert_eq!(reason(&ran), "corrupt: Could not check part (corrupt) (file `minutes.doc`, in uuencode)");
    let record = ran.record();
    let places: Vec<_> = record.engines.iter().map(|e| (e.inside.as_deref(), e.file.as_deref())).collect();
    assert_eq!(places, [(None, None), (Some("uuencode"), Some("minutes.doc"))]);
}

#[test]
fn each_engine_that_is_away_is_told_with_its_reason() {
    let case = Case::new(b"honest\n");
    let engine = |name: &str, address: &str| {
        clamd_at(address).replace("\"clamd\"\ntype", &format!("\"{name}\"\ntype"))
    };
    let missing = "[[engine]]\nname = \"three\"\ntype = \"command\"\npreset = \"uvscan\"\nprogram = \"/nonexistent/uvscan\"\n";
    let engines = engine("one", "unix:/nonexistent/1") + &engine("two", "unix:/nonexistent/2") + missing;
    let ran = case.config(&engines).run();
    let reason = reason(&ran);
    for said in [
        "unreachable: /nonexistent/1: ",
        "(engine `one`); unreachable: /nonexistent/2: ",
        "(engine `two`); not-installed: cannot start /nonexistent/uvscan: ",
    ] {
        assert!(reason.contains(said), "{reason}");
    }
    assert!(reason.starts_with("unreachable: ") && reason.ends_with("(engine `three`)"), "{reason}");
    let names: Vec<_> = ran.record().engines.into_iter().map(|engine| engine.name).collect();
    assert_eq!(names, ["one", "two", "three"]);
}

#[test]
fn only_engines_stand_among_the_engines() {
    // Nobody was asked.
    let ran = Case::new(b"x").without("INPUT_FILE").config(&clamd_at("unix:/nonexistent/1")).run();
    let record = ran.record();
    assert_eq!((record.verdict.as_str(), record.engines.len()), ("error", 0), "{record:?}");
    // An engine of our name could not be told from us.
    let named = clamd_at("unix:/nonexistent/1").replacen("\"clamd\"", "\"convscan\"", 1);
    let record = Case::new(b"x").config(&named).run().record();
    assert!(record.reason.as_ref().unwrap().contains("cannot be called `convscan`"), "{record:?}");
    // A header that says two things is a finding of our own.
    let case = scanner(b"honest\n", "uvscan", "exit 0", "clean = []\n");
    let header = "Content-Type: text/plain; name=a.txt\nContent-Type: application/zip\n\n";
    fs::write(case.path("state.header"), header).unwrap();
    let path = case.path("state.header");
    let record = case.var("INPUT_HEADERS", path).run().record();
    assert!(record.reason.as_ref().unwrap().starts_with("ambiguous"), "{record:?}");
    let names: Vec<_> = record.engines.iter().map(|engine| engine.name.as_str()).collect();
    assert_eq!(names, ["fake"]);
}

#[test]
fn what_a_scanner_warns_of_is_told_beside_clean() {
    let script = |warning: &str| format!("echo \"$file: OK\"; echo 'LibClamAV Warning: {warning}' >&2");
    let old = "***  The virus database is older than 7 days!  ***";
    let record = scanner(b"honest\n", "clamscan", &script(old), "").run().record();
    assert_eq!(record.verdict, "clean");
    assert!(record.warning.as_ref().unwrap().contains("is older than 7 days"), "{record:?}");
    // One that says that the rest was not looked through is no warning.
    let cut = "cli_tnef: file truncated, returning CLEAN";
    let record = scanner(b"honest\n", "clamscan", &script(cut), "").run().record();
    assert_eq!(record.verdict, "unscannable");
    assert_eq!(record.reason.as_deref(), Some(format!("corrupt: LibClamAV Warning: {cut}").as_str()));
}

#[test]
fn a_scanner_that_cannot_clean_is_quoted_with_its_reason() {
    let script = "echo \"$file ... Found: EICAR test file NOT a virus.\"\n\
        case \" $* \" in *' --clean '*) echo '   The file cannot be cleaned.'; code=12 ;; *) code=13 ;; esac\n\
        echo 'Time: 00:00.02'; exit $code";
    let record = scanner(b"infected\n", "uvscan", script, "").run().record();
    assert_eq!(record.verdict, "infected");
    assert!(record.reason.as_ref().unwrap().ends_with("(The file cannot be cleaned.)"), "{record:?}");
}

#[test]
fn a_line_of_the_log_begins_with_its_form() {
    let ran = scanner(b"honest\n", "uvscan", "exit 0", "").run();
    assert!(ran.log.starts_with("{\"version\":1,\"time\":"), "{}", ran.log);
}
