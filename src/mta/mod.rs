//! Pure readers of mail and of the server's files.

pub mod header;
pub mod message;
pub(crate) mod parameter;
pub mod reading;
