//! The way to what a path names, step by step, as the system goes it for an account
//! (path_resolution(7)). Fails where the account cannot go on, and where we cannot.

use std::ffi::{OsStr, OsString};
use std::fs::{self, Metadata};
use std::io::{self, ErrorKind};
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf, absolute};

use nix::errno::Errno;

use super::Access;
use super::mode::why_not;
use super::refusal::{Refusal, Why};
use crate::os::account::Account;
use crate::os::look::Facts;

/// Most links that are followed; the system follows no more either.
const MOST_LINKS: usize = 40;

/// Longest path that the system takes: `PATH_MAX` (limits.h) without the zero at
/// its end.
const LONGEST: usize = 4095;

/// Something on the way, or at its end; never a link.
pub(super) struct Place {
    pub path: PathBuf,
    pub facts: Facts,
}

/// Where a path leads.
pub(super) enum Found {
    There(Place),
    /// No further than to a directory, in which `path` is not.
    Nowhere {
        directory: Place,
        path: PathBuf,
    },
}

/// Where `path` leads `account`.
pub(super) fn walk(account: &Account, path: &Path) -> Result<Found, Refusal> {
    let mut rest = start(path).map_err(unknown(path))?;
    let root = PathBuf::from(Component::RootDir.as_os_str());
    let metadata = fs::symlink_metadata(&root).map_err(unknown(&root))?;
    let (mut here, mut links) = (Place::new(root, &metadata), 0);
    while let Some(step) = rest.pop() {
        here.enter(account)?;
        let next = here.next(&step);
        let metadata = match fs::symlink_metadata(&next) {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return if rest.is_empty() {
                    Ok(Found::Nowhere { directory: here, path: next })
                } else {
                    Err(Refusal { path: next, why: Why::Missing })
                };
            }
            result => result.map_err(unknown(&next))?,
        };
        if metadata.is_symlink() {
            links += 1;
            rest.extend(followed(&next, links).map_err(unknown(&next))?);
        } else {
            here = Place::new(next, &metadata);
        }
    }
    Ok(Found::There(here))
}

/// The steps of a path that is looked up from here.
fn start(path: &Path) -> io::Result<Vec<OsString>> {
    let path = absolute(path)?;
    if path.as_os_str().len() > LONGEST { Err(Errno::ENAMETOOLONG.into()) } else { Ok(steps(&path)) }
}

/// The steps of what the link at `path` says, when it is the `links`th.
fn followed(path: &Path, links: usize) -> io::Result<Vec<OsString>> {
    if links > MOST_LINKS { Err(Errno::ELOOP.into()) } else { Ok(steps(&fs::read_link(path)?)) }
}

/// The components of `path`, the first one last. A slash at its end asks for a
/// directory, as if a step were to follow.
fn steps(path: &Path) -> Vec<OsString> {
    let slash = path.as_os_str().as_bytes().ends_with(b"/").then_some(Component::CurDir);
    let steps = path.components().chain(slash).rev();
    steps.map(|component| component.as_os_str().to_owned()).collect()
}

fn unknown(path: &Path) -> impl FnOnce(io::Error) -> Refusal {
    |error| Refusal { path: path.to_owned(), why: Why::Unknown(error) }
}

impl Place {
    fn new(path: PathBuf, metadata: &Metadata) -> Self {
        Self { path, facts: Facts::from(metadata) }
    }

    /// Fails unless `account` may use what is in here.
    fn enter(&self, account: &Account) -> Result<(), Refusal> {
        let why = why_not(account, &self.facts, Access::Enter);
        why.map_or(Ok(()), |why| Err(Refusal { path: self.path.clone(), why }))
    }

    /// Where a step leads from here.
    fn next(&self, step: &OsStr) -> PathBuf {
        if step == Component::ParentDir.as_os_str() {
            // What is above the root is the root.
            self.path.parent().unwrap_or(&self.path).to_owned()
        } else if step == Component::CurDir.as_os_str() {
            self.path.clone()
        } else {
            self.path.join(step)
        }
    }
}
