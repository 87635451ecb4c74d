//! The cost of a clean part, in instructions: exact, whatever else the machine
//! does. Times are for tests/bench/run.

use std::process::Command;

use crate::harness::fake_clamd::{FakeClamd, Script};
use crate::harness::{Case, needs};

#[test]
fn a_clean_part_costs_at_most_250_000_instructions() {
    let name = "a_clean_part_costs_at_most_250_000_instructions";
    let Some(program) = std::env::var_os("CONVSCAN_STATIC") else {
        needs(name, "$CONVSCAN_STATIC", "none: tests/run builds the static program");
        return;
    };
    if !needs(name, "/usr/bin/valgrind", "valgrind") {
        return;
    }
    let fake = FakeClamd::start(Script::Say(b"fd[9]: OK\0".to_vec()));
    let case = Case::new(&[b'x'; 20_480])
        .config(&fake.engine())
        .var("NAME", "report.doc")
        .var("FILENAME", "report.doc")
        .var("INPUT_TYPE", "APPLICATION")
        .var("INPUT_SUBTYPE", "MSWORD")
        .file("MESSAGE_HEADERS", "message-headers", "From: a@example.org\nMessage-ID: <1@example.org>\n\n");
    let prepared = case.command();
    let mut valgrind = Command::new("/usr/bin/valgrind");
    valgrind.arg("--tool=callgrind").arg(format!("--callgrind-out-file={}", case.path("out").display()));
    valgrind.arg(program).arg("part").env_clear();
    valgrind.envs(prepared.get_envs().filter_map(|(k, v)| Some((k, v?))));
    let output = valgrind.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    let count: u64 = said
        .lines()
        .find_map(|line| line.split("Collected :").nth(1))
        .and_then(|count| count.trim().parse().ok())
        .unwrap_or_else(|| panic!("no count in {said}"));
    assert!(count <= 250_000, "{count} instructions");
    assert_eq!(std::fs::read(case.path("output")).unwrap(), [b'x'; 20_480]);
}
