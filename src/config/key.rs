//! The names of all settings, written once: the configuration is read by them, and
//! the doctor finds by them where something stands. Nobody else can make a [`Key`],
//! so a name that changes here changes for both.

/// A setting: the table that it stands in, and its name there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    table: &'static str,
    name: &'static str,
}

impl Key {
    /// The table: `log` of `[log]`, `engine` of each `[[engine]]`.
    pub fn table(self) -> &'static str {
        self.table
    }

    /// Its name in the table.
    pub fn name(self) -> &'static str {
        self.name
    }
}

const fn key(table: &'static str, name: &'static str) -> Key {
    Key { table, name }
}

// `[server]`
pub(crate) const SERVER_RELEASE: Key = key("server", "release");

// `[limits]`
pub(crate) const LIMITS_DEADLINE: Key = key("limits", "deadline");

// `[scan]`
pub(crate) const SCAN_ENGINES: Key = key("scan", "engines");

// `[[engine]]`; `share` stands in `[[engine.addresses]]`, too
pub(crate) const ENGINE_NAME: Key = key("engine", "name");
pub(crate) const ENGINE_TYPE: Key = key("engine", "type");
pub(crate) const ENGINE_TIMEOUT: Key = key("engine", "timeout");
pub(crate) const ENGINE_ADDRESS: Key = key("engine", "address");
pub(crate) const ENGINE_ADDRESSES: Key = key("engine", "addresses");
pub(crate) const ENGINE_SHARE: Key = key("engine", "share");
pub(crate) const ENGINE_PATIENCE: Key = key("engine", "patience");
pub(crate) const ENGINE_CANARY: Key = key("engine", "canary");
pub(crate) const ENGINE_LARGEST: Key = key("engine", "largest");
pub(crate) const ENGINE_DEFINITIONS: Key = key("engine", "definitions");
pub(crate) const ENGINE_CACHE: Key = key("engine", "cache");
pub(crate) const ENGINE_FILE: Key = key("engine", "file");
pub(crate) const ENGINE_ACQUITS: Key = key("engine", "acquits");
pub(crate) const ENGINE_PRESET: Key = key("engine", "preset");
pub(crate) const ENGINE_PROGRAM: Key = key("engine", "program");
pub(crate) const ENGINE_SCAN: Key = key("engine", "scan");
pub(crate) const ENGINE_CLEAN: Key = key("engine", "clean");
pub(crate) const ENGINE_VERSION: Key = key("engine", "version");
pub(crate) const ENGINE_CODES: Key = key("engine", "codes");
pub(crate) const ENGINE_MASKS: Key = key("engine", "masks");
pub(crate) const ENGINE_PATTERNS: Key = key("engine", "patterns");

// `[policy]`
pub(crate) const POLICY_INFECTED: Key = key("policy", "infected");
pub(crate) const POLICY_DISINFECT: Key = key("policy", "disinfect");
pub(crate) const POLICY_UNSCANNABLE: Key = key("policy", "unscannable");
pub(crate) const POLICY_ERROR: Key = key("policy", "error");
pub(crate) const POLICY_WITHOUT_OPTIONS: Key = key("policy", "without-options");

// `[notice]`
pub(crate) const NOTICE_INFECTED: Key = key("notice", "infected");
pub(crate) const NOTICE_NOT_SCANNED: Key = key("notice", "not-scanned");
pub(crate) const NOTICE_DESCRIPTION: Key = key("notice", "description");

// `[log]`
pub(crate) const LOG_FILE: Key = key("log", "file");
pub(crate) const LOG_SYSLOG: Key = key("log", "syslog");
pub(crate) const LOG_DIGEST: Key = key("log", "digest");

// `[state]`
pub(crate) const STATE_DIRECTORY: Key = key("state", "directory");

// `[cache]`
pub(crate) const CACHE_INFECTED_FOR: Key = key("cache", "infected-for");
pub(crate) const CACHE_CLEAN: Key = key("cache", "clean");
pub(crate) const CACHE_CLEAN_FOR: Key = key("cache", "clean-for");
pub(crate) const CACHE_STORM: Key = key("cache", "storm");
pub(crate) const CACHE_ENTRIES: Key = key("cache", "entries");

// `[poison]`
pub(crate) const POISON_TRIES: Key = key("poison", "tries");
pub(crate) const POISON_WITHIN: Key = key("poison", "within");
