//! A block of header fields: bounded, folded lines put together. Fails with
//! what the connection says, and with `InvalidData` for what is no header.

use std::io::{self, BufRead, ErrorKind, Read};

/// Longest block. Lists of names in `X-Virus-ID` have been seen with 10 KB.
const LONGEST: usize = 64 * 1024;

/// Most fields of a block; real ones have twenty.
const MOST_FIELDS: usize = 500;

/// A start line and the fields below it.
#[derive(Debug, Default)]
pub(super) struct Head {
    start: Vec<u8>,
    fields: Vec<Field>,
    size: usize,
}

/// One field.
#[derive(Debug)]
pub(super) struct Field {
    /// Its name in lower case.
    pub(super) name: String,
    /// Its value without blanks around it; a fold is a line feed.
    pub(super) value: Vec<u8>,
}

impl Head {
    /// Reads a start line and fields up to the empty line. What came before a
    /// failure is kept: it may convict.
    pub(super) fn read(&mut self, reader: &mut impl BufRead) -> io::Result<()> {
        self.start = self.line(reader)?;
        self.read_fields(reader)
    }

    /// Reads fields up to the empty line. A line that is no field does not hide
    /// those behind it.
    pub(super) fn read_fields(&mut self, reader: &mut impl BufRead) -> io::Result<()> {
        let mut fault = Ok(());
        loop {
            let line = self.line(reader)?;
            if line.is_empty() {
                return fault;
            }
            fault = fault.and(self.add(&line));
            if self.fields.len() > MOST_FIELDS {
                return Err(invalid(format!("more than {MOST_FIELDS} header fields")));
            }
        }
    }

    fn line(&mut self, reader: &mut impl BufRead) -> io::Result<Vec<u8>> {
        let mut text = Vec::new();
        self.size += line(reader, LONGEST - self.size, &mut text)?;
        Ok(text)
    }

    fn add(&mut self, line: &[u8]) -> io::Result<()> {
        if line.starts_with(b" ") || line.starts_with(b"\t") {
            let field = self.fields.last_mut().ok_or_else(|| invalid("a fold behind no header field"))?;
            field.value.push(b'\n');
            field.value.extend_from_slice(line.trim_ascii());
            return Ok(());
        }
        let colon = line.iter().position(|byte| *byte == b':').unwrap_or(0);
        let (name, value) = line.split_at(colon);
        let value = value.get(1..).unwrap_or_default().trim_ascii().to_vec();
        if name.is_empty() || !name.iter().all(is_token) {
            return Err(invalid(format!("no header field: `{}`", String::from_utf8_lossy(line))));
        }
        self.fields.push(Field { name: String::from_utf8_lossy(name).to_lowercase(), value });
        Ok(())
    }

    /// All fields.
    pub(super) fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// The values of the fields called `name`.
    pub(super) fn values<'h>(&'h self, name: &'h str) -> impl Iterator<Item = &'h [u8]> {
        self.fields.iter().filter(move |field| field.name == name).map(|field| field.value.as_slice())
    }

    /// Whether `word` stands in the lists of the fields called `name`.
    pub(super) fn lists(&self, name: &str, word: &str) -> bool {
        let mut words = self.values(name).flat_map(|value| value.split(|byte| matches!(byte, b',' | b'\n')));
        words.any(|listed| listed.trim_ascii().eq_ignore_ascii_case(word.as_bytes()))
    }

    /// The start line.
    pub(super) fn start(&self) -> &[u8] {
        &self.start
    }

    /// The status in the start line, if it begins with one of `protocols`.
    pub(super) fn status(&self, protocols: &[&str]) -> Option<u16> {
        let rest = protocols.iter().find_map(|protocol| self.start.strip_prefix(protocol.as_bytes()))?;
        let (code, reason) = rest.strip_prefix(b" ")?.split_at_checked(3)?;
        let ended = reason.first().is_none_or(|byte| *byte == b' ');
        if !ended || !code.iter().all(u8::is_ascii_digit) {
            return None;
        }
        str::from_utf8(code).ok()?.parse().ok()
    }

    /// Its size on the wire.
    pub(super) fn size(&self) -> u64 {
        self.size as u64
    }
}

/// Reads one line of at most `limit` bytes, line end included, into `text`
/// without that; gives its size.
pub(super) fn line(reader: &mut impl BufRead, limit: usize, text: &mut Vec<u8>) -> io::Result<usize> {
    let size = reader.by_ref().take(limit as u64).read_until(b'\n', text)?;
    if text.pop_if(|byte| *byte == b'\n').is_none() {
        return Err(if size < limit {
            ErrorKind::UnexpectedEof.into()
        } else {
            invalid(format!("a line without end within {limit} bytes"))
        });
    }
    text.pop_if(|byte| *byte == b'\r');
    Ok(size)
}

/// What may stand in a name. Source: RFC 9110, 5.6.2.
pub(super) fn is_token(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte)
}

pub(super) fn invalid(detail: impl Into<String>) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, detail.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> (Head, Result<(), ErrorKind>) {
        let mut head = Head::default();
        let result = head.read(&mut &bytes[..]).map_err(|error| error.kind());
        (head, result)
    }

    #[test]
    fn folds_case_and_bare_line_feeds_are_understood() {
        let text = b"ICAP/1.0 200 OK\r\nX-A:  one \r\nx-VIOLATIONS: 1\r\n\t-\r\n  name\n\tlast\r\n\r\nbody";
        let (head, result) = read(text);
        assert_eq!(result, Ok(()));
        assert_eq!(head.status(&["ICAP/1.0"]), Some(200));
        assert_eq!(head.values("x-a").collect::<Vec<_>>(), [b"one"]);
        assert_eq!(head.values("x-violations").collect::<Vec<_>>(), [b"1\n-\nname\nlast"]);
        assert_eq!(head.size(), text.len() as u64 - 4);
    }

    #[test]
    fn what_is_no_header_is_refused_and_hides_nothing() {
        for bad in ["no colon", ": x", "a b: x", "a : x", "\u{e9}: x"] {
            let (head, result) = read(format!("s\r\n{bad}\r\nX-B: y\r\n\r\n").as_bytes());
            assert_eq!(result, Err(ErrorKind::InvalidData), "{bad}");
            assert_eq!(head.values("x-b").count(), 1, "{bad}");
        }
        assert_eq!(read(b"s\r\n folded\r\n\r\n").1, Err(ErrorKind::InvalidData));
        assert_eq!(read(b"s\r\nX-B: y\r\n").1, Err(ErrorKind::UnexpectedEof));
        assert_eq!(read(b"").1, Err(ErrorKind::UnexpectedEof));
    }

    #[test]
    fn a_header_has_an_end() {
        let mut long = b"s\r\nX-Virus-ID: y\r\n".to_vec();
        long.extend(vec![b'a'; LONGEST]);
        let (head, result) = read(&long);
        assert_eq!((head.fields.len(), result), (1, Err(ErrorKind::InvalidData)));
        assert_eq!(read(&b"a: b\r\n".repeat(MOST_FIELDS + 9)).1, Err(ErrorKind::InvalidData));
        assert_eq!(read(&b"a: b\r\n".repeat(LONGEST)).1, Err(ErrorKind::InvalidData));
    }

    #[test]
    fn a_status_stands_behind_its_protocol() {
        let table = [
            ("ICAP/1.0 204", Some(204)),
            ("ICAP/1.0 204 Unmodified", Some(204)),
            ("ICAP/1.0 2040", None),
            ("ICAP/1.0 20", None),
            ("ICAP/1.0  204 x", None),
            ("ICAP/1.0 +20 x", None),
            ("ICAP/1.1 204 x", None),
            ("HTTP/1.1 200 OK", None),
            ("", None),
        ];
        for (start, expected) in table {
            let head = Head { start: start.as_bytes().to_vec(), ..Head::default() };
            assert_eq!(head.status(&["ICAP/1.0"]), expected, "{start}");
        }
    }
}
