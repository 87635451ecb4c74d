//! Whether an address may be asked: one that fails is left alone by all processes
//! for a while, then tried by one. Fails with why it may not.

use std::time::Duration;

use super::Health;
use super::state::State;
use crate::engine::sample::Engine;
use crate::os::clock::{self, Deadline, in_micros};
use crate::os::lock::Lock;
use crate::os::process;
use crate::verdict::{ErrorKind, ScanError};

/// How long an address that refuses is left alone. Asking again costs nothing.
const REFUSED: Duration = Duration::from_secs(1);

/// How long a blind one is left alone.
const BLIND: Duration = Duration::from_secs(5);

/// The longest time for one that keeps its callers waiting. The shortest is
/// twice [`REFUSED`]; it doubles each time.
const SLOWEST: Duration = Duration::from_secs(30);

/// A failure that took longer than this kept its caller waiting.
const SLOW: Duration = Duration::from_millis(500);

/// Failures in a row that close an address, where no canary can tell whether
/// they were the engine's or the part's.
const FAILURES: u32 = 3;

/// Whether it may be asked about the next part.
pub(in crate::engine) enum Trust {
    /// It may.
    Ask,
    /// Not before somebody has tried whether it is back.
    Trial(ScanError),
    /// Not now.
    Closed(ScanError),
}

/// Whether a failure was the engine's or may have been the part's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::engine) enum Blame {
    /// The engine fails others, too.
    Engine,
    /// The engine does well but for this part, or died while it had it.
    Part,
}

impl Health {
    /// Whether it may be asked.
    pub(in crate::engine) fn trust(&self) -> Trust {
        match self.board.state() {
            Some(State::Closed { until, error, .. }) => {
                let error = refusal(error);
                if is_ahead(until) { Trust::Closed(error) } else { Trust::Trial(error) }
            }
            Some(State::Awake { .. } | State::Unproven { .. }) | None => Trust::Ask,
        }
    }

    /// Tries whether it is back; only one process does at a time. A caller that may go
    /// on with its part keeps the lock, if there is one, until that part is done.
    pub(in crate::engine) fn try_again(
        &self,
        engine: &dyn Engine,
        deadline: Deadline,
    ) -> Result<Option<Lock>, ScanError> {
        let lock = self.board.attempt();
        let Some(State::Closed { until, error, .. }) = self.board.state() else { return Ok(None) };
        // Another process holds the lock for twice the canary's time limit: it hangs,
        // so do not wait.
        let has_time = clock::micros().saturating_sub(until) < 2 * in_micros(self.patience);
        let is_busy = matches!(lock, Ok(None)) && has_time;
        if is_ahead(until) || is_busy {
            return Err(refusal(error));
        }
        let deadline = deadline.within(self.after_failure);
        if self.age.is_some() {
            return self.prove(engine, deadline).map(|()| None);
        }
        let asked = clock::micros();
        match engine.version(deadline) {
            Ok(_) => self.note_served(),
            Err(error) if error.kind == ErrorKind::Configuration => return Ok(lock.unwrap_or(None)),
            Err(error) if deadline.is_stopped() => return Err(error),
            Err(error) => {
                self.close(&error, asked);
                return Err(error);
            }
        }
        Ok(None)
    }

    /// Notes that it served a part, where no proof is asked for. That is no proof for
    /// those who do ask for one.
    pub(in crate::engine) fn note_served(&self) {
        if self.age.is_some() {
            return;
        }
        let since = match self.board.state() {
            Some(State::Unproven { failures, since }) if failures > 0 => since,
            // Its answers until now may have been blind ones.
            Some(State::Closed { .. }) => clock::micros(),
            Some(State::Unproven { .. } | State::Awake { .. }) | None => return,
        };
        self.board.write(&State::Unproven { failures: 0, since });
    }

    /// Notes a failure that began at `asked`, and finds out whose it was.
    pub(in crate::engine) fn note_failure(
        &self,
        engine: &dyn Engine,
        error: &ScanError,
        asked: u64,
        deadline: Deadline,
    ) -> Blame {
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
                let deadline = deadline.within(self.after_failure);
                self.require_proof(engine, clock::micros(), deadline).is_ok()
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
    pub(super) fn close(&self, error: &ScanError, asked: u64) {
        if !is_about_engine(error) {
            return;
        }
        let times = match self.board.state() {
            // Another process has closed it already. Failures at the same time count
            // once.
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

/// Whether a failure says anything about the engine: neither one for want of
/// something that this process lacks, nor any after this process was told to end,
/// which may have ended the engine with it.
fn is_about_engine(error: &ScanError) -> bool {
    !error.is_own && process::interruption().is_none()
}

/// The error of an engine that was not asked.
pub(super) fn refusal(error: ScanError) -> ScanError {
    match error.kind {
        ErrorKind::Blind => error,
        _ => ScanError::new(ErrorKind::OutOfService, error),
    }
}

/// Whether `until` is still to come. A clock that was set back must not keep an
/// address closed for longer.
pub(super) fn is_ahead(until: u64) -> bool {
    let now = clock::micros();
    now < until && until - now <= in_micros(SLOWEST)
}
