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
use crate::engine;
use crate::engine::sample::{Cleaned, Sample};
use crate::os::clock::Deadline;
use crate::os::files;
use crate::os::fingerprint::Fingerprint;
use crate::os::input::{Ahead, Input};
use crate::os::output;
use crate::os::{log, signals, vars};
use crate::part::{Outputs, Part};
use crate::policy::{Action, Disinfection};
use crate::record::Record;
use crate::reply::Reply;
use crate::scan::commit::{self, Sources};
use crate::scan::watch::Watch;
use crate::scan::{self, Evidence, Headers, Voice, Whole};
use crate::status::Release;
use crate::verdict::{ErrorKind, Findings, ScanError, Verdict, name_of};

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
    let decided = guarded(|| match fault {
        None => examined(&config, &part, &outputs, voice, &mut watch),
        Some(fault) => unexamined(&config, &part, voice, fault),
    });
    let decided = decided.unwrap_or_else(|bug| unexamined(&config, &part, voice, bug));
    let (exit, mut record) = act(&outputs, voice, decided);
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

/// The decision, and what must stay open until it is carried out.
struct Decided {
    reply: Reply,
    record: Record,
    input: Option<Input>,
    ahead: Option<Ahead>,
    cleaned: Option<Cleaned>,
}

/// Asks the engines and decides.
fn examined(config: &Config, part: &Part, outputs: &Outputs, voice: Voice, watch: &mut Watch) -> Decided {
    let by = Deadline::after(config.limits.deadline);
    let input = match open(part) {
        Ok(input) => input,
        Err(error) => return unexamined(config, part, voice, error),
    };
    let headers = Headers::of(part);
    let names = scan::names(config, part, &headers);
    let engines = engine::open(config);
    let fingerprint = Fingerprint::new(&input.file);
    let sample = Sample {
        file: &input.file,
        size: input.size,
        mime_type: &part.mime_type,
        names: &names,
        fingerprint: Some(&fingerprint),
    };
    let whole = Whole { part, input: &input, headers: &headers };
    // Nearly every part is clean, so the time of waiting is used for what is to be
    // done then: to copy it, and to see whether it hides something.
    let (mut tried, mut glanced) = (None, None);
    let mut meanwhile = || {
        tried.get_or_insert_with(|| outputs.file.as_deref().and_then(|path| input.copy_ahead(path)));
        glanced.get_or_insert_with(|| scan::glance(whole, by));
    };
    let mut findings = scan::examine(config, &engines, &sample, by, &mut meanwhile);
    // What is found only behind the surface is not cleaned: engines clean what
    // they see.
    let infected = matches!(findings.worst(), Ok(Verdict::Infected(_)));
    // The policy may pass what is unscannable, but nothing that is infected beside it.
    if matches!(findings.worst(), Ok(Verdict::Clean | Verdict::Unscannable(..))) {
        let glance = glanced.unwrap_or_else(|| scan::glance(whole, by));
        findings.0.extend(scan::examine_inside(config, &engines, &sample, (whole, glance), by).0);
    }
    watch.steps.scan = watch.lap();
    let cleaned = if infected && config.policy.disinfection == Disinfection::Try {
        let cleaned = scan::disinfect(config, &engines, &sample, whole, by);
        let took = watch.lap();
        watch.steps.disinfect = if cleaned.is_some() { took } else { 0.0 };
        cleaned
    } else {
        None
    };
    let evidence = Evidence {
        part,
        input: Some(&input),
        headers: &headers,
        names: &names,
        findings: &findings,
        cleaned: cleaned.as_ref().map(|cleaned| cleaned.as_ref().map(|_| ()).map_err(String::as_str)),
        voice,
    };
    let (reply, record) = scan::answer(config, &evidence);
    Decided {
        reply,
        record,
        ahead: tried.flatten(),
        cleaned: cleaned.and_then(Result::ok),
        input: Some(input),
    }
}

fn open(part: &Part) -> Result<Input, ScanError> {
    let path =
        part.input.as_deref().ok_or_else(|| ScanError::new(ErrorKind::Part, "INPUT_FILE is not given"))?;
    Input::open(path).map_err(|error| ScanError::new(ErrorKind::Part, format!("INPUT_FILE: {error}")))
}

/// Decides about a part that no engine was asked about.
fn unexamined(config: &Config, part: &Part, voice: Voice, error: ScanError) -> Decided {
    let input = open(part).ok();
    let headers = Headers::of(part);
    let names = scan::names(config, part, &headers);
    let findings = Findings::failure(error);
    let evidence = Evidence {
        part,
        input: input.as_ref(),
        headers: &headers,
        names: &names,
        findings: &findings,
        cleaned: None,
        voice,
    };
    let (reply, record) = scan::answer(config, &evidence);
    Decided { reply, record, input, ahead: None, cleaned: None }
}

/// Puts the answer in place. Where that fails the promise still stands.
fn act(outputs: &Outputs, voice: Voice, decided: Decided) -> (Exit, Record) {
    let Decided { reply, mut record, input, ahead, cleaned } = decided;
    let cleaned = cleaned.as_ref().map(|cleaned| &cleaned.input);
    let committed = commit::commit(outputs, &reply, Sources { input: input.as_ref(), ahead, cleaned });
    let defer = name_of(&Action::NAMES, &Action::Defer);
    if let Err(error) = &committed {
        record.reason = Some(format!("the answer `{}` could not be written: {error}", record.action));
        defer.clone_into(&mut record.action);
        record.scanned = None;
    }
    let unheard = voice == Voice::Mute && (committed.is_err() || reply == Reply::silence());
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
