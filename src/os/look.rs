//! What the system knows of a path, without opening it. Links are followed. Fails
//! with the system's error, and on directories that hold more than was asked for.

use std::fs::{self, FileType, Metadata};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use nix::sys::statvfs::statvfs;

use crate::text::{self, SHOWN};

/// What something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A socket in the file system.
    Socket,
    /// A device, a FIFO.
    Other,
}

impl From<FileType> for Kind {
    fn from(kind: FileType) -> Self {
        if kind.is_file() {
            Self::File
        } else if kind.is_dir() {
            Self::Directory
        } else if kind.is_socket() {
            Self::Socket
        } else {
            Self::Other
        }
    }
}

/// What is known of something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facts {
    /// What it is.
    pub kind: Kind,
    /// Its size in bytes.
    pub size: u64,
    /// Its mode bits, without those that say what it is.
    pub mode: u32,
    /// The number of the account that it belongs to.
    pub owner: u32,
    /// The number of its group.
    pub group: u32,
    /// When its content last changed, in microseconds since 1970; `None` for what
    /// claims to be older.
    pub modified: Option<u64>,
}

impl From<&Metadata> for Facts {
    fn from(metadata: &Metadata) -> Self {
        Self {
            kind: metadata.file_type().into(),
            size: metadata.size(),
            mode: metadata.mode() & MODE,
            owner: metadata.uid(),
            group: metadata.gid(),
            modified: micros(metadata.mtime(), metadata.mtime_nsec()),
        }
    }
}

/// Permissions, set-id and sticky bits (inode(7)).
const MODE: u32 = 0o7777;

/// What is known of what is at `path`.
pub fn at(path: &Path) -> io::Result<Facts> {
    fs::metadata(path).map(|metadata| Facts::from(&metadata))
}

/// Whether there is a directory at `path`.
pub fn is_directory(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|metadata| metadata.is_dir())
}

/// The path of what is at `path`, without links on the way; `path` itself where
/// that cannot be told.
pub fn itself(path: &Path) -> PathBuf {
    fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf())
}

/// Whether both are the same file, by whatever way. Not if one is not there.
pub fn is_same(one: &Path, other: &Path) -> bool {
    let identity = |path: &Path| fs::metadata(path).map(|metadata| (metadata.dev(), metadata.ino()));
    match (identity(one), identity(other)) {
        (Ok(one), Ok(other)) => one == other,
        (Err(_), _) | (_, Err(_)) => false,
    }
}

/// An instant of the file system in microseconds; `None` before 1970.
pub(super) fn micros(seconds: i64, nanos: i64) -> Option<u64> {
    let (seconds, nanos) = (u64::try_from(seconds).ok()?, u64::try_from(nanos).ok()?);
    Some(seconds.saturating_mul(1_000_000).saturating_add(nanos / 1000))
}

/// Bytes that anybody but root may still write to the file system of `path`.
pub fn free(path: &Path) -> io::Result<u64> {
    let found = statvfs(path)?;
    Ok(found.blocks_available().saturating_mul(found.fragment_size()))
}

/// What is right in `directory`, in the order of the names. Fails where it is more
/// than `most`.
pub fn names(directory: &Path, most: usize) -> io::Result<Vec<PathBuf>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(directory)? {
        names.push(entry?.path());
        if names.len() > most {
            let shown = text::printable_str(&directory.to_string_lossy(), SHOWN);
            let message = format!("more than {most} files in `{shown}`");
            return Err(io::Error::new(ErrorKind::FileTooLarge, message));
        }
    }
    names.sort_unstable();
    Ok(names)
}

#[cfg(test)]
mod tests {
    use std::fs::{File, FileTimes, Permissions};
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::os::unix::net::UnixListener;
    use std::time::{Duration, SystemTime};

    use super::*;

    #[test]
    fn facts_are_those_of_what_a_link_leads_to() {
        let directory = tempfile::tempdir().unwrap();
        let (path, link) = (directory.path().join("file"), directory.path().join("link"));
        fs::write(&path, "12345").unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o4640)).unwrap();
        symlink("file", &link).unwrap();
        let set = |at| File::open(&path).unwrap().set_times(FileTimes::new().set_modified(at)).unwrap();
        set(SystemTime::UNIX_EPOCH + Duration::from_micros(1_500_000_000_123_456));
        let facts = at(&link).unwrap();
        let of = fs::metadata(directory.path()).unwrap();
        let expected = Facts {
            kind: Kind::File,
            size: 5,
            mode: 0o4640,
            owner: of.uid(),
            group: facts.group,
            modified: Some(1_500_000_000_123_456),
        };
        assert_eq!(facts, expected);
        set(SystemTime::UNIX_EPOCH - Duration::from_secs(60));
        assert_eq!(at(&path).unwrap().modified, None);
        fs::remove_file(&path).unwrap();
        assert_eq!(at(&link).unwrap_err().kind(), ErrorKind::NotFound);
    }

    #[test]
    fn kinds_are_told_apart() {
        let directory = tempfile::tempdir().unwrap();
        let socket = directory.path().join("socket");
        let _listener = UnixListener::bind(&socket).unwrap();
        let kind = |path: &Path| at(path).unwrap().kind;
        assert_eq!(kind(directory.path()), Kind::Directory);
        assert_eq!(kind(&socket), Kind::Socket);
        assert_eq!(kind(Path::new("/dev/null")), Kind::Other);
    }

    #[test]
    fn names_are_in_order_and_not_too_many() {
        let directory = tempfile::tempdir().unwrap();
        for name in ["c", "a", "b"] {
            fs::write(directory.path().join(name), "").unwrap();
        }
        let found = names(directory.path(), 3).unwrap();
        assert_eq!(found, ["a", "b", "c"].map(|name| directory.path().join(name)));
        let error = names(directory.path(), 2).unwrap_err().to_string();
        assert!(error.starts_with("more than 2 files in `/"), "{error}");
        assert!(names(&directory.path().join("a"), 3).is_err());
    }

    #[test]
    fn what_is_free_is_told_where_there_is_something() {
        // Nothing can be written to the file system of processes (proc(5)).
        assert_eq!(free(Path::new("/proc")).unwrap(), 0);
        assert!(free(Path::new("/")).is_ok());
        assert!(free(Path::new("/no/such/place")).is_err());
    }
}
