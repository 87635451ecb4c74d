//! convscan: a scan helper for the conversion channel of the iPlanet / Sun /
//! Oracle Messaging Server MTA.
//!
//! The channel runs `convscan-part` once for every body part of every message.
//! [`serve`] is that hot path: read it first, then [`scan`]. Around it stand the
//! commands for the administrator, in the program `convscan`.
//!
//! A room names only rooms above its own: the order of the `mod` lines below is the
//! layer diagram, and `tests/layers.rs` holds it. The rooms are private:
//! only the programs, and tests by the feature `testing`, use this library.

// Without the administrator's rooms, what only they use of the others is dead.
#![cfg_attr(not(feature = "admin"), allow(dead_code, unused_imports))]

// words: the names and texts everything else is said in
mod address;
mod channel;
mod status;
mod text;

mod diagnostic;

// facts: what is known about one part
mod part;
mod verdict;

// rules: what follows from the facts
mod notice;
mod policy;

// results: what goes in and out as files
mod config;
mod record;
mod reply;

// mail itself
mod mail;

// the only code that touches the system
mod os;

// what gives verdicts
mod engine;

// the straight line from a part to a reply
mod scan;

// the program that the channel runs
mod serve;

// -------- for administrators

// what our own log says
#[cfg(feature = "admin")]
mod history;

// pure readers of the mail server's files
#[cfg(feature = "admin")]
mod mta;

// the conversion channel, played
#[cfg(feature = "admin")]
mod play;

// what goes into the files of the mail server, as text
#[cfg(feature = "admin")]
mod snippets;

// what is wrong with a whole set-up
#[cfg(feature = "admin")]
mod doctor;

// the commands
#[cfg(feature = "admin")]
mod cli;

#[cfg(feature = "testing")]
pub mod testing;

use std::process::ExitCode;

/// The program `convscan-part`: answers for one body part.
pub fn part() -> ExitCode {
    let arguments: Vec<_> = os::itself::arguments().collect();
    serve::run(&arguments).into()
}

/// The program `convscan`: all commands.
#[cfg(feature = "admin")]
pub fn admin() -> ExitCode {
    cli::run()
}
