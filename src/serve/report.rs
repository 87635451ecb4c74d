//! Puts the log line where the administrator wants it. Cannot fail: a line that
//! can go nowhere else goes to stderr, and never changes the answer.

use std::path::Path;

use crate::config::Config;
use crate::os::{log, output};
use crate::record::Record;

/// Writes the log line: where the configuration says, else to the system log and to
/// stderr.
pub(super) fn report(config: &Config, misconfigured: bool, record: &Record) {
    let line = record.to_line();
    let severity = match record.verdict.as_str() {
        "clean" => log::Severity::Info,
        "infected" => log::Severity::Notice,
        _ => log::Severity::Warning,
    };
    let is_clean = severity == log::Severity::Info;
    // Without a configuration nobody said where the log is.
    let (mut lost, mut heard) = (misconfigured, is_clean);
    if let Some(file) = &config.log.file {
        match log::append(file, &line) {
            Ok(()) => heard = true,
            Err(error) => {
                (lost, heard) = (true, false);
                output::talk(format_args!("log {}: {error}", file.display()));
            }
        }
    }
    let fallback = lost.then_some(Path::new("/dev/log"));
    if let Some(socket) = config.log.syslog.as_deref().or(fallback) {
        match log::syslog(socket, severity, &line) {
            // A line that matters is told twice rather than only where nobody looks.
            Ok(()) => heard = is_clean || !lost,
            Err(error) => output::talk(format_args!("log {}: {error}", socket.display())),
        }
    }
    if !heard || misconfigured {
        output::talk(line.trim_end());
    }
}
