//! Tables read, probed, and the way of a message: tables.

use super::*;
use crate::diagnostic::Severity;
use crate::mta::source::Include;

fn table(entries: &[(&str, &str)]) -> Table {
    let mut text = "T\n\n".to_owned();
    for (pattern, template) in entries {
        text.push_str(&format!(" {pattern} {template}\n"));
    }
    let (mappings, faults) = Mappings::parse("mappings", &text);
    assert_eq!(faults, [], "{text}");
    mappings.table("t").unwrap().clone()
}

fn answer(entries: &[(&str, &str)], input: &str) -> Option<String> {
    match table(entries).probe(input)?.outcome {
        Outcome::Answer(text) => Some(text),
        Outcome::CannotTell(why) => Some(format!("? {why}")),
    }
}

fn faults(text: &str) -> Vec<String> {
    let (_, faults) = Mappings::parse("m", text);
    faults
        .iter()
        .map(|fault| {
            let kind = if fault.severity == Severity::Error { "E" } else { "W" };
            format!("{kind}{}:{} {}", fault.line, fault.column, fault.message)
        })
        .collect()
}

#[test]
fn patterns_match_and_capture() {
    let table = [
        ("a*c", "$0", "abbc", Some("bb")),
        ("A%C", "$0", "axc", Some("x")),
        ("a%c", "$0", "ac", None),
        ("*.*", "$0|$1", "a.b.c", Some("a.b|c")),
        ("$_*.*", "$0|$1", "a.b.c", Some("a|b.c")),
        ("*$_*x", "$0|$1", "aax", Some("aa|")),
        ("$@*.*", "$0", "a.b", Some("b")),
        ("$D*$A*", "$0|$1", "12ab", Some("12|ab")),
        ("$D*", "$0", "12ab", None),
        ("$H%$O%$B%", "$0$1$2", "f71", Some("f71")),
        ("$S*", "$0", "a_$1", Some("a_$1")),
        ("a$T*b", "x", "a \tb", Some("x")),
        ("$[abc]*z", "$0", "cabz", Some("cab")),
        ("$[a-f]%z", "$0", "Ez", Some("E")),
        ("$[a-f]%z", "$0", "gz", None),
        ("*|$0*", "$0", "ab|AB", Some("ab")),
        ("*|$0*", "$0", "ab|abc", None),
        ("a$*b", "x", "a*b", Some("x")),
        ("a$*b", "x", "axb", None),
        ("a$$", "x$$y", "a$", Some("x$y")),
        ("a$ b", "x$ y", "a b", Some("x y")),
        ("a", "$\\AbC$^dE$_Fg", "a", Some("abcDEFg")),
        ("*", "$9", "a", Some("")),
    ];
    for (pattern, template, input, expected) in table {
        assert_eq!(answer(&[(pattern, template)], input).as_deref(), expected, "{pattern} {input}");
    }
}

#[test]
fn the_first_entry_that_fits_decides_and_sets_flags() {
    let table = table(&[("a*", "$Nno"), ("*", "$y$Yyes"), ("ab", "never")]);
    let hit = table.probe("xb").unwrap();
    assert_eq!((hit.place.line, hit.flags.as_slice()), (4, &['Y'][..]));
    assert_eq!(table.probe("ab").unwrap().place.line, 3);
    assert_eq!(probe::scan(&table.entries, "xb").tried, [0]);
}

#[test]
fn flow_goes_on_round_and_ends() {
    let doubling = "x".repeat(40);
    type Case<'a> = (&'a [(&'a str, &'a str)], &'a str, Option<&'a str>);
    let table: [Case; 8] = [
        (&[("a", "$Cb"), ("b", "c")], "a", Some("c")),
        (&[("a", "$Cb"), ("x", "c")], "a", Some("b")),
        (&[("a", "$Eb"), ("b", "c")], "a", Some("b")),
        (&[("b", "c"), ("a", "$Rb")], "a", Some("c")),
        (&[("b", "c"), ("a", "$Lb")], "a", Some("c")),
        (&[("*", "$Rx")], "a", Some("? the table goes round more than 10 times")),
        (&[("*", "$Lx")], "a", Some("? the table goes round more than 10 times")),
        (
            &[("*", "$R$0$0$0$0$0$0$0$0")],
            &doubling,
            Some("? the template gives more text than the MTA can take"),
        ),
    ];
    for (entries, input, expected) in table {
        assert_eq!(answer(entries, input).as_deref(), expected, "{entries:?}");
    }
}

#[test]
fn what_lies_outside_the_file_is_not_emulated() {
    for template in
        ["$[lib,routine,x]", "${db}", "$]ldap:///$0[", "$|other;$0|", "$#file#", "$?50?yes", "$:Aa"]
    {
        let found = answer(&[("*", template)], "x").unwrap();
        assert!(found.starts_with("? the template "), "{template}: {found}");
    }
    assert_eq!(answer(&[("$<1.2.3.4>x", "y")], "1.2.3.4x").unwrap(), "? the pattern compares IP addresses");
    assert_eq!(answer(&[("$(1.2.3.4/8)x", "y")], "1.2.3.4z"), None);
    assert!(answer(&[("$(1.2.3.4/8)%$0*", "y")], "1xy").unwrap().starts_with('?'));
}

#[test]
fn patterns_made_to_backtrack_end() {
    let pattern = format!("{}b", "*a".repeat(100));
    assert_eq!(answer(&[(&pattern, "x")], &"a".repeat(2000)), None);
    let back = format!("*{}b", "*$0*".repeat(30));
    let found = answer(&[(&back, "x")], &"a".repeat(300));
    assert_eq!(found.as_deref(), Some("? the patterns take too many steps"));
}

#[test]
fn the_form_of_the_file() {
    let long = "x".repeat(253);
    let table: [(&str, &[&str]); 22] = [
        ("! c\nT\n\n a b\n! c\n\tc d\n\nU\n\n e f\n", &[]),
        ("T\n\n a\\\n b c\n", &["W4:3 a blank in the template"]),
        ("T\n\n a \\\n  b\n", &[]),
        ("T\r\n\r\n a b\r\n", &[]),
        ("T\n a b\n c d\n", &["W2:1 no blank line after the name of table `T`"]),
        ("T\n\n a b\nU\n\n c d\n", &["W4:1 no blank line before table `U`"]),
        ("T\n\n a b\n\n c d\n e f\n", &["E5:1 a blank line above, inside table `T`"]),
        (
            "T\n\n a b\n\n U\n\n c d\n",
            &["E5:1 a blank before the name of table `U`", "E7:1 a blank line above, inside table `T`"],
        ),
        (" U\n", &["E1:1 a blank before the name of table `U`"]),
        (" a b\n", &["E1:1 an entry before any table"]),
        ("T\n\n a\n", &["E3:2 an entry without a template"]),
        ("T\n\n a b c\n", &["W3:5 a blank in the template"]),
        ("T\n\n a b$ c\n", &[]),
        ("T\n\n a b$ \n", &[]),
        ("T\n\n a$ b c\n", &[]),
        ("T\n\nt\n\n a b\n", &["E3:1 another table `t`"]),
        ("T\n\nIN-CHAN=*;CONVERT Yes\n", &["E3:1 neither a table's name nor an entry"]),
        ("\u{e9}T\n", &["E1:1 neither a table's name nor an entry"]),
        (
            "T\n\n a$[x b\n c $[x\n d e$\n",
            &[
                "E3:2 `$[` without `]%` or `]*` behind it",
                "E4:4 a call-out without its end",
                "E5:4 a lone `$` at the end of the template",
            ],
        ),
        ("<\n", &["E1:2 no file is named"]),
        ("T\n\n a b\\", &["E3:5 nothing follows the `\\` at the end of the line"]),
        ("", &[]),
    ];
    for (text, expected) in table {
        assert_eq!(faults(text), expected, "{text:?}");
    }
    assert_eq!(faults(&format!("T\n\n {long} b\n")), ["W3:2 pattern of 253 characters"]);
    assert_eq!(faults(&format!("T\n\n a {long}\n")), ["W3:4 template of 253 characters"]);
    let longest = "x".repeat(4096);
    assert_eq!(faults(&format!("T\n\n a {longest}\n")).len(), 2);
}

#[test]
fn included_files_are_read_in_place_and_no_deeper_than_three() {
    let text = "T\n\n a b\n</one\n c d\n";
    let mut source = |include: &Include| match include.path.as_str() {
        "/one" => Some(" one 1\n</two\n".to_owned()),
        "/two" => Some(" two 2\n".to_owned()),
        _ => None,
    };
    let (mappings, found) = Mappings::parse_with("m", text, &mut source);
    assert_eq!(found, []);
    let table = mappings.table("T").unwrap();
    let patterns: Vec<_> = table.entries.iter().map(|entry| entry.pattern.text.as_str()).collect();
    assert_eq!(patterns, ["a", "one", "two", "c"]);
    assert_eq!(table.probe("two").unwrap().place, Place { path: "/two".into(), line: 1 });
    assert_eq!(mappings.sources().includes().len(), 2);

    let (mappings, found) = Mappings::parse("m", text);
    let include = &mappings.sources().includes()[0];
    assert_eq!((found.len(), mappings.sources().line(include.span)), (0, 4));

    let (_, found) = Mappings::parse_with("m", "</self\n", &mut |_| Some("</self\n".repeat(100)));
    assert!(found.len() <= 201, "{}", found.len());
    assert!(found[200].message.contains("more faults here and in included files"), "{}", found[200]);
    assert!(found.iter().any(|fault| fault.message == "files include files more than 3 deep"));
    let (_, found) = Mappings::parse_with("m", "<x\n", &mut |_| None);
    let said: Vec<_> = found.iter().map(|fault| (fault.message.as_str(), fault.rule)).collect();
    assert_eq!(said, [("`x` is not a full path", Some("include")), ("cannot read `x`", Some("include"))]);
}

#[test]
fn names_patterns_and_templates_have_their_places() {
    let text = "! c\nT\r\n\r\n\ta$ b  c \r\n d\\\n! c\ne \\\n\u{e9}$ \n</one\n f\n";
    let one = "U\n\n\n g h\n";
    let (mappings, found) = Mappings::parse_with("m", text, &mut |_| Some(one.to_owned()));
    assert_eq!(found.len(), 2, "{found:?}");
    let words = mappings.tables().iter().flat_map(|table| {
        let entries = table.entries.iter().flat_map(|entry| [&entry.pattern, &entry.template]);
        std::iter::once(&table.name).chain(entries)
    });
    let words: Vec<_> = words.map(|word| (word.text.as_str(), mappings.sources().text(word.span))).collect();
    let expected = [
        ("T", "T"),
        ("a$ b", "a$ b"),
        ("c", "c"),
        ("de", "d\\\n! c\ne"),
        ("\u{e9}$ ", "\u{e9}$ "),
        ("U", "U"),
        ("g", "g"),
        ("h", "h"),
        ("f", "f"),
        ("", ""),
    ];
    assert_eq!(words, expected);
    let entry = &mappings.table("u").unwrap().entries[0];
    assert_eq!(mappings.complaint(entry.template.span, "odd").one_line(), "/one:4:4: odd");
}

#[test]
fn answers_that_are_the_same_for_every_message() {
    let table: [(&str, Option<(bool, &str)>); 9] = [
        ("Yes", Some((true, "conversion"))),
        ("yes,Channel=Two", Some((true, "Two"))),
        ("Channel=two", Some((true, "two"))),
        ("No", Some((false, "conversion"))),
        ("Yes,No", Some((false, "conversion"))),
        ("Preprocess", Some((false, "conversion"))),
        ("Yes,Channel=$0", None),
        ("$CYes", None),
        ("", None),
    ];
    let lines: String = table.iter().map(|(template, _)| format!(" * {template}\n")).collect();
    let (mappings, _) = Mappings::parse("m", &format!("T\n\n * Yes\n\nconversions\n\n{lines}"));
    let found: Vec<_> = mappings.constant_answers().collect();
    let expected: Vec<_> =
        table.iter().filter_map(|(template, answer)| Some((*template, (*answer)?))).collect();
    assert_eq!(found.len(), expected.len());
    for (found, (template, answer)) in found.iter().zip(expected) {
        assert_eq!(found.entry.template.text, template);
        assert_eq!((found.convert, found.channel.as_str()), answer, "{template}");
    }
}

#[test]
fn the_answer_of_the_conversions_table_is_obeyed() {
    let table = [
        ("Yes", true, "conversion", false, false),
        ("yes,channel=conversion_2", true, "conversion_2", false, false),
        ("Channel=script", true, "script", false, false),
        ("YES,Preprocess", true, "conversion", true, false),
        ("No", false, "conversion", false, false),
        ("Yes,No", false, "conversion", false, true),
        ("Yse", false, "conversion", false, true),
        ("Yes,Fast", true, "conversion", false, true),
        ("$Y", false, "conversion", false, true),
        ("${db}", false, "conversion", false, true),
    ];
    for (template, convert, channel, preprocess, doubt) in table {
        let text = format!("CONVERSIONS\n\n IN-CHAN=x;*;CONVERT No\n *;OUT-CHAN=b;CONVERT {template}\n");
        let (mappings, _) = Mappings::parse("m", &text);
        let route = mappings.conversion("a", "b", None);
        let found = (route.convert, route.channel.as_str(), route.preprocess, route.doubt.is_some());
        assert_eq!(found, (convert, channel, preprocess, doubt), "{template}");
        assert_eq!(route.probe, "IN-CHAN=a;OUT-CHAN=b;CONVERT");
        assert_eq!(route.matched.unwrap().line, 4);
        assert_eq!(route.tried[0].line, 3);
    }
    let route = Mappings::default().conversion("a", "b", Some("t,u"));
    assert_eq!((route.convert, route.matched, route.doubt), (false, None, None));
    assert_eq!(route.probe, "IN-CHAN=a;OUT-CHAN=b;TAG=t,u;CONVERT");
}

#[test]
fn answers_of_the_conversions_table_are_checked() {
    let table: [(&str, &[&str]); 9] = [
        ("Yes", &[]),
        ("$0", &[]),
        ("No,Preprocess", &[]),
        ("Yse", &["E3:4 unknown word in the answer: `Yse`"]),
        ("Yes,Fast", &["W3:4 unknown word in the answer: `Fast`"]),
        ("Yes,Channel=", &["W3:4 unknown word in the answer: `Channel=`"]),
        ("$Y", &["E3:4 the answer says neither `Yes` nor `No`"]),
        ("Preprocess", &["E3:4 the answer says neither `Yes` nor `No`"]),
        ("Yes,No", &[]),
    ];
    for (template, expected) in table {
        let found = faults(&format!("CONVERSIONS\n\n * {template}\n"));
        if template == "Yes,No" {
            assert_eq!(found, ["E3:4 the answer says both yes and no"]);
        } else {
            assert_eq!(found, expected, "{template}");
        }
    }
    let (_, found) = Mappings::parse("m", "CONVERSIONS\n\n * Yess\n");
    assert!(found[0].hint.as_ref().unwrap().starts_with("did you mean `yes`?"), "{found:?}");
}
