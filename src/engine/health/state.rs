//! What the processes of a host tell each other about one address: a line of
//! text. Reading a line that is none of these gives nothing.

use super::subject::Seal;
use crate::text;
use crate::verdict::{ErrorKind, ScanError, name_of};

/// What is known of an address. Times are microseconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// It was proven to see.
    Awake {
        /// When.
        at: u64,
        /// Since when, if it was once closed: it may have been blind before.
        since: u64,
        /// What was proven, and on which start of the host; `None` where that could
        /// not be told.
        seal: Option<Seal>,
        /// Its version then; empty where it does not tell.
        version: String,
    },
    /// It serves, for all that is known, but there is no proof that it sees.
    Unproven {
        /// How often it has failed in a row.
        failures: u32,
        /// As when it is awake.
        since: u64,
    },
    /// It is not to be asked.
    Closed {
        /// Until when.
        until: u64,
        /// How often it was closed in a row.
        times: u32,
        /// Why.
        error: ScanError,
    },
}

impl State {
    pub(super) fn to_text(&self) -> String {
        match self {
            Self::Awake { at, since, seal: Some(seal), version } => {
                format!("awake {at} {since} {seal:032x} {version}")
            }
            Self::Awake { at, since, seal: None, version } => format!("awake {at} {since} - {version}"),
            Self::Unproven { failures, since } => format!("unproven {failures} {since}"),
            Self::Closed { until, times, error } => {
                let kind = name_of(&ErrorKind::NAMES, &error.kind);
                format!("closed {until} {times} {kind} {}", error.detail)
            }
        }
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut words = text.splitn(5, ' ');
        match words.next()? {
            "awake" => {
                let (at, since) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
                let seal = match words.next()? {
                    "-" => None,
                    word => Some(seal(word)?),
                };
                let version = text::printable_str(words.next()?, text::SHOWN);
                Some(Self::Awake { at, since, seal, version })
            }
            "unproven" => {
                let (failures, since) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
                words.next().is_none().then_some(Self::Unproven { failures, since })
            }
            "closed" => {
                let (until, times) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
                let kind = words.next()?;
                let (kind, _) = ErrorKind::NAMES.iter().find(|(_, name)| *name == kind)?;
                Some(Self::Closed { until, times, error: ScanError::new(*kind, words.next()?) })
            }
            _ => None,
        }
    }
}

/// The seal that `word` is, written as we write it.
fn seal(word: &str) -> Option<Seal> {
    let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    let is_whole = word.len() == 32 && word.bytes().all(is_digit);
    if is_whole { Seal::from_str_radix(word, 16).ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_reads_as_it_was_written() {
        let states = [
            State::Awake { at: 12, since: 3, seal: Some(1), version: "ClamAV 1.4.6/27000/x y".to_owned() },
            State::Awake { at: 12, since: 0, seal: Some(Seal::MAX), version: "one".to_owned() },
            State::Awake { at: 12, since: 0, seal: None, version: String::new() },
            State::Unproven { failures: 3, since: 7 },
            State::Closed { until: 5, times: 1, error: ScanError::new(ErrorKind::Blind, "calls it clean") },
            State::Closed { until: 5, times: 1, error: ScanError::new(ErrorKind::Unreachable, "") },
        ];
        for state in states {
            assert_eq!(State::parse(&state.to_text()), Some(state));
        }
    }

    #[test]
    fn what_is_no_state_is_nothing() {
        for text in [
            "",
            "-",
            "awake",
            "awake x y",
            "awake -1 0 ",
            "awake 1 ",
            "awake 1 0",
            "awake 1 0 -",
            "awake 1 0 x y",
            "awake 1 0 1 x",
            "awake 1 0 +0000000000000000000000000000001 x",
            "awake 1 0 0000000000000000000000000000000A x",
            "awake 1 0 000000000000000000000000000000001 x",
            "awake 99999999999999999999 0 - x",
            "asleep 1 ",
            "closed 1 2 strange x",
            "closed 1 2",
            "closed 1 2 blind",
            "unproven ",
            "unproven 1",
            "unproven 1 2 3",
        ] {
            assert_eq!(State::parse(text), None, "{text}");
        }
    }

    #[test]
    fn what_it_says_is_printable() {
        let awake = State::parse("awake 1 0 - \u{1b}[31mClam\u{202e}AV").unwrap();
        let version = "?[31mClam?AV".to_owned();
        assert_eq!(awake, State::Awake { at: 1, since: 0, seal: None, version });
    }
}
