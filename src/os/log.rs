//! The log: one line in one write, to a file and to the system log. Fails with
//! the system's error; a failed log never changes an answer.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::net::UnixDatagram;
use std::path::Path;

use jiff::Zoned;
use nix::fcntl::OFlag;

/// Appends `line` in one write, which keeps lines of many processes whole.
/// Does not wait: a FIFO without a reader is an error.
pub fn append(path: &Path, line: &str) -> io::Result<()> {
    let flags = (OFlag::O_NONBLOCK | OFlag::O_NOCTTY).bits();
    let mut file = OpenOptions::new().append(true).create(true).custom_flags(flags).open(path)?;
    let written = file.write(line.as_bytes())?;
    if written == line.len() { Ok(()) } else { Err(io::ErrorKind::WriteZero.into()) }
}

/// How much a line of the system log matters. Source: RFC 3164, 4.1.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// Something was not scanned.
    Warning = 4,
    /// Something was found.
    Notice = 5,
    /// All is well.
    Info = 6,
}

/// Facility "mail system". Source: RFC 3164, 4.1.1.
const FACILITY_MAIL: u8 = 2;

/// Sends `line` to the system log's socket. Does not wait: a full log loses the
/// line rather than time.
pub fn syslog(socket: &Path, severity: Severity, line: &str) -> io::Result<()> {
    let priority = FACILITY_MAIL * 8 + severity as u8;
    let date = Zoned::now().strftime("%b %e %H:%M:%S");
    let text = format!("<{priority}>{date} convscan[{}]: {}", std::process::id(), line.trim_end());
    let datagram = UnixDatagram::unbound()?;
    datagram.set_nonblocking(true)?;
    datagram.send_to(text.as_bytes(), socket).map(|_| ())
}
