//! What is known about a part when it is decided. Cannot fail.

use super::hints::Headers;
use crate::os::clock::Deadline;
use crate::os::fingerprint::Fingerprint;
use crate::os::input::Input;
use crate::part::Part;
use crate::policy::{Circumstances, Cleaning, Content, Way};
use crate::verdict::Findings;

/// The part as it came, and what belongs to it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Subject<'a> {
    /// The part as the channel described it.
    pub(super) part: &'a Part,
    /// Its content.
    pub(super) input: &'a Input,
    /// Its header blocks.
    pub(super) headers: &'a Headers,
}

/// All that is known about a part.
#[derive(Debug)]
pub(super) struct Evidence<'a> {
    /// The part as the channel described it.
    pub(super) part: &'a Part,
    /// Its content; `None` where it could not be opened.
    pub(super) input: Option<&'a Input>,
    /// What the content is known by; `None` where it could not be opened.
    pub(super) fingerprint: Option<&'a Fingerprint<'a>>,
    /// Its header blocks.
    pub(super) headers: &'a Headers,
    /// Its file names, decoded.
    pub(super) names: &'a [String],
    /// What the engines found.
    pub(super) findings: &'a Findings,
    /// Whether there is a cleaned copy, or why not, where cleaning was tried.
    pub(super) cleaned: Option<Result<(), &'a str>>,
    /// By which way it came.
    pub(super) way: Way,
    /// The end of all work on it.
    pub(super) deadline: Deadline,
}

impl Evidence<'_> {
    /// All that the decision depends on besides the findings.
    pub(super) fn circumstances(&self) -> Circumstances {
        let cleaning = match self.cleaned {
            None => Cleaning::NotTried,
            Some(Err(_)) => Cleaning::Failed,
            Some(Ok(())) => Cleaning::Proven,
        };
        let content = if self.input.is_some() { Content::Readable } else { Content::Unreadable };
        Circumstances { cleaning, content, way: self.way }
    }
}
