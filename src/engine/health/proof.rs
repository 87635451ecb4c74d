//! Whether an engine's "clean" may be believed: only while there is proof that it
//! sees. Fails with why there is none.

use std::time::Duration;

use super::breaker::{is_ahead, refusal};
use super::state::State;
use super::{HASTY, Health};
use crate::engine::canary;
use crate::engine::sample::Engine;
use crate::os::clock::{self, Deadline, in_micros};
use crate::verdict::{ErrorKind, ScanError};

/// Longest time for telling a version, which nothing depends on.
const VERSION_TIME: Duration = Duration::from_secs(2);

/// How good the proof is that it sees.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Proof {
    Fresh,
    /// Good enough, but somebody should renew it.
    Due,
    None,
}

impl Health {
    /// Whether the "clean" that it was asked for at `asked` may be believed; gives
    /// its version, if it told one. A proof that is missing or too old is got now,
    /// one that is only old is renewed unless another process renews it.
    pub(in crate::engine) fn vouch(
        &self,
        engine: &dyn Engine,
        asked: u64,
        deadline: Deadline,
    ) -> Result<Option<String>, ScanError> {
        let Some(age) = self.age else {
            self.note_served();
            return Ok(None);
        };
        let mut state = self.board.state();
        match self.proof(state.as_ref(), age) {
            Proof::Fresh => {}
            Proof::Due => {
                self.renew(engine, deadline)?;
                state = self.board.state();
            }
            Proof::None => {
                self.require_proof(engine, 0, deadline)?;
                state = self.board.state();
            }
        }
        match state {
            // It may have been blind when it said so; that it sees today proves
            // nothing about then.
            Some(State::Awake { since, .. }) if since > asked => Err(ScanError::new(
                ErrorKind::Blind,
                "was out of service since it got the part, and may not have seen it",
            )),
            Some(State::Awake { version, .. }) => Ok(Some(version).filter(|version| !version.is_empty())),
            // Another process's part has failed since then; that process finds out why.
            Some(State::Unproven { .. }) | None => Ok(None),
            Some(State::Closed { error, .. }) => Err(refusal(error)),
        }
    }

    fn proof(&self, state: Option<&State>, age: Duration) -> Proof {
        let Some(State::Awake { at, since, seal, .. }) = state else { return Proof::None };
        // A proof from the future is none.
        let Some(old) = clock::micros().checked_sub(*at) else { return Proof::None };
        let is_other = || seal.is_none() || *seal != self.subject.seal();
        if old > in_micros(age) || since > at || is_other() {
            Proof::None
        } else if old > in_micros(age) / 2 {
            Proof::Due
        } else {
            Proof::Fresh
        }
    }

    /// Proves it anew, unless another process does.
    fn renew(&self, engine: &dyn Engine, deadline: Deadline) -> Result<(), ScanError> {
        match self.board.attempt() {
            Ok(None) => Ok(()),
            Ok(Some(_lock)) => self.found_meanwhile(0).unwrap_or_else(|| self.prove(engine, deadline)),
            // No lock can be made here, so each process proves the engine for itself.
            Err(_) => self.prove(engine, deadline),
        }
    }

    /// Proves that it sees later than `after`, or waits for the process that does so,
    /// but no longer than a canary may take.
    pub(super) fn require_proof(
        &self,
        engine: &dyn Engine,
        after: u64,
        deadline: Deadline,
    ) -> Result<(), ScanError> {
        let lock = self.board.wait(deadline.within(self.patience));
        if deadline.left().is_none() {
            return Err(ScanError::new(ErrorKind::TimedOut, "no time left to prove that it sees"));
        }
        let found = if lock.is_ok() { self.found_meanwhile(after) } else { None };
        found.unwrap_or_else(|| self.prove(engine, deadline))
    }

    /// What another process found out before we had the lock: it is closed, or it was
    /// proven after `after`. `None` where there is still something to do.
    fn found_meanwhile(&self, after: u64) -> Option<Result<(), ScanError>> {
        let state = self.board.state()?;
        match &state {
            State::Closed { until, error, .. } if is_ahead(*until) => Some(Err(refusal(error.clone()))),
            State::Awake { at, .. }
                if *at >= after && self.proof(Some(&state), self.age?) == Proof::Fresh =>
            {
                Some(Ok(()))
            }
            State::Closed { .. } | State::Awake { .. } | State::Unproven { .. } => None,
        }
    }

    /// Shows it the canary and notes the outcome.
    pub(super) fn prove(&self, engine: &dyn Engine, deadline: Deadline) -> Result<(), ScanError> {
        // The proof is as old as its beginning, and so is what it is about.
        let at = clock::micros();
        let seal = self.subject.seal_at_rest();
        let is_hasty = deadline.left().is_none_or(|left| left < HASTY);
        match canary::look(engine, deadline.within(self.patience)) {
            Ok(()) => {
                let version = engine.version(deadline.within(VERSION_TIME)).unwrap_or_default();
                let since = match self.board.state() {
                    Some(State::Awake { since, .. } | State::Unproven { since, .. }) => since.min(at),
                    Some(State::Closed { .. }) => at,
                    None => 0,
                };
                self.board.write(&State::Awake { at, since, seal, version });
                Ok(())
            }
            // Nobody waits for it any more.
            Err(error) if deadline.is_stopped() => Err(error),
            Err(error) => match error.kind {
                // These are about us, not about the engine.
                ErrorKind::Part | ErrorKind::Configuration | ErrorKind::Internal => Err(error),
                ErrorKind::TimedOut if is_hasty => Err(error),
                ErrorKind::NotInstalled
                | ErrorKind::Unreachable
                | ErrorKind::OutOfService
                | ErrorKind::Blind
                | ErrorKind::TimedOut
                | ErrorKind::Crashed
                | ErrorKind::Garbled
                | ErrorKind::Failed => {
                    self.close(&error, at);
                    Err(error)
                }
            },
        }
    }
}
