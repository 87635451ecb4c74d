//! A new file that gets its name when all of it is there. Fails with the system's
//! error, and then no copy of anybody's mail is left behind.
//!
//! Until then it has no name at all, where the file system can do that: whatever
//! ends us, the system removes it. On others (NFS) it has one beside the name that
//! it is to get; signals that would end us are held back as long, so that only a
//! kill that no process can hold back leaves it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::fd::AsRawFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use nix::fcntl::{AT_FDCWD, AtFlags, OFlag};
use nix::unistd::linkat;

use super::files::{self, MODE};
use super::process::{Held, hold_signals};

/// A file without its name. It goes away with this value, unless it got the name.
#[derive(Debug)]
pub(super) struct Draft {
    pub(super) file: File,
    beside: Option<Beside>,
}

/// The name that a file has meanwhile. It is removed with this value, and before
/// the signals are let through again.
#[derive(Debug)]
struct Beside {
    path: PathBuf,
    held: Held,
}

impl Draft {
    /// A draft of `path` without a name; fails where the file system has no such.
    pub(super) fn nameless(path: &Path) -> io::Result<Self> {
        let directory = match path.parent() {
            Some(directory) if directory != Path::new("") => directory,
            Some(_) | None => Path::new("."),
        };
        let mut options = OpenOptions::new();
        options.write(true).mode(MODE).custom_flags(OFlag::O_TMPFILE.bits());
        Ok(Self { file: options.open(directory)?, beside: None })
    }

    /// A draft of `path` with a name beside it.
    pub(super) fn named(path: &Path) -> io::Result<Self> {
        let held = hold_signals();
        let (file, path) = files::create_beside(path)?;
        Ok(Self { file, beside: Some(Beside { path, held }) })
    }

    /// Fails when we were asked to end and the file must not stay.
    pub(super) fn check(&self) -> io::Result<()> {
        match &self.beside {
            Some(beside) if beside.held.is_interrupted() => Err(ErrorKind::Interrupted.into()),
            Some(_) | None => Ok(()),
        }
    }

    /// Gives the file the name `path`, which shows what it showed before or all of
    /// this. `there` says whether the name is taken.
    pub(super) fn commit(mut self, path: &Path, there: There) -> io::Result<()> {
        if let Some(beside) = &mut self.beside {
            fs::rename(&beside.path, path)?;
            beside.path.clear();
            return Ok(());
        }
        let own = PathBuf::from(format!("/proc/self/fd/{}", self.file.as_raw_fd()));
        let link = |to: &Path| linkat(AT_FDCWD, &own, AT_FDCWD, to, AtFlags::AT_SYMLINK_FOLLOW);
        if there == There::Nothing && link(path).is_ok() {
            return Ok(());
        }
        // linkat(2) replaces nothing, and rename(2) needs a name.
        let held = hold_signals();
        let path_beside = files::free_name(path, |name| link(name).map_err(io::Error::from))?;
        let mut beside = Beside { path: path_beside, held };
        fs::rename(&beside.path, path)?;
        beside.path.clear();
        Ok(())
    }
}

/// Whether a name is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum There {
    Nothing,
    Something,
}

impl Drop for Beside {
    fn drop(&mut self) {
        if !self.path.as_os_str().is_empty() {
            let _ = fs::remove_file(&self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn a_draft_shows_itself_only_when_it_is_done() {
        let directory = tempfile::tempdir().unwrap();
        let names = || {
            let mut names: Vec<_> =
                fs::read_dir(directory.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
            names.sort();
            names
        };
        let path = directory.path().join("output");
        let drafts: [fn(&Path) -> io::Result<Draft>; 2] = [Draft::nameless, Draft::named];
        for draft in drafts {
            draft(&path).unwrap().file.write_all(b"given up").unwrap();
            assert!(names().is_empty(), "{:?}", names());
            for (there, content) in [(There::Nothing, "first"), (There::Something, "second")] {
                let draft = draft(&path).unwrap();
                (&draft.file).write_all(content.as_bytes()).unwrap();
                draft.commit(&path, there).unwrap();
                assert_eq!(names(), ["output"]);
                assert_eq!(fs::read_to_string(&path).unwrap(), content);
            }
            fs::remove_file(&path).unwrap();
        }
    }
}
