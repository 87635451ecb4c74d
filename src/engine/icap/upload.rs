//! What is sent, and how far it got: header, preview, and the rest when the
//! server wants it. Fails when the part cannot be read; with `InvalidInput` when
//! it is not what it was.

use std::io::{self, ErrorKind, Read};

use crate::os::input::Until;

/// Bytes of the part in one chunk.
const CHUNK: u64 = 64 * 1024;

/// Something on its way out.
pub(super) struct Upload<'a> {
    content: Option<Until<'a>>,
    /// Bytes of the part that are not in `out` yet.
    left: u64,
    out: Vec<u8>,
    at: usize,
    stage: Stage,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// The server has its preview and must say whether it wants the rest.
    Paused,
    /// There is more.
    Going,
    /// All is in `out` or gone.
    Ended,
    /// The server takes no more.
    Refused,
}

impl<'a> Upload<'a> {
    /// A request without a body.
    pub(super) fn bare(head: String) -> Self {
        Self { content: None, left: 0, out: head.into_bytes(), at: 0, stage: Stage::Ended }
    }

    /// A request with a part of `size` bytes, of which `preview` go first.
    pub(super) fn new(head: String, content: Until<'a>, size: u64, preview: Option<u64>) -> io::Result<Self> {
        let mut upload = Self { content: Some(content), left: size, ..Self::bare(head) };
        upload.stage = Stage::Going;
        let Some(count) = preview else {
            upload.fill()?;
            return Ok(upload);
        };
        upload.chunk(count.min(size))?;
        if upload.left == 0 {
            upload.end(b"0; ieof\r\n\r\n")?;
        } else {
            upload.out.extend_from_slice(b"0\r\n\r\n");
            upload.stage = Stage::Paused;
        }
        Ok(upload)
    }

    /// Puts the next chunk into `out`, and the end behind the last one.
    fn fill(&mut self) -> io::Result<()> {
        self.chunk(self.left.min(CHUNK))?;
        if self.left == 0 { self.end(b"0\r\n\r\n") } else { Ok(()) }
    }

    /// Puts the end into `out`, if it is one.
    fn end(&mut self, mark: &[u8]) -> io::Result<()> {
        let content = self.content.as_mut().ok_or_else(changed)?;
        if content.read(&mut [0])? > 0 {
            return Err(changed());
        }
        self.out.extend_from_slice(mark);
        self.stage = Stage::Ended;
        Ok(())
    }

    /// Puts `count` bytes of the part into `out`.
    fn chunk(&mut self, count: u64) -> io::Result<()> {
        if count == 0 {
            return Ok(());
        }
        let content = self.content.as_mut().ok_or_else(changed)?;
        self.out.extend_from_slice(format!("{count:x}\r\n").as_bytes());
        let start = self.out.len();
        self.out.resize(start + usize::try_from(count).map_err(io::Error::other)?, 0);
        content
            .read_exact(self.out.get_mut(start..).unwrap_or_default())
            .map_err(|error| if error.kind() == ErrorKind::UnexpectedEof { changed() } else { error })?;
        self.out.extend_from_slice(b"\r\n");
        self.left -= count;
        Ok(())
    }

    /// What is to go out next; empty where nothing is.
    pub(super) fn pending(&mut self) -> io::Result<&[u8]> {
        if self.at == self.out.len() && self.stage == Stage::Going {
            self.out.clear();
            self.at = 0;
            self.fill()?;
        }
        Ok(self.out.get(self.at..).unwrap_or_default())
    }

    /// `count` bytes have gone out.
    pub(super) fn advance(&mut self, count: usize) {
        self.at = self.out.len().min(self.at + count);
    }

    /// The server takes no more.
    pub(super) fn refuse(&mut self) {
        self.at = self.out.len();
        self.stage = Stage::Refused;
    }

    /// The server wants the rest; `false` where there is none.
    pub(super) fn go_on(&mut self) -> bool {
        let paused = self.stage == Stage::Paused && self.at == self.out.len();
        if paused {
            self.stage = Stage::Going;
        }
        paused
    }

    /// Whether there is something to go out.
    pub(super) fn is_going(&self) -> bool {
        self.at < self.out.len() || self.stage == Stage::Going
    }

    /// Whether all has gone out.
    pub(super) fn is_whole(&self) -> bool {
        self.at == self.out.len() && self.stage == Stage::Ended
    }
}

fn changed() -> io::Error {
    io::Error::new(ErrorKind::InvalidInput, "the part changed while it was sent")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::os::clock::Deadline;
    use crate::os::files;

    /// All that goes out, with `|` where the server says that it wants more.
    fn sent(content: &[u8], size: u64, preview: Option<u64>) -> io::Result<String> {
        let file = files::anonymous(content)?;
        let content = Until::new(&file, Deadline::after(Duration::from_secs(60)));
        let mut upload = Upload::new("H".to_owned(), content, size, preview)?;
        let mut out = Vec::new();
        loop {
            let piece = upload.pending()?.to_vec();
            if piece.is_empty() {
                if !upload.go_on() {
                    break;
                }
                assert!(!upload.is_whole());
                out.push(b'|');
            }
            // Whatever the system takes at once.
            let count = piece.len().min(7000);
            out.extend_from_slice(&piece[..count]);
            upload.advance(count);
        }
        assert!(upload.is_whole() && !upload.is_going());
        Ok(String::from_utf8(out).unwrap())
    }

    #[test]
    fn parts_go_out_in_chunks() {
        let table: [(&[u8], Option<u64>, &str); 8] = [
            (b"", None, "H0\r\n\r\n"),
            (b"", Some(0), "H0; ieof\r\n\r\n"),
            (b"hello", None, "H5\r\nhello\r\n0\r\n\r\n"),
            (b"hello", Some(5), "H5\r\nhello\r\n0; ieof\r\n\r\n"),
            (b"hello", Some(9), "H5\r\nhello\r\n0; ieof\r\n\r\n"),
            (b"hello", Some(4), "H4\r\nhell\r\n0\r\n\r\n|1\r\no\r\n0\r\n\r\n"),
            (b"hello", Some(0), "H0\r\n\r\n|5\r\nhello\r\n0\r\n\r\n"),
            (b"hello world!", Some(2), "H2\r\nhe\r\n0\r\n\r\n|a\r\nllo world!\r\n0\r\n\r\n"),
        ];
        for (content, preview, expected) in table {
            assert_eq!(sent(content, content.len() as u64, preview).unwrap(), expected);
        }
        let large = vec![b'x'; 150_000];
        let out = sent(&large, 150_000, None).unwrap();
        assert_eq!(out.matches('x').count(), 150_000);
        assert!(out.starts_with("H10000\r\nx") && out.ends_with("x\r\n0\r\n\r\n"));
    }

    #[test]
    fn a_part_of_another_size_is_not_sent() {
        for size in [4, 6] {
            for preview in [None, Some(0), Some(9)] {
                assert!(sent(b"hello", size, preview).is_err(), "{size} {preview:?}");
            }
        }
    }

    #[test]
    fn what_is_refused_is_not_whole() {
        let file = files::anonymous(b"hello").unwrap();
        let content = Until::new(&file, Deadline::after(Duration::from_secs(60)));
        let mut upload = Upload::new("H".to_owned(), content, 5, None).unwrap();
        upload.refuse();
        assert!(!upload.is_whole() && !upload.is_going() && !upload.go_on());
        assert_eq!(upload.pending().unwrap(), b"");
    }
}
