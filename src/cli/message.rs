//! Plays the conversion channel for a whole message.
//!
//! Usage: convscan message [--config FILE | --command CMD] [--json]
//!                         [--output FILE] [--timeout TIME] FILE
//!
//! Takes the message in FILE (`-` is stdin) apart, runs `convscan part` for
//! every part that the channel would hand over, obeys the answers, and prints
//! the message that results. What no answer changes is printed byte for byte
//! as it came. It needs no mail server and touches none.
//!
//! With --json, what happened to each part is printed instead of the message;
//! --output writes the message to a file. With --command another command is
//! run for each part, by `/bin/sh -c` with the same variables and files:
//!
//!   convscan message --command 'cp "$INPUT_FILE" "$OUTPUT_FILE"' mail.eml
//!
//! Besides the channel's variables a command sees PATH and CONVSCAN_CONFIG. One
//! that fails, runs out of time, or leaves neither content nor a known status
//! makes the message deferred.
//!
//! Exit codes: 0 delivered, 10 held, 11 discarded, 12 returned to its sender or
//! the postmaster, 75 deferred, or nothing could be done. Only a delivered
//! message is printed.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};
use serde::Serialize;

use crate::channel::Var;
use crate::cli::{Exit, output};
use crate::config;
use crate::mta::message::answer::{self, Ending, Outcome, Step};
use crate::mta::message::{Changes, Leaf, Message};
use crate::mta::reading::Reading;
use crate::os::channel_command::{self, Input, Program};
use crate::os::message_file;
use crate::text;

/// Arguments of `message`.
#[derive(clap::Args)]
#[command(about = "Play the conversion channel for a whole message", long_about = super::manual(include_str!("message.rs")))]
pub(crate) struct Arguments {
    /// The message; `-` is stdin
    file: PathBuf,

    /// Configuration that `convscan part` is run with
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,

    /// Shell command to run in place of `convscan part`
    #[arg(long, value_name = "CMD", conflicts_with = "config")]
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

pub(crate) fn run(arguments: &Arguments) -> Result<Exit> {
    let shown = arguments.file.display();
    let raw = message_file::read(&arguments.file).with_context(|| format!("cannot read `{shown}`"))?;
    let message = Message::split(&raw);
    let fate = processed(&message, &program(arguments)?, arguments.timeout)?;
    let (name, exit) = words(fate.outcome);

    if fate.outcome == Outcome::Delivered {
        let result = if fate.changes.is_empty() { None } else { Some(message.rebuilt(&fate.changes)) };
        deliver(arguments, result.as_deref().unwrap_or(&raw))?;
    }
    if arguments.json {
        output::data(serde_json::to_string(&Report { outcome: name, parts: fate.parts })?);
    }
    Ok(exit)
}

fn program(arguments: &Arguments) -> Result<Program> {
    if let Some(line) = &arguments.command {
        return Ok(Program::shell(line));
    }
    let mut own = vec![OsString::from("part")];
    if let Some(config) = &arguments.config {
        own.push("--config".into());
        own.push(config.into());
    }
    Program::own(own).context("cannot find this program's own file")
}

/// Runs the command for one leaf after another, until one ends the message.
fn processed(message: &Message<'_>, program: &Program, timeout: Duration) -> Result<Fate> {
    let mut fate = Fate { outcome: Outcome::Delivered, changes: Changes::new(), parts: Vec::new() };
    // As the MTA does where `max_mime_levels` or `max_mime_parts` is negative.
    if let Some(bound) = message.beyond() {
        output::talk(format_args!("held, for it cannot be taken apart: {bound}"));
        fate.outcome = Outcome::Held;
        return Ok(fate);
    }
    let message_header = message.outermost_header();
    for (i, leaf) in message.leaves().iter().enumerate() {
        let content = message.content(leaf);
        let input = Input {
            content: &content,
            header: message.header(leaf),
            message_header,
            values: &values(leaf, i + 1, content.len()),
        };
        let run = channel_command::run(program, &input, timeout)
            .with_context(|| format!("cannot run `{}` for part {}", program.path.display(), leaf.number))?;
        let mut report = PartReport {
            number: leaf.number.clone(),
            r#type: kind(leaf),
            name: shown_name(leaf),
            size: content.len(),
            status: answer::status(&run.answer),
            changed: false,
            exit: match run.answer.ending {
                Ending::Exited(code) => Some(code),
                Ending::Killed | Ending::TimedOut => None,
            },
            ms: u64::try_from(run.elapsed.as_millis()).unwrap_or(u64::MAX),
        };
        let step = answer::outcome(run.answer, &content, &Reading::default());
        report.changed = matches!(step, Step::Change(_));
        fate.parts.push(report);
        match step {
            Step::Keep => (),
            Step::Change(change) => {
                fate.changes.insert(i, change);
            }
            Step::AsIs => {
                fate.changes.clear();
                return Ok(fate);
            }
            Step::Stop(outcome) => {
                let (word, _) = words(outcome);
                output::talk(format_args!("{word}, for part {}{}", leaf.number, because(&fate.parts)));
                fate.outcome = outcome;
                return Ok(fate);
            }
        }
    }
    Ok(fate)
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

fn values(leaf: &Leaf, attachment: usize, size: usize) -> [(Var, Vec<u8>); 12] {
    [
        (Var::InputType, leaf.main_type.clone()),
        (Var::InputSubtype, leaf.subtype.clone()),
        (Var::InputDescription, leaf.description.clone()),
        (Var::InputDisposition, leaf.disposition.clone()),
        (Var::InputEncoding, leaf.encoding.clone()),
        (Var::InputChannel, b"tcp_local".to_vec()),
        (Var::OutputChannel, b"ims-ms".to_vec()),
        (Var::AttachmentNumber, attachment.to_string().into_bytes()),
        (Var::PartNumber, leaf.number.clone().into_bytes()),
        (Var::PartSize, size.to_string().into_bytes()),
        (Var::Name, leaf.name.clone()),
        (Var::Filename, leaf.filename.clone()),
    ]
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

fn words(outcome: Outcome) -> (&'static str, Exit) {
    match outcome {
        Outcome::Delivered => ("delivered", Exit::Done),
        Outcome::Held => ("held", Exit::Held),
        Outcome::Discarded => ("discarded", Exit::Discarded),
        Outcome::Returned => ("returned", Exit::Returned),
        Outcome::Deferred => ("deferred", Exit::Later),
    }
}

fn kind(leaf: &Leaf) -> String {
    let half = |bytes: &[u8]| text::printable(bytes, text::SHOWN).to_ascii_lowercase();
    format!("{}/{}", half(&leaf.main_type), half(&leaf.subtype))
}

fn shown_name(leaf: &Leaf) -> Option<String> {
    let name = [&leaf.filename, &leaf.name].into_iter().find(|name| !name.is_empty())?;
    Some(text::printable(name, text::SHOWN))
}

fn duration(value: &str) -> Result<Duration> {
    config::parse_duration(value).context("write a time with a unit, ms, s, m or h, as in 90s")
}
