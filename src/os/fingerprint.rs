//! The digests of a part's content, found out once, and not before somebody asks.
//! Cannot fail; what cannot be read, or changes meanwhile, has none.

use std::fs::File;
use std::sync::OnceLock;

use super::clock::Deadline;
use super::digest;
use super::input::Stamp;

/// A digest.
pub type Digest = [u8; 32];

/// What tells the content of one file from all others.
#[derive(Debug)]
pub struct Fingerprint<'a> {
    file: &'a File,
    known: OnceLock<Option<(Stamp, Digest)>>,
    sha256: OnceLock<Digest>,
}

impl<'a> Fingerprint<'a> {
    /// That of `file`, which is not read yet.
    pub fn new(file: &'a File) -> Self {
        Self { file, known: OnceLock::new(), sha256: OnceLock::new() }
    }

    /// The BLAKE3 of what is in `file`, if that is the file this belongs to, and
    /// is still what it was when the digest was taken.
    pub fn digest(&self, file: &File, by: Deadline) -> Option<Digest> {
        let known = self.known.get_or_init(|| digest::blake3(self.file, by).ok());
        let (stamp, digest) = known.as_ref()?;
        (Stamp::of(file).ok()? == *stamp).then_some(*digest)
    }

    /// The SHA-256, by which people and other programs know the content.
    pub fn sha256(&self, by: Deadline) -> Option<Digest> {
        if let Some(known) = self.sha256.get() {
            return Some(*known);
        }
        let found = digest::sha256(self.file, by).ok()?;
        Some(*self.sha256.get_or_init(|| found))
    }

    /// Takes `sha256` for the SHA-256: it was remembered for the same BLAKE3.
    pub fn learn_sha256(&self, sha256: Digest) {
        let _ = self.sha256.set(sha256);
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::time::Duration;

    use super::*;

    #[test]
    fn it_belongs_to_one_file_with_one_content() {
        let directory = tempfile::tempdir().unwrap();
        let (one, other) = (directory.path().join("one"), directory.path().join("other"));
        fs::write(&one, "abc").unwrap();
        fs::write(&other, "abc").unwrap();
        let (file, again) = (File::open(&one).unwrap(), File::open(&one).unwrap());
        let by = Deadline::after(Duration::from_secs(20));
        let fingerprint = Fingerprint::new(&file);
        let digest = fingerprint.digest(&file, by).unwrap();
        assert_eq!(digest, *blake3::hash(b"abc").as_bytes());
        assert_eq!(fingerprint.digest(&again, by), Some(digest));
        assert_eq!(fingerprint.digest(&File::open(&other).unwrap(), by), None);
        fs::write(&one, "abcd").unwrap();
        assert_eq!(fingerprint.digest(&file, by), None);
    }

    #[test]
    fn what_is_learned_is_not_found_out_again() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("one");
        fs::write(&path, "abc").unwrap();
        let file = File::open(&path).unwrap();
        let fingerprint = Fingerprint::new(&file);
        fingerprint.learn_sha256([7; 32]);
        let never = Deadline::after(Duration::ZERO);
        assert_eq!(fingerprint.sha256(never), Some([7; 32]));
        let fingerprint = Fingerprint::new(&file);
        assert_eq!(fingerprint.sha256(never), None);
        let found = fingerprint.sha256(Deadline::after(Duration::from_secs(20))).unwrap();
        assert!(found.starts_with(&[0xba, 0x78, 0x16]), "{found:?}");
    }

    #[test]
    fn without_time_there_is_none() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("one");
        fs::write(&path, "abc").unwrap();
        let file = File::open(&path).unwrap();
        assert_eq!(Fingerprint::new(&file).digest(&file, Deadline::after(Duration::ZERO)), None);
    }
}
