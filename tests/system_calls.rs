//! docs/system-calls.md tells every system call of a clean part, in order.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::harness::{Case, PART, clamd, needs};

/// A call, and what it is on.
type Call = (String, String);

/// Where the part begins: nothing before `main` calls these.
const FIRST: &str = "rt_sigprocmask";

/// Calls that depend on how much memory the allocator has at hand.
const MEMORY: [&str; 5] = ["brk", "mmap", "mremap", "munmap", "madvise"];

/// The rows of a table below the heading that begins with `heading`, without head
/// and ruler.
fn rows(text: &str, heading: &str) -> Vec<Vec<String>> {
    let table = text.split("\n## ").find(|section| section.starts_with(heading)).expect("the heading");
    let rows = table.lines().filter(|line| line.starts_with('|')).skip(2);
    rows.map(|row| row.split('|').skip(1).map(|cell| cell.trim().to_owned()).collect()).collect()
}

/// The names between backticks.
fn names(cell: &str) -> impl Iterator<Item = String> {
    cell.split('`').skip(1).step_by(2).map(str::to_owned)
}

/// What the program did, start-up included.
fn traced(case: &Case, program: &str, socket: &Path) -> Vec<Call> {
    let trace = case.path("trace").display().to_string();
    let status = case.wrapped("/usr/bin/strace", &["-qq", "-y", "-o", &trace, program]).status();
    assert!(status.unwrap().success());
    let places = [
        (case.path("options"), "OUTPUT_OPTIONS"),
        (case.path("headers"), "OUTPUT_HEADERS"),
        (case.path("output"), "OUTPUT_FILE"),
        (case.path("message-headers"), "MESSAGE_HEADERS"),
        (case.path("input"), "INPUT_FILE"),
        (case.path("config.toml"), "configuration"),
        (case.path("state/suspects"), "suspects"),
        (case.path("state/health"), "health"),
        (case.path("state\""), "state"),
        (format!("\"{}\"", case.directory.path().display()).into(), "directory"),
        (case.path("log"), "log"),
        ("/etc/machine-id".into(), "machine-id"),
        ("/boot_id".into(), "boot_id"),
        ("O_TMPFILE".into(), "copy"),
        ("/#".into(), "copy"),
        (socket.to_owned(), "clamd"),
        ("<socket:".into(), "clamd"),
        ("<UNIX".into(), "clamd"),
    ];
    let text = fs::read_to_string(trace).unwrap();
    // Rust's debugging build looks at each descriptor before it closes it.
    let lines = text.lines().filter(|line| !line.contains("F_GETFD"));
    let calls = lines.filter_map(|line| line.split_once('(')).map(|(name, rest)| {
        // What a call gives back, and what it found, says nothing of its target.
        let arguments = rest.rsplit_once(" = ").map_or(rest, |(arguments, _)| arguments);
        let place = |path: &Path| arguments.find(path.to_str().unwrap());
        let found = places.iter().filter_map(|(path, label)| Some((place(path)?, *label)));
        // The first that is named; of two at one place the longer stands first.
        let label = found.min_by_key(|(at, _)| *at).map_or("", |(_, label)| label);
        (name.to_owned(), label.to_owned())
    });
    calls.collect()
}

#[test]
fn the_table_of_system_calls_is_what_a_clean_part_does() {
    let name = "the_table_of_system_calls_is_what_a_clean_part_does";
    let Some(clamd) = clamd::shared(name) else { return };
    if !needs(name, "/usr/bin/strace", "strace") {
        return;
    }
    let text =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/system-calls.md")).unwrap();
    let told: Vec<Call> = rows(&text, "The part")
        .into_iter()
        .map(|cells| (names(&cells[0]).next().unwrap(), cells[1].clone()))
        .filter(|(name, _)| !MEMORY.contains(&name.as_str()))
        .collect();
    let before: BTreeSet<String> = rows(&text, "Before").iter().flat_map(|cells| names(&cells[0])).collect();
    assert!(told.len() > 40 && before.len() > 10);
    // Prose does not look like a transfer encoding.
    let prose = b"The quick brown fox jumps over the lazy dog.\n".repeat(450);
    let case = Case::new(&prose)
        .config(&clamd.engine())
        .var("NAME", "report.doc")
        .var("INPUT_TYPE", "APPLICATION")
        .var("INPUT_SUBTYPE", "MSWORD")
        .var("INPUT_ENCODING", "BASE64")
        .file("MESSAGE_HEADERS", "message-headers", "From: a@example.org\nMessage-ID: <1@example.org>\n\n");
    // The first run proves clamd and makes the log.
    case.run().passed(&prose);
    let built = std::env::var("CONVSCAN_STATIC").ok();
    for program in built.iter().map(String::as_str).chain([PART]) {
        fs::remove_file(case.path("output")).unwrap();
        let mut calls = traced(&case, program, &clamd.socket());
        let start = calls.iter().position(|(name, _)| name == FIRST).expect("the program's own first call");
        let own = calls.split_off(start);
        let own: Vec<Call> = own.into_iter().filter(|(name, _)| !MEMORY.contains(&name.as_str())).collect();
        assert_eq!(own, told, "{program}");
        // A program that loads libraries does more before its own first call.
        if program != PART {
            let extra: Vec<&Call> = calls.iter().filter(|(name, _)| !before.contains(name)).collect();
            assert!(extra.is_empty(), "{extra:?}");
        }
    }
}
