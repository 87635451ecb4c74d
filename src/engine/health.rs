//! Whether one address of an engine may be asked, and whether its "clean" may be
//! believed: known to all processes of the host by a note in the state directory.
//! Nothing here fails a part; what cannot be noted is found out anew.
//!
//! The note is the target of a symbolic link, so one system call reads it and
//! `ls -l` shows it.

mod board;
mod state;
mod subject;

use std::path::Path;
use std::time::Duration;

use self::board::Board;
pub(super) use self::board::LOCKS;
use self::state::State;
use self::subject::Subject;
use super::canary;
use super::sample::Engine;
use crate::config::{EngineConfig, EngineKind, Place};
use crate::os::clock::{self, Deadline, in_micros};
use crate::os::lock::Lock;
use crate::os::process;
use crate::verdict::{ErrorKind, ScanError};

/// How long an address that refuses is left alone. Asking again costs nothing.
const REFUSED: Duration = Duration::from_secs(1);

/// How long a blind one is.
const BLIND: Duration = Duration::from_secs(5);

/// The longest time for one that keeps its callers waiting. The shortest is
/// twice [`REFUSED`]; it doubles each time.
const SLOWEST: Duration = Duration::from_secs(30);

/// A failure that took longer than this kept its caller waiting.
const SLOW: Duration = Duration::from_millis(500);

/// Failures in a row that close an address, where no canary can tell whether
/// they were the engine's or the part's.
const FAILURES: u32 = 3;

/// A canary, or a part, that had less time than this and did not make it says
/// nothing of the engine.
const HASTY: Duration = Duration::from_secs(1);

/// Longest time for the canary of a daemon that has just failed. Who works as
/// usual needs milliseconds, and the part that it failed on is still waiting.
const AFTER_FAILURE: Duration = Duration::from_secs(2);

/// Longest time for telling a version, which nothing depends on.
const VERSION_TIME: Duration = Duration::from_secs(2);

/// The health of one address.
pub(super) struct Health {
    board: Board,
    subject: Subject,
    /// How old a proof may be; `None` where none is asked for.
    age: Option<Duration>,
    /// Longest time for a canary of an engine that nothing is known against.
    patience: Duration,
    /// Likewise, of one that has just failed.
    after_failure: Duration,
}

/// Whether it may be asked about the next part.
pub(super) enum Trust {
    /// It may.
    Ask,
    /// Not before somebody has tried whether it is back.
    Trial(ScanError),
    /// Not now.
    Closed(ScanError),
}

/// How good the proof is that it sees.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Proof {
    Fresh,
    /// Good enough, but somebody should renew it.
    Due,
    None,
}

/// Whether a failure was the engine's or may have been the part's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Blame {
    /// The engine fails others, too.
    Engine,
    /// The engine does well but for this part, or died while it had it.
    Part,
}

impl Health {
    /// The health of one address of `engine`, noted below `state`.
    pub(super) fn new(state: Option<&Path>, engine: &EngineConfig, address: Option<&Place>) -> Self {
        let subject = Subject::new(engine, address);
        Self {
            board: Board::new(state, (&engine.name, &subject.address), subject.place),
            subject,
            age: engine.canary,
            patience: engine.patience,
            after_failure: match engine.kind {
                EngineKind::Daemon(_) => AFTER_FAILURE,
                // It starts anew for each sample, which takes its time.
                EngineKind::Command(_) | EngineKind::Rules(_) => engine.patience,
            },
        }
    }

    /// Whether it may be asked.
    pub(super) fn trust(&self) -> Trust {
        match self.board.state() {
            Some(State::Closed { until, error, .. }) => {
                let error = refusal(error);
                if is_ahead(until) { Trust::Closed(error) } else { Trust::Trial(error) }
            }
            Some(State::Awake { .. } | State::Unproven { .. }) | None => Trust::Ask,
        }
    }

    /// Whether the "clean" that it was asked for at `asked` may be believed; gives
    /// its version, if it told one. A proof that is missing or too old is got now,
    /// one that is only old is renewed if nobody else is at it.
    pub(super) fn vouch(
        &self,
        engine: &dyn Engine,
        asked: u64,
        by: Deadline,
    ) -> Result<Option<String>, ScanError> {
        let Some(age) = self.age else {
            self.served();
            return Ok(None);
        };
        let mut state = self.board.state();
        match self.proof(state.as_ref(), age) {
            Proof::Fresh => {}
            Proof::Due => {
                self.renewed(engine, by)?;
                state = self.board.state();
            }
            Proof::None => {
                self.required(engine, 0, by)?;
                state = self.board.state();
            }
        }
        match state {
            // What it said while it may have been blind is not proven by what it
            // sees today.
            Some(State::Awake { since, .. }) if since > asked => Err(ScanError::new(
                ErrorKind::Blind,
                "was out of service since it got the part, and may not have seen it",
            )),
            Some(State::Awake { version, .. }) => Ok(Some(version).filter(|version| !version.is_empty())),
            // Somebody's part has failed since then; that is for that part to settle.
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

    /// Proves it anew, unless somebody else is at it.
    fn renewed(&self, engine: &dyn Engine, by: Deadline) -> Result<(), ScanError> {
        match self.board.attempt() {
            Ok(None) => Ok(()),
            Ok(Some(_lock)) => self.settled(0).unwrap_or_else(|| self.prove(engine, by)),
            // Where there can be no lock, everybody is alone.
            Err(_) => self.prove(engine, by),
        }
    }

    /// Proves that it sees later than `after`, or waits for who is doing so. One
    /// who holds the lock for longer than a canary may take is not waited for.
    fn required(&self, engine: &dyn Engine, after: u64, by: Deadline) -> Result<(), ScanError> {
        let lock = self.board.wait(by.within(self.patience));
        if by.left().is_none() {
            return Err(ScanError::new(ErrorKind::TimedOut, "no time left to prove that it sees"));
        }
        let settled = if lock.is_ok() { self.settled(after) } else { None };
        settled.unwrap_or_else(|| self.prove(engine, by))
    }

    /// What others found out while the lock was waited for: it is closed, or it
    /// was proven after `after`. `None` where there is still something to do.
    fn settled(&self, after: u64) -> Option<Result<(), ScanError>> {
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

    /// Tries whether it is back; only one process does at a time. Whoever may go
    /// on with a part keeps the lock, if there is one, until that part is done.
    pub(super) fn tried(&self, engine: &dyn Engine, by: Deadline) -> Result<Option<Lock>, ScanError> {
        let lock = self.board.attempt();
        let Some(State::Closed { until, error, .. }) = self.board.state() else { return Ok(None) };
        // Who takes longer than anybody can is not waited for: it stands still.
        let has_time = clock::micros().saturating_sub(until) < 2 * in_micros(self.patience);
        let is_busy = matches!(lock, Ok(None)) && has_time;
        if is_ahead(until) || is_busy {
            return Err(refusal(error));
        }
        let by = by.within(self.after_failure);
        if self.age.is_some() {
            return self.prove(engine, by).map(|()| None);
        }
        let asked = clock::micros();
        match engine.version(by) {
            Ok(_) => self.served(),
            Err(error) if error.kind == ErrorKind::Configuration => return Ok(lock.unwrap_or(None)),
            Err(error) if by.is_stopped() => return Err(error),
            Err(error) => {
                self.close(&error, asked);
                return Err(error);
            }
        }
        Ok(None)
    }

    /// Shows it the canary and notes what came of it.
    fn prove(&self, engine: &dyn Engine, by: Deadline) -> Result<(), ScanError> {
        // The proof is as old as its beginning, and so is what it is about.
        let at = clock::micros();
        let seal = self.subject.seal_at_rest();
        let is_hasty = by.left().is_none_or(|left| left < HASTY);
        match canary::look(engine, by.within(self.patience)) {
            Ok(()) => {
                let version = engine.version(by.within(VERSION_TIME)).unwrap_or_default();
                let since = match self.board.state() {
                    Some(State::Awake { since, .. } | State::Unproven { since, .. }) => since.min(at),
                    Some(State::Closed { .. }) => at,
                    None => 0,
                };
                self.board.write(&State::Awake { at, since, seal, version });
                Ok(())
            }
            // Nobody waits for it any more.
            Err(error) if by.is_stopped() => Err(error),
            Err(error) => match error.kind {
                // That says more about us than about the engine.
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

    /// Notes that it served a part, where no proof is asked for. That is no proof for
    /// those who do ask for one.
    pub(super) fn served(&self) {
        if self.age.is_some() {
            return;
        }
        let since = match self.board.state() {
            Some(State::Unproven { failures, since }) if failures > 0 => since,
            // What it said until now it may have said blind.
            Some(State::Closed { .. }) => clock::micros(),
            Some(State::Unproven { .. } | State::Awake { .. }) | None => return,
        };
        self.board.write(&State::Unproven { failures: 0, since });
    }

    /// Whether who has to be done by `by` has too little time left to blame the
    /// engine if it is late. Else one part that uses up its time would close a
    /// healthy engine for all.
    pub(super) fn is_hasty(&self, by: Deadline) -> bool {
        by.left().is_none_or(|left| left < HASTY.min(self.patience))
    }

    /// Notes a failure that began at `asked`, and finds out whose it was.
    pub(super) fn failed(&self, engine: &dyn Engine, error: &ScanError, asked: u64, by: Deadline) -> Blame {
        if !is_about_engine(error) {
            return Blame::Engine;
        }
        match error.kind {
            ErrorKind::Unreachable | ErrorKind::NotInstalled | ErrorKind::OutOfService | ErrorKind::Blind => {
                self.close(error, asked);
                return Blame::Engine;
            }
            // These are about the part, or about us.
            ErrorKind::Part | ErrorKind::Configuration | ErrorKind::Internal => return Blame::Engine,
            ErrorKind::TimedOut | ErrorKind::Crashed | ErrorKind::Garbled | ErrorKind::Failed => {}
        }
        let sees = match self.age {
            Some(_) => {
                self.doubt(error, asked, u32::MAX);
                self.required(engine, clock::micros(), by.within(self.after_failure)).is_ok()
            }
            None => {
                self.doubt(error, asked, FAILURES);
                false
            }
        };
        if sees || error.kind == ErrorKind::Crashed { Blame::Part } else { Blame::Engine }
    }

    /// Makes every older proof worthless, and closes it after `most` failures.
    fn doubt(&self, error: &ScanError, asked: u64, most: u32) {
        let (failures, since) = match self.board.state() {
            Some(State::Unproven { failures, since }) => (failures.saturating_add(1), since),
            Some(State::Awake { since, .. }) => (1, since),
            None => (1, 0),
            Some(State::Closed { .. }) => (most, 0),
        };
        if failures >= most {
            self.close(error, asked);
        } else {
            self.board.write(&State::Unproven { failures, since });
        }
    }

    /// Lets nobody ask it for a while, after a failure that began at `asked`.
    fn close(&self, error: &ScanError, asked: u64) {
        if !is_about_engine(error) {
            return;
        }
        let times = match self.board.state() {
            // Others were faster; many failures at once are one.
            Some(State::Closed { until, .. }) if is_ahead(until) => return,
            Some(State::Closed { times, .. }) => times.saturating_add(1),
            Some(State::Awake { .. } | State::Unproven { .. }) | None => 1,
        };
        let now = clock::micros();
        let is_slow = error.kind == ErrorKind::TimedOut || now.saturating_sub(asked) > in_micros(SLOW);
        let pause = match error.kind {
            ErrorKind::Blind => BLIND,
            _ if is_slow => (REFUSED * 2u32.saturating_pow(times.min(10))).min(SLOWEST),
            _ => REFUSED,
        };
        self.board.write(&State::Closed { until: now + in_micros(pause), times, error: error.clone() });
    }
}

/// What is said for an engine that was not asked.
fn refusal(error: ScanError) -> ScanError {
    match error.kind {
        ErrorKind::Blind => error,
        _ => ScanError::new(ErrorKind::OutOfService, error),
    }
}

/// Whether `until` is still to come. A clock that was set back must not keep an
/// address closed for longer.
fn is_ahead(until: u64) -> bool {
    let now = clock::micros();
    now < until && until - now <= in_micros(SLOWEST)
}

/// Whether a failure says anything about the engine: neither one for want of
/// something that this process lacks, nor any after this process was told to end,
/// which may have ended the engine with it.
fn is_about_engine(error: &ScanError) -> bool {
    !error.is_own && process::interruption().is_none()
}
