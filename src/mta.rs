//! Pure readers of the mail server's files, and of those of the scanners beside it.

pub mod conversions;
pub mod counters;
mod faults;
pub mod form;
mod glob;
pub mod imta_cnf;
pub mod job_controller;
mod lines;
pub mod mappings;
pub mod option_file;
pub mod scanner_conf;
pub mod source;
mod statement;
pub mod summarize;
pub mod tailor;
pub mod unified;
mod wildcard;
