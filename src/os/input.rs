//! The content of a part: read at any time, known again, and copied so that a
//! name never shows half of it. Fails with the system's error, and where the file
//! has changed since it was opened.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::Path;

use rustix::buffer::spare_capacity;
use rustix::io::{Errno, pread};

use super::clock::Deadline;
use super::copy::{CHUNK, GoOn};
use super::draft::{Draft, There};
use super::files::{fill_in_place, may_write_in_place, open_regular};

/// Up to this size a part is copied before its verdict is there.
pub(super) const SMALL: u64 = 64 * 1024;

/// The content of a part, open for reading.
#[derive(Debug)]
pub struct Input {
    /// The open file.
    pub file: File,
    /// Its size when it was opened.
    pub size: u64,
    stamp: Stamp,
}

/// What changes when a file's content does.
#[derive(Debug, PartialEq, Eq)]
pub struct Stamp {
    identity: (u64, u64),
    pub(super) size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl From<&fs::Metadata> for Stamp {
    fn from(metadata: &fs::Metadata) -> Self {
        Self {
            identity: (metadata.dev(), metadata.ino()),
            size: metadata.size(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }
}

impl Stamp {
    /// Of an open file.
    pub fn of(file: &File) -> io::Result<Self> {
        file.metadata().map(|metadata| Self::from(&metadata))
    }
}

impl Input {
    /// Of an open file.
    pub fn from_file(file: File) -> io::Result<Self> {
        let stamp = Stamp::of(&file)?;
        Ok(Self { size: stamp.size, file, stamp })
    }

    /// Opens the regular file at `path`.
    pub fn open(path: &Path) -> io::Result<Self> {
        let (file, metadata) = open_regular(path)?;
        Ok(Self { file, size: metadata.size(), stamp: Stamp::from(&metadata) })
    }

    /// What stands at `path`. It may be this very file: old site scripts give one
    /// name twice.
    fn look(&self, path: &Path) -> At {
        match fs::metadata(path) {
            Ok(metadata) if self.stamp.identity == (metadata.dev(), metadata.ino()) => At::Itself,
            Ok(metadata) if !metadata.is_file() => At::Special,
            Ok(_) => At::File(There::Something),
            // A link that leads nowhere is found when the file gets its name.
            Err(_) => At::File(There::Nothing),
        }
    }

    /// Fails when the file is no longer what it was when it was opened.
    fn check_unchanged(&self) -> io::Result<()> {
        if Stamp::of(&self.file)? == self.stamp { Ok(()) } else { Err(changed()) }
    }

    /// Its first `limit` bytes.
    pub fn start(&self, limit: usize) -> io::Result<Vec<u8>> {
        let length = limit.min(usize::try_from(self.size).unwrap_or(limit));
        let mut start = Vec::with_capacity(length);
        while start.len() < length {
            let at = start.len() as u64;
            if read_more(&self.file, &mut start, at)? == 0 {
                return Err(ErrorKind::UnexpectedEof.into());
            }
        }
        start.truncate(length);
        Ok(start)
    }

    /// Puts the same bytes at `path`, unless they are there already. The name
    /// shows all of them or is not touched. What `others` lead to is not written
    /// over. Fails with `TimedOut` at the deadline.
    pub fn copy_to(&self, path: &Path, others: &[&Path], by: Deadline) -> io::Result<()> {
        let in_place = || fill_in_place(path, others, |out| self.copy_into(out, &|| by.check()));
        let there = match self.look(path) {
            At::Itself => return self.check_unchanged(),
            At::Special => return in_place(),
            At::File(there) => there,
        };
        // Where a file without a name cannot be, or cannot get one, as without /proc.
        let copied = self.copy_as(Draft::nameless, path, there, by);
        match copied.or_else(|_| self.copy_as(Draft::named, path, there, by)) {
            Err(error) if may_write_in_place(&error) => in_place(),
            result => result,
        }
    }

    fn copy_as(
        &self,
        draft: fn(&Path) -> io::Result<Draft>,
        path: &Path,
        there: There,
        by: Deadline,
    ) -> io::Result<()> {
        let draft = draft(path)?;
        self.copy_into(&draft.file, &|| by.check().and_then(|()| draft.check()))?;
        draft.commit(path, there)
    }

    /// Read by place: a scanner may be using the offset that we share with it.
    fn copy_into(&self, mut out: &File, go_on: GoOn<'_>) -> io::Result<()> {
        let mut buf = Vec::with_capacity(CHUNK.min(usize::try_from(self.size).unwrap_or(CHUNK) + 1));
        let mut at = 0;
        // A file that grew meanwhile has another stamp.
        while at < self.size {
            go_on()?;
            buf.clear();
            match read_more(&self.file, &mut buf, at)? {
                0 => break,
                n => at += n as u64,
            }
            out.write_all(&buf)?;
        }
        if at == self.size { self.check_unchanged() } else { Err(changed()) }
    }

    /// Copies a small file for `path`, while its verdict is still to come. `None`
    /// where that cannot be, or not without a name that a signal would leave behind;
    /// [`Self::copy_to`] then does it, or says why not.
    pub fn copy_ahead(&self, path: &Path) -> Option<Ahead> {
        if self.size > SMALL {
            return None;
        }
        let At::File(there) = self.look(path) else { return None };
        let draft = Draft::nameless(path).ok()?;
        self.copy_into(&draft.file, &|| Ok(())).ok()?;
        Some(Ahead { draft, there })
    }
}

/// What stands at a place for a copy.
enum At {
    /// The very file that is to be copied.
    Itself,
    /// Something that must not be renamed over, such as `/dev/null`.
    Special,
    /// A file, or nothing.
    File(There),
}

/// A copy that has no name yet. It goes away with this value, unless it got one.
#[derive(Debug)]
pub struct Ahead {
    draft: Draft,
    there: There,
}

impl Ahead {
    /// Gives the copy its name, if `input` is still what was copied.
    pub fn commit(self, input: &Input, path: &Path) -> io::Result<()> {
        input.check_unchanged()?;
        self.draft.commit(path, self.there)
    }
}

pub(super) fn changed() -> io::Error {
    io::Error::other("the file changed while it was read")
}

/// Reads into the room that `buf` has left, which must be some, what stands from
/// `at` on in `file`. The room is not filled with zeros first: that would cost
/// more than the reading.
fn read_more(file: &File, buf: &mut Vec<u8>, at: u64) -> io::Result<usize> {
    loop {
        match pread(file, spare_capacity(buf), at) {
            Err(Errno::INTR) => {}
            result => return Ok(result?),
        }
    }
}

/// A file read from its start until a deadline. It keeps its own place: a
/// scanner may be using the offset that we share with it.
pub struct Until<'a> {
    file: &'a File,
    at: u64,
    by: Deadline,
}

impl<'a> Until<'a> {
    /// At the start of `file`.
    pub fn new(file: &'a File, by: Deadline) -> Self {
        Self { file, at: 0, by }
    }
}

impl Until<'_> {
    /// Gives what is left in pieces, as long as `next` wants more.
    pub fn pieces(&mut self, next: impl FnMut(&[u8]) -> bool) -> io::Result<()> {
        let size = self.file.metadata()?.len().min(CHUNK as u64);
        self.pieces_of(usize::try_from(size).unwrap_or(CHUNK) + 1, next)
    }

    /// Likewise, in pieces of about `size` bytes.
    pub(super) fn pieces_of(&mut self, size: usize, mut next: impl FnMut(&[u8]) -> bool) -> io::Result<()> {
        let mut buf = Vec::with_capacity(size);
        loop {
            self.by.check()?;
            buf.clear();
            let n = read_more(self.file, &mut buf, self.at)?;
            self.at += n as u64;
            if n == 0 || !next(&buf) {
                return Ok(());
            }
        }
    }
}

impl Read for Until<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.by.check()?;
        let n = self.file.read_at(buf, self.at)?;
        self.at += n as u64;
        Ok(n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_is_exact_and_one_name_given_twice_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let (from, to) = (dir.path().join("in"), dir.path().join("out"));
        fs::write(&from, b"bytes\0\r\n").unwrap();
        let input = Input::open(&from).unwrap();
        let by = Deadline::after(std::time::Duration::from_secs(60));
        input.copy_to(&to, &[], by).unwrap();
        assert_eq!(fs::read(&to).unwrap(), b"bytes\0\r\n");
        input.copy_to(&from, &[], by).unwrap();
        assert_eq!(fs::read(&from).unwrap(), b"bytes\0\r\n");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2);
    }

    #[test]
    fn a_file_that_changed_is_not_copied() {
        let dir = tempfile::tempdir().unwrap();
        let (from, to) = (dir.path().join("in"), dir.path().join("out"));
        fs::write(&from, b"short").unwrap();
        let input = Input::open(&from).unwrap();
        fs::write(&from, b"much longer").unwrap();
        let by = Deadline::after(std::time::Duration::from_secs(60));
        assert!(input.copy_to(&to, &[], by).is_err());
        assert!(!to.exists());
    }

    #[test]
    fn what_is_no_regular_file_is_no_part() {
        let dir = tempfile::tempdir().unwrap();
        assert!(Input::open(dir.path()).is_err());
    }
}
