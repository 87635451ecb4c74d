//! Private directories below the state directory, and copies in them. Fails
//! with what the system says.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Read, Seek};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use nix::fcntl::OFlag;

/// Mode of a directory that only we can enter.
const OURS: u32 = 0o700;

/// First letters of the names of private directories.
const PREFIX: &str = "scan-";

/// When a private directory has certainly been left behind by a process that
/// was killed: no deadline is longer than a day.
const STALE: Duration = Duration::from_secs(25 * 3600);

/// Most names that are looked at for stale directories, and most of those that
/// are removed, for one part: a part must not pay for the mess of all others.
const MOST_LOOKED_AT: usize = 1000;
const MOST_REMOVED: usize = 4;

/// A private directory. It goes away with this value.
#[derive(Debug)]
pub struct Scratch(PathBuf);

impl Scratch {
    /// A fresh directory that only we can enter, below `state`. Stale ones are
    /// removed on the way.
    pub fn new(state: &Path) -> io::Result<Self> {
        // Programs print the real path, so it must be known.
        let directory = tempfile::Builder::new().prefix(PREFIX).tempdir_in(state.canonicalize()?)?;
        let scratch = Self(directory.keep());
        // By the file system's own clock, which need not be ours.
        if let Ok(now) = fs::metadata(&scratch.0).and_then(|metadata| metadata.modified()) {
            remove_stale(state, now);
        }
        // Whatever the umask took away is given back.
        fs::set_permissions(&scratch.0, Permissions::from_mode(OURS))?;
        Ok(scratch)
    }

    /// Its real path.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Copies the whole of `content` to the new file `name`; gives its path and
    /// size.
    pub fn copy(&self, mut content: &File, name: &str) -> io::Result<(PathBuf, u64)> {
        let path = self.0.join(name);
        let mut copy = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
        copy.set_permissions(Permissions::from_mode(0o600))?;
        content.rewind()?;
        let size = io::copy(&mut content, &mut copy)?;
        Ok((path, size))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        remove(&self.0);
    }
}

/// Removes a directory with all that a scanner may have left in it. Where that
/// fails, the next parts try again when it is stale.
fn remove(path: &Path) {
    if fs::remove_dir_all(path).is_err() {
        // A scanner that was killed may leave what it unpacked, modes and all.
        unlock(path, DEEPEST);
        let _ = fs::remove_dir_all(path);
    }
}

/// Makes the directories below `path` ours to empty. No link is followed.
fn unlock(path: &Path, depth: usize) {
    let _ = fs::set_permissions(path, Permissions::from_mode(OURS));
    let entries = fs::read_dir(path).into_iter().flatten().flatten();
    for entry in entries.filter(|entry| depth > 0 && entry.file_type().is_ok_and(|kind| kind.is_dir())) {
        unlock(&entry.path(), depth - 1);
    }
}

/// Deepest level that is unlocked; scanners stop unpacking far above it.
const DEEPEST: usize = 100;

fn remove_stale(state: &Path, now: SystemTime) {
    let Ok(entries) = fs::read_dir(state) else { return };
    let stale = entries.take(MOST_LOOKED_AT).flatten().filter(|entry| {
        let ours = entry.file_name().as_encoded_bytes().starts_with(PREFIX.as_bytes());
        // Of the name itself: a link is not followed.
        ours && entry.metadata().is_ok_and(|metadata| metadata.is_dir() && is_stale(metadata.modified(), now))
    });
    for entry in stale.take(MOST_REMOVED) {
        remove(&entry.path());
    }
}

fn is_stale(modified: io::Result<SystemTime>, now: SystemTime) -> bool {
    modified.is_ok_and(|at| now.duration_since(at).is_ok_and(|age| age > STALE))
}

/// What is at a place where a program was to leave a changed file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Left {
    /// Nothing, or nothing that can be read.
    Nothing,
    /// Something that is not a plain file with this one name.
    Odd,
    /// A file without content.
    Empty,
    /// The same content as before.
    Same,
    /// Other content.
    Changed,
}

/// Opens the plain file `path`: no link is followed, nothing is waited for.
pub fn open_plain(path: &Path) -> io::Result<File> {
    let flags = (OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK).bits();
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    let metadata = file.metadata()?;
    if metadata.is_file() && metadata.nlink() == 1 {
        Ok(file)
    } else {
        Err(io::Error::new(io::ErrorKind::InvalidInput, "not a plain file"))
    }
}

/// Compares what is at `path` with `before`.
pub fn left(path: &Path, mut before: &File) -> io::Result<Left> {
    let Ok(mut after) = open_plain(path) else {
        return Ok(if path.is_symlink() || path.exists() { Left::Odd } else { Left::Nothing });
    };
    let size = after.metadata()?.len();
    if size == 0 {
        return Ok(Left::Empty);
    }
    before.rewind()?;
    let same = size == before.metadata()?.len() && are_same(&mut before, &mut after)?;
    Ok(if same { Left::Same } else { Left::Changed })
}

fn are_same(one: &mut impl Read, other: &mut impl Read) -> io::Result<bool> {
    let (mut a, mut b) = (Vec::new(), Vec::new());
    loop {
        a.clear();
        b.clear();
        one.by_ref().take(PIECE).read_to_end(&mut a)?;
        other.by_ref().take(PIECE).read_to_end(&mut b)?;
        if a != b || a.is_empty() {
            return Ok(a == b);
        }
    }
}

/// Bytes that are compared at a time.
const PIECE: u64 = 64 * 1024;

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::FileTimes;

    #[test]
    fn only_stale_private_directories_go() {
        let state = tempfile::tempdir().unwrap();
        let old = SystemTime::now() - STALE - Duration::from_secs(60);
        for name in ["scan-old", "other-old", "scan-new"] {
            let path = state.path().join(name);
            fs::create_dir(&path).unwrap();
            fs::write(path.join("part"), "x").unwrap();
            if name.ends_with("old") {
                File::open(&path).unwrap().set_times(FileTimes::new().set_modified(old)).unwrap();
            }
        }
        fs::write(state.path().join("scan-file"), "").unwrap();
        let scratch = Scratch::new(state.path()).unwrap();
        let mode = fs::metadata(scratch.path()).unwrap().mode();
        assert_eq!(mode & 0o777, 0o700);
        let own = scratch.path().to_owned();
        drop(scratch);
        assert!(!own.exists());
        let mut names: Vec<_> = fs::read_dir(state.path())
            .unwrap()
            .map(|e| e.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        assert_eq!(names, ["other-old", "scan-file", "scan-new"]);
    }

    #[test]
    fn a_copy_is_whole_wherever_the_original_stood() {
        let state = tempfile::tempdir().unwrap();
        let original = state.path().join("original");
        fs::write(&original, "content").unwrap();
        let mut file = File::open(&original).unwrap();
        file.read_exact(&mut [0; 3]).unwrap();
        let scratch = Scratch::new(state.path()).unwrap();
        let (path, size) = scratch.copy(&file, "part").unwrap();
        assert_eq!((fs::read_to_string(&path).unwrap().as_str(), size), ("content", 7));
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        assert_eq!(left(&path, &file).unwrap(), Left::Same);
        fs::write(&path, "other  ").unwrap();
        assert_eq!(left(&path, &file).unwrap(), Left::Changed);
        fs::hard_link(&path, scratch.path().join("second")).unwrap();
        assert_eq!(left(&path, &file).unwrap(), Left::Odd);
    }
}
