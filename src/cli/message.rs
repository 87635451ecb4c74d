//! Plays the conversion channel for a whole message.
//!
//! Usage: convscan message [--config FILE | --command CMD] [--json] [--explain]
//!                         [--output FILE] [--timeout TIME]
//!                         [--conversions FILE] [--mappings FILE]
//!                         [--in-chan NAME] [--out-chan NAME] [--tag TAG]...
//!                         [--reading NAME=VALUE]... [--every-reading] FILE
//!
//! Takes the message in FILE (`-` is stdin) apart, runs a command for every part
//! that the channel would hand over, obeys the answers, and prints the message
//! that results. Parts that no answer changes are printed byte for byte as they
//! came. It needs no mail server and touches none.
//!
//! Without --conversions the command is `convscan part`, or with --command
//! another one, run by `/bin/sh -c`:
//!
//!   convscan message --command 'cp "$INPUT_FILE" "$OUTPUT_FILE"' mail.eml
//!
//! With --conversions the site's own file says which entry a part falls to and
//! which command is run; a `/.../convscan` or `/.../convscan-part` there that is
//! not installed is this program. With --mappings the CONVERSIONS table says whether mail from
//! --in-chan [tcp_local] to --out-chan [ims-ms] makes the detour at all. Faults
//! of these files are told with their places before anything is run.
//!
//! Besides the channel's variables a command sees PATH and CONVSCAN_CONFIG. One
//! that fails, runs out of time, or leaves neither content nor a known status
//! makes the message deferred, unless --reading says otherwise. The settings of
//! --reading are the points that the manuals leave open, the default first:
//!
//!   failure=retry|unchanged|hold|bounce      a command that fails
//!   options-after-failure=ignored|read       OUTPUT_OPTIONS of such a command
//!   missing-output=retry|unchanged|empty     no OUTPUT_FILE and no STATUS
//!   empty-output=empty|unchanged             an OUTPUT_FILE of no bytes
//!   unknown-status=failed|ignored            a STATUS the server does not know
//!   again=known|unknown                      whether it knows "try again later"
//!   input=decoded|encoded                    what INPUT_FILE holds
//!   input-headers=part|message               what INPUT_HEADERS holds
//!   symbols=by-name|by-position              what parameter-symbol-N picks
//!   precedence=options|headers               which of the two output files wins
//!
//! With --every-reading the message is run through all combinations of these,
//! and a table shows which of them deliver infected bytes, lose mail, or alter
//! clean mail. --explain says on stderr what happened to each part and why. --json
//! prints that as an object instead of the message; --output writes the message to
//! a file.
//!
//! Exit codes: 0 delivered, 10 held, 11 discarded, 12 returned to its sender or
//! the postmaster, 75 deferred, or nothing could be done. Only a delivered
//! message is printed. A message of more than 10,000 parts or 500 levels is held.
//! With --every-reading: 0 no harm, 1 some. 1 also where --conversions or
//! --mappings have faults.

mod explain;
mod readings;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use serde::Serialize;

use crate::cli::exit::{self, Exit};
use crate::config;
use crate::diagnostic::Severity;
use crate::mail::message::{Changes, Labels, Leaf, Message};
use crate::mta::conversions::{Action, Conversions};
use crate::mta::mappings::Mappings;
use crate::mta::source::{Include, LARGEST};
use crate::os::output;
use crate::os::{files, itself, look, message_file};
use crate::play::answer::{Ending, Outcome, Step};
use crate::play::channel::{BUILT_IN, Channel, Handled};
use crate::play::command::Program;
use crate::play::reading::Reading;
use crate::text;

/// Arguments of `message`.
#[derive(clap::Args)]
#[command(about = "Play the conversion channel for a whole message", long_about = exit::manual(include_str!("message.rs")))]
pub(crate) struct Arguments {
    /// The message; `-` is stdin
    file: PathBuf,

    /// Configuration that `convscan part` is run with
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,

    /// Shell command to run in place of `convscan part`
    #[arg(long, value_name = "CMD", conflicts_with_all = ["config", "conversions"])]
    command: Option<OsString>,

    /// Longest time for one part
    #[arg(long, value_name = "TIME", default_value = "10m", value_parser = duration)]
    timeout: Duration,

    /// Print what happened to each part instead of the message
    #[arg(long)]
    json: bool,

    /// Write the message to a file instead of stdout
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,

    /// The site's conversions file
    #[arg(long, value_name = "FILE")]
    conversions: Option<PathBuf>,

    /// The site's mappings file
    #[arg(long, value_name = "FILE")]
    mappings: Option<PathBuf>,

    /// Channel that the message came from
    #[arg(long, value_name = "NAME", default_value = "tcp_local")]
    in_chan: String,

    /// Channel that the message is bound for
    #[arg(long, value_name = "NAME", default_value = "ims-ms")]
    out_chan: String,

    /// Conversion tag; may be repeated
    #[arg(long = "tag", value_name = "TAG")]
    tags: Vec<String>,

    /// Setting of what the manuals leave open; may be repeated
    #[arg(long = "reading", value_name = "NAME=VALUE")]
    readings: Vec<String>,

    /// Try all combinations of these settings
    #[arg(long, conflicts_with_all = ["json", "output", "readings"])]
    every_reading: bool,

    /// Tell what happened to each part and why
    #[arg(long)]
    explain: bool,
}

/// One part in the JSON output.
#[derive(Serialize)]
struct PartReport {
    number: String,
    r#type: String,
    name: Option<String>,
    size: usize,
    status: Option<u32>,
    changed: bool,
    exit: Option<i32>,
    ms: u64,
}

#[derive(Serialize)]
struct Report {
    outcome: &'static str,
    parts: Vec<PartReport>,
}

/// How the whole message fared.
struct Fate {
    outcome: Outcome,
    changes: Changes,
    parts: Vec<PartReport>,
}

impl Fate {
    /// That of a message that nothing happens to.
    fn delivered() -> Self {
        Self { outcome: Outcome::Delivered, changes: Changes::new(), parts: Vec::new() }
    }
}

pub(crate) fn run(arguments: &Arguments) -> Result<Exit> {
    let shown = arguments.file.display();
    let raw = message_file::read(&arguments.file).with_context(|| format!("cannot read `{shown}`"))?;
    let Some(channel) = channel(arguments)? else { return Ok(Exit::No) };
    let mut reading = Reading::default();
    for setting in &arguments.readings {
        reading.set(setting).map_err(|error| anyhow!("--reading {setting}: {error}"))?;
    }
    let message = Message::split(&raw);
    let handed = arguments.mappings.is_none() || is_routed(&channel, arguments.explain);
    if arguments.every_reading && handed {
        return readings::report(&channel, &message);
    }
    let fate =
        if handed { processed(&message, &channel, &reading, arguments.explain)? } else { Fate::delivered() };
    let (name, exit) = explain::words(fate.outcome);
    if fate.outcome == Outcome::Delivered {
        let result = if fate.changes.is_empty() { None } else { Some(message.rebuilt(&fate.changes)) };
        deliver(arguments, result.as_deref().unwrap_or(&raw))?;
    }
    if arguments.json {
        output::data(serde_json::to_string(&Report { outcome: name, parts: fate.parts })?);
    }
    Ok(exit)
}

/// The channel as files and arguments set it up; `None` when they have faults,
/// which have been told then.
fn channel(arguments: &Arguments) -> Result<Option<Channel>> {
    let (conversions, mut faults) = match &arguments.conversions {
        None => Conversions::parse("built-in", BUILT_IN),
        Some(path) => Conversions::parse(&path.to_string_lossy(), &site_file(path)?),
    };
    let mut mappings = Mappings::default();
    if let Some(path) = &arguments.mappings {
        let mut included = |include: &Include| site_file(Path::new(&include.path)).ok();
        let (read, more) = Mappings::parse_with(&path.to_string_lossy(), &site_file(path)?, &mut included);
        mappings = read;
        faults.extend(more);
    }
    for fault in &faults {
        output::talk(fault);
    }
    if faults.iter().any(|fault| fault.severity == Severity::Error) {
        return Ok(None);
    }
    let own = itself::file().context("cannot find this program's own file")?;
    let program = match (&arguments.command, &arguments.conversions) {
        (Some(line), _) => Some(Program::shell(line)),
        (None, Some(_)) => None,
        (None, None) => Some(Program { path: own.clone(), arguments: vec!["part".into()] }),
    };
    Ok(Some(Channel {
        stand_ins: stand_ins(&conversions, &own),
        conversions,
        mappings,
        source: arguments.in_chan.clone(),
        destination: arguments.out_chan.clone(),
        tags: arguments.tags.clone(),
        program,
        config: arguments.config.clone(),
        timeout: arguments.timeout,
    }))
}

fn site_file(path: &Path) -> Result<String> {
    files::read_text(path, LARGEST).with_context(|| format!("cannot read `{}`", path.display()))
}

/// The absolute paths of our programs in the entries' commands that are not there,
/// and how this program does the same.
fn stand_ins(conversions: &Conversions, own: &Path) -> Vec<(String, String)> {
    let commands = conversions.entries.iter().filter_map(|entry| match &entry.action {
        Action::Command(value) => Some(value.text.as_str()),
        Action::Nothing | Action::Delete | Action::Relabel | Action::Service(_) => None,
    });
    let mut stand_ins: Vec<(String, String)> = Vec::new();
    for path in commands.flat_map(str::split_whitespace).filter(|word| word.starts_with('/')) {
        let command = [("/convscan", ""), ("/convscan-part", " part")];
        let command = command.iter().find(|(name, _)| path.ends_with(name)).map(|(_, command)| command);
        let (Some(command), Some(own)) = (command, own.to_str()) else { continue };
        if stand_ins.iter().any(|(known, _)| known == path) || look::at(Path::new(path)).is_ok() {
            continue;
        }
        output::talk(format_args!("{path} is not installed: this program is run in its place"));
        stand_ins.push((path.to_owned(), format!("{own}{command}")));
    }
    stand_ins
}

/// Whether the mapping sends the message through a conversion channel.
fn is_routed(channel: &Channel, explain: bool) -> bool {
    let tags = (!channel.tags.is_empty()).then(|| channel.tags.join(","));
    let route = channel.mappings.conversion(&channel.source, &channel.destination, tags.as_deref());
    if explain || !route.convert {
        explain::route(&route);
    }
    route.convert
}

/// Runs the command for one leaf after another, until one ends the message.
fn processed(message: &Message<'_>, channel: &Channel, reading: &Reading, explain: bool) -> Result<Fate> {
    let mut fate = Fate::delivered();
    // As the MTA does where `max_mime_levels` or `max_mime_parts` is negative.
    if let Some(bound) = message.beyond() {
        output::talk(format_args!("held, for it cannot be taken apart: {bound}"));
        fate.outcome = Outcome::Held;
        return Ok(fate);
    }
    for (i, leaf) in message.leaves().iter().enumerate() {
        let handled = channel.handle(message, leaf, i + 1, reading)?;
        if explain {
            explain::part(channel, leaf, &handled);
        }
        fate.parts.push(part_report(message, leaf, &handled));
        match handled.step {
            Step::Keep => (),
            Step::Change(change) => {
                fate.changes.insert(i, change);
            }
            Step::AsIs => {
                fate.changes.clear();
                return Ok(fate);
            }
            Step::Stop(outcome) => {
                let (word, _) = explain::words(outcome);
                output::talk(format_args!("{word}, for part {}{}", leaf.number, because(&fate.parts)));
                fate.outcome = outcome;
                return Ok(fate);
            }
        }
    }
    Ok(fate)
}

fn part_report(message: &Message<'_>, leaf: &Leaf, handled: &Handled<'_>) -> PartReport {
    let run = handled.run.as_ref();
    PartReport {
        number: leaf.number.clone(),
        r#type: kind(leaf),
        name: shown_name(message.labels(leaf)),
        size: handled.size,
        status: run.and_then(|run| run.status),
        changed: matches!(handled.step, Step::Change(_)),
        exit: run.and_then(|run| match run.ending {
            Ending::Exited(code) => Some(code),
            Ending::Killed | Ending::TimedOut => None,
        }),
        ms: run.map_or(0, |run| u64::try_from(run.elapsed.as_millis()).unwrap_or(u64::MAX)),
    }
}

/// What the last part's command said.
fn because(parts: &[PartReport]) -> String {
    let Some(part) = parts.last() else { return String::new() };
    let name = part.name.as_ref().map_or(String::new(), |name| format!(" ({name})"));
    match (part.status, part.exit) {
        (Some(status), _) => format!("{name}: STATUS={status}"),
        (None, Some(0)) => format!("{name}: no usable answer"),
        (None, Some(code)) => format!("{name}: the command exited with {code}"),
        (None, None) => format!("{name}: the command was killed"),
    }
}

fn deliver(arguments: &Arguments, message: &[u8]) -> Result<()> {
    match &arguments.output {
        Some(path) => {
            message_file::write(path, message).with_context(|| format!("cannot write `{}`", path.display()))
        }
        None if arguments.json => Ok(()),
        None => output::bytes(message).context("cannot write the message"),
    }
}

fn kind(leaf: &Leaf) -> String {
    let half = |bytes: &[u8]| text::printable(bytes, text::SHOWN).to_ascii_lowercase();
    format!("{}/{}", half(&leaf.main_type), half(&leaf.subtype))
}

fn shown_name(labels: Labels) -> Option<String> {
    let name = [labels.filename, labels.name].into_iter().find(|name| !name.is_empty())?;
    Some(text::printable(&name, text::SHOWN))
}

fn duration(value: &str) -> Result<Duration> {
    config::parse_duration(value).context("write a time with a unit, ms, s, m or h, as in 90s")
}
