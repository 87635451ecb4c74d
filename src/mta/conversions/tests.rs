//! Entries read, chosen, and their commands filled in: tables.

use super::*;
use crate::diagnostic::Severity;
use crate::mta::mappings::Mappings;

fn faults(text: &str) -> Vec<String> {
    let (_, faults) = Conversions::parse("c", text);
    faults
        .iter()
        .map(|fault| {
            let kind = if fault.severity == Severity::Error { "E" } else { "W" };
            format!("{kind}{}:{} {}", fault.line, fault.column, fault.message)
        })
        .collect()
}

fn sound(text: &str) -> Conversions {
    let (conversions, faults) = Conversions::parse("c", text);
    assert_eq!(faults, [], "{text}");
    conversions
}

fn mappings(text: &str) -> Mappings {
    let (mappings, faults) = Mappings::parse("m", text);
    assert_eq!(faults, []);
    mappings
}

fn facts() -> PartFacts {
    let parameter = |name: &str, value: &str| PartParameter { name: name.into(), value: value.into() };
    PartFacts {
        in_channel: b"tcp_local".to_vec(),
        out_channel: b"ims-ms".to_vec(),
        tags: vec![b"one".to_vec(), b"Two".to_vec()],
        main_type: b"Application".to_vec(),
        subtype: b"msword".to_vec(),
        parameters: vec![parameter("charset", "x"), parameter("Name", "a b.doc")],
        disposition: b"attachment".to_vec(),
        dparameters: vec![parameter("filename", "a'b.doc")],
        subject: b"Hello".to_vec(),
        encoding: b"base64".to_vec(),
        part_number: b"1.2".to_vec(),
        attachment_number: b"2".to_vec(),
        ..PartFacts::default()
    }
}

/// The manual's own example, clause by clause.
const FULL: &str = r#"! a comment
in-channel=*; in-type=*; in-subtype=*;
  parameter-symbol-0=NAME; parameter-copy-0=*;
! within an entry
  dparameter-symbol-0=FILENAME; dparameter-copy-0=*;
  message-header-file=2; original-header-file=1;
  override-header-file=1; override-option-file=1;
  command="/x/scan \"a;b\" 'INPUT_FILE' \
$OUTPUT_FILE"

OUT-CHAN=l; IN-TYPE=text; IN-PARAMETER-NAME-0=name; in-parameter-value-0="*.ps";
  in-parameter-default-0=x; out-type=application; out-mode=BLOCK;
  out-parameter-name-1=y; out-parameter-value-1="'T:\\'INPUT_SUBTYPE\\''"; delete=1;
"#;

#[test]
fn every_kind_of_clause_reaches_its_field() {
    let conversions = sound(FULL);
    let [first, second] = conversions.entries.as_slice() else { panic!("{conversions:#?}") };
    assert_eq!((first.line, second.line), (2, 11));
    assert_eq!(first.passing.message_header, MessageHeader::Outermost);
    assert!(first.passing.original_header && first.passing.override_header && first.passing.override_option);
    assert_eq!(first.passing.symbols.len(), 2);
    assert_eq!(first.outputs.copies[1].section, Section::Disposition);
    let Action::Command(command) = &first.action else { panic!() };
    assert_eq!(command.text, "/x/scan \"a;b\" 'INPUT_FILE' $OUTPUT_FILE");
    assert_eq!(command.line, 8);
    assert_eq!(second.action, Action::Delete);
    let asked = &second.in_parameters[0];
    assert_eq!(asked.value.as_ref().unwrap().text, "*.ps");
    assert_eq!(asked.default.as_ref().unwrap().text, "x");
    let set = second.outputs.parameters[0].value.as_ref().unwrap();
    assert_eq!(set.text, r"'T:\'INPUT_SUBTYPE\''");
    assert_eq!(set.call_out().unwrap(), ("T".to_owned(), "'INPUT_SUBTYPE'".to_owned()));
    assert_eq!(second.outputs.fields.len(), 2);
}

#[test]
fn entries_values_and_flags_have_their_places() {
    let conversions = sound(FULL);
    let [first, second] = conversions.entries.as_slice() else { panic!("{conversions:#?}") };
    let at = |span: &Range<usize>| conversions.text.get(span.clone()).unwrap();
    let (above, below) = FULL.split_once("\n\n").unwrap();
    assert_eq!(at(&first.span), above.split_once('\n').unwrap().1);
    assert_eq!(at(&second.span), below.trim_end());
    let Action::Command(command) = &first.action else { panic!() };
    assert_eq!(at(&command.span), "\"/x/scan \\\"a;b\\\" 'INPUT_FILE' \\\n$OUTPUT_FILE\"");
    let flags = [
        (Flag::MessageHeader, "2"),
        (Flag::OriginalHeader, "1"),
        (Flag::OverrideHeader, "1"),
        (Flag::OverrideOption, "1"),
    ];
    for (flag, value) in flags {
        assert_eq!(at(&first.passing.clause(flag).unwrap().span), value, "{flag:?}");
        assert_eq!(second.passing.clause(flag), None, "{flag:?}");
    }
    let complaint =
        conversions.complaint(first.passing.clause(Flag::OverrideOption).unwrap().span.clone(), "x");
    assert_eq!((complaint.line, complaint.column), (7, 48));
}

#[test]
fn what_a_value_takes_up_is_what_is_written() {
    let table: [(&str, &[&str]); 9] = [
        ("in-type = * ;delete=1", &["*"]),
        ("in-type=\"*\" ; tag=a\\b", &["\"*\"", "a\\b"]),
        ("in-type=a b \t; tag=x", &["a b", "x"]),
        ("in-type=*; tag=; tag=x", &["*", ""]),
        ("in-type=ab\\\n; tag=x", &["ab", "x"]),
        ("in-type=a\\\r\n b;\r\n tag=\u{e9}\r\n", &["a\\\r\n b", "\u{e9}"]),
        ("in-type=*;\n! comment\n tag=\\\n! comment\nx", &["*", "x"]),
        ("in-type=\"x; tag=y", &["\"x; tag=y"]),
        ("in-type=\"x\" y; tag=z", &["\"x\"", "z"]),
    ];
    for (text, expected) in table {
        let (conversions, _) = Conversions::parse("c", text);
        let [entry] = conversions.entries.as_slice() else { panic!("{text:?}") };
        let values = entry.qualifiers.iter().map(|(_, value)| text.get(value.span.clone()).unwrap());
        assert_eq!(values.collect::<Vec<_>>(), expected, "{text:?}");
        assert_eq!(text.get(entry.span.clone()).unwrap(), text.trim_end_matches(['\r', '\n']), "{text:?}");
    }
}

#[test]
fn where_an_entry_ends() {
    let table = [
        ("in-type=a; delete=1\nin-type=b; delete=1\n", 2),
        ("in-type=a;\n delete=1;\n\nin-type=b;\n delete=1;\n\n\n", 2),
        ("in-type=a;\n! between\n delete=1", 1),
        ("in-type=a;\r\n delete=1\r\n\r\n", 1),
        ("\n\n! nothing\n", 0),
        ("in-type=a; \\\n delete=\\\n1", 1),
    ];
    for (text, entries) in table {
        assert_eq!(sound(text).entries.len(), entries, "{text:?}");
    }
}

#[test]
fn faults_have_their_places() {
    let table: [(&str, &[&str]); 32] = [
        ("in-type=*; comand=x; delete=1", &["W1:12 unknown parameter `comand`"]),
        ("in-type=*; in-parameter-name=x; delete=1", &["E1:12 `in-parameter-name` needs a number"]),
        ("in-type=*; in-subtype-0=x; delete=1", &["E1:12 `in-subtype-0` takes no number"]),
        ("in-subtype=*; delete=1", &["E1:1 an entry without `in-type` never matches"]),
        ("in-type=*; in-subtype=*", &["E1:1 an entry that does nothing"]),
        ("in-type=*; delete=0", &["E1:1 an entry that does nothing"]),
        ("in-type=*; delete=1; command=x", &["E1:22 two actions in one entry"]),
        ("in-type=*; in-chan=a; in-channel=b; delete=1", &["E1:23 `in-channel` is given twice in one entry"]),
        ("in-type=*; tag; delete=1", &["E1:12 no `=` in `tag`"]),
        ("in-type=*; =x; delete=1", &["E1:12 no name before the `=`"]),
        ("in-type=*; tag=; delete=1", &["E1:16 no value behind the `=`"]),
        ("in-type=*;; delete=1", &["W1:11 nothing before the `;`"]),
        (
            "in-type=*; delete=1; command=\"x",
            &["E1:22 two actions in one entry", "E1:30 this `\"` is never closed"],
        ),
        ("in-type=*; command=\"x\" delete=1", &["E1:24 text after the closing `\"`"]),
        ("in-type=* in-subtype=*; delete=1", &["E1:11 another clause without `;` before it"]),
        ("in-type=*; command=a \"b\"", &["E1:22 a `\"` inside a value"]),
        ("in-type=*; command=/x", &["W1:20 `/` in a value without quotes"]),
        ("in-type=*; in-subject=a b; delete=1", &["W1:24 a blank in a value without quotes"]),
        ("in-type=*; command=\u{201D}x y\u{201D}", &["E1:20 typographic quotes"]),
        ("in-type=*; command=\"x \u{2019}INPUT_FILE\u{2019}\"", &["E1:20 typographic quotes"]),
        ("in-type=\"text/html\"; delete=1", &["E1:9 a type with `/` never matches"]),
        ("in-type=*; delete=yes", &["E1:1 an entry that does nothing", "E1:19 neither 0 nor 1"]),
        ("in-type=*; message-header-file=3; delete=1", &["E1:32 neither 0, 1 nor 2"]),
        ("in-type=*; out-mode=binary; delete=1", &["W1:21 unknown mode"]),
        ("in-type=*; parameter-symbol-0=\"A B\"; delete=1", &["E1:31 not the name of a variable"]),
        (
            "in-type=*; parameter-symbol-0=INPUT_FILE; delete=1",
            &["E1:31 a variable that the channel itself sets"],
        ),
        (
            "in-type=*; in-parameter-value-1=x; delete=1",
            &["W1:12 a parameter's value without its name is not compared"],
        ),
        (
            "in-type=*; out-parameter-name-1=x; delete=1",
            &["W1:12 a parameter needs name and value to be set"],
        ),
        ("in-type=*; delete=1; \nin-subtype=x\n", &["W1:21 blanks after the `;` at the end of the line"]),
        (
            "in-type=*; delete=1; \\ \n in-subtype=x\n",
            &["E1:22 blanks after the `\\` at the end of the line"],
        ),
        (
            "in-type=*; delete=1\n  in-subtype=x; tag=y\n",
            &[
                "E1:19 no `;` at the end of the line: the entry ends, and what is below has no `in-type`",
                "E2:3 an entry that does nothing",
            ],
        ),
        (
            "in-type=*; delete=1;\n\n  in-subtype=x; delete=1\n",
            &["E3:3 an entry without `in-type` never matches"],
        ),
    ];
    for (text, expected) in table {
        assert_eq!(faults(text), expected, "{text:?}");
    }
}

#[test]
fn long_lines_are_faults_by_their_length() {
    let line = |length: usize| {
        let rest = "in-type=*; delete=1; tag=";
        format!("{rest}{}", "x".repeat(length - rest.len()))
    };
    assert_eq!(faults(&line(252)), [] as [&str; 0]);
    assert_eq!(faults(&line(253)), ["W1:1 a line of 253 characters; the 6.3 guide allows 252"]);
    assert_eq!(faults(&line(1025)), ["E1:1 a line of 1025 characters; no release reads more than 1024"]);
    assert_eq!(faults(&format!("!{}", "x".repeat(2000))), [] as [&str; 0]);
}

#[test]
fn hints_say_how_to_mend_it() {
    let hint = |text: &str| Conversions::parse("c", text).1.into_iter().next().unwrap().hint.unwrap();
    assert!(hint("in-type=*; comand=x; delete=1").starts_with("did you mean `COMMAND`?"));
    assert!(hint("in-type=*; delete=1;\n\ntag=x; delete=1").contains("remove the blank line above"));
    assert!(hint("in-type=* in-subtype=*; delete=1").contains("put `;` before it"));
}

#[test]
fn all_qualifiers_of_an_entry_must_match() {
    let table = [
        ("in-type=application", None),
        ("in-type=APPLICATION; in-subtype=ms*", None),
        ("in-type=text", Some(("IN-TYPE", "text", Some("Application")))),
        ("in-type=*; in-chan=tcp_%ocal", None),
        ("in-type=*; in-channel=l", Some(("IN-CHAN", "l", Some("tcp_local")))),
        ("in-type=*; out-channel=ims-ms", None),
        ("in-type=*; tag=two", None),
        ("in-type=*; tag=three", Some(("TAG", "three", Some("one,Two")))),
        ("in-type=*; in-subject=h*o", None),
        ("in-type=*; in-description=*", None),
        ("in-type=*; in-description=%*", Some(("IN-DESCRIPTION", "%*", Some("")))),
        ("in-type=*; in-encoding=base64; part-number=1.*; attachment-number=2", None),
        ("in-type=*; in-disposition=inline", Some(("IN-DISPOSITION", "inline", Some("attachment")))),
        ("in-type=*; in-parameter-name-0=name; in-parameter-value-0=*.doc", None),
        (
            "in-type=*; in-parameter-name-0=name; in-parameter-value-0=*.ps",
            Some(("IN-PARAMETER-VALUE-0", "*.ps", Some("a b.doc"))),
        ),
        ("in-type=*; in-parameter-name-0=zip", Some(("IN-PARAMETER-NAME-0", "zip", None))),
        ("in-type=*; in-parameter-name-0=zip; in-parameter-default-0=x; in-parameter-value-0=x", None),
        ("in-type=*; in-dparameter-name-3=FILENAME; in-dparameter-value-3=a*", None),
        ("in-type=*; in-dparameter-name-3=name", Some(("IN-DPARAMETER-NAME-3", "name", None))),
    ];
    for (text, expected) in table {
        let conversions = sound(&format!("{text}; delete=1"));
        let choice = conversions.choose(&facts(), &Mappings::default());
        let found = choice.passed.first().map(|passed| passed.reason.clone());
        let expected = expected.map(|(name, pattern, value): (&str, &str, Option<&str>)| Reason::Differs {
            name: name.to_owned(),
            pattern: pattern.to_owned(),
            value: value.map(str::to_owned),
        });
        assert_eq!(found, expected, "{text}");
        assert_eq!(choice.matched.is_some(), expected.is_none(), "{text}");
    }
}

#[test]
fn the_first_match_wins_and_the_others_are_explained() {
    let text = "in-type=*; relabel=1\nin-type=*; service-command=x\nin-subtype=*; delete=1\n\
                in-type=text; delete=1\nin-type=*; command=x\nin-type=*; delete=1\n";
    let (conversions, _) = Conversions::parse("c", text);
    let choice = conversions.choose(&facts(), &Mappings::default());
    let (index, entry) = choice.matched.unwrap();
    assert_eq!((index, entry.line), (4, 5));
    let reasons: Vec<_> =
        choice.passed.iter().map(|passed| (passed.index, passed.line, &passed.reason)).collect();
    assert_eq!(reasons[..3], [(0, 1, &Reason::Relabel), (1, 2, &Reason::Service), (2, 3, &Reason::NoType)]);
    assert!(matches!(reasons[3].2, Reason::Differs { .. }));
    assert_eq!(reasons.len(), 4);

    let nobody = PartFacts { tags: Vec::new(), ..facts() };
    let conversions = sound("in-type=*; tag=*; delete=1");
    assert_eq!(conversions.choose(&nobody, &Mappings::default()).matched, None);
}

#[test]
fn call_outs_give_the_value_or_make_the_clause_ignored() {
    let mappings = mappings("TYPES\n\n msword $Yms*\n pdf $Npdf\n png png\n gif ${db}\n");
    let table = [
        (r#""'TYPES:\\'INPUT_SUBTYPE\\''""#, "msword", true, 0),
        (r#""'TYPES:\\'INPUT_SUBTYPE\\''""#, "pdf", true, 0),
        (r#""'TYPES:\\'INPUT_SUBTYPE\\''""#, "png", true, 0),
        (r#""'TYPES:\\'INPUT_SUBTYPE\\''""#, "gif", true, 1),
        (r#""'types:msword'""#, "pdf", false, 0),
        (r#""'NONE:x'""#, "pdf", true, 0),
        (r#""'no call-out'""#, "pdf", false, 0),
    ];
    for (value, subtype, matches, doubts) in table {
        let conversions = sound(&format!("in-type=*; in-subtype={value}; delete=1"));
        let facts = PartFacts { subtype: subtype.into(), ..facts() };
        let choice = conversions.choose(&facts, &mappings);
        assert_eq!((choice.matched.is_some(), choice.doubts.len()), (matches, doubts), "{value} {subtype}");
    }
    let value = Value { text: r"'TYPES:\'INPUT_SUBTYPE\''".to_owned(), ..Value::default() };
    assert_eq!(value.resolved(&facts().symbols(), &mappings), Resolved::Text(b"ms*".to_vec()));
    let value = Value { text: "x 'INPUT_SUBTYPE' 'OTHER'".to_owned(), ..Value::default() };
    assert_eq!(value.resolved(&facts().symbols(), &mappings), Resolved::Text(b"x msword 'OTHER'".to_vec()));
}

#[test]
fn both_readings_of_symbols() {
    let conversions = sound(
        "in-type=*; delete=1; parameter-symbol-1=CHARSET; parameter-symbol-0=NAME;\n dparameter-symbol-0=FILENAME; dparameter-symbol-7=X",
    );
    let symbols = |reading| {
        let found = conversions.entries[0].symbols(&facts().parameters, &facts().dparameters, reading);
        found.iter().map(|(name, value)| format!("{name}={}", value.escape_ascii())).collect::<Vec<_>>()
    };
    assert_eq!(symbols(SymbolReading::ByPosition), ["CHARSET=a b.doc", "NAME=x", "FILENAME=a\\'b.doc"]);
    assert_eq!(symbols(SymbolReading::ByName), ["CHARSET=x", "NAME=a b.doc", "FILENAME=a\\'b.doc"]);
}

#[test]
fn symbols_in_a_command_cannot_break_out() {
    let symbols = [
        ("INPUT_FILE".to_owned(), b"/tmp/a b".to_vec()),
        ("FILENAME".to_owned(), b"x'; $(touch y)\n`z`\"".to_vec()),
    ];
    let table = [
        ("/x 'INPUT_FILE' $OUTPUT_FILE", "/x '/tmp/a b' $OUTPUT_FILE"),
        ("/x 'FILENAME'", "/x 'x'\\''; $(touch y)_`z`\"'"),
        ("/x \"'FILENAME'\"", "/x \"x_____touch_y___z__\""),
        ("sh -c 'x \"'FILENAME'\"'", "sh -c 'x \"x_____touch_y___z__\"'"),
        ("/x $'FILENAME'", "/x $x_____touch_y___z__"),
        ("\"$(x \"'FILENAME'\")\"", "\"$(x \"x_____touch_y___z__\")\""),
        ("x `y 'FILENAME'`", "x `y x_____touch_y___z__`"),
        ("x \\'FILENAME'", "x \\x_____touch_y___z__"),
        ("x \\\" 'INPUT_FILE'", "x \\\" '/tmp/a b'"),
        ("x \\\\'INPUT_FILE'", "x \\\\'/tmp/a b'"),
        ("x 'OUTPUT_FILE' 'other' 'OTHER'", "x '' 'other' 'OTHER'"),
        ("x 'other' 'INPUT_FILE'", "x 'other' '/tmp/a b'"),
    ];
    for (command, expected) in table {
        let value = Value { text: command.to_owned(), ..Value::default() };
        let entry = Entry { action: Action::Command(value), ..Entry::default() };
        let Some(Resolved::Text(line)) = entry.command_line(&symbols, &Mappings::default()) else { panic!() };
        assert_eq!(String::from_utf8(line).unwrap(), expected, "{command}");
    }
    assert_eq!(Entry::default().command_line(&symbols, &Mappings::default()), None);
}

#[test]
fn a_command_from_a_table_gets_harmless_symbols() {
    let mappings = mappings("CMD\n\n * $Y/x$ $0\n");
    let symbols = [("FILENAME".to_owned(), b"a;b".to_vec())];
    let value = Value { text: r"'CMD:\'FILENAME\''".to_owned(), ..Value::default() };
    let entry = Entry { action: Action::Command(value), ..Entry::default() };
    assert_eq!(entry.command_line(&symbols, &mappings), Some(Resolved::Text(b"/x a_b".to_vec())));
}
