//! The files that one command is handed and leaves behind, in a temporary folder
//! that only we can enter. Fails with what the system says.

use std::fs::{self, File, Permissions};
use std::io::{self, ErrorKind, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use tempfile::TempDir;

/// Longest file that is read back; four times the longest message.
const LONGEST: u64 = 1 << 30;

/// A temporary folder. It goes away with this value.
pub(crate) struct Handover(TempDir);

impl Handover {
    /// An empty folder below TMPDIR.
    pub(crate) fn new() -> io::Result<Self> {
        let mode = Permissions::from_mode(0o700);
        Ok(Self(tempfile::Builder::new().prefix("convscan-").permissions(mode).tempdir()?))
    }

    /// The path of the file `name`, whether it is there or not.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Writes the file `name`.
    pub(crate) fn put(&self, name: &str, content: &[u8]) -> io::Result<()> {
        fs::write(self.path(name), content)
    }

    /// Reads the file `name`; nothing when there is none. Only a regular file is
    /// read: a command could leave a pipe that never ends.
    pub(crate) fn left(&self, name: &str) -> io::Result<Option<Vec<u8>>> {
        let path = self.path(name);
        match fs::symlink_metadata(&path) {
            Ok(found) if found.is_file() => (),
            Ok(_) => return Err(io::Error::other(format!("`{}` is not a regular file", path.display()))),
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        }
        let mut content = Vec::new();
        File::open(path)?.take(LONGEST + 1).read_to_end(&mut content)?;
        if content.len() as u64 > LONGEST {
            return Err(io::Error::new(ErrorKind::FileTooLarge, "output is longer than 1 GB"));
        }
        Ok(Some(content))
    }

    /// Removes the folder; fails where it cannot be removed.
    pub(crate) fn close(self) -> io::Result<()> {
        self.0.close()
    }
}
