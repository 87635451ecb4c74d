//! imta.cnf: rewrite rules and channels, each with its place. Cannot fail: what
//! is wrong becomes a fault.
//!
//! Source: Messaging Server 6.3 Administration Guide, 10.2 and 12.1 (rewrite
//! rules up to the first blank line, channel blocks, defaults); 6 2005Q4
//! Administration Reference, "MTA Configuration File", table 4-6 (keywords); SIMS
//! 4.0 Reference, "IMTA Configuration File".

mod block;
mod keyword;
mod read;
mod rewrite;

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::ops::Range;

use super::source::{Lookup, Sources, Span, Word};
use crate::diagnostic::Diagnostic;

/// A word of a channel's first line, and what belongs to it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Keyword {
    /// As it is written.
    pub name: Word,
    /// As many as the keyword takes; for an unknown one, the words behind it
    /// that cannot be keywords.
    pub arguments: Vec<Word>,
    /// Whether this reader knows the keyword. The server takes an unknown one
    /// for the name of a group whose processes may use the channel (6 2005Q4
    /// Administration Reference, "Channel Configuration Keywords").
    pub known: bool,
}

impl Keyword {
    /// Whether this is `name`: case does not count, nor do characters after the
    /// 32nd.
    pub fn is(&self, name: &str) -> bool {
        keyword::same(&self.name.text, name)
    }

    /// The first argument.
    pub fn argument(&self) -> Option<&Word> {
        self.arguments.first()
    }

    #[cfg(any(test, feature = "testing"))]
    /// The first argument as a whole number.
    pub fn number(&self) -> Option<i64> {
        self.argument()?.number()
    }

    /// Keyword and arguments.
    pub fn span(&self) -> Span {
        self.arguments.last().map_or(self.name.span, |last| self.name.span.through(last.span))
    }
}

/// A channel block.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Channel {
    /// Its name.
    pub name: Word,
    /// Of its own line, in order; see [`ImtaCnf::keyword`] for what holds.
    pub keywords: Vec<Keyword>,
    /// The official host name, from the second line.
    pub host: Option<Word>,
    /// Local host alias and additional host names.
    pub names: Vec<Word>,
    /// From the name to the end of the last line, as far as it is in one file.
    pub span: Span,
    /// Those of [`ImtaCnf::defaults`] that hold for this channel.
    pub defaults: Range<usize>,
}

/// A `defaults` line: it holds for all channels below, up to `nodefaults`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Defaults {
    /// In order.
    pub keywords: Vec<Keyword>,
    /// The whole line.
    pub span: Span,
}

/// A rewrite rule.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RewriteRule {
    /// The first column.
    pub pattern: Word,
    /// The second column; empty if there is none.
    pub template: Word,
    /// It stands below a blank line, where the server looks for channels.
    pub lost: bool,
}

/// A file for the MTA.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImtaCnf {
    /// The files that were read.
    pub sources: Sources,
    /// In the order of trial.
    pub rules: Vec<RewriteRule>,
    /// In the order of the file.
    pub defaults: Vec<Defaults>,
    /// In the order of the file.
    pub channels: Vec<Channel>,
    /// The first channel of each name in lower case.
    index: HashMap<String, usize>,
}

impl ImtaCnf {
    #[cfg(any(test, feature = "testing"))]
    /// Reads `text`. Files that it includes are not read, only listed by
    /// [`Sources::includes`].
    pub fn parse(path: &str, text: &str) -> (Self, Vec<Diagnostic>) {
        read::read(path, text, None)
    }

    /// Reads `text` and, in place of each `<file` line, what `lookup` gives.
    pub fn parse_with(path: &str, text: &str, lookup: Lookup) -> (Self, Vec<Diagnostic>) {
        read::read(path, text, Some(lookup))
    }

    /// The first channel called `name`, whatever the case.
    pub fn channel(&self, name: &str) -> Option<&Channel> {
        self.channels.get(*self.index.get(&name.to_ascii_lowercase())?)
    }

    #[cfg(any(test, feature = "testing"))]
    /// The keyword that holds for `channel`: its own, else that of the nearest
    /// `defaults` line above; the last one of several.
    pub fn keyword<'a>(&'a self, channel: &'a Channel, name: &str) -> Option<&'a Keyword> {
        self.last_of(channel, &[name])
    }

    /// The same for keywords that undo each other, such as `logging` and
    /// `nologging`: the last one of them all.
    pub fn last_of<'a>(&'a self, channel: &'a Channel, names: &[&str]) -> Option<&'a Keyword> {
        let fits = |keyword: &&Keyword| names.iter().any(|name| keyword.is(name));
        channel.keywords.iter().rev().find(fits).or_else(|| {
            let defaults = self.defaults.get(channel.defaults.clone()).unwrap_or_default();
            defaults.iter().rev().find_map(|line| line.keywords.iter().rev().find(fits))
        })
    }
}
