//! What all processes of the host remember of parts that an engine has seen: its
//! verdicts, and which parts broke it. Fails as the engine does, or when there is
//! no time left for waiting.

mod costly;
mod definitions;
mod entry;
mod flight;
mod patience;
mod suspects;
mod verdicts;

use std::path::Path;

use self::patience::Patience;
use self::suspects::Suspects;
use self::verdicts::{Keys, Verdicts};
use super::health::Blame;
use super::sample::{Response, Sample, no_time};
use crate::config::{Config, EngineConfig, EngineKind};
use crate::os::clock::{self, Deadline};
use crate::os::lock::Lock;
use crate::verdict::{ErrorKind, Reason, ScanError, Verdict};

/// The memory of one engine. Nothing is opened until it is needed.
pub(super) struct Memory<'a> {
    engine: &'a EngineConfig,
    state: Option<&'a Path>,
    verdicts: Option<Verdicts<'a>>,
    suspects: Option<Suspects<'a>>,
    patience: Option<Patience<'a>>,
}

impl<'a> Memory<'a> {
    /// What is remembered for `engine`.
    pub(super) fn new(config: &'a Config, engine: &'a EngineConfig) -> Self {
        Self {
            engine,
            state: config.state.as_deref(),
            verdicts: Verdicts::new(config, engine),
            suspects: Suspects::new(config, engine),
            patience: Patience::new(config, &engine.name),
        }
    }

    /// The verdict on one part: the known one, else what `ask` gives; that the part is
    /// poison where it waited often enough. `tell` asks the engine for its version.
    pub(super) fn scan(
        &self,
        sample: &Sample<'_>,
        by: Deadline,
        tell: &dyn Fn() -> Option<String>,
        ask: &mut dyn FnMut() -> Result<Response, (ScanError, Blame)>,
    ) -> Result<Response, ScanError> {
        let response = self.recall_or_ask(sample, by, tell, ask)?;
        match &self.patience {
            Some(patience) => Ok(patience.end(response, sample, by.with_grace())),
            None => Ok(response),
        }
    }

    fn recall_or_ask(
        &self,
        sample: &Sample<'_>,
        by: Deadline,
        tell: &dyn Fn() -> Option<String>,
        ask: &mut dyn FnMut() -> Result<Response, (ScanError, Blame)>,
    ) -> Result<Response, ScanError> {
        let started = clock::instant();
        let keys = self.keys(sample, by);
        if self.verdicts.is_some() && by.left().is_none() && !by.is_stopped() {
            return Err(no_time(&self.engine.name, "the digest of the part", clock::since(started)));
        }
        let Some((verdicts, keys)) = keys else { return self.tried(sample, by, tell, ask) };
        let response = self.known_or_asked(verdicts, &keys, (sample, by), tell, ask)?;
        verdicts.count(&response.verdict);
        Ok(response)
    }

    fn known_or_asked(
        &self,
        verdicts: &Verdicts<'_>,
        keys: &Keys,
        (sample, by): (&Sample<'_>, Deadline),
        tell: &dyn Fn() -> Option<String>,
        ask: &mut dyn FnMut() -> Result<Response, (ScanError, Blame)>,
    ) -> Result<Response, ScanError> {
        if let Some(response) = verdicts.recall(keys, sample, tell) {
            return Ok(response);
        }
        let turn = self.turn(keys, by)?;
        if turn.is_some()
            && let Some(response) = verdicts.recall(keys, sample, tell)
        {
            return Ok(response);
        }
        let before = verdicts.before(tell);
        let response = self.tried(sample, by, tell, ask)?;
        // What changed while it was scanned is not what the verdict is about.
        let is_same = sample.fingerprint.is_some_and(|own| own.digest(sample.file, by).is_some());
        if !response.remembered
            && is_same
            && !verdicts.remember(keys, sample, &response, before.as_ref(), tell, by)
        {
            self.waiting_is_in_vain(keys);
        }
        Ok(response)
    }

    /// Asks, unless the part has broken the engine too often, or cost it much time
    /// for nothing a while ago.
    fn tried(
        &self,
        sample: &Sample<'_>,
        by: Deadline,
        tell: &dyn Fn() -> Option<String>,
        ask: &mut dyn FnMut() -> Result<Response, (ScanError, Blame)>,
    ) -> Result<Response, ScanError> {
        let Some(suspects) = &self.suspects else { return ask().map_err(|(error, _)| error) };
        let (mut broke, mut _alone) = (0, None);
        if !suspects.is_idle() {
            if let Some(response) = costly::recall(self.engine, &suspects.table(), (sample, by), tell) {
                return Ok(response);
            }
            broke = suspects.broke(sample, by);
        }
        if broke > 0 && !suspects.is_poison(broke) {
            _alone = suspects.alone(by)?;
            // What became of the copies that were tried before this one.
            broke = suspects.broke(sample, by);
        }
        if suspects.is_poison(broke) {
            let verdict = Verdict::unscannable(Reason::Poison);
            return Ok(Response { remembered: true, ..verdict.into() });
        }
        let enough = suspects.is_enough(by);
        let began = clock::instant();
        match ask() {
            Ok(response) => {
                if broke > 0 {
                    suspects.clear(sample, by.with_grace());
                }
                let cost = (&response, clock::since(began));
                costly::remember(self.engine, &suspects.table(), (sample, by), cost, tell);
                Ok(response)
            }
            Err((error, blame)) => {
                if blame == Blame::Part && Suspects::counts(error.kind, enough) {
                    suspects.count(sample, broke, by.with_grace());
                }
                Err(error)
            }
        }
    }

    /// Why the engine could not clean the part a short while ago.
    pub(super) fn not_cleaned(
        &self,
        sample: &Sample<'_>,
        by: Deadline,
        tell: &dyn Fn() -> Option<String>,
    ) -> Option<ScanError> {
        let (verdicts, keys) = self.keys(sample, by)?;
        let why = verdicts.not_cleaned(&keys, tell)?;
        // It was not asked this time.
        Some(ScanError::new(ErrorKind::OutOfService, why))
    }

    /// Remembers that it could not, if that is likely to be so again.
    pub(super) fn remember_not_cleaned(
        &self,
        sample: &Sample<'_>,
        error: &ScanError,
        by: Deadline,
        tell: &dyn Fn() -> Option<String>,
    ) {
        match error.kind {
            ErrorKind::TimedOut | ErrorKind::Crashed | ErrorKind::Garbled | ErrorKind::Failed => {
                if let Some((verdicts, keys)) = self.keys(sample, by) {
                    verdicts.remember_not_cleaned(&keys, error, tell);
                }
            }
            ErrorKind::Configuration
            | ErrorKind::Part
            | ErrorKind::NotInstalled
            | ErrorKind::Unreachable
            | ErrorKind::OutOfService
            | ErrorKind::Blind
            | ErrorKind::Internal => {}
        }
    }

    fn keys(&self, sample: &Sample<'_>, by: Deadline) -> Option<(&Verdicts<'a>, Keys)> {
        let verdicts = self.verdicts.as_ref()?;
        Some((verdicts, verdicts.keys(sample, by)?))
    }

    /// The turn to scan, where scanning takes longer than the trouble.
    fn turn(&self, keys: &Keys, by: Deadline) -> Result<Option<Lock>, ScanError> {
        match self.waited_for() {
            Some(state) => flight::turn(state, &keys.verdict, by),
            None => Ok(None),
        }
    }

    fn waiting_is_in_vain(&self, keys: &Keys) {
        if let Some(state) = self.waited_for() {
            flight::in_vain(state, &keys.verdict);
        }
    }

    fn waited_for(&self) -> Option<&'a Path> {
        match &self.engine.kind {
            EngineKind::Command(_) => self.state,
            EngineKind::Daemon(_) | EngineKind::Rules(_) => None,
        }
    }
}
