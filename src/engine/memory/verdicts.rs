//! The verdicts of one engine that are remembered. Nothing here fails a part:
//! what cannot be read is not known, what cannot be written is not remembered.

use std::path::Path;
use std::time::Duration;

use blake3::Hasher;

use super::definitions::{self, Definitions, Exact};
use super::entry::Note;
use crate::config::{Caching, Clean, Config, EngineConfig, EngineKind, Memory, Protocol};
use crate::engine::sample::{Response, Sample};
use crate::os::clock::Deadline;
use crate::os::slots::{Key, Slots};
use crate::os::tally::Tally;
use crate::verdict::{ScanError, Verdict};

/// The file of the verdicts, and the first name of those that count infected
/// parts, below the state directory.
const CACHE: &str = "cache";
const STORM: &str = "storm";

/// How long it is remembered that a content could not be cleaned. The reason may
/// pass, and then the next copy can be cleaned; in a storm it spares most of the
/// work all the same.
const NOT_CLEANED: Duration = Duration::from_secs(600);

/// The verdicts of one engine.
pub(super) struct Verdicts<'a> {
    engine: &'a EngineConfig,
    memory: &'a Memory,
    state: &'a Path,
}

/// A content as it is remembered.
pub(super) struct Keys {
    pub(super) verdict: Key,
    pub(super) not_cleaned: Key,
}

impl<'a> Verdicts<'a> {
    /// Those of `engine`; `None` where they are not remembered.
    pub(super) fn new(config: &'a Config, engine: &'a EngineConfig) -> Option<Self> {
        match engine.caching {
            Caching::Asked => None,
            Caching::Remembered => {
                Some(Self { engine, memory: &config.memory, state: config.state.as_deref()? })
            }
        }
    }

    /// What the content of `sample` is remembered by.
    pub(super) fn keys(&self, sample: &Sample<'_>, by: Deadline) -> Option<Keys> {
        let subject = subject(self.engine, sample, by)?;
        let key = |word: &[u8]| *subject.clone().update(word).finalize().as_bytes();
        Some(Keys { verdict: key(b"verdict"), not_cleaned: key(b"not cleaned") })
    }

    /// The verdict, if it is known and still holds.
    pub(super) fn recall(
        &self,
        keys: &Keys,
        sample: &Sample<'_>,
        tell: &dyn Fn() -> Option<String>,
    ) -> Option<Response> {
        let (note, definitions) = self.find(&keys.verdict, tell)?;
        let verdict = match note {
            Note::Infected { threats, sha256 } => {
                if let (Some(fingerprint), Some(sha256)) = (sample.fingerprint, sha256) {
                    fingerprint.learn_sha256(sha256);
                }
                Verdict::Infected(threats)
            }
            Note::Clean if definitions.exact != Exact::No => Verdict::Clean,
            Note::Clean | Note::NotCleaned(_) => return None,
        };
        Some(Response { remembered: true, ..verdict.into() })
    }

    /// Why the content could not be cleaned a short while ago.
    pub(super) fn not_cleaned(&self, keys: &Keys, tell: &dyn Fn() -> Option<String>) -> Option<String> {
        match self.find(&keys.not_cleaned, tell)? {
            (Note::NotCleaned(why), _) => Some(why),
            (Note::Infected { .. } | Note::Clean, _) => None,
        }
    }

    /// What is noted under `key` and still holds. The engine is asked for its
    /// version only where there is something.
    fn find(&self, key: &Key, tell: &dyn Fn() -> Option<String>) -> Option<(Note, Definitions)> {
        let entry = self.table().find(key).ok()??;
        let (identity, note) = Note::decode(&entry.content)?;
        let kept = match note {
            Note::Infected { .. } => self.memory.infected_for,
            Note::Clean if !self.remembers_clean() => return None,
            Note::Clean => self.memory.clean_for,
            Note::NotCleaned(_) => NOT_CLEANED,
        };
        if !entry.is_within(kept) {
            return None;
        }
        let definitions = definitions::now(self.engine, tell)?;
        (definitions.identity == identity).then_some((note, definitions))
    }

    /// The definitions before a scan, where a verdict depends on their staying the
    /// same until after it. A look at files costs little. A daemon is asked only
    /// if an acquittal would be remembered: what convicted would convict again.
    pub(super) fn before(&self, tell: &dyn Fn() -> Option<String>) -> Option<Definitions> {
        match &self.engine.kind {
            EngineKind::Daemon(_) if !self.remembers_clean() => None,
            EngineKind::Daemon(_) | EngineKind::Command(_) | EngineKind::Rules(_) => {
                definitions::now(self.engine, tell)
            }
        }
    }

    /// Remembers a fresh verdict, if it is one to be remembered. Says whether.
    pub(super) fn remember(
        &self,
        keys: &Keys,
        sample: &Sample<'_>,
        response: &Response,
        before: Option<&Definitions>,
        tell: &dyn Fn() -> Option<String>,
        by: Deadline,
    ) -> bool {
        let Some(fingerprint) = sample.fingerprint else { return false };
        let Some(note) = Note::of(&response.verdict, fingerprint, by) else { return false };
        if note == Note::Clean && !self.remembers_clean() {
            return false;
        }
        let Some(after) = definitions::now(self.engine, tell) else { return false };
        let steady = before == Some(&after);
        let holds = match (&note, &self.engine.kind) {
            (Note::Clean, _) => steady && after.exact.covers(response.version.as_deref()),
            (Note::Infected { .. } | Note::NotCleaned(_), EngineKind::Daemon(_)) => true,
            (Note::Infected { .. } | Note::NotCleaned(_), EngineKind::Command(_) | EngineKind::Rules(_)) => {
                steady
            }
        };
        holds && self.table().put(&keys.verdict, &note.encode(&after.identity)).is_ok()
    }

    /// Remembers that the content could not be cleaned.
    pub(super) fn remember_not_cleaned(
        &self,
        keys: &Keys,
        why: &ScanError,
        tell: &dyn Fn() -> Option<String>,
    ) {
        if let Some(definitions) = definitions::now(self.engine, tell) {
            let note = Note::NotCleaned(why.detail.clone());
            let _ = self.table().put(&keys.not_cleaned, &note.encode(&definitions.identity));
        }
    }

    /// Counts a conviction, where a storm of them changes anything.
    pub(super) fn count(&self, verdict: &Verdict) {
        if self.memory.clean == Clean::Storm && matches!(verdict, Verdict::Infected(_)) {
            let _ = self.tally().count();
        }
    }

    /// Whether acquittals are remembered now.
    fn remembers_clean(&self) -> bool {
        match self.memory.clean {
            Clean::Never => false,
            Clean::Storm => self.tally().is_storm(),
            Clean::Always => true,
        }
    }

    fn tally(&self) -> Tally {
        Tally::new(&self.state.join(STORM), self.memory.storm)
    }

    fn table(&self) -> Slots {
        let Memory { entries, infected_for, clean_for, .. } = *self.memory;
        Slots::new(self.state.join(CACHE), entries, infected_for.max(clean_for).max(NOT_CLEANED))
    }
}

/// A content as one engine is asked about it: its digest, and all that a verdict
/// on it depends on but the definitions.
pub(super) fn subject(engine: &EngineConfig, sample: &Sample<'_>, by: Deadline) -> Option<Hasher> {
    let digest = sample.fingerprint?.digest(sample.file, by)?;
    let EngineConfig { name, largest, kind, .. } = engine;
    let own = env!("CARGO_PKG_VERSION");
    let mut about = format!("convscan {own}\0{name}\0{largest:?}\0{kind:?}\0");
    if sees_type(engine) {
        about.push_str(sample.mime_type);
        about.push('\0');
    }
    let mut hasher = Hasher::new();
    hasher.update(about.as_bytes()).update(&digest);
    Some(hasher)
}

/// Whether the engine is told the type that a part claims to have.
fn sees_type(engine: &EngineConfig) -> bool {
    match &engine.kind {
        EngineKind::Daemon(places) => {
            places.iter().any(|place| matches!(place.protocol, Protocol::Icap { service: _ }))
        }
        EngineKind::Command(_) | EngineKind::Rules(_) => false,
    }
}
