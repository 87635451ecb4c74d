//! The only code that touches the system.

pub mod clock;
mod drain;
pub mod files;
pub mod log;
pub mod process;
pub mod socket;
pub mod vars;
