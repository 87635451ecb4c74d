//! The only code that touches the system.

pub mod answer;
pub mod clock;
pub mod files;
pub mod log;
pub mod socket;
pub mod vars;
