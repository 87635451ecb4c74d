//! Measures the steps of one part. Cannot fail.

use std::time::Instant;

use crate::os::clock;
use crate::record::{Steps, millis};

/// A stopwatch with laps.
pub struct Watch {
    started: Instant,
    last: Instant,
    /// What has been measured so far.
    pub steps: Steps,
}

impl Watch {
    /// Starts now.
    pub fn start() -> Self {
        let now = clock::instant();
        Self { started: now, last: now, steps: Steps::default() }
    }

    /// Milliseconds since the last call.
    pub fn lap(&mut self) -> f64 {
        let now = clock::instant();
        let took = now.duration_since(self.last);
        self.last = now;
        millis(took)
    }

    /// The steps with their total, up to the last lap.
    pub fn total(&self) -> Steps {
        Steps { total: millis(self.last.duration_since(self.started)), ..self.steps }
    }
}
