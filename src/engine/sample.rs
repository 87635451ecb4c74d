//! What an engine is asked, what it answers, and the trait that it keeps. Values
//! and signatures alone.

use std::fs::File;
use std::time::Duration;

use crate::os::clock::Deadline;
use crate::os::fingerprint::Fingerprint;
use crate::os::input::Input;
use crate::os::process::Held;
use crate::os::scratch::Scratch;
use crate::verdict::{ErrorKind, ScanError, Verdict};

/// What an engine is asked about.
#[derive(Clone, Copy, Debug)]
pub struct Sample<'a> {
    /// The content, open for reading. Its offset is the engine's to move.
    pub file: &'a File,
    /// Its size.
    pub size: u64,
    /// Claimed type, `type/subtype` in lower case, or empty.
    pub mime_type: &'a str,
    /// Claimed file names, decoded.
    pub names: &'a [String],
    /// What the content is remembered by; `None` where it must not be.
    pub fingerprint: Option<&'a Fingerprint<'a>>,
}

/// An engine's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// What it says.
    pub verdict: Verdict,
    /// Its version, where the answer told it.
    pub version: Option<String>,
    /// Which of several addresses gave it.
    pub address: Option<String>,
    /// Why other addresses did not give it, what the engine warns of, or what is to be
    /// mended about the engine's files.
    pub warning: Option<String>,
    /// The line in which the engine says why it could not look.
    pub line: Option<String>,
    /// Whether it was not asked, for the answer is known.
    pub remembered: bool,
}

impl From<Verdict> for Response {
    fn from(verdict: Verdict) -> Self {
        Self { verdict, version: None, address: None, warning: None, line: None, remembered: false }
    }
}

/// A part that an engine claims to have cleaned, in a copy of ours that the
/// engine never knew: what it left behind may still be written to by a child of
/// it. The copy goes away with this value.
#[derive(Debug)]
pub struct Cleaned {
    /// The cleaned content, not empty, open for reading.
    pub input: Input,
    /// Where it is, if it has a name.
    pub(super) _scratch: Option<Scratch>,
    /// Keeps signals from leaving it behind; let go after it.
    pub(super) _held: Option<Held>,
}

/// Something that gives a verdict, at one address.
pub trait Engine: Send + Sync {
    /// Asks about one part. Everything but the engine's documented answers is
    /// an error. An engine with nothing to do but wait calls `meanwhile` first.
    fn scan(
        &self,
        sample: &Sample<'_>,
        by: Deadline,
        meanwhile: &mut dyn FnMut(),
    ) -> Result<Response, ScanError>;

    /// Tries to clean a copy of the part; `None` where the engine cannot. The
    /// claim is worth nothing until the result has been scanned.
    fn clean(&self, _sample: &Sample<'_>, _by: Deadline) -> Option<Result<Cleaned, ScanError>> {
        None
    }

    /// Its version, by asking. May take as long as a scan.
    fn version(&self, by: Deadline) -> Result<String, ScanError>;
}

/// The failure of an engine that could not be asked any more, with the step that used
/// up the time.
pub(super) fn no_time(engine: &str, step: &str, took: Duration) -> ScanError {
    let detail = format!("no time left for engine `{engine}`: {step} took {:.1} s", took.as_secs_f64());
    ScanError::new(ErrorKind::TimedOut, detail).own_if(true)
}
