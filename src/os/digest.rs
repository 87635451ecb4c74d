//! Digests of content. Fails with the error of the reader, and where a file
//! changes while it is read.

use std::fs::File;
use std::io;

use sha2::{Digest, Sha256};

use super::clock::Deadline;
use super::copy::CHUNK;
use super::input::{SMALL, Stamp, Until, changed};

/// The SHA-256 of what is in `file`.
pub fn sha256(file: &File, by: Deadline) -> io::Result<[u8; 32]> {
    let mut hasher = Sha256::new();
    Until::new(file, by).pieces(|piece| {
        hasher.update(piece);
        true
    })?;
    Ok(hasher.finalize().into())
}

/// `bytes` in lower-case hex.
pub fn hex(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 0xf]);
    digits.filter_map(|digit| char::from_digit(digit.into(), 16)).collect()
}

/// The BLAKE3 of what is in `file`, with the stamp that it had all the time.
pub(super) fn blake3(file: &File, by: Deadline) -> io::Result<(Stamp, [u8; 32])> {
    let stamp = Stamp::of(file)?;
    let (mut hasher, mut read) = (blake3::Hasher::new(), 0);
    // To make a large buffer costs a small part more than to read it piece by piece.
    let size = if stamp.size > SMALL { CHUNK } else { PIECE };
    Until::new(file, by).pieces_of(size, |piece| {
        hasher.update(piece);
        read += piece.len() as u64;
        true
    })?;
    let is_whole = read == stamp.size && Stamp::of(file)? == stamp;
    if is_whole { Ok((stamp, *hasher.finalize().as_bytes())) } else { Err(changed()) }
}

/// Bytes that BLAKE3 can digest at a time: eight of its chunks of 1024.
const PIECE: usize = 8 * 1024;

#[cfg(test)]
mod tests {
    use std::fs;
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_digest_is_sha_256() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("f");
        fs::write(&path, b"abc").unwrap();
        let by = Deadline::after(Duration::from_secs(20));
        let digest = sha256(&File::open(&path).unwrap(), by).unwrap();
        assert_eq!(hex(&digest), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}
