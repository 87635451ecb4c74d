//! A count of events within the current minute, kept by all our processes
//! without a lock, and whether there have lately been very many. Fails with the
//! system's error; what cannot be read has not happened.

use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{clock, files, shared};

/// What counts as "the current minute", in microseconds.
const WINDOW: u64 = 60_000_000;

/// How long very many events keep their mark: a storm pauses for breath.
const KEPT: Duration = Duration::from_secs(600);

/// A count. One file holds the number of the minute and a byte for each event
/// in it: appending is the one way to count that needs no lock. Another holds
/// the time when there were last too many.
#[derive(Clone, Debug)]
pub struct Tally {
    count: PathBuf,
    mark: PathBuf,
    many: u64,
}

impl Tally {
    /// The count in files at `path`; `many` events within a minute are a storm.
    pub fn new(path: &Path, many: u32) -> Self {
        Self { count: path.with_extension("count"), mark: path.with_extension("on"), many: many.into() }
    }

    /// Whether there were very many within the last minutes.
    pub fn is_storm(&self) -> bool {
        self.since_mark().is_some_and(|since| since < clock::in_micros(KEPT))
    }

    /// Counts one event. A few that come at the very turn of the minute may not
    /// be counted.
    pub fn count(&self) -> io::Result<()> {
        let minute = clock::micros() / WINDOW;
        let mut file = shared::appending(&self.count)?;
        let started = number(&file);
        if started != Some(minute) {
            files::replace(&self.count, &minute.to_le_bytes(), &[])?;
            file = shared::appending(&self.count)?;
        }
        // The file stops growing when there is nothing more to learn from it.
        if self.counted(&file)? < self.many {
            file.write_all(b".")?;
        }
        let is_fresh = self.since_mark().is_some_and(|since| since < WINDOW);
        if self.counted(&file)? >= self.many && !is_fresh {
            shared::open(&self.mark)?.write_all_at(&clock::micros().to_le_bytes(), 0)?;
        }
        Ok(())
    }

    fn counted(&self, file: &File) -> io::Result<u64> {
        Ok(file.metadata()?.len().saturating_sub(size_of::<u64>() as u64))
    }

    /// Microseconds since the mark was set; `None` where there is none that can
    /// be believed.
    fn since_mark(&self) -> Option<u64> {
        clock::micros().checked_sub(number(&shared::existing(&self.mark).ok()?)?)
    }
}

fn number(file: &File) -> Option<u64> {
    let mut bytes = [0; size_of::<u64>()];
    file.read_exact_at(&mut bytes, 0).ok()?;
    Some(u64::from_le_bytes(bytes))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::thread;

    use super::*;

    fn tally(directory: &Path, many: u32) -> Tally {
        Tally::new(&directory.join("storm"), many)
    }

    #[test]
    fn many_at_once_are_a_storm_and_few_are_not() {
        let directory = tempfile::tempdir().unwrap();
        let few = tally(directory.path(), 1_000_000);
        assert!(!few.is_storm());
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..25).for_each(|_| few.count().unwrap()));
            }
        });
        assert!(!few.is_storm());
        let tally = tally(directory.path(), 3);
        // Unless the minute turns between them, three are enough.
        (0..6).for_each(|_| tally.count().unwrap());
        assert!(tally.is_storm());
    }

    #[test]
    fn the_file_stops_growing() {
        let directory = tempfile::tempdir().unwrap();
        let tally = tally(directory.path(), 10);
        for _ in 0..100 {
            tally.count().unwrap();
            assert!(fs::metadata(&tally.count).unwrap().len() <= 18);
        }
    }

    #[test]
    fn last_minute_s_events_and_garbage_do_not_count() {
        let directory = tempfile::tempdir().unwrap();
        let tally = tally(directory.path(), 10);
        let past = (clock::micros() / WINDOW - 2).to_le_bytes();
        for content in [[&past[..], &[b'.'; 500]].concat(), vec![0xff; 500], Vec::new(), vec![0; 3]] {
            fs::write(&tally.count, content).unwrap();
            tally.count().unwrap();
            assert!(!tally.is_storm());
        }
        let later = clock::micros() + clock::in_micros(KEPT);
        let long_ago = clock::micros() - clock::in_micros(KEPT);
        for mark in [&[][..], b"\0", &[0xff; 8], &[0; 8], &later.to_le_bytes(), &long_ago.to_le_bytes()] {
            fs::write(&tally.mark, mark).unwrap();
            assert!(!tally.is_storm(), "{mark:?}");
        }
        fs::write(&tally.mark, (long_ago + WINDOW).to_le_bytes()).unwrap();
        assert!(tally.is_storm());
    }
}
