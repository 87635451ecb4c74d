//! The one runner of child processes: clean environment, process group of its own,
//! deadline, bounded output. Fails when the program cannot be started.

mod interrupt;

use std::ffi::OsString;
use std::fs;
use std::io::{self, ErrorKind};
use std::os::fd::OwnedFd;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::Duration;

use nix::sys::signal::{Signal, killpg};
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid};
use nix::unistd::{Pid, getegid, geteuid, getgroups};

use self::interrupt::Watch;
use crate::os::clock::Deadline;
use crate::os::drain::{Heard, Stream, hear};

/// What is to be run.
#[derive(Clone, Copy, Debug)]
pub struct Spec<'a> {
    /// The program, absolute.
    pub program: &'a Path,
    /// Its arguments.
    pub arguments: &'a [OsString],
    /// Where it runs, what it knows, and who hears it.
    pub surroundings: Surroundings<'a>,
}

/// Where a child runs, what it knows, and who hears it.
#[derive(Clone, Copy, Debug)]
pub enum Surroundings<'a> {
    /// In a private directory, where its temporary files go, too. It is told
    /// nothing else, and what it prints is kept.
    Private(&'a Path),
    /// Where we are, with these variables alone. Nobody hears its standard
    /// output; its standard error is ours.
    Shared(&'a [(OsString, OsString)]),
}

/// Signals that would end us, held back while several threads run children: a
/// thread that held back none would let them end us.
#[derive(Debug)]
pub struct Held(Option<Watch>);

/// Holds back the signals that would end us, as long as the value lives. Threads that
/// are started now do, too.
pub fn hold_signals() -> Held {
    Held(Watch::start())
}

impl Held {
    /// Whether we were asked to end.
    pub fn is_interrupted(&self) -> bool {
        self.0.iter().for_each(Watch::take);
        interrupt::taken().is_some()
    }
}

/// The signal by which we were asked to end while we ran a child. Whatever fails
/// from then on may have failed for that alone.
pub fn interruption() -> Option<i32> {
    interrupt::taken()
}

/// How a child ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// It exited with this code.
    Exited(u8),
    /// It was killed by this signal.
    Signalled(i32),
    /// It was still there at the deadline.
    TimedOut,
    /// It printed without end.
    Flooded,
    /// We were asked to end by this signal, and it with us.
    Interrupted(i32),
    /// Nobody knows: its exit status was thrown away, as the system does for a
    /// process that was started with SIGCHLD ignored, or it cannot be killed.
    Lost,
}

/// What came of a child.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// How it ended.
    pub end: End,
    /// Its standard output, its first 64 KiB.
    pub stdout: Vec<u8>,
    /// Its standard error, likewise.
    pub stderr: Vec<u8>,
    /// Whether there was more of either.
    pub cut: bool,
    /// Whether there may have come more: it ended, but somebody that it started
    /// still held one of them.
    pub unfinished: bool,
}

/// Where programs that the child starts are looked for.
const PATH: &str = "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin";

/// Longest time between asking a child to end and killing it.
const GRACE: Duration = Duration::from_secs(1);

/// How long output is waited for when the child has ended: what it wrote is in
/// the pipe already, and a grandchild that holds the pipe may never end.
const AFTER: Duration = Duration::from_millis(100);

/// First and longest pause between two looks at a child that says nothing. The
/// end of its output is noticed at once, whatever the pause.
const PAUSES: (Duration, Duration) = (Duration::from_millis(1), Duration::from_millis(20));

/// Runs a program until it ends, or until the deadline. Whatever is left of its
/// process group is dead afterwards. So it is when we are asked to end: then we
/// may go on to answer and tidy up, but nothing more is run.
pub fn run(spec: Spec<'_>, by: Deadline) -> io::Result<Outcome> {
    let watch = Watch::start();
    if let Some(signal) = interrupt::taken() {
        return Ok(Outcome::nothing(End::Interrupted(signal)));
    }
    let mut child = start(spec, by)?;
    // A pid is positive and fits: the system made it.
    let pid = Pid::from_raw(i32::try_from(child.id()).unwrap_or(i32::MAX));
    let mut streams = [
        Stream::new(child.stdout.take().map(OwnedFd::from)),
        Stream::new(child.stderr.take().map(OwnedFd::from)),
    ];
    let ending = attend(pid, &mut streams, watch.as_ref(), by);
    if ending == Ending::Itself {
        drain(&mut streams);
    }
    // What is killed now may have been about to speak.
    let unfinished = ending == Ending::Itself && streams.iter().any(Stream::is_open);
    // The leader has not been waited for yet, so the group's number is still its own.
    signal(pid, Signal::SIGKILL);
    if ending != Ending::Itself {
        drain(&mut streams);
    }
    let status = reap(&mut child);
    // A shutdown ends the child at the same time, and it may have been faster.
    watch.iter().for_each(Watch::take);
    let [stdout, stderr] = streams;
    let cut = stdout.was_cut() || stderr.was_cut();
    let end = end(ending, status);
    Ok(Outcome { end, stdout: stdout.into_kept(), stderr: stderr.into_kept(), cut, unfinished })
}

impl Outcome {
    /// Of a child that said nothing.
    fn nothing(end: End) -> Self {
        Self { end, stdout: Vec::new(), stderr: Vec::new(), cut: false, unfinished: false }
    }
}

/// What a child has from us beside its command line: account, groups and limits.
/// Another account may not read the definitions, and with less memory or fewer
/// descriptors a scanner fails that is well. Source: proc_pid_limits(5).
pub fn inheritance() -> String {
    let groups = getgroups().unwrap_or_default();
    let limits = fs::read_to_string("/proc/self/limits").unwrap_or_default();
    format!("{} {} {groups:?}\n{limits}", geteuid(), getegid())
}

fn start(spec: Spec<'_>, by: Deadline) -> io::Result<Child> {
    let mut command = Command::new(spec.program);
    command.args(spec.arguments).env_clear().stdin(Stdio::null()).process_group(0);
    match spec.surroundings {
        Surroundings::Private(directory) => command
            .current_dir(directory)
            .env("PATH", PATH)
            .env("LC_ALL", "C")
            .env("TMPDIR", directory)
            .env("HOME", directory)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped()),
        Surroundings::Shared(variables) => {
            command.envs(variables.iter().map(|(name, value)| (name, value))).stdout(Stdio::null())
        }
    };
    let patience = by.within(GRACE);
    loop {
        match command.spawn() {
            // Somebody is just replacing the program.
            Err(error) if error.kind() == ErrorKind::ExecutableFileBusy && patience.left().is_some() => {
                thread::sleep(PAUSES.1);
            }
            result => return result,
        }
    }
}

/// Who or what ended the waiting.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ending {
    Itself,
    Time,
    Flood,
    Signal(i32),
}

/// Reads what the child says until it has ended. Near the deadline it is asked
/// to end, so that being killed comes before the deadline, too.
fn attend(pid: Pid, streams: &mut [Stream; 2], watch: Option<&Watch>, by: Deadline) -> Ending {
    let grace = GRACE.min(by.left().unwrap_or_default() / 4);
    let mut asked = false;
    let mut pause = PAUSES.0;
    while let Some(left) = by.left().and_then(|left| left.checked_sub(grace / 4)) {
        if !asked && left <= grace {
            signal(pid, Signal::SIGTERM);
            asked = true;
        }
        let wait = if asked { pause.min(left) } else { pause.min(left - grace) };
        match hear(streams, wait) {
            Heard::Something => pause = PAUSES.0,
            Heard::Nothing => pause = PAUSES.1.min(pause * 2),
            Heard::TooMuch => return Ending::Flood,
        }
        watch.inspect(|watch| watch.take());
        if let Some(signal) = interrupt::taken() {
            return Ending::Signal(signal);
        }
        if has_ended(pid) {
            return if asked { Ending::Time } else { Ending::Itself };
        }
    }
    watch.inspect(|watch| watch.take());
    interrupt::taken().map_or(Ending::Time, Ending::Signal)
}

/// Whether the child has ended; it stays to be waited for.
fn has_ended(pid: Pid) -> bool {
    let flags = WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG | WaitPidFlag::WNOWAIT;
    !matches!(waitid(Id::Pid(pid), flags), Ok(WaitStatus::StillAlive))
}

fn signal(pid: Pid, signal: Signal) {
    // It fails when nobody is left, and that is well.
    let _ = killpg(pid, signal);
}

/// Reads what is left.
fn drain(streams: &mut [Stream; 2]) {
    let by = Deadline::after(AFTER);
    while let Some(left) = by.left().filter(|_| streams.iter().any(Stream::is_open)) {
        if hear(streams, left) == Heard::TooMuch {
            return;
        }
    }
}

/// Waits for a child that has ended or was killed. One that hangs in the system
/// beyond reach of signals is left behind.
fn reap(child: &mut Child) -> Option<ExitStatus> {
    let by = Deadline::after(AFTER);
    loop {
        match child.try_wait() {
            Ok(None) if by.left().is_some() => thread::sleep(PAUSES.0),
            result => return result.ok().flatten(),
        }
    }
}

fn end(ending: Ending, status: Option<ExitStatus>) -> End {
    match (ending, status) {
        (Ending::Time, _) => End::TimedOut,
        (Ending::Itself, None) => End::Lost,
        (Ending::Flood, _) => End::Flooded,
        (Ending::Signal(signal), _) => End::Interrupted(signal),
        (Ending::Itself, Some(status)) => match status.code().map(u8::try_from) {
            Some(Ok(code)) => End::Exited(code),
            Some(Err(_)) | None => match interrupt::taken() {
                Some(signal) => End::Interrupted(signal),
                None => End::Signalled(status.signal().unwrap_or_default()),
            },
        },
    }
}
