//! Digests of content. Fails with the error of the reader, and where a file
//! changes while it is read.

use std::fs::File;
use std::io::{self, ErrorKind, Read};

use sha2::{Digest, Sha256};

use super::clock::Deadline;
use super::input::{CHUNK, SMALL, Stamp, Until, changed};

/// The SHA-256 of all that `content` gives, in lower-case hex.
pub fn sha256(mut content: impl Read) -> io::Result<String> {
    let mut hasher = Sha256::new();
    let mut buf = vec![0; CHUNK];
    loop {
        match content.read(&mut buf) {
            Ok(0) => break,
            Ok(n) => hasher.update(buf.get(..n).unwrap_or_default()),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
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

    use super::*;

    #[test]
    fn the_digest_is_sha_256() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("f");
        fs::write(&path, b"abc").unwrap();
        let digest = sha256(&File::open(&path).unwrap()).unwrap();
        assert_eq!(digest, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}
