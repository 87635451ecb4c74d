//! Files in the state directory that all our processes read and write. Fails
//! with the system's error, where something else has the name, and where others may
//! have written to the file.

use std::fs::{File, OpenOptions, Permissions};
use std::io::{self, ErrorKind, Read};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

use nix::fcntl::OFlag;

use super::{files, state};

/// What is known of people's mail is for one account.
const MODE: u32 = 0o600;

/// Opens the file at `path` for reading and writing, if it is there.
pub(super) fn existing(path: &Path) -> io::Result<File> {
    plain(path, options().open(path)?)
}

/// The text of the file at `path`; fails when it is larger than `limit` or no UTF-8.
pub(crate) fn read_text(path: &Path, limit: usize) -> io::Result<String> {
    let mut bytes = Vec::new();
    existing(path)?.take(limit as u64 + 1).read_to_end(&mut bytes)?;
    files::text(bytes, limit)
}

/// Opens the file at `path` for reading and writing, and makes it where it is not there yet. What it holds stays.
pub(super) fn open(path: &Path) -> io::Result<File> {
    made(path, &mut options())
}

/// Likewise; what is written goes to its end.
pub(super) fn appending(path: &Path) -> io::Result<File> {
    made(path, options().append(true))
}

fn made(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    match options.open(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let file = plain(path, options.create(true).truncate(false).mode(MODE).open(path)?)?;
            // Whatever the umask took away is given back.
            file.set_permissions(Permissions::from_mode(MODE))?;
            Ok(file)
        }
        result => plain(path, result?),
    }
}

/// No link is followed, and a FIFO is not waited for.
fn options() -> OpenOptions {
    let flags = OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK | OFlag::O_NOCTTY;
    let mut options = OpenOptions::new();
    options.read(true).write(true).custom_flags(flags.bits());
    options
}

fn plain(path: &Path, file: File) -> io::Result<File> {
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(io::Error::new(ErrorKind::InvalidInput, "not a regular file"));
    }
    state::believe(path, &metadata).map(|()| file)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn what_is_there_stays_and_is_ours_alone() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("shared");
        assert_eq!(existing(&path).unwrap_err().kind(), ErrorKind::NotFound);
        open(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, MODE);
        fs::write(&path, "kept").unwrap();
        open(&path).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"kept");
    }

    #[test]
    fn what_is_no_regular_file_is_refused_at_once() {
        let directory = tempfile::tempdir().unwrap();
        let (target, link, fifo) =
            (directory.path().join("target"), directory.path().join("link"), directory.path().join("fifo"));
        symlink(&target, &link).unwrap();
        nix::unistd::mkfifo(&fifo, nix::sys::stat::Mode::S_IRWXU).unwrap();
        for path in [&link, &fifo, &directory.path().to_owned()] {
            assert!(open(path).is_err(), "{}", path.display());
        }
        assert!(!target.exists());
        fs::write(&target, "").unwrap();
        assert!(open(&link).is_err());
    }
}
