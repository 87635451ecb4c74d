//! Answers for one body part, by the contract of the conversion channel.
//!
//! Usage: convscan part [--config FILE]
//!
//! The MTA runs this for each part. It reads the part and its description from
//! the variables and files of the channel (INPUT_FILE, OUTPUT_FILE, ...), asks
//! the configured engines, and writes the answer to OUTPUT_FILE,
//! OUTPUT_HEADERS and OUTPUT_OPTIONS. The first thing it writes is "try again
//! later", the last is the real answer.
//!
//! It exits 0 whatever the answer is, as the channel's manual demands, and 75
//! only where no answer could be written at all.

use std::ffi::OsString;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::time::Instant;

use super::{Exit, load, output};
use crate::config::Config;
use crate::engine::{self, Cleaned, Sample};
use crate::os::clock::{self, Deadline};
use crate::os::files::{self, Input};
use crate::os::{answer, log, vars};
use crate::part::{Outputs, Part};
use crate::policy::{Action, Disinfection};
use crate::record::{Record, Steps, millis};
use crate::reply::Reply;
use crate::scan::{self, Evidence, Voice};
use crate::status::Release;
use crate::verdict::{ErrorKind, Findings, ScanError, Verdict, name_of};

/// Arguments, for the help text alone: the hot path reads them itself, since
/// the command-line parser costs as much as the rest of a clean part.
#[derive(clap::Args)]
#[command(about = "Answer for one body part, by the contract of the conversion channel")]
pub(super) struct Arguments {
    /// Configuration file [default: $CONVSCAN_CONFIG, else /etc/convscan/convscan.toml]
    #[arg(long, value_name = "FILE")]
    config: Option<std::path::PathBuf>,
}

/// The hot path.
pub(super) fn run(arguments: &[OsString]) -> Exit {
    let mut watch = Watch::start();
    files::set_umask();
    let vars = vars::capture();
    let mut outputs = Outputs::from_vars(&vars);
    let mut voice = promise(&outputs, Release::default());
    let (config, fault) =
        guarded(|| configuration(arguments)).unwrap_or_else(|bug| (Config::default(), Some(bug)));
    // A server that does not know "try again later" is told to hold instead.
    if voice == Voice::Options && config.release != Release::default() {
        voice = promise(&outputs, config.release);
    }
    if voice == Voice::Mute {
        outputs.options = None;
    }
    let part = Part::from_vars(&vars);
    watch.steps.start = watch.lap();
    let decided = guarded(|| match fault.clone() {
        None => examined(&config, &part, voice, &mut watch),
        Some(fault) => unexamined(&config, &part, voice, fault),
    });
    let decided = decided.unwrap_or_else(|bug| unexamined(&config, &part, voice, bug));
    let (exit, mut record) = act(&outputs, voice, decided);
    watch.steps.reply = watch.lap();
    record.ms = watch.total();
    report(&config, fault.is_some(), &record);
    exit
}

/// Puts the safe answer down, if the entry gave us a place for it.
fn promise(outputs: &Outputs, release: Release) -> Voice {
    match answer::promise(outputs, &Reply::defer(release)) {
        Ok(()) => Voice::Options,
        Err(_) => Voice::Mute,
    }
}

/// A bug of ours must end as any failure does, with the safe answer standing.
fn guarded<T>(work: impl FnOnce() -> T) -> Result<T, ScanError> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|_| ScanError::new(ErrorKind::Internal, "a bug: see stderr"))
}

/// The configuration, and why it must not be used to scan.
fn configuration(arguments: &[OsString]) -> (Config, Option<ScanError>) {
    let broken = |detail: String| Some(ScanError::new(ErrorKind::Configuration, detail));
    let (path, odd) = match config_argument(arguments) {
        Ok(path) => (load::path(path), None),
        Err(detail) => (load::path(None), broken(detail)),
    };
    match load::read(&path) {
        Err(error) => (Config::default(), broken(format!("{error:#}"))),
        Ok(parsed) => {
            let fault = parsed.faults.first().and_then(|fault| broken(fault.one_line()));
            (parsed.config, fault.or(odd))
        }
    }
}

/// The value of `--config`; the only argument there is.
fn config_argument(arguments: &[OsString]) -> Result<Option<&Path>, String> {
    match arguments {
        [] => Ok(None),
        [flag, path] if flag == "--config" => Ok(Some(Path::new(path))),
        [flag, ..] => match flag.to_str().and_then(|flag| flag.strip_prefix("--config=")) {
            Some(path) if arguments.len() == 1 => Ok(Some(Path::new(path))),
            Some(_) | None => Err(format!("unknown argument `{}` to `convscan part`", flag.display())),
        },
    }
}

/// Asks the engines and decides.
fn examined(
    config: &Config,
    part: &Part,
    voice: Voice,
    watch: &mut Watch,
) -> (Reply, Record, Option<Opened>) {
    let by = Deadline::after(config.limits.deadline);
    let input = match part.input.as_deref().map(Input::open) {
        Some(Ok(input)) => input,
        Some(Err(error)) => {
            return unexamined(
                config,
                part,
                voice,
                ScanError::new(ErrorKind::Part, format!("INPUT_FILE: {error}")),
            );
        }
        None => {
            return unexamined(
                config,
                part,
                voice,
                ScanError::new(ErrorKind::Part, "INPUT_FILE is not given"),
            );
        }
    };
    let names = scan::names(part);
    let engines = engine::open(config);
    let sample = Sample { file: &input.file, size: input.size, mime_type: &part.mime_type, names: &names };
    let findings = scan::examine(&engines, &sample, by);
    watch.steps.scan = watch.lap();
    let infected = matches!(findings.worst(), Ok(Verdict::Infected(_)));
    let cleaned = if infected && config.policy.disinfection == Disinfection::Try {
        scan::disinfect(&engines, &sample, by)
    } else {
        None
    };
    if cleaned.is_some() {
        watch.steps.disinfect = watch.lap();
    }
    let evidence = Evidence {
        part,
        input: Some(&input),
        names: &names,
        findings: &findings,
        cleaned: cleaned.as_ref().map(|c| c.as_ref().map(|c| c.path.as_path()).map_err(String::as_str)),
        voice,
    };
    let (reply, record) = scan::answer(config, &evidence);
    (reply, record, Some(Opened { input, _cleaned: cleaned.and_then(Result::ok) }))
}

/// Decides about a part that no engine was asked about.
fn unexamined(
    config: &Config,
    part: &Part,
    voice: Voice,
    error: ScanError,
) -> (Reply, Record, Option<Opened>) {
    let input = part.input.as_deref().and_then(|path| Input::open(path).ok());
    let names = scan::names(part);
    let findings = Findings::failure(error);
    let evidence =
        Evidence { part, input: input.as_ref(), names: &names, findings: &findings, cleaned: None, voice };
    let (reply, record) = scan::answer(config, &evidence);
    (reply, record, input.map(|input| Opened { input, _cleaned: None }))
}

/// What must stay open until the answer is in place.
struct Opened {
    input: Input,
    _cleaned: Option<Cleaned>,
}

/// Puts the answer in place. Where that fails the promise still stands.
fn act(outputs: &Outputs, voice: Voice, decided: (Reply, Record, Option<Opened>)) -> (Exit, Record) {
    let (reply, mut record, opened) = decided;
    let committed = answer::commit(outputs, &reply, opened.as_ref().map(|opened| &opened.input));
    let defer = name_of(&Action::NAMES, &Action::Defer);
    if let Err(error) = &committed {
        record.reason = Some(format!("the answer `{}` could not be written: {error}", record.action));
        defer.clone_into(&mut record.action);
        record.scanned = None;
    }
    let unheard = voice == Voice::Mute && record.action == defer;
    if unheard {
        output::talk("OUTPUT_OPTIONS is not given or cannot be written: exit 75 is all that can be said");
    }
    (if unheard { Exit::Later } else { Exit::Done }, record)
}

/// Writes the log line, to stderr if nowhere else.
fn report(config: &Config, misconfigured: bool, record: &Record) {
    let line = record.to_line();
    let severity = match record.verdict.as_str() {
        "clean" => log::Severity::Info,
        "infected" => log::Severity::Notice,
        _ => log::Severity::Warning,
    };
    let mut heard = severity == log::Severity::Info;
    if let Some(file) = &config.log.file {
        match log::append(file, &line) {
            Ok(()) => heard = true,
            Err(error) => output::talk(format_args!("log {}: {error}", file.display())),
        }
    }
    // Without a configuration nobody said where the log is.
    let fallback = misconfigured.then_some(Path::new("/dev/log"));
    if let Some(socket) = config.log.syslog.as_deref().or(fallback) {
        match log::syslog(socket, severity, &line) {
            Ok(()) => heard = heard || !misconfigured,
            Err(error) => output::talk(format_args!("log {}: {error}", socket.display())),
        }
    }
    if !heard || record.action == name_of(&Action::NAMES, &Action::Defer) && config.log.file.is_none() {
        output::talk(line.trim_end());
    }
}

/// Measures the steps.
struct Watch {
    started: Instant,
    last: Instant,
    steps: Steps,
}

impl Watch {
    fn start() -> Self {
        let now = clock::instant();
        Self { started: now, last: now, steps: Steps::default() }
    }

    /// Milliseconds since the last call.
    fn lap(&mut self) -> f64 {
        let now = clock::instant();
        let took = now.duration_since(self.last);
        self.last = now;
        millis(took)
    }

    fn total(&self) -> Steps {
        Steps { total: millis(self.last.duration_since(self.started)), ..self.steps }
    }
}
