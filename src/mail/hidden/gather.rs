//! What is found inside a part, gathered in memory: for tests alone. Cannot fail.

use super::{Extent, Item, Kind, MOST_ITEMS, Viewer, look_through};
use crate::mail::pieces;

/// Content found inside a part, in memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hidden {
    /// What it was found in.
    pub kind: Kind,
    /// Its file names, as [`Item`] has them.
    pub names: Vec<String>,
    /// As [`Item`] has it.
    pub mime_type: String,
    /// Not empty.
    pub content: Vec<u8>,
}

/// What was found inside a part.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// All of it, at whatever depth. What was found in an item stands behind it.
    pub items: Vec<Hidden>,
    /// Whether there may be more.
    pub beyond: bool,
}

/// Everything in `content` that an engine may not see by itself.
pub fn find(content: &[u8], mime_type: &str) -> Found {
    find_while(content, mime_type, &|| true)
}

/// Likewise, as long as `go_on` says so.
pub fn find_while(content: &[u8], mime_type: &str, go_on: &dyn Fn() -> bool) -> Found {
    let mut collector = Collector { go_on, items: Vec::new() };
    let extent = look_through(content.to_vec(), mime_type, MOST_ITEMS, &mut collector);
    Found { items: collector.items, beyond: extent == Extent::Beyond }
}

struct Collector<'g> {
    go_on: &'g dyn Fn() -> bool,
    items: Vec<Hidden>,
}

impl Viewer for Collector<'_> {
    fn goes_on(&self) -> bool {
        (self.go_on)()
    }

    fn show(&mut self, item: &Item<'_>) {
        let content = pieces::whole(item.size, |take| item.read(take));
        let names = item.names.to_vec();
        match self.items.iter_mut().find(|known| known.content == content) {
            Some(known) => known.names.extend(names),
            None => {
                let mime_type = item.mime_type.to_owned();
                self.items.push(Hidden { kind: item.kind, names, mime_type, content });
            }
        }
    }
}
