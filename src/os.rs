//! The only code that touches the system.

pub mod access;
pub mod account;
mod beside;
pub mod clock;
pub(crate) mod cores;
pub mod digest;
mod drain;
pub mod files;
pub mod fingerprint;
pub mod input;
pub mod lock;
pub mod log;
pub mod look;
pub(crate) mod message_file;
pub(crate) mod new_file;
pub mod note;
mod owner;
pub mod permission;
pub mod process;
pub mod scratch;
mod shared;
pub mod signals;
pub mod slots;
pub mod socket;
pub mod stamp;
pub mod tally;
pub mod vars;
