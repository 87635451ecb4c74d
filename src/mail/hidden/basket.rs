//! What was found so far, and how much more may be. Cannot fail: what does not
//! fit is left out, and said to be.

use std::mem;

use super::{Found, Hidden, Kind};
use crate::mail::parameter::once;

/// Most pieces that are given. Each is one more look for each engine; a digest of
/// some hundred messages is honest, thousands of `begin` lines are not.
pub const MOST_ITEMS: usize = 500;

/// Most levels: a forwarded message with a `winmail.dat` that holds a message
/// with a uuencoded text has four.
const MOST_DEPTH: usize = 10;

/// Most names of one piece. Honest ones have two or three.
pub(super) const MOST_NAMES: usize = 100;

/// Most bytes that are given for a part of `size` bytes. Each level is smaller
/// than the one around it, as all encodings but BinHex's runs and uuencode's
/// blanks shrink by decoding; three levels of it fit. All of it is in memory.
pub fn most_bytes(size: usize) -> usize {
    size.saturating_mul(3).saturating_add(4 << 20).min(256 << 20)
}

/// Most bytes that are read, again on each level and for each version.
fn most_work(size: usize) -> u64 {
    32 * (size as u64) + (32 << 20)
}

/// The pieces, and what is left of the bounds.
pub(super) struct Basket<'a> {
    go_on: &'a dyn Fn() -> bool,
    items: Vec<Hidden>,
    /// The digest of each: comparing contents would cost as much as there are of
    /// them, and hostile ones differ in their last byte.
    digests: Vec<blake3::Hash>,
    /// How deep each lies.
    depths: Vec<usize>,
    /// How deep that lies which is looked through now.
    depth: usize,
    bytes: usize,
    work: u64,
    beyond: bool,
}

impl<'a> Basket<'a> {
    pub(super) fn new(size: usize, go_on: &'a dyn Fn() -> bool) -> Self {
        Self {
            go_on,
            items: Vec::new(),
            digests: Vec::new(),
            depths: Vec::new(),
            depth: 0,
            bytes: most_bytes(size),
            work: most_work(size),
            beyond: false,
        }
    }

    /// Puts in `content`. Where it is there already, it only gets the names.
    pub(super) fn put(&mut self, kind: Kind, names: Vec<String>, mime_type: &str, mut content: Vec<u8>) {
        if content.is_empty() {
            return;
        }
        if content.len() > self.bytes {
            content.truncate(self.bytes);
            self.beyond = true;
        }
        let digest = blake3::hash(&content);
        let same = self.digests.iter().position(|known| *known == digest);
        if let Some(same) = same.and_then(|i| self.items.get_mut(i)) {
            let new = names.into_iter().filter(|name| !name.is_empty());
            for name in new {
                if same.names.len() == MOST_NAMES {
                    self.beyond = true;
                    break;
                }
                if !same.names.contains(&name) {
                    same.names.push(name);
                }
            }
            return;
        }
        if self.items.len() == MOST_ITEMS || content.is_empty() {
            self.beyond = true;
            return;
        }
        let mut names = once(names);
        names.retain(|name| !name.is_empty());
        if names.len() > MOST_NAMES {
            names.truncate(MOST_NAMES);
            self.beyond = true;
        }
        self.bytes -= content.len();
        self.items.push(Hidden { kind, names, mime_type: mime_type.to_owned(), content });
        self.digests.push(digest);
        self.depths.push(self.depth + 1);
    }

    /// How many bytes still fit.
    pub(super) fn room(&self) -> usize {
        self.bytes
    }

    /// Says that something was left out.
    pub(super) fn overflow(&mut self) {
        self.beyond = true;
    }

    /// Whether `bytes` more may be read.
    pub(super) fn spend(&mut self, bytes: usize) -> bool {
        let left = self.work.checked_sub(bytes as u64).filter(|_| (self.go_on)());
        self.work = left.unwrap_or(0);
        self.beyond |= left.is_none();
        left.is_some()
    }

    /// Whether there is room for anything at all.
    pub(super) fn is_open(&mut self) -> bool {
        let open = self.items.len() < MOST_ITEMS && self.bytes > 0;
        self.beyond |= !open;
        open
    }

    /// Whether what is inside that which is looked through now may be taken out.
    pub(super) fn may_go_deeper(&mut self) -> bool {
        let may = self.depth < MOST_DEPTH;
        self.beyond |= !may;
        may
    }

    /// Lends the content and the type of item `i`, to be looked through.
    pub(super) fn enter(&mut self, i: usize) -> Option<(Vec<u8>, String)> {
        let item = self.items.get_mut(i)?;
        self.depth = *self.depths.get(i)?;
        Some((mem::take(&mut item.content), mem::take(&mut item.mime_type)))
    }

    /// Takes back what [`Basket::enter`] lent.
    pub(super) fn leave(&mut self, i: usize, content: Vec<u8>, mime_type: String) {
        if let Some(item) = self.items.get_mut(i) {
            item.content = content;
            item.mime_type = mime_type;
        }
    }

    pub(super) fn into_found(self) -> Found {
        Found { items: self.items, beyond: self.beyond }
    }
}
