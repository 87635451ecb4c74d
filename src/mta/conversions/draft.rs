//! An entry while its clauses are read. Cannot fail; what is wrong becomes a
//! fault, and the first of two clauses about the same thing counts.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

use super::clause::Clause;
use super::parameter::{self, Parameter, Piece, Unknown};
use super::value::Value;
use super::{
    Action, Entry, Flag, InParameter, MessageHeader, Numbered, OutParameter, Output, Qualifier, Section,
};
use crate::channel::VARS;
use crate::diagnostic::Severity;
use crate::mta::faults::Faults;
use crate::mta::form;
use crate::text;

/// What stands above an entry.
#[derive(Clone, Debug)]
pub(super) enum Context {
    /// Nothing that it could belong to.
    Apart,
    /// An entry that a blank line ended, though its last line ends in `;`.
    BelowBlank,
    /// Directly above, an entry that ended for want of `;`; where that line ends.
    Below(Range<usize>),
}

/// Name, value and default of one number, and where the first stands.
#[derive(Debug)]
struct Triple {
    name: Option<Value>,
    value: Option<Value>,
    default: Option<Value>,
    span: Range<usize>,
}

type Triples = BTreeMap<(Section, u32), Triple>;

/// The clauses met so far.
#[derive(Default)]
pub(super) struct Draft {
    first: Option<Range<usize>>,
    entry: Entry,
    in_triples: Triples,
    out_triples: Triples,
    actions: Vec<(Action, Range<usize>)>,
    seen: HashMap<(Parameter, Option<u32>), usize>,
}

impl Draft {
    pub(super) fn is_empty(&self) -> bool {
        self.first.is_none()
    }

    pub(super) fn extend(&mut self, clauses: Vec<Clause>, faults: &mut Faults) {
        for clause in clauses {
            if self.first.is_none() {
                self.first = Some(clause.name_span.clone());
                self.entry.line = clause.line;
                self.entry.span = clause.name_span.clone();
            }
            match Parameter::named(&clause.name) {
                Ok(key) => {
                    if self.is_first(key, &clause, faults) {
                        self.known(key.0, key.1.unwrap_or_default(), clause, faults);
                    }
                }
                Err(unknown) => self.unknown(&unknown, clause, faults),
            }
        }
    }

    /// Takes note that a line of the entry ends at `end`.
    pub(super) fn reach(&mut self, end: usize) {
        if !self.is_empty() {
            self.entry.span.end = end;
        }
    }

    fn unknown(&mut self, unknown: &Unknown, clause: Clause, faults: &mut Faults) {
        let shown = text::printable_str(&clause.name, 40);
        let span = clause.name_span.clone();
        match unknown {
            Unknown::Number(known) => {
                let hint = format!("write `{known}-0`, `{known}-1`, ...");
                faults.error(span, format!("`{shown}` needs a number"), hint);
            }
            Unknown::NoNumber(known) => {
                let hint = format!("write `{known}`");
                faults.error(span, format!("`{shown}` takes no number"), hint);
            }
            Unknown::Name => faults.add(Severity::Warning, span, || {
                let hint = parameter::near(&clause.name).map_or_else(
                    || "the channel ignores it: remove it".to_owned(),
                    |near| format!("did you mean `{near}`? as it stands the channel ignores it"),
                );
                (format!("unknown parameter `{shown}`"), hint)
            }),
        }
        let Clause { name, value, value_span, line, .. } = clause;
        self.entry.unknown.push((name, Value { text: value, line, span: value_span }));
    }

    fn is_first(&mut self, key: (Parameter, Option<u32>), clause: &Clause, faults: &mut Faults) -> bool {
        let Some(line) = self.seen.get(&key) else {
            self.seen.insert(key, clause.line);
            return true;
        };
        let shown = text::printable_str(&clause.name, 40);
        let hint = format!("remove one; the first is in line {line}");
        faults.error(clause.name_span.clone(), format!("`{shown}` is given twice in one entry"), hint);
        false
    }

    fn act(&mut self, action: Action, clause: &Clause) {
        self.actions.push((action, clause.name_span.clone()));
    }

    fn known(&mut self, parameter: Parameter, number: u32, clause: Clause, faults: &mut Faults) {
        let value = Value { text: clause.value.clone(), line: clause.line, span: clause.value_span.clone() };
        match parameter {
            Parameter::Qualifier(qualifier) => {
                check_qualifier(qualifier, &clause, faults);
                self.entry.qualifiers.push((qualifier, value));
            }
            Parameter::In(section, piece) => {
                place(&mut self.in_triples, (section, number), piece, value, clause.name_span);
            }
            Parameter::Out(section, piece) => {
                place(&mut self.out_triples, (section, number), piece, value, clause.name_span);
            }
            Parameter::Symbol(section) => {
                check_symbol(&clause, faults);
                self.entry.passing.symbols.push(Numbered { section, number, value });
            }
            Parameter::Copy(section) => self.entry.outputs.copies.push(Numbered { section, number, value }),
            Parameter::Field(output) => {
                check_output(output, &clause, faults);
                self.entry.outputs.fields.push((output, value));
            }
            Parameter::Flag(of) => {
                self.pass(of, &clause, faults);
                self.entry.passing.flags.push((of, value));
            }
            Parameter::Command => self.act(Action::Command(value), &clause),
            Parameter::Service => self.act(Action::Service(value), &clause),
            Parameter::Delete if flag(&clause, faults) => self.act(Action::Delete, &clause),
            Parameter::Relabel if flag(&clause, faults) => self.act(Action::Relabel, &clause),
            Parameter::Delete | Parameter::Relabel => {}
        }
    }

    fn pass(&mut self, of: Flag, clause: &Clause, faults: &mut Faults) {
        let passing = &mut self.entry.passing;
        match of {
            Flag::MessageHeader => passing.message_header = message_header(clause, faults),
            Flag::OriginalHeader => passing.original_header = flag(clause, faults),
            Flag::OverrideHeader => passing.override_header = flag(clause, faults),
            Flag::OverrideOption => passing.override_option = flag(clause, faults),
        }
    }

    /// The entry, unless there was no clause.
    pub(super) fn finish(mut self, context: &Context, faults: &mut Faults) -> Option<Entry> {
        let first = self.first.take()?;
        if !self.entry.qualifiers.iter().any(|(qualifier, _)| *qualifier == Qualifier::Type) {
            no_type(context, first.clone(), faults);
        }
        let mut actions = std::mem::take(&mut self.actions);
        actions.sort_by_key(|(action, _)| rank(action));
        match actions.get(1) {
            Some((_, span)) => {
                let hint = "leave one of command, delete, relabel and service-command";
                faults.error(span.clone(), "two actions in one entry", hint);
            }
            None if actions.is_empty() => {
                let hint = "add `command=\"...\"` or `delete=1`; the manual knows no entry without";
                faults.error(first, "an entry that does nothing", hint);
            }
            None => {}
        }
        self.entry.action = actions.into_iter().next().map_or(Action::Nothing, |(action, _)| action);
        self.pair(faults);
        Some(self.entry)
    }

    /// Makes pairs of the numbered names and values.
    fn pair(&mut self, faults: &mut Faults) {
        for ((section, number), triple) in std::mem::take(&mut self.in_triples) {
            let Triple { name, value, default, span } = triple;
            if name.is_none() {
                let hint = format!("add the name of the parameter, with number {number}");
                faults.warning(span, "a parameter's value without its name is not compared", hint);
            }
            self.entry.in_parameters.push(InParameter { section, number, name, value, default });
        }
        for ((section, number), triple) in std::mem::take(&mut self.out_triples) {
            let Triple { name, value, span, .. } = triple;
            if name.is_none() || value.is_none() {
                let hint = format!("give both name and value, with number {number}");
                faults.warning(span, "a parameter needs name and value to be set", hint);
            }
            self.entry.outputs.parameters.push(OutParameter { section, number, name, value });
        }
    }
}

/// Which of two actions counts: those that make the channel skip the entry,
/// then the one that runs no program.
fn rank(action: &Action) -> u8 {
    match action {
        Action::Service(_) => 0,
        Action::Relabel => 1,
        Action::Delete => 2,
        Action::Command(_) => 3,
        Action::Nothing => 4,
    }
}

fn no_type(context: &Context, first: Range<usize>, faults: &mut Faults) {
    let never = "an entry without `in-type` never matches";
    match context {
        Context::Below(end) => {
            let hint = "add `;` if the next line belongs to this entry, else give that one an `in-type`";
            let message = "no `;` at the end of the line: the entry ends, and what is below has no `in-type`";
            faults.breaks(form::IN_TYPE, Severity::Error, end.clone(), message, hint);
        }
        Context::BelowBlank => {
            let hint = "add `in-type=*;`, or remove the blank line above if this belongs to the entry there";
            faults.breaks(form::IN_TYPE, Severity::Error, first, never, hint);
        }
        Context::Apart => {
            faults.breaks(form::IN_TYPE, Severity::Error, first, never, "add `in-type=*;`");
        }
    }
}

fn place(triples: &mut Triples, key: (Section, u32), piece: Piece, value: Value, span: Range<usize>) {
    let triple =
        triples.entry(key).or_insert_with(|| Triple { name: None, value: None, default: None, span });
    match piece {
        Piece::Name => triple.name = Some(value),
        Piece::Value => triple.value = Some(value),
        Piece::Default => triple.default = Some(value),
    }
}

fn flag(clause: &Clause, faults: &mut Faults) -> bool {
    if !matches!(clause.value.as_str(), "0" | "1") {
        faults.error(clause.value_span.clone(), "neither 0 nor 1", "write 1 for yes");
    }
    clause.value == "1"
}

fn message_header(clause: &Clause, faults: &mut Faults) -> MessageHeader {
    match clause.value.as_str() {
        "0" => MessageHeader::Absent,
        "1" => MessageHeader::Enclosing,
        "2" => MessageHeader::Outermost,
        _ => {
            let hint = "0: no header, 1: that of the enclosing message, 2: that of the whole message";
            faults.error(clause.value_span.clone(), "neither 0, 1 nor 2", hint);
            MessageHeader::Absent
        }
    }
}

fn check_qualifier(qualifier: Qualifier, clause: &Clause, faults: &mut Faults) {
    let is_type = matches!(qualifier, Qualifier::Type | Qualifier::Subtype);
    if is_type && clause.value.contains('/') && !clause.value.starts_with('\'') {
        let hint = "write it as two clauses, such as `in-type=text; in-subtype=html`";
        faults.error(clause.value_span.clone(), "a type with `/` never matches", hint);
    }
}

fn check_output(output: Output, clause: &Clause, faults: &mut Faults) {
    let known = ["text", "block"].iter().any(|mode| clause.value.eq_ignore_ascii_case(mode));
    if output == Output::Mode && !known && !clause.value.starts_with('\'') {
        faults.warning(clause.value_span.clone(), "unknown mode", "the modes are `text` and `block`");
    }
}

fn check_symbol(clause: &Clause, faults: &mut Faults) {
    let name = &clause.value;
    let sound = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if !sound {
        let hint = "use letters, digits and `_`, such as `NAME`";
        faults.error(clause.value_span.clone(), "not the name of a variable", hint);
    } else if VARS.iter().any(|(_, known)| known == name && !matches!(*known, "NAME" | "FILENAME")) {
        let hint = "choose another name, such as `NAME`";
        faults.error(clause.value_span.clone(), "a variable that the channel itself sets", hint);
    }
}
