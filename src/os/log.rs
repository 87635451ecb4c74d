//! The log: one line in one write, to a file and to the system log. Fails with
//! the system's error; a failed log never changes an answer.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::net::UnixDatagram;
use std::path::Path;

use nix::fcntl::OFlag;

use super::{clock, owner};

/// Appends `line` in one write, which keeps lines of many processes whole.
/// Does not wait: a FIFO without a reader is an error.
pub fn append(path: &Path, line: &str) -> io::Result<()> {
    let mut file = match open(path, Missing::Fails) {
        Err(error) if error.kind() == ErrorKind::NotFound => make(path)?,
        result => result?,
    };
    let written = file.write(line.as_bytes())?;
    if written == line.len() {
        return Ok(());
    }
    // So that the next line does not become the rest of this one.
    let _ = file.write(b"\n");
    Err(ErrorKind::WriteZero.into())
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Missing {
    Fails,
    IsMade,
}

fn open(path: &Path, missing: Missing) -> io::Result<File> {
    let flags = (OFlag::O_NONBLOCK | OFlag::O_NOCTTY).bits();
    OpenOptions::new().append(true).create(missing == Missing::IsMade).custom_flags(flags).open(path)
}

/// Makes the log.
fn make(path: &Path) -> io::Result<File> {
    let file = open(path, Missing::IsMade)?;
    owner::give(&file, path);
    Ok(file)
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
    let date = clock::now().strftime("%b %e %H:%M:%S");
    let text = format!("<{priority}>{date} convscan[{}]: {}", std::process::id(), line.trim_end());
    let datagram = UnixDatagram::unbound()?;
    datagram.set_nonblocking(true)?;
    datagram.send_to(text.as_bytes(), socket).map(|_| ())
}
