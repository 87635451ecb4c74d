//! Parts on which an engine works long, only to say that it cannot look into them.
//! The MTA tries such a part again, and one may be sent to many: the answer is kept
//! for some hours, so that it costs the work once. Nothing here fails a part.

use std::path::PathBuf;
use std::time::Duration;

use super::definitions::{self, Identity};
use super::verdicts::subject;
use crate::address::Address;
use crate::config::{EngineConfig, EngineKind};
use crate::engine::sample::{Response, Sample};
use crate::os::clock::Deadline;
use crate::os::slots::{self, Key, Slots};
use crate::os::stamp::stamp;
use crate::verdict::{Reason, Threat, Verdict, name_of};

/// Work that is worth remembering. Less than this is cheaper than the surprise of
/// an answer from before a change of the engine's own settings.
const LONG: Duration = Duration::from_secs(3);

/// How long the answer is kept: longer than the MTA waits between two tries by its
/// usual backoff, and much shorter than a conviction.
pub(super) const KEPT: Duration = Duration::from_secs(6 * 3600);

/// The known answer, if it still holds.
pub(super) fn recall(
    engine: &EngineConfig,
    table: &Slots,
    (sample, by): (&Sample<'_>, Deadline),
    tell: &dyn Fn() -> Option<String>,
) -> Option<Response> {
    let entry = table.find(&key(engine, sample, by)?).ok()??;
    let (identity, note) = entry.content.split_first_chunk()?;
    let response = decode(note)?;
    let holds = entry.is_within(KEPT) && identity_now(engine, tell)? == *identity;
    holds.then_some(response)
}

/// Keeps the answer that took this long, if it is one to be kept.
pub(super) fn remember(
    engine: &EngineConfig,
    table: &Slots,
    (sample, by): (&Sample<'_>, Deadline),
    (response, took): (&Response, Duration),
    tell: &dyn Fn() -> Option<String>,
) {
    let Some(note) = encode(response).filter(|_| took >= LONG) else { return };
    let Some(key) = key(engine, sample, by) else { return };
    if let Some(identity) = identity_now(engine, tell) {
        let _ = table.put(&key, &[&identity[..], &note].concat());
    }
}

fn key(engine: &EngineConfig, sample: &Sample<'_>, by: Deadline) -> Option<Key> {
    Some(*subject(engine, sample, by)?.update(b"costly").finalize().as_bytes())
}

/// Differs when the definitions do, and when a daemon behind a socket was started
/// anew: it may have other limits then.
fn identity_now(engine: &EngineConfig, tell: &dyn Fn() -> Option<String>) -> Option<Identity> {
    let definitions = definitions::now(engine, tell)?;
    let sockets: Vec<PathBuf> = match &engine.kind {
        EngineKind::Daemon(places) => {
            let paths = places.iter().filter_map(|place| match &place.address {
                Address::Unix(path) => Some(path.clone()),
                Address::Tcp(_) => None,
            });
            paths.collect()
        }
        EngineKind::Command(_) | EngineKind::Rules(_) => Vec::new(),
    };
    let mut hasher = blake3::Hasher::new();
    hasher.update(&definitions.identity);
    for socket in sockets {
        // One of many may be away.
        hasher.update(&stamp(&[socket]).unwrap_or_default());
    }
    let mut identity = Identity::default();
    hasher.finalize_xof().fill(&mut identity);
    Some(identity)
}

/// Reason, name and line, with a zero byte between them; none of them holds one.
fn encode(response: &Response) -> Option<Vec<u8>> {
    let Verdict::Unscannable(reason, name) = &response.verdict else { return None };
    let name = name.as_ref().map_or(String::new(), Threat::to_string);
    let line = response.line.as_deref().unwrap_or_default();
    let mut note = [name_of(&Reason::NAMES, reason), &name, line].join("\0").into_bytes();
    note.truncate(slots::LARGEST - Identity::default().len());
    Some(note)
}

/// What was cut may have lost the end of its last text.
fn decode(note: &[u8]) -> Option<Response> {
    let mut texts = note.split(|byte| *byte == 0);
    let word = texts.next()?;
    let (reason, _) = Reason::NAMES.iter().find(|(_, name)| name.as_bytes() == word)?;
    let mut shown = || texts.next().filter(|text| !text.is_empty()).map(Threat::new);
    let (name, line) = (shown(), shown().map(|line| line.to_string()));
    let verdict = Verdict::Unscannable(*reason, name);
    Some(Response { remembered: true, line, ..verdict.into() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_reads_as_it_was_written_and_nothing_else_does() {
        let (long, name) = ("\u{e9}".repeat(200), Some(Threat::new(b"Heuristics.Encrypted.Zip")));
        for (name, line) in [(None, None), (name, None), (None, Some("Could not check part (corrupt)"))] {
            let verdict = Verdict::Unscannable(Reason::Encrypted, name);
            let response = Response { line: line.map(str::to_owned), ..verdict.into() };
            let note = encode(&response).unwrap();
            assert_eq!(decode(&note), Some(Response { remembered: true, ..response }));
        }
        let response = Response { line: Some(long), ..Verdict::unscannable(Reason::TooLong).into() };
        let note = encode(&response).unwrap();
        assert_eq!(decode(&note).unwrap().verdict, Verdict::unscannable(Reason::TooLong));
        for verdict in [Verdict::Clean, Verdict::from_name(b"Worm")] {
            assert_eq!(encode(&verdict.into()), None);
        }
        for other in [&b""[..], b"clean", b"encrypte", b"encryptedx", b"\0\0"] {
            assert_eq!(decode(other), None);
        }
    }
}
