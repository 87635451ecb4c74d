//! The only code that touches the system.

pub(crate) mod channel_command;
pub(crate) mod message_file;
