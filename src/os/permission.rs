//! Whether an account may use a path, told from the mode bits on the way to it:
//! nothing is opened, and nobody has to become that account. Fails with what
//! refuses, and why.
//!
//! Mode bits are not all: ACLs, AppArmor, SELinux, immutable files, an NFS server
//! to which root is nobody, and the interpreter of a script may each say
//! otherwise. A mount that is read-only, or from which no program is run, is seen.

mod mode;
mod refusal;
mod walk;

use std::io;
use std::path::Path;

use nix::sys::statvfs::{FsFlags, statvfs};

use self::mode::why_not;
pub use self::refusal::{Refusal, Why};
use self::walk::{Found, Place, walk};
use super::account::Account;
use super::look::Kind;

/// What is to be done with a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Read a file, list a directory.
    Read,
    /// Write to a file that is there, connect to a socket (unix(7)).
    Write,
    /// Run a program.
    Execute,
    /// Use what is in a directory.
    Enter,
    /// Make files in a directory.
    Create,
    /// Write to the end of a file, which is made if it is not there.
    Append,
}

/// Whether `account` may use `path` so. Links are followed.
pub fn check(account: &Account, path: &Path, access: Access) -> Result<(), Refusal> {
    match (walk(account, path)?, access) {
        (Found::There(place), _) => check_at(account, place, access),
        (Found::Nowhere { directory, .. }, Access::Append) => check_at(account, directory, Access::Create),
        (
            Found::Nowhere { path, .. },
            Access::Read | Access::Write | Access::Execute | Access::Enter | Access::Create,
        ) => Err(Refusal { path, why: Why::Missing }),
    }
}

fn check_at(account: &Account, Place { path, facts }: Place, access: Access) -> Result<(), Refusal> {
    let why = match why_not(account, &facts, access) {
        None => why_not_there(&path, facts.kind, access).unwrap_or_else(|error| Some(Why::Unknown(error))),
        denied => denied,
    };
    why.map_or(Ok(()), |why| Err(Refusal { path, why }))
}

/// What the mount of something says against an access.
fn why_not_there(path: &Path, kind: Kind, access: Access) -> io::Result<Option<Why>> {
    let Some((flag, why)) = hindrance(kind, access) else { return Ok(None) };
    Ok(statvfs(path)?.flags().contains(flag).then_some(why))
}

/// The option of a mount that keeps everybody from an access (statvfs(3)). What is
/// written to a socket or a device goes elsewhere.
fn hindrance(kind: Kind, access: Access) -> Option<(FsFlags, Why)> {
    match (access, kind) {
        (Access::Execute, _) => Some((FsFlags::ST_NOEXEC, Why::NoExec)),
        (Access::Write | Access::Create | Access::Append, Kind::File | Kind::Directory) => {
            Some((FsFlags::ST_RDONLY, Why::ReadOnly))
        }
        (Access::Write | Access::Create | Access::Append, Kind::Socket | Kind::Other)
        | (Access::Read | Access::Enter, _) => None,
    }
}

#[cfg(test)]
mod tests;
