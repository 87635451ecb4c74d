//! What the processes of a host tell each other about one address: a line of
//! text. Reading a line that is none of these gives nothing.

use crate::verdict::{ErrorKind, ScanError, name_of};

/// What is known of an address. Times are microseconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// It was proven to see.
    Awake {
        /// When.
        at: u64,
        /// Its version then; empty where it does not tell.
        version: String,
    },
    /// It failed since it was last proven.
    Doubted {
        /// How often.
        failures: u32,
    },
    /// It is not to be asked.
    Closed {
        /// Until when.
        until: u64,
        /// How often it failed.
        failures: u32,
        /// Why.
        error: ScanError,
    },
}

impl State {
    pub(super) fn to_text(&self) -> String {
        match self {
            Self::Awake { at, version } => format!("awake {at} {version}"),
            Self::Doubted { failures } => format!("doubted {failures}"),
            Self::Closed { until, failures, error } => {
                let kind = name_of(&ErrorKind::NAMES, &error.kind);
                format!("closed {until} {failures} {kind} {}", error.detail)
            }
        }
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        let (word, rest) = text.split_once(' ')?;
        match word {
            "awake" => {
                let (at, version) = rest.split_once(' ')?;
                Some(Self::Awake { at: at.parse().ok()?, version: version.to_owned() })
            }
            "doubted" => Some(Self::Doubted { failures: rest.parse().ok()? }),
            "closed" => {
                let mut words = rest.splitn(4, ' ');
                let (until, failures) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
                let kind = words.next()?;
                let (kind, _) = ErrorKind::NAMES.iter().find(|(_, name)| *name == kind)?;
                Some(Self::Closed { until, failures, error: ScanError::new(*kind, words.next()?) })
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_reads_as_it_was_written() {
        let states = [
            State::Awake { at: 12, version: "ClamAV 1.4.6/27000/x y".to_owned() },
            State::Awake { at: 12, version: String::new() },
            State::Doubted { failures: 3 },
            State::Closed {
                until: 5,
                failures: 1,
                error: ScanError::new(ErrorKind::Blind, "calls it clean"),
            },
            State::Closed { until: 5, failures: 1, error: ScanError::new(ErrorKind::Unreachable, "") },
        ];
        for state in states {
            assert_eq!(State::parse(&state.to_text()), Some(state));
        }
    }

    #[test]
    fn what_is_no_state_is_nothing() {
        for text in [
            "",
            "awake",
            "awake x y",
            "awake -1 ",
            "awake 1",
            "asleep 1 ",
            "closed 1 2 strange x",
            "closed 1 2",
            "doubted ",
        ] {
            assert_eq!(State::parse(text), None, "{text}");
        }
    }
}
