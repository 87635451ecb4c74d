//! Whether this process may use what a path names. Fails with why not.

use std::io::{self, ErrorKind};
use std::path::Path;

use nix::unistd::{AccessFlags, access};

/// What is to be done with a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Connect to a socket.
    Connect,
    /// Run a program.
    Execute,
    /// Append to a file, which is made if it is not there.
    Append,
    /// Make files in a directory.
    Create,
}

/// Looks without touching: nothing is opened, made or run.
pub fn check(path: &Path, need: Need) -> io::Result<()> {
    let writable = AccessFlags::W_OK;
    match need {
        Need::Connect => access(path, writable)?,
        Need::Execute => access(path, AccessFlags::X_OK)?,
        Need::Create => directory(path)?,
        Need::Append if path.exists() => access(path, writable)?,
        Need::Append => directory(path.parent().unwrap_or(Path::new("/")))?,
    }
    Ok(())
}

fn directory(path: &Path) -> io::Result<()> {
    access(path, AccessFlags::W_OK | AccessFlags::X_OK)?;
    if path.is_dir() { Ok(()) } else { Err(ErrorKind::NotADirectory.into()) }
}
