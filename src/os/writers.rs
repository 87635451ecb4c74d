//! Who may change a file: by its owner and its mode, and those of the directory that
//! it is in. Directories above that are not looked at. Fails with the system's error.
//!
//! An access control list does not hide anybody: the group's bits of a mode are then
//! the most that it gives to anyone (acl(5)).

use std::fmt;
use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use nix::errno::Errno;
use nix::unistd::geteuid;

use crate::text::{self, SHOWN};

/// Who may change something besides root and our account, the most dangerous last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Writers {
    /// The members of its group.
    Group,
    /// The account with this number, which owns it.
    Owner(u32),
    /// Everybody.
    Everybody,
}

/// A way in which somebody else may change a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exposure {
    /// The file, a link on the way to it, or the directory of one of them.
    pub path: PathBuf,
    /// Who may change it.
    pub writers: Writers,
    /// Its permissions.
    mode: u32,
}

impl fmt::Display for Exposure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = text::printable_str(&self.path.to_string_lossy(), SHOWN);
        match self.writers {
            Writers::Group => write!(f, "`{path}` may be written by its group, mode {:04o}", self.mode),
            Writers::Owner(uid) => write!(f, "`{path}` belongs to account {uid}"),
            Writers::Everybody => write!(f, "`{path}` may be written by everybody, mode {:04o}", self.mode),
        }
    }
}

impl Exposure {
    /// What is said of `what`, a file that must be root's, with the cure.
    pub fn of(&self, what: &str) -> String {
        format!("others may change {what}: {self}; `{}`", self.cure("root"))
    }

    /// The command that ends it, where `owner` is who the file should belong to.
    pub fn cure(&self, owner: &str) -> String {
        let path = text::printable_str(&self.path.to_string_lossy(), SHOWN);
        match self.writers {
            Writers::Group => format!("chmod g-w {path}"),
            Writers::Owner(_) => format!("chown {owner} {path}"),
            Writers::Everybody => format!("chmod go-w {path}"),
        }
    }
}

/// Bits of a mode (inode(7)).
const GROUP_WRITES: u32 = 0o020;
const EVERYBODY_WRITES: u32 = 0o002;
const STICKY: u32 = 0o1000;
const PERMISSIONS: u32 = 0o7777;

/// Most links that are followed; the system follows no more either.
const MOST_LINKS: usize = 40;

/// The account that we run under, besides which only root is trusted.
pub fn ourselves() -> u32 {
    // It does not change, and each question costs a system call.
    static ACCOUNT: OnceLock<u32> = OnceLock::new();
    *ACCOUNT.get_or_init(|| geteuid().as_raw())
}

/// The worst way to change the file at `path` for anybody but root and `account`;
/// `None` where there is none. A link to it can be changed, too.
pub fn exposure(path: &Path, account: u32) -> io::Result<Option<Exposure>> {
    let mut path = path.to_path_buf();
    let mut worst = None;
    for _ in 0..=MOST_LINKS {
        let directory = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent.to_path_buf(),
            Some(_) | None => PathBuf::from("."),
        };
        let (own, above) = (fs::symlink_metadata(&path)?, fs::metadata(&directory)?);
        // Nobody can put another file in the place of one that is not his there.
        let is_kept = above.mode() & STICKY != 0 && [&own, &above].iter().all(|it| is_ours(it, account));
        if !is_kept {
            worst = worse(worst, of(&directory, &above, account));
        }
        worst = worse(worst, of(&path, &own, account));
        if !own.is_symlink() {
            return Ok(worst);
        }
        path = directory.join(fs::read_link(&path)?);
    }
    Err(Errno::ELOOP.into())
}

/// The way to make and remove files in `directory` for anybody but root and `account`.
pub fn of_directory(directory: &Path, account: u32) -> io::Result<Option<Exposure>> {
    Ok(of(directory, &fs::metadata(directory)?, account))
}

/// What the system knows of one file or directory, of whatever is around it.
pub fn of(path: &Path, metadata: &Metadata, account: u32) -> Option<Exposure> {
    let mode = metadata.mode() & PERMISSIONS;
    // The mode of a link says nothing (symlink(7)).
    let is_set = |bit| !metadata.is_symlink() && mode & bit != 0;
    let writers = if is_set(EVERYBODY_WRITES) {
        Writers::Everybody
    } else if !is_ours(metadata, account) {
        Writers::Owner(metadata.uid())
    } else if is_set(GROUP_WRITES) {
        Writers::Group
    } else {
        return None;
    };
    Some(Exposure { path: path.to_path_buf(), writers, mode })
}

fn is_ours(metadata: &Metadata, account: u32) -> bool {
    metadata.uid() == 0 || metadata.uid() == account
}

fn worse(one: Option<Exposure>, other: Option<Exposure>) -> Option<Exposure> {
    // Of two that are as bad the first is named.
    match (one, other) {
        (Some(one), Some(other)) => Some(if other.writers > one.writers { other } else { one }),
        (one, other) => one.or(other),
    }
}
