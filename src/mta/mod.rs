//! Pure readers.

pub mod message;
