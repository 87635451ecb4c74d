//! The entries of conversions that run convscan, and how they are changed. Cannot
//! fail.

use std::collections::HashMap;
use std::ops::Range;
use std::rc::Rc;

use super::command::{Call, Command};
use crate::config::DEFAULT_PATH;
use crate::doctor::at::{At, Edit, Mend};
use crate::doctor::setup::{Own, Setup};
use crate::mta::conversions::{Action, Conversions, Entry, Flag, Qualifier, Value};
use crate::snippets::{self, EntryPath, Server};
use crate::status::Release;

/// Longest line that all releases read (6.3 Administration Guide, 13.5.3).
const LINE: usize = 252;

/// Where the snippets have the program.
const PROGRAM: &str = "/usr/local/bin/convscan-part";

/// An entry that runs convscan.
#[derive(Debug)]
pub struct Ours<'s> {
    /// As it was read.
    pub entry: &'s Entry,
    /// Its number among all entries, from 0.
    pub index: usize,
    /// How it runs convscan.
    pub call: Rc<Call>,
    command: &'s Value,
    place: Places<'s>,
}

/// The file that entries stand in.
#[derive(Clone, Copy, Debug)]
struct Places<'s> {
    conversions: &'s Conversions,
    keeper: Keeper,
}

/// Who keeps the text of the entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Keeper {
    /// A file of its own.
    File,
    /// `msconfig`.
    Msconfig,
}

impl Setup {
    /// Our entries in the order of the file.
    pub fn our_entries<'s>(&'s self) -> Vec<Ours<'s>> {
        let Some(place) = self.places() else { return Vec::new() };
        // Many entries have the same command.
        let mut known: HashMap<&str, Option<Rc<Call>>> = HashMap::new();
        let mut call = |text: &'s str| known.entry(text).or_insert_with(|| called(text).map(Rc::new)).clone();
        let ours = self.commands().into_iter().filter_map(|(index, entry, command)| {
            Some(Ours { entry, index, call: call(&command.text)?, command, place })
        });
        ours.collect()
    }

    /// The entries with a command, their numbers, and what the command is.
    pub fn commands<'s>(&'s self) -> Vec<(usize, &'s Entry, &'s Value)> {
        let entries = self.conversions.as_ref().map_or(&[][..], |conversions| &conversions.entries);
        let command = |(index, entry): (usize, &'s Entry)| match &entry.action {
            Action::Command(command) => Some((index, entry, command)),
            Action::Nothing | Action::Delete | Action::Relabel | Action::Service(_) => None,
        };
        entries.iter().enumerate().filter_map(command).collect()
    }

    fn places(&self) -> Option<Places<'_>> {
        let keeper = if self.is_unified() { Keeper::Msconfig } else { Keeper::File };
        self.conversions.as_ref().map(|conversions| Places { conversions, keeper })
    }

    /// Where bytes of conversions stand.
    pub fn entry_at(&self, span: Range<usize>) -> Option<At<'_>> {
        self.places().map(|places| places.at(span))
    }

    /// The lines of our entry for this server.
    pub fn entry_lines(&self) -> String {
        let stated = self.own.as_ref().and_then(Own::stated_release);
        let server = stated.and_then(|stated| Server::parse(&stated.text).ok());
        let server = server.map_or_else(|| Server::parse("6.3"), Ok);
        let config = self.own.as_ref().map(|own| own.path.as_str()).filter(|path| *path != DEFAULT_PATH);
        let config = config.and_then(|path| EntryPath::parse(path).ok());
        // Both are known to be sound.
        let (Ok(server), Ok(program)) = (server, EntryPath::parse(PROGRAM)) else { return String::new() };
        snippets::entry(&server, &program, config.as_ref()).trim_end().to_owned()
    }

    /// What adds `lines` as an entry behind all others.
    pub fn add_entry(&self, lines: &str) -> Mend {
        let Some(Places { conversions, keeper: Keeper::File }) = self.places() else {
            return Mend::Write(msconfig(lines));
        };
        let end = conversions.text.len();
        let at = At::new(&conversions.path, &conversions.text, end..end);
        let above = if conversions.text.is_empty() { "" } else { "\n" };
        Mend::Edit(at.below(&format!("{above}{lines}")))
    }
}

fn called(text: &str) -> Option<Call> {
    if Command::may_call(text) { Command::parse(text).call } else { None }
}

impl<'s> Places<'s> {
    fn at(self, span: Range<usize>) -> At<'s> {
        At::new(&self.conversions.path, &self.conversions.text, span)
    }

    fn mend(self, edit: Edit) -> Mend {
        match self.keeper {
            Keeper::File => Mend::Edit(edit),
            Keeper::Msconfig => Mend::Write(msconfig(&edit.lines)),
        }
    }
}

/// What is to be written where there is no file.
fn msconfig(lines: &str) -> String {
    format!("msconfig edit conversions\n{lines}")
}

impl<'s> Ours<'s> {
    /// Where bytes of the command stand; all of it, if it is written otherwise than
    /// it reads.
    pub fn at(&self, range: Range<usize>) -> At<'s> {
        let span = &self.command.span;
        match self.inside() {
            Some(start) => self.place.at(start + range.start..start + range.end),
            None => self.place.at(span.clone()),
        }
    }

    /// Where the value of a clause stands.
    pub fn value_at(&self, value: &Value) -> At<'s> {
        self.place.at(value.span.clone())
    }

    /// The offset of the command's text in the file, if it stands there as it reads.
    fn inside(&self) -> Option<usize> {
        let written = self.place.at(self.command.span.clone()).text();
        let inner = written.strip_prefix('"').unwrap_or(written);
        inner.starts_with(&self.command.text).then(|| self.command.span.start + written.len() - inner.len())
    }

    /// What puts `text` in the place of bytes of the command.
    pub fn with(&self, range: Range<usize>, text: &str) -> Mend {
        let quoted = self.place.at(self.command.span.clone()).text().starts_with('"');
        if quoted && self.inside().is_some() {
            let at = self.at(range);
            let edit = |text: &str| if at.text().is_empty() { at.append(text) } else { at.replace(text) };
            let whole = edit(&escaped(text));
            let broken = || edit(&format!(" \\\n{}", escaped(text)));
            return self.place.mend(if text.starts_with(' ') && is_long(&whole) { broken() } else { whole });
        }
        let mut command = self.command.text.clone();
        // A range of the command begins and ends with a word.
        if command.get(range.clone()).is_some() {
            command.replace_range(range, text);
        }
        let at = self.place.at(self.command.span.clone());
        self.place.mend(at.replace(&format!("\"{}\"", escaped(&command))))
    }

    /// What gives the entry `name=value`.
    pub fn flag(&self, flag: Flag, name: &str, value: &str) -> Mend {
        let passing = &self.entry.passing;
        if let Some(said) = passing.clause(flag) {
            return self.place.mend(self.value_at(said).replace(value));
        }
        // Behind others of its kind, else behind what must match.
        let flags = passing.flags.iter().map(|(_, value)| value).max_by_key(|value| value.span.end);
        let qualifiers = self.entry.qualifiers.iter().map(|(_, value)| value);
        let above = flags.or_else(|| qualifiers.max_by_key(|value| value.span.end)).unwrap_or(self.command);
        let at = self.value_at(above);
        let same_line = at.append(&format!("; {name}={value}"));
        let next_line = || at.append(&format!(";\n  {name}={value}"));
        self.place.mend(if is_long(&same_line) { next_line() } else { same_line })
    }

    /// What it asks for as the type of a part.
    pub fn type_value(&self) -> Option<&'s Value> {
        self.qualifier(Qualifier::Type)
    }

    fn qualifier(&self, wanted: Qualifier) -> Option<&'s Value> {
        let entry: &'s Entry = self.entry;
        entry.qualifiers.iter().find(|(qualifier, _)| *qualifier == wanted).map(|(_, value)| value)
    }

    /// The conversion tag that it asks for.
    pub fn tag_value(&self) -> Option<&'s Value> {
        self.qualifier(Qualifier::Tag)
    }

    /// What it asks for as a channel, if that is not any.
    pub fn channel_value(&self) -> Option<&'s Value> {
        let channels =
            [Qualifier::InChannel, Qualifier::OutChannel].map(|qualifier| self.qualifier(qualifier));
        channels.into_iter().flatten().find(|value| value.text != "*")
    }

    /// What makes it catch parts of all types, if nothing but these keeps it from that.
    pub fn widened(&self) -> Option<Mend> {
        let is_free = self.entry.in_parameters.is_empty()
            && self.entry.qualifiers.iter().all(|(qualifier, value)| {
                matches!(qualifier, Qualifier::Type | Qualifier::Subtype) || value.text == "*"
            });
        let types = [Qualifier::Type, Qualifier::Subtype].map(|qualifier| self.qualifier(qualifier));
        let mut narrow: Vec<&Value> =
            types.into_iter().flatten().filter(|value| is_free && value.text != "*").collect();
        narrow.sort_by_key(|value| value.span.start);
        let (first, last) = (narrow.first()?, narrow.last()?);
        let between = if narrow.len() > 1 {
            format!("*{}*", self.place.at(first.span.end..last.span.start).text())
        } else {
            "*".to_owned()
        };
        Some(self.place.mend(self.place.at(first.span.start..last.span.end).replace(&between)))
    }

    /// Whether `word` stands anywhere in the command.
    pub fn says(&self, word: &str) -> bool {
        self.command.text.contains(word)
    }

    /// The release that it tells convscan.
    pub fn release(&self) -> Option<Release> {
        let word = self.call.release.as_ref().filter(|word| !word.varies)?;
        Release::parse(&word.text)
    }
}

fn is_long(edit: &Edit) -> bool {
    edit.lines.lines().any(|line| line.chars().count() > LINE)
}

/// `text` as it is written between double quotes.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}
