//! The conversion channel as a site's files set it up: which entry a part falls
//! to, what its command is given, and what follows from its answer. Fails when a
//! command cannot be started.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use super::answer::{self, Dressing, Ending, Step};
use super::command::{self, Input, Program, Run};
use super::reading::{InputForm, InputHeaders, Reading, Symbols};
use crate::channel::Var;
use crate::mail::field;
use crate::mail::message::{ByEntry, Change, Kept, Leaf, Message, Parameters};
use crate::mta::conversions::{
    Action, Choice, Conversions, Entry, MessageHeader, PartFacts, PartParameter, Resolved, Section,
    SymbolReading,
};
use crate::mta::mappings::Mappings;

/// The entry that is used where the site's file is not given.
pub(crate) const BUILT_IN: &str = "in-channel=*; in-type=*; in-subtype=*;
  parameter-symbol-0=NAME; parameter-copy-0=*; dparameter-symbol-0=FILENAME; dparameter-copy-0=*;
  message-header-file=2; original-header-file=1; override-header-file=1; override-option-file=1;
  command=\"convscan part\"
";

/// Everything that decides what becomes of a part.
pub(crate) struct Channel {
    pub(crate) conversions: Conversions,
    pub(crate) mappings: Mappings,
    pub(crate) source: String,
    pub(crate) destination: String,
    pub(crate) tags: Vec<String>,
    /// What is run in place of the entries' commands.
    pub(crate) program: Option<Program>,
    /// Paths in the entries' commands, each with what is run in its place.
    pub(crate) stand_ins: Vec<(String, String)>,
    /// Configuration that `convscan part` is run with.
    pub(crate) config: Option<PathBuf>,
    pub(crate) timeout: Duration,
}

/// What became of one part.
pub(crate) struct Handled<'c> {
    pub(crate) choice: Choice<'c>,
    pub(crate) size: usize,
    /// The command's run, if the entry has one.
    pub(crate) run: Option<Ran>,
    pub(crate) step: Step,
}

/// The visible side of a run.
pub(crate) struct Ran {
    pub(crate) status: Option<u32>,
    pub(crate) ending: Ending,
    pub(crate) elapsed: Duration,
}

/// What a command answered, before it is judged under a reading.
#[derive(Clone)]
pub(crate) struct Answered {
    pub(crate) run: Run,
    pub(crate) input: Vec<u8>,
    pub(crate) dressing: Dressing,
}

impl Channel {
    /// Hands `leaf`, the `number`-th, over and judges the answer.
    pub(crate) fn handle<'c>(
        &'c self,
        message: &Message<'_>,
        leaf: &Leaf,
        number: usize,
        reading: &Reading,
    ) -> Result<Handled<'c>> {
        let facts = self.facts(message, leaf, number);
        let choice = self.conversions.choose(&facts, &self.mappings);
        let answered = match choice.matched {
            Some((_, entry)) => self.answered(message, leaf, entry, &facts, reading)?,
            None => None,
        };
        let size =
            answered.as_ref().map_or_else(|| message.content(leaf).len(), |answered| answered.input.len());
        let ran = answered.as_ref().map(|answered| Ran {
            status: answer::status(&answered.run.answer),
            ending: answered.run.answer.ending,
            elapsed: answered.run.elapsed,
        });
        let step = match (&choice.matched, answered) {
            (Some((_, Entry { action: Action::Delete, .. })), _) => Step::Change(Change::Delete),
            (_, Some(answered)) => judged(answered, reading),
            (_, None) => Step::Keep,
        };
        Ok(Handled { choice, size, run: ran, step })
    }

    /// What the entry's command answers; `None` where there is no command.
    pub(crate) fn answered(
        &self,
        message: &Message<'_>,
        leaf: &Leaf,
        entry: &Entry,
        facts: &PartFacts,
        reading: &Reading,
    ) -> Result<Option<Answered>> {
        let input = match reading.input {
            InputForm::Decoded => message.content(leaf),
            InputForm::Encoded => message.raw(leaf).to_vec(),
        };
        let mut symbols = facts.symbols();
        let picked = match reading.symbols {
            Symbols::ByName => SymbolReading::ByName,
            Symbols::ByPosition => SymbolReading::ByPosition,
        };
        symbols.extend(entry.symbols(&facts.parameters, &facts.dparameters, picked));
        symbols.push((Var::PartSize.name().to_owned(), input.len().to_string().into_bytes()));
        let Some(program) = self.program(entry, &symbols)? else { return Ok(None) };
        let passing = &entry.passing;
        let handed = Input {
            content: &input,
            header: passing.original_header.then(|| match reading.input_headers {
                InputHeaders::Part => message.header(leaf),
                InputHeaders::Message => message.enclosing_header(leaf),
            }),
            message_header: match passing.message_header {
                MessageHeader::Absent => None,
                MessageHeader::Enclosing => Some(message.enclosing_header(leaf)),
                MessageHeader::Outermost => Some(message.outermost_header()),
            },
            reads_headers: passing.override_header,
            reads_options: passing.override_option,
            values: &symbols,
            config: self.config.as_deref(),
        };
        let run = command::run(&program, &handed, self.timeout)
            .with_context(|| format!("cannot run `{}` for part {}", program.path.display(), leaf.number))?;
        Ok(Some(Answered { run, input, dressing: self.dressing(entry, &symbols) }))
    }

    fn program(&self, entry: &Entry, symbols: &[(String, Vec<u8>)]) -> Result<Option<Program>> {
        let Some(line) = entry.command_line(symbols, &self.mappings) else { return Ok(None) };
        if let Some(program) = &self.program {
            return Ok(Some(program.clone()));
        }
        match line {
            Resolved::Ignored => Ok(None),
            Resolved::CannotTell(why) => bail!("line {}: the command cannot be told: {why}", entry.line),
            Resolved::Text(line) => {
                let mut line = String::from_utf8(line).context("the command is not UTF-8")?;
                for (path, other) in &self.stand_ins {
                    line = replaced(&line, path, other);
                }
                Ok(Some(Program::shell(line.as_ref())))
            }
        }
    }

    /// What the entry says of the header of what is delivered.
    fn dressing(&self, entry: &Entry, symbols: &[(String, Vec<u8>)]) -> Dressing {
        let text = |value: &crate::mta::conversions::Value| match value.resolved(symbols, &self.mappings) {
            Resolved::Text(text) => Some(text),
            Resolved::Ignored | Resolved::CannotTell(_) => None,
        };
        let parameters = |section: Section| {
            let copies: Vec<Vec<u8>> = entry
                .outputs
                .copies
                .iter()
                .filter(|copy| copy.section == section)
                .filter_map(|copy| text(&copy.value))
                .collect();
            let kept = if copies.iter().any(|name| name == b"*") { Kept::All } else { Kept::Only(copies) };
            let set = entry.outputs.parameters.iter().filter(|parameter| parameter.section == section);
            let set = set.filter_map(|p| Some((text(p.name.as_ref()?)?, text(p.value.as_ref()?)?))).collect();
            Parameters { kept, set }
        };
        Dressing {
            fields: entry
                .outputs
                .fields
                .iter()
                .filter_map(|(name, value)| Some((*name, text(value)?)))
                .collect(),
            parameters: ByEntry {
                content_type: parameters(Section::ContentType),
                disposition: parameters(Section::Disposition),
            },
        }
    }

    /// What entries may ask about a part.
    pub(crate) fn facts(&self, message: &Message<'_>, leaf: &Leaf, number: usize) -> PartFacts {
        let around = message.enclosing_header(leaf);
        let field = |name| field::field(around, name).unwrap_or_default();
        let labels = message.labels(leaf);
        let parameters = |list: Vec<(Vec<u8>, Vec<u8>)>| {
            list.into_iter().map(|(name, value)| PartParameter { name, value }).collect()
        };
        PartFacts {
            in_channel: self.source.clone().into_bytes(),
            out_channel: self.destination.clone().into_bytes(),
            tags: self.tags.iter().map(|tag| tag.clone().into_bytes()).collect(),
            main_type: leaf.main_type.clone(),
            subtype: leaf.subtype.clone(),
            parameters: parameters(labels.parameters),
            disposition: labels.disposition,
            dparameters: parameters(labels.dparameters),
            description: labels.description,
            subject: field("subject"),
            message_context: field("message-context"),
            a1_type: field("a1-type"),
            a1_format: field("a1-format"),
            encoding: leaf.encoding.clone(),
            part_number: leaf.number.clone().into_bytes(),
            attachment_number: number.to_string().into_bytes(),
        }
    }
}

/// What follows from an answer under `reading`.
pub(crate) fn judged(answered: Answered, reading: &Reading) -> Step {
    answer::dressed_outcome(answered.run.answer, &answered.input, reading, &answered.dressing)
}

/// `line` with `other` for the path `path`, but not for a longer path that it is in.
fn replaced(line: &str, path: &str, other: &str) -> String {
    let goes_on = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '_' | '-' | '+');
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    while let Some((before, behind)) = rest.split_once(path) {
        let is_inside = before.ends_with(goes_on) || behind.starts_with(goes_on);
        out.push_str(before);
        out.push_str(if is_inside { path } else { other });
        rest = behind;
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_replaced_where_it_stands_alone() {
        for (line, expected) in [
            ("/a/x part || echo", "P part || echo"),
            ("exec '/a/x' part; /a/x", "exec 'P' part; P"),
            ("/a/x-part || /b/a/x || /a/x/y || /a/x", "/a/x-part || /b/a/x || /a/x/y || P"),
            ("nothing", "nothing"),
        ] {
            assert_eq!(replaced(line, "/a/x", "P"), expected, "{line}");
        }
    }
}
