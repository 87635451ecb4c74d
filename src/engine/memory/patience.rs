//! Parts that wait because an engine was too slow or did not look: how often each
//! has failed. Time may mend that once or twice; after that the part would be tried
//! until the MTA returns it to a sender who may be forged. Cannot fail; where nothing
//! can be remembered a part goes on waiting.

use std::time::Duration;

use blake3::Hasher;

use super::costly;
use super::suspects::{ENTRIES, SUSPECTS};
use crate::config::Config;
use crate::engine::sample::{Response, Sample};
use crate::os::clock::{self, Deadline};
use crate::os::slots::{Key, Slots};
use crate::policy::{Action, Policy, Ruling};
use crate::verdict::{Reason, Threat, Verdict, name_of};

/// Failures closer together are one: copies of a message come at once, its next try
/// comes after minutes (`backoff` of the channel).
const APART: Duration = Duration::from_secs(60);

/// The patience with the parts of one engine.
pub(super) struct Patience<'a> {
    engine: &'a str,
    policy: &'a Policy,
    table: Slots,
    tries: u32,
    within: Duration,
}

impl<'a> Patience<'a> {
    /// That for the engine of this name; `None` without a state directory.
    pub(super) fn new(config: &'a Config, engine: &'a str) -> Option<Self> {
        let (state, memory) = (config.state.as_deref()?, &config.memory);
        let table = Slots::new(state.join(SUSPECTS), ENTRIES, memory.within.max(costly::KEPT));
        Some(Self { engine, policy: &config.policy, table, tries: memory.tries, within: memory.within })
    }

    /// `response`, or that the part is poison if it would wait once too often.
    pub(super) fn end(&self, response: Response, sample: &Sample<'_>, by: Deadline) -> Response {
        let Verdict::Unscannable(reason @ (Reason::TooLong | Reason::NotScanned), _) = response.verdict
        else {
            return response;
        };
        // Any other word of the administrator ends the waiting, too.
        if self.policy.ruling(reason) != Ruling::Act(Action::Defer) {
            return response;
        }
        if self.count(sample, by).is_none_or(|failures| failures < self.tries) {
            return response;
        }
        let word = Threat::new(name_of(&Reason::NAMES, &reason).as_bytes());
        Response { verdict: Verdict::Unscannable(Reason::Poison, Some(word)), ..response }
    }

    /// Counts one more failure of the part, and gives how many there are.
    fn count(&self, sample: &Sample<'_>, by: Deadline) -> Option<u32> {
        let key = self.key(sample, by)?;
        let now = clock::micros();
        let (count, first, last) = self.find(&key, now).unwrap_or((0, now, 0));
        if now.saturating_sub(last) < clock::in_micros(APART) {
            return Some(count);
        }
        let count = count.saturating_add(1);
        let content = [&count.to_le_bytes()[..], &first.to_le_bytes(), &now.to_le_bytes()].concat();
        self.table.put(&key, &content).ok()?;
        Some(count)
    }

    /// How often, since when, and when last. What began too long ago does not count.
    fn find(&self, key: &Key, now: u64) -> Option<(u32, u64, u64)> {
        let entry = self.table.find(key).ok()??;
        let (count, rest) = entry.content.split_first_chunk()?;
        let (first, last) = rest.split_first_chunk()?;
        let first = u64::from_le_bytes(*first);
        let is_fresh = (0..clock::in_micros(self.within)).contains(&now.checked_sub(first)?);
        is_fresh.then_some((u32::from_le_bytes(*count), first, u64::from_le_bytes(last.try_into().ok()?)))
    }

    fn key(&self, sample: &Sample<'_>, by: Deadline) -> Option<Key> {
        let digest = sample.fingerprint?.digest(sample.file, by)?;
        let mut hasher = Hasher::new();
        hasher.update(b"patience\0").update(self.engine.as_bytes()).update(&[0]).update(&digest);
        Some(*hasher.finalize().as_bytes())
    }
}
