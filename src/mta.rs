//! Pure readers of mail and of the server's files.

pub mod conversions;
pub mod counters;
pub mod encoded;
mod faults;
pub mod form;
pub mod header;
pub mod hidden;
pub mod imta_cnf;
pub mod job_controller;
mod lines;
pub mod mappings;
pub mod message;
pub mod option_file;
pub mod parameter;
pub mod reading;
pub mod server_conf;
pub mod source;
mod statement;
pub mod summarize;
pub mod tailor;
pub mod unified;
mod wildcard;
