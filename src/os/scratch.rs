//! Private directories below the state directory, and copies in them. Fails
//! with what the system says.

use std::ffi::OsStr;
use std::fs::{self, File, Metadata, OpenOptions, Permissions};
use std::io::{self, ErrorKind};
use std::os::fd::AsRawFd;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use nix::fcntl::OFlag;
use nix::unistd::geteuid;

use super::clock;
use super::copy::{self, GoOn};
use super::files::MODE;
use super::writers;

/// Mode of a directory that only we can enter.
const OURS: u32 = 0o700;

/// First letters of the names of private directories. Hexadecimal digits follow: some
/// that no other has, and a mark that comes of them, so that a sweep knows what we made
/// from what only has such a name.
const PREFIX: &str = "scan-";
const OWN: usize = 16;
const MARK: usize = 8;

/// Names that are tried. Each comes of the time, so that the first is free.
const TRIES: u32 = 10;

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
        let scratch = Self(make(&state.canonicalize()?)?);
        // Where others may write, as in /tmp, what looks stale need not be ours.
        let is_ours =
            fs::metadata(state).is_ok_and(|it| writers::of(state, &it, writers::ourselves()).is_none());
        // By the file system's own clock, which need not be ours.
        if is_ours && let Ok(now) = fs::metadata(&scratch.0).and_then(|metadata| metadata.modified()) {
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
    /// size. Fails with what `go_on` gives.
    pub fn copy(&self, content: &File, name: &str, go_on: GoOn<'_>) -> io::Result<(PathBuf, u64)> {
        let path = self.0.join(name);
        let copy = OpenOptions::new().write(true).create_new(true).mode(MODE).open(&path)?;
        copy.set_permissions(Permissions::from_mode(MODE))?;
        let size = copy::all(content, &copy, go_on)?;
        Ok((path, size))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        remove(&self.0);
    }
}

/// A new directory below `state`.
fn make(state: &Path) -> io::Result<PathBuf> {
    let mut last = ErrorKind::AlreadyExists.into();
    for i in 0..TRIES {
        let path = state.join(name(&format!("{} {i} {}", std::process::id(), clock::nanos())));
        match fs::DirBuilder::new().mode(OURS).create(&path) {
            Ok(()) => return Ok(path),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => last = error,
            Err(error) => return Err(error),
        }
    }
    Err(last)
}

/// The name that comes of `seed`.
fn name(seed: &str) -> String {
    let own = digits(seed, OWN);
    let mark = digits(&own, MARK);
    format!("{PREFIX}{own}{mark}")
}

fn digits(text: &str, count: usize) -> String {
    let hasher = blake3::Hasher::new_derive_key("convscan private directory");
    let hash = hasher.clone().update(text.as_bytes()).finalize();
    hash.to_hex().chars().take(count).collect()
}

/// Whether we made a directory of this name.
fn is_our_name(name: &OsStr) -> bool {
    let digits_of = |name: &str| Some(name.strip_prefix(PREFIX)?.split_at_checked(OWN)?.0.to_owned());
    let own = name.to_str().and_then(digits_of);
    own.is_some_and(|own| name == OsStr::new(&format!("{PREFIX}{own}{}", digits(&own, MARK))))
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

/// Makes the directory `path` and those below it ours to empty. No link is followed,
/// not even one that takes the place of a directory at this very moment: the
/// directory is held by a descriptor, and all goes by that.
fn unlock(path: &Path, depth: usize) {
    let flags = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW;
    let Ok(directory) = OpenOptions::new().read(true).custom_flags(flags.bits()).open(path) else { return };
    let held = PathBuf::from(format!("/proc/self/fd/{}", directory.as_raw_fd()));
    let _ = fs::set_permissions(&held, Permissions::from_mode(OURS));
    let entries = fs::read_dir(&held).into_iter().flatten().flatten();
    for entry in entries.filter(|entry| depth > 0 && entry.file_type().is_ok_and(|kind| kind.is_dir())) {
        unlock(&entry.path(), depth - 1);
    }
}

/// Deepest level that is unlocked; scanners stop unpacking far above it.
const DEEPEST: usize = 100;

fn remove_stale(state: &Path, now: SystemTime) {
    let Ok(entries) = fs::read_dir(state) else { return };
    let stale = entries.take(MOST_LOOKED_AT).flatten().filter(|entry| {
        // Of the name itself: a link is not followed.
        is_our_name(&entry.file_name())
            && entry.metadata().is_ok_and(|metadata| is_ours(&metadata) && is_stale(metadata.modified(), now))
    });
    for entry in stale.take(MOST_REMOVED) {
        remove(&entry.path());
    }
}

/// Whether it is a directory of our own account.
fn is_ours(metadata: &Metadata) -> bool {
    metadata.is_dir() && metadata.uid() == geteuid().as_raw()
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
        Err(io::Error::new(ErrorKind::InvalidInput, "not a plain file"))
    }
}

/// Compares what is at `path` with `before`. Fails with what `go_on` gives, too.
pub fn left(path: &Path, before: &File, go_on: GoOn<'_>) -> io::Result<Left> {
    let Ok(after) = open_plain(path) else {
        return Ok(if path.is_symlink() || path.exists() { Left::Odd } else { Left::Nothing });
    };
    let size = after.metadata()?.len();
    if size == 0 {
        return Ok(Left::Empty);
    }
    let same = size == before.metadata()?.len() && copy::are_same(before, &after, go_on)?;
    Ok(if same { Left::Same } else { Left::Changed })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::FileTimes;

    #[test]
    fn only_stale_directories_that_we_made_go() {
        let state = tempfile::tempdir().unwrap();
        let old = SystemTime::now() - STALE - Duration::from_secs(60);
        let hours = |hours: u64| SystemTime::now() - Duration::from_secs(hours * 3600);
        let (ours, young, day) = (name("a"), name("b"), name("c"));
        let mut other = name("d");
        other.pop();
        let other_mark = format!("{other}{}", if name("d").ends_with('0') { '1' } else { '0' });
        let table = [
            (ours.as_str(), hours(26), false),
            // No deadline is longer than a day, and one may have begun then.
            (day.as_str(), hours(24), true),
            (young.as_str(), hours(0), true),
            ("scan-archive", old, true),
            ("scan-0123456789ab", old, true),
            (other.as_str(), old, true),
            (other_mark.as_str(), old, true),
        ];
        let kept: Vec<&str> = table.iter().filter(|(.., kept)| *kept).map(|(name, ..)| *name).collect();
        for (name, modified, _) in table {
            let path = state.path().join(name);
            fs::create_dir(&path).unwrap();
            fs::write(path.join("part"), "x").unwrap();
            File::open(&path).unwrap().set_times(FileTimes::new().set_modified(modified)).unwrap();
        }
        let (file, link) = (name("file"), name("link"));
        fs::write(state.path().join(&file), "").unwrap();
        std::os::unix::fs::symlink("/etc", state.path().join(&link)).unwrap();
        let scratch = Scratch::new(state.path()).unwrap();
        assert_eq!(fs::metadata(scratch.path()).unwrap().mode() & 0o7777, OURS);
        assert!(is_our_name(scratch.path().file_name().unwrap()));
        let own = scratch.path().to_owned();
        drop(scratch);
        assert!(!own.exists());
        let mut names: Vec<_> = fs::read_dir(state.path())
            .unwrap()
            .map(|e| e.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        let mut expected = [&kept[..], &[&file, &link]].concat();
        expected.sort_unstable();
        assert_eq!(names, expected);
    }

    #[test]
    fn unlocking_follows_no_link() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        for name in ["foreign", "ours", "ours/locked"] {
            fs::create_dir(path(name)).unwrap();
            fs::set_permissions(path(name), Permissions::from_mode(0o755)).unwrap();
        }
        std::os::unix::fs::symlink(path("foreign"), path("ours/link")).unwrap();
        std::os::unix::fs::symlink(path("foreign"), path("top")).unwrap();
        let mode = |name: &str| fs::metadata(path(name)).unwrap().mode() & 0o7777;
        unlock(&path("top"), DEEPEST);
        unlock(&path("ours"), DEEPEST);
        assert_eq!((mode("foreign"), mode("ours"), mode("ours/locked")), (0o755, OURS, OURS));
    }

    #[test]
    fn a_copy_is_whole_wherever_the_original_stood() {
        let state = tempfile::tempdir().unwrap();
        let original = state.path().join("original");
        fs::write(&original, "content").unwrap();
        let mut file = File::open(&original).unwrap();
        io::Read::read_exact(&mut file, &mut [0; 3]).unwrap();
        let scratch = Scratch::new(state.path()).unwrap();
        let (path, size) = scratch.copy(&file, "part", &|| Ok(())).unwrap();
        assert_eq!((fs::read_to_string(&path).unwrap().as_str(), size), ("content", 7));
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        assert_eq!(left(&path, &file, &|| Ok(())).unwrap(), Left::Same);
        fs::write(&path, "other  ").unwrap();
        assert_eq!(left(&path, &file, &|| Ok(())).unwrap(), Left::Changed);
        fs::hard_link(&path, scratch.path().join("second")).unwrap();
        assert_eq!(left(&path, &file, &|| Ok(())).unwrap(), Left::Odd);
    }
}
