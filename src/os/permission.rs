//! Whether an account may use a path, told from the mode bits on the way to it:
//! nothing is opened, and nobody has to become that account. Fails with what
//! refuses, and why.
//!
//! Mode bits are not all: ACLs, AppArmor, SELinux, immutable files, an NFS server
//! to which root is nobody, and the interpreter of a script may each say
//! otherwise. A mount that is read-only, or from which no program is run, is seen.

mod refusal;
mod walk;

use std::io;
use std::path::Path;

use nix::sys::statvfs::{FsFlags, statvfs};

pub use self::refusal::{Refusal, Why};
use self::walk::{Found, Place, walk};
use super::account::Account;
use super::look::{Facts, Kind};

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

/// Bits of one class of a mode (inode(7)).
const READ: u32 = 4;
const WRITE: u32 = 2;
const SEARCH_OR_RUN: u32 = 1;

/// The bits of all classes that let somebody run a file.
const RUN_BY_ANY: u32 = 0o111;

/// What must be there for an access, what it is called if it is not, and the bits
/// that it takes.
fn demand(access: Access) -> (&'static [Kind], Why, u32) {
    match access {
        Access::Read => (&[Kind::File, Kind::Directory, Kind::Other], Why::NotRegular, READ),
        Access::Write => (&[Kind::File, Kind::Socket, Kind::Other], Why::NotRegular, WRITE),
        Access::Execute => (&[Kind::File], Why::NotRegular, SEARCH_OR_RUN),
        Access::Enter => (&[Kind::Directory], Why::NotDirectory, SEARCH_OR_RUN),
        Access::Create => (&[Kind::Directory], Why::NotDirectory, WRITE | SEARCH_OR_RUN),
        Access::Append => (&[Kind::File, Kind::Other], Why::NotRegular, WRITE),
    }
}

/// What the facts of something say against an access.
fn why_not(account: &Account, facts: &Facts, access: Access) -> Option<Why> {
    let Facts { kind, mode, owner, group, .. } = *facts;
    let (kinds, otherwise, bits) = demand(access);
    // Only the first class that fits counts: an owner may be denied what all others
    // may (path_resolution(7)).
    let class = if account.uid == owner {
        mode >> 6
    } else if account.groups.contains(&group) {
        mode >> 3
    } else {
        mode
    };
    if !kinds.contains(&kind) {
        Some(otherwise)
    } else if access == Access::Execute && mode & RUN_BY_ANY == 0 {
        Some(Why::NotExecutable)
    } else if account.uid != 0 && class & bits != bits {
        Some(Why::Denied { mode, owner, group })
    } else {
        None
    }
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
