//! The commands: one file each, whose header comment is its manual. Errors are
//! printed here, once.

pub(crate) mod output;

mod check;
mod load;
mod message;
mod part;
mod selftest;
mod snippets;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Virus-scan helper for the conversion channel of the iPlanet / Sun / Oracle Messaging Server MTA.
#[derive(Parser)]
#[command(name = "convscan", version, propagate_version = true, max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Part(part::Arguments),
    Message(Box<message::Arguments>),
    Selftest(selftest::Arguments),
    Check(Box<check::Arguments>),
    Snippets(Box<snippets::Arguments>),
}

/// The manual of a command: the header comment of its source, so that help,
/// README and source say the same.
fn manual(source: &str) -> String {
    let lines = source.lines().map_while(|line| line.strip_prefix("//!"));
    lines.map(|line| line.strip_prefix(' ').unwrap_or(line)).collect::<Vec<_>>().join("\n")
}

/// What a command has to say at its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Done.
    Done,
    /// The answer is "no".
    No,
    /// The arguments contradict each other.
    Usage,
    /// `message`: the message is held.
    Held,
    /// `message`: the message is discarded.
    Discarded,
    /// `message`: the message is returned to its sender.
    Returned,
    /// Try again later.
    Later,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Done => 0,
            Exit::No => 1,
            Exit::Usage => 2, // as the command-line parser exits
            Exit::Held => 10,
            Exit::Discarded => 11,
            Exit::Returned => 12,
            Exit::Later => 75, // EX_TEMPFAIL of sysexits.h
        })
    }
}

/// Runs the command that the process was started with.
pub fn run() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    if let Some((command, rest)) = arguments.split_first()
        && command == "part"
        && !rest.iter().any(|argument| argument == "--help" || argument == "-h")
    {
        return part::run(rest).into();
    }
    let result: anyhow::Result<Exit> = match Arguments::parse().command {
        // Only `part --help` and the like get here.
        Command::Part(_) => Ok(part::run(&[])),
        Command::Message(arguments) => message::run(&arguments),
        Command::Selftest(arguments) => selftest::run(&arguments),
        Command::Check(arguments) => check::run(&arguments),
        Command::Snippets(arguments) => snippets::run(&arguments),
    };
    match result {
        Ok(exit) => exit.into(),
        Err(error) => {
            output::talk(format_args!("{error:#}"));
            Exit::Later.into()
        }
    }
}
