//! Notes of one line that all processes of the host share: the target of a
//! symbolic link that leads nowhere. One system call reads a note, another tells
//! whose it is, and it changes as a whole. Fails with the system's error.

use std::fs;
use std::io::{self, ErrorKind};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use super::state;

/// Longest note: the longest target of a link on common file systems is 4095
/// bytes.
const LONGEST: usize = 2000;

/// What is noted at `path`; `None` where nothing is, or no note, or another
/// account's. Nobody else can exchange it meanwhile: the directory is ours.
pub fn read(path: &Path) -> Option<String> {
    let text = fs::read_link(path).ok()?.into_os_string().into_string().ok()?;
    state::believe(path, &fs::symlink_metadata(path).ok()?).ok().map(|()| text)
}

/// Notes `text`, in place of what was noted before. Longer ones are cut.
pub fn write(path: &Path, text: &str) -> io::Result<()> {
    let end = text.char_indices().map(|(at, _)| at).take_while(|at| *at <= LONGEST).last();
    let text = if text.len() > LONGEST { text.get(..end.unwrap_or(0)) } else { Some(text) };
    let text = text.filter(|text| !text.is_empty()).unwrap_or("-");
    let beside = beside(path);
    match symlink(text, &beside) {
        // Left by a process that was killed, or just made by one that is as fast as
        // we are: the note is then either's.
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            fs::remove_file(&beside)?;
            symlink(text, &beside)?;
        }
        result => result?,
    }
    match fs::rename(&beside, path) {
        // An empty directory in its place holds nothing that anybody misses.
        Err(error) if error.kind() == ErrorKind::IsADirectory => {
            fs::remove_dir(path).and_then(|()| fs::rename(&beside, path))
        }
        result => result,
    }
}

/// One name for all, so that nothing is left behind for more than a while.
fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    PathBuf::from(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_reads_as_it_was_written_and_changes_as_a_whole() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("note");
        assert_eq!(read(&path), None);
        for text in ["awake 12 ClamAV 1.4.6/2", "b", "\u{e9}\u{e9}"] {
            write(&path, text).unwrap();
            assert_eq!(read(&path).unwrap(), text);
        }
        write(&path, &"\u{e9}".repeat(3000)).unwrap();
        let cut = read(&path).unwrap();
        assert!(cut.len() <= LONGEST && cut.len() > LONGEST - 3, "{}", cut.len());
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_is_no_note_is_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("note");
        fs::write(&path, "a file").unwrap();
        assert_eq!(read(&path), None);
        write(&path, "a note").unwrap();
        assert_eq!(read(&path).unwrap(), "a note");
        assert!(write(&directory.path().join("no/such/note"), "x").is_err());
        let path = directory.path().join("directory");
        fs::create_dir_all(path.join("full")).unwrap();
        assert!(write(&path, "a note").is_err());
        assert!(path.join("full").exists());
        fs::remove_dir(path.join("full")).unwrap();
        write(&path, "a note").unwrap();
        assert_eq!(read(&path).unwrap(), "a note");
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 2);
    }
}
