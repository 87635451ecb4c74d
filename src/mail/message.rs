//! A message cut into the parts that the conversion channel hands over, as byte
//! ranges, and put together again. Cannot fail: what cannot be cut is one part.
//!
//! The channel hands over only discrete parts (MS Technical Reference,
//! "Conversion entry scanning and application"): never `multipart/*` or
//! `message/*`, but what is inside the former and inside `message/rfc822`.

mod block;
mod change;
mod dress;
mod rebuild;
mod split;

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use self::block::{Header, LONGEST_FIELD};
pub(crate) use self::block::{is_named, name_length};
pub(crate) use self::change::Options;
pub use self::change::{ByEntry, Change, Kept, Parameters, Replacement};
pub use self::rebuild::Changes;
use super::encoding::Encoding;
use super::parameter::{all, main_value, parameters};

/// A message and its leaves.
#[derive(Debug)]
pub struct Message<'a> {
    buffers: Vec<Buffer<'a>>,
    multiparts: Vec<Multipart>,
    leaves: Vec<Leaf>,
    /// Messages and parts met so far, leaves or not, and children still to be met.
    entities: usize,
    /// Bytes of all decoded messages inside it.
    decoded: usize,
    /// Bytes searched for delimiters, again on each level.
    searched: u64,
    bounds: Bounds,
    beyond: Option<Bound>,
}

/// How much of a message is cut.
#[derive(Clone, Copy, Debug)]
struct Bounds {
    levels: usize,
    parts: usize,
    decoded: usize,
    searched: u64,
    nested: Nested,
}

/// What becomes of a message inside that has a transfer encoding. None should have
/// one, RFC 2046, 5.2.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Nested {
    /// It is decoded and cut, as the channel does.
    Cut,
    /// It is a leaf, so that nothing is held in memory twice.
    Leaf,
}

/// The MTA has `max_mime_levels` and `max_mime_parts` for the same reasons: each
/// part costs a process, each level some stack and one more search for
/// delimiters. Decoded messages are held in memory, and may hold others. The last
/// bound is one of time: 50 MB may lie 80 levels deep, 8 MB all 500.
const BOUNDS: Bounds =
    Bounds { levels: 500, parts: 10_000, decoded: 256 << 20, searched: 4 << 30, nested: Nested::Cut };

/// A bound of what is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// Of nesting.
    Levels,
    /// Of parts.
    Parts,
    /// Of the size of encoded messages inside the message.
    Decoded,
    /// Of the text that is searched for delimiters, counted on each level.
    Searched,
    /// Of a field that decides how the message is cut.
    Field,
    /// Of time.
    Time,
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Levels => write!(f, "more than {} levels of nesting", BOUNDS.levels),
            Self::Parts => write!(f, "more than {} parts", BOUNDS.parts),
            Self::Decoded => write!(f, "more than {} MB of encoded messages", BOUNDS.decoded >> 20),
            Self::Field => write!(f, "a field of more than {} KiB", LONGEST_FIELD >> 10),
            Self::Time => write!(f, "no time left"),
            Self::Searched => write!(f, "more than {} GB of text on all levels", BOUNDS.searched >> 30),
        }
    }
}

/// A part that the channel hands over. Texts are as they stand in the message,
/// unfolded; an absent one is empty.
#[derive(Clone, Debug)]
pub struct Leaf {
    /// Structured part number, as IMAP counts (RFC 9051, 6.4.5.1).
    pub number: String,
    /// MIME type; `text` where the message gives none.
    pub main_type: Vec<u8>,
    /// MIME subtype; `plain` where the message gives none.
    pub subtype: Vec<u8>,
    /// Content-transfer-encoding.
    pub encoding: Vec<u8>,
    /// Header of the innermost message around it.
    message: (usize, Range<usize>),
    place: Place,
    slot: Option<Slot>,
    labelled: Labelled,
}

/// What else the header of a leaf says. It is read when it is asked for: that of all
/// leaves together may take many times the message.
#[derive(Clone, Debug)]
pub struct Labels {
    /// Content-description.
    pub description: Vec<u8>,
    /// Content-disposition without its parameters.
    pub disposition: Vec<u8>,
    /// Parameter `name` of Content-type.
    pub name: Vec<u8>,
    /// Parameter `filename` of Content-disposition.
    pub filename: Vec<u8>,
    /// All parameters of Content-type in their order: names and values.
    pub parameters: Vec<(Vec<u8>, Vec<u8>)>,
    /// All parameters of Content-disposition.
    pub dparameters: Vec<(Vec<u8>, Vec<u8>)>,
}

/// Whether the header names the type that the leaf was handed over with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Labelled {
    Truly,
    /// It says multipart, but no part could be found.
    Wrongly,
}

/// Bytes that ranges point into: the message, or a decoded message inside it.
#[derive(Debug)]
struct Buffer<'a> {
    bytes: Cow<'a, [u8]>,
    host: Option<Host>,
}

/// The encoded part that a decoded message was found in.
#[derive(Debug)]
struct Host {
    place: Place,
    encoding: Encoding,
}

/// Where a header and its body stand.
#[derive(Clone, Debug)]
struct Place {
    buffer: usize,
    header: Header,
    body: Range<usize>,
    /// The innermost multipart around it in the same buffer.
    enclosing: Option<usize>,
    role: Role,
    /// Whether the line end before the next delimiter is missing, because it
    /// would be that of the delimiter before: two delimiters with nothing between.
    glued: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Message,
    Part,
}

#[derive(Debug)]
struct Multipart {
    boundary: Vec<u8>,
    enclosing: Option<usize>,
    children: usize,
}

/// What goes when a child of a multipart is removed: its delimiter line and all
/// up to the next one.
#[derive(Clone, Debug)]
struct Slot {
    multipart: usize,
    range: Range<usize>,
    next: Next,
}

/// What stands behind a child of a multipart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    Delimiter,
    Nothing,
}

impl<'a> Message<'a> {
    /// Cuts `raw`.
    pub fn split(raw: &'a [u8]) -> Self {
        split::split(raw, BOUNDS, &|| true)
    }

    /// Cuts `raw`, which was found inside a part, as long as `go_on` says so: there may
    /// be many such, so each is worth less time. A message inside it that has a transfer
    /// encoding is a leaf.
    pub(crate) fn split_inside(raw: &'a [u8], go_on: &dyn Fn() -> bool) -> Self {
        let searched = 16 * (raw.len() as u64) + (16 << 20);
        let bounds = Bounds { levels: 50, parts: 1000, decoded: 0, searched, nested: Nested::Leaf };
        split::split(raw, bounds, go_on)
    }

    /// The bound that kept the message from being cut, if one did. It is then one
    /// leaf, transfer encodings inside it and all: no engine sees through that,
    /// and it must not be delivered on the strength of an answer about it.
    pub fn beyond(&self) -> Option<Bound> {
        self.beyond
    }

    /// The leaves in the order of the message.
    pub fn leaves(&self) -> &[Leaf] {
        &self.leaves
    }

    /// The content of `leaf` without transfer encoding; its charset is kept.
    pub fn content(&self, leaf: &Leaf) -> Vec<u8> {
        Encoding::named(&leaf.encoding).decoded(self.raw(leaf))
    }

    /// What else the header of `leaf` says.
    pub fn labels(&self, leaf: &Leaf) -> Labels {
        let bytes = self.bytes(leaf.place.buffer);
        let value = |name| leaf.place.header.value(bytes, name).unwrap_or_default();
        let first = |value: &[u8], wanted| parameters(value, wanted).into_iter().next().unwrap_or_default();
        let content_type = value("Content-Type");
        let disposition = value("Content-Disposition");
        Labels {
            description: value("Content-Description"),
            disposition: main_value(&disposition).to_vec(),
            name: first(&content_type, "name"),
            filename: first(&disposition, "filename"),
            parameters: all(&content_type),
            dparameters: all(&disposition),
        }
    }

    /// The content of `leaf` as it stands in the message.
    pub fn raw(&self, leaf: &Leaf) -> &[u8] {
        self.bytes(leaf.place.buffer).get(leaf.place.body.clone()).unwrap_or_default()
    }

    /// The header lines of the innermost message around `leaf`.
    pub fn enclosing_header(&self, leaf: &Leaf) -> &[u8] {
        let (buffer, range) = &leaf.message;
        self.bytes(*buffer).get(range.clone()).unwrap_or_default()
    }

    /// The header lines of `leaf`; for a message of one part those of the message.
    pub fn header(&self, leaf: &Leaf) -> &[u8] {
        self.bytes(leaf.place.buffer).get(leaf.place.header.range.clone()).unwrap_or_default()
    }

    /// The header lines of the message as a whole.
    pub fn outermost_header(&self) -> &[u8] {
        let bytes = self.bytes(0);
        bytes.get(Header::read(bytes, 0..bytes.len()).range).unwrap_or_default()
    }

    fn bytes(&self, buffer: usize) -> &[u8] {
        self.buffers.get(buffer).map_or(b"", |buffer| &buffer.bytes)
    }
}
