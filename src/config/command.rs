//! `type = "command"`: a command-line scanner, by preset or freely defined.

use std::path::PathBuf;

use super::table::Table;

/// Known scanners.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Preset {
    /// NAI / McAfee / Trellix VirusScan Command Line.
    Uvscan,
}

/// Exit codes.
#[derive(Clone, Debug, Default)]
pub struct Codes {}

/// Line patterns.
#[derive(Clone, Debug, Default)]
pub struct Patterns {}

/// A command-line scanner.
#[derive(Clone, Debug)]
pub struct CommandConfig {
    /// The program, absolute.
    pub program: PathBuf,
}

impl CommandConfig {
    /// Reads the keys of a command engine.
    pub(super) fn read(table: &Table<'_, '_>) -> Option<Self> {
        Some(Self { program: table.path("program")? })
    }
}
