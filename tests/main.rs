//! The built binary from outside: variables and files in, files and status
//! out. One file a feature.

// The lints' exception for tests does not reach the functions that tests share.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice
)]
#![allow(unreachable_pub, missing_docs)]

mod harness;
mod inside;

mod awake;
mod bounds;
mod command;
mod cost;
mod crash;
mod crowd;
mod doctor;
mod examples;
mod icap;
mod layers;
mod log;
mod manual;
mod memory;
mod message;
mod order;
mod outcomes;
mod part;
mod properties;
mod readers;
mod readings;
mod release;
mod snippets;
mod surroundings;
mod system_calls;
mod trust;
mod words;
mod writers;
