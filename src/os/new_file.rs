//! Files that must not be written over. Fails with the system's error.

use std::fs::{self, Permissions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::files;

/// What stands at the place of a file that is to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum There {
    /// Nothing.
    Nothing,
    /// A file with this very content.
    Same,
    /// Something else.
    Other,
}

/// What stands at `path`, compared with `content`.
pub(crate) fn compare(path: &Path, content: &[u8]) -> io::Result<There> {
    // A link that leads nowhere is something, too.
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(There::Nothing),
        result => result?,
    };
    // One byte more than there should be is enough to know.
    match files::read_start(path, content.len() as u64 + 1) {
        Ok(found) if found == content => Ok(There::Same),
        Ok(_) => Ok(There::Other),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::InvalidInput) => {
            Ok(There::Other)
        }
        Err(error) => Err(error),
    }
}

/// Makes the file `path` and the directories above it. It has its name when all
/// of `content` is in it; fails where the name is taken meanwhile.
pub(crate) fn create(path: &Path, content: &[u8]) -> io::Result<()> {
    let directory = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(directory)?;
    // The umask says who may read it, as with any new file.
    let mut builder = tempfile::Builder::new();
    let mut file = builder.permissions(Permissions::from_mode(0o666)).tempfile_in(directory)?;
    file.write_all(content)?;
    file.persist_noclobber(path).map(drop).map_err(|error| error.error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_is_told_apart_and_left_alone() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a/b");
        assert_eq!(compare(&path, b"text").unwrap(), There::Nothing);
        create(&path, b"text").unwrap();
        assert_eq!(compare(&path, b"text").unwrap(), There::Same);
        for other in [&b"tex"[..], b"texts", b""] {
            assert_eq!(compare(&path, other).unwrap(), There::Other);
        }
        assert_eq!(create(&path, b"other").unwrap_err().kind(), ErrorKind::AlreadyExists);
        assert_eq!(fs::read(&path).unwrap(), b"text");
        // Nothing is left beside it.
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    }

    #[test]
    fn a_directory_and_a_link_to_nowhere_are_something() {
        let directory = tempfile::tempdir().unwrap();
        assert_eq!(compare(directory.path(), b"").unwrap(), There::Other);
        let link = directory.path().join("link");
        std::os::unix::fs::symlink("nowhere", &link).unwrap();
        assert_eq!(compare(&link, b"").unwrap(), There::Other);
        assert!(create(&link, b"x").is_err());
    }
}
