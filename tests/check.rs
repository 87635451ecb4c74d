//! `check` on files of the mail server and of the scanners.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use crate::harness::CONVSCAN;

/// A small but whole imta.cnf around `channels`.
fn imta_cnf(channels: &str) -> String {
    format!("$*  $E$U%$H@conversion-daemon\n\nl\nmail.example.edu\n\n{channels}\n")
}

/// Checks these files, each under the option of its name.
fn check(files: &[(&str, &str)]) -> Output {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    fs::write(path("rules.txt"), "name Test *.exe\n").unwrap();
    fs::write(
        path("own.toml"),
        "[[engine]]\nname = \"r\"\ntype = \"rules\"\nfile = \"rules.txt\"\nacquits = true\n",
    )
    .unwrap();
    let mut command = Command::new(CONVSCAN);
    command.arg("check").arg("--config").arg(path("own.toml"));
    for (option, content) in files {
        fs::write(path(option), content).unwrap();
        command.arg(format!("--{option}")).arg(path(option));
    }
    command.output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// A file of the tree.
fn tree(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

#[test]
fn our_own_snippets_have_no_fault() {
    let output = check(&[
        ("imta-cnf", &imta_cnf(&tree("imta-snippets/imta.cnf-channels"))),
        ("job-controller", &tree("job-controller-snippets/job_controller.cnf-pools")),
        ("mappings", &tree("imta-snippets/mappings-CONVERSIONS")),
        ("conversions", &tree("imta-snippets/conversions")),
        ("clamav-conf", "LocalSocket /run/clamav/clamd.ctl\nAlertExceedsMax yes\nMaxThreads 10\n"),
        ("icap-conf", "Service avscan virus_scan.so\nvirus_scan.MaxObjectSize  5M\n"),
        ("option-file", "LOG_MESSAGE_ID=1\n"),
    ]);
    assert_eq!((said(&output).as_str(), output.status.code()), ("", Some(0)));
}

#[test]
fn a_pool_that_nobody_defines_is_found_with_its_place() {
    let channels = "conversion pool CONV_POOL maxjobs 3\nconversion-daemon\n";
    let output =
        check(&[("imta-cnf", &imta_cnf(channels)), ("job-controller", "[POOL=DEFAULT]\njob_limit=10\n")]);
    let text = said(&output);
    assert!(text.contains("imta-cnf:6:17: the pool of channel `conversion` is not defined"), "{text}");
    assert!(text.contains("hint: add `[POOL=CONV_POOL]`"), "{text}");
    assert_eq!(output.status.code(), Some(1));
    let defined =
        check(&[("imta-cnf", &imta_cnf(channels)), ("job-controller", "[pool=conv_pool]\njob_limit=3\n")]);
    assert_eq!(said(&defined), "");
}

#[test]
fn a_channel_that_nobody_defines_is_found() {
    let table = "CONVERSIONS\n\n  IN-CHAN=tcp_local;*  Yes,Channel=conversion_ext\n  *  Yes\n";
    let output = check(&[("imta-cnf", &imta_cnf("conversion\nconversion-daemon\n")), ("mappings", table)]);
    let text = said(&output);
    assert!(text.contains("mappings:3:24: mail is sent through channel `conversion_ext`"), "{text}");
    assert_eq!(text.matches("mail is sent").count(), 1, "{text}");
}

#[test]
fn faults_of_all_files_come_in_one_run() {
    let output = check(&[
        ("job-controller", "job_limt=3\n[POOL=A]\njob_limit=many\n"),
        ("clamav-conf", "Example\nMaxThreads\n"),
        ("config-xml", "<configuration><channel"),
    ]);
    let text = said(&output);
    for place in ["job-controller:1:", "job-controller:3:", "clamav-conf:", "config-xml:"] {
        assert!(text.contains(place), "{place} is not in\n{text}");
    }
    let output =
        Command::new(CONVSCAN).args(["check", "--mappings", "/nonexistent/mappings"]).output().unwrap();
    assert!(said(&output).contains("/nonexistent/mappings: cannot be read"));
}
