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
mod lines;
mod look;
mod mail;
mod mapi;
mod reader;
mod tnef;
mod uuencode;
mod yenc;

use self::basket::Basket;
#[cfg(feature = "testing")]
pub use self::basket::{MOST_ITEMS, most_bytes};
pub use self::look::Look;

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

/// Content found inside a part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hidden {
    /// What it was found in.
    pub kind: Kind,
    /// Its file names as [`field::file_name`](super::field::file_name) has
    /// them, for comparing; often none.
    pub names: Vec<String>,
    /// `type/subtype` in lower case where a header tells it, else empty.
    pub mime_type: String,
    /// Not empty.
    pub content: Vec<u8>,
}

/// What was found inside a part.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// All of it, at whatever depth. What was found in an item stands behind it.
    pub items: Vec<Hidden>,
    /// Whether there may be more: more pieces, more levels or more bytes than
    /// are looked at.
    pub beyond: bool,
}

#[cfg(any(test, feature = "testing"))]
/// Everything in `content` that an engine may not see by itself.
pub fn find(content: &[u8], mime_type: &str) -> Found {
    find_while(content, mime_type, &|| true)
}

/// Likewise, as long as `go_on` says so. It is asked before each pass over some
/// content; what is left out then is said to be beyond.
pub fn find_while(content: &[u8], mime_type: &str, go_on: &dyn Fn() -> bool) -> Found {
    let mut basket = Basket::new(content.len(), go_on);
    open(content, mime_type, &mut basket);
    let mut i = 0;
    while let Some((content, mime_type)) = basket.enter(i) {
        if look::whole(&content, &mime_type).is_worthwhile() && basket.may_go_deeper() {
            open(&content, &mime_type, &mut basket);
        }
        basket.leave(i, content, mime_type);
        i += 1;
    }
    basket.into_found()
}

/// One level. Several readers may find something: what begins as a mail may be
/// opened as a text.
fn open(content: &[u8], mime_type: &str, basket: &mut Basket) {
    let readers: [fn(&[u8], &str, &mut Basket); 5] =
        [tnef::read, mail::read, uuencode::read, yenc::read, binhex::read];
    for read in readers {
        if basket.spend(content.len()) {
            read(content, mime_type, basket);
        }
    }
}

#[cfg(test)]
mod tests;
