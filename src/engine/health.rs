//! Whether one address of an engine may be asked, and whether its "clean" may be
//! believed: known to all processes of the host by a note in the state directory.
//! Nothing here fails a part; what cannot be noted is found out anew.
//!
//! The note is the target of a symbolic link, so one system call reads it and
//! `ls -l` shows it.

mod state;

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::time::Duration;

use self::state::State;
use super::{Engine, canary};
use crate::config::{Address, EngineConfig, Place};
use crate::os::clock::{self, Deadline};
use crate::os::lock::Lock;
use crate::os::{files, note};
use crate::verdict::{ErrorKind, ScanError};

/// The file of the locks, below the state directory.
pub(super) const LOCKS: &str = "locks";

/// How long an address that refuses is left alone. Asking again costs nothing.
const REFUSED: Duration = Duration::from_secs(1);

/// How long a blind one is.
const BLIND: Duration = Duration::from_secs(5);

/// The longest time for one that keeps its callers waiting. The shortest is
/// [`REFUSED`]; it doubles each time.
const SLOWEST: Duration = Duration::from_secs(30);

/// Failures in a row that close an address, where no canary can tell whether
/// they were the engine's or the part's.
const FAILURES: u32 = 3;

/// A canary that had less time than this and did not make it says nothing of the
/// engine.
const HASTY: Duration = Duration::from_secs(2);

/// Longest time for telling a version, which nothing depends on.
const VERSION_TIME: Duration = Duration::from_secs(2);

/// The health of one address.
pub(super) struct Health {
    note: PathBuf,
    locks: PathBuf,
    place: u64,
    /// How old a proof may be; `None` where none is asked for.
    age: Option<Duration>,
    /// Files whose change makes every older proof worthless.
    witnesses: Vec<PathBuf>,
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
    pub(super) fn new(state: &Path, engine: &EngineConfig, address: Option<&Place>) -> Self {
        let place = hash(&[&engine.name, &address.map_or(String::new(), Place::to_string)]);
        let mut witnesses = engine.definitions.clone();
        // A daemon makes its socket anew when it starts.
        if let Some(Place { address: Address::Unix(path), .. }) = address {
            witnesses.push(path.clone());
        }
        let name: String =
            engine.name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
        Self {
            note: state.join(format!("health-{name}-{place:016x}")),
            locks: state.join(LOCKS),
            place,
            age: engine.canary,
            witnesses,
        }
    }

    /// Whether it may be asked.
    pub(super) fn trust(&self) -> Trust {
        match self.state() {
            Some(State::Closed { until, error, .. }) => {
                let error = self.refusal(error);
                if is_ahead(until) { Trust::Closed(error) } else { Trust::Trial(error) }
            }
            Some(State::Awake { .. } | State::Doubted { .. }) | None => Trust::Ask,
        }
    }

    /// What is said for an engine that was not asked.
    fn refusal(&self, error: ScanError) -> ScanError {
        match error.kind {
            ErrorKind::Blind => error,
            _ => ScanError::new(ErrorKind::OutOfService, error),
        }
    }

    /// Whether its "clean" may be believed; gives its version, if it told one. A
    /// proof that is missing or too old is got now, one that is only old is
    /// renewed if nobody else is at it.
    pub(super) fn vouch(&self, engine: &dyn Engine, by: Deadline) -> Result<Option<String>, ScanError> {
        let (proof, version) = self.proof();
        match proof {
            Proof::Fresh => {}
            Proof::Due => self.renewed(engine, by)?,
            Proof::None => self.required(engine, by)?,
        }
        Ok(version.filter(|version| !version.is_empty()))
    }

    fn proof(&self) -> (Proof, Option<String>) {
        let state = self.state();
        let Some(age) = self.age else { return (Proof::Fresh, None) };
        let Some(State::Awake { at, version }) = state else { return (Proof::None, None) };
        let proof = match clock::micros().checked_sub(at) {
            Some(old) if old <= micros(age) && !self.was_restarted(at) => {
                if old > micros(age) / 2 {
                    Proof::Due
                } else {
                    Proof::Fresh
                }
            }
            // A proof from the future is none.
            Some(_) | None => Proof::None,
        };
        (proof, Some(version))
    }

    fn was_restarted(&self, at: u64) -> bool {
        self.witnesses.iter().any(|path| files::changed_after(path, at))
    }

    /// Proves it anew, unless somebody else is at it.
    fn renewed(&self, engine: &dyn Engine, by: Deadline) -> Result<(), ScanError> {
        match Lock::attempt(&self.locks, self.place) {
            Ok(None) => Ok(()),
            // Where there can be no lock, everybody is alone.
            Ok(Some(_)) | Err(_) => self.prove(engine, by),
        }
    }

    /// Proves it, or waits for who is doing so.
    fn required(&self, engine: &dyn Engine, by: Deadline) -> Result<(), ScanError> {
        let Ok(lock) = Lock::wait(&self.locks, self.place, by) else { return self.prove(engine, by) };
        if lock.is_none() {
            return Err(ScanError::new(ErrorKind::TimedOut, "no time left to prove that it sees"));
        }
        match self.state() {
            Some(State::Closed { until, error, .. }) if is_ahead(until) => Err(self.refusal(error)),
            _ => match self.proof() {
                (Proof::Fresh | Proof::Due, _) => Ok(()),
                (Proof::None, _) => self.prove(engine, by),
            },
        }
    }

    /// Tries whether it is back; only one process does at a time. Whoever may go
    /// on with a part keeps the lock, if there is one, until that part is done.
    pub(super) fn tried(&self, engine: &dyn Engine, by: Deadline) -> Result<Option<Lock>, ScanError> {
        let busy = || ScanError::new(ErrorKind::OutOfService, "somebody is trying whether it is back");
        let lock = match Lock::attempt(&self.locks, self.place) {
            Ok(None) => return Err(busy()),
            Ok(lock) => lock,
            Err(_) => None,
        };
        if self.age.is_none() {
            return Ok(lock);
        }
        self.prove(engine, by).map(|()| None)
    }

    /// Shows it the canary and notes what came of it.
    fn prove(&self, engine: &dyn Engine, by: Deadline) -> Result<(), ScanError> {
        // The proof is as old as its beginning.
        let at = clock::micros();
        let hasty = by.left().is_none_or(|left| left < HASTY);
        match canary::look(engine, by) {
            Ok(()) => {
                let version = engine.version(by.within(VERSION_TIME)).unwrap_or_default();
                self.note(&State::Awake { at, version });
                Ok(())
            }
            // That says more about us than about the engine.
            Err(error) if error.kind == ErrorKind::Internal => Err(error),
            Err(error) if error.kind == ErrorKind::TimedOut && hasty => Err(error),
            Err(error) => {
                self.close(&error);
                Err(error)
            }
        }
    }

    /// Notes that it served a part, where that is all the proof there is.
    pub(super) fn served(&self) {
        let was_bad = matches!(self.state(), Some(State::Doubted { .. } | State::Closed { .. }));
        if self.age.is_none() && was_bad {
            self.note(&State::Awake { at: clock::micros(), version: String::new() });
        }
    }

    /// Notes a failure, and finds out whose it was.
    pub(super) fn failed(&self, engine: &dyn Engine, error: &ScanError, by: Deadline) -> Blame {
        match error.kind {
            ErrorKind::Unreachable | ErrorKind::NotInstalled | ErrorKind::OutOfService | ErrorKind::Blind => {
                self.close(error);
                return Blame::Engine;
            }
            // These are about the part, or about us.
            ErrorKind::Part | ErrorKind::Configuration | ErrorKind::Internal => return Blame::Engine,
            ErrorKind::TimedOut | ErrorKind::Crashed | ErrorKind::Garbled | ErrorKind::Failed => {}
        }
        let failures = self.failures() + 1;
        if self.age.is_none() {
            if failures >= FAILURES {
                self.close(error);
            } else {
                self.note(&State::Doubted { failures });
            }
            return if error.kind == ErrorKind::Crashed { Blame::Part } else { Blame::Engine };
        }
        self.note(&State::Doubted { failures });
        let sees = self.required(engine, by).is_ok();
        if sees || error.kind == ErrorKind::Crashed { Blame::Part } else { Blame::Engine }
    }

    /// Lets nobody ask it for a while.
    fn close(&self, error: &ScanError) {
        let failures = self.failures() + 1;
        let pause = match error.kind {
            ErrorKind::Blind => BLIND,
            ErrorKind::TimedOut => (REFUSED * 2u32.saturating_pow(failures.min(10))).min(SLOWEST),
            _ => REFUSED,
        };
        let until = clock::micros() + micros(pause);
        self.note(&State::Closed { until, failures, error: error.clone() });
    }

    fn failures(&self) -> u32 {
        match self.state() {
            Some(State::Doubted { failures } | State::Closed { failures, .. }) => failures,
            Some(State::Awake { .. }) | None => 0,
        }
    }

    fn state(&self) -> Option<State> {
        State::parse(&note::read(&self.note)?)
    }

    /// On a full disk others must find out for themselves.
    fn note(&self, state: &State) {
        let _ = note::write(&self.note, &state.to_text());
    }
}

/// Whether `until` is still to come. A clock that was set back must not keep an
/// address closed for longer.
fn is_ahead(until: u64) -> bool {
    let now = clock::micros();
    now < until && until - now <= micros(SLOWEST)
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

/// Tells addresses apart. Another release of the compiler may count otherwise;
/// then everything is proven anew.
fn hash(words: &[&str]) -> u64 {
    let mut hasher = DefaultHasher::new();
    words.hash(&mut hasher);
    hasher.finish()
}
