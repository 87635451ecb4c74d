//! Puts the log line where the administrator wants it. Cannot fail: a line that
//! can go nowhere else goes to stderr, and never changes the answer.

use std::path::Path;

use crate::config::Config;
use crate::os::{log, output};
use crate::record::Record;

/// Writes the log line, to stderr if nowhere else.
pub(super) fn report(config: &Config, misconfigured: bool, record: &Record) {
    let line = record.to_line();
    let severity = match record.verdict.as_str() {
        "clean" => log::Severity::Info,
        "infected" => log::Severity::Notice,
        _ => log::Severity::Warning,
    };
    let mut heard = severity == log::Severity::Info;
    if let Some(file) = &config.log.file {
        match log::append(file, &line) {
            Ok(()) => heard = true,
            Err(error) => output::talk(format_args!("log {}: {error}", file.display())),
        }
    }
    // Without a configuration nobody said where the log is.
    let fallback = misconfigured.then_some(Path::new("/dev/log"));
    if let Some(socket) = config.log.syslog.as_deref().or(fallback) {
        match log::syslog(socket, severity, &line) {
            Ok(()) => heard = true,
            Err(error) => output::talk(format_args!("log {}: {error}", socket.display())),
        }
    }
    if !heard || misconfigured {
        output::talk(line.trim_end());
    }
}
