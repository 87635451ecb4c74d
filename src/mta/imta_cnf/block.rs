//! Reads channel blocks: a line with the name and its keywords, the official host
//! name, more names. Cannot fail; what is wrong becomes a fault.
//!
//! Blank lines are where blocks go wrong, and the server says nothing. What looks
//! like one missing or one too many is read as it was meant, with a fault.

use std::collections::hash_map::Entry;
use std::ops::Range;

use super::keyword::{Keywords, takes};
use super::rewrite::{Placement, is_rule, rule};
use super::{Channel, Defaults, ImtaCnf};
use crate::diagnostic::Severity;
use crate::mta::form;
use crate::mta::source::{Span, Word};
use crate::mta::statement::{FileFaults, Statement};
use crate::text;

/// The blocks read so far.
pub(super) struct Blocks {
    file: ImtaCnf,
    keywords: Keywords,
    /// Which of the defaults hold from here on.
    defaults: Range<usize>,
    last: Last,
}

/// What the last block is, as far as it is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Last {
    /// None, or one that takes no more lines.
    Nothing,
    /// A channel whose name stands here, without a host so far.
    Hostless(Span),
    /// A channel with a host.
    Channel,
}

impl Blocks {
    pub(super) fn new(file: ImtaCnf) -> Self {
        Self { file, keywords: Keywords::default(), defaults: 0..0, last: Last::Nothing }
    }

    /// A block that blank lines set off.
    pub(super) fn block(&mut self, block: &[Statement], faults: &mut FileFaults) {
        let Some((first, rest)) = block.split_first() else { return };
        if is_rule(first) {
            return self.lost(block, faults);
        }
        let words = first.words();
        if rest.is_empty() && words.len() == 1 && self.stray_host(words.first(), faults) {
            return;
        }
        self.close(faults);
        self.first(first, words, faults);
        for (i, statement) in rest.iter().enumerate() {
            if i + 1 < rest.len()
                && daemon_follows(rest.get(i..).unwrap_or_default())
                && self.last == Last::Channel
            {
                self.unparted(statement, faults);
            } else {
                self.further(statement, faults);
            }
        }
    }

    pub(super) fn finish(mut self, faults: &mut FileFaults) -> ImtaCnf {
        self.close(faults);
        self.file
    }

    /// Rewrite rules below the blank line that ended them.
    fn lost(&mut self, block: &[Statement], faults: &mut FileFaults) {
        self.close(faults);
        if let Some(first) = block.first() {
            faults.breaks(
                form::BLANK_LINE,
                Severity::Error,
                first.whole(),
                "a rewrite rule below a blank line",
                "remove the blank line: the first one ends the rewrite rules, and these are taken for channels",
            );
        }
        let rules = block.iter().map(|statement| rule(statement, Placement::BelowBlank, faults));
        self.file.rules.extend(rules);
    }

    /// A host name that a blank line parts from its channel.
    fn stray_host(&mut self, word: Option<&Word>, faults: &mut FileFaults) -> bool {
        let (Some(word), Last::Hostless(_), Some(channel)) = (word, self.last, self.file.channels.last_mut())
        else {
            return false;
        };
        if ["defaults", "nodefaults"].iter().any(|name| word.is(name)) {
            return false;
        }
        let shown = text::printable_str(&channel.name.text, text::SHOWN);
        let hint = "remove it: a blank line ends the block, so the channel has no host name";
        let message = format!("a blank line above, inside the block of channel `{shown}`");
        faults.breaks(form::BLANK_LINE, Severity::Error, word.span, message, hint);
        channel.span = channel.span.through(word.span);
        channel.host = Some(word.clone());
        self.last = Last::Channel;
        true
    }

    /// The last block is over.
    fn close(&mut self, faults: &mut FileFaults) {
        if let Last::Hostless(span) = std::mem::replace(&mut self.last, Last::Nothing) {
            let hint = "write the official host name, such as `conversion-daemon`, in the next line";
            faults.error(span, "a channel without a host name", hint);
        }
    }

    fn first(&mut self, statement: &Statement, words: Vec<Word>, faults: &mut FileFaults) {
        let mut words = words.into_iter();
        let name = words.next().unwrap_or_default();
        let keywords = self.keywords.read(words.collect(), faults);
        let span = statement.whole();
        if name.is("nodefaults") {
            self.defaults = self.file.defaults.len()..self.file.defaults.len();
        } else if name.is("defaults") {
            self.file.defaults.push(Defaults { keywords, span });
            self.defaults.end = self.file.defaults.len();
        } else {
            self.check_name(&name, faults);
            self.last = Last::Hostless(name.span);
            let defaults = self.defaults.clone();
            self.file.channels.push(Channel { name, keywords, span, defaults, ..Channel::default() });
        }
    }

    fn check_name(&mut self, name: &Word, faults: &mut FileFaults) {
        let shown = text::printable_str(&name.text, text::SHOWN);
        if self.file.channels.is_empty() && !name.is("l") {
            let hint = "put the block of channel `l` above; only `defaults` and `nodefaults` may precede it";
            let message = format!("the first channel is `{shown}`, not `l`");
            faults.breaks(form::FIRST_CHANNEL, Severity::Error, name.span, message, hint);
        }
        match self.file.index.entry(name.text.to_ascii_lowercase()) {
            Entry::Vacant(place) => drop(place.insert(self.file.channels.len())),
            Entry::Occupied(_) => {
                let hint = "keep one block for each channel";
                let message = format!("another channel `{shown}`");
                faults.breaks(form::DUPLICATE, Severity::Error, name.span, message, hint);
            }
        }
    }

    /// A line of a block that is not its first.
    fn further(&mut self, statement: &Statement, faults: &mut FileFaults) {
        let words = statement.words();
        let keyword = |at: usize| words.get(at).is_some_and(|word| takes(&word.text).is_some());
        if is_rule(statement) {
            return self.lost(std::slice::from_ref(statement), faults);
        }
        if words.len() > 1 && keyword(0) {
            let hint = "end the line above in `\\`: keywords stand in the channel's first line";
            return faults.error(statement.whole(), "keywords in a line of their own", hint);
        }
        if keyword(1) || words.first().is_some_and(|word| word.is("defaults") || word.is("nodefaults")) {
            return self.unparted(statement, faults);
        }
        let last = self.file.channels.last_mut().filter(|_| self.last != Last::Nothing);
        let Some(channel) = last else {
            let hint = "remove it: lines below `defaults` are ignored";
            return faults.warning(statement.whole(), "a line without a channel", hint);
        };
        channel.span = channel.span.through(statement.whole());
        let mut words = words.into_iter();
        if channel.host.is_none() {
            channel.host = words.next();
            self.last = Last::Channel;
        }
        channel.names.extend(words);
    }

    /// The first line of a block, without a blank line above.
    fn unparted(&mut self, statement: &Statement, faults: &mut FileFaults) {
        let words = statement.words();
        let shown =
            words.first().map(|word| text::printable_str(&word.text, text::SHOWN)).unwrap_or_default();
        let hint = "put one: without it the server takes this line for a host name of the channel above";
        let message = format!("no blank line above channel `{shown}`");
        faults.breaks(form::BLANK_LINE, Severity::Error, statement.whole(), message, hint);
        self.close(faults);
        self.first(statement, words, faults);
    }
}

/// Whether the first two lines are a channel and a host name made of its name.
fn daemon_follows(lines: &[Statement]) -> bool {
    let [first, second, ..] = lines else { return false };
    let [name, host] = [first.text.trim(), second.text.trim()];
    let tail = host.get(..name.len()).filter(|start| start.eq_ignore_ascii_case(name));
    tail.and_then(|_| host.get(name.len()..)).is_some_and(|tail| tail.eq_ignore_ascii_case("-daemon"))
}
