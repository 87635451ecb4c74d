//! A lock that dies with its process. Fails where the system has no such locks;
//! whoever wanted one then goes on without.
//!
//! All of them are single bytes of one file, which need not be there: a lock
//! costs no name and no space, and nothing of it is left behind.

use std::fs::File;
use std::io;
use std::path::Path;
use std::thread;
use std::time::Duration;

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, fcntl};
use nix::libc;

use super::clock::Deadline;
use super::shared;

/// First and longest pause between two attempts.
const PAUSES: (Duration, Duration) = (Duration::from_millis(1), Duration::from_millis(20));

/// A lock on one place. It is given back with this value.
///
/// It belongs to the open file, not to the process (fcntl(2), open file
/// description locks), so it keeps two threads apart, too, and no other closing
/// of the same file loses it.
#[derive(Debug)]
pub struct Lock {
    file: File,
    place: u64,
}

impl Lock {
    /// Takes the lock on `place` in the lock file `path`; `None` while somebody
    /// else has it. The top bit of a place does not count: offsets have a sign.
    pub fn attempt(path: &Path, place: u64) -> io::Result<Option<Self>> {
        let file = shared::open(path)?;
        Ok(take(&file, place)?.then_some(Self { file, place }))
    }

    /// Likewise, and waits for it; `None` where it was not to be had in time.
    pub fn wait(path: &Path, place: u64, by: Deadline) -> io::Result<Option<Self>> {
        let file = shared::open(path)?;
        let mut pause = PAUSES.0;
        while !take(&file, place)? {
            match by.left() {
                Some(left) => thread::sleep(pause.min(left)),
                None => return Ok(None),
            }
            pause = PAUSES.1.min(pause * 2);
        }
        Ok(Some(Self { file, place }))
    }
}

impl Drop for Lock {
    /// Closing is not enough: a program that another thread is just starting
    /// has the file open, too, until it runs.
    fn drop(&mut self) {
        let _ = set(&self.file, self.place, libc::F_UNLCK);
    }
}

fn take(file: &File, place: u64) -> io::Result<bool> {
    match set(file, place, libc::F_WRLCK) {
        Ok(()) => Ok(true),
        Err(Errno::EAGAIN | Errno::EACCES) => Ok(false),
        Err(errno) => Err(errno.into()),
    }
}

fn set(file: &File, place: u64, kind: libc::c_int) -> nix::Result<()> {
    let byte = libc::flock {
        // Small constants of the C library, whose types it does not settle.
        l_type: kind as libc::c_short,
        l_whence: libc::SEEK_SET as libc::c_short,
        // The mask leaves what fits.
        l_start: i64::try_from(place & PLACES).unwrap_or_default(),
        l_len: 1,
        l_pid: 0,
    };
    fcntl(file, FcntlArg::F_OFD_SETLK(&byte)).map(drop)
}

/// The places there are.
const PLACES: u64 = i64::MAX as u64;

#[cfg(test)]
mod tests {
    use std::fs;
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn one_has_it_at_a_time() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("locks");
        for place in [0, 7, PLACES, u64::MAX - 1] {
            let held = Lock::attempt(&path, place).unwrap().unwrap();
            assert!(Lock::attempt(&path, place).unwrap().is_none(), "{place}");
            assert!(Lock::attempt(&path, place ^ 1).unwrap().is_some(), "{place}");
            let soon = Deadline::after(Duration::from_millis(5));
            assert!(Lock::wait(&path, place, soon).unwrap().is_none(), "{place}");
            drop(held);
            assert!(Lock::attempt(&path, place).unwrap().is_some(), "{place}");
        }
        assert_eq!(fs::metadata(&path).unwrap().len(), 0);
    }

    #[test]
    fn who_waits_gets_it() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("locks");
        let held = Lock::attempt(&path, 1).unwrap().unwrap();
        thread::scope(|scope| {
            let (path, by) = (path.clone(), Deadline::after(Duration::from_secs(30)));
            let waiting = scope.spawn(move || Lock::wait(&path, 1, by).unwrap().is_some());
            drop(held);
            assert!(waiting.join().unwrap());
        });
    }

    #[test]
    fn a_program_that_is_started_does_not_keep_it() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("locks");
        let held = Lock::attempt(&path, 1).unwrap().unwrap();
        let mut child = Command::new("/bin/cat").stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        drop(held);
        assert!(Lock::attempt(&path, 1).unwrap().is_some());
        drop(child.stdin.take());
        child.wait().unwrap();
    }

    #[test]
    fn without_a_lock_file_there_are_none() {
        assert!(Lock::attempt(Path::new("/nowhere/locks"), 1).is_err());
        assert!(Lock::attempt(Path::new("/dev/null"), 1).is_err());
    }
}
