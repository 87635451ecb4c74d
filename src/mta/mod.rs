//! Pure readers of mail and of the server's files.

pub mod conversions;
pub mod encoded;
mod faults;
pub mod header;
pub mod hidden;
mod lines;
pub mod mappings;
pub mod message;
pub mod parameter;
pub mod reading;
mod wildcard;
