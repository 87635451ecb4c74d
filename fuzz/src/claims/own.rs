//! Our own files: configuration, templates, log.

use std::time::Duration;

use convscan::testing::config::{Config, EngineKind};
use convscan::testing::notice::{Field, Template};
use convscan::testing::policy::{Action, Ruling};
use convscan::testing::record::{EngineRecord, Record, Steps, millis};
use convscan::testing::verdict::{ErrorKind, Weight};

use super::{in_place, printable};

/// No configuration, sound or not, lets through what our own failures touch; a
/// sound one can acquit.
pub fn config(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let parsed = Config::parse("/etc/convscan/convscan.toml", &text);
    in_place(&text, &parsed.faults);
    let places = |i: usize| (parsed.faults[i].line, parsed.faults[i].column);
    assert!(parsed.faults.len() <= 101);
    assert!((1..parsed.faults.len().min(100)).all(|i| places(i - 1) <= places(i)), "faults out of order");
    let config = &parsed.config;
    let policy = &config.policy;
    for ((kind, _), action) in ErrorKind::NAMES.iter().zip(policy.error) {
        assert!(Action::NOT_SCANNED.contains(&action));
        assert!(!kind.is_ours() || action != Action::Pass, "{kind:?} is let through");
    }
    assert!(Action::INFECTED.contains(&policy.infected));
    assert!(policy.unscannable.iter().all(|ruling| match ruling {
        Ruling::Act(action) => Action::NOT_SCANNED.contains(action),
        Ruling::Convict => true,
    }));
    assert!(matches!(policy.without_options, Action::Defer | Action::Replace));
    assert!(config.notice.description.is_ascii());
    printable(&config.notice.description, 60);
    for engine in &config.engines {
        printable(&engine.name, 60);
    }
    if !parsed.faults.is_empty() {
        return;
    }
    assert!(config.engines.iter().any(|engine| engine.weight == Weight::Acquits));
    for (i, engine) in config.engines.iter().enumerate() {
        assert!(config.engines[..i].iter().all(|other| other.name != engine.name), "one name twice");
        assert!(config.state.is_some() || !matches!(engine.kind, EngineKind::Command(_)));
    }
}

/// A notice is text whatever is put in; a brace that is doubled is a brace.
pub fn notice(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    match Template::parse("notice", &text) {
        Ok(template) => {
            let out = template.render(|_: Field| format!("{text}\u{202e}\x1b[2J\r\n.\r\n"));
            assert!(out.ends_with('\n'));
            let odd = |c: char| c.is_control() && !matches!(c, '\n' | '\t');
            assert!(!out.contains(odd), "{out:?}");
            // What is put in begins no line.
            assert_eq!(out.trim_end_matches('\n').matches('\n').count(), lines_of(&text), "{out:?}");
        }
        Err(faults) => {
            assert!(!faults.is_empty());
            in_place(&text, &faults);
        }
    }
    let plain = text.replace(|c: char| c.is_control() && c != '\n', "?");
    let doubled = plain.replace('{', "{{").replace('}', "}}");
    match Template::parse("notice", &doubled) {
        Ok(template) => {
            let out = template.render(|_| unreachable!("no field in {doubled:?}"));
            assert_eq!(out.trim_end_matches('\n'), plain.trim_end_matches('\n'));
        }
        Err(faults) => assert!(plain.trim().is_empty(), "{faults:?}"),
    }
}

/// Line ends in a template before its last line with anything on it. A field at
/// the end may come to nothing, so the count is of what the rendering keeps.
fn lines_of(text: &str) -> usize {
    text.replace('\r', "").trim_end_matches('\n').matches('\n').count()
}

/// A line of the log is one line, and reads back as what was written.
pub fn record(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    if let Ok(record) = Record::from_line(&text) {
        again(&record);
    }
    let mut pieces = text.split('\n').map(str::to_owned);
    let mut next = || pieces.next().unwrap_or_default();
    let took = data.iter().fold(0, |sum: u64, byte| sum.wrapping_mul(31).wrapping_add(u64::from(*byte)));
    let ms = millis(Duration::from_micros(took % 1_000_000_000_000));
    let record = Record {
        time: next(),
        reference: next(),
        verdict: next(),
        threats: vec![next(), next()],
        reason: Some(next()),
        names: vec![next()],
        size: Some(took),
        engines: vec![EngineRecord {
            address: Some(next()),
            name: next(),
            version: Some(next()),
            verdict: next(),
            remembered: took % 2 == 1,
            inside: Some(next()),
            file: Some(next()),
            ms,
        }],
        ms: Steps { start: ms, total: ms, ..Steps::default() },
        ..Record::default()
    };
    assert_eq!(again(&record), record);
}

fn again(record: &Record) -> Record {
    let line = record.to_line();
    assert!(line.ends_with('\n') && line.len() > 1);
    assert!(!line.trim_end_matches('\n').contains(|c: char| c < ' '), "{line:?}");
    let read = Record::from_line(&line).expect("our own line");
    let names = |record: &Record| record.engines.iter().map(|engine| engine.name.clone()).collect::<Vec<_>>();
    assert_eq!(names(&read), names(record));
    // The last digit of a number that somebody else wrote may differ.
    let unmeasured = |record: &Record| {
        let mut record = Record { ms: Steps::default(), ..record.clone() };
        record.engines.iter_mut().for_each(|engine| engine.ms = 0.0);
        record
    };
    assert_eq!(unmeasured(&read), unmeasured(record));
    // An older program passes over what a newer one adds.
    let newer = line.replacen('{', "{\"new-key\":[1,{}],", 1);
    assert_eq!(unmeasured(&Record::from_line(&newer).expect("an unknown key")), unmeasured(record));
    read
}
