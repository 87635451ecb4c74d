//! Commands share how they end and where their manual stands.
//! Cannot fail.

use std::process::ExitCode;

/// The manual of a command: the header comment of its source, so that help,
/// docs/commands.md and source say the same.
pub(crate) fn manual(source: &str) -> String {
    let lines = source.lines().map_while(|line| line.strip_prefix("//!"));
    lines.map(|line| line.strip_prefix(' ').unwrap_or(line)).collect::<Vec<_>>().join("\n")
}

/// The end of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Done.
    Done,
    /// The answer is "no".
    No,
    /// The arguments contradict each other.
    Usage,
    /// `message`: the message is held.
    Held,
    /// `message`: the message is discarded.
    Discarded,
    /// `message`: the message is returned to its sender.
    Returned,
    /// Try again later.
    Later,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Done => 0,
            Exit::No => 1,
            Exit::Usage => 2, // as the command-line parser exits
            Exit::Held => 10,
            Exit::Discarded => 11,
            Exit::Returned => 12,
            Exit::Later => 75, // EX_TEMPFAIL of sysexits.h
        })
    }
}
