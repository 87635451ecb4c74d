//! What a rule's check says: where, what, and what to write. Cannot fail.

use super::at::{At, Edit, Mend};
use crate::diagnostic::{Diagnostic, Severity};

/// What a rule's check says, before it is known how much of it is shown.
#[derive(Clone, Debug)]
pub struct Complaint<'s> {
    pub(super) place: Place<'s>,
    pub(super) message: String,
    pub(super) hint: Option<String>,
    pub(super) severity: Option<Severity>,
    pub(super) mends: Vec<Mend>,
}

/// Where it is.
#[derive(Clone, Debug)]
pub(super) enum Place<'s> {
    /// In a file that was read; the message is to come.
    At(At<'s>),
    /// As somebody else said it, message and all.
    Known(Box<Diagnostic>),
}

impl<'s> Complaint<'s> {
    /// About something that stands in a file.
    pub fn at(at: At<'s>, message: impl Into<String>) -> Self {
        Self::new(Place::At(at), message.into())
    }

    /// About a file as a whole, or about something that is in none.
    pub fn whole(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(Place::Known(Box::new(Diagnostic::whole(&path.into(), message))), String::new())
    }

    fn new(place: Place<'s>, message: String) -> Self {
        Self { place, message, hint: None, severity: None, mends: Vec::new() }
    }

    /// With a cure of its own in place of the rule's.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// With a severity of its own in place of the rule's.
    #[must_use]
    pub fn severity(mut self, severity: Severity) -> Self {
        self.severity = Some(severity);
        self
    }

    /// With what to write. Several belong together.
    #[must_use]
    pub fn mend(mut self, mend: impl Into<Option<Mend>>) -> Self {
        self.mends.extend(mend.into());
        self
    }

    /// With a change of the file.
    #[must_use]
    pub fn edit(self, edit: Edit) -> Self {
        self.mend(Mend::Edit(edit))
    }
}

/// What a reader complained of: place, hint and severity are its own.
impl From<Diagnostic> for Complaint<'_> {
    fn from(diagnostic: Diagnostic) -> Self {
        let severity = Some(diagnostic.severity);
        Self { severity, ..Self::new(Place::Known(Box::new(diagnostic)), String::new()) }
    }
}
