//! What stands in an entry of the table of verdicts: the definitions that it was
//! found with, and what was found. Reading something else gives nothing.

use super::definitions::Identity;
use crate::os::clock::Deadline;
use crate::os::fingerprint::{Digest, Fingerprint};
use crate::os::slots;
use crate::verdict::{MOST_THREATS, Threat, Verdict};

/// First byte behind the identity.
const INFECTED: u8 = b'i';
const INFECTED_WITH_SHA256: u8 = b'I';
const CLEAN: u8 = b'c';
const NOT_CLEANED: u8 = b'n';

/// Something remembered of a content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Note {
    /// It is infected.
    Infected {
        /// With these threats. Those that there was no room for are left out.
        threats: Vec<Threat>,
        /// Its SHA-256, which the log line of every copy tells. To find it out costs
        /// more than all the rest of a part whose verdict is known.
        sha256: Option<Digest>,
    },
    /// It is clean.
    Clean,
    /// It could not be cleaned, for this reason.
    NotCleaned(String),
}

impl Note {
    /// What is worth remembering of a verdict on the content of `fingerprint`.
    pub(super) fn of(verdict: &Verdict, fingerprint: &Fingerprint<'_>, by: Deadline) -> Option<Self> {
        match verdict {
            Verdict::Infected(threats) => {
                Some(Self::Infected { threats: threats.clone(), sha256: fingerprint.sha256(by) })
            }
            Verdict::Clean => Some(Self::Clean),
            Verdict::Unscannable(..) => None,
        }
    }

    pub(super) fn encode(&self, identity: &Identity) -> Vec<u8> {
        let mut bytes = identity.to_vec();
        match self {
            Self::Clean => bytes.push(CLEAN),
            Self::NotCleaned(why) => {
                bytes.push(NOT_CLEANED);
                let room = slots::LARGEST - bytes.len();
                bytes.extend_from_slice(cut(why, room).as_bytes());
            }
            Self::Infected { threats, sha256 } => {
                bytes.push(if sha256.is_some() { INFECTED_WITH_SHA256 } else { INFECTED });
                bytes.extend(sha256.iter().flatten());
                for (i, threat) in threats.iter().enumerate() {
                    let (name, room) = (threat.to_string(), slots::LARGEST - bytes.len() - 1);
                    // The first is there in any case; half a name is better than none.
                    let name = if i == 0 { cut(&name, room) } else { &name };
                    if name.len() >= room {
                        break;
                    }
                    bytes.extend(u8::try_from(name.len()));
                    bytes.extend_from_slice(name.as_bytes());
                }
            }
        }
        bytes
    }

    pub(super) fn decode(bytes: &[u8]) -> Option<(Identity, Self)> {
        let (identity, rest) = bytes.split_first_chunk()?;
        let note = match rest.split_first()? {
            (&CLEAN, []) => Self::Clean,
            (&NOT_CLEANED, why) => Self::NotCleaned(String::from_utf8_lossy(why).into_owned()),
            (&INFECTED, names) => Self::Infected { threats: threats(names), sha256: None },
            (&INFECTED_WITH_SHA256, rest) => {
                let (sha256, names) = rest.split_first_chunk()?;
                Self::Infected { threats: threats(names), sha256: Some(*sha256) }
            }
            (_, _) => return None,
        };
        Some((*identity, note))
    }
}

/// The names in `bytes`, each behind its length. A conviction is one without
/// them, too.
fn threats(mut bytes: &[u8]) -> Vec<Threat> {
    let mut threats = Vec::new();
    while let Some((length, rest)) = bytes.split_first() {
        let (name, rest) = rest.split_at_checked(usize::from(*length)).unwrap_or((rest, &[]));
        threats.push(Threat::new(name));
        bytes = rest;
    }
    if threats.is_empty() {
        threats.push(Threat::new(b""));
    }
    threats.truncate(MOST_THREATS);
    threats
}

/// The start of `text` in less than `room` bytes.
fn cut(text: &str, room: usize) -> &str {
    let end = text.char_indices().map(|(at, c)| at + c.len_utf8()).take_while(|end| *end < room).last();
    text.get(..end.unwrap_or(0)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const IDENTITY: Identity = [7; 16];

    fn infected(names: &[&str], sha256: Option<Digest>) -> Note {
        Note::Infected { threats: names.iter().map(|name| Threat::new(name.as_bytes())).collect(), sha256 }
    }

    #[test]
    fn a_note_reads_as_it_was_written() {
        let long = "\u{e9}".repeat(300);
        let notes = [
            Note::Clean,
            infected(&["Worm.A"], None),
            infected(&["Worm A (exact)", "Other", ""], None),
            infected(&["Worm A (exact)", "Other", ""], Some([b'i'; 32])),
            Note::NotCleaned("not cleaned: exit code 12".to_owned()),
            Note::NotCleaned(String::new()),
        ];
        for note in notes {
            assert_eq!(Note::decode(&note.encode(&IDENTITY)), Some((IDENTITY, note)));
        }
        let bytes = Note::NotCleaned(long).encode(&IDENTITY);
        assert!(bytes.len() <= slots::LARGEST);
        let Some((_, Note::NotCleaned(why))) = Note::decode(&bytes) else { panic!() };
        assert!(why.len() > 150 && why.chars().all(|c| c == '\u{e9}'));
    }

    #[test]
    fn a_conviction_stays_one_however_long_its_names_are() {
        let long = "x".repeat(200);
        for names in
            [vec![long.as_str()], vec!["A", &long, "B"], vec![&long; 16], vec!["123456789"; 16], vec![]]
        {
            for known in [None, Some([7; 32])] {
                let bytes = infected(&names, known).encode(&IDENTITY);
                assert!(bytes.len() <= slots::LARGEST, "{}", bytes.len());
                let Some((_, Note::Infected { threats, sha256 })) = Note::decode(&bytes) else { panic!() };
                let first = names.first().copied().unwrap_or("unnamed");
                assert!(first.starts_with(&threats[0].to_string()) && !threats.is_empty());
                assert_eq!(sha256, known);
            }
        }
    }

    #[test]
    fn nothing_but_a_clean_note_reads_as_clean() {
        let clean = Note::Clean.encode(&IDENTITY);
        for end in 0..clean.len() {
            assert_eq!(Note::decode(&clean[..end]), None);
        }
        for byte in 0..=255 {
            let changed = [&clean[..16], &[byte]].concat();
            assert_eq!(matches!(Note::decode(&changed), Some((_, Note::Clean))), byte == CLEAN);
            let longer = [&clean[..], &[byte]].concat();
            assert_eq!(Note::decode(&longer), None);
        }
    }
}
