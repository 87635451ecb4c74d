//! Private directories below the state directory, and copies in them. Fails
//! with what the system says.

use std::fs::{self, File, Metadata, OpenOptions, Permissions};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use nix::fcntl::OFlag;
use nix::unistd::geteuid;

use super::copy::{self, GoOn};
use super::files::MODE;

/// Mode of a directory that only we can enter. The sticky bit, which nobody else
/// needs there, is our mark: a sweep removes no directory without it.
const OURS: u32 = 0o1700;

/// First letters of the names of private directories, and how many letters and
/// digits follow them.
const PREFIX: &str = "scan-";
const RANDOM: usize = 12;

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
        let mut builder = tempfile::Builder::new();
        let directory = builder.prefix(PREFIX).rand_bytes(RANDOM).tempdir_in(state.canonicalize()?)?;
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
        is_our_name(entry.file_name().as_encoded_bytes())
            && entry
                .metadata()
                .is_ok_and(|metadata| is_marked(&metadata) && is_stale(metadata.modified(), now))
    });
    for entry in stale.take(MOST_REMOVED) {
        remove(&entry.path());
    }
}

/// Whether we may have made a directory of this name.
fn is_our_name(name: &[u8]) -> bool {
    name.strip_prefix(PREFIX.as_bytes())
        .is_some_and(|rest| rest.len() == RANDOM && rest.iter().all(u8::is_ascii_alphanumeric))
}

/// Whether it is a directory of our own account with our mark.
fn is_marked(metadata: &Metadata) -> bool {
    metadata.is_dir() && metadata.uid() == geteuid().as_raw() && metadata.mode() & 0o7777 == OURS
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
        let ours = "scan-0123456789ab";
        let table = [
            (ours, OURS, old, false),
            ("scan-ABCDEFGHIJKL", OURS, SystemTime::now(), true),
            ("scan-archive", OURS, old, true),
            ("scan-0123456789abc", OURS, old, true),
            ("scan-0123456789-b", OURS, old, true),
            ("other0123456789ab", OURS, old, true),
            ("scan-bbbbbbbbbbbb", 0o700, old, true),
            ("scan-cccccccccccc", 0o1755, old, true),
        ];
        let kept: Vec<&str> = table.iter().filter(|(.., kept)| *kept).map(|(name, ..)| *name).collect();
        for (name, mode, modified, _) in table {
            let path = state.path().join(name);
            fs::create_dir(&path).unwrap();
            fs::write(path.join("part"), "x").unwrap();
            fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
            File::open(&path).unwrap().set_times(FileTimes::new().set_modified(modified)).unwrap();
        }
        fs::write(state.path().join("scan-dddddddddddd"), "").unwrap();
        std::os::unix::fs::symlink("/etc", state.path().join("scan-eeeeeeeeeeee")).unwrap();
        let scratch = Scratch::new(state.path()).unwrap();
        assert_eq!(fs::metadata(scratch.path()).unwrap().mode() & 0o7777, OURS);
        assert!(is_our_name(scratch.path().file_name().unwrap().as_encoded_bytes()));
        let own = scratch.path().to_owned();
        drop(scratch);
        assert!(!own.exists());
        let mut names: Vec<_> = fs::read_dir(state.path())
            .unwrap()
            .map(|e| e.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        let mut expected = [&kept[..], &["scan-dddddddddddd", "scan-eeeeeeeeeeee"]].concat();
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
        std::io::Read::read_exact(&mut file, &mut [0; 3]).unwrap();
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
