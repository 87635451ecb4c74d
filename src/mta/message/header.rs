//! A header block as byte ranges, so that what is not changed stays as it is.
//! Cannot fail: what is no header line begins the body.

use std::ops::Range;

use mail_parser::parsers::MessageStream;

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
            match (fields.last_mut(), name(line)) {
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

/// A field's value up to the first `;`: `text/plain` or `attachment`.
pub(crate) fn main_value(value: &[u8]) -> &[u8] {
    value.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii()
}

/// The parameter `wanted` of a field's value as it stands there, without its
/// quotes. One in the extended form of RFC 2231 (`name*=`, `name*0=`) is given
/// decoded, because it has no single raw form.
pub(crate) fn parameter(value: &[u8], wanted: &str) -> Option<Vec<u8>> {
    let plain = segments(value).skip(1).find_map(|segment| {
        let equals = segment.iter().position(|byte| *byte == b'=')?;
        let (name, value) = segment.split_at(equals);
        let named = name.trim_ascii().eq_ignore_ascii_case(wanted.as_bytes());
        named.then(|| unquoted(value.get(1..).unwrap_or_default().trim_ascii()))
    });
    plain.or_else(|| extended(value, wanted))
}

/// The length of the field name that `line` begins with, if it is a field.
pub(crate) fn name(line: &[u8]) -> Option<usize> {
    let name = line.iter().position(|byte| !matches!(byte, b'!'..=b'9' | b';'..=b'~'))?;
    let rest = line.get(name..)?.trim_ascii_start();
    // A line end between name and colon would make two lines one field.
    let before_colon = line.len() - rest.len();
    let one_line = !line.get(name..before_colon)?.contains(&b'\n');
    (name > 0 && one_line && rest.starts_with(b":")).then_some(name)
}

/// Whether the field `line` has this name.
pub(crate) fn is_named(line: &[u8], wanted: &str) -> bool {
    let length = name(line).unwrap_or_default();
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

/// The pieces between semicolons that do not stand in quotes.
fn segments(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut quoted = false;
    let mut escaped = false;
    value.split(move |byte| {
        if *byte == b'"' && !escaped {
            quoted = !quoted;
        }
        escaped = quoted && *byte == b'\\' && !escaped;
        *byte == b';' && !quoted
    })
}

fn unquoted(value: &[u8]) -> Vec<u8> {
    let Some(inner) = value.strip_prefix(b"\"") else {
        return value.to_vec();
    };
    let mut out = Vec::with_capacity(inner.len());
    let mut bytes = inner.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => break,
            b'\\' => out.extend(bytes.next()),
            _ => out.push(*byte),
        }
    }
    out
}

/// Read only when the field has a `*`, so that the reader is not needed for
/// the many names that are written plainly.
fn extended(value: &[u8], wanted: &str) -> Option<Vec<u8>> {
    if !value.contains(&b'*') {
        return None;
    }
    let line = [value, b"\n"].concat();
    // The library has been seen to panic on broken mail; a name is not worth
    // losing a message for.
    let found = std::panic::catch_unwind(|| {
        let parsed = MessageStream::new(&line).parse_content_type();
        parsed.as_content_type()?.attribute(wanted).map(|found| found.as_bytes().to_vec())
    });
    found.ok().flatten()
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
    fn parameters_as_they_stand() {
        let table: [(&[u8], &str); 11] = [
            (b"text/plain; name=a.txt", "a.txt"),
            (b"text/plain; NAME = \"a;b.txt\"; x=y", "a;b.txt"),
            (b"text/plain; x=\"name=no\"; name=yes", "yes"),
            (b"text/plain; name=\"a\\\"b\"", "a\"b"),
            (b"text/plain; name=\"open", "open"),
            (b"text/plain; name==?utf-8?Q?x?=", "=?utf-8?Q?x?="),
            (b"text/plain; name=two words.exe", "two words.exe"),
            (b"text/plain; name*=utf-8''a%20b", "a b"),
            (b"text/plain; name*0=\"a\"; name*1=\"b\"", "ab"),
            (b"text/plain;; name=", ""),
            (b"text/plain; name=\"\xe4\"", "\u{fffd}"),
        ];
        for (value, expected) in table {
            let found = parameter(value, "name").unwrap();
            assert_eq!(String::from_utf8_lossy(&found), expected, "{}", value.escape_ascii());
        }
        assert!(parameter(b"text/plain; filename=a", "name").is_none());
        assert!(parameter(b"name=a", "name").is_none());
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
