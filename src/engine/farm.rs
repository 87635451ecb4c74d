//! One configured engine with all its addresses: which of them is asked, and
//! which next when it fails. Fails when none gives a verdict to be believed.

mod choice;
mod member;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

pub use self::member::Member;
use super::health::{Blame, Trust};
use super::memory::Memory;
use super::sample::{Cleaned, Response, Sample, no_time};
use crate::config::{Config, EngineConfig, EngineKind};
use crate::os::clock::{self, Deadline};
use crate::verdict::{ErrorKind, Reason, ScanError, Verdict, Weight};

/// How often a part that was sent may be lost. One that breaks an engine may
/// break them all.
const LOST: usize = 2;

/// Time for trying whether an address is back, while others serve.
const TRIAL: Duration = Duration::from_secs(2);

/// Time for telling a version, without which a verdict is not remembered.
const VERSION_TIME: Duration = Duration::from_secs(2);

/// One configured engine.
pub struct Farm<'a> {
    config: &'a EngineConfig,
    members: Vec<Member<'a>>,
    memory: Memory<'a>,
    /// Which of them gave the last verdict.
    last: AtomicUsize,
}

impl<'a> Farm<'a> {
    pub(super) fn new(config: &'a Config, engine: &'a EngineConfig) -> Self {
        let state = config.state.as_deref();
        let members = match &engine.kind {
            EngineKind::Daemon(places) => {
                places.iter().map(|place| Member::daemon(engine, place, state)).collect()
            }
            EngineKind::Command(command) => {
                let copies = config.copies.as_deref().or(state);
                vec![Member::command(engine, command, (state, copies))]
            }
            EngineKind::Rules(file) => vec![Member::rules(file)],
        };
        Self { config: engine, members, memory: Memory::new(config, engine), last: AtomicUsize::new(0) }
    }

    /// Its configuration: name, weight, time.
    pub fn config(&self) -> &EngineConfig {
        self.config
    }

    /// Its addresses.
    pub fn members(&self) -> &[Member<'a>] {
        &self.members
    }

    /// Its name in the configuration.
    pub fn name(&self) -> &str {
        &self.config.name
    }

    /// Whether its "clean" counts.
    pub fn weight(&self) -> Weight {
        self.config.weight
    }

    /// Whether a part of `size` bytes is more than it takes: a stream over the
    /// limit is refused halfway, a file over it may be called clean unread.
    pub fn is_too_large(&self, size: u64) -> bool {
        self.config.largest.is_some_and(|largest| size > largest)
    }

    /// Asks about one part, unless the answer is known. An engine with nothing to
    /// do but wait calls `meanwhile` first.
    pub fn scan(
        &self,
        sample: &Sample<'_>,
        by: Deadline,
        meanwhile: &mut dyn FnMut(),
    ) -> Result<Response, ScanError> {
        if self.is_too_large(sample.size) {
            return Ok(Verdict::unscannable(Reason::TooLarge).into());
        }
        let started = clock::instant();
        let ask = &mut || self.ask(sample, (started, by), meanwhile);
        let response = self.memory.scan(sample, by, &|| self.version(by), ask)?;
        if response.remembered && response.verdict == Verdict::Clean {
            // It is as good as a fresh one only if the engine sees.
            let first = self.members.first().map_or(Ok(None), |member| member.vouch(by));
            return first.map(|version| Response { version, ..response });
        }
        Ok(response)
    }

    /// The version that one that is well tells now.
    fn version(&self, by: Deadline) -> Option<String> {
        let well = self.members.iter().find(|member| matches!(member.trust(), Trust::Ask))?;
        well.engine.version(by.within(VERSION_TIME)).ok()
    }

    fn ask(
        &self,
        sample: &Sample<'_>,
        (started, by): (Instant, Deadline),
        meanwhile: &mut dyn FnMut(),
    ) -> Result<Response, (ScanError, Blame)> {
        let until = by.within(self.config.timeout);
        let mut round = Round { farm: self, until, by, lost: 0, why: None, blame: Blame::Engine };
        let mut on_trial: Vec<(usize, &Member<'a>)> = Vec::new();
        for i in self.order() {
            let Some(member) = self.members.get(i) else { continue };
            match member.trust() {
                Trust::Ask => {
                    if let Some(response) = round.ask(i, member, sample, meanwhile) {
                        // One look at one that was away, now that there is an answer.
                        if let Some((_, away)) = on_trial.first() {
                            let _ = away.try_again(by.within(TRIAL));
                        }
                        return Ok(response);
                    }
                }
                Trust::Trial(error) => {
                    on_trial.push((i, member));
                    round.because(member, error);
                }
                Trust::Closed(error) => round.because(member, error),
            }
        }
        for (i, member) in on_trial {
            match member.try_again(by) {
                Ok(_lock) => {
                    if let Some(response) = round.ask(i, member, sample, meanwhile) {
                        return Ok(response);
                    }
                }
                Err(error) => round.because(member, error),
            }
        }
        let none = || match until.left() {
            None => no_time(self.name(), "what comes before asking it", clock::since(started)),
            Some(_) => ScanError::new(ErrorKind::Configuration, "no address"),
        };
        Err((round.why.unwrap_or_else(none), round.blame))
    }

    /// The error with the address that it is of, where that is a question.
    fn named(&self, member: &Member<'_>, error: ScanError) -> ScanError {
        match self.one_of_several(member) {
            Some(place) if !error.detail.contains(&place) => {
                ScanError::new(error.kind, format!("{place}: {}", error.detail))
            }
            Some(_) | None => error,
        }
    }

    /// Which it is, where that is a question.
    fn one_of_several(&self, member: &Member<'_>) -> Option<String> {
        member.place.filter(|_| self.members.len() > 1).map(ToString::to_string)
    }

    /// The places of the members, in the order in which they are asked. One that
    /// is reached over a network is asked twice: a balancer may be in front of it.
    fn order(&self) -> Vec<usize> {
        match self.members.as_slice() {
            [one] if one.is_remote() => vec![0, 0],
            [_] => vec![0],
            several => choice::order(several.iter().map(Member::share)),
        }
    }

    /// Has the member that gave the last verdict clean the part.
    pub fn clean(&self, sample: &Sample<'_>, by: Deadline) -> Option<Result<Cleaned, ScanError>> {
        if let Some(error) = self.memory.not_cleaned(sample, by, &|| self.version(by)) {
            return Some(Err(error));
        }
        let member = self.members.get(self.last.load(Ordering::Relaxed))?;
        member.engine.clean(sample, by.within(self.config.timeout))
    }

    /// Remembers for a while that the part could not be cleaned, or not for good.
    pub fn not_cleaned(&self, sample: &Sample<'_>, error: &ScanError, by: Deadline) {
        self.memory.remember_not_cleaned(sample, error, by, &|| self.version(by));
    }
}

/// One part on its way from member to member.
struct Round<'f, 'a> {
    farm: &'f Farm<'a>,
    /// The end of the engine's own time.
    until: Deadline,
    /// The end of all time: what follows a failure may take longer.
    by: Deadline,
    lost: usize,
    why: Option<ScanError>,
    /// Whose the last failure was.
    blame: Blame,
}

impl Round<'_, '_> {
    fn ask(
        &mut self,
        i: usize,
        member: &Member<'_>,
        sample: &Sample<'_>,
        meanwhile: &mut dyn FnMut(),
    ) -> Option<Response> {
        if self.lost == LOST || self.until.left().is_none() {
            return None;
        }
        let until = self.until.within(self.farm.config.patience);
        match member.ask(sample, (until, self.by), meanwhile) {
            Ok(response) => {
                self.farm.last.store(i, Ordering::Relaxed);
                let several = self.farm.members.len() > 1;
                let how = if several { "another address stood in" } else { "failed at first" };
                let warning = self.why.take().map(|error| format!("{how}: {error}")).or(response.warning);
                Some(Response { address: self.farm.one_of_several(member), warning, ..response })
            }
            Err((error, blame)) => {
                self.lost += usize::from(blame == Blame::Part || error.kind.is_late());
                // What happened to the part says more than what is known of others.
                (self.why, self.blame) = (Some(self.farm.named(member, error)), blame);
                None
            }
        }
    }

    fn because(&mut self, member: &Member<'_>, error: ScanError) {
        let error = self.farm.named(member, error);
        self.why.get_or_insert(error);
    }
}
