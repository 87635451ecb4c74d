//! Whether this process may use what the configuration names. Fails with why not.

use std::fmt;
use std::io::{self, ErrorKind};
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::time::Duration;

use nix::unistd::{AccessFlags, access};

use super::clock::Deadline;
use super::socket::Stream;
use crate::address::Address;

/// What is to be done, and with what.
#[derive(Clone, Copy, Debug)]
pub enum Need<'a> {
    /// Connect to a daemon.
    Connect(&'a Address),
    /// Send to a datagram socket.
    Send(&'a Path),
    /// Run a program.
    Execute(&'a Path),
    /// Append to a file, which is made if it is not there.
    Append(&'a Path),
    /// Make files in a directory.
    Create(&'a Path),
}

impl fmt::Display for Need<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connect(address) => write!(f, "{address}"),
            Self::Send(path) | Self::Execute(path) | Self::Append(path) | Self::Create(path) => {
                write!(f, "{}", path.display())
            }
        }
    }
}

/// Time to connect: a look, not a scan.
const CONNECT: Duration = Duration::from_secs(2);

/// Looks without leaving a trace: nothing is made, run or sent.
pub fn check(need: &Need<'_>) -> io::Result<()> {
    match need {
        Need::Connect(address) => Stream::connect(address, Deadline::after(CONNECT)).map(|_| ()),
        Need::Send(socket) => UnixDatagram::unbound()?.connect(socket),
        Need::Execute(path) => Ok(access(*path, AccessFlags::X_OK)?),
        Need::Append(path) if path.exists() => Ok(access(*path, AccessFlags::W_OK)?),
        Need::Append(path) => directory(path.parent().unwrap_or(Path::new("/"))),
        Need::Create(path) => directory(path),
    }
}

fn directory(path: &Path) -> io::Result<()> {
    access(path, AccessFlags::W_OK | AccessFlags::X_OK)?;
    if path.is_dir() { Ok(()) } else { Err(ErrorKind::NotADirectory.into()) }
}
