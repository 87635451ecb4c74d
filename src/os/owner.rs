//! Whose a new file is. Cannot fail; where root may not give a file away, on NFS
//! say, it stays root's.

use std::fs::{self, File};
use std::os::unix::fs::{MetadataExt, fchown};
use std::path::Path;

use nix::unistd::geteuid;

/// A file made by root goes to the owner of its directory: a trial as root must
/// not keep the MTA's account from its log or its locks.
pub(super) fn give(file: &File, path: &Path) {
    if geteuid().is_root()
        && let Some(directory) = path.parent()
        && let Ok(metadata) = fs::metadata(directory)
    {
        let _ = fchown(file, Some(metadata.uid()), Some(metadata.gid()));
    }
}
