//! Files: read within bounds, written so that a name never shows half of what
//! it should hold. Fails with the system's error.
//!
//! Nothing is synced to the platter: the queue file outlives a crash of the
//! machine, and the channel then runs the part again from the start.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Seek, Write};
use std::os::fd::AsRawFd;
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use nix::fcntl::OFlag;
use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::sys::stat::{Mode, umask};
use sha2::{Digest, Sha256};

use super::clock::Deadline;

/// Files of ours may be read by the group, as mail logs are; the channel's own
/// umask, which may forbid us our own files, does not count.
const UMASK: Mode = Mode::S_IWGRP.union(Mode::S_IRWXO);

/// Mode of what the channel reads: people's mail is for one account.
const MODE: u32 = 0o600;

/// Sets the umask for all files to come.
pub fn set_umask() {
    umask(UMASK);
}

/// Opens without waiting: on a FIFO that nobody writes, a plain open hangs.
fn open(path: &Path) -> io::Result<File> {
    let flags = OFlag::O_NONBLOCK | OFlag::O_NOCTTY;
    OpenOptions::new().read(true).custom_flags(flags.bits()).open(path)
}

fn open_regular(path: &Path) -> io::Result<(File, fs::Metadata)> {
    let file = open(path)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(io::Error::new(ErrorKind::InvalidInput, "not a regular file"));
    }
    Ok((file, metadata))
}

/// Bytes that are read at a time. The system's own way of copying sets up more
/// than it saves for the size of most parts.
const CHUNK: usize = 64 * 1024;

/// Up to this size a part is copied before its verdict is there.
const SMALL: u64 = 64 * 1024;

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
    size: u64,
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

    /// Whether `path` is this very file: old site scripts give one name twice.
    fn is(&self, path: &Path) -> bool {
        fs::metadata(path).is_ok_and(|metadata| self.stamp.identity == (metadata.dev(), metadata.ino()))
    }

    /// Fails when the file is no longer what it was when it was opened.
    fn check_unchanged(&self) -> io::Result<()> {
        if Stamp::of(&self.file)? == self.stamp { Ok(()) } else { Err(changed()) }
    }

    /// Its first `limit` bytes.
    pub fn start(&self, limit: usize) -> io::Result<Vec<u8>> {
        let mut start = vec![0; limit.min(usize::try_from(self.size).unwrap_or(limit))];
        self.file.read_exact_at(&mut start, 0)?;
        Ok(start)
    }

    /// Puts the same bytes at `path`, unless they are there already. The name
    /// shows all of them or is not touched.
    pub fn copy_to(&self, path: &Path) -> io::Result<()> {
        if self.is(path) {
            return self.check_unchanged();
        }
        fill(path, |out| self.copy_into(out))
    }

    /// Read by place: a scanner may be using the offset that we share with it.
    fn copy_into(&self, mut out: &File) -> io::Result<()> {
        let mut buf = vec![0; CHUNK.min(usize::try_from(self.size).unwrap_or(CHUNK) + 1)];
        let mut at = 0;
        loop {
            let n = self.file.read_at(&mut buf, at)?;
            at += n as u64;
            // One byte more than there was is enough to know.
            if n == 0 || at > self.size {
                break;
            }
            out.write_all(buf.get(..n).unwrap_or_default())?;
        }
        if at == self.size { self.check_unchanged() } else { Err(changed()) }
    }

    /// Copies a small file to a place beside `path`, while its verdict is still
    /// to come. `None` where that cannot be; [`Self::copy_to`] then says why.
    pub fn copy_ahead(&self, path: &Path) -> Option<Ahead> {
        if self.size > SMALL || self.is(path) || is_special(path) {
            return None;
        }
        let (file, beside) = create_beside(path).ok()?;
        let ahead = Ahead { beside };
        self.copy_into(&file).ok().map(|()| ahead)
    }
}

/// A copy beside the name that it may get. It goes away with this value, unless
/// it got the name.
#[derive(Debug)]
pub struct Ahead {
    beside: PathBuf,
}

impl Ahead {
    /// Gives the copy its name, if `input` is still what was copied.
    pub fn commit(mut self, input: &Input, path: &Path) -> io::Result<()> {
        input.check_unchanged()?;
        fs::rename(&self.beside, path)?;
        self.beside.clear();
        Ok(())
    }
}

impl Drop for Ahead {
    fn drop(&mut self) {
        if !self.beside.as_os_str().is_empty() {
            let _ = fs::remove_file(&self.beside);
        }
    }
}

fn changed() -> io::Error {
    io::Error::other("the file changed while it was read")
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
    pub fn pieces(&mut self, mut next: impl FnMut(&[u8]) -> bool) -> io::Result<()> {
        let size = self.file.metadata()?.len().min(CHUNK as u64);
        let mut buf = vec![0; usize::try_from(size).unwrap_or(CHUNK) + 1];
        loop {
            let n = self.read(&mut buf)?;
            if n == 0 || !next(buf.get(..n).unwrap_or_default()) {
                return Ok(());
            }
        }
    }
}

impl Read for Until<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.by.left().is_none() {
            return Err(ErrorKind::TimedOut.into());
        }
        let n = self.file.read_at(buf, self.at)?;
        self.at += n as u64;
        Ok(n)
    }
}

/// The SHA-256 of all that `content` gives, in lower-case hex.
pub fn sha256(content: impl Read) -> io::Result<String> {
    let mut hasher = Sha256::new();
    in_pieces(content, CHUNK, |piece| hasher.update(piece))?;
    Ok(hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

/// The BLAKE3 of what is in `file`, with the stamp that it had all the time.
pub(super) fn blake3(file: &File, by: Deadline) -> io::Result<(Stamp, [u8; 32])> {
    let stamp = Stamp::of(file)?;
    let (mut hasher, mut read) = (blake3::Hasher::new(), 0);
    // To make a large buffer costs a small part more than to read it piece by piece.
    let size = if stamp.size > SMALL { CHUNK } else { PIECE };
    in_pieces(Until::new(file, by), size, |piece| {
        hasher.update(piece);
        read += piece.len() as u64;
    })?;
    let is_whole = read == stamp.size && Stamp::of(file)? == stamp;
    if is_whole { Ok((stamp, *hasher.finalize().as_bytes())) } else { Err(changed()) }
}

/// Bytes that BLAKE3 can digest at a time: eight of its chunks of 1024.
const PIECE: usize = 8 * 1024;

fn in_pieces(mut content: impl Read, size: usize, mut take: impl FnMut(&[u8])) -> io::Result<()> {
    let mut buf = vec![0; size];
    loop {
        match content.read(&mut buf) {
            Ok(0) => return Ok(()),
            Ok(n) => take(buf.get(..n).unwrap_or_default()),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// A file without a name that holds `bytes`.
pub fn anonymous(bytes: &[u8]) -> io::Result<File> {
    let mut file = tempfile::tempfile()?;
    file.write_all(bytes)?;
    Ok(file)
}

/// Whether what is at `path` was made or changed after the instant `micros`. What
/// is not there has not changed.
pub fn changed_after(path: &Path, micros: u64) -> bool {
    let changed = |metadata: fs::Metadata| {
        let (seconds, nanos) = (metadata.ctime(), metadata.ctime_nsec());
        u64::try_from(seconds).unwrap_or(0) * 1_000_000 + u64::try_from(nanos).unwrap_or(0) / 1000 > micros
    };
    fs::metadata(path).is_ok_and(changed)
}

/// When the newest of these files, and of those directly in these directories,
/// was changed, in microseconds; `None` where there are none.
pub fn newest(paths: &[PathBuf]) -> Option<u64> {
    let inside =
        |path: &PathBuf| fs::read_dir(path).into_iter().flatten().flatten().map(|entry| entry.path());
    let all = paths.iter().flat_map(|path| inside(path).take(MOST_ENTRIES).chain([path.clone()]));
    let files = all.filter_map(|path| fs::metadata(path).ok()).filter(fs::Metadata::is_file);
    files.filter_map(|metadata| u64::try_from(metadata.mtime()).ok()).max().map(|seconds| seconds * 1_000_000)
}

/// Most entries of a directory that are looked at.
const MOST_ENTRIES: usize = 1000;

/// A file in memory that holds `bytes`: for what must be had with a full disk,
/// too.
pub fn in_memory(bytes: &[u8]) -> io::Result<File> {
    let mut file = File::from(memfd_create("part", MFdFlags::MFD_CLOEXEC)?);
    file.write_all(bytes)?;
    Ok(file)
}

/// The same file, open for reading once more, with an offset of its own.
pub fn reopened(file: &File) -> io::Result<File> {
    File::open(format!("/proc/self/fd/{}", file.as_raw_fd()))
}

/// The first `limit` bytes of the regular file at `path`.
pub fn read_start(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let (file, metadata) = open_regular(path)?;
    read_whole(&file, metadata.size().min(limit))
}

/// At most `size` bytes from where the file stands.
fn read_whole(file: &File, size: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(usize::try_from(size).map_err(io::Error::other)?);
    file.take(size).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The text of the regular file at `path`; fails when it is larger than
/// `limit` or no UTF-8.
pub fn read_text(path: &Path, limit: usize) -> io::Result<String> {
    let bytes = read_start(path, limit as u64 + 1)?;
    if bytes.len() > limit {
        return Err(io::Error::new(ErrorKind::InvalidData, format!("larger than {limit} bytes")));
    }
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        io::Error::new(ErrorKind::InvalidData, format!("not UTF-8 at byte {at}"))
    })
}

/// Makes `path` hold `bytes` by writing in place: for the very first answer,
/// when there is nothing yet to protect. An empty file is not truncated: some
/// file systems answer that with a slow flush.
pub fn create(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = open_in_place(path)?;
    if file.metadata()?.size() > 0 {
        // Else a kill in the middle would leave the tail of an old answer.
        file.set_len(0)?;
    }
    file.write_all(bytes)
}

fn open_in_place(path: &Path) -> io::Result<File> {
    let flags = (OFlag::O_NONBLOCK | OFlag::O_NOCTTY).bits();
    OpenOptions::new().write(true).create(true).truncate(false).mode(MODE).custom_flags(flags).open(path)
}

/// Makes `path` hold `bytes`. The name shows the old content or the new.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    fill(path, |mut out| out.write_all(bytes))
}

/// Makes `path` say nothing: removes it, or empties it where names cannot be
/// removed.
pub fn clear(path: &Path) -> io::Result<()> {
    let removed = if is_special(path) { Err(ErrorKind::Unsupported.into()) } else { fs::remove_file(path) };
    match removed {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(_) => fill_in_place(path, |_| Ok(())),
        Ok(()) => Ok(()),
    }
}

/// Whether something other than a file has this name. A device given by hand,
/// `/dev/null` say, must not be renamed over or removed.
fn is_special(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|metadata| !metadata.is_file())
}

/// Removes what may stand at `path` from before; a device stays.
pub fn remove_stale(path: &Path) {
    if fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_file()) {
        let _ = fs::remove_file(path);
    }
}

/// Writes a new file beside `path` and renames it. Where the directory takes no
/// new names but the file is there, it is written in place. A full disk is no
/// reason for that: it would destroy the answer that already stands.
fn fill(path: &Path, write: impl Fn(&File) -> io::Result<()>) -> io::Result<()> {
    if is_special(path) {
        return fill_in_place(path, write);
    }
    let (file, beside) = match create_beside(path) {
        Err(error) if may_write_in_place(&error) => return fill_in_place(path, write),
        result => result?,
    };
    let result = write(&file).and_then(|()| fs::rename(&beside, path));
    if result.is_err() {
        let _ = fs::remove_file(&beside);
    }
    result
}

fn may_write_in_place(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem | ErrorKind::InvalidFilename
    )
}

/// Makes a new file beside `path`, under a name that nobody has yet.
fn create_beside(path: &Path) -> io::Result<(File, PathBuf)> {
    let mut last = ErrorKind::AlreadyExists.into();
    for i in 0..BESIDES {
        let beside = beside(path, i);
        match OpenOptions::new().write(true).create_new(true).mode(MODE).open(&beside) {
            Ok(file) => return Ok((file, beside)),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => last = error,
            Err(error) => return Err(error),
        }
    }
    Err(last)
}

/// Names that are tried. One may be taken by a process of our number that was
/// killed.
const BESIDES: u32 = 10;

fn fill_in_place(path: &Path, write: impl Fn(&File) -> io::Result<()>) -> io::Result<()> {
    let mut file = open_in_place(path)?;
    write(&file)?;
    if !file.metadata()?.is_file() {
        return Ok(());
    }
    let end = file.stream_position()?;
    file.set_len(end)
}

fn beside(path: &Path, i: u32) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}.{i}", std::process::id()));
    PathBuf::from(name)
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
        input.copy_to(&to).unwrap();
        assert_eq!(fs::read(&to).unwrap(), b"bytes\0\r\n");
        input.copy_to(&from).unwrap();
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
        assert!(input.copy_to(&to).is_err());
        assert!(!to.exists());
    }

    #[test]
    fn what_is_no_regular_file_is_refused_at_once() {
        let dir = tempfile::tempdir().unwrap();
        assert!(Input::open(dir.path()).is_err());
        assert!(read_start(Path::new("/dev/zero"), 10).is_err());
    }

    #[test]
    fn replacing_keeps_no_tail_and_clearing_is_idempotent() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("o");
        create(&path, b"a long first answer").unwrap();
        replace(&path, b"short").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"short");
        fill_in_place(&path, |mut out| out.write_all(b"s")).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"s");
        clear(&path).unwrap();
        clear(&path).unwrap();
        assert!(!path.exists());
    }

    #[test]
    fn the_digest_is_sha_256() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("f");
        fs::write(&path, b"abc").unwrap();
        let digest = sha256(&File::open(&path).unwrap()).unwrap();
        assert_eq!(digest, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}
