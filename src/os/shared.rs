//! Files in the state directory that all our processes read and write. Fails
//! with the system's error, and where something else has the name.

use std::fs::{File, OpenOptions, Permissions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

use nix::fcntl::OFlag;

use super::owner;

/// What is known of people's mail is for one account.
const MODE: u32 = 0o600;

/// Opens the file at `path` for reading and writing, if it is there.
pub(super) fn existing(path: &Path) -> io::Result<File> {
    plain(options().open(path)?)
}

/// Likewise, and makes it where it is not there yet. What it holds stays.
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
            let file = plain(options.create(true).truncate(false).mode(MODE).open(path)?)?;
            // Whatever the umask took away is given back.
            file.set_permissions(Permissions::from_mode(MODE))?;
            owner::give(&file, path);
            Ok(file)
        }
        result => plain(result?),
    }
}

/// No link is followed, and a FIFO is not waited for.
fn options() -> OpenOptions {
    let flags = OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK | OFlag::O_NOCTTY;
    let mut options = OpenOptions::new();
    options.read(true).write(true).custom_flags(flags.bits());
    options
}

fn plain(file: File) -> io::Result<File> {
    if file.metadata()?.is_file() {
        Ok(file)
    } else {
        Err(io::Error::new(ErrorKind::InvalidInput, "not a regular file"))
    }
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
