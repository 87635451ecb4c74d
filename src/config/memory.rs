//! `[cache]` and `[poison]`: what is remembered of parts, and for how long.
//! Fails with faults in the tables they are read from.

use std::time::Duration;

use super::key;
use super::table::Table;

/// How long a conviction is remembered: a worm is the same worm tomorrow.
const INFECTED: Duration = Duration::from_secs(24 * 3600);

/// How long an acquittal is remembered, where it is at all.
const CLEAN: Duration = Duration::from_secs(10 * 60);

/// Verdicts that are kept, 256 bytes each.
const ENTRIES: u32 = 65_536;

/// Infected parts within a minute that are a storm.
const STORM: u32 = 60;

/// How often a part may break an engine, and within what time.
const POISON: (u32, Duration) = (3, Duration::from_secs(24 * 3600));

/// What is remembered of parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memory {
    /// How long convictions hold.
    pub infected_for: Duration,
    /// When acquittals are remembered.
    pub clean: Clean,
    /// How long acquittals hold.
    pub clean_for: Duration,
    /// Verdicts that are kept.
    pub entries: u32,
    /// Infected parts within a minute that make a storm.
    pub storm: u32,
    /// How often a part may break an engine before it counts as poison.
    pub tries: u32,
    /// Within what time.
    pub within: Duration,
}

impl Default for Memory {
    fn default() -> Self {
        Self {
            infected_for: INFECTED,
            clean: Clean::default(),
            clean_for: CLEAN,
            entries: ENTRIES,
            storm: STORM,
            tries: POISON.0,
            within: POISON.1,
        }
    }
}

/// When acquittals are remembered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Clean {
    /// Never.
    Never,
    /// While very many parts are infected.
    #[default]
    Storm,
    /// Always.
    Always,
}

impl Clean {
    const NAMES: [(Self, &'static str); 3] =
        [(Self::Never, "never"), (Self::Storm, "storm"), (Self::Always, "always")];
}

impl Memory {
    pub(super) fn read(root: &Table<'_, '_>) -> Self {
        let mut memory = Self::default();
        if let Some(table) = root.table(key::CACHE_INFECTED_FOR.table()) {
            memory.infected_for =
                table.duration(key::CACHE_INFECTED_FOR.name()).unwrap_or(memory.infected_for);
            memory.clean = table.choice(key::CACHE_CLEAN.name(), &Clean::NAMES).unwrap_or_default();
            memory.clean_for = table.duration(key::CACHE_CLEAN_FOR.name()).unwrap_or(memory.clean_for);
            memory.entries = table.number(key::CACHE_ENTRIES.name(), 64, 1 << 22).unwrap_or(memory.entries);
            memory.storm = table.number(key::CACHE_STORM.name(), 1, 1_000_000).unwrap_or(memory.storm);
            table.finish();
        }
        if let Some(table) = root.table(key::POISON_TRIES.table()) {
            memory.tries = table.number(key::POISON_TRIES.name(), 1, 1000).unwrap_or(memory.tries);
            memory.within = table.duration(key::POISON_WITHIN.name()).unwrap_or(memory.within);
            table.finish();
        }
        memory
    }
}
