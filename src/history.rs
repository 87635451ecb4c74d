//! What our own log says of the last days. Fails where the log cannot be read; lines
//! that are no records are passed over.

use std::collections::{BTreeMap, HashSet};
use std::io;
use std::path::Path;
use std::time::Duration;

use crate::os::{clock, files};
use crate::policy::Action;
use crate::record::Record;
use crate::verdict::name_of;

/// How long "lately" is, in days.
const DAYS: u64 = 7;

/// How much of the end of a log is read for it: some 30,000 lines.
const LARGEST: u64 = 16 << 20;

/// Messages that were held, by the log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Held {
    /// How many.
    pub messages: usize,
    /// Their parts by the first word of the reason, or `infected`.
    pub reasons: BTreeMap<String, usize>,
    /// When the last one was held.
    pub last: String,
}

impl Held {
    /// In a few words, or nothing where none was held.
    pub fn words(&self) -> Option<String> {
        if self.messages == 0 {
            return None;
        }
        let mut reasons: Vec<_> = self.reasons.iter().collect();
        reasons.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
        let reasons: Vec<String> =
            reasons.iter().map(|(reason, count)| format!("{reason} {count}")).collect();
        Some(format!(
            "{} held in the last {DAYS} days, the last at {} ({})",
            if self.messages == 1 { "1 message".to_owned() } else { format!("{} messages", self.messages) },
            self.last,
            reasons.join(", ")
        ))
    }
}

/// The first moment that is still "lately", as the log writes it.
fn since() -> String {
    clock::utc(clock::micros().saturating_sub(clock::in_micros(Duration::from_secs(DAYS * 24 * 3600))))
}

/// The messages that the log at `path` says were held lately.
pub fn held_in(path: &Path) -> io::Result<Held> {
    let end = files::read_end(path, LARGEST)?;
    Ok(held(&String::from_utf8_lossy(&end), &since()))
}

/// The messages that `log` says were held at `since` or later, both in UTC as the
/// log has it. A message of several held parts counts once.
fn held(log: &str, since: &str) -> Held {
    let hold = name_of(&Action::NAMES, &Action::Hold);
    let mut held = Held::default();
    let mut seen = HashSet::new();
    for line in log.lines().filter(|line| line.contains(hold)) {
        let Ok(record) = Record::from_line(line) else { continue };
        if record.action != hold || record.time.as_str() < since {
            continue;
        }
        let message = if record.message_id.is_empty() { &record.reference } else { &record.message_id };
        if seen.insert(message.clone()) {
            held.messages += 1;
        }
        let reason =
            record.reason.as_deref().filter(|_| record.verdict != "infected").unwrap_or(&record.verdict);
        let word = reason.split([':', ' ']).next().unwrap_or_default();
        *held.reasons.entry(word.to_owned()).or_default() += 1;
        held.last = held.last.max(record.time);
    }
    held
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_counted_once_and_only_of_late() {
        let line = |time: &str, action: &str, verdict: &str, reason: &str, id: &str| {
            let record = Record {
                time: time.to_owned(),
                reference: format!("{time}{id}"),
                action: action.to_owned(),
                verdict: verdict.to_owned(),
                reason: Some(reason.to_owned()).filter(|reason| !reason.is_empty()),
                message_id: id.to_owned(),
                ..Record::default()
            };
            record.to_line()
        };
        let log = [
            line("2026-01-01T00:00:00.000Z", "hold", "unscannable", "encrypted: X", "<old>"),
            line("2026-01-09T00:00:00.000Z", "hold", "unscannable", "encrypted: X", "<a>"),
            line("2026-01-09T00:00:01.000Z", "hold", "unscannable", "macros", "<a>"),
            line("2026-01-09T00:00:02.000Z", "hold", "unscannable", "encrypted", "<b>"),
            line("2026-01-10T00:00:00.000Z", "hold", "infected", "not cleaned by `x`", ""),
            line("2026-01-10T00:00:01.000Z", "defer", "error", "timed-out: hold on", "<c>"),
            "no record with hold\n".to_owned(),
        ]
        .concat();
        let held = held(&log, "2026-01-08");
        assert_eq!(
            held.words().unwrap(),
            "3 messages held in the last 7 days, the last at 2026-01-10T00:00:00.000Z (encrypted 2, infected 1, macros 1)"
        );
        assert_eq!(super::held(&log, "2027").words(), None);
    }
}
