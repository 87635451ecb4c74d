//! The message with some parts changed: new text in place of byte ranges, all
//! else as it came. Cannot fail.

use std::collections::BTreeMap;
use std::ops::Range;

use super::block;
use super::change::{Change, Replacement};
use super::dress::{Origin, by_options};
use super::split;
use super::{Host, Leaf, Message, Next, Place, Role};
use crate::mail::encoding::{self, Encoding, Width};

/// What becomes of the leaves, by their place in [`Message::leaves`]. A leaf
/// that is not named stays.
pub type Changes = BTreeMap<usize, Change>;

/// New text for a range of a buffer.
struct Edit {
    range: Range<usize>,
    text: Vec<u8>,
}

const TRANSFER: &str = "Content-Transfer-Encoding";
const VERSION: &str = "MIME-Version";

/// Fields about the octets of a body; they are wrong once it changes.
const ABOUT_OCTETS: [&str; 2] = ["Content-MD5", "Content-Length"];

impl Message<'_> {
    /// The message with `changes`.
    pub fn rebuilt(&self, changes: &Changes) -> Vec<u8> {
        let mut edits: Vec<Vec<Edit>> = self.buffers.iter().map(|_| Vec::new()).collect();
        let mut remaining: Vec<usize> = self.multiparts.iter().map(|multipart| multipart.children).collect();
        for (i, change) in changes {
            let Some(leaf) = self.leaves.get(*i) else { continue };
            let edit = match change {
                Change::Replace(replacement) => self.replaced(leaf, replacement),
                Change::Delete => self.deleted(leaf, &mut remaining),
            };
            if let Some(edits) = edits.get_mut(leaf.place.buffer) {
                edits.push(edit);
            }
        }
        // A decoded message lies behind the buffer it was found in, so that
        // going backwards every buffer is done before it goes into its host.
        let mut raw = Vec::new();
        for (i, buffer) in self.buffers.iter().enumerate().rev() {
            let own = edits.get_mut(i).map(std::mem::take).unwrap_or_default();
            match &buffer.host {
                None => raw = spliced(&buffer.bytes, own),
                Some(_) if own.is_empty() => (),
                Some(host) => {
                    let edit = self.rehosted(host, &spliced(&buffer.bytes, own));
                    if let Some(edits) = edits.get_mut(host.place.buffer) {
                        edits.push(edit);
                    }
                }
            }
        }
        raw
    }

    /// A part is removed with its delimiter line. The last child of a multipart
    /// must stay, and so must the only part of a message: as an empty text.
    fn deleted(&self, leaf: &Leaf, remaining: &mut [usize]) -> Edit {
        let eol = self.eol(leaf.place.buffer);
        if let Some(slot) = &leaf.slot
            && let Some(count) = remaining.get_mut(slot.multipart)
            && *count > 1
        {
            *count -= 1;
            let boundary =
                self.multiparts.get(slot.multipart).map_or(&b""[..], |multipart| &multipart.boundary);
            let text = match slot.next {
                Next::Delimiter => Vec::new(),
                // Without a closing line the part before would grow to the end.
                Next::Nothing => [b"--", boundary, b"--", eol].concat(),
            };
            return Edit { range: slot.range.clone(), text };
        }
        let new = [b"Content-Type: text/plain".to_vec()];
        self.written(&leaf.place, is_content, self.with_version(&leaf.place, new.to_vec()), Vec::new())
    }

    fn replaced(&self, leaf: &Leaf, replacement: &Replacement) -> Edit {
        let place = &leaf.place;
        let buffer = self.bytes(place.buffer);
        let eol = self.eol(place.buffer);
        let options = &replacement.options;
        let given = Given::new(&replacement.fields, eol);
        let origin = if given.fields.is_empty() { Origin::Part } else { Origin::OutputHeaders };
        let current = |name: &str| match origin {
            Origin::Part => place.header.value(buffer, name),
            Origin::OutputHeaders => given.value(name),
        };

        let mut new = by_options(leaf, replacement, current, origin);
        let kind = new.iter().find(|(name, _)| *name == "Content-Type").map(|(_, value)| value.clone());
        let kind = kind.or_else(|| current("Content-Type"));
        let wanted = options.encoding.clone().or_else(|| given.value(TRANSFER));
        let old_transfer = place.header.value(buffer, TRANSFER);
        let (transfer, body) = match (&replacement.content, &wanted) {
            (None, None) => (old_transfer, buffer.get(place.body.clone()).unwrap_or_default().to_vec()),
            (content, _) => {
                let content = content.clone().unwrap_or_else(|| self.content(leaf));
                let texture = Texture::of(options.mode.as_deref(), kind.as_deref());
                let (name, body) = self.transferred(place, &content, texture, wanted.as_deref());
                (Some(name.as_bytes().to_vec()), body)
            }
        };
        // 7bit needs no saying where nothing was said before.
        let said = transfer.filter(|name| name != b"7bit" || place.header.value(buffer, TRANSFER).is_some());
        new.extend(said.map(|value| (TRANSFER, value)));

        let replaced = |name: &[u8]| {
            let named = |other: &str| name.eq_ignore_ascii_case(other.as_bytes());
            let octets = replacement.content.is_some() && ABOUT_OCTETS.iter().any(|name| named(name));
            let anew = new.iter().any(|(other, _)| named(other)) || named(TRANSFER);
            let by_given =
                !given.fields.is_empty() && (is_content(name) || (named(VERSION) && given.has(VERSION)));
            octets || anew || by_given
        };
        let lines = given.without(&new).chain(new.iter().map(|(name, value)| line(name, value))).collect();
        self.written(place, replaced, self.with_version(place, lines), body)
    }

    /// A decoded message goes back into the part that it was found in.
    fn rehosted(&self, host: &Host, content: &[u8]) -> Edit {
        let place = &host.place;
        let body = host.encoding.encoded(content, self.eol(place.buffer));
        if !self.holds_boundary(place, &body) {
            return self.written(place, |_| false, Vec::new(), body);
        }
        let body = Encoding::Base64.encoded(content, self.eol(place.buffer));
        let lines = vec![line(TRANSFER, b"base64")];
        self.written(place, |name| name.eq_ignore_ascii_case(TRANSFER.as_bytes()), lines, body)
    }

    /// Header and body of `place` with other header lines and another body.
    fn written(
        &self,
        place: &Place,
        replaced: impl Fn(&[u8]) -> bool,
        lines: Vec<Vec<u8>>,
        body: Vec<u8>,
    ) -> Edit {
        let buffer = self.bytes(place.buffer);
        let eol = self.eol(place.buffer);
        let mut header = place.header.rewritten(buffer, eol, replaced, &lines);
        if !header.is_empty() && !header.ends_with(b"\n") {
            header.extend_from_slice(eol);
        }
        let mut text = self.missing_before(place);
        text.extend_from_slice(&header);
        let blank = buffer.get(place.header.blank.clone()).unwrap_or_default();
        text.extend_from_slice(if blank.ends_with(b"\n") { blank } else { eol });
        text.extend_from_slice(&body);
        if place.glued && !body.is_empty() {
            text.extend_from_slice(eol);
        }
        Edit { range: place.header.range.start..place.body.end, text }
    }

    /// Line ends that are missing before `place`: that of a delimiter which is the
    /// last line, and the empty line between a part's header and a message in it.
    fn missing_before(&self, place: &Place) -> Vec<u8> {
        let before = self.bytes(place.buffer).get(..place.header.range.start).unwrap_or_default();
        let eol = self.eol(place.buffer);
        let ends = |end: &[u8]| before.ends_with(end);
        match place.role {
            _ if before.is_empty() => Vec::new(),
            Role::Part => {
                if ends(b"\n") {
                    Vec::new()
                } else {
                    eol.to_vec()
                }
            }
            Role::Message if ends(b"\n\n") || ends(b"\n\r\n") => Vec::new(),
            // Half of an empty line.
            Role::Message if ends(b"\n\r") => b"\n".to_vec(),
            Role::Message => eol.repeat(if ends(b"\n") { 1 } else { 2 }),
        }
    }

    /// `content` in the plainest encoding that carries it; base64 carries all.
    fn transferred(
        &self,
        place: &Place,
        content: &[u8],
        texture: Texture,
        wanted: Option<&[u8]>,
    ) -> (&'static str, Vec<u8>) {
        let eol = self.eol(place.buffer);
        let text = match texture {
            Texture::Text => encoding::lines_ended_by(content, eol),
            Texture::Binary => content.to_vec(),
        };
        let width = encoding::width(&text, eol);
        let seven = width == Width::Seven;
        let wanted =
            |name: &[u8]| wanted.is_some_and(|wanted| wanted.trim_ascii().eq_ignore_ascii_case(name));
        let forced = wanted(b"base64") || wanted(b"quoted-printable");
        let is_text = texture == Texture::Text;
        let candidates = [
            (
                "7bit",
                Encoding::Identity,
                seven && (wanted(b"7bit") || (is_text && !forced && !wanted(b"8bit"))),
            ),
            ("8bit", Encoding::Identity, width != Width::Unsafe && wanted(b"8bit")),
            (
                "quoted-printable",
                Encoding::QuotedPrintable,
                wanted(b"quoted-printable") || (is_text && !forced),
            ),
        ];
        for (name, encoding, fits) in candidates {
            if fits {
                let body = encoding.encoded(&text, eol);
                if !self.holds_boundary(place, &body) {
                    return (name, body);
                }
            }
        }
        ("base64", Encoding::Base64.encoded(&text, eol))
    }

    /// Whether a line of `body` begins like a delimiter of a multipart around
    /// it. Stricter than our own reading, for the sake of other readers.
    fn holds_boundary(&self, place: &Place, body: &[u8]) -> bool {
        let mut enclosing = place.enclosing;
        while let Some(multipart) = enclosing.and_then(|i| self.multiparts.get(i)) {
            let begins = |line: &[u8]| {
                line.strip_prefix(b"--").is_some_and(|line| line.starts_with(&multipart.boundary))
            };
            if body.split(|byte| *byte == b'\n').any(begins) {
                return true;
            }
            enclosing = multipart.enclosing;
        }
        false
    }

    /// A message with Content fields needs a MIME-Version, RFC 2045, 4.
    fn with_version(&self, place: &Place, mut lines: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
        let has = place.header.value(self.bytes(place.buffer), VERSION).is_some();
        let is_version = |line: &Vec<u8>| block::is_named(line, VERSION);
        if place.role == Role::Message && !lines.is_empty() && !has && !lines.iter().any(is_version) {
            lines.insert(0, line(VERSION, b"1.0"));
        }
        lines
    }

    /// The line end of the buffer, judged by its first line.
    fn eol(&self, buffer: usize) -> &'static [u8] {
        let bytes = self.bytes(buffer);
        match block::first_line(bytes, 0..bytes.len()) {
            Some(line) if line.ends_with(b"\r\n") => b"\r\n",
            _ => b"\n",
        }
    }
}

/// How content is to be seen: as lines, or as bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Texture {
    Text,
    Binary,
}

impl Texture {
    /// `OUTPUT_MODE` decides; without it the type.
    fn of(mode: Option<&[u8]>, content_type: Option<&[u8]>) -> Self {
        let is = |value: &[u8], name: &[u8]| value.trim_ascii().eq_ignore_ascii_case(name);
        let kind = content_type.map_or(&b"text"[..], |value| split::declared(value).0);
        match mode {
            Some(mode) if is(mode, b"text") => Self::Text,
            Some(mode) if is(mode, b"block") => Self::Binary,
            _ if is(kind, b"text") => Self::Text,
            _ => Self::Binary,
        }
    }
}

/// Fields from `OUTPUT_HEADERS`, in the line ends of the message.
struct Given {
    fields: Vec<Vec<u8>>,
}

impl Given {
    fn new(fields: &[Vec<u8>], eol: &[u8]) -> Self {
        Self { fields: fields.iter().map(|field| encoding::lines_ended_by(field, eol)).collect() }
    }

    fn value(&self, name: &str) -> Option<Vec<u8>> {
        let field = self.fields.iter().find(|field| block::is_named(field, name))?;
        let value = field.splitn(2, |byte| *byte == b':').nth(1)?;
        let unfolded: Vec<u8> = value.iter().copied().filter(|byte| !b"\r\n".contains(byte)).collect();
        Some(unfolded.trim_ascii().to_vec())
    }

    fn has(&self, name: &str) -> bool {
        self.fields.iter().any(|field| block::is_named(field, name))
    }

    /// All fields but those that `new` gives, and what only we can know.
    fn without(&self, new: &[(&str, Vec<u8>)]) -> impl Iterator<Item = Vec<u8>> {
        let taken = |field: &Vec<u8>| {
            let ours = ABOUT_OCTETS.iter().chain(&[TRANSFER]);
            new.iter().map(|(name, _)| name).chain(ours).any(|name| block::is_named(field, name))
        };
        self.fields.iter().filter(move |field| !taken(field)).cloned()
    }
}

fn line(name: &str, value: &[u8]) -> Vec<u8> {
    [name.as_bytes(), b": ", value].concat()
}

fn is_content(name: &[u8]) -> bool {
    name.get(..8).is_some_and(|start| start.eq_ignore_ascii_case(b"Content-"))
}

fn spliced(bytes: &[u8], mut edits: Vec<Edit>) -> Vec<u8> {
    edits.sort_by_key(|edit| edit.range.start);
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    for edit in edits {
        out.extend_from_slice(bytes.get(at..edit.range.start).unwrap_or_default());
        out.extend_from_slice(&edit.text);
        at = edit.range.end;
    }
    out.extend_from_slice(bytes.get(at..).unwrap_or_default());
    out
}
