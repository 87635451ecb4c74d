//! Runs a command as the conversion channel does: variables and files in, files
//! out. Fails when the files cannot be made or the command cannot be started.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File, Permissions};
use std::io::{self, Read};
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::signal::{Signal, killpg};
use nix::sys::wait::{Id, WaitPidFlag, waitid};
use nix::unistd::Pid;

use super::answer::{Answer, Ending};
use crate::channel::Var;
use crate::config::PATH_VARIABLE;

/// Longest value of a variable. The system refuses to start a program with one
/// of 128 KB, and a part must not be able to bring that about by a long name.
const LONGEST_VALUE: usize = 4096;

/// Longest output file that is read; four times the longest message.
const LONGEST_OUTPUT: u64 = 1 << 30;

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

/// Runs `program` for one part and waits at most `timeout`. When it ends or its
/// time is over, whatever is left of its process group is killed.
pub(crate) fn run(program: &Program, input: &Input<'_>, timeout: Duration) -> io::Result<Run> {
    let folder =
        tempfile::Builder::new().prefix("convscan-").permissions(Permissions::from_mode(0o700)).tempdir()?;
    let path = |var: Var| folder.path().join(var.name());
    fs::write(path(Var::InputFile), input.content)?;
    for (var, header) in [(Var::InputHeaders, input.header), (Var::MessageHeaders, input.message_header)] {
        if let Some(header) = header {
            fs::write(path(var), header)?;
        }
    }

    let start = Instant::now();
    let mut child = command(program, input, folder.path()).spawn()?;
    let timed_out = wait(&child, timeout);
    let status = child.wait()?;
    let elapsed = start.elapsed();
    let answer = Answer {
        ending: ending(status, timed_out?),
        body: left_behind(&path(Var::OutputFile))?,
        headers: if input.reads_headers { left_behind(&path(Var::OutputHeaders))? } else { None },
        options: if input.reads_options { left_behind(&path(Var::OutputOptions))? } else { None },
    };
    folder.close()?;
    Ok(Run { answer, elapsed })
}

fn command(program: &Program, input: &Input<'_>, folder: &Path) -> Command {
    // Where a feature is off nothing is said of the variable, so it is not set.
    let files = [
        (Var::InputFile, true),
        (Var::OutputFile, true),
        (Var::InputHeaders, input.header.is_some()),
        (Var::MessageHeaders, input.message_header.is_some()),
        (Var::OutputHeaders, input.reads_headers),
        (Var::OutputOptions, input.reads_options),
    ];
    let mut command = Command::new(&program.path);
    command.args(&program.arguments).env_clear();
    command.envs(std::env::vars_os().filter(|(name, _)| name == "PATH" || name == PATH_VARIABLE));
    command.envs(input.config.map(|config| (PATH_VARIABLE, config)));
    let given = files.iter().filter(|(_, given)| *given);
    command.envs(given.map(|(var, _)| (var.name(), folder.join(var.name()))));
    let values = input.values.iter().filter(|(_, value)| !value.is_empty());
    command.envs(values.map(|(name, value)| {
        let value = value.iter().copied().filter(|byte| *byte != 0).take(LONGEST_VALUE).collect();
        (name, OsString::from_vec(value))
    }));
    command.stdin(Stdio::null()).stdout(Stdio::null()).process_group(0);
    command
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wait {
    Ended,
    TimedOut,
}

/// Waits for the end of `child` without reaping it: as long as it is not reaped
/// its number cannot become that of somebody else's process group.
fn wait(child: &Child, timeout: Duration) -> io::Result<Wait> {
    let pid = Pid::from_raw(i32::try_from(child.id()).map_err(io::Error::other)?);
    let (ended, wait_for_end) = mpsc::channel::<()>();
    let watch = thread::Builder::new().name("deadline".to_owned()).spawn(move || {
        let timed_out = wait_for_end.recv_timeout(timeout) == Err(RecvTimeoutError::Timeout);
        let _ = killpg(pid, Signal::SIGKILL);
        if timed_out { Wait::TimedOut } else { Wait::Ended }
    });
    let watch = match watch {
        Ok(watch) => watch,
        Err(error) => {
            let _ = killpg(pid, Signal::SIGKILL);
            return Err(error);
        }
    };
    while waitid(Id::Pid(pid), WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT) == Err(Errno::EINTR) {}
    drop(ended);
    watch.join().map_err(|_| io::Error::other("deadline thread failed"))
}

fn ending(status: ExitStatus, wait: Wait) -> Ending {
    match (wait, status.code()) {
        (Wait::TimedOut, _) => Ending::TimedOut,
        (Wait::Ended, Some(code)) => Ending::Exited(code),
        (Wait::Ended, None) => {
            debug_assert!(status.signal().is_some());
            Ending::Killed
        }
    }
}

/// The file `path`, or nothing when there is none. Only a regular file is read:
/// a command could leave a pipe that never ends.
fn left_behind(path: &Path) -> io::Result<Option<Vec<u8>>> {
    match fs::symlink_metadata(path) {
        Ok(found) if found.is_file() => (),
        Ok(_) => return Err(io::Error::other(format!("`{}` is not a regular file", path.display()))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    }
    let mut content = Vec::new();
    File::open(path)?.take(LONGEST_OUTPUT + 1).read_to_end(&mut content)?;
    if content.len() as u64 > LONGEST_OUTPUT {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, "output is longer than 1 GB"));
    }
    Ok(Some(content))
}
