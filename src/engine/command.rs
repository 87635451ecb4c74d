//! `type = "command"`: asks a command-line scanner about a private copy of the
//! part. Everything but its documented answers is an error.

mod lines;
pub(super) mod output;
pub(super) mod version;

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Instant;

use super::sample::{Cleaned, Engine, Response, Sample, no_time};
use crate::config::{Argument, CommandConfig, Private};
use crate::os::clock::{self, Deadline};
use crate::os::input::Input;
use crate::os::process::{self, Held, Outcome, Spec, Surroundings};
use crate::os::scratch::{self, Left, Scratch};
use crate::os::writers::{self, Writers};
use crate::os::{lack, look};
use crate::verdict::{ErrorKind, ScanError, Verdict};

/// Name of the private copy. The sender's own name would let the part speak
/// through the scanner's output.
const NAME: &str = "part";

/// A command-line scanner.
pub(super) struct Command<'a> {
    name: &'a str,
    command: &'a CommandConfig,
    /// Where private copies go.
    copies: Option<&'a Path>,
}

impl<'a> Command<'a> {
    pub(super) fn new(name: &'a str, command: &'a CommandConfig, copies: Option<&'a Path>) -> Self {
        Self { name, command, copies }
    }

    fn scratch(&self) -> Result<Scratch, ScanError> {
        let copies = self.copies.ok_or_else(|| {
            ScanError::new(
                ErrorKind::Configuration,
                "no place for a private copy: no `directory` under `[state]`, or others may write to it",
            )
        })?;
        Scratch::new(copies).map_err(|error| {
            let detail = format!("cannot make a private directory below {}: {error}", copies.display());
            ScanError::new(ErrorKind::Configuration, detail)
        })
    }

    /// A private copy of the part.
    fn copy(&self, sample: &Sample<'_>, work: &Work) -> Result<(Scratch, PathBuf), ScanError> {
        let scratch = self.scratch()?;
        let copied = scratch.copy(sample.file, NAME, &|| work.go_on());
        let (file, size) = copied
            .map_err(|error| self.failure("cannot make a private copy", "copying the part", &error, work))?;
        if size != sample.size {
            let detail = format!("cannot make a private copy: {size} bytes instead of {}", sample.size);
            return Err(ScanError::new(ErrorKind::Part, detail));
        }
        Ok((scratch, file))
    }

    /// The failure of a `step` of ours, `task` in words.
    fn failure(&self, task: &str, step: &str, error: &io::Error, work: &Work) -> ScanError {
        match error.kind() {
            io::ErrorKind::TimedOut => no_time(self.name, step, clock::since(work.started)),
            io::ErrorKind::Interrupted => {
                ScanError::new(ErrorKind::Failed, format!("interrupted while {step}")).own_if(true)
            }
            _ => ScanError::new(ErrorKind::Part, format!("{task}: {error}")),
        }
    }

    /// What is to be mended about the program. One that anybody may change is not run.
    fn warning(&self) -> Result<Option<String>, ScanError> {
        // Whether it is there is told when it is started.
        let exposure = writers::exposure(&self.command.program, writers::ourselves()).unwrap_or_default();
        let Some(exposure) = exposure else { return Ok(None) };
        let why = exposure.of("the scanner program");
        match exposure.writers {
            Writers::Everybody => Err(ScanError::new(ErrorKind::Configuration, why)),
            Writers::Group | Writers::Owner(_) => Ok(Some(why)),
        }
    }

    /// Runs the program; gives what is to be mended about it, too.
    fn run(
        &self,
        arguments: &[Argument],
        private: Private<'_>,
        by: Deadline,
    ) -> Result<(Outcome, Option<String>), ScanError> {
        let warning = self.warning()?;
        let arguments: Vec<OsString> = arguments.iter().map(|argument| argument.fill(private)).collect();
        let program = &self.command.program;
        let spec =
            Spec { program, arguments: &arguments, surroundings: Surroundings::Private(private.directory) };
        let outcome = process::run(spec, by).map_err(|error| {
            let kind = match error.kind() {
                io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied => ErrorKind::NotInstalled,
                _ => ErrorKind::Failed,
            };
            // A scratch directory that is gone is no fault of the program, either.
            let is_own = lack::is_own(&error) || !look::is_directory(private.directory);
            ScanError::new(kind, format!("cannot start {}: {error}", program.display())).own_if(is_own)
        })?;
        Ok((outcome, warning))
    }

    fn cleaned(&self, sample: &Sample<'_>, by: Deadline) -> Result<Cleaned, ScanError> {
        let work = Work::start(by);
        let (scratch, file) = self.copy(sample, &work)?;
        let private = Private { file: &file, directory: scratch.path() };
        let (outcome, _) = self.run(&self.command.clean, private, by)?;
        output::claims_cleaned(self.command, &outcome, &file)?;
        let left = self.left(&file, sample, &work)?;
        let detail = match left {
            Left::Changed => return self.own_copy(&file, sample, work),
            Left::Nothing => "claims to have cleaned the part, but there is no file left",
            Left::Odd => "claims to have cleaned the part, but left no plain file",
            Left::Empty => "claims to have cleaned the part, but left nothing of it",
            Left::Same => "claims to have cleaned the part, but did not change it",
        };
        Err(ScanError::new(ErrorKind::Failed, detail))
    }

    /// What the engine left behind, copied to where the engine cannot reach it: a
    /// child of it may still be writing.
    fn own_copy(&self, left: &Path, sample: &Sample<'_>, work: Work) -> Result<Cleaned, ScanError> {
        let failed = |error: io::Error| {
            self.failure("cannot copy the cleaned part", "copying the cleaned part", &error, &work)
        };
        let scratch = self.scratch()?;
        let content = scratch::open_plain(left).map_err(failed)?;
        let (own, _) = scratch.copy(&content, NAME, &|| work.go_on()).map_err(failed)?;
        match self.left(&own, sample, &work)? {
            Left::Changed => {
                let input = Input::open(&own).map_err(failed)?;
                Ok(Cleaned { input, _scratch: Some(scratch), _held: Some(work.held) })
            }
            Left::Nothing | Left::Odd | Left::Empty | Left::Same => {
                Err(ScanError::new(ErrorKind::Failed, "changed the cleaned part after it had ended"))
            }
        }
    }

    /// What is left of the private copy, compared with the part.
    fn left(&self, file: &Path, sample: &Sample<'_>, work: &Work) -> Result<Left, ScanError> {
        scratch::left(file, sample.file, &|| work.go_on())
            .map_err(|error| self.failure("cannot compare the part", "comparing the copy", &error, work))
    }

    /// Holds a clean answer against what is left of the private copy: something
    /// found a reason to touch it, be it this scanner or one that watches the disk,
    /// and it may have done so before it was looked into. Contents are compared, for
    /// times can be put back; both files have just been in memory.
    fn untouched(&self, file: &Path, sample: &Sample<'_>, work: &Work) -> Result<(), ScanError> {
        let detail = match self.left(file, sample, work)? {
            Left::Same => return Ok(()),
            Left::Empty if sample.size == 0 => return Ok(()),
            Left::Nothing => "calls the part clean, but the private copy is not there any more",
            Left::Odd => "calls the part clean, but the private copy is no plain file any more",
            Left::Empty | Left::Changed => "calls the part clean, but the private copy was changed",
        };
        Err(ScanError::new(ErrorKind::Failed, detail))
    }
}

/// The work with a private copy, from its beginning. Signals that would end us are
/// held back as long: they would leave the copy behind.
struct Work {
    held: Held,
    by: Deadline,
    started: Instant,
}

impl Work {
    fn start(by: Deadline) -> Self {
        Self { held: process::hold_signals(), by, started: clock::instant() }
    }

    /// Fails when the time is over, and when we were asked to end.
    fn go_on(&self) -> io::Result<()> {
        self.by.check()?;
        if self.held.is_interrupted() { Err(io::ErrorKind::Interrupted.into()) } else { Ok(()) }
    }
}

impl Engine for Command<'_> {
    fn scan(
        &self,
        sample: &Sample<'_>,
        by: Deadline,
        _meanwhile: &mut dyn FnMut(),
    ) -> Result<Response, ScanError> {
        let work = Work::start(by);
        let (scratch, file) = self.copy(sample, &work)?;
        let private = Private { file: &file, directory: scratch.path() };
        let (outcome, warning) = self.run(&self.command.scan, private, by)?;
        let response = output::response(self.command, &outcome, &file)?;
        if response.verdict == Verdict::Clean {
            self.untouched(&file, sample, &work)?;
        }
        // A program that others may change says what they like.
        Ok(Response { warning: warning.or(response.warning), ..response })
    }

    fn clean(&self, sample: &Sample<'_>, by: Deadline) -> Option<Result<Cleaned, ScanError>> {
        (!self.command.clean.is_empty()).then(|| self.cleaned(sample, by))
    }

    fn version(&self, by: Deadline) -> Result<String, ScanError> {
        if self.command.version.is_empty() {
            return Err(ScanError::new(ErrorKind::Configuration, "no `version` command line is configured"));
        }
        let _work = Work::start(by);
        let scratch = self.scratch()?;
        let private = Private { file: scratch.path(), directory: scratch.path() };
        let (outcome, _) = self.run(&self.command.version, private, by)?;
        version::version(self.command, &outcome, scratch.path())
    }
}
