//! Data to stdout, talk to stderr. A closed stream is not an error: whoever
//! closed it does not want to hear.

use std::fmt::Display;
use std::io::{self, Write};

/// Writes one line of data.
pub(crate) fn data(line: impl Display) {
    let _ = writeln!(io::stdout().lock(), "{line}");
}

/// Writes bytes of data as they are; fails when they cannot all be written.
pub(crate) fn bytes(bytes: &[u8]) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(bytes)?;
    stdout.flush()
}

/// Writes one line of talk.
pub(crate) fn talk(line: impl Display) {
    let _ = writeln!(io::stderr().lock(), "convscan: {line}");
}
