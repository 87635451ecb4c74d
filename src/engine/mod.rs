//! What gives verdicts: one file for each kind.

mod clamd;
mod command;
pub mod eicar;
#[doc(hidden)]
pub mod fuzzing;
pub mod rules;

use std::fs::File;

use crate::config::{Config, EngineConfig, EngineKind};
use crate::os::clock::Deadline;
use crate::os::files::Input;
use crate::os::scratch::Scratch;
use crate::verdict::{ScanError, Verdict, Weight};

/// What an engine is asked about.
#[derive(Clone, Copy, Debug)]
pub struct Sample<'a> {
    /// The content, open for reading. Its offset is the engine's to move.
    pub file: &'a File,
    /// Its size.
    pub size: u64,
    /// Claimed type, `type/subtype` in lower case, or empty.
    pub mime_type: &'a str,
    /// Claimed file names, decoded.
    pub names: &'a [String],
}

/// An engine's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// What it says.
    pub verdict: Verdict,
    /// Its version, where the answer told it.
    pub version: Option<String>,
}

impl From<Verdict> for Response {
    fn from(verdict: Verdict) -> Self {
        Self { verdict, version: None }
    }
}

/// A part that an engine claims to have cleaned, in a copy of ours that the
/// engine never knew: what it left behind may still be written to by a child of
/// it. The copy goes away with this value.
#[derive(Debug)]
pub struct Cleaned {
    /// The cleaned content, not empty, open for reading.
    pub input: Input,
    _scratch: Scratch,
}

/// Something that gives a verdict.
pub trait Engine {
    /// Its configuration: name, weight, time.
    fn config(&self) -> &EngineConfig;

    /// Asks about one part. Everything but the engine's documented answers is
    /// an error. An engine with nothing to do but wait calls `meanwhile` first.
    fn scan(
        &self,
        sample: &Sample<'_>,
        by: Deadline,
        meanwhile: &mut dyn FnMut(),
    ) -> Result<Response, ScanError>;

    /// Tries to clean a copy of the part; `None` where the engine cannot. The
    /// claim is worth nothing until the result has been scanned.
    fn clean(&self, _sample: &Sample<'_>, _by: Deadline) -> Option<Result<Cleaned, ScanError>> {
        None
    }

    /// Its version, by asking. May take as long as a scan.
    fn version(&self, _by: Deadline) -> Result<String, ScanError>;

    /// Its name in the configuration.
    fn name(&self) -> &str {
        &self.config().name
    }

    /// Whether its "clean" counts.
    fn weight(&self) -> Weight {
        self.config().weight
    }
}

/// The configured engines, in order. Opening does nothing that can fail; an
/// engine that is not there says so when it is asked.
pub fn open(config: &Config) -> Vec<Box<dyn Engine + '_>> {
    let state = config.state.as_deref();
    config
        .engines
        .iter()
        .map(|engine| -> Box<dyn Engine> {
            match &engine.kind {
                EngineKind::Clamd(address) => Box::new(clamd::Clamd::new(engine, address)),
                EngineKind::Command(command) => Box::new(command::Command::new(engine, command, state)),
                EngineKind::Rules(file) => Box::new(rules::Rules::new(engine, file)),
            }
        })
        .collect()
}
