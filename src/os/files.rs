//! Files: read within bounds, written so that a name never shows half of what
//! it should hold. Fails with the system's error.
//!
//! Nothing is synced to the platter: the queue file outlives a crash of the
//! machine, and the channel then runs the part again from the start.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use nix::fcntl::OFlag;
use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::sys::stat::{Mode, umask};

/// Files of ours may be read by the group, as mail logs are; the channel's own
/// umask, which may forbid us our own files, does not count.
const UMASK: Mode = Mode::S_IWGRP.union(Mode::S_IRWXO);

/// Mode of what the channel reads: people's mail is for one account.
pub(super) const MODE: u32 = 0o600;

/// Sets the umask for all files to come.
pub fn set_umask() {
    umask(UMASK);
}

/// Opens without waiting: on a FIFO that nobody writes, a plain open hangs.
fn open(path: &Path) -> io::Result<File> {
    let flags = OFlag::O_NONBLOCK | OFlag::O_NOCTTY;
    OpenOptions::new().read(true).custom_flags(flags.bits()).open(path)
}

pub(super) fn open_regular(path: &Path) -> io::Result<(File, fs::Metadata)> {
    let file = open(path)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(io::Error::new(ErrorKind::InvalidInput, "not a regular file"));
    }
    Ok((file, metadata))
}

/// A file without a name that holds `bytes`.
pub fn anonymous(bytes: &[u8]) -> io::Result<File> {
    let mut file = tempfile::tempfile()?;
    file.write_all(bytes)?;
    Ok(file)
}

/// A file in memory that holds `bytes`: for what must be had with a full disk,
/// too.
pub fn in_memory(bytes: &[u8]) -> io::Result<File> {
    in_memory_by(|file| file.write_all(bytes))
}

/// Likewise, with what `write` writes.
pub fn in_memory_by(write: impl FnOnce(&mut File) -> io::Result<()>) -> io::Result<File> {
    let mut file = File::from(memfd_create("part", MFdFlags::MFD_CLOEXEC)?);
    write(&mut file)?;
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

/// The last `limit` bytes of the regular file at `path`.
pub fn read_end(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let (mut file, metadata) = open_regular(path)?;
    file.seek(SeekFrom::Start(metadata.size().saturating_sub(limit)))?;
    read_whole(&file, limit)
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
    text(read_start(path, limit as u64 + 1)?, limit)
}

/// `bytes` as text, unless there are more than `limit`.
pub(super) fn text(bytes: Vec<u8>, limit: usize) -> io::Result<String> {
    if bytes.len() > limit {
        return Err(io::Error::new(ErrorKind::InvalidData, format!("larger than {limit} bytes")));
    }
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        io::Error::new(ErrorKind::InvalidData, format!("not UTF-8 at byte {at}"))
    })
}

/// Makes `path` hold `bytes` by writing in place: for the very first answer,
/// when there is nothing yet to protect. Fails, and writes nothing, where a file is
/// there already that one of `others` leads to as well; of what it could not write no
/// half is left behind. An empty file is not truncated: some file systems answer that
/// with a slow flush.
pub fn create(path: &Path, bytes: &[u8], others: &[&Path]) -> io::Result<()> {
    let flags = (OFlag::O_NONBLOCK | OFlag::O_NOCTTY).bits();
    let new = OpenOptions::new().write(true).create_new(true).mode(MODE).custom_flags(flags).open(path);
    let mut file = match new {
        Ok(file) => file,
        Err(_) => {
            let file = or_clear(path, open_in_place(path))?;
            let metadata = file.metadata()?;
            check_apart(&metadata, others)?;
            if metadata.size() > 0 {
                // Else a kill in the middle would leave the tail of an old answer.
                or_clear(path, file.set_len(0))?;
            }
            file
        }
    };
    or_clear(path, file.write_all(bytes))
}

/// Leaves no half of what could not be written.
fn or_clear<T>(path: &Path, result: io::Result<T>) -> io::Result<T> {
    result.inspect_err(|_| {
        let _ = clear(path);
    })
}

/// Fails where one of `others` leads to the file of `metadata`. A device may have
/// several names: `/dev/null` is often given for what is not wanted.
fn check_apart(metadata: &fs::Metadata, others: &[&Path]) -> io::Result<()> {
    let identity = |metadata: &fs::Metadata| (metadata.dev(), metadata.ino());
    let is_same =
        |other: &&Path| fs::metadata(other).is_ok_and(|other| identity(&other) == identity(metadata));
    match others.iter().find(|other| metadata.is_file() && is_same(other)) {
        None => Ok(()),
        Some(other) => {
            let detail = format!("it leads to the same file as {}", other.display());
            Err(io::Error::new(ErrorKind::InvalidInput, detail))
        }
    }
}

/// Whether two paths are one name: the same word in the same directory, however
/// that is written. Of two different words neither is looked at.
pub fn are_one_name(one: &Path, other: &Path) -> bool {
    // Nearly all differ in their last word, and to take paths apart costs more.
    if let (Some(one), Some(other)) = (last_word(one), last_word(other))
        && one != other
    {
        return false;
    }
    let directory = |path: &Path| {
        let parent = path.parent().filter(|parent| *parent != Path::new("")).unwrap_or(Path::new("."));
        fs::metadata(parent).ok().map(|metadata| (metadata.dev(), metadata.ino()))
    };
    let same_word = one.file_name().is_some() && one.file_name() == other.file_name();
    one == other || same_word && directory(one).is_some_and(|place| directory(other) == Some(place))
}

/// What stands behind the last slash, if it is a name.
fn last_word(path: &Path) -> Option<&[u8]> {
    let word = path.as_os_str().as_bytes().rsplit(|byte| *byte == b'/').next()?;
    (!matches!(word, b"" | b"." | b"..")).then_some(word)
}

fn open_in_place(path: &Path) -> io::Result<File> {
    let flags = (OFlag::O_NONBLOCK | OFlag::O_NOCTTY).bits();
    OpenOptions::new().write(true).create(true).truncate(false).mode(MODE).custom_flags(flags).open(path)
}

/// Makes `path` hold `bytes`. The name shows the old content or the new. What
/// `others` lead to is not written over.
pub fn replace(path: &Path, bytes: &[u8], others: &[&Path]) -> io::Result<()> {
    if is_special(path) {
        return fill_in_place(path, others, |mut out| out.write_all(bytes));
    }
    let (mut file, beside) = match create_beside(path) {
        Err(error) if may_write_in_place(&error) => {
            return fill_in_place(path, others, |mut out| out.write_all(bytes));
        }
        result => result?,
    };
    let result = file.write_all(bytes).and_then(|()| fs::rename(&beside, path));
    if result.is_err() {
        let _ = fs::remove_file(&beside);
    }
    result
}

/// Makes `path` say nothing: removes it, or empties it where names cannot be
/// removed.
pub fn clear(path: &Path) -> io::Result<()> {
    let removed = if is_special(path) { Err(ErrorKind::Unsupported.into()) } else { fs::remove_file(path) };
    match removed {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(_) => fill_in_place(path, &[], |_| Ok(())),
        Ok(()) => Ok(()),
    }
}

/// Whether something other than a file has this name. A device given by hand,
/// `/dev/null` say, must not be renamed over or removed.
pub(super) fn is_special(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|metadata| !metadata.is_file())
}

/// Removes what may stand at `path` from before; a device stays. Of a link it is the
/// link that goes.
pub fn remove_stale(path: &Path) {
    if fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_file() || metadata.is_symlink()) {
        let _ = fs::remove_file(path);
    }
}

/// Whether the directory takes no new names, so that a file which is there must be
/// written in place. A full disk is no reason for that: it would destroy the answer
/// that already stands.
pub(super) fn may_write_in_place(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem | ErrorKind::InvalidFilename
    )
}

/// Makes a new file beside `path`, under a name that nobody has yet.
pub(super) fn create_beside(path: &Path) -> io::Result<(File, PathBuf)> {
    let mut file = None;
    let make = |beside: &Path| {
        file = Some(OpenOptions::new().write(true).create_new(true).mode(MODE).open(beside)?);
        Ok(())
    };
    let beside = free_name(path, make)?;
    file.map(|file| (file, beside)).ok_or_else(|| ErrorKind::NotFound.into())
}

/// The first name beside `path` that `make` can make.
pub(super) fn free_name(path: &Path, mut make: impl FnMut(&Path) -> io::Result<()>) -> io::Result<PathBuf> {
    let mut last = ErrorKind::AlreadyExists.into();
    for i in 0..BESIDES {
        let beside = beside(path, i);
        match make(&beside) {
            Ok(()) => return Ok(beside),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => last = error,
            Err(error) => return Err(error),
        }
    }
    Err(last)
}

/// Names that are tried. One may be taken by a process of our number that was
/// killed.
const BESIDES: u32 = 10;

/// Has `write` fill the file at `path` where it stands.
pub(super) fn fill_in_place(
    path: &Path,
    others: &[&Path],
    write: impl FnOnce(&File) -> io::Result<()>,
) -> io::Result<()> {
    let mut file = open_in_place(path)?;
    check_apart(&file.metadata()?, others)?;
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
    fn what_is_no_regular_file_is_refused_at_once() {
        let dir = tempfile::tempdir().unwrap();
        assert!(read_start(dir.path(), 10).is_err());
        assert!(read_start(Path::new("/dev/zero"), 10).is_err());
    }

    #[test]
    fn replacing_keeps_no_tail_and_clearing_is_idempotent() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("o");
        create(&path, b"a longer first answer", &[]).unwrap();
        create(&path, b"a first answer", &[]).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"a first answer");
        replace(&path, b"short", &[]).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"short");
        fill_in_place(&path, &[], |mut out| out.write_all(b"s")).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"s");
        clear(&path).unwrap();
        clear(&path).unwrap();
        assert!(!path.exists());
    }

    #[test]
    fn a_file_that_another_name_leads_to_is_not_written_over() {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name);
        fs::write(path("part"), "part").unwrap();
        fs::hard_link(path("part"), path("hard")).unwrap();
        std::os::unix::fs::symlink("part", path("soft")).unwrap();
        for name in ["part", "hard", "soft"] {
            let others = [path("nothing"), path("part")];
            let others = others.each_ref().map(PathBuf::as_path);
            assert!(create(&path(name), b"x", &others).is_err(), "{name}");
            assert!(fill_in_place(&path(name), &others, |mut out| out.write_all(b"x")).is_err(), "{name}");
            assert_eq!(fs::read(path("part")).unwrap(), b"part", "{name}");
        }
        create(Path::new("/dev/null"), b"x", &[Path::new("/dev/null")]).unwrap();
    }

    #[test]
    fn one_name_is_one_name_however_it_is_written() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("x")).unwrap();
        let path = |name: &str| dir.path().join(name);
        let table = [
            ("a", "a", true),
            ("a", "x/../a", true),
            ("a", "./a", true),
            ("a", "x/a", false),
            ("a", "b", false),
            ("no/a", "gone/a", false),
        ];
        for (one, other, expected) in table {
            assert_eq!(are_one_name(&path(one), &path(other)), expected, "{one} {other}");
        }
    }
}
