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

/// Most entries of a directory that are looked at: definitions are a few dozen
/// files.
const MOST: usize = 1024;

/// What differs whenever the files that it was taken of do.
pub type Stamp = [u8; 16];

/// The stamp of all `paths`; of a directory with the entries right in it. Links
/// are followed.
pub fn stamp(paths: &[PathBuf]) -> io::Result<Stamp> {
    let mut hasher = Hasher::new();
    for path in paths {
        let metadata = fs::metadata(path)?;
        add(&mut hasher, path, &metadata);
        if metadata.is_dir() {
            add_entries(&mut hasher, path)?;
        }
    }
    let mut stamp = Stamp::default();
    hasher.finalize_xof().fill(&mut stamp);
    Ok(stamp)
}

/// In the order of their names, for the system gives them in any.
fn add_entries(hasher: &mut Hasher, directory: &Path) -> io::Result<()> {
    for entry in look::names(directory, MOST)? {
        match fs::metadata(&entry) {
            Ok(metadata) => add(hasher, &entry, &metadata),
            // A link to nowhere, or a file that an updater has just removed.
            Err(_) => {
                hasher.update(entry.as_os_str().as_bytes()).update(b"\0gone");
            }
        }
    }
    Ok(())
}

/// Of the times also that of the last change of any kind: an updater may put the
/// other one back.
fn add(hasher: &mut Hasher, path: &Path, metadata: &Metadata) {
    hasher.update(path.as_os_str().as_bytes()).update(&[0]);
    for number in [metadata.dev(), metadata.ino(), metadata.size(), u64::from(metadata.mode())] {
        hasher.update(&number.to_le_bytes());
    }
    for number in [metadata.mtime(), metadata.mtime_nsec(), metadata.ctime(), metadata.ctime_nsec()] {
        hasher.update(&number.to_le_bytes());
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

/// Whether what is at `path` was made or changed after the instant `micros`. What
/// is not there has not changed.
pub fn changed_after(path: &Path, micros: u64) -> bool {
    let changed = |metadata: Metadata| look::micros(metadata.ctime(), metadata.ctime_nsec());
    fs::metadata(path).ok().and_then(changed).is_some_and(|at| at > micros)
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
    fn a_change_is_later_than_what_was_before_it() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        assert!(!changed_after(&path, 0));
        fs::write(&path, "").unwrap();
        assert!(changed_after(&path, 1));
        assert!(!changed_after(&path, u64::MAX));
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
