//! One configured engine with all its addresses.

use std::path::Path;

use super::{Cleaned, Engine, Response, Sample, clamd, command, icap, rules};
use crate::config::{Config, EngineConfig, EngineKind, Place, Protocol};
use crate::os::clock::Deadline;
use crate::verdict::{ErrorKind, Reason, ScanError, Verdict, Weight};

/// One configured engine.
pub struct Farm<'a> {
    config: &'a EngineConfig,
    members: Vec<Box<dyn Engine + 'a>>,
}

impl<'a> Farm<'a> {
    pub(super) fn new(config: &'a Config, engine: &'a EngineConfig) -> Self {
        let members: Vec<Box<dyn Engine + 'a>> = match &engine.kind {
            EngineKind::Daemon(places) => {
                places.iter().map(|place| daemon(place, config.state.as_deref())).collect()
            }
            EngineKind::Command(command) => {
                vec![Box::new(command::Command::new(command, config.state.as_deref()))]
            }
            EngineKind::Rules(file) => vec![Box::new(rules::Rules::new(file))],
        };
        Self { config: engine, members }
    }

    /// Its configuration: name, weight, time.
    pub fn config(&self) -> &EngineConfig {
        self.config
    }

    /// Asks about one part.
    pub fn scan(
        &self,
        sample: &Sample<'_>,
        by: Deadline,
        meanwhile: &mut dyn FnMut(),
    ) -> Result<Response, ScanError> {
        // Engines let what is over their limit pass, and say nothing of it.
        if self.config.largest.is_some_and(|largest| sample.size > largest) {
            return Ok(Verdict::unscannable(Reason::TooLarge).into());
        }
        let by = by.within(self.config.timeout);
        self.member()?.scan(sample, by, meanwhile)
    }

    /// Tries to clean.
    pub fn clean(&self, sample: &Sample<'_>, by: Deadline) -> Option<Result<Cleaned, ScanError>> {
        self.member().ok()?.clean(sample, by.within(self.config.timeout))
    }

    /// Its version, by asking.
    pub fn version(&self, by: Deadline) -> Result<String, ScanError> {
        self.member()?.version(by.within(self.config.timeout))
    }

    fn member(&self) -> Result<&(dyn Engine + 'a), ScanError> {
        let none = || ScanError::new(ErrorKind::Configuration, "no address");
        self.members.first().map(AsRef::as_ref).ok_or_else(none)
    }

    /// Its name in the configuration.
    pub fn name(&self) -> &str {
        &self.config.name
    }

    /// Whether its "clean" counts.
    pub fn weight(&self) -> Weight {
        self.config.weight
    }
}

fn daemon<'a>(place: &'a Place, state: Option<&Path>) -> Box<dyn Engine + 'a> {
    match &place.protocol {
        Protocol::Clamd => Box::new(clamd::Clamd::new(&place.address)),
        Protocol::Icap { service } => Box::new(icap::Icap::new(&place.address, service, state)),
    }
}
