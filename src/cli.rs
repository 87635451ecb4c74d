//! The commands: one file each, whose header comment is its manual. Errors are
//! printed here, once.

mod admin;
mod check;
pub(crate) mod exit;
mod message;
mod part;
mod selftest;
mod snippets;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use self::exit::Exit;
use crate::os::{itself, output};
use crate::serve;

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

/// Runs the command that the process was started with.
pub fn run() -> ExitCode {
    let arguments: Vec<_> = itself::arguments().collect();
    if let Some((command, rest)) = arguments.split_first()
        && command == "part"
        && (serve::is_entry() || !rest.iter().any(|argument| argument == "--help" || argument == "-h"))
    {
        return serve::run(rest).into();
    }
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return refused(&error),
    };
    let result: anyhow::Result<Exit> = match arguments.command {
        // Only `part --help` and the like get here.
        Command::Part(_) => return serve::run(&[]).into(),
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

/// The parser's own words, a manual or a complaint, which quote the command line: they
/// go out as all others do.
fn refused(error: &clap::Error) -> ExitCode {
    let words = error.render().to_string();
    if error.use_stderr() {
        output::say(&words);
    } else {
        let _ = output::text(&words);
    }
    u8::try_from(error.exit_code()).unwrap_or(2).into()
}
