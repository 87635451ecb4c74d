//! A table of fixed size in one file that all our processes share without a
//! lock. Fails with the system's error; what cannot be read is not there.
//!
//! A key has one bucket of four slots. Reading is one read of the bucket,
//! writing one write of a slot. A checksum over everything in a slot tells a
//! whole one from whatever else may stand there: nothing, half of two writers'
//! entries, the tail of a full disk, another table's bytes.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::os::unix::fs::FileExt;
#[cfg(any(test, feature = "testing"))]
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use super::clock::{self, in_micros};
use super::shared;

/// Name of an entry: a digest, or what is as evenly spread.
pub type Key = [u8; 32];

/// Bytes of a slot. A power of two, so that none lies across two pages.
const SLOT: usize = 256;

/// Slots of a bucket.
const WAYS: usize = 4;

/// Where the parts of a slot are: key, time, length, content, checksum.
const TIME: usize = 32;
const LENGTH: usize = TIME + 8;
const CONTENT: usize = LENGTH + 1;
const SUM: usize = SLOT - 16;

/// Most bytes that an entry holds.
pub const LARGEST: usize = SUM - CONTENT;

/// What the checksum starts with, so that no other format has the same.
const FORMAT: &[u8] = b"convscan slot 1";

/// How far in the future an entry may have been written: clocks are put right
/// by small steps.
const STEP: Duration = Duration::from_secs(10);

/// A table.
#[derive(Clone, Debug)]
pub struct Slots {
    path: PathBuf,
    buckets: u64,
    kept: Duration,
}

/// An entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// When it was written, in microseconds since 1970.
    pub at: u64,
    /// What was written.
    pub content: Vec<u8>,
}

impl Entry {
    /// Whether it is younger than `kept`.
    pub fn is_within(&self, kept: Duration) -> bool {
        let now = clock::micros();
        self.at <= now.saturating_add(in_micros(STEP)) && now.saturating_sub(self.at) < in_micros(kept)
    }
}

impl Slots {
    /// The table at `path` with room for `entries`, each of which counts for at
    /// most `kept`. Nothing is opened yet.
    pub fn new(path: PathBuf, entries: u32, kept: Duration) -> Self {
        let buckets = u64::from(entries).div_ceil(WAYS as u64).max(1);
        Self { path, buckets, kept }
    }

    /// Whether nothing was written lately, so that there is nothing to be found.
    pub fn is_idle(&self) -> bool {
        let modified = fs::symlink_metadata(&self.path).and_then(|metadata| metadata.modified());
        modified.map_or(true, |at| at.elapsed().is_ok_and(|age| age > self.kept))
    }

    #[cfg(any(test, feature = "testing"))]
    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The entry that was last written under `key`.
    pub fn find(&self, key: &Key) -> io::Result<Option<Entry>> {
        let file = match shared::existing(&self.path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            result => result?,
        };
        let bucket = self.read(&file, key)?;
        let own = ways(&bucket).filter(|slot| slot.starts_with(key)).filter_map(whole);
        let own = own.map(|(_, entry)| entry).filter(|entry| entry.is_within(self.kept));
        Ok(own.max_by_key(|entry| entry.at))
    }

    /// Writes an entry: over the old one of its key, else to a free slot, else
    /// over the oldest. What is longer than [`LARGEST`] is cut; nothing is no entry.
    pub fn put(&self, key: &Key, content: &[u8]) -> io::Result<()> {
        let file = shared::open(&self.path)?;
        let bucket = self.read(&file, key)?;
        let age = |slot: &[u8; SLOT]| match whole(slot) {
            Some((found, _)) if found == key => 0,
            Some((_, entry)) if entry.is_within(self.kept) => entry.at.max(2),
            Some(_) | None => 1,
        };
        let way = ways(&bucket).enumerate().min_by_key(|(_, slot)| age(slot)).map_or(0, |(i, _)| i);
        let slot = slot(key, clock::micros(), content);
        file.write_all_at(&slot, self.start(key) + (way * SLOT) as u64)
    }

    /// Takes the entry of `key` out.
    pub fn forget(&self, key: &Key) -> io::Result<()> {
        let file = shared::existing(&self.path)?;
        let bucket = self.read(&file, key)?;
        let own = ways(&bucket).enumerate().filter(|(_, slot)| slot.starts_with(key));
        for (way, _) in own {
            file.write_all_at(&[0; SLOT], self.start(key) + (way * SLOT) as u64)?;
        }
        Ok(())
    }

    /// The bucket of `key`; what lies behind the end of the file is zero.
    fn read(&self, file: &File, key: &Key) -> io::Result<[u8; WAYS * SLOT]> {
        let mut bucket = [0; WAYS * SLOT];
        file.read_at(&mut bucket, self.start(key))?;
        Ok(bucket)
    }

    fn start(&self, key: &Key) -> u64 {
        let place = key.first_chunk().copied().map_or(0, u64::from_le_bytes) % self.buckets;
        place * (WAYS * SLOT) as u64
    }
}

fn ways(bucket: &[u8; WAYS * SLOT]) -> impl Iterator<Item = &[u8; SLOT]> {
    bucket.as_chunks().0.iter()
}

/// The bytes of a slot.
fn slot(key: &Key, at: u64, content: &[u8]) -> [u8; SLOT] {
    let content = content.get(..LARGEST).unwrap_or(content);
    let mut slot = [0; SLOT];
    // It has been cut to what a byte can say.
    let length = u8::try_from(content.len()).unwrap_or(0);
    let at = at.to_le_bytes();
    let parts = key.iter().chain(&at).chain([&length]).chain(content);
    slot.iter_mut().zip(parts).for_each(|(to, from)| *to = *from);
    let sum = sum(&slot);
    slot.iter_mut().skip(SUM).zip(sum).for_each(|(to, from)| *to = from);
    slot
}

/// The key and the entry of a slot, if it is one.
fn whole(slot: &[u8; SLOT]) -> Option<(&Key, Entry)> {
    // Most slots are empty, and a sum costs more than a look.
    let length = usize::from(*slot.get(LENGTH)?);
    if length == 0 || !slot.ends_with(&sum(slot)) {
        return None;
    }
    let at = slot.get(TIME..)?.first_chunk().copied().map(u64::from_le_bytes)?;
    let content = slot.get(CONTENT..CONTENT + length)?.to_vec();
    Some((slot.first_chunk()?, Entry { at, content }))
}

/// The checksum over all that stands before it.
fn sum(slot: &[u8; SLOT]) -> [u8; SLOT - SUM] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(FORMAT).update(slot.get(..SUM).unwrap_or_default());
    let mut sum = [0; SLOT - SUM];
    hasher.finalize_xof().fill(&mut sum);
    sum
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    fn key(n: u64) -> Key {
        *blake3::hash(&n.to_le_bytes()).as_bytes()
    }

    fn found(table: &Slots, key: &Key) -> Option<Vec<u8>> {
        table.find(key).unwrap().map(|entry| entry.content)
    }

    #[test]
    fn what_was_written_last_is_found() {
        let directory = tempfile::tempdir().unwrap();
        let table = Slots::new(directory.path().join("table"), 64, HOUR);
        assert_eq!(found(&table, &key(1)), None);
        assert!(table.is_idle());
        table.put(&key(1), b"one").unwrap();
        assert!(!table.is_idle());
        table.put(&key(1), b"other").unwrap();
        table.put(&key(2), &[7; 500]).unwrap();
        assert_eq!(found(&table, &key(1)).unwrap(), b"other");
        assert_eq!(found(&table, &key(2)).unwrap(), [7; LARGEST]);
        assert_eq!(found(&table, &key(3)), None);
        table.forget(&key(1)).unwrap();
        assert_eq!(found(&table, &key(1)), None);
        assert_eq!(found(&table, &key(2)).unwrap(), [7; LARGEST]);
        let metadata = fs::metadata(table.path()).unwrap();
        assert_eq!(metadata.permissions().mode() & 0o7777, 0o600);
    }

    #[test]
    fn it_never_grows_and_keeps_the_newest() {
        let directory = tempfile::tempdir().unwrap();
        let table = Slots::new(directory.path().join("table"), 64, HOUR);
        for n in 0..2000 {
            table.put(&key(n), &n.to_le_bytes()).unwrap();
            assert_eq!(found(&table, &key(n)).unwrap(), n.to_le_bytes());
        }
        assert!(fs::metadata(table.path()).unwrap().len() <= 64 * 256);
        let kept = (0..2000).filter(|n| found(&table, &key(*n)).is_some()).count();
        assert!((32..=64).contains(&kept), "{kept}");
    }

    #[test]
    fn what_is_too_old_is_gone() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("table");
        Slots::new(path.clone(), 64, HOUR).put(&key(1), b"one").unwrap();
        assert!(found(&Slots::new(path.clone(), 64, HOUR), &key(1)).is_some());
        let table = Slots::new(path, 64, Duration::ZERO);
        assert!(found(&table, &key(1)).is_none());
        assert!(table.is_idle());
        let far = Entry { at: u64::MAX, content: Vec::new() };
        assert!(!far.is_within(HOUR));
    }

    #[test]
    fn another_size_loses_entries_and_nothing_else() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("table");
        for (round, entries) in [64, 1 << 16, 4, 100, 64].into_iter().enumerate() {
            let table = Slots::new(path.clone(), entries, HOUR);
            for n in 0..200 {
                if let Some(content) = found(&table, &key(n)) {
                    assert!(content.starts_with(&n.to_le_bytes()));
                }
                table.put(&key(n), &[&n.to_le_bytes()[..], &round.to_le_bytes()].concat()).unwrap();
            }
        }
    }

    /// Two processes write one slot at the same time, one is killed in the middle,
    /// the disk is full after some bytes.
    #[test]
    fn every_mixture_of_two_writers_is_one_of_them_or_nothing() {
        let (one, other) = (slot(&key(1), 5, b"infected A"), slot(&key(1), 6, b"clean"));
        let foreign = slot(&key(2), 7, b"clean");
        let sound = |bytes: &[u8; SLOT]| match whole(bytes) {
            None => false,
            Some((found, entry)) => {
                let expected =
                    [(key(1), 5, &b"infected A"[..]), (key(1), 6, b"clean"), (key(2), 7, b"clean")];
                assert!(expected.contains(&(*found, entry.at, &entry.content)), "{entry:?}");
                true
            }
        };
        let mut met = 0;
        for (a, b) in [(one, other), (other, one), (one, [0; SLOT]), (one, [0xff; SLOT]), (one, foreign)] {
            for end in 0..=SLOT {
                let mut mixed = b;
                mixed[..end].copy_from_slice(&a[..end]);
                assert_eq!(sound(&mixed), mixed == a || mixed == b && b[0] != 0 && b[0] != 0xff, "{end}");
                met += 1;
            }
            // Any bytes of one among the other's.
            let mut random = blake3::Hasher::new().update(&a).update(&b).finalize_xof();
            for _ in 0..2000 {
                let mut mask = [0; SLOT];
                random.fill(&mut mask);
                let mut mixed = b;
                mixed
                    .iter_mut()
                    .zip(a)
                    .zip(mask)
                    .filter(|(_, m)| m % 2 == 0)
                    .for_each(|((to, from), _)| *to = from);
                sound(&mixed);
                met += 1;
            }
        }
        assert!(met > 10_000);
    }

    #[test]
    fn every_changed_bit_is_noticed() {
        let slot = slot(&key(1), 5, b"clean");
        for bit in 0..SLOT * 8 {
            let mut changed = slot;
            changed[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(whole(&changed), None, "{bit}");
        }
        assert!(whole(&slot).is_some());
    }

    #[test]
    fn whatever_else_has_the_name_is_refused_or_read_as_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let (link, garbage) = (directory.path().join("link"), directory.path().join("garbage"));
        symlink("/etc/passwd", &link).unwrap();
        for path in [&link, directory.path(), Path::new("/dev/null"), Path::new("/nowhere/table")] {
            let table = Slots::new(path.to_owned(), 64, HOUR);
            assert!(table.put(&key(1), b"x").is_err(), "{}", path.display());
            assert!(!matches!(table.find(&key(1)), Ok(Some(_))), "{}", path.display());
        }
        let mut bytes = vec![0; 5000];
        blake3::Hasher::new().finalize_xof().fill(&mut bytes);
        for length in [0, 1, 300, 5000] {
            fs::write(&garbage, &bytes[..length]).unwrap();
            let table = Slots::new(garbage.clone(), 16, HOUR);
            for n in 0..50 {
                assert_eq!(found(&table, &key(n)), None);
                table.put(&key(n), b"x").unwrap();
                assert!(found(&table, &key(n)).is_some());
            }
        }
    }
}
