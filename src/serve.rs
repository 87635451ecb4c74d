//! The program that the MTA runs for each body part: safe answer, configuration,
//! scan, answer, log line. Whatever fails leaves the safe answer standing.
//!
//! It ends in [`Ending::Done`] whatever the answer is, and in [`Ending::Later`]
//! only where no answer could be written at all.

mod load;
mod report;
mod setup;

use std::cell::Cell;
use std::ffi::OsString;
use std::mem;
use std::panic::{self, AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;

pub use self::load::{path, settle, sound};
use self::report::report;
use self::setup::{Given, Setup};
use crate::channel::Var;
use crate::config::Config;
use crate::os::{files, output, signals, state, vars};
use crate::part::{Outputs, Part};
use crate::policy::{Action, Voice, Way};
use crate::record::Record;
use crate::reply::Reply;
use crate::scan::commit::{self, Sources};
use crate::scan::watch::Watch;
use crate::scan::{self, Outcome};
use crate::status::Release;
use crate::verdict::{ErrorKind, ScanError, name_of};

/// How the program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The answer is written.
    Done,
    /// No answer could be written.
    Later,
}

impl From<Ending> for ExitCode {
    fn from(ending: Ending) -> Self {
        Self::from(match ending {
            Ending::Done => 0,
            Ending::Later => 75, // EX_TEMPFAIL of sysexits.h
        })
    }
}

/// For whoever runs this program by hand.
const USAGE: &str = concat!(
    "convscan-part ",
    env!("CARGO_PKG_VERSION"),
    "\nusage: convscan-part [--config FILE] [--release RELEASE]\n\
     The conversion channel runs this for each body part; `convscan part --help` is its manual."
);

/// Answers for one part.
pub fn run(arguments: &[OsString]) -> Ending {
    if is_help(arguments) {
        output::data(USAGE);
        return Ending::Done;
    }
    let voice = Cell::new(Voice::Mute);
    signals::ignore_file_size();
    // A panic message may hold text from the mail: print only file and line.
    panic::set_hook(Box::new(|bug| {
        let place =
            bug.location().map_or(String::new(), |place| format!("{}:{}", place.file(), place.line()));
        output::talk(format_args!("a bug at {place}: please report it"));
    }));
    guarded(|| serve(arguments, &voice)).unwrap_or(match voice.get() {
        Voice::Options => Ending::Done,
        Voice::Mute => Ending::Later,
    })
}

/// Whether a person asks what this is. An entry that asks has a wrong argument, and
/// its part must be deferred.
fn is_help(arguments: &[OsString]) -> bool {
    let asks =
        matches!(arguments, [one] if one == "--help" || one == "-h" || one == "--version" || one == "-V");
    asks && !is_entry()
}

/// Whether the channel runs this: something of its contract is in the environment.
pub fn is_entry() -> bool {
    let vars = vars::capture();
    [Var::InputFile, Var::OutputFile, Var::OutputOptions].iter().any(|var| vars.get(*var).is_some())
}

/// One part from variables to answer. `promised` tells how far that got.
fn serve(arguments: &[OsString], promised: &Cell<Voice>) -> Ending {
    let mut watch = Watch::start();
    files::set_umask();
    let given = Given::read(arguments);
    let vars = vars::capture();
    let mut outputs = Outputs::from_vars(&vars, &files::are_one_name);
    let release = given.release.unwrap_or_default();
    promised.set(promise(&outputs, release));
    let Setup { config, fault, warnings } = guarded(|| Setup::load(&given)).unwrap_or_else(|bug| {
        // Loading failed. Keep the release of the entry, so that we answer with a
        // status that this server knows.
        Setup {
            config: Config { release: Some(release), ..Config::default() },
            fault: Some(bug),
            warnings: Vec::new(),
        }
    });
    if promised.get() == Voice::Options && config.release() != release {
        promised.set(promise(&outputs, config.release()));
    }
    let voice = promised.get();
    if voice == Voice::Mute {
        outputs.options = None;
    }
    let part = Part::from_vars(&vars);
    watch.steps.start = watch.lap();
    let misconfigured = fault.is_some();
    let way = Way::Channel { voice, release: config.release() };
    let outcome = guarded(|| match fault {
        None => scan::scan(&config, &part, way, outputs.file.as_deref(), &mut watch),
        Some(fault) => scan::give_up(&config, &part, way, fault),
    });
    let outcome = outcome.unwrap_or_else(|bug| scan::give_up(&config, &part, way, bug));
    let (exit, mut record) = act(&outputs, voice, outcome);
    watch.steps.reply = watch.lap();
    warnings.into_iter().chain(state::refusal()).for_each(|warning| record.warn(warning));
    record.ms = watch.total();
    report(&config, misconfigured, &record);
    // The process ends now. The system takes its memory back as a whole; to give it
    // back piece by piece costs as much as the log line.
    mem::forget((config, record, part, vars, outputs, given));
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
fn act(outputs: &Outputs, voice: Voice, outcome: Outcome) -> (Ending, Record) {
    let Outcome { action, reply, mut record, input, ahead, cleaned, deadline } = outcome;
    let cleaned = cleaned.as_ref().map(|cleaned| &cleaned.input);
    let sources = Sources { input: input.as_ref(), ahead, cleaned };
    let committed = commit::commit(outputs, &reply, sources, deadline.with_grace());
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
    (if unheard { Ending::Later } else { Ending::Done }, record)
}
