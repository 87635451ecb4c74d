//! A rule as data: what it is about, why, and how to mend what breaks it. Cannot
//! fail.

use super::complaint::Complaint;
use super::setup::Setup;
use crate::diagnostic::Severity;

/// Something that a set-up must have, or must not.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// Its name, which stays: sites allow findings by it.
    pub id: &'static str,
    /// How bad it is to break it.
    pub severity: Severity,
    /// What is wrong where it is broken.
    pub what: &'static str,
    /// What comes of it.
    pub why: &'static str,
    /// The manual that says so, with its page or section.
    pub source: &'static str,
    /// How to mend it.
    pub cure: &'static str,
    /// How to find it.
    pub check: Check,
}

/// How what breaks a rule is found.
#[derive(Clone, Copy, Debug)]
pub enum Check {
    /// By whoever reads the file.
    Reading,
    /// By looking at what was read.
    Setup(for<'s> fn(&'s Setup) -> Vec<Complaint<'s>>),
}
