//! Whether, and when, definitions have changed, by what the system knows of these
//! files and directories. Fails where one of them cannot be looked at, or is more
//! than can be looked at for each part.

use std::fs::{self, Metadata};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use blake3::Hasher;

use super::look::{self, Kind};

/// Most entries below directories that are looked at: definitions are a few dozen
/// files.
const MOST: usize = 1024;

/// What differs whenever the files that it was taken of do.
pub type Stamp = [u8; 16];

/// The stamp of all `paths`; of a directory with all that is below it. Links are
/// followed.
pub fn stamp(paths: &[PathBuf]) -> io::Result<Stamp> {
    let mut walk = Walk::default();
    for path in paths {
        let metadata = fs::metadata(path)?;
        walk.add(path, &metadata)?;
    }
    Ok(walk.stamp())
}

/// The stamp of what is known of `paths`, be it that they are not there. A directory
/// that cannot be read, or holds more than can be looked at, counts by what is known
/// of itself. Gives also when the newest of them was last changed, in microseconds
/// since 1970.
pub fn seal(about: &str, paths: &[PathBuf]) -> (Stamp, u64) {
    let mut walk = Walk::default();
    walk.hasher.update(about.as_bytes());
    for path in paths {
        match fs::metadata(path) {
            Ok(metadata) => {
                if walk.add(path, &metadata).is_err() {
                    walk.hasher.update(b"\0unknown");
                }
            }
            Err(_) => walk.add_missing(path),
        }
    }
    (walk.stamp(), walk.newest)
}

/// On the way through files and directories.
#[derive(Default)]
struct Walk {
    hasher: Hasher,
    /// Entries met so far.
    met: usize,
    /// Directories met so far: links may lead in a circle.
    entered: Vec<(u64, u64)>,
    newest: u64,
}

impl Walk {
    /// Of the times also that of the last change of any kind: an updater may put the
    /// other one back.
    fn add(&mut self, path: &Path, metadata: &Metadata) -> io::Result<()> {
        self.hasher.update(path.as_os_str().as_bytes()).update(&[0]);
        for number in [metadata.dev(), metadata.ino(), metadata.size(), u64::from(metadata.mode())] {
            self.hasher.update(&number.to_le_bytes());
        }
        for number in [metadata.mtime(), metadata.mtime_nsec(), metadata.ctime(), metadata.ctime_nsec()] {
            self.hasher.update(&number.to_le_bytes());
        }
        let changed = look::micros(metadata.ctime(), metadata.ctime_nsec());
        self.newest = self.newest.max(changed.unwrap_or_default());
        let identity = (metadata.dev(), metadata.ino());
        if metadata.is_dir() && !self.entered.contains(&identity) {
            self.entered.push(identity);
            self.add_entries(path)?;
        }
        Ok(())
    }

    /// In the order of their names, for the system gives them in any.
    fn add_entries(&mut self, directory: &Path) -> io::Result<()> {
        let entries = look::names(directory, MOST.saturating_sub(self.met))?;
        self.met += entries.len();
        for entry in entries {
            match fs::metadata(&entry) {
                Ok(metadata) => self.add(&entry, &metadata)?,
                // A link to nowhere, or a file that an updater has just removed.
                Err(_) => self.add_missing(&entry),
            }
        }
        Ok(())
    }

    fn add_missing(&mut self, path: &Path) {
        self.hasher.update(path.as_os_str().as_bytes()).update(b"\0gone");
    }

    fn stamp(&self) -> Stamp {
        let mut stamp = Stamp::default();
        self.hasher.finalize_xof().fill(&mut stamp);
        stamp
    }
}

/// When the newest of these files, and of those right in these directories, got
/// its content, in microseconds since 1970; `None` where there are none. What cannot
/// be looked at, and a directory of very many files, does not count.
pub fn newest(paths: &[PathBuf]) -> Option<u64> {
    let inside = |path: &PathBuf| look::names(path, MOST).unwrap_or_default();
    let all = paths.iter().flat_map(|path| inside(path).into_iter().chain([path.clone()]));
    let files = all.filter_map(|path| look::at(&path).ok()).filter(|facts| facts.kind == Kind::File);
    files.filter_map(|facts| facts.modified).max()
}

#[cfg(test)]
mod tests {
    use std::fs::{File, FileTimes};
    use std::os::unix::fs::symlink;
    use std::time::{Duration, SystemTime};

    use super::*;

    #[test]
    fn every_change_of_the_definitions_is_noticed() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        let paths = [path("program"), path("data")];
        fs::write(path("program"), "program").unwrap();
        fs::create_dir(path("data")).unwrap();
        fs::write(path("data/a.dat"), "one").unwrap();
        fs::write(path("data/b.dat"), "two").unwrap();
        let modified = fs::metadata(path("data/a.dat")).unwrap().modified().unwrap();
        let changes: [&dyn Fn(); 8] = [
            &|| fs::write(path("program"), "newer program").unwrap(),
            &|| fs::write(path("data/a.dat"), "other").unwrap(),
            &|| fs::write(path("data/c.dat"), "").unwrap(),
            &|| fs::rename(path("data/c.dat"), path("data/d.dat")).unwrap(),
            &|| fs::remove_file(path("data/d.dat")).unwrap(),
            &|| symlink(path("nowhere"), path("data/link")).unwrap(),
            // The same size and times as before, put in place by a rename.
            &|| {
                fs::write(path("new"), "OTHER").unwrap();
                let file = File::open(path("new")).unwrap();
                file.set_times(FileTimes::new().set_modified(modified)).unwrap();
                fs::rename(path("new"), path("data/a.dat")).unwrap();
            },
            &|| fs::rename(path("data"), path("old")).and_then(|()| fs::create_dir(path("data"))).unwrap(),
        ];
        let mut seen = vec![stamp(&paths).unwrap()];
        for (i, change) in changes.iter().enumerate() {
            assert_eq!(stamp(&paths).unwrap(), seen[i], "nothing changed");
            change();
            let now = stamp(&paths).unwrap();
            assert!(!seen.contains(&now), "{i}");
            seen.push(now);
        }
        fs::remove_file(path("program")).unwrap();
        assert!(stamp(&paths).is_err());
    }

    #[test]
    fn the_newest_file_counts_and_no_directory_does() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        let paths = [path("program"), path("data"), path("nowhere")];
        assert_eq!(newest(&paths), None);
        fs::create_dir_all(path("data/inside")).unwrap();
        assert_eq!(newest(&paths), None);
        for (name, second) in [("program", 5), ("data/old", 4), ("data/inside/too deep", 9)] {
            let times = FileTimes::new().set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(second));
            File::create(path(name)).unwrap().set_times(times).unwrap();
        }
        assert_eq!(newest(&paths), Some(5_000_000));
        assert_eq!(newest(&paths[1..]), Some(4_000_000));
    }

    #[test]
    fn what_is_below_a_directory_counts_however_deep_and_circles_end() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        fs::create_dir_all(path("data/1/2")).unwrap();
        fs::create_dir_all(path("elsewhere")).unwrap();
        fs::write(path("data/1/2/deep"), "one").unwrap();
        fs::write(path("elsewhere/linked"), "one").unwrap();
        symlink("../elsewhere", path("data/link")).unwrap();
        symlink(".", path("data/circle")).unwrap();
        let paths = [path("data")];
        let mut seen = vec![stamp(&paths).unwrap()];
        for name in ["data/1/2/deep", "elsewhere/linked"] {
            fs::write(path(name), "two").unwrap();
            let now = stamp(&paths).unwrap();
            assert!(!seen.contains(&now), "{name}");
            seen.push(now);
        }
    }

    #[test]
    fn a_seal_is_had_of_anything_and_differs_when_it_does() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        let paths = [path("file"), path("full")];
        fs::write(path("file"), "one").unwrap();
        fs::write(path("away"), "one").unwrap();
        fs::create_dir(path("full")).unwrap();
        for n in 0..=MOST {
            fs::write(path("full").join(n.to_string()), "").unwrap();
        }
        let changes: [&dyn Fn(); 5] = [
            &|| fs::write(path("file"), "two").unwrap(),
            &|| fs::remove_file(path("file")).unwrap(),
            &|| symlink("away", path("file")).unwrap(),
            &|| fs::write(path("away"), "two").unwrap(),
            &|| fs::write(path("full/one more"), "").unwrap(),
        ];
        for (i, change) in changes.iter().enumerate() {
            let before = seal("", &paths);
            assert_eq!(seal("", &paths), before, "nothing changed");
            change();
            assert_ne!(seal("", &paths), before, "{i}");
        }
        assert_ne!(seal("", &paths).0, seal("x", &paths).0);
        let changed = look::at(&path("full/one more")).unwrap().modified.unwrap();
        assert!(seal("", &paths).1 + 1_000_000 > changed);
    }

    #[test]
    fn a_directory_of_very_many_files_has_no_stamp() {
        let directory = tempfile::tempdir().unwrap();
        for n in 0..MOST {
            fs::write(directory.path().join(n.to_string()), "").unwrap();
        }
        assert!(stamp(&[directory.path().to_owned()]).is_ok());
        fs::write(directory.path().join("one more"), "").unwrap();
        assert!(stamp(&[directory.path().to_owned()]).is_err());
    }
}
