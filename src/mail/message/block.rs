//! A header block as byte ranges, so that what is not changed stays as it is.
//! Cannot fail: what is no header line begins the body.

use std::ops::Range;

/// One field: where it stands in its buffer.
#[derive(Clone, Debug)]
pub(crate) struct Field {
    /// The name; empty for the `From ` line of a mailbox file.
    name: Range<usize>,
    /// All of it, with continuation lines and the last line end.
    whole: Range<usize>,
}

/// The header of a message or a part.
#[derive(Clone, Debug)]
pub(crate) struct Header {
    fields: Vec<Field>,
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
        let mut fields: Vec<Field> = Vec::new();
        let mut at = range.start;
        let mut blank = 0;
        while let Some(line) = first_line(buffer, at..range.end) {
            if is_empty(line) {
                blank = line.len();
                break;
            }
            match (fields.last_mut(), name_length(line)) {
                (Some(field), _) if line.starts_with(b" ") || line.starts_with(b"\t") => {
                    field.whole.end += line.len();
                }
                (_, Some(name)) => {
                    fields.push(Field { name: at..at + name, whole: at..at + line.len() });
                }
                (None, None) if line.starts_with(b"From ") || line.starts_with(b">From ") => {
                    fields.push(Field { name: at..at, whole: at..at + line.len() });
                }
                (_, None) => break,
            }
            at += line.len();
        }
        Self { fields, range: range.start..at, blank: at..at + blank }
    }

    /// Where the body begins.
    pub(crate) fn end(&self) -> usize {
        self.blank.end
    }

    /// The value of the first field called `name`, unfolded and trimmed. Of two
    /// fields with one name the first counts, as in most mail programs.
    pub(crate) fn value(&self, buffer: &[u8], name: &str) -> Option<Vec<u8>> {
        let field = self.fields.iter().find(|field| field.is(buffer, name))?;
        let value = buffer.get(field.name.end..field.whole.end)?;
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
        for field in &self.fields {
            if replaced(field.name(buffer)) {
                put(&mut out, pending.take().unwrap_or_default(), eol);
            } else {
                out.extend_from_slice(buffer.get(field.whole.clone()).unwrap_or_default());
            }
        }
        put(&mut out, pending.unwrap_or_default(), eol);
        out
    }
}

impl Field {
    fn name<'a>(&self, buffer: &'a [u8]) -> &'a [u8] {
        buffer.get(self.name.clone()).unwrap_or_default()
    }

    fn is(&self, buffer: &[u8], name: &str) -> bool {
        self.name(buffer).eq_ignore_ascii_case(name.as_bytes())
    }
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
    buffer.get(range)?.split_inclusive(|byte| *byte == b'\n').next()
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
        let fields = header.fields.len();
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
