//! What came of one engine's self-test, in words and as JSON.

use serde::Serialize;

use super::probe::State;
use crate::verdict::ErrorKind;

/// What came of one probe.
#[derive(Serialize)]
pub(super) struct Outcome {
    pub(super) probe: &'static str,
    pub(super) answer: String,
    pub(super) state: State,
    pub(super) ms: f64,
    /// Why there was no answer.
    #[serde(skip)]
    pub(super) error: Option<ErrorKind>,
}

/// What came of one address of an engine.
#[derive(Serialize)]
pub(super) struct Report {
    /// When the test began, UTC.
    pub(super) time: String,
    pub(super) engine: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) address: String,
    pub(super) version: Option<String>,
    /// Age of the definitions, where it is known.
    pub(super) definitions_hours: Option<u64>,
    pub(super) state: State,
    pub(super) probes: Vec<Outcome>,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) hint: Option<&'static str>,
    /// Something to be mended beside the engine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) warning: Option<String>,
}

impl Report {
    /// One line of state, one for each probe, and the cure.
    pub(super) fn lines(&self) -> String {
        let at = if self.address.is_empty() { String::new() } else { format!(" {}", self.address) };
        let version = self.version.as_deref().unwrap_or("version unknown");
        let age = match self.definitions_hours {
            None => "age of definitions unknown".to_owned(),
            Some(hours @ 0..48) => format!("definitions {hours} h old"),
            Some(hours) => format!("definitions {} days old", hours / 24),
        };
        let mut lines = vec![format!("{}{at}: {}; {version}; {age}", self.engine, self.state.word())];
        for outcome in &self.probes {
            let mark = if outcome.state == State::Awake { "ok   " } else { "WRONG" };
            lines.push(format!("  {mark} {:<14} {:>9.1} ms  {}", outcome.probe, outcome.ms, outcome.answer));
        }
        lines.extend(self.hint.map(|hint| format!("  hint: {hint}")));
        lines.extend(self.warning.iter().map(|warning| format!("  warning: {warning}")));
        lines.join("\n")
    }

    /// All that is worth telling when it changes.
    pub(super) fn essence(&self) -> (State, Vec<String>) {
        let answer = |outcome: &Outcome| format!("{}: {}", outcome.probe, outcome.answer);
        (self.state, self.probes.iter().map(answer).chain(self.warning.clone()).collect())
    }
}
