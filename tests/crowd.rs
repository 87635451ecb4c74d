//! Many at once: a rush of parts at a clamd with few threads.

use std::collections::BTreeSet;
use std::fs;
use std::process::{Child, Stdio};

use convscan::testing::record::Record;

use crate::harness::clamd::{CLAMD, Clamd};
use crate::harness::{CONVSCAN, Case, eicar, needs};

/// Programs at once.
const RUSH: usize = 200;

/// Address space of each, in bytes. It bounds memory whatever the part's size.
const MEMORY: usize = 64 << 20;

/// The part of number `i`: one in three is infected, one in ten is large.
fn part(i: usize) -> (Vec<u8>, bool) {
    let infected = i.is_multiple_of(3);
    let size = if i % 10 == 1 { 1 << 20 } else { 100 * i };
    (if infected { eicar() } else { format!("{i} ").repeat(size / 4).into_bytes() }, infected)
}

#[test]
fn two_hundred_at_once_are_all_answered_rightly_in_little_memory() {
    let name = "two_hundred_at_once_are_all_answered_rightly_in_little_memory";
    if !needs(name, CLAMD, "clamav-daemon") || !needs(name, "/usr/bin/prlimit", "util-linux") {
        return;
    }
    let clamd = Clamd::start("MaxThreads 4\nMaxQueue 200\n");
    let shared = tempfile::tempdir().unwrap();
    let log = shared.path().join("log");
    let config = format!("{}[log]\nfile = \"{}\"\n", clamd.engine(), log.display());
    let start = |i: usize| -> (Case, Child) {
        let case = Case::new(&part(i).0).raw_config(&config).var("PART_NUMBER", i.to_string());
        let limit = format!("--as={MEMORY}");
        let mut command = case.wrapped("/usr/bin/prlimit", &[&limit, CONVSCAN, "part"]);
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        (case, child)
    };
    let running: Vec<_> = (0..RUSH).map(start).collect();
    for (i, (case, mut child)) in running.into_iter().enumerate() {
        assert!(child.wait().unwrap().success(), "{i}");
        let ran = case.left_behind();
        let (input, infected) = part(i);
        assert!(ran.strays.is_empty(), "{i}: {:?}", ran.strays);
        let output = ran.output.expect("content");
        let options = ran.options.unwrap_or_default();
        assert!(!options.contains("STATUS"), "{i}: {options}");
        if infected {
            assert!(output.starts_with(b"VIRUS NOTICE"), "{i}");
        } else {
            assert!(output == input && options.is_empty(), "{i}");
        }
    }
    let text = fs::read_to_string(&log).unwrap();
    let records: Vec<_> = text.lines().map(|line| Record::from_line(line).unwrap()).collect();
    assert_eq!(records.len(), RUSH);
    let references: BTreeSet<_> = records.iter().map(|record| &record.reference).collect();
    assert_eq!(references.len(), RUSH);
    for record in &records {
        let (input, infected) = part(record.part.parse().unwrap());
        assert_eq!(record.size, Some(input.len() as u64));
        assert_eq!(record.verdict, if infected { "infected" } else { "clean" });
    }
}
