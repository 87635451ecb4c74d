//! `type = "command"`: a command-line scanner, by preset or freely defined.
//! Fails with faults in the table it is read from.

mod argument;
mod codes;
mod patterns;
mod preset;

use std::path::PathBuf;

use self::argument::Needs;
pub use self::argument::{Argument, Private};
pub use self::codes::{Codes, Meaning};
pub(crate) use self::patterns::FILE_MARK;
pub use self::patterns::{Pattern, Patterns};
use self::preset::Defaults;
pub use self::preset::Preset;
use super::key;
use super::table::Table;

/// A command-line scanner.
#[derive(Clone, Debug)]
pub struct CommandConfig {
    /// The program, absolute.
    pub program: PathBuf,
    /// Arguments that scan.
    pub scan: Vec<Argument>,
    /// Arguments that clean; empty where the scanner cannot.
    pub clean: Vec<Argument>,
    /// Arguments that print the version; empty where there are none.
    pub version: Vec<Argument>,
    /// What the exit codes mean.
    pub codes: Codes,
    /// What the lines of output mean.
    pub patterns: Patterns,
}

impl CommandConfig {
    /// Reads the keys of a command engine. Every key that is given beats the
    /// preset's.
    pub(super) fn read(table: &Table<'_, '_>) -> Option<Self> {
        let named = table.string(key::ENGINE_PRESET.name()).is_some();
        let defaults =
            table.choice(key::ENGINE_PRESET.name(), &Preset::NAMES).map_or(&Defaults::NONE, Preset::defaults);
        let program = program(table, defaults, named);
        let scan = argument::read(table, key::ENGINE_SCAN.name(), defaults.scan, Needs::Part);
        let clean = argument::read(table, key::ENGINE_CLEAN.name(), defaults.clean, Needs::PartOrNothing);
        let version = argument::read(table, key::ENGINE_VERSION.name(), defaults.version, Needs::NoPart);
        let patterns = Patterns::read(table, defaults);
        let codes = Codes::read(table, (defaults.codes, defaults.masks));
        if !named && scan.as_ref().is_some_and(Vec::is_empty) {
            table.fault(
                key::ENGINE_SCAN.name(),
                "a command engine needs `scan` or `preset`",
                "add `scan = [\"{file}\"]`",
            );
        }
        let (codes, patterns) = (codes?, patterns?);
        if !named && codes.clean_is_unknown() && patterns.clean.is_empty() {
            table.fault(
                key::ENGINE_CODES.name(),
                "a command engine needs an exit code or a pattern that means clean",
                "add `clean = [0]` under `[engine.codes]`",
            );
        }
        let codes = if patterns.clean.is_empty() { codes } else { codes.or_zero_is_clean() };
        Some(Self { program: program?, scan: scan?, clean: clean?, version: version?, codes, patterns })
    }
}

/// The program. A relative one would depend on where the job controller was
/// started.
fn program(table: &Table<'_, '_>, defaults: &Defaults, named: bool) -> Option<PathBuf> {
    let given = table.string(key::ENGINE_PROGRAM.name());
    if given.is_some_and(|path| !path.starts_with('/')) {
        table.fault(key::ENGINE_PROGRAM.name(), "`program` must be absolute", "write the path from `/` on");
        return None;
    }
    if given.is_none() && !named {
        let hint = format!("add `program = \"/...\"`, or `preset` with one of {}", Preset::words());
        table.fault(key::ENGINE_PROGRAM.name(), "a command engine needs `program` or `preset`", hint);
    }
    given.or((!defaults.program.is_empty()).then_some(defaults.program)).map(PathBuf::from)
}

#[cfg(test)]
mod tests;
