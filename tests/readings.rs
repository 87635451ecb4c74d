//! `convscan message` with the site's own files and under every reading of the
//! manuals.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use crate::harness::CONVSCAN;

const MESSAGES: [&str; 4] = ["clean.eml", "infected.eml", "nested.eml", "odd-names.eml"];

fn message(arguments: &[&str]) -> Output {
    let mut command = Command::new(CONVSCAN);
    command.arg("message").args(arguments).current_dir(env!("CARGO_MANIFEST_DIR"));
    command
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("CONVSCAN_CONFIG", "examples/quick-start.toml")
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A conversions file with one entry, and the arguments that name it.
struct Site {
    directory: tempfile::TempDir,
}

impl Site {
    fn new(entries: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("conversions"), entries).unwrap();
        Self { directory }
    }

    fn all_parts(more: &str) -> Self {
        Self::new(&format!(
            "in-type=*; in-subtype=*; parameter-copy-0=*; dparameter-copy-0=*;\n  override-header-file=1; override-option-file=1;\n  {more}\n"
        ))
    }

    fn run(&self, more: &[&str]) -> Output {
        let path = self.directory.path().join("conversions");
        let mut arguments = vec!["--conversions", path.to_str().unwrap()];
        arguments.extend(more);
        message(&arguments)
    }
}

const INFECTED: &str = "examples/messages/infected.eml";
const CLEAN: &str = "examples/messages/clean.eml";

#[test]
fn our_entries_do_no_harm_under_any_reading() {
    for entries in ["imta-snippets/conversions", "imta-snippets/conversions-before-6.3"] {
        for name in MESSAGES {
            let path = format!("examples/messages/{name}");
            let mappings = "imta-snippets/mappings-CONVERSIONS";
            let output =
                message(&["--conversions", entries, "--mappings", mappings, "--every-reading", &path]);
            let table = text(&output.stdout);
            assert_eq!(output.status.code(), Some(0), "{name}: {table} {}", text(&output.stderr));
            assert!(table.contains("all 3072 readings"), "{table}");
            assert!(
                table.contains("none delivers infected bytes, loses mail, or alters clean mail"),
                "{table}"
            );
        }
    }
}

/// Our helper held or deferred: a server that does not know "again" must be told
/// "hold", and with the entry for such servers it is.
#[test]
fn a_part_that_cannot_be_scanned_is_safe_with_the_entry_for_the_server() {
    let directory = tempfile::tempdir().unwrap();
    let config = directory.path().join("convscan.toml");
    fs::write(&config, "[[engine]]\nname = \"c\"\ntype = \"clamd\"\naddress = \"unix:/nonexistent/s\"\n")
        .unwrap();
    let run = |entries: &str| {
        let config = config.to_str().unwrap();
        let output = message(&["--config", config, "--conversions", entries, "--every-reading", CLEAN]);
        (output.status.code(), text(&output.stdout))
    };
    let (exit, table) = run("imta-snippets/conversions-before-6.3");
    assert_eq!(exit, Some(0), "{table}");
    // The other entry on such a server: no program can defer there.
    let (exit, table) = run("imta-snippets/conversions");
    assert_eq!(exit, Some(1));
    let lines: Vec<&str> =
        table.lines().filter(|line| line.starts_with("| ") && line.contains('=')).collect();
    assert!(!lines.is_empty() && lines.iter().all(|line| line.contains("again=unknown")), "{table}");
}

/// The manual's own script counts every exit code but one as clean, and bounces.
#[test]
fn scripts_of_the_old_kind_are_found_out() {
    let bounces = Site::all_parts(
        "command=\"if grep -q EICAR $INPUT_FILE; then echo STATUS=178029946 > $OUTPUT_OPTIONS; else cp $INPUT_FILE $OUTPUT_FILE; fi\"",
    );
    let output = bounces.run(&[INFECTED]);
    assert_eq!(output.status.code(), Some(12), "{}", text(&output.stderr));
    let output = bounces.run(&["--every-reading", INFECTED]);
    let table = text(&output.stdout);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        table.contains("| input=encoded | delivers a part that the command did not let pass |"),
        "{table}"
    );
    // One that leaves nothing for a clean part relies on a reading.
    let silent = Site::all_parts("command=\"true\"");
    let table = text(&silent.run(&["--every-reading", CLEAN]).stdout);
    assert!(table.contains("missing-output=empty | loses mail"), "{table}");
    // And one that fails for an infected part on another.
    let fails = Site::all_parts("command=\"cp $INPUT_FILE $OUTPUT_FILE; ! grep -q EICAR $INPUT_FILE\"");
    let table = text(&fails.run(&["--every-reading", INFECTED]).stdout);
    assert!(table.contains("failure=unchanged | delivers a part"), "{table}");
    assert!(table.contains("failure=bounce | loses mail"), "{table}");
}

#[test]
fn options_are_read_only_where_the_entry_says_so() {
    let command =
        "command=\"cp $INPUT_FILE $OUTPUT_FILE; echo STATUS=178030250 > ${OUTPUT_OPTIONS:-/dev/null}\"";
    assert_eq!(Site::all_parts(command).run(&[CLEAN]).status.code(), Some(10));
    let without = Site::new(&format!("in-type=*; parameter-copy-0=*; dparameter-copy-0=*; {command}\n"));
    let output = without.run(&[CLEAN]);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(output.stdout, fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(CLEAN)).unwrap());
}

#[test]
fn a_reading_can_be_chosen() {
    let fails = Site::all_parts("command=\"exit 3\"");
    for (setting, exit) in
        [("failure=retry", 75), ("failure=unchanged", 0), ("failure=hold", 10), ("failure=bounce", 12)]
    {
        assert_eq!(fails.run(&["--reading", setting, CLEAN]).status.code(), Some(exit), "{setting}");
    }
    let output = fails.run(&["--reading", "failure=maybe", CLEAN]);
    assert!(text(&output.stderr).contains("choose one of retry, unchanged, hold, bounce"));
}

#[test]
fn the_entry_says_what_becomes_of_the_header() {
    let copy = "command=\"cp $INPUT_FILE $OUTPUT_FILE\"";
    let deleted = Site::new("in-type=application; in-subtype=*; delete=1\n").run(&[INFECTED]);
    assert_eq!(deleted.status.code(), Some(0));
    assert!(!text(&deleted.stdout).contains("invoice.com"));
    let typed = Site::new(&format!(
        "in-type=application; out-type=x; out-subtype=y; parameter-copy-0=*; dparameter-copy-0=*; {copy}\n"
    ));
    assert!(text(&typed.run(&[INFECTED]).stdout).contains("Content-Type: x/y; name="));
    let bare = Site::new(&format!(
        "in-type=application; out-parameter-name-0=a; out-parameter-value-0=\"b c\"; {copy}\n"
    ));
    let new = text(&bare.run(&[INFECTED]).stdout);
    assert!(new.contains("Content-Type: application/octet-stream; a=\"b c\"\n"), "{new}");
    assert!(new.contains("Content-Disposition: attachment\n"), "{new}");
    assert!(!new.contains("invoice.com"));
}

#[test]
fn the_mapping_decides_whether_there_is_a_detour() {
    let run = |source: &str, destination: &str| {
        let mappings = "imta-snippets/mappings-CONVERSIONS";
        let output =
            message(&["--mappings", mappings, "--in-chan", source, "--out-chan", destination, INFECTED]);
        assert_eq!(output.status.code(), Some(0));
        text(&output.stdout).contains("VIRUS NOTICE")
    };
    assert!(run("tcp_local", "ims-ms"));
    assert!(run("ims-ms", "tcp_local"));
    assert!(!run("conversion", "ims-ms"));
    assert!(!run("tcp_local", "bitbucket"));
}

#[test]
fn it_can_be_explained() {
    let site = Site::new(
        "in-chan=other; in-type=*; command=\"false\"\n\nin-subtype=plain; command=\"false\"\n\nin-type=application; in-subtype=octet-*;\n  command=\"cp $INPUT_FILE $OUTPUT_FILE; exit 0\"\n",
    );
    let output = site.run(&["--explain", INFECTED]);
    let said = text(&output.stderr);
    // An entry that never matches is a fault, told before anything is run.
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("conversions:3:1:"), "{said}");
    let site = Site::new(
        "in-chan=other; in-type=*; command=\"false\"\n\nin-type=application; in-subtype=octet-*;\n  parameter-copy-0=*; dparameter-copy-0=*; command=\"cp $INPUT_FILE $OUTPUT_FILE\"\n",
    );
    let said = text(&site.run(&["--explain", INFECTED]).stderr);
    for line in [
        "part 1 (text/plain",
        "  entry 1, line 1: IN-CHAN",
        "  no entry fits",
        "  entry 2 of 2, line 3: fits",
        "  command: exit 0, no STATUS",
        "  the part stays as it is",
    ] {
        assert!(said.contains(line), "{line} is not in:\n{said}");
    }
}
