//! Content that stands inside a part where a virus engine may not see it: files
//! in a text, in a TNEF envelope, in a message that is an attachment. Cannot
//! fail; what cannot be decoded is left out, what is broken is given as far as
//! it goes.
//!
//! A virus need only be readable for one mail program, so each reader is as
//! lenient as the most lenient that is known, and gives more than one version
//! where mail programs differ. What it gives is looked through again, by a loop.

mod basket;
mod binhex;
#[cfg(any(test, feature = "testing"))]
mod gather;
mod lines;
mod look;
mod mail;
mod mapi;
mod reader;
mod tnef;
mod uuencode;
mod yenc;

use self::basket::Basket;
#[cfg(any(test, feature = "testing"))]
pub use self::basket::{MOST_ITEMS, most_bytes};
#[cfg(any(test, feature = "testing"))]
pub use self::gather::{Found, Hidden};
pub use self::look::Look;
use super::pieces::Take;

/// What something was hidden in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Between `begin` and `end`, POSIX.1-2017, uuencode.
    Uuencoded,
    /// Between `=ybegin` and `=yend`, yEnc 1.3.
    Yenc,
    /// BinHex 4.0, RFC 1741.
    BinHex,
    /// Microsoft's `winmail.dat`, [MS-OXTNEF].
    Tnef,
    /// A message that is an attachment.
    Mail,
}

impl Kind {
    /// For the log.
    pub fn word(self) -> &'static str {
        match self {
            Self::Uuencoded => "uuencode",
            Self::Yenc => "yenc",
            Self::BinHex => "binhex",
            Self::Tnef => "tnef",
            Self::Mail => "mail",
        }
    }
}

/// Gives content in pieces, as often as it is asked.
pub type Source<'s> = dyn Fn(Take<'_>) + 's;

/// Content found inside a part.
pub struct Item<'i> {
    /// What it was found in.
    pub kind: Kind,
    /// Its file names as [`field::file_name`](super::field::file_name) has
    /// them, for comparing; often none.
    pub names: &'i [String],
    /// `type/subtype` in lower case where a header tells it, else empty.
    pub mime_type: &'i str,
    /// Its size, not 0.
    pub size: usize,
    content: &'i Source<'i>,
}

impl Item<'_> {
    /// Gives `take` the content, as long as it wants more.
    pub fn read(&self, take: Take<'_>) {
        (self.content)(take);
    }
}

/// Who sees what is found.
pub trait Viewer {
    /// Whether to go on. It is asked before each pass over some content; what is left
    /// out then is said to be beyond.
    fn goes_on(&self) -> bool;

    /// Takes one piece. What is found in it comes later. A content that comes again
    /// has other names.
    fn show(&mut self, item: &Item<'_>);
}

/// Sees all of a content once, and tells whether it is worth looking through.
pub trait Search {
    /// Sees the next piece.
    fn feed(&mut self, piece: &[u8]);

    /// Whether the readers may find anything in what was seen.
    fn is_worthwhile(&self) -> bool;
}

/// Whether there may be more than was shown: more pieces, more levels or more bytes
/// than are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// All was shown.
    All,
    /// There may be more.
    Beyond,
}

/// Shows `viewer` everything in `content` that an engine may not see by itself, at
/// whatever depth: `most` pieces, and no more than is fit to be in memory.
pub fn look_through(content: Vec<u8>, mime_type: &str, most: usize, viewer: &mut dyn Viewer) -> Extent {
    let mut basket =
        Basket::new(content, mime_type, most, viewer, |mime_type| Box::new(Look::new(mime_type)));
    while let Some(waiting) = basket.next() {
        open(&waiting.content, &waiting.mime_type, &mut basket);
        basket.release(waiting);
    }
    if basket.is_beyond() { Extent::Beyond } else { Extent::All }
}

/// Everything in `content` that an engine may not see by itself, gathered in memory.
#[cfg(any(test, feature = "testing"))]
pub fn find(content: &[u8], mime_type: &str) -> Found {
    find_while(content, mime_type, &|| true)
}

/// Likewise, as long as `go_on` says so.
#[cfg(any(test, feature = "testing"))]
pub fn find_while(content: &[u8], mime_type: &str, go_on: &dyn Fn() -> bool) -> Found {
    let mut collector = gather::Collector { go_on, items: Vec::new() };
    let extent = look_through(content.to_vec(), mime_type, MOST_ITEMS, &mut collector);
    Found { items: collector.items, beyond: extent == Extent::Beyond }
}

/// One level. Several readers may find something: what begins as a mail may be
/// opened as a text.
fn open(content: &[u8], mime_type: &str, basket: &mut Basket<'_>) {
    let readers: [fn(&[u8], &str, &mut Basket<'_>); 5] =
        [tnef::read, mail::read, uuencode::read, yenc::read, binhex::read];
    for read in readers {
        if basket.spend(content.len()) {
            read(content, mime_type, basket);
        }
    }
}

#[cfg(test)]
mod tests;
