//! Whether one address of an engine may be asked, and whether its "clean" may be
//! believed: known to all processes of the host by a note in the state directory.
//! Nothing here fails a part; what cannot be noted is found out anew.
//!
//! The note is the target of a symbolic link, so one system call reads it and
//! `ls -l` shows it.

mod board;
mod breaker;
mod proof;
mod state;
mod subject;

use std::path::Path;
use std::time::Duration;

use self::board::Board;
pub(super) use self::board::LOCKS;
pub(super) use self::breaker::{Blame, Trust};
use self::subject::Subject;
use crate::config::{EngineConfig, EngineKind, Place};
use crate::os::clock::Deadline;

/// A canary, or a part, that had less time than this and did not make it says
/// nothing of the engine.
const HASTY: Duration = Duration::from_secs(1);

/// Longest time for the canary of a daemon that has just failed. A healthy one needs
/// milliseconds, and the part that it failed on is still waiting.
const AFTER_FAILURE: Duration = Duration::from_secs(2);

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

    /// Whether a part that must be done by `deadline` has too little time left to
    /// blame the engine if it is late. Else one part that uses up its time would close
    /// a healthy engine for all.
    pub(super) fn is_hasty(&self, deadline: Deadline) -> bool {
        deadline.left().is_none_or(|left| left < HASTY.min(self.patience))
    }
}
