//! The cost of a clean part, in instructions: exact, whatever else the machine
//! does. Times are for tests/bench/run.

use std::process::Command;

use crate::harness::fake_clamd::{FakeClamd, Script};
use crate::harness::{Case, clamd, needs};

/// A clean part of 20 KB with all that the channel tells of it.
fn case(config: &str) -> Case {
    Case::new(&[b'x'; 20_480])
        .config(config)
        .var("NAME", "report.doc")
        .var("FILENAME", "report.doc")
        .var("INPUT_TYPE", "APPLICATION")
        .var("INPUT_SUBTYPE", "MSWORD")
        .file("MESSAGE_HEADERS", "message-headers", "From: a@example.org\nMessage-ID: <1@example.org>\n\n")
}

/// The instructions that it takes; `None` where they cannot be counted here.
fn instructions(name: &str, case: &Case) -> Option<u64> {
    let Some(program) = std::env::var_os("CONVSCAN_STATIC") else {
        needs(name, "$CONVSCAN_STATIC", "none: tests/run builds the static program");
        return None;
    };
    if !needs(name, "/usr/bin/valgrind", "valgrind") {
        return None;
    }
    let prepared = case.command();
    let mut valgrind = Command::new("/usr/bin/valgrind");
    valgrind.arg("--tool=callgrind").arg(format!("--callgrind-out-file={}", case.path("out").display()));
    valgrind.arg(program).env_clear();
    valgrind.envs(prepared.get_envs().filter_map(|(k, v)| Some((k, v?))));
    let output = valgrind.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    let count = said.lines().find_map(|line| line.split("Collected :").nth(1));
    assert_eq!(std::fs::read(case.path("output")).unwrap(), [b'x'; 20_480]);
    Some(count.and_then(|count| count.trim().parse().ok()).unwrap_or_else(|| panic!("no count in {said}")))
}

#[test]
fn a_clean_part_costs_at_most_250_000_instructions() {
    let name = "a_clean_part_costs_at_most_250_000_instructions";
    let fake = FakeClamd::start(Script::Say(b"fd[9]: OK\0".to_vec()));
    let Some(count) = instructions(name, &case(&fake.engine())) else { return };
    assert!(count <= 250_000, "{count} instructions");
}

#[test]
fn with_a_fresh_canary_and_the_breaker_it_costs_at_most_300_000() {
    let name = "with_a_fresh_canary_and_the_breaker_it_costs_at_most_300_000";
    let Some(clamd) = clamd::shared(name) else { return };
    let case = case(&clamd.engine());
    case.run().passed(&[b'x'; 20_480]);
    let Some(count) = instructions(name, &case) else { return };
    assert!(count <= 300_000, "{count} instructions");
}

#[test]
fn with_canary_breaker_and_cache_it_costs_at_most_450_000() {
    let name = "with_canary_breaker_and_cache_it_costs_at_most_450_000";
    let Some(clamd) = clamd::shared(name) else { return };
    let case = case(&format!("{}cache = true\n", clamd.engine()));
    case.run().passed(&[b'x'; 20_480]);
    // There is a table, and others' verdicts stand in it.
    std::fs::write(case.path("state/cache"), [1; 1 << 20]).unwrap();
    let Some(count) = instructions(name, &case) else { return };
    assert!(count <= 450_000, "{count} instructions");
}

#[test]
fn where_verdicts_are_remembered_it_costs_at_most_125_000_more() {
    let name = "where_verdicts_are_remembered_it_costs_at_most_125_000_more";
    let fake = FakeClamd::start(Script::Say(b"fd[9]: OK\0".to_vec()));
    let Some(without) = instructions(name, &case(&fake.engine())) else { return };
    let case = case(&format!("{}cache = true\n", fake.engine()));
    // There is a table, and others' verdicts stand in it.
    std::fs::write(case.path("state/cache"), [1; 1 << 20]).unwrap();
    let Some(count) = instructions(name, &case) else { return };
    assert!(count <= without + 125_000, "{count} instructions, {without} without");
}
