//! Which entries catch what, against the choice for single parts.

use super::*;
use crate::mta::conversions::choose::PartParameter;
use crate::os::clock::processor_time;

fn read(text: &str) -> Conversions {
    Conversions::parse("c", text).0
}

fn earlier(above: &str, entry: &str) -> Vec<Earlier> {
    let conversions = read(&format!("{above}\n\n{entry}\n"));
    conversions.earlier(conversions.entries.len() - 1)
}

#[test]
fn earlier_entries_catch_all_some_or_nothing() {
    let ours = "in-channel=tcp_*; in-type=*; command=\"x\"";
    let all = vec![Earlier { entry: 0, extent: Extent::All }];
    let some = vec![Earlier { entry: 0, extent: Extent::Some }];
    let table = [
        ("in-type=*; command=\"y\"", ours, &all),
        ("in-chan=*; out-chan=*; in-type=*; in-subtype=*; delete=1", ours, &all),
        ("in-chan=TCP_*; in-type=*;", ours, &all),
        ("in-chan=tcp_local; in-type=*; command=\"y\"", ours, &some),
        ("in-type=text; command=\"y\"", ours, &some),
        ("in-type=*; tag=*; command=\"y\"", ours, &some),
        ("in-type=*; tag=*; command=\"y\"", "in-type=*; tag=x; command=\"x\"", &all),
        ("in-type=*; tag=y; command=\"y\"", "in-type=*; tag=x; command=\"x\"", &some),
        ("in-type=*; in-subject='T:x'; command=\"y\"", ours, &some),
        ("in-type=*; command=\"y\"", "in-type='T:x'; command=\"x\"", &all),
        ("in-type=text; command=\"y\"", "in-type='T:x'; command=\"x\"", &some),
        ("in-type=*; in-parameter-name-0=name; command=\"y\"", ours, &some),
        ("in-type=*; in-parameter-value-0=x; command=\"y\"", ours, &all),
        (
            "in-type=*; in-parameter-name-0=name; in-parameter-value-0=*.ps; command=\"y\"",
            "in-type=text; in-parameter-name-3=NAME; in-parameter-value-3=x*.ps; command=\"x\"",
            &all,
        ),
        (
            "in-type=*; in-parameter-name-0=name; command=\"y\"",
            "in-type=text; in-parameter-name-0=name; in-parameter-default-0=x; command=\"x\"",
            &some,
        ),
        (
            "in-type=*; in-parameter-name-0=name; command=\"y\"",
            "in-type=text; in-dparameter-name-0=name; command=\"x\"",
            &some,
        ),
        ("in-chan=ims-ms; in-type=*; command=\"y\"", ours, &vec![]),
        ("in-type=image; delete=1", "in-type=text; command=\"x\"", &vec![]),
        (
            "in-type=*; in-disposition=inline; delete=1",
            "in-type=*; in-disposition=attach*; delete=1",
            &vec![],
        ),
        ("in-type=*; relabel=1", ours, &vec![]),
        ("in-type=*; service-command=\"y\"", ours, &vec![]),
        ("in-chan=*; command=\"y\"", ours, &vec![]),
        ("in-type=*; command=\"y\"", "in-chan=*; command=\"x\"", &vec![]),
    ];
    for (above, entry, expected) in table {
        assert_eq!(earlier(above, entry), *expected, "{above} / {entry}");
    }
    assert_eq!(read("in-type=*; delete=1").earlier(7), []);
}

/// Numbers without pattern enough (Knuth's constants).
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % bound.max(1)
    }

    fn of<'a>(&mut self, list: &[&'a str]) -> &'a str {
        list[self.below(list.len())]
    }
}

fn clauses(random: &mut Random) -> String {
    const PATTERNS: [&str; 8] = ["*", "*", "a", "b", "a*", "*b", "%", "'T:x'"];
    const NAMES: [&str; 7] = [
        "in-chan",
        "out-chan",
        "in-subtype",
        "in-disposition",
        "tag",
        "in-parameter-value-0",
        "in-parameter-default-0",
    ];
    let mut text = format!("in-type={}; in-parameter-name-0=n; ", random.of(&PATTERNS));
    if random.below(2) == 0 {
        text = text.replace("in-parameter-name-0=n; ", "");
    }
    for name in NAMES {
        if random.below(3) == 0 {
            text.push_str(&format!("{name}={}; ", random.of(&PATTERNS)));
        }
    }
    text + random.of(&["delete=1", "command=\"c\"", "command=\"c\"", "relabel=1"])
}

fn part(random: &mut Random) -> PartFacts {
    let mut value = || random.of(&["", "a", "b", "ab", "ba"]).into();
    let mut part = PartFacts {
        in_channel: value(),
        out_channel: value(),
        main_type: value(),
        subtype: value(),
        disposition: value(),
        parameters: vec![PartParameter { name: "n".into(), value: value() }],
        tags: vec![value(), value()],
        ..PartFacts::default()
    };
    part.tags.truncate(random.below(3));
    part.parameters.truncate(random.below(2));
    part
}

#[test]
fn what_is_said_of_two_entries_is_so_for_every_part() {
    let mut random = Random(6);
    let parts: Vec<PartFacts> = (0..800).map(|_| part(&mut random)).collect();
    let (mappings, _) = Mappings::parse("m", "T\n\n x $Ya\n");
    let (mut all, mut some, mut none) = (0, 0, 0);
    for _ in 0..150 {
        let texts = [clauses(&mut random), clauses(&mut random)];
        let [above, below] = [read(&texts[0]), read(&texts[1])];
        let said = earlier(&texts[0], &texts[1]).first().map(|earlier| earlier.extent);
        let fits = |one: &Conversions, part: &PartFacts| one.choose(part, &mappings).matched.is_some();
        for part in parts.iter().filter(|part| fits(&below, part)) {
            match said {
                Some(Extent::All) => assert!(fits(&above, part), "{texts:?} {part:?}"),
                Some(Extent::Some) => {}
                None => assert!(!fits(&above, part), "{texts:?} {part:?}"),
            }
        }
        match said {
            Some(Extent::All) => all += 1,
            Some(Extent::Some) => some += 1,
            None => none += 1,
        }
    }
    assert!(all > 3 && some > 30 && none > 30, "{all} {some} {none}");
}

#[test]
fn types_that_come_to_no_command_are_named() {
    let conversions = read(
        "in-chan=tcp_*; in-type=text; in-subtype=plain; command=\"x\"\n\n\
         in-type=image; delete=1\n\n\
         in-chan=tcp_*; in-type=application; command=\"x\"\n\n\
         in-type=*; command=\"x\"\n",
    );
    let left_out = |index, channel| conversions.left_out(index, channel, "l", &Mappings::default());
    assert_eq!(left_out(3, "tcp_local").len(), 1);
    let image = LeftOut { main_type: "image", subtype: "png", entry: Some(1), doubts: vec![] };
    assert_eq!(left_out(3, "l"), std::slice::from_ref(&image));
    let by_third = left_out(2, "tcp_local");
    assert!(by_third.contains(&image));
    assert!(by_third.iter().any(|left| (left.main_type, left.subtype, left.entry) == ("text", "html", None)));
    assert!(!by_third.iter().any(|left| left.main_type == "application"));
    assert_eq!(left_out(2, "l").len(), TYPES.len());
    assert_eq!(left_out(0, "tcp_local").len(), TYPES.len() - 1);
}

#[test]
fn thousands_of_entries_above_are_gone_through_once() {
    let text: String = (0..5000)
        .map(|i| format!("in-chan=tcp_{i}*; in-type=text; in-subtype=*{i}; command=\"x\"\n"))
        .collect();
    let conversions = read(&(text + "in-type=*; command=\"x\"\n"));
    let start = processor_time();
    assert_eq!(conversions.earlier(5000).len(), 5000);
    assert_eq!(conversions.left_out(5000, "tcp_local", "l", &Mappings::default()), []);
    let took = processor_time() - start;
    assert!(took < std::time::Duration::from_secs(20), "{took:?}");
}
