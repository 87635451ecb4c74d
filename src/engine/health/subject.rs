//! What a proof is about: everything that a verdict of one address depends on, as
//! far as it can be told from here. Cannot fail.
//!
//! What a configuration says goes into the name of the note, so that two of them
//! have two notes. What may change at any time goes into the note, as a seal.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::PathBuf;
use std::time::Duration;

use crate::address::Address;
use crate::config::{EngineConfig, EngineKind, Place};
use crate::os::clock::{self, in_micros};
use crate::os::{host, process, stamp};

/// What differs when anything that a proof depends on has changed.
pub(super) type Seal = u128;

/// Times of changes are told by clocks that stand still between two ticks (before
/// Linux 6.13). The longest tick is half as long.
const TICK: Duration = Duration::from_millis(20);

/// What a proof is about.
pub(super) struct Subject {
    /// The address, as it is shown; nothing for what runs here.
    pub(super) address: String,
    /// Tells subjects apart. Another release of the compiler may count otherwise;
    /// then everything is proven anew.
    pub(super) place: u64,
    files: Vec<PathBuf>,
}

impl Subject {
    /// `engine` at one of its addresses, on this host, as this release sees it.
    ///
    /// Left out is what decides whether or how long it is asked: `largest`,
    /// `timeout`, `canary` and the like. They make no "clean" of anything.
    pub(super) fn new(engine: &EngineConfig, place: Option<&Place>) -> Self {
        let address = place.map_or(String::new(), Place::to_string);
        let mut hasher = DefaultHasher::new();
        (env!("CARGO_PKG_VERSION"), host::machine(), &engine.name, &address).hash(&mut hasher);
        let mut files = engine.definitions.clone();
        match (&engine.kind, place) {
            (EngineKind::Command(command), _) => {
                files.push(command.program.clone());
                (format!("{command:?}"), process::inheritance()).hash(&mut hasher);
            }
            // A daemon makes its socket anew when it starts.
            (EngineKind::Daemon(_), Some(Place { address: Address::Unix(path), .. })) => {
                files.push(path.clone());
            }
            (EngineKind::Daemon(_) | EngineKind::Rules(_), _) => {}
        }
        Self { address, place: hasher.finish(), files }
    }

    /// Its seal now. `None` where it cannot be told from that of another start of
    /// the host: then each process proves the engine for itself.
    pub(super) fn seal(&self) -> Option<Seal> {
        self.stamp().map(|(seal, _)| seal)
    }

    /// Likewise, for a new proof. Files that have just changed are left alone for a
    /// moment: a second change in the same tick would look like none.
    pub(super) fn seal_at_rest(&self) -> Option<Seal> {
        let (seal, newest) = self.stamp()?;
        if clock::micros().abs_diff(newest) > in_micros(TICK) {
            return Some(seal);
        }
        clock::pause(TICK);
        self.seal()
    }

    fn stamp(&self) -> Option<(Seal, u64)> {
        let (stamp, newest) = stamp::seal(host::boot()?, &self.files);
        Some((Seal::from_le_bytes(stamp), newest))
    }
}
