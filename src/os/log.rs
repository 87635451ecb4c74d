//! The log: one line in one write, to a file and to the system log. Fails with
//! the system's error, and where the line would go to another file than the one
//! that is named; a failed log never changes an answer.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, fchown};
use std::os::unix::net::UnixDatagram;
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::{self, OFlag};
use nix::libc;
use nix::sys::stat::Mode;
use nix::unistd::geteuid;

use super::clock;

/// Appends `line` in one write, which keeps lines of many processes whole.
/// Does not wait: a FIFO without a reader is an error.
pub fn append(path: &Path, line: &str) -> io::Result<()> {
    let mut file = match open(path) {
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

/// How the log is opened. No link is followed: it could lead to any file that we may
/// write, and need not be ours.
const FLAGS: OFlag =
    OFlag::O_NOFOLLOW.union(OFlag::O_NONBLOCK).union(OFlag::O_NOCTTY).union(OFlag::O_CLOEXEC);

fn open(path: &Path) -> io::Result<File> {
    let opened = OpenOptions::new().append(true).custom_flags(FLAGS.bits()).open(path);
    let file = opened.map_err(|error| match error.raw_os_error() {
        Some(libc::ELOOP) => refused("it is a link, and no link is followed".to_owned()),
        Some(_) | None => error,
    })?;
    let metadata = file.metadata()?;
    // The other name may be the one that the file is known by.
    if metadata.is_file() && metadata.nlink() != 1 {
        return Err(refused(format!("the file has {} names, and must have one", metadata.nlink())));
    }
    Ok(file)
}

fn refused(why: String) -> io::Error {
    io::Error::new(ErrorKind::InvalidInput, why)
}

/// Mode of the log, which the umask cuts down.
const MODE: Mode = Mode::from_bits_truncate(0o666);

/// Makes the log. One that root makes goes to the owner of its directory, so that a
/// trial as root does not keep the MTA's account from its log. It is new and empty, and
/// in that very directory: its owner gets nothing that he could not have made himself.
fn make(path: &Path) -> io::Result<File> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    // To write to a directory, nobody must be able to read it.
    let place = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
    let directory = File::from(fcntl::open(parent.unwrap_or(Path::new(".")), place, Mode::empty())?);
    let name = path.file_name().ok_or(ErrorKind::InvalidInput)?;
    let flags = FLAGS | OFlag::O_WRONLY | OFlag::O_APPEND | OFlag::O_CREAT | OFlag::O_EXCL;
    let file = match fcntl::openat(&directory, name, flags, MODE) {
        // Another process was faster.
        Err(Errno::EEXIST) => return open(path),
        result => File::from(result?),
    };
    if geteuid().is_root()
        && let Ok(metadata) = directory.metadata()
    {
        // Where root may not give a file away, on NFS say, it stays root's.
        let _ = fchown(&file, Some(metadata.uid()), Some(metadata.gid()));
    }
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
