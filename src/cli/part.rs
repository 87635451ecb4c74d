//! Answers for one body part, by the contract of the conversion channel.
//!
//! Usage: convscan part [--config FILE] [--release RELEASE]
//!
//! The MTA runs this for each part. It reads the part and its description from
//! the variables and files of the channel (INPUT_FILE, OUTPUT_FILE, ...), asks
//! the configured engines, and writes the answer to OUTPUT_FILE,
//! OUTPUT_HEADERS and OUTPUT_OPTIONS. The first thing it writes is "try again
//! later", the last is the real answer.
//!
//! A server before 6.3, and PMDF, does not know "try again later". Give
//! --release there (6.2, say, or pmdf): the message is then held instead, even
//! if the configuration cannot be read.
//!
//! It exits 0 whatever the answer is, as the channel's manual demands, and 75
//! only where no answer could be written at all.

mod setup;

use std::cell::Cell;
use std::ffi::OsString;
use std::panic::{self, AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use self::setup::{Given, Setup};
use super::exit::{self, Exit};
use crate::config::Config;
use crate::os::{files, log, output, signals, vars};
use crate::part::{Outputs, Part};
use crate::policy::{Action, Voice, Way};
use crate::record::Record;
use crate::reply::Reply;
use crate::scan::commit::{self, Sources};
use crate::scan::watch::Watch;
use crate::scan::{self, Outcome};
use crate::status::Release;
use crate::verdict::{ErrorKind, ScanError, name_of};

/// Arguments, for the help text alone.
#[derive(clap::Args)]
#[command(about = "Answer for one body part, by the contract of the conversion channel", long_about = exit::manual(include_str!("part.rs")))]
pub(super) struct Arguments {
    /// Configuration file [default: $CONVSCAN_CONFIG, else /etc/convscan/convscan.toml]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The mail server's release, where it is older than 6.3 or is PMDF
    #[arg(long, value_name = "RELEASE")]
    release: Option<String>,
}

/// The hot path.
pub(super) fn run(arguments: &[OsString]) -> Exit {
    let voice = Cell::new(Voice::Mute);
    signals::ignore_file_size();
    // What a bug has to say may be foreign text; its place is enough.
    panic::set_hook(Box::new(|bug| {
        let place =
            bug.location().map_or(String::new(), |place| format!("{}:{}", place.file(), place.line()));
        output::talk(format_args!("a bug at {place}: please report it"));
    }));
    guarded(|| serve(arguments, &voice)).unwrap_or(match voice.get() {
        Voice::Options => Exit::Done,
        Voice::Mute => Exit::Later,
    })
}

/// One part from variables to answer. `promised` tells how far that got.
fn serve(arguments: &[OsString], promised: &Cell<Voice>) -> Exit {
    let mut watch = Watch::start();
    files::set_umask();
    let given = Given::read(arguments);
    let vars = vars::capture();
    let mut outputs = Outputs::from_vars(&vars);
    let old = given.release.unwrap_or_default();
    promised.set(promise(&outputs, old));
    let Setup { config, fault } = guarded(|| Setup::load(&given)).unwrap_or_else(|bug| {
        // What the entry says of the server holds, whatever became of the rest.
        Setup { config: Config { release: old, ..Config::default() }, fault: Some(bug) }
    });
    if promised.get() == Voice::Options && config.release != old {
        promised.set(promise(&outputs, config.release));
    }
    let voice = promised.get();
    if voice == Voice::Mute {
        outputs.options = None;
    }
    let part = Part::from_vars(&vars);
    watch.steps.start = watch.lap();
    let misconfigured = fault.is_some();
    let way = Way::Channel { voice, release: config.release };
    let outcome = guarded(|| match fault {
        None => scan::scan(&config, &part, way, outputs.file.as_deref(), &mut watch),
        Some(fault) => scan::give_up(&config, &part, way, fault),
    });
    let outcome = outcome.unwrap_or_else(|bug| scan::give_up(&config, &part, way, bug));
    let (exit, mut record) = act(&outputs, voice, outcome);
    watch.steps.reply = watch.lap();
    record.ms = watch.total();
    report(&config, misconfigured, &record);
    exit
}

/// Puts the safe answer down, if the entry gave us a place for it.
fn promise(outputs: &Outputs, release: Release) -> Voice {
    match commit::promise(outputs, &Reply::defer(release)) {
        Ok(()) => Voice::Options,
        Err(_) => Voice::Mute,
    }
}

/// A bug of ours must end as any failure does, with the safe answer standing.
fn guarded<T>(work: impl FnOnce() -> T) -> Result<T, ScanError> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|_| ScanError::new(ErrorKind::Internal, "a bug: see stderr"))
}

/// Puts the answer in place. Where that fails the promise still stands.
fn act(outputs: &Outputs, voice: Voice, outcome: Outcome) -> (Exit, Record) {
    let Outcome { action, reply, mut record, input, ahead, cleaned } = outcome;
    let cleaned = cleaned.as_ref().map(|cleaned| &cleaned.input);
    let committed = commit::commit(outputs, &reply, Sources { input: input.as_ref(), ahead, cleaned });
    let defer = name_of(&Action::NAMES, &Action::Defer);
    if let Err(error) = &committed {
        record.reason = Some(format!("the answer `{}` could not be written: {error}", record.action));
        defer.clone_into(&mut record.action);
        record.scanned = None;
    }
    let unheard = voice == Voice::Mute && (committed.is_err() || action == Action::Defer);
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
            Ok(()) => heard = true,
            Err(error) => output::talk(format_args!("log {}: {error}", socket.display())),
        }
    }
    if !heard || misconfigured {
        output::talk(line.trim_end());
    }
}
