//! What the files of the scanners say: clamd.conf, freshclam.conf, c-icap.conf.
//! Cannot fail; a value that is none counts as unknown.

use super::server::{Set, end_of, setting};
use crate::doctor::at::{At, Mend};
use crate::doctor::complaint::Complaint;
use crate::mta::scanner_conf::{Read, ServerConf};

/// A file of keys, with those that it includes.
#[derive(Clone, Copy, Debug)]
pub struct Conf<'s>(pub &'s ServerConf);

/// What a file says about a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said<T> {
    /// This.
    Is(T),
    /// Nothing, so the default holds.
    Nothing,
    /// Something that is no value for it.
    Unknown,
}

impl<T> Said<T> {
    /// The value that holds; none if nobody knows it.
    pub fn or(self, default: T) -> Option<T> {
        match self {
            Self::Is(value) => Some(value),
            Self::Nothing => Some(default),
            Self::Unknown => None,
        }
    }
}

fn said<T, E>(read: Result<Option<Read<T>>, E>) -> Said<T> {
    match read {
        Ok(Some(read)) => Said::Is(read.value),
        Ok(None) => Said::Nothing,
        Err(_) => Said::Unknown,
    }
}

impl<'s> Conf<'s> {
    /// The file as it was named.
    pub fn path(self) -> &'s str {
        self.0.sources.files().first().map_or("", |file| &file.path)
    }

    /// The key that holds, of several of one name.
    pub fn key(self, name: &str) -> Option<Set<'s>> {
        self.0.holding(name).map(|found| setting(&self.0.sources, found))
    }

    /// Every line with this key.
    pub fn all(self, name: &str) -> impl Iterator<Item = Set<'s>> {
        self.0.all(name).map(|found| setting(&self.0.sources, found))
    }

    /// What it says, yes or no.
    pub fn boolean(self, name: &str) -> Said<bool> {
        said(self.0.boolean(name))
    }

    /// What it says, a number of bytes.
    pub fn size(self, name: &str) -> Said<u64> {
        said(self.0.size(name))
    }

    /// What it says, a whole number.
    pub fn number(self, name: &str) -> Said<u64> {
        said(self.0.number(name))
    }

    /// A complaint where the key stands, or about the file if it does not.
    pub fn complaint(self, name: &str, message: impl Into<String>) -> Complaint<'s> {
        match self.key(name) {
            Some(key) => Complaint::at(key.value_at, message),
            None => Complaint::whole(self.path(), message),
        }
    }

    /// What gives the key this value: in place of the line that holds, else behind
    /// all others.
    pub fn write(self, name: &str, value: &str) -> Mend {
        let line = format!("{name} {value}");
        let files = self.0.sources.files();
        match self.0.holding(name) {
            // What another file is called where it is included is no path from here.
            Some(found) if found.name.span.file > 0 => Mend::Write(line),
            Some(found) => Mend::Edit(At::of(&self.0.sources, found.span()).replace(&line)),
            None => Mend::Edit(end_of(files.first()).below(&line)),
        }
    }
}
