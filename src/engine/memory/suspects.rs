//! Parts that broke an engine, and how often: one that always does must not be
//! tried for ever, and must not take others with it. Fails when there is no time
//! to try it alone.

use std::path::Path;
use std::time::Duration;

use blake3::Hasher;

use super::costly;
use super::flight::place;
use crate::config::{Config, EngineConfig, EngineKind};
use crate::engine::health::LOCKS;
use crate::engine::sample::Sample;
use crate::os::clock::{self, Deadline};
use crate::os::lock::Lock;
use crate::os::slots::{Key, Slots};
use crate::verdict::{ErrorKind, ScanError};

/// The file of the suspects, below the state directory, and how many there are.
pub(super) const SUSPECTS: &str = "suspects";
pub(super) const ENTRIES: u32 = 4096;

/// Those of one engine.
pub(super) struct Suspects<'a> {
    engine: &'a EngineConfig,
    state: &'a Path,
    tries: u32,
    within: Duration,
    /// The least time after which being late counts as broken.
    enough: Duration,
}

impl<'a> Suspects<'a> {
    /// Those of `engine`; `None` where nothing is remembered, or it cannot break.
    pub(super) fn new(config: &'a Config, engine: &'a EngineConfig) -> Option<Self> {
        let state = match &engine.kind {
            EngineKind::Daemon(_) | EngineKind::Command(_) => config.state.as_deref()?,
            EngineKind::Rules(_) => return None,
        };
        let memory = &config.memory;
        let enough = engine.timeout.min(config.limits.deadline) / 4 * 3;
        Some(Self { engine, state, tries: memory.tries, within: memory.within, enough })
    }

    /// Whether nothing is known of any part. Costs nearly nothing to know.
    pub(super) fn is_idle(&self) -> bool {
        self.table().is_idle()
    }

    /// How often the part broke the engine.
    pub(super) fn broke(&self, sample: &Sample<'_>, by: Deadline) -> u32 {
        self.key(sample, by).and_then(|key| self.find(&key)).map_or(0, |(count, _)| count)
    }

    /// Whether that is too often.
    pub(super) fn is_poison(&self, broke: u32) -> bool {
        broke >= self.tries
    }

    /// Waits until no other suspect is tried: of two that are tried at the same
    /// time only one may be to blame.
    pub(super) fn alone(&self, by: Deadline) -> Result<Option<Lock>, ScanError> {
        let own = Hasher::new().update(b"suspects\0").update(self.engine.name.as_bytes()).finalize();
        match Lock::wait(&self.state.join(LOCKS), place(own.as_bytes()), by) {
            Ok(None) => {
                let detail = "no time left: another part that broke the engine was being tried";
                Err(ScanError::new(ErrorKind::TimedOut, detail))
            }
            Ok(lock) => Ok(lock),
            Err(_) => Ok(None),
        }
    }

    /// Whether a failure that was the part's counts. One that came in time does,
    /// whatever the engine said, for it sees what others are.
    pub(super) fn counts(kind: ErrorKind, enough: bool) -> bool {
        match kind {
            ErrorKind::Crashed | ErrorKind::Garbled | ErrorKind::Failed => true,
            ErrorKind::TimedOut => enough,
            ErrorKind::Configuration
            | ErrorKind::Part
            | ErrorKind::NotInstalled
            | ErrorKind::Unreachable
            | ErrorKind::OutOfService
            | ErrorKind::Blind
            | ErrorKind::Internal => false,
        }
    }

    /// Whether a part that fails now had as much time as any.
    pub(super) fn is_enough(&self, by: Deadline) -> bool {
        by.left().is_some_and(|left| left >= self.enough)
    }

    /// Counts that the part broke the engine once more than the `broke` times that
    /// were known before. Copies that were lost at the same time were lost once:
    /// honest mail to many must not be poison after one death of the engine.
    pub(super) fn count(&self, sample: &Sample<'_>, broke: u32, by: Deadline) {
        let Some(key) = self.key(sample, by) else { return };
        let (known, first) = self.find(&key).unwrap_or((0, clock::micros()));
        let count = known.max(broke.saturating_add(1));
        let content = [&count.to_le_bytes()[..], &first.to_le_bytes()].concat();
        let _ = self.table().put(&key, &content);
    }

    /// Clears the part: the engine gave a verdict on it.
    pub(super) fn clear(&self, sample: &Sample<'_>, by: Deadline) {
        if let Some(key) = self.key(sample, by) {
            let _ = self.table().forget(&key);
        }
    }

    /// How often, and since when. What began too long ago does not count.
    fn find(&self, key: &Key) -> Option<(u32, u64)> {
        let mut entry = self.table().find(key).ok()??;
        let (count, first) = entry.content.split_first_chunk()?;
        let (count, first) = (u32::from_le_bytes(*count), u64::from_le_bytes(first.try_into().ok()?));
        entry.at = first;
        entry.is_within(self.within).then_some((count, first))
    }

    fn key(&self, sample: &Sample<'_>, by: Deadline) -> Option<Key> {
        let digest = sample.fingerprint?.digest(sample.file, by)?;
        let mut hasher = Hasher::new();
        hasher.update(b"suspect\0").update(self.engine.name.as_bytes()).update(&[0]).update(&digest);
        Some(*hasher.finalize().as_bytes())
    }

    /// The table, which holds answers that cost much, too.
    pub(super) fn table(&self) -> Slots {
        Slots::new(self.state.join(SUSPECTS), ENTRIES, self.within.max(costly::KEPT))
    }
}
