//! Where the processes of a host tell each other about one address: a note and a
//! lock in the state directory. Without that directory, or with one that cannot
//! be used, nothing is known and everybody is alone.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use super::state::State;
use crate::os::clock::Deadline;
use crate::os::lock::Lock;
use crate::os::note;

/// The file of the locks, below the state directory.
pub(in crate::engine) const LOCKS: &str = "locks";

/// The note and the lock of one address.
pub(super) struct Board {
    paths: Option<Paths>,
    place: u64,
}

struct Paths {
    note: PathBuf,
    state: PathBuf,
}

impl Board {
    /// Of the engine called `name` at `address`, both of which `place` stands for.
    pub(super) fn new(state: Option<&Path>, (name, address): (&str, &str), place: u64) -> Self {
        let name = [plain(name), plain(address)].concat();
        let paths = |state: &Path| Paths {
            note: state.join(format!("health{name}-{place:016x}")),
            state: state.to_owned(),
        };
        Self { paths: state.map(paths), place }
    }

    /// What is known.
    pub(super) fn state(&self) -> Option<State> {
        State::parse(&note::read(&self.paths.as_ref()?.note)?)
    }

    /// Says so to all. On a full disk they must find out for themselves.
    pub(super) fn write(&self, state: &State) {
        if let Some(paths) = &self.paths {
            let _ = note::write(&paths.note, &state.to_text());
        }
    }

    /// Takes the lock; `None` while somebody else has it.
    pub(super) fn attempt(&self) -> io::Result<Option<Lock>> {
        Lock::attempt(&self.locks()?, self.place)
    }

    /// Waits for the lock; `None` where it was not to be had in time.
    pub(super) fn wait(&self, by: Deadline) -> io::Result<Option<Lock>> {
        Lock::wait(&self.locks()?, self.place, by)
    }

    fn locks(&self) -> io::Result<PathBuf> {
        self.paths.as_ref().map(|paths| paths.state.join(LOCKS)).ok_or_else(|| ErrorKind::NotFound.into())
    }
}

/// The end of `text`, fit for a file name, with a `-` before it; for the eye only.
fn plain(text: &str) -> String {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let mut plain = String::with_capacity(text.len() + 1);
    for word in words {
        plain.push('-');
        plain.push_str(word);
    }
    plain.get(plain.len().saturating_sub(SHOWN)..).unwrap_or_default().to_owned()
}

/// Most characters of a name or an address in a file's name.
const SHOWN: usize = 60;
