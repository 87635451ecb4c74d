//! The only code that touches the system.

pub mod clock;
mod drain;
pub mod files;
pub mod log;
pub mod process;
pub mod scratch;
pub mod socket;
pub mod vars;
