//! The answers for all pairs are those of the exact probe for each.

use super::*;
use crate::mta::mappings::Mappings;
use crate::mta::mappings::route::Route;
use crate::os::clock::processor_time;

pub(in crate::mta::mappings) const CHANNELS: [&str; 8] =
    ["tcp_local", "TCP_intranet", "tcp_auth", "ims-ms", "conversion", "l", "x1", "process"];

/// Numbers without pattern enough (Knuth's constants).
pub(in crate::mta::mappings) struct Random(pub(in crate::mta::mappings) u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % bound.max(1)
    }

    fn of<'a>(&mut self, list: &[&'a str]) -> &'a str {
        list[self.below(list.len())]
    }
}

fn mappings(entries: &[(String, String)]) -> Mappings {
    let lines: String =
        entries.iter().map(|(pattern, template)| format!(" {pattern} {template}\n")).collect();
    Mappings::parse("m", &format!("CONVERSIONS\n\n{lines}")).0
}

pub(in crate::mta::mappings) fn table(mappings: &Mappings) -> &Table {
    mappings.table("conversions").unwrap()
}

/// A pattern as they are, and as they had better not be.
fn pattern(random: &mut Random) -> String {
    const NAMES: [&str; 22] = [
        "*",
        "*",
        "tcp_*",
        "tcp_local",
        "tcp_intranet",
        "ims-ms",
        "conversion*",
        "*l",
        "*_*",
        "%",
        "x$D%",
        "$A*",
        "t%p_*",
        "$_*",
        "$0*",
        "$@*",
        "*$0*",
        "$[a-l]*",
        "$(1.2.3.4/8)",
        "**",
        "*c*",
        "nobody",
    ];
    const TAILS: [&str; 8] =
        ["CONVERT", "CONVERT", "CONVERT", "*", "*CONVERT", "TAG=*;CONVERT", "TAG=x;*", "TAG=$0*;CONVERT"];
    const ODD: [&str; 12] = [
        "*",
        "*;CONVERT",
        "IN-CHAN=tcp_*",
        "IN-CHAN=tcp_*;*",
        "*;OUT-CHAN=l;*",
        "*tcp_local*",
        "IN-CHAN=*;*;CONVERT",
        "*;*;*",
        "$[h-z]*tcp*",
        "IN-CHAN=x1%OUT-CHAN=*",
        "IN-CHANNEL=*;OUT-CHAN=*;CONVERT",
        "*=*=*$0*",
    ];
    match random.below(4) {
        0 => random.of(&ODD).to_owned(),
        _ => {
            let (from, to) = (random.of(&NAMES), random.of(&NAMES));
            format!("IN-CHAN={from};OUT-CHAN={to};{}", random.of(&TAILS))
        }
    }
}

fn template(random: &mut Random) -> String {
    const USUAL: [&str; 6] = ["Yes", "No", "Yes,Channel=conversion_2", "YES,Preprocess", "no", "Channel=c"];
    const ODD: [&str; 14] = [
        "$CYes",
        "$RNo",
        "$LYes",
        "Yes,Channel=c_$0",
        "$C$0$1",
        "$RIN-CHAN=$0;OUT-CHAN=l;CONVERT",
        "${db}",
        "$CIN-CHAN=l;OUT-CHAN=$1;CONVERT",
        "Yes,Fast",
        "$Y",
        "$C${db}",
        "$[lib,routine,$0]",
        "$E$$",
        "Yes$1",
    ];
    if random.below(4) == 0 { random.of(&ODD).to_owned() } else { random.of(&USUAL).to_owned() }
}

fn says(route: &Route) -> Says {
    match &route.doubt {
        Some(why) => Says::CannotTell(why.clone()),
        None if route.convert => {
            Says::Convert { channel: route.channel.clone(), preprocess: route.preprocess }
        }
        None if route.matched.is_some() => Says::Straight,
        None => Says::Nothing,
    }
}

pub(in crate::mta::mappings) fn random_table(random: &mut Random) -> Mappings {
    let count = 1 + random.below(12);
    let entries: Vec<_> = (0..count).map(|_| (pattern(random), template(random))).collect();
    mappings(&entries)
}

#[test]
fn every_pair_is_answered_as_by_the_exact_probe() {
    let mut random = Random(3);
    let (mut converted, mut doubted) = (0, 0);
    for _ in 0..200 {
        let mappings = random_table(&mut random);
        let tags = random.of(&["", "", "x", "x,y", "l;z"]);
        let tags = if tags.is_empty() { Tags::Absent } else { Tags::These(tags) };
        let given = if let Tags::These(tags) = tags { Some(tags) } else { None };
        let coverage = Coverage::new(table(&mappings), &CHANNELS, &CHANNELS, tags);
        for (i, source) in CHANNELS.iter().enumerate() {
            for (j, destination) in CHANNELS.iter().enumerate() {
                let route = mappings.conversion(source, destination, given);
                let answer = coverage.answer(i, j).unwrap();
                let place = answer.entry.map(|index| &table(&mappings).entries[index].place);
                let shown = || format!("{source} {destination} {tags:?}\n{:#?}", table(&mappings).entries);
                assert_eq!(answer.says, says(&route), "{}", shown());
                assert_eq!(place, route.matched.as_ref(), "{}", shown());
                converted += usize::from(route.convert);
                doubted += usize::from(route.doubt.is_some());
            }
        }
    }
    assert!(converted > 700 && doubted > 700, "{converted} {doubted}");
}

#[test]
fn what_is_said_of_any_tags_is_so_for_each() {
    let mut random = Random(4);
    let (mut told, mut tagged) = (0, 0);
    for _ in 0..60 {
        let mappings = random_table(&mut random);
        let coverage = Coverage::new(table(&mappings), &CHANNELS, &CHANNELS, Tags::Any);
        for (i, source) in CHANNELS.iter().enumerate() {
            for (j, destination) in CHANNELS.iter().enumerate() {
                let answer = coverage.answer(i, j).unwrap();
                tagged += usize::from(answer.says == Says::CannotTell(TAGGED.to_owned()));
                for tags in ["", "x", "l,x", "nothing else"] {
                    let route = mappings.conversion(source, destination, Some(tags));
                    if let Says::CannotTell(_) = answer.says {
                        continue;
                    }
                    assert_eq!(answer.says, says(&route), "{tags} {:#?}", table(&mappings).entries);
                    told += 1;
                }
            }
        }
    }
    assert!(told > 2_400 && tagged > 60, "{told} {tagged}");
}

fn one(entries: &[(&str, &str)]) -> Coverage {
    let entries: Vec<_> =
        entries.iter().map(|(pattern, template)| ((*pattern).to_owned(), (*template).to_owned())).collect();
    Coverage::new(table(&mappings(&entries)), &["a", "b;c"], &["d"], Tags::Absent)
}

#[test]
fn pairs_that_are_not_there_and_names_that_cannot_be() {
    let coverage = one(&[("*", "Yes")]);
    let convert = Says::Convert { channel: "conversion".to_owned(), preprocess: false };
    assert_eq!(coverage.answer(0, 0), Some(&Answer { entry: Some(0), says: convert }));
    assert!(matches!(coverage.answer(1, 0).unwrap().says, Says::CannotTell(_)));
    assert_eq!((coverage.answer(2, 0), coverage.answer(0, 1)), (None, None));
    let none: [&str; 0] = [];
    let empty = Coverage::new(table(&mappings(&[])), &none, &none, Tags::Any);
    assert_eq!(empty.answer(0, 0), None);
}

/// Each of these would take minutes if every pair were asked.
#[test]
fn a_table_made_to_take_long_ends_in_doubt() {
    let names: Vec<String> = (0..2000).map(|i| format!("tcp_{i}")).collect();
    let many = |pattern: &str, template: &str| {
        let entries: Vec<_> =
            (0..3000).map(|i| (pattern.replace('#', &i.to_string()), template.to_owned())).collect();
        mappings(&entries)
    };
    let tables = [
        many("IN-CHAN=*;OUT-CHAN=$0*#;CONVERT", "Yes"),
        many("IN-CHAN=*;OUT-CHAN=*;CONVERT", "$CYes,Channel=$0"),
        many("IN-CHAN=*$D*#*;OUT-CHAN=*$D*#*;CONVERT", "Yes"),
        many(&"*;".repeat(100), "Yes"),
        many("IN-CHAN=*;OUT-CHAN=*;CONVERT", "Yes,Channel=c_$0_$1"),
    ];
    for mappings in &tables {
        let start = processor_time();
        let coverage = Coverage::new(table(mappings), &names, &names, Tags::Absent);
        let said = &coverage.answer(1999, 1).unwrap().says;
        let exact = says(&mappings.conversion(&names[1999], &names[1], None));
        assert!(matches!(said, Says::CannotTell(_)) || *said == exact, "{said:?} {exact:?}");
        let took = processor_time() - start;
        assert!(took < std::time::Duration::from_secs(20), "{took:?}");
    }
}
