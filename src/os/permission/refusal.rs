//! What keeps an account from a path, in words. Cannot fail.

use std::path::PathBuf;
use std::{fmt, io};

use crate::text::{self, SHOWN};

/// That an account may not use a path.
#[derive(Debug)]
pub struct Refusal {
    /// The component that refuses, with links followed.
    pub path: PathBuf,
    /// Why it does.
    pub why: Why,
}

/// Why an account may not use something.
#[derive(Debug)]
pub enum Why {
    /// It is not there.
    Missing,
    /// It is no directory, and there must be one.
    NotDirectory,
    /// It is a directory or a socket, or for a program anything but a file.
    NotRegular,
    /// Nobody may run it, not even root.
    NotExecutable,
    /// Its mode says so.
    Denied {
        /// Its mode bits.
        mode: u32,
        /// The number of the account that it belongs to.
        owner: u32,
        /// The number of its group.
        group: u32,
    },
    /// Nothing can be written where it is mounted.
    ReadOnly,
    /// No program is run from where it is mounted.
    NoExec,
    /// We cannot look at it ourselves.
    Unknown(io::Error),
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("is not there"),
            Self::NotDirectory => f.write_str("not a directory"),
            Self::NotRegular => f.write_str("not a regular file"),
            Self::NotExecutable => f.write_str("nobody may run it"),
            Self::Denied { mode, owner, group } => {
                write!(f, "denied by mode {mode:04o} of owner {owner} and group {group}")
            }
            Self::ReadOnly => f.write_str("mounted read-only"),
            Self::NoExec => f.write_str("mounted with noexec"),
            Self::Unknown(error) => write!(f, "cannot be looked at: {error}"),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: `{}`", self.why, text::printable_str(&self.path.to_string_lossy(), SHOWN))
    }
}

impl std::error::Error for Refusal {}
