//! The mail server's files, and headers.

use convscan::testing::mail::{ambiguity, field as reader, parameter};
use convscan::testing::mta::conversions::{
    Action, Conversions, Entry, PartFacts, PartParameter, Reason, Resolved, SymbolReading,
};
use convscan::testing::mta::mappings::{Mappings, Outcome};

use super::{bounded, has, printable, word};

/// Entries, tables and probes that are tried of one file: a probe may take
/// milliseconds by design.
const TRIED: usize = 6;

fn part(value: &[u8]) -> PartFacts {
    let parameter = |name: &[u8]| PartParameter { name: name.to_vec(), value: value.to_vec() };
    PartFacts {
        in_channel: b"tcp_local".to_vec(),
        out_channel: b"ims-ms".to_vec(),
        tags: vec![b"tag".to_vec()],
        main_type: b"application".to_vec(),
        subtype: value.to_vec(),
        parameters: vec![parameter(b"name"), parameter(b"charset")],
        dparameters: vec![parameter(b"filename")],
        ..PartFacts::default()
    }
}

/// Values stand where they say, within their entry, and that behind the one before.
fn places(text: &str, entry: &Entry, behind: usize) {
    let whole = text.get(entry.span.clone()).expect("an entry's place");
    assert!(!whole.is_empty() && entry.span.start >= behind, "{:?} after {behind}", entry.span);
    let commands = match &entry.action {
        Action::Command(value) | Action::Service(value) => Some(value),
        Action::Nothing | Action::Delete | Action::Relabel => None,
    };
    let qualifiers = entry.qualifiers.iter().map(|(_, value)| value);
    let flags = entry.passing.flags.iter().map(|(_, value)| value);
    let unknown = entry.unknown.iter().map(|(_, value)| value);
    for value in qualifiers.chain(flags).chain(unknown).chain(commands) {
        let written = text.get(value.span.clone()).expect("a value's place");
        let inside = entry.span.start <= value.span.start && value.span.end <= entry.span.end;
        assert!(inside || written.is_empty(), "{:?} is not in {:?}", value.span, entry.span);
        assert!(written == value.text || written.contains(['"', '\\']), "{written:?}: {:?}", value.text);
    }
}

/// A part falls to the first entry that nothing speaks against, and no value
/// brings a quote or a control character into a command.
pub fn conversions(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let (conversions, faults) = Conversions::parse("conversions", &text);
    bounded(&text, &faults);
    let (mappings, _) = Mappings::parse("mappings", &text);
    let facts = part(b"zq'qz\n\x1b\0");
    let choice = conversions.choose(&facts, &mappings);
    let tried = choice.matched.map_or(conversions.entries.len(), |(index, _)| index);
    assert!(choice.passed.iter().map(|passed| passed.index).eq(0..tried), "entries out of order");
    for passed in &choice.passed {
        if let Reason::Differs { name, pattern, value } = &passed.reason {
            printable(name, 60);
            printable(pattern, 200);
            value.iter().for_each(|value| printable(value, 200));
        }
    }
    let lines = text.split('\n').count();
    let (mut last, mut behind) = (1, 0);
    for entry in &conversions.entries {
        assert!((last..=lines).contains(&entry.line), "entry at line {}", entry.line);
        last = entry.line;
        places(&text, entry, behind);
        behind = entry.span.end;
    }
    for entry in conversions.entries.iter().take(TRIED) {
        for reading in [SymbolReading::ByName, SymbolReading::ByPosition] {
            let mut symbols = facts.symbols();
            symbols.extend(entry.symbols(&facts.parameters, &facts.dparameters, reading));
            let line = entry.command_line(&symbols, &mappings);
            assert_eq!(line.is_some(), matches!(entry.action, Action::Command(_)));
            let (Action::Command(command), Some(Resolved::Text(line))) = (&entry.action, line) else {
                continue;
            };
            let own = command.text.as_bytes();
            assert!(has(own, b"zq") || !has(&line, b"zq'qz"), "a quote gets through: {command:?}");
            // A mapping table's answer is the administrator's own text.
            if command.call_out().is_none() && !own.iter().any(u8::is_ascii_control) {
                assert!(!line.iter().any(u8::is_ascii_control), "a control gets through: {command:?}");
            }
        }
    }
}

/// Tables and entries stand where they say, and a route that is not understood
/// is a doubt.
pub fn mappings(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let (mappings, faults) = Mappings::parse("mappings", &text);
    bounded(&text, &faults);
    columns(&mappings);
    let lines = text.split('\n').count();
    for table in mappings.tables() {
        assert_eq!(mappings.sources().line(table.name.span), table.place.line);
        for entry in &table.entries {
            assert!((table.place.line..=lines).contains(&entry.place.line));
        }
    }
    for table in mappings.tables().iter().take(TRIED) {
        for input in ["IN-CHAN=tcp_local;OUT-CHAN=ims-ms;CONVERT", "", "a\u{e9}$*%\\"] {
            let Some(hit) = table.probe(input) else { continue };
            assert!(table.entries.iter().any(|entry| entry.place == hit.place));
            if let Outcome::CannotTell(why) = hit.outcome {
                assert!(!why.is_empty());
            }
        }
    }
    for tags in [None, Some("tag")] {
        let route = mappings.conversion("tcp_local", "ims-ms", tags);
        assert!(!route.convert || (!route.channel.is_empty() && route.matched.is_some()));
        route.answer.iter().for_each(|answer| printable(answer, 400));
        route.doubt.iter().for_each(|doubt| printable(doubt, 1000));
    }
    let mut asked = 0;
    let (with, faults) = Mappings::parse_with("mappings", &text, &mut |_| {
        asked += 1;
        (asked <= 4).then(|| text.to_string())
    });
    assert!(faults.len() <= 101 * 5);
    columns(&with);
    if mappings.sources().includes().is_empty() {
        assert_eq!(with, mappings);
    }
}

/// Names, patterns and templates are what stands at their places; an answer that
/// is said to be the same for every message has a channel.
fn columns(mappings: &Mappings) {
    for table in mappings.tables() {
        word(mappings.sources(), &table.name);
        for entry in &table.entries {
            word(mappings.sources(), &entry.pattern);
            word(mappings.sources(), &entry.template);
        }
    }
    for answer in mappings.constant_answers() {
        assert!(!answer.channel.is_empty() && !answer.entry.template.text.is_empty());
    }
}

/// Header fields come as one line, names are printable, and a parameter reads
/// back as it was written in each of the ways to write one.
pub fn header(data: &[u8]) {
    for name in ["Subject", "Content-Type", "content-disposition", "From", "", ":", "\u{e9}"] {
        if let Some(value) = reader::field(data, name) {
            assert!(!value.contains(&b'\n'), "{name}");
        }
        printable(&reader::decoded(data, name), 200);
    }
    printable(&reader::decode_words(data), 200);
    let names = reader::file_names(data);
    for (i, name) in names.iter().enumerate() {
        assert!(!name.is_empty() && !names[..i].contains(name));
        assert!(name.chars().count() <= 4096);
    }
    for name in ["name", "filename", "boundary", ""] {
        let values = parameter::parameters(data, name);
        assert!(values.iter().enumerate().all(|(i, value)| !values[..i].contains(value)));
    }
    let ambiguities = ambiguity::ambiguities(data);
    assert!(ambiguities.iter().enumerate().all(|(i, found)| !ambiguities[..i].contains(found)));
    let twice = [data, b"\nContent-Type: a/b; boundary=c; boundary*=d\nContent-Type: a/b\n"].concat();
    assert!(ambiguity::ambiguities(&twice).len() >= 2);
    let main = parameter::main_value(data);
    assert!(!main.contains(&b';') && main.trim_ascii() == main);
    for (name, _) in parameter::all(data) {
        assert!(!name.contains(&b'=') && name.trim_ascii() == name);
    }
    written(data);
}

fn written(value: &[u8]) {
    let mut quoted = b"attachment; x=\"a;b\"; filename=\"".to_vec();
    let mut percent = b"attachment; filename*=utf-8''".to_vec();
    let mut pieces = b"attachment".to_vec();
    for (i, byte) in value.iter().enumerate() {
        if matches!(byte, b'"' | b'\\') {
            quoted.push(b'\\');
        }
        quoted.push(*byte);
        let hex = format!("%{byte:02X}");
        percent.extend_from_slice(hex.as_bytes());
        if i % 40 == 0 {
            let charset = if i == 0 { "utf-8''" } else { "" };
            pieces.extend_from_slice(format!("; FileName*{}*={charset}", i / 40).as_bytes());
        }
        pieces.extend_from_slice(hex.as_bytes());
    }
    quoted.extend_from_slice(b"\"; y=z");
    // Mail programs may read other things out of it, too.
    assert!(parameter::parameters(&quoted, "filename").iter().any(|read| read == value), "quoted");
    let all = parameter::all(&quoted);
    assert_eq!(all.iter().map(|(name, _)| &name[..]).collect::<Vec<_>>(), [&b"x"[..], b"filename", b"y"]);
    if str::from_utf8(value).is_ok() && !value.is_empty() {
        assert!(parameter::parameters(&percent, "filename").iter().any(|read| read == value), "percent");
        if value.len() <= 4000 {
            assert!(parameter::parameters(&pieces, "filename").iter().any(|read| read == value), "pieces");
        }
    }
}
