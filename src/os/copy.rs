//! Copies and compares whole files in pieces, so that the clock and signals are
//! looked at between two of them. Fails with the system's error, or with what the
//! look at the clock gives.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::unix::fs::FileExt;

use nix::fcntl::copy_file_range;

/// Bytes that are read at a time. The system's own way of copying sets up more
/// than it saves for the size of most parts.
pub(super) const CHUNK: usize = 64 * 1024;

/// Bytes that the system copies between two looks at the clock: a disk that takes
/// ten times its usual time still takes less than a second for them.
const PIECE: usize = 1 << 20;

/// Says between two pieces whether to go on.
pub type GoOn<'g> = &'g dyn Fn() -> io::Result<()>;

/// Appends all of `from` to the empty file `to`, and gives the number of bytes. It
/// reads by place: a scanner may be using the offset of `from`.
pub(super) fn all(from: &File, to: &File, go_on: GoOn<'_>) -> io::Result<u64> {
    let mut at = by_the_system(from, to, go_on)?;
    // The end is proven by a read: copy_file_range(2) gives 0 for some file systems
    // that it does not know.
    let mut buf = Vec::new();
    loop {
        go_on()?;
        let piece = read_piece(from, &mut buf, at)?;
        if piece.is_empty() {
            return Ok(at);
        }
        let mut out = to;
        out.write_all(piece)?;
        at += piece.len() as u64;
    }
}

/// As far as the system copies by itself, which costs no memory here, and no room
/// on a file system that shares blocks.
fn by_the_system(from: &File, to: &File, go_on: GoOn<'_>) -> io::Result<u64> {
    let mut at = 0;
    loop {
        go_on()?;
        match copy_file_range(from, Some(&mut at), to, None, PIECE) {
            Ok(1..) => {}
            // An error that matters meets the writing that follows, too.
            Ok(0) | Err(_) => return u64::try_from(at).map_err(io::Error::other),
        }
    }
}

/// Whether both files hold the same bytes.
pub(super) fn are_same(one: &File, other: &File, go_on: GoOn<'_>) -> io::Result<bool> {
    let (mut at, mut a, mut b) = (0, Vec::new(), Vec::new());
    loop {
        go_on()?;
        let piece = read_piece(one, &mut a, at)?;
        let same = filled(other, &mut b, at, piece.len())?;
        if piece != same || piece.is_empty() {
            return Ok(piece == same);
        }
        at += piece.len() as u64;
    }
}

/// As many bytes of `file` as are there, up to `size`, or one where that is 0.
fn filled<'b>(file: &File, buf: &'b mut Vec<u8>, at: u64, size: usize) -> io::Result<&'b [u8]> {
    buf.clear();
    At { file, at }.take(size.max(1) as u64).read_to_end(buf)?;
    Ok(buf)
}

struct At<'f> {
    file: &'f File,
    at: u64,
}

impl Read for At<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.file.read_at(buf, self.at)?;
        self.at += n as u64;
        Ok(n)
    }
}

/// The bytes of `file` from `at` on, at most [`CHUNK`], in `buf`; none at its end.
pub(super) fn read_piece<'b>(file: &File, buf: &'b mut Vec<u8>, at: u64) -> io::Result<&'b [u8]> {
    buf.resize(CHUNK, 0);
    let n = file.read_at(buf, at)?;
    Ok(buf.get(..n).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;

    use super::*;
    use crate::os::files;

    fn late() -> io::Result<()> {
        Err(ErrorKind::TimedOut.into())
    }

    #[test]
    fn a_copy_is_exact_whatever_its_size() {
        for size in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE + 7] {
            let content: Vec<u8> = (0..size).map(|i| (i % 251) as u8).collect();
            let to = tempfile::tempfile().unwrap();
            // From another file system, which copy_file_range(2) refuses, and from the same.
            let memory = files::in_memory(&content).unwrap();
            assert_eq!(all(&memory, &to, &|| Ok(())).unwrap(), size as u64);
            assert!(are_same(&memory, &to, &|| Ok(())).unwrap(), "{size}");
            let again = tempfile::tempfile().unwrap();
            assert_eq!(all(&to, &again, &|| Ok(())).unwrap(), size as u64);
            assert!(are_same(&again, &memory, &|| Ok(())).unwrap(), "{size}");
        }
    }

    #[test]
    fn one_byte_more_or_other_is_another_content() {
        let one = files::in_memory(&[1; 100_000]).unwrap();
        let mut other = vec![1; 100_000];
        other.push(1);
        assert!(!are_same(&one, &files::in_memory(&other).unwrap(), &|| Ok(())).unwrap());
        assert!(!are_same(&files::in_memory(&other).unwrap(), &one, &|| Ok(())).unwrap());
        other.pop();
        other[99_999] = 2;
        assert!(!are_same(&one, &files::in_memory(&other).unwrap(), &|| Ok(())).unwrap());
    }

    #[test]
    fn both_end_when_they_are_told_to() {
        let file = files::in_memory(b"x").unwrap();
        let to = tempfile::tempfile().unwrap();
        assert_eq!(all(&file, &to, &late).unwrap_err().kind(), ErrorKind::TimedOut);
        assert_eq!(are_same(&file, &file, &late).unwrap_err().kind(), ErrorKind::TimedOut);
        assert_eq!(to.metadata().unwrap().len(), 0);
    }
}
