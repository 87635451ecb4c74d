//! Runs a command as the conversion channel does: variables and files in, files
//! out. Fails when the files cannot be made or the command cannot be started.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::answer::{Answer, Ending};
use crate::channel::Var;
use crate::config::PATH_VARIABLE;
use crate::os::clock::{self, Deadline};
use crate::os::handover::Handover;
use crate::os::process::{self, End, Spec, Surroundings};
use crate::os::vars;

/// Longest value of a variable. The system refuses to start a program with one
/// of 128 KB, and a part must not be able to bring that about by a long name.
const LONGEST_VALUE: usize = 4096;

/// What is to be run.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    /// The file that is executed.
    pub(crate) path: PathBuf,
    /// Its arguments.
    pub(crate) arguments: Vec<OsString>,
}

impl Program {
    /// A line for the shell.
    pub(crate) fn shell(line: &OsStr) -> Self {
        Self { path: PathBuf::from("/bin/sh"), arguments: vec!["-c".into(), line.into()] }
    }
}

/// What the command is given.
pub(crate) struct Input<'a> {
    /// For `INPUT_FILE`.
    pub(crate) content: &'a [u8],
    /// For `INPUT_HEADERS`, if the entry wants it.
    pub(crate) header: Option<&'a [u8]>,
    /// For `MESSAGE_HEADERS`, if the entry wants it.
    pub(crate) message_header: Option<&'a [u8]>,
    /// Whether `OUTPUT_HEADERS` is read.
    pub(crate) reads_headers: bool,
    /// Whether `OUTPUT_OPTIONS` is read.
    pub(crate) reads_options: bool,
    /// Variables that are no files; an empty one is not set.
    pub(crate) values: &'a [(String, Vec<u8>)],
    /// For `CONVSCAN_CONFIG`; else it is passed on as it is.
    pub(crate) config: Option<&'a Path>,
}

/// What came of it.
#[derive(Clone, Debug)]
pub(crate) struct Run {
    /// What the command left behind.
    pub(crate) answer: Answer,
    /// How long it ran.
    pub(crate) elapsed: Duration,
}

/// Runs `program` for one part and waits at most `timeout`. When it ends, when its
/// time is over, or when we are asked to end, whatever is left of its process group
/// is killed and its files are removed.
pub(crate) fn run(program: &Program, input: &Input<'_>, timeout: Duration) -> io::Result<Run> {
    // Until the folder is gone: a signal must not leave mail on the disk.
    let signals = process::hold_signals();
    let folder = Handover::new()?;
    folder.put(Var::InputFile.name(), input.content)?;
    for (var, header) in [(Var::InputHeaders, input.header), (Var::MessageHeaders, input.message_header)] {
        if let Some(header) = header {
            folder.put(var.name(), header)?;
        }
    }
    let variables = variables(input, &folder);
    let spec = Spec {
        program: &program.path,
        arguments: &program.arguments,
        surroundings: Surroundings::Shared(&variables),
    };
    let start = clock::instant();
    let end = process::run(spec, Deadline::after(timeout))?.end;
    let elapsed = clock::instant().duration_since(start);
    let left = |wanted: bool, var: Var| if wanted { folder.left(var.name()) } else { Ok(None) };
    let answer = Answer {
        ending: ending(end)?,
        body: left(true, Var::OutputFile)?,
        headers: left(input.reads_headers, Var::OutputHeaders)?,
        options: left(input.reads_options, Var::OutputOptions)?,
    };
    folder.close()?;
    if signals.is_interrupted() {
        return Err(interrupted());
    }
    Ok(Run { answer, elapsed })
}

/// All variables of the command.
fn variables(input: &Input<'_>, folder: &Handover) -> Vec<(OsString, OsString)> {
    // Where a feature is off nothing is said of the variable, so it is not set.
    let files = [
        (Var::InputFile, true),
        (Var::OutputFile, true),
        (Var::InputHeaders, input.header.is_some()),
        (Var::MessageHeaders, input.message_header.is_some()),
        (Var::OutputHeaders, input.reads_headers),
        (Var::OutputOptions, input.reads_options),
    ];
    let mut variables = vars::inherited(&["PATH", PATH_VARIABLE]);
    variables.extend(input.config.map(|config| (PATH_VARIABLE.into(), config.into())));
    let given = files.iter().filter(|(_, given)| *given);
    variables.extend(given.map(|(var, _)| (var.name().into(), folder.path(var.name()).into())));
    let values = input.values.iter().filter(|(_, value)| !value.is_empty());
    variables.extend(values.map(|(name, value)| {
        let value = value.iter().copied().filter(|byte| *byte != 0).take(LONGEST_VALUE).collect();
        (name.into(), OsString::from_vec(value))
    }));
    variables
}

/// How the channel sees the end of a command; it does not see one that ended
/// because we were asked to end.
fn ending(end: End) -> io::Result<Ending> {
    match end {
        End::Exited(code) => Ok(Ending::Exited(i32::from(code))),
        End::Signalled(_) | End::Flooded | End::Lost => Ok(Ending::Killed),
        End::TimedOut => Ok(Ending::TimedOut),
        End::Interrupted(_) => Err(interrupted()),
    }
}

fn interrupted() -> io::Error {
    io::Error::new(io::ErrorKind::Interrupted, "a signal asked convscan to end")
}
