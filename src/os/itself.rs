//! What this process knows of itself. Fails when its own file cannot be found.

use std::ffi::OsString;
use std::io;
use std::path::PathBuf;

/// Its arguments, without the name that it was called by.
pub(crate) fn arguments() -> impl Iterator<Item = OsString> {
    std::env::args_os().skip(1)
}

/// The program's file.
pub(crate) fn file() -> io::Result<PathBuf> {
    std::env::current_exe()
}

/// Its number; no other process has it as long as this one lives.
pub(crate) fn number() -> u32 {
    std::process::id()
}
