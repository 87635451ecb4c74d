//! Cuts a message into its leaves. Cannot fail: what cannot be cut is one leaf.
//!
//! Multiparts are cut at delimiter lines as RFC 2046, 5.1.1 has them, and a
//! delimiter of an outer multipart ends all inner ones. The mail-parser crate was
//! tried for it and reads broken mail too differently: it takes a boundary in the
//! middle of a line, loses a part without header, lets an unclosed multipart
//! swallow the parts behind it, panics on a soft line break before a boundary,
//! and overflows the stack on deep nesting.

use std::borrow::Cow;
use std::ops::Range;

use super::block::{self, Header};
use super::{
    Bound, Bounds, Buffer, Host, Labelled, Leaf, Message, Multipart, Nested, Next, Place, Role, Slot,
};
use crate::mail::encoding::Encoding;
use crate::mail::parameter::{main_value, parameters};

/// Cuts `raw`; beyond `bounds` it is one leaf.
pub(super) fn split<'r>(raw: &'r [u8], bounds: Bounds, go_on: &dyn Fn() -> bool) -> Message<'r> {
    let mut message = whole(raw, bounds);
    if raw.is_empty() {
        return message;
    }
    message.entities = 1;
    let whole_message = Entity {
        buffer: 0,
        range: 0..raw.len(),
        number: String::new(),
        role: Role::Message,
        default: (b"text", b"plain"),
        enclosing: None,
        message: (0, 0..0),
        slot: None,
        glued: false,
        depth: 0,
    };
    let cut = message.entity(whole_message, go_on);
    if let Err(bound) = cut {
        message = whole(raw, bounds);
        message.beyond = Some(bound);
        let header = Header::read(raw, 0..raw.len());
        let body = header.end()..raw.len();
        let place = Place { buffer: 0, header, body, enclosing: None, role: Role::Message, glued: false };
        let around = (0, place.header.range.clone());
        let leaf = message.leaf(place, "1".to_owned(), (b"text", b"plain"), None, Labelled::Wrongly, around);
        message.leaves.push(leaf);
    }
    message
}

fn whole(raw: &[u8], bounds: Bounds) -> Message<'_> {
    Message {
        buffers: vec![Buffer { bytes: Cow::Borrowed(raw), host: None }],
        multiparts: Vec::new(),
        leaves: Vec::new(),
        entities: 0,
        decoded: 0,
        searched: 0,
        bounds,
        beyond: None,
    }
}

/// A message or part that is to be cut.
struct Entity {
    buffer: usize,
    range: Range<usize>,
    /// The part's number; of a message the number of the part it stands in.
    number: String,
    role: Role,
    /// The type where the header gives none; `multipart/digest` changes it.
    default: Type<'static>,
    enclosing: Option<usize>,
    /// Header of the message around it: buffer and range.
    message: (usize, Range<usize>),
    slot: Option<Slot>,
    glued: bool,
    depth: usize,
}

type Type<'t> = (&'t [u8], &'t [u8]);

impl Message<'_> {
    /// Counts `count` more messages or parts.
    fn count(&mut self, count: usize) -> Result<(), Bound> {
        self.entities = self.entities.saturating_add(count);
        if self.entities > self.bounds.parts { Err(Bound::Parts) } else { Ok(()) }
    }

    fn entity(&mut self, mut entity: Entity, go_on: &dyn Fn() -> bool) -> Result<(), Bound> {
        if !go_on() {
            return Err(Bound::Time);
        }
        let bytes = self.bytes(entity.buffer);
        let header = Header::read(bytes, entity.range.clone());
        if entity.role == Role::Message {
            entity.message = (entity.buffer, header.range.clone());
        }
        if ["Content-Type", "Content-Transfer-Encoding"].iter().any(|name| header.is_too_long(bytes, name)) {
            return Err(Bound::Field);
        }
        let content_type = header.value(bytes, "Content-Type");
        let (main_type, subtype) = content_type.as_deref().map_or(entity.default, declared);
        let is_main = |name: &str| main_type.eq_ignore_ascii_case(name.as_bytes());
        let is_sub = |name: &&str| subtype.eq_ignore_ascii_case(name.as_bytes());
        let place = Place {
            buffer: entity.buffer,
            body: header.end()..entity.range.end,
            header,
            enclosing: entity.enclosing,
            role: entity.role,
            glued: entity.glued,
        };

        let deepest = entity.depth >= self.bounds.levels;
        if is_main("multipart") {
            let value = content_type.as_deref().unwrap_or_default();
            let default: Type<'static> =
                if is_sub(&"digest") { (b"message", b"rfc822") } else { (b"text", b"plain") };
            let children = children(bytes, place.body.clone(), value, self.bounds.parts);
            if deepest && !children.is_empty() {
                return Err(Bound::Levels);
            }
            if !children.is_empty() {
                let boundary = boundary(value);
                self.searched = self.searched.saturating_add(place.body.len() as u64);
                if self.searched > self.bounds.searched {
                    return Err(Bound::Searched);
                }
                return self.multipart(&entity, (boundary, default), children, go_on);
            }
            self.hand_over(entity, place, (b"text", b"plain"), Labelled::Wrongly);
        } else if is_main("message") && ["rfc822", "global", "news"].iter().any(is_sub) {
            if deepest {
                return Err(Bound::Levels);
            }
            self.count(1)?;
            return self.nested(entity, place, go_on);
        } else if !is_main("message") {
            self.hand_over(entity, place, (main_type, subtype), Labelled::Truly);
        }
        Ok(())
    }

    fn multipart(
        &mut self,
        entity: &Entity,
        (boundary, default): (Vec<u8>, Type<'static>),
        children: Vec<Child>,
        go_on: &dyn Fn() -> bool,
    ) -> Result<(), Bound> {
        // All at once: a list of children on each level must not exceed the bound.
        self.count(children.len())?;
        let multipart = self.multiparts.len();
        self.multiparts.push(Multipart { boundary, enclosing: entity.enclosing, children: children.len() });
        for (i, child) in children.into_iter().enumerate() {
            let child = Entity {
                buffer: entity.buffer,
                range: child.content,
                number: numbered(&entity.number, i + 1),
                role: Role::Part,
                default,
                enclosing: Some(multipart),
                message: entity.message.clone(),
                slot: Some(Slot { multipart, range: child.slot, next: child.next }),
                glued: child.glued,
                depth: entity.depth + 1,
            };
            self.entity(child, go_on)?;
        }
        Ok(())
    }

    fn nested(&mut self, entity: Entity, place: Place, go_on: &dyn Fn() -> bool) -> Result<(), Bound> {
        let bytes = self.bytes(entity.buffer);
        let encoding = place.header.value(bytes, "Content-Transfer-Encoding").unwrap_or_default();
        let encoding = Encoding::named(&encoding);
        if encoding != Encoding::Identity && self.bounds.nested == Nested::Leaf {
            self.hand_over(entity, place, (b"message", b"rfc822"), Labelled::Truly);
            return Ok(());
        }
        let number = match entity.role {
            Role::Message => numbered(&entity.number, 1),
            Role::Part => entity.number.clone(),
        };
        let (buffer, range, enclosing) = match encoding {
            Encoding::Identity => (entity.buffer, place.body, entity.enclosing),
            Encoding::Base64 | Encoding::QuotedPrintable => {
                // Neither encoding makes a text longer by decoding it.
                if place.body.len() > self.bounds.decoded.saturating_sub(self.decoded) {
                    return Err(Bound::Decoded);
                }
                let decoded = encoding.decoded(bytes.get(place.body.clone()).unwrap_or_default());
                self.decoded += decoded.len();
                let range = 0..decoded.len();
                let host = Some(Host { place, encoding });
                self.buffers.push(Buffer { bytes: Cow::Owned(decoded), host });
                (self.buffers.len() - 1, range, None)
            }
        };
        let inside = Entity {
            buffer,
            range,
            number,
            role: Role::Message,
            default: (b"text", b"plain"),
            enclosing,
            message: entity.message.clone(),
            slot: None,
            glued: false,
            depth: entity.depth + 1,
        };
        self.entity(inside, go_on)
    }

    fn hand_over(&mut self, entity: Entity, place: Place, kind: Type<'_>, labelled: Labelled) {
        let number = match entity.role {
            Role::Message => numbered(&entity.number, 1),
            Role::Part => entity.number,
        };
        let leaf = self.leaf(place, number, kind, entity.slot, labelled, entity.message);
        self.leaves.push(leaf);
    }

    fn leaf(
        &self,
        place: Place,
        number: String,
        kind: Type<'_>,
        slot: Option<Slot>,
        labelled: Labelled,
        message: (usize, Range<usize>),
    ) -> Leaf {
        let bytes = self.bytes(place.buffer);
        let value = |name| place.header.value(bytes, name).unwrap_or_default();
        Leaf {
            number,
            main_type: kind.0.to_vec(),
            subtype: kind.1.to_vec(),
            encoding: value("Content-Transfer-Encoding"),
            message,
            place,
            slot,
            labelled,
        }
    }
}

/// One child of a multipart.
struct Child {
    content: Range<usize>,
    slot: Range<usize>,
    next: Next,
    glued: bool,
}

/// The children between the delimiter lines of `body`, one above `most` at
/// most; none when the value of
/// Content-type has no boundary or no line of the body is its delimiter.
fn children(bytes: &[u8], body: Range<usize>, content_type: &[u8], most: usize) -> Vec<Child> {
    let boundary = boundary(content_type);
    let mut children: Vec<Child> = Vec::new();
    if boundary.is_empty() {
        return children;
    }
    let mut at = body.start;
    while let Some(line) = block::first_line(bytes, at..body.end) {
        let found = delimiter(line, &boundary);
        if found != Line::Other
            && let Some(child) = children.last_mut()
        {
            child.close(bytes, at);
        }
        match found {
            Line::Opens if children.len() <= most => {
                let start = at + line.len();
                children.push(Child {
                    content: start..body.end,
                    slot: at..body.end,
                    next: Next::Nothing,
                    glued: false,
                });
            }
            Line::Closes | Line::Opens => break,
            Line::Other => (),
        }
        at += line.len();
    }
    children
}

impl Child {
    /// Ends the child before the delimiter at `end`, whose own line end is the
    /// one before it.
    fn close(&mut self, bytes: &[u8], end: usize) {
        let content = bytes.get(self.content.start..end).unwrap_or_default();
        self.glued = content.is_empty();
        let content = content.strip_suffix(b"\n").unwrap_or(content);
        let content = content.strip_suffix(b"\r").unwrap_or(content);
        self.content.end = self.content.start + content.len();
        self.slot.end = end;
        self.next = Next::Delimiter;
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Line {
    Opens,
    Closes,
    Other,
}

/// What `line` is to a multipart with `boundary`. Only blanks may follow, so
/// that one boundary may begin like another.
fn delimiter(line: &[u8], boundary: &[u8]) -> Line {
    let Some(rest) = line.strip_prefix(b"--").and_then(|line| line.strip_prefix(boundary)) else {
        return Line::Other;
    };
    match rest.trim_ascii() {
        b"" => Line::Opens,
        b"--" if rest.starts_with(b"--") => Line::Closes,
        _ => Line::Other,
    }
}

fn boundary(content_type: &[u8]) -> Vec<u8> {
    first(content_type, "boundary").trim_ascii_end().to_vec()
}

/// The type that a Content-type field declares. One that is none counts as text,
/// RFC 2045, 5.2.
pub(super) fn declared(value: &[u8]) -> Type<'_> {
    let kind = main_value(value);
    let mut halves = kind.splitn(2, |byte| *byte == b'/').map(|half| half.trim_ascii());
    match (halves.next(), halves.next()) {
        (Some(main_type), Some(subtype)) if !main_type.is_empty() => {
            let end = subtype.iter().position(|byte| b" \t(".contains(byte)).unwrap_or(subtype.len());
            (main_type, subtype.get(..end).unwrap_or_default())
        }
        _ => (b"text", b"plain"),
    }
}

fn numbered(prefix: &str, number: usize) -> String {
    if prefix.is_empty() { number.to_string() } else { format!("{prefix}.{number}") }
}

/// The first value of a parameter; empty when there is none.
fn first(value: &[u8], wanted: &str) -> Vec<u8> {
    parameters(value, wanted).into_iter().next().unwrap_or_default()
}
