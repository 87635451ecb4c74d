//! A body in chunks. Fails with what the connection says, and with
//! `InvalidData` for what is no chunk.

use std::io::{self, BufRead, Read};

use super::head::{Head, invalid, line};

/// Longest line before a chunk, extensions included. They say nothing that we
/// need; the longest known one, `ieof`, has four letters.
const LONGEST_LINE: usize = 1024;

/// Most digits of a chunk's size: a number of 64 bits.
const MOST_DIGITS: usize = 16;

/// Reads what is in the chunks, to the end of the last one.
pub(super) struct Chunked<'r, R> {
    reader: &'r mut R,
    left: u64,
    place: Place,
    /// The fields behind the last chunk.
    pub(super) trailer: Head,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Before the first chunk.
    Start,
    /// In a chunk or just behind its content.
    Chunk,
    /// Behind the last one.
    End,
}

impl<'r, R: BufRead> Chunked<'r, R> {
    pub(super) fn new(reader: &'r mut R) -> Self {
        Self { reader, left: 0, place: Place::Start, trailer: Head::default() }
    }

    /// Goes to the content of the next chunk.
    fn next(&mut self) -> io::Result<()> {
        if self.place == Place::Chunk {
            let mut end = [0; 2];
            self.reader.read_exact(&mut end)?;
            if end != *b"\r\n" {
                return Err(invalid("a chunk of another size than it says"));
            }
        }
        let mut text = Vec::new();
        line(self.reader, LONGEST_LINE, &mut text)?;
        self.left = size(&text).ok_or_else(|| invalid("no size of a chunk"))?;
        self.place = if self.left == 0 { Place::End } else { Place::Chunk };
        if self.place == Place::End {
            self.trailer.read_fields(self.reader)?;
        }
        Ok(())
    }
}

impl<R: BufRead> Read for Chunked<'_, R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 && self.place != Place::End {
            self.next()?;
        }
        if self.place == Place::End {
            return Ok(0);
        }
        let n = self.reader.by_ref().take(self.left).read(buf)?;
        if n == 0 && !buf.is_empty() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.left -= n as u64;
        Ok(n)
    }
}

/// The size in the line before a chunk.
fn size(line: &[u8]) -> Option<u64> {
    let digits = line.split(|byte| *byte == b';').next()?.trim_ascii_end();
    if digits.is_empty() || digits.len() > MOST_DIGITS || !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    u64::from_str_radix(str::from_utf8(digits).ok()?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_are_put_together_and_nothing_else_is_one() {
        let end = Err("cut".to_owned());
        let other = || Err("a chunk of another size than it says".to_owned());
        let odd = || Err("no size of a chunk".to_owned());
        let table: [(&str, Result<&str, String>); 17] = [
            ("0\r\n\r\n", Ok("")),
            ("3\r\nabc\r\n0\r\n\r\n", Ok("abc")),
            ("3;a=b;c=\"d\"\r\nabc\r\n2 \r\nde\r\n0; ieof\r\n\r\n", Ok("abcde")),
            ("0003\r\nabc\r\n0\n\n", Ok("abc")),
            ("3\r\nabc\r\n0\r\nX-Virus-ID: x\r\n\r\n", Ok("abc")),
            ("3\r\nabc\r\n0\r\n", end.clone()),
            ("3\r\nabc\r\n", end.clone()),
            ("3\r\nab", end.clone()),
            ("3\r\n", end.clone()),
            ("", end.clone()),
            ("2\r\nabc\r\n0\r\n\r\n", other()),
            ("4\r\nabc\r\n0\r\n\r\n", other()),
            ("-1\r\nabc", odd()),
            ("+1\r\nabc", odd()),
            ("ffffffffffffffffff\r\nabc", odd()),
            ("ffffffffffffffff\r\nabc", end),
            ("\r\n3\r\nabc", odd()),
        ];
        for (bytes, expected) in table {
            let mut content = String::new();
            let mut reader = bytes.as_bytes();
            let result = Chunked::new(&mut reader).read_to_string(&mut content);
            let result = result.map(|_| content.as_str()).map_err(|error| match error.kind() {
                io::ErrorKind::UnexpectedEof => "cut".to_owned(),
                _ => error.to_string(),
            });
            assert_eq!(result, expected, "{bytes:?}");
        }
        let endless = ["3;", &"a".repeat(LONGEST_LINE)].concat();
        let mut reader = endless.as_bytes();
        assert!(Chunked::new(&mut reader).read_to_end(&mut Vec::new()).is_err());
    }

    #[test]
    fn a_trailer_is_kept() {
        let mut reader = &b"0\r\nX-Virus-ID: x\r\n\r\n"[..];
        let mut body = Chunked::new(&mut reader);
        assert_eq!(body.read(&mut [0; 9]).unwrap(), 0);
        assert_eq!(body.read(&mut [0; 9]).unwrap(), 0);
        assert_eq!(body.trailer.values("x-virus-id").count(), 1);
    }
}
