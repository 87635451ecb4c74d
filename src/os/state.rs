//! The state directory, as far as it may be used. What is in it is believed only
//! where nobody but root and our account may write. Cannot fail: without it a part is
//! judged without memory.
//!
//! Root does not use the directory of another account: it would have to believe what
//! that account wrote, and would leave files that the account cannot open.

use std::env;
use std::fs::{self, Metadata};
use std::io::{self, ErrorKind};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use nix::sys::statvfs::{FsFlags, statvfs};

use super::writers::{self, Exposure, Writers};
use crate::text::{self, SHOWN};

/// What may be used.
#[derive(Debug, Default)]
pub struct State {
    /// The directory, if what is in it may be believed.
    pub memory: Option<PathBuf>,
    /// Where private copies go.
    pub copies: Option<PathBuf>,
    /// What is to be mended.
    pub warning: Option<String>,
}

/// Looks at the state directory.
pub fn look(directory: Option<PathBuf>) -> State {
    let Some(directory) = directory else { return State::default() };
    let account = writers::ourselves();
    let metadata = match metadata(&directory) {
        Ok(metadata) => metadata,
        Err(error) => {
            let warning = Some(unusable(&directory, &error.to_string()));
            return State { memory: None, copies: Some(directory), warning };
        }
    };
    if let Some(exposure) = writers::of(&directory, &metadata, account) {
        return State { memory: None, copies: elsewhere(account), warning: Some(unbelieved(&exposure)) };
    }
    let warning = hindrance(&directory, &metadata, account).map(|why| unusable(&directory, &why));
    State { copies: Some(directory.clone()), memory: Some(directory), warning }
}

/// What is to be mended for the account that uses the state directory: ours, or its
/// owner's if we are root.
pub fn complaint(directory: &Path) -> Option<String> {
    let own = writers::ourselves();
    let metadata = match metadata(directory) {
        Ok(metadata) => metadata,
        Err(error) => return Some(unusable(directory, &error.to_string())),
    };
    let account = if own == 0 { metadata.uid() } else { own };
    if let Some(exposure) = writers::of(directory, &metadata, account) {
        return Some(unbelieved(&exposure));
    }
    hindrance(directory, &metadata, account).map(|why| unusable(directory, &why))
}

fn metadata(directory: &Path) -> io::Result<Metadata> {
    let metadata = fs::metadata(directory)?;
    if metadata.is_dir() { Ok(metadata) } else { Err(ErrorKind::NotADirectory.into()) }
}

/// What keeps `account` from writing to a directory that nobody else may write to.
fn hindrance(directory: &Path, metadata: &Metadata, account: u32) -> Option<String> {
    if account != 0 && metadata.uid() != account {
        return Some("it belongs to root; give it to the MTA's account by chown".to_owned());
    }
    if account != 0 && metadata.mode() & OWNER_WRITES != OWNER_WRITES {
        return Some(format!("its mode is {:04o}; `chmod 0700`", metadata.mode() & 0o7777));
    }
    let mount = statvfs(directory).ok()?;
    // Some file systems do not count their blocks or their files, and say 0 of all.
    let is_full = mount.blocks() > 0 && mount.blocks_available() == 0;
    let is_full = is_full || mount.files() > 0 && mount.files_available() == 0;
    if mount.flags().contains(FsFlags::ST_RDONLY) {
        Some("its file system is read-only".to_owned())
    } else {
        is_full.then(|| "its file system is full".to_owned())
    }
}

/// The bits by which an owner may make files in a directory (inode(7)).
const OWNER_WRITES: u32 = 0o300;

fn unusable(directory: &Path, why: &str) -> String {
    let path = text::printable_str(&directory.to_string_lossy(), SHOWN);
    format!("the state directory `{path}` cannot be used, so nothing is remembered: {why}")
}

fn unbelieved(exposure: &Exposure) -> String {
    let cure = match exposure.writers {
        Writers::Owner(_) => "it must belong to the account that runs convscan".to_owned(),
        Writers::Group | Writers::Everybody => format!("`{}`", exposure.cure("")),
    };
    format!("the state directory is not believed, so nothing is remembered: {exposure}; {cure}")
}

/// Where private copies go instead: to a directory in which nobody can put anything
/// in their place.
fn elsewhere(account: u32) -> Option<PathBuf> {
    let directory = env::temp_dir();
    // What is true of a file in it is true of itself: it is root's or ours, and if
    // others may write to it, it is sticky.
    let found = fs::metadata(&directory).ok().filter(Metadata::is_dir)?;
    let is_sticky = found.mode() & STICKY != 0 && [0, account].contains(&found.uid());
    (is_sticky || writers::of(&directory, &found, account).is_none()).then_some(directory)
}

/// The bit of a directory by which only their owners may rename and remove files
/// (inode(7)).
const STICKY: u32 = 0o1000;

/// The first file of the state directory that was not believed.
static REFUSED: OnceLock<String> = OnceLock::new();

/// Refuses a file of the state directory that others may have written.
pub(super) fn believe(path: &Path, metadata: &Metadata) -> io::Result<()> {
    let Some(exposure) = writers::of(path, metadata, writers::ourselves()) else { return Ok(()) };
    let message = format!("not believed: {exposure}");
    let _ = REFUSED.set(format!("a file of the state directory is {message}; remove it: it is made anew"));
    Err(io::Error::new(ErrorKind::PermissionDenied, message))
}

/// Which file of the state directory this process did not believe, if there was one.
pub fn refusal() -> Option<String> {
    REFUSED.get().cloned()
}
