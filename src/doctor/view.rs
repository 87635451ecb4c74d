//! Views of a set-up: what several files say about one thing, as rules ask for it.
//! Cannot fail.

pub mod command;
pub mod conf;
pub mod definitions;
pub mod entry;
pub mod largest;
pub mod own;
pub mod scanner;
pub mod server;
pub mod table;
pub mod traffic;
