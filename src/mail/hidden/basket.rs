//! What was found so far, and how much more may be. Cannot fail: what does not
//! fit is left out, and said to be.
//!
//! Content is never gathered: each piece is shown as soon as it is found, decoded on
//! the way. Only one that hides something more is kept until its turn comes.

use std::collections::{BTreeSet, VecDeque};

use super::{Item, Kind, Search, Source, Viewer};
use crate::mail::parameter::once;
use crate::mail::pieces::{self, Take};

/// Most pieces that are given by default. Each is one more look for each engine; a digest of
/// some hundred messages is honest, thousands of `begin` lines are not.
pub const MOST_ITEMS: usize = 500;

/// Most levels: a forwarded message with a `winmail.dat` that holds a message
/// with a uuencoded text has four.
const MOST_DEPTH: usize = 10;

/// Most names of one piece. Honest ones have two or three.
pub(super) const MOST_NAMES: usize = 100;

/// Most bytes of all names.
const MOST_NAME_BYTES: usize = 512 * 1024;

/// Most bytes that are given for a part of `size` bytes. Each level is smaller
/// than the one around it, as all encodings but BinHex's runs and uuencode's
/// blanks shrink by decoding; three levels of it fit.
pub fn most_bytes(size: usize) -> usize {
    size.saturating_mul(3).saturating_add(4 << 20).min(256 << 20)
}

/// Most bytes that are in memory at a time for a part of `size` bytes: the content
/// that is looked through, what waits for its turn, and the piece that is shown.
/// Honest content has a piece of its own size at most. The README promises twice the
/// part and 4 MB, and 160 MB at most; the rest is for everything else. A site that has
/// larger parts searched pays with as much memory.
pub fn most_held(size: usize) -> usize {
    let most = size.saturating_add(75 << 20).max(150 << 20);
    size.saturating_mul(2).saturating_add(2 << 20).min(most)
}

/// Most bytes that are read, again on each level and for each version.
fn most_work(size: usize) -> u64 {
    32 * (size as u64) + (16 << 20)
}

/// A piece that was shown.
struct Seen {
    digest: blake3::Hash,
    names: BTreeSet<String>,
}

/// Content that is to be looked through.
pub(super) struct Waiting {
    pub(super) content: Vec<u8>,
    pub(super) mime_type: String,
    /// How deep it lies.
    depth: usize,
}

/// The pieces, and what is left of the bounds.
pub(super) struct Basket<'a> {
    viewer: &'a mut dyn Viewer,
    search: fn(&str) -> Box<dyn Search>,
    /// Most pieces that are shown.
    most: usize,
    /// By digest: comparing contents would cost as much as there are of them, and
    /// hostile ones differ in their last byte.
    seen: Vec<Seen>,
    waiting: VecDeque<Waiting>,
    /// How deep that lies which is looked through now.
    depth: usize,
    /// Bytes in memory, and how many more may be.
    held: usize,
    most_held: usize,
    bytes: usize,
    name_bytes: usize,
    work: u64,
    beyond: bool,
}

impl<'a> Basket<'a> {
    /// For `content`, of which `search` tells what is worth opening.
    pub(super) fn new(
        content: Vec<u8>,
        mime_type: &str,
        most: usize,
        viewer: &'a mut dyn Viewer,
        search: fn(&str) -> Box<dyn Search>,
    ) -> Self {
        let size = content.len();
        let first = Waiting { content, mime_type: mime_type.to_owned(), depth: 0 };
        Self {
            viewer,
            search,
            most,
            seen: Vec::new(),
            waiting: VecDeque::from([first]),
            depth: 0,
            held: size,
            most_held: most_held(size),
            bytes: most_bytes(size),
            name_bytes: MOST_NAME_BYTES,
            work: most_work(size),
            beyond: false,
        }
    }

    /// Shows what `source` gives. Where it was shown already, only new names are.
    pub(super) fn put(&mut self, kind: Kind, names: Vec<String>, mime_type: &str, source: &Source<'_>) {
        let most = self.room();
        let measure = Measure::of(source, (self.search)(mime_type), most);
        self.beyond |= measure.is_cut;
        if measure.size == 0 {
            return;
        }
        let known = self.seen.iter().position(|seen| seen.digest == measure.digest);
        if known.is_none() && self.seen.len() >= self.most {
            self.beyond = true;
            return;
        }
        let names = self.new_names(known, names);
        if known.is_some() && names.is_empty() {
            return;
        }
        if !self.spend(measure.size) {
            return;
        }
        let cut = |take: Take<'_>| cut(source, measure.size, take);
        self.viewer.show(&Item { kind, names: &names, mime_type, size: measure.size, content: &cut });
        match known.and_then(|i| self.seen.get_mut(i)) {
            Some(seen) => seen.names.extend(names),
            None => {
                self.bytes = self.bytes.saturating_sub(measure.size);
                self.seen.push(Seen { digest: measure.digest, names: names.into_iter().collect() });
                if measure.search.is_worthwhile() {
                    self.keep(mime_type, measure.size, &cut);
                }
            }
        }
    }

    /// Those of `names` that the piece at `known` does not have yet.
    fn new_names(&mut self, known: Option<usize>, names: Vec<String>) -> Vec<String> {
        let old = known.and_then(|i| self.seen.get(i));
        let is_new = |name: &String| !name.is_empty() && old.is_none_or(|old| !old.names.contains(name));
        let mut names: Vec<String> = once(names).into_iter().filter(is_new).collect();
        let room = MOST_NAMES - old.map_or(0, |old| old.names.len().min(MOST_NAMES));
        self.beyond |= names.len() > room;
        names.truncate(room);
        names.retain(|name| {
            let left = self.name_bytes.checked_sub(name.len());
            self.beyond |= left.is_none();
            self.name_bytes = left.unwrap_or(self.name_bytes);
            left.is_some()
        });
        names
    }

    /// Keeps content that hides something, until its turn comes.
    fn keep(&mut self, mime_type: &str, size: usize, source: &Source<'_>) {
        let depth = self.depth + 1;
        if depth >= MOST_DEPTH {
            self.beyond = true;
            return;
        }
        let content = pieces::whole(size, source);
        self.held += content.len();
        self.waiting.push_back(Waiting { content, mime_type: mime_type.to_owned(), depth });
    }

    /// How many bytes the next piece may have.
    fn room(&self) -> usize {
        self.bytes.min(self.most_held.saturating_sub(self.held))
    }

    /// Says that something was left out.
    pub(super) fn overflow(&mut self) {
        self.beyond = true;
    }

    /// Whether there is time left.
    pub(super) fn goes_on(&self) -> bool {
        self.viewer.goes_on()
    }

    /// Whether `bytes` more may be read.
    pub(super) fn spend(&mut self, bytes: usize) -> bool {
        let left = self.work.checked_sub(bytes as u64).filter(|_| self.viewer.goes_on());
        self.work = left.unwrap_or(0);
        self.beyond |= left.is_none();
        left.is_some()
    }

    /// Whether there is room for anything at all.
    pub(super) fn is_open(&mut self) -> bool {
        let open = self.seen.len() < self.most && self.room() > 0;
        self.beyond |= !open;
        open
    }

    /// The next content that is to be looked through. [`Basket::release`] ends that.
    pub(super) fn next(&mut self) -> Option<Waiting> {
        let next = self.waiting.pop_front()?;
        self.depth = next.depth;
        Some(next)
    }

    /// Gives back the memory of what was looked through.
    pub(super) fn release(&mut self, done: Waiting) {
        self.held = self.held.saturating_sub(done.content.len());
    }

    /// Whether there may be more than was shown.
    pub(super) fn is_beyond(&self) -> bool {
        self.beyond
    }
}

/// What one pass over a content tells.
struct Measure {
    size: usize,
    digest: blake3::Hash,
    search: Box<dyn Search>,
    /// Whether there is more.
    is_cut: bool,
}

impl Measure {
    /// Of the first `most` bytes that `source` gives.
    fn of(source: &Source<'_>, mut search: Box<dyn Search>, most: usize) -> Self {
        let (mut size, mut is_cut) = (0, false);
        let mut hasher = blake3::Hasher::new();
        source(&mut |piece| {
            let taken = piece.get(..most - size).unwrap_or(piece);
            is_cut = taken.len() < piece.len();
            hasher.update(taken);
            search.feed(taken);
            size += taken.len();
            !is_cut
        });
        Self { size, digest: hasher.finalize(), search, is_cut }
    }
}

/// The first `most` bytes of `source`.
fn cut(source: &Source<'_>, most: usize, take: Take<'_>) {
    let mut left = most;
    source(&mut |piece| {
        let taken = piece.get(..left).unwrap_or(piece);
        left -= taken.len();
        take(taken) && left > 0
    });
}
