//! One process at a time scans a content that many have: the others wait for what
//! it finds. Fails when that takes too long.

use std::path::Path;
use std::time::Duration;

use crate::engine::health::LOCKS;
use crate::os::clock::Deadline;
use crate::os::lock::Lock;
use crate::os::slots::{Key, Slots};
use crate::verdict::{ErrorKind, ScanError};

/// The file of the contents that are not worth waiting for, below the state
/// directory, and how many there are.
const FLIGHTS: &str = "flights";
const ENTRIES: u32 = 1024;

/// How long one counts as not worth waiting for.
const KEPT: Duration = Duration::from_secs(600);

/// Takes the turn to scan the content of `key`, or waits until whoever has it is
/// done. `None` where nobody needs to wait: the last verdict was not one that is
/// remembered, as for the logo under everybody's mail, or there are no locks.
pub(super) fn turn(state: &Path, key: &Key, by: Deadline) -> Result<Option<Lock>, ScanError> {
    let (locks, place) = (state.join(LOCKS), place(key));
    match Lock::attempt(&locks, place) {
        Ok(None) if is_in_vain(state, key) => return Ok(None),
        Ok(None) => {}
        Ok(lock) => return Ok(lock),
        Err(_) => return Ok(None),
    }
    match Lock::wait(&locks, place, by) {
        Ok(None) => {
            let detail = "no time left: somebody else was still scanning the same content";
            Err(ScanError::new(ErrorKind::TimedOut, detail))
        }
        Ok(lock) => Ok(lock.filter(|_| !is_in_vain(state, key))),
        Err(_) => Ok(None),
    }
}

/// Notes that waiting for the verdict on this content is in vain.
pub(super) fn in_vain(state: &Path, key: &Key) {
    let _ = table(state).put(key, b"-");
}

fn is_in_vain(state: &Path, key: &Key) -> bool {
    matches!(table(state).find(key), Ok(Some(_)))
}

fn table(state: &Path) -> Slots {
    Slots::new(state.join(FLIGHTS), ENTRIES, KEPT)
}

/// The place of a key's lock: its first bytes are as good as any.
pub(super) fn place(key: &Key) -> u64 {
    key.first_chunk().copied().map_or(0, u64::from_le_bytes)
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    #[test]
    fn who_comes_second_waits_unless_that_is_in_vain() {
        let directory = tempfile::tempdir().unwrap();
        let (state, key) = (directory.path(), [1; 32]);
        let soon = || Deadline::after(Duration::from_millis(30));
        let first = turn(state, &key, soon()).unwrap();
        assert!(first.is_some());
        assert_eq!(turn(state, &key, soon()).unwrap_err().kind, ErrorKind::TimedOut);
        assert!(turn(state, &[2; 32], soon()).unwrap().is_some());
        thread::scope(|scope| {
            let late = Deadline::after(Duration::from_secs(30));
            let waiting = scope.spawn(move || turn(state, &key, late).unwrap().is_some());
            drop(first);
            assert!(waiting.join().unwrap());
        });
        let first = turn(state, &key, soon()).unwrap();
        in_vain(state, &key);
        assert!(first.is_some() && turn(state, &key, soon()).unwrap().is_none());
    }

    #[test]
    fn without_locks_nobody_waits() {
        let by = Deadline::after(Duration::from_secs(30));
        assert!(turn(Path::new("/nowhere"), &[1; 32], by).unwrap().is_none());
    }
}
