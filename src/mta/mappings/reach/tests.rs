//! Entries that are said never to decide, decide for no pair.

use super::*;
use crate::mta::mappings::Mappings;
use crate::mta::mappings::coverage::tests::{CHANNELS, Random, random_table, table};
use crate::os::clock::processor_time;

fn found(entries: &[(&str, &str)], tags: Tags) -> Vec<(usize, Cause)> {
    let lines: String =
        entries.iter().map(|(pattern, template)| format!(" {pattern} {template}\n")).collect();
    let (mappings, _) = Mappings::parse("m", &format!("CONVERSIONS\n\n{lines}"));
    let found = unreached(mappings.table("conversions").unwrap(), tags);
    found.into_iter().map(|unreached| (unreached.entry, unreached.cause)).collect()
}

fn hidden(by: usize, harm: Harm) -> Cause {
    Cause::Hidden { by, harm }
}

#[test]
fn what_an_earlier_entry_fits_is_never_asked_of_a_later_one() {
    let all = "IN-CHAN=*;OUT-CHAN=*;CONVERT";
    let local = "IN-CHAN=tcp_local;OUT-CHAN=*;CONVERT";
    type Case<'a> = (&'a [(&'a str, &'a str)], &'a [(usize, Cause)]);
    let table: [Case; 14] = [
        (&[(all, "Yes"), (local, "No")], &[(1, hidden(0, Harm::LateNo))]),
        (&[(all, "No"), (local, "Yes,Channel=c")], &[(1, hidden(0, Harm::LateYes))]),
        (&[(all, "No"), ("*", "No")], &[(1, hidden(0, Harm::Nothing))]),
        (&[(local, "No"), (all, "Yes")], &[]),
        (&[(local, "Yes"), ("in-chan=TCP_local;*", "Yes,Channel=c")], &[(1, hidden(0, Harm::Other))]),
        (
            &[
                ("IN-CHAN=tcp_*;*", "Yes"),
                ("IN-CHAN=*;OUT-CHAN=tcp_*;*", "Yes"),
                ("IN-CHAN=tcp_%;OUT-CHAN=tcp_x;*", "No"),
            ],
            &[(2, hidden(0, Harm::LateNo))],
        ),
        (&[(all, "$CYes"), (local, "No")], &[]),
        (&[(all, "${db}"), (local, "No")], &[]),
        (&[(all, "$Y$[a,b,c]"), (local, "No")], &[]),
        (
            &[(all, "No"), (local, "No"), ("IN-CHAN=x;*", "$RNo")],
            &[(1, hidden(0, Harm::Nothing)), (2, hidden(0, Harm::Other))],
        ),
        (&[(local, "No"), (local, "No"), ("IN-CHAN=x;*", "$RNo")], &[]),
        (&[("IN-CHAN=$D*;OUT-CHAN=*;CONVERT", "No"), ("IN-CHAN=12;*", "Yes")], &[]),
        (&[("IN-CHAN=*;OUT-CHAN=$0*;CONVERT", "No"), (local, "Yes")], &[]),
        (
            &[
                ("IN-CHANNEL=*;OUT-CHAN=*;CONVERT", "No"),
                ("IN-CHAN=*;OUT-CHAN=*", "No"),
                ("x", "$RNo"),
                (local, "No"),
            ],
            // The second `*` of the second entry stands for the rest as well.
            &[(0, Cause::FitsNothing), (2, Cause::FitsNothing), (3, hidden(1, Harm::Nothing))],
        ),
    ];
    for (entries, expected) in table {
        assert_eq!(found(entries, Tags::Absent), expected, "{entries:?}");
    }
}

/// The first entry fits no probe with tags, but what the last one makes: claims
/// above a `$C` were kept though a `$R` stood below it.
#[test]
fn nothing_is_claimed_above_an_entry_that_begins_again() {
    let entries = [
        ("IN-CHAN=*;OUT-CHAN=%;CONVERT", "Yes"),
        ("IN-CHAN=x;*", "$CNo"),
        ("IN-CHAN=l;*", "$RIN-CHAN=l;OUT-CHAN=l;CONVERT"),
    ];
    assert_eq!(found(&entries, Tags::Any), []);
    assert_eq!(found(&entries[..2], Tags::Any), [(0, Cause::FitsNothing)]);
}

#[test]
fn tags_in_the_probe_are_asked_for_or_not() {
    let plain = "IN-CHAN=*;OUT-CHAN=l;CONVERT";
    let starred = "IN-CHAN=*;OUT-CHAN=l;*CONVERT";
    let tagged = "IN-CHAN=*;OUT-CHAN=l;TAG=x;CONVERT";
    assert_eq!(found(&[(plain, "Yes"), (starred, "No")], Tags::Absent), [(1, hidden(0, Harm::LateNo))]);
    assert_eq!(found(&[(plain, "Yes"), (starred, "No")], Tags::Any), [(0, Cause::FitsNothing)]);
    assert_eq!(found(&[(tagged, "Yes"), (starred, "No")], Tags::Any), []);
    assert_eq!(found(&[(tagged, "Yes"), (starred, "No")], Tags::Absent), [(0, Cause::FitsNothing)]);
    assert_eq!(found(&[(starred, "Yes"), (tagged, "No")], Tags::These("x")), [(1, hidden(0, Harm::LateNo))]);
    let crossing = "IN-CHAN=*;OUT-CHAN=*;CONVERT";
    assert_eq!(found(&[(crossing, "Yes"), (tagged, "No")], Tags::Any), [(1, hidden(0, Harm::LateNo))]);
}

#[test]
fn what_is_unreached_decides_for_no_pair() {
    let mut random = Random(5);
    let (mut hidden, mut unfit) = (0, 0);
    for _ in 0..100 {
        let mappings = random_table(&mut random);
        for (kind, tags) in [(Tags::Absent, &[None][..]), (Tags::Any, &[Some(""), Some("x"), Some("l,z")])] {
            let found = unreached(table(&mappings), kind);
            for claim in &found {
                match claim.cause {
                    Cause::FitsNothing => unfit += 1,
                    Cause::Hidden { by, .. } => {
                        assert!(by < claim.entry);
                        hidden += 1;
                    }
                }
            }
            for (source, destination) in CHANNELS.iter().flat_map(|one| CHANNELS.map(|other| (one, other))) {
                for tags in tags {
                    let route = mappings.conversion(source, destination, *tags);
                    let place = |claim: &Unreached| Some(&table(&mappings).entries[claim.entry].place);
                    let wrong = found.iter().find(|claim| place(claim) == route.matched.as_ref());
                    assert_eq!(wrong, None, "{:#?}", table(&mappings).entries);
                }
            }
        }
    }
    assert!(hidden > 50 && unfit > 25, "{hidden} {unfit}");
}

#[test]
fn of_ten_thousand_entries_each_is_compared() {
    type Line = fn(usize) -> String;
    let tables: [(Line, Option<usize>); 4] = [
        (|i| format!("IN-CHAN=tcp_{i};OUT-CHAN=*;CONVERT Yes"), Some(0)),
        (|i| format!("IN-CHAN=tcp_{i}*;OUT-CHAN=*{i};CONVERT Yes"), None),
        (|i| format!("IN-CHAN=*{i};OUT-CHAN=*{i}*;CONVERT No"), None),
        (|_| "IN-CHAN=*;OUT-CHAN=*;CONVERT No".to_owned(), Some(9_999)),
    ];
    for (line, expected) in tables {
        let lines: String = (0..10_000).map(|i| format!(" {}\n", line(i))).collect();
        let (mappings, _) = Mappings::parse("m", &format!("CONVERSIONS\n\n{lines}"));
        let found = unreached(mappings.table("conversions").unwrap(), Tags::Absent).len();
        assert!(expected.is_none_or(|expected| found == expected), "{found}");
    }
}

#[test]
fn many_wildcards_in_a_row_take_no_longer() {
    let begun = processor_time();
    for pattern in ["*".repeat(250), format!("{}x", "*".repeat(250)), "*;".repeat(125), "*%".repeat(125)] {
        let text = format!("CONVERSIONS\n\n{}", format!(" {pattern} Yes\n").repeat(1000));
        let (mappings, _) = Mappings::parse("m", &text);
        let table = mappings.table("CONVERSIONS").unwrap();
        unreached(table, Tags::Absent);
    }
    let took = processor_time() - begun;
    assert!(took.as_secs() < 60, "{took:?}");
}
