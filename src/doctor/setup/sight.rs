//! Which files of a set-up may be read for a report. Cannot fail; in doubt a file is
//! for everybody to read, or not looked at.
//!
//! The server's files may name and include any file. Root may run the check, of another
//! machine's files too, and findings go into tickets: no word must stand there that the
//! server's account could not read itself.

use std::path::{Path, PathBuf};

use crate::os::account::Account;
use crate::os::look;
use crate::os::permission::{self, Access, Why};

/// The machine that the files are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Machine {
    /// This one: what the files name is looked at.
    This,
    /// Another one.
    Other,
}

/// How a file came to be wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// The tailor file says so, or it is where the release has it.
    Server,
    /// Another file includes it, by a name that this machine has for something else.
    Moved,
    /// Another file includes it by this very path.
    Included,
}

/// Whose modes the files have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Modes {
    /// The server's: what its account may not read, it goes on without.
    Server,
    /// Those of a copy, which say nothing of the server.
    Copy,
}

/// On whose behalf files are read.
#[derive(Debug)]
pub(super) struct Sight {
    reader: Account,
    /// Whether the modes of the files say what the server's account may.
    is_server: bool,
    /// Directories that the command line names: what is in there, somebody chose to show.
    trees: Vec<PathBuf>,
}

impl Sight {
    /// That of `account`; of somebody who may read what all may, where it is not known.
    pub(super) fn new(
        account: Option<Account>,
        modes: Modes,
        trees: impl IntoIterator<Item = PathBuf>,
    ) -> Self {
        let trees = trees.into_iter().map(|tree| look::itself(&tree)).filter(|tree| is_one(tree)).collect();
        let is_server = account.is_some() && modes == Modes::Server;
        Self { reader: account.unwrap_or_else(Account::stranger), is_server, trees }
    }

    /// Whether the file at `path` may be read.
    pub(super) fn may_read(&self, path: &Path, origin: Origin) -> bool {
        let is_shown = match origin {
            Origin::Server => true,
            // The server would go on without what its account may not read.
            Origin::Moved => !self.is_server,
            Origin::Included => false,
        };
        if is_shown && self.has(path) {
            return true;
        }
        match permission::check(&self.reader, path, Access::Read) {
            Ok(()) => true,
            // To read it will say so.
            Err(refusal) => matches!(refusal.why, Why::Missing),
        }
    }

    /// Whether it is in one of the directories, whatever links lead to it.
    fn has(&self, path: &Path) -> bool {
        let file = look::itself(path);
        self.trees.iter().any(|tree| file.starts_with(tree))
    }
}

/// Whether a directory may be a server's, or a copy of it: `/` and `/etc` have the
/// files of others.
fn is_one(tree: &Path) -> bool {
    tree.components().count() > 2
}
