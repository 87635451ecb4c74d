//! One address of an engine: asked, watched, and believed only while there is
//! proof that it sees. Fails with the engine's error and whose it was.

use std::path::Path;

use crate::address::Address;
use crate::config::{CommandConfig, EngineConfig, Place, Protocol};
use crate::engine::health::{Blame, Health, Trust};
use crate::engine::sample::{Engine, Response, Sample};
use crate::engine::{clamd, command, icap, rules};
use crate::os::clock::{self, Deadline};
use crate::os::lock::Lock;
use crate::verdict::{ScanError, Verdict};

/// One address of an engine.
pub struct Member<'a> {
    /// Where it is; nowhere for what runs here.
    pub place: Option<&'a Place>,
    /// What is asked.
    pub engine: Box<dyn Engine + 'a>,
    health: Option<Health>,
}

impl<'a> Member<'a> {
    pub(super) fn daemon(config: &EngineConfig, place: &'a Place, state: Option<&'a Path>) -> Self {
        let engine: Box<dyn Engine + 'a> = match &place.protocol {
            Protocol::Clamd => Box::new(clamd::Clamd::new(&place.address)),
            Protocol::Icap { service } => Box::new(icap::Icap::new(&place.address, service, state)),
        };
        let health = Some(Health::new(state, config, Some(place)));
        Self { place: Some(place), engine, health }
    }

    pub(super) fn command(
        config: &'a EngineConfig,
        command: &'a CommandConfig,
        (state, copies): (Option<&'a Path>, Option<&'a Path>),
    ) -> Self {
        let health = Some(Health::new(state, config, None));
        Self { place: None, engine: Box::new(command::Command::new(&config.name, command, copies)), health }
    }

    pub(super) fn rules(file: &'a Path) -> Self {
        Self { place: None, engine: Box::new(rules::Rules::new(file)), health: None }
    }

    pub(super) fn share(&self) -> u32 {
        self.place.map_or(1, |place| place.share)
    }

    pub(super) fn is_remote(&self) -> bool {
        self.place.is_some_and(|place| matches!(place.address, Address::Tcp(_)))
    }

    pub(super) fn trust(&self) -> Trust {
        self.health.as_ref().map_or(Trust::Ask, Health::trust)
    }

    /// Tries whether it is back.
    pub(super) fn try_again(&self, by: Deadline) -> Result<Option<Lock>, ScanError> {
        self.health.as_ref().map_or(Ok(None), |health| health.try_again(self.engine.as_ref(), by))
    }

    /// Whether a "clean" of it that was proven once may be believed now; gives its
    /// version, if it told one.
    pub(super) fn vouch(&self, by: Deadline) -> Result<Option<String>, ScanError> {
        self.health
            .as_ref()
            .map_or(Ok(None), |health| health.vouch(self.engine.as_ref(), clock::micros(), by))
    }

    /// Asks about one part: the verdict by `until`, what follows by `by`. A
    /// "clean", or that it could not look, is given only while there is proof that
    /// it sees.
    pub(super) fn ask(
        &self,
        sample: &Sample<'_>,
        (until, by): (Deadline, Deadline),
        meanwhile: &mut dyn FnMut(),
    ) -> Result<Response, (ScanError, Blame)> {
        let asked = clock::micros();
        let is_hasty = self.health.as_ref().is_some_and(|health| health.is_hasty(by));
        let answer = self.engine.scan(sample, until, meanwhile);
        let Some(health) = &self.health else { return answer.map_err(|error| (error, Blame::Engine)) };
        let engine = self.engine.as_ref();
        match answer {
            Ok(response) => match response.verdict {
                Verdict::Infected(_) => {
                    health.note_served();
                    Ok(response)
                }
                Verdict::Clean | Verdict::Unscannable(..) => match health.vouch(engine, asked, by) {
                    Ok(version) => Ok(Response { version: response.version.or(version), ..response }),
                    Err(error) => Err((error, Blame::Engine)),
                },
            },
            // We turned away, not the engine.
            Err(error) if by.is_stopped() || error.is_own => Err((error, Blame::Engine)),
            Err(error) if is_hasty && error.kind.is_late() => Err((error, Blame::Engine)),
            Err(error) => {
                let blame = health.note_failure(engine, &error, asked, by);
                Err((error, blame))
            }
        }
    }
}
