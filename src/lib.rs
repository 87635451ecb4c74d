//! The architecture of convscan: a scan helper for the conversion channel.
//!
//! The channel of the iPlanet / Sun / Oracle Messaging Server MTA runs
//! `convscan part` once for every body part of every message. [`cli::part`] is
//! that hot path; read it first, it is the whole story in one function. Around
//! it stand commands for the administrator.
//!
//! A module may use only modules of groups above its own. The order of the
//! `mod` lines below is the layer diagram; `tests/manual.rs` holds it.

// words: the names and texts everything else is said in
pub mod address;
pub mod channel;
pub mod diagnostic;
pub mod status;
pub mod text;

// facts: what is known about one part
pub mod part;
pub mod verdict;

// rules: what follows from the facts
pub mod notice;
pub mod policy;

// results: what goes in and out as files
pub mod config;
pub mod record;
pub mod reply;

// mail itself
pub mod mail;

// pure readers of the mail server's files
pub mod mta;

// the only code that touches the system
pub mod os;

// what gives verdicts
pub mod engine;

// the straight line from a part to a reply
pub mod scan;

// the conversion channel, played
pub mod play;

// what goes into the files of the mail server, as text
pub mod snippets;

// what is wrong with a whole set-up
pub mod doctor;

// the commands
pub mod cli;
