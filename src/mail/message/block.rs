//! A header block as byte ranges, so that what is not changed stays as it is.
//! Cannot fail: what is no header line begins the body.

use std::ops::Range;

/// Longest field that is read of those that decide how a message is cut, and of the
/// values that are handed to others. Honest ones have less than a thousand bytes; a
/// longer one would be taken apart into many times its size.
pub(crate) const LONGEST_FIELD: usize = 256 * 1024;

/// One field with its continuation lines and the last line end.
struct Field<'b> {
    /// Empty for the `From ` line of a mailbox file.
    name: &'b [u8],
    /// All of it.
    whole: &'b [u8],
}

/// The header of a message or a part. It keeps no list of its fields: there may be
/// millions.
#[derive(Clone, Debug)]
pub(crate) struct Header {
    /// The lines of all fields.
    pub(crate) range: Range<usize>,
    /// The empty line behind them; of no length when it is missing.
    pub(crate) blank: Range<usize>,
}

impl Header {
    /// Reads the header at the start of `range`. It ends with the first empty
    /// line, or before the first line that is no field: a part without any
    /// header and empty line still has a body that must be looked at.
    pub(crate) fn read(buffer: &[u8], range: Range<usize>) -> Self {
        let mut at = range.start;
        let mut blank = 0;
        while let Some(line) = first_line(buffer, at..range.end) {
            if is_empty(line) {
                blank = line.len();
                break;
            }
            let is_first = at == range.start;
            let belongs = !is_first && is_folded(line) || is_first && is_envelope(line);
            if !belongs && name_length(line).is_none() {
                break;
            }
            at += line.len();
        }
        Self { range: range.start..at, blank: at..at + blank }
    }

    /// Where the body begins.
    pub(crate) fn end(&self) -> usize {
        self.blank.end
    }

    /// All fields, with their continuation lines.
    fn fields<'b>(&self, buffer: &'b [u8]) -> impl Iterator<Item = Field<'b>> {
        let mut rest = buffer.get(self.range.clone()).unwrap_or_default();
        std::iter::from_fn(move || {
            let (whole, behind) =
                rest.split_at_checked(field_end(rest)).filter(|(whole, _)| !whole.is_empty())?;
            rest = behind;
            Some(Field {
                name: whole.get(..name_length(whole).unwrap_or_default()).unwrap_or_default(),
                whole,
            })
        })
    }

    /// The first field called `wanted`. There may be millions of others, so not even
    /// the ends of their names are looked for.
    fn first<'b>(&self, buffer: &'b [u8], wanted: &str) -> Option<Field<'b>> {
        let mut rest = buffer.get(self.range.clone()).unwrap_or_default();
        while !rest.is_empty() {
            let start = rest.get(..wanted.len()).unwrap_or_default();
            if start.eq_ignore_ascii_case(wanted.as_bytes()) && name_length(rest) == Some(start.len()) {
                return Some(Field { name: start, whole: rest.get(..field_end(rest))? });
            }
            rest = rest.get(line_end(rest)..).unwrap_or_default();
        }
        None
    }

    /// Whether the field that [`Header::value`] reads is longer than it reads.
    pub(crate) fn is_too_long(&self, buffer: &[u8], name: &str) -> bool {
        self.first(buffer, name).is_some_and(|field| field.whole.len() > LONGEST_FIELD)
    }

    /// The value of the first field called `name`, unfolded and trimmed. Of two
    /// fields with one name the first counts, as in most mail programs. Of one that is
    /// longer than [`LONGEST_FIELD`] the beginning is read.
    pub(crate) fn value(&self, buffer: &[u8], name: &str) -> Option<Vec<u8>> {
        let Field { name, whole } = self.first(buffer, name)?;
        let value = whole.get(name.len()..whole.len().min(LONGEST_FIELD))?;
        let colon = value.iter().position(|byte| *byte == b':')?;
        let value = value.get(colon + 1..)?;
        let unfolded: Vec<u8> = value.iter().copied().filter(|byte| !b"\r\n".contains(byte)).collect();
        Some(unfolded.trim_ascii().to_vec())
    }

    /// The lines of the header with all fields that `replaced` names taken out
    /// and `new` put where the first of them stood, or at the end.
    pub(crate) fn rewritten(
        &self,
        buffer: &[u8],
        eol: &[u8],
        replaced: impl Fn(&[u8]) -> bool,
        new: &[Vec<u8>],
    ) -> Vec<u8> {
        let mut out = Vec::new();
        let mut pending = Some(new);
        for field in self.fields(buffer) {
            if replaced(field.name) {
                put(&mut out, pending.take().unwrap_or_default(), eol);
            } else {
                out.extend_from_slice(field.whole);
            }
        }
        put(&mut out, pending.unwrap_or_default(), eol);
        out
    }
}

/// Where the first line of `text` ends, with its line end.
fn line_end(text: &[u8]) -> usize {
    memchr::memchr(b'\n', text).map_or(text.len(), |at| at + 1)
}

/// Where the field ends that `text` begins with.
fn field_end(text: &[u8]) -> usize {
    let mut end = line_end(text);
    while let Some(rest) = text.get(end..).filter(|rest| is_folded(rest)) {
        end += line_end(rest);
    }
    end
}

fn is_folded(line: &[u8]) -> bool {
    line.starts_with(b" ") || line.starts_with(b"\t")
}

/// Whether it is the first line of a mail in a mailbox file.
fn is_envelope(line: &[u8]) -> bool {
    line.starts_with(b"From ") || line.starts_with(b">From ")
}

/// The length of the field name that `line` begins with, if it is a field.
pub(crate) fn name_length(line: &[u8]) -> Option<usize> {
    let name = line.iter().position(|byte| !matches!(byte, b'!'..=b'9' | b';'..=b'~'))?;
    let rest = line.get(name..)?.trim_ascii_start();
    // A line end between name and colon would make two lines one field.
    let before_colon = line.len() - rest.len();
    let one_line = !line.get(name..before_colon)?.contains(&b'\n');
    (name > 0 && one_line && rest.starts_with(b":")).then_some(name)
}

/// Whether the field `line` has this name.
pub(crate) fn is_named(line: &[u8], wanted: &str) -> bool {
    let length = name_length(line).unwrap_or_default();
    line.get(..length).is_some_and(|start| start.eq_ignore_ascii_case(wanted.as_bytes()))
}

/// The first line of `range` with its line end.
pub(crate) fn first_line(buffer: &[u8], range: Range<usize>) -> Option<&[u8]> {
    let rest = buffer.get(range)?;
    rest.get(..line_end(rest)).filter(|line| !line.is_empty())
}

fn is_empty(line: &[u8]) -> bool {
    matches!(line, b"\n" | b"\r\n" | b"\r")
}

fn put(out: &mut Vec<u8>, lines: &[Vec<u8>], eol: &[u8]) {
    // The last line of a file may lack its line end.
    if !lines.is_empty() && !out.is_empty() && !out.ends_with(b"\n") {
        out.extend_from_slice(eol);
    }
    for line in lines {
        out.extend_from_slice(line);
        out.extend_from_slice(eol);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &[u8]) -> (Header, usize) {
        let header = Header::read(text, 0..text.len());
        let fields = header.fields(text).count();
        (header, fields)
    }

    #[test]
    fn the_header_ends_where_no_field_is() {
        let table: [(&[u8], usize, usize); 10] = [
            (b"A: 1\nB: 2\n\nbody", 2, 11),
            (b"A: 1\r\n two\r\n\r\nbody", 1, 14),
            (b"A : 1\n\nbody", 1, 7),
            (b"\nbody", 0, 1),
            (b"no field\n\nbody", 0, 0),
            (b" blank first: x\n", 0, 0),
            (b"A: 1\nno field\n", 1, 5),
            (b"From me\nA: 1\n\n", 2, 14),
            (b"A: 1", 1, 4),
            (b"", 0, 0),
        ];
        for (text, fields, end) in table {
            let (header, found) = read(text);
            assert_eq!((found, header.end()), (fields, end), "{}", text.escape_ascii());
        }
    }

    #[test]
    fn values_are_unfolded() {
        let text = b"X: 0\ncontent-TYPE : text/plain;\r\n\tname=a\r\nContent-Type: text/html\n\n";
        let (header, _) = read(text);
        assert_eq!(header.value(text, "Content-Type").unwrap(), b"text/plain;\tname=a");
        assert!(header.value(text, "Missing").is_none());
    }

    #[test]
    fn only_the_named_fields_are_replaced() {
        let text = b"A: 1\r\nContent-Type: x\r\n y\r\nB: 2\r\nContent-ID: z\r\n\r\n";
        let (header, _) = read(text);
        let content = |name: &[u8]| name.len() > 8;
        let lines = [b"Content-Type: text/plain".to_vec()];
        let new = header.rewritten(text, b"\r\n", content, &lines);
        assert_eq!(new, b"A: 1\r\nContent-Type: text/plain\r\nB: 2\r\n");
        let (header, _) = read(b"A: 1");
        assert_eq!(header.rewritten(b"A: 1", b"\n", content, &lines), b"A: 1\nContent-Type: text/plain\n");
    }
}
