//! Messages cut and rebuilt, and what a command's answer does to them.

use std::sync::OnceLock;

use convscan::testing::mail::message::{Change, Changes, Message};
use convscan::testing::play::answer::{Answer, Ending, Outcome, Step, outcome, status};
use convscan::testing::play::reading::{Failure, OptionsAfterFailure, Reading};

/// Every reading that differs in more than how a command is run.
fn readings() -> &'static [Reading] {
    static READINGS: OnceLock<Vec<Reading>> = OnceLock::new();
    READINGS.get_or_init(|| {
        let usual = Reading::default().run();
        Reading::all().into_iter().filter(|reading| reading.run() == usual).collect()
    })
}

const INPUT: &[u8] = b"the part as it came\n";

/// No message is held, returned or thrown away unless the answer or the reading
/// says so; a command that failed changes nothing by default. `data` is options,
/// headers and content with lines `=====` between them.
pub fn answer(data: &[u8]) {
    let mut files = pieces(data).into_iter();
    let mut next = || files.next().map(<[u8]>::to_vec);
    let (options, headers, body) = (next(), next(), next());
    let of = |ending, body: Option<&[u8]>| Answer {
        ending,
        body: body.map(<[u8]>::to_vec),
        headers: headers.clone(),
        options: options.clone(),
    };
    let nameless = options.as_deref().unwrap_or_default().split(|byte| *byte == b'\n').any(|line| {
        let line = line.trim_ascii();
        !line.is_empty() && !line.starts_with(b"!") && !line.contains(&b'=')
    });
    for reading in readings() {
        for body in [body.as_deref(), None] {
            let answer = of(Ending::Exited(0), body);
            let given = status(&answer);
            let step = outcome(answer, INPUT, reading);
            by_status(&step, given, reading);
            assert!(!nameless || step == Step::Stop(Outcome::Deferred), "an odd line is passed over");
        }
        let step = outcome(of(Ending::Killed, body.as_deref()), INPUT, reading);
        if reading.options_after_failure == OptionsAfterFailure::Ignored {
            let expected = match reading.failure {
                Failure::Retry => Step::Stop(Outcome::Deferred),
                Failure::Unchanged => Step::Keep,
                Failure::Hold => Step::Stop(Outcome::Held),
                Failure::Bounce => Step::Stop(Outcome::Returned),
            };
            assert_eq!(step, expected);
        }
        assert!(!matches!(step, Step::Change(Change::Replace(_))), "the work of a failed command");
    }
    if let Step::Change(change) = outcome(of(Ending::Exited(0), body.as_deref()), INPUT, &Reading::default())
    {
        others_stay(data, change);
    }
}

fn pieces(data: &[u8]) -> Vec<&[u8]> {
    const BETWEEN: &[u8] = b"=====\n";
    let mut pieces = Vec::new();
    let mut rest = data;
    while let Some(at) = rest.windows(BETWEEN.len()).position(|window| window == BETWEEN) {
        pieces.push(&rest[..at]);
        rest = &rest[at + BETWEEN.len()..];
    }
    pieces.push(rest);
    pieces
}

/// The codes of `pmdf_err.h` that stand behind a step.
fn by_status(step: &Step, status: Option<u32>, reading: &Reading) {
    let codes: &[u32] = match step {
        Step::Keep | Step::Change(Change::Replace(_)) | Step::Stop(Outcome::Deferred) => return,
        Step::AsIs => &[0x0A9C_8632],
        Step::Change(Change::Delete) => &[0x0A9C_8662],
        Step::Stop(Outcome::Discarded) => &[0x0A9C_86B3, 0x0A9C_86E3],
        Step::Stop(Outcome::Held) if reading.failure == Failure::Hold => return,
        Step::Stop(Outcome::Held) => &[0x0A9C_86AA],
        Step::Stop(Outcome::Returned) if reading.failure == Failure::Bounce => return,
        Step::Stop(Outcome::Returned) => &[0x0A9C_857A, 0x0A9C_857B, 0x0A9C_8612],
        Step::Stop(Outcome::Delivered) => panic!("nothing stops a message by delivering it"),
    };
    assert!(status.is_some_and(|status| codes.contains(&status)), "{step:?} by {status:?}");
}

/// A change of one part leaves the other alone, unless it makes a container.
fn others_stay(data: &[u8], change: Change) {
    const TWO: &[u8] =
        b"Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: a/b\n\none\n--b\n\ntwo\n--b--\n";
    let lower = data.to_ascii_lowercase();
    if [&b"multipart"[..], b"message"].iter().any(|word| super::has(&lower, word)) {
        return;
    }
    let before = Message::split(TWO);
    let count = if change == Change::Delete { 1 } else { 2 };
    let raw = before.rebuilt(&Changes::from([(0, change)]));
    let after = Message::split(&raw);
    assert_eq!(after.leaves().len(), count, "{}", raw.escape_ascii());
    let last = after.leaves().last().map(|leaf| after.content(leaf));
    assert_eq!(last.as_deref(), Some(&b"two"[..]), "{}", raw.escape_ascii());
}

fn replacement(content: &[u8]) -> Change {
    let answer =
        Answer { ending: Ending::Exited(0), body: Some(content.to_vec()), headers: None, options: None };
    match outcome(answer, b"?", &Reading::default()) {
        Step::Change(change) => change,
        other => panic!("expected a change: {other:?}"),
    }
}

/// A message is its own rebuilding, and a change of one leaf leaves the others.
pub fn message(raw: &[u8]) {
    let message = Message::split(raw);
    assert_eq!(message.rebuilt(&Changes::new()), raw);
    let contents: Vec<Vec<u8>> = message.leaves().iter().map(|leaf| message.content(leaf)).collect();
    let count = contents.len();
    let tried = if count == 0 { Vec::new() } else { vec![0, count / 2, count - 1] };
    for (i, k) in tried.iter().enumerate().filter(|(i, k)| !tried[..*i].contains(k)) {
        let note = [&b"note\n"[..], "\u{e4}\r\n--b\n".as_bytes(), b"\0"][i];
        let new = message.rebuilt(&Changes::from([(*k, replacement(note))]));
        let again = Message::split(&new);
        assert_eq!(again.leaves().len(), count, "leaf {k}: {}", new.escape_ascii());
        for (j, leaf) in again.leaves().iter().enumerate() {
            assert_eq!(leaf.number, message.leaves()[j].number);
            if j != *k {
                assert_eq!(again.content(leaf), contents[j], "leaf {j} by {k}: {}", new.escape_ascii());
            } else if i == 0 {
                assert!(again.content(leaf).starts_with(b"note"), "leaf {k}: {}", new.escape_ascii());
            }
        }
        deleted(&message, &contents, *k);
    }
}

fn deleted(message: &Message<'_>, contents: &[Vec<u8>], k: usize) {
    let new = message.rebuilt(&Changes::from([(k, Change::Delete)]));
    let again = Message::split(&new);
    let found: Vec<_> = again.leaves().iter().map(|leaf| again.content(leaf)).collect();
    let mut expected = contents.to_vec();
    if found.len() == expected.len() {
        expected[k].clear();
    } else {
        expected.remove(k);
    }
    assert_eq!(found, expected, "without {k}: {}", new.escape_ascii());
}
