//! What is found inside a part, gathered in memory: for tests alone. Cannot fail.

use super::{Item, Kind, Viewer};
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

/// Gathers what it is shown.
pub(super) struct Collector<'g> {
    pub(super) go_on: &'g dyn Fn() -> bool,
    pub(super) items: Vec<Hidden>,
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
