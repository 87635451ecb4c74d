//! What the command of an entry does, as far as a shell's simple commands tell.
//! Cannot fail; what is not understood stays unknown.
//!
//! The channel has a shell run it: `$INPUT_FILE` is the shell's, `'INPUT_FILE'` the
//! channel's own way to put in a value (6.3 Administration Guide, 13.5.3.2; 6 2005Q4
//! Administration Guide, service conversions).

mod shell;

#[cfg(test)]
mod tests;

use std::ops::Range;

pub use self::shell::Word;
use self::shell::{Joint, Simple};
use crate::channel::Var;

/// The program that has all commands, and the command that answers for one part.
const PROGRAM: &str = "convscan";
const PART: &str = "part";

/// The program that does nothing but answer for one part.
const PART_PROGRAM: &str = "convscan-part";

/// The command of an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// What is run first.
    pub program: Option<Word>,
    /// How convscan is run, if it is.
    pub call: Option<Call>,
}

/// How convscan is run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// The word that names it.
    pub program: Word,
    /// Behind `--config`, the last one.
    pub config: Option<Word>,
    /// Behind `--release`, the last one.
    pub release: Option<Word>,
    /// The first argument that `convscan part` does not know.
    pub unknown: Option<Word>,
    /// Where its last argument ends.
    pub end: usize,
    /// What is done where it gives no answer.
    pub guard: Guard,
}

/// What is done where convscan was killed or could not be started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Guard {
    /// Nothing, and nothing follows convscan.
    Missing,
    /// Nothing, though something follows convscan.
    Unguarded,
    /// A status is written.
    Writes(Write),
    /// Something that is not understood.
    Unknown,
}

/// How a status is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Write {
    /// What stands behind `STATUS=`.
    pub status: Status,
    /// Bytes of the command that this takes up.
    pub span: Range<usize>,
    /// Where the command that writes it begins.
    pub start: usize,
    /// Where the word that holds it ends.
    pub end: usize,
    /// Where it goes.
    pub target: Target,
    /// When it is written.
    pub when: When,
}

/// When a status is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// Whatever convscan answered: over its answer, or beside it.
    Always,
    /// Only where convscan gave an answer.
    Answered,
    /// Where it gave none, or when cannot be told.
    Else,
}

/// What stands behind `STATUS=`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// A number.
    Number(u32),
    /// Something else.
    Odd,
    /// What only the shell can tell.
    Unknown,
}

/// Where a status goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// To `$OUTPUT_OPTIONS`.
    Options,
    /// To the standard output, which nobody reads.
    Nowhere,
    /// To this file.
    Elsewhere(Word),
    /// What only the shell can tell.
    Unknown,
}

impl Command {
    /// Reads the text of a command.
    pub fn parse(text: &str) -> Self {
        let (simples, clear) = shell::split(text);
        let program = simples.iter().find_map(|simple| simple.words.iter().find(|word| !is_assignment(word)));
        let found = simples.iter().enumerate().find_map(|(i, simple)| Some((i, call(simple)?)));
        let call = found.map(|(i, call)| {
            let guard = if clear { guard(&simples, i) } else { Guard::Unknown };
            Call { guard, ..call }
        });
        Self { program: program.cloned(), call }
    }

    /// Whether it may run convscan, be it by a shell of its own.
    pub fn may_call(text: &str) -> bool {
        text.contains(PROGRAM)
    }
}

impl Word {
    /// Its path, if that is absolute: one that begins with a name of the tailor
    /// file, such as `IMTA_PROGRAM:`, is.
    pub fn is_absolute(&self) -> bool {
        let named = |(table, rest): (&str, &str)| {
            !table.is_empty()
                && table.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
                && !rest.is_empty()
        };
        self.text.starts_with('/') || self.text.split_once(':').is_some_and(named)
    }
}

/// Whether it sets a variable for the command behind it.
fn is_assignment(word: &Word) -> bool {
    let name = word.text.split_once('=').map(|(name, _)| name);
    name.is_some_and(|name| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'))
}

/// How a simple command runs convscan. Others may stand before it, such as `exec`
/// or `nice`.
fn call(simple: &Simple) -> Option<Call> {
    // How many words it takes to say that a part is to be answered for.
    let length = |rest: &[Word]| match rest {
        [program, ..] if name(program) == PART_PROGRAM => Some(1),
        [program, part, ..] if name(program) == PROGRAM && part.text == PART => Some(2),
        _ => None,
    };
    let words = &simple.words;
    let (at, length) = (0..words.len()).find_map(|at| Some((at, length(words.get(at..)?)?)))?;
    // These run nothing of what stands behind them.
    let first = simple.words.first().map_or("", |first| &first.text);
    if at > 0 && (IDLE.contains(&first) || matches!(first, "echo" | "printf" | "test" | "[")) {
        return None;
    }
    let program = simple.words.get(at)?.clone();
    let end = simple.words.last().map_or(program.span.end, |last| last.span.end);
    let mut call = Call { program, config: None, release: None, unknown: None, end, guard: Guard::Missing };
    let mut words = simple.words.iter().skip(at + length);
    while let Some(word) = words.next() {
        let (flag, joined) = match word.text.split_once('=') {
            Some((flag, value)) => (flag, Some(word.tail(value.len()))),
            None => (word.text.as_str(), None),
        };
        match flag {
            "--config" => call.config = joined.or_else(|| words.next().cloned()),
            "--release" => call.release = joined.or_else(|| words.next().cloned()),
            _ => call.unknown = call.unknown.or(Some(word.clone())),
        }
    }
    Some(call)
}

/// The name of a program, without the way to it.
fn name(program: &Word) -> &str {
    program.text.rsplit(['/', ':']).next().unwrap_or_default()
}

/// What says nothing to the channel.
const IDLE: [&str; 4] = ["true", ":", "false", "exit"];

/// What guards the `ours`-th of these commands. A status that is written before it
/// counts as well: it stands until convscan puts its own in the place.
fn guard(simples: &[Simple], ours: usize) -> Guard {
    let writing = simples.iter().enumerate().find_map(|(i, simple)| Some((i, write(simple)?)));
    if let Some((i, mut write)) = writing {
        write.when = when(simples, ours, i);
        if write.target == Target::Nowhere {
            write.target = later_target(simples, i);
        }
        return Guard::Writes(write);
    }
    let behind = simples.get(ours + 1..).unwrap_or_default();
    let asks = |simple: &Simple| {
        let acts = simple.words.first().is_some_and(|word| !IDLE.contains(&&*word.text));
        simple.joint == Joint::Or && acts || simple.words.iter().any(|word| word.text.contains("$?"))
    };
    let before = simples.get(..=ours).unwrap_or_default();
    let negated =
        before.iter().any(|simple| simple.words.iter().any(|word| matches!(&*word.text, "!" | "if")));
    match behind {
        _ if negated || behind.iter().any(asks) => Guard::Unknown,
        [] => Guard::Missing,
        [_, ..] => Guard::Unguarded,
    }
}

/// When the `writing`-th command runs that stands right behind ours. Only where
/// there is nothing else that could decide it.
fn when(simples: &[Simple], ours: usize, writing: usize) -> When {
    let plain = |simple: &Simple| {
        let first = simple.words.first().map_or("", name);
        matches!(first, "echo" | "printf" | PROGRAM | PART_PROGRAM)
    };
    match simples.get(writing) {
        Some(simple) if writing == ours + 1 && simples.len() == 2 && simples.iter().all(plain) => {
            match simple.joint {
                Joint::And => When::Answered,
                Joint::Next | Joint::Pipe => When::Always,
                Joint::Or => When::Else,
            }
        }
        Some(_) | None => When::Else,
    }
}

/// The status that a simple command writes.
fn write(simple: &Simple) -> Option<Write> {
    const NAME: &str = "STATUS=";
    let (word, at) = simple.words.iter().find_map(|word| {
        // `OTHER_STATUS=` is another option.
        let at = word.text.find(NAME)?;
        let before = word.text.get(..at)?.chars().next_back();
        (!before.is_some_and(|c| c.is_ascii_alphanumeric() || c == '_')).then_some((word, at))
    })?;
    let value = word.text.get(at + NAME.len()..).unwrap_or_default();
    let digits = value.bytes().take_while(u8::is_ascii_digit).count();
    let (number, rest) = value.split_at_checked(digits).unwrap_or_default();
    let status = match rest.chars().next() {
        // `printf` puts in what `%` stands for, and ends the line by `\n`.
        Some('$' | '%' | '`' | '\'') => Status::Unknown,
        None | Some('\\' | '\n' | ' ') => number.parse().map_or(Status::Odd, Status::Number),
        Some(_) => Status::Odd,
    };
    let span = match word.plain_at(at + NAME.len()) {
        Some(start) => start..start + number.len(),
        None => word.span.clone(),
    };
    let status_span = if number.is_empty() { word.span.clone() } else { span };
    let start = simple.words.first().map_or(0, |first| first.span.start);
    Some(Write {
        status,
        span: status_span,
        start,
        end: word.span.end,
        target: target(simple),
        when: When::Else,
    })
}

fn target(simple: &Simple) -> Target {
    match (&simple.output, simple.piped) {
        (Some(word), _) => of_word(word),
        (None, true) => Target::Unknown,
        (None, false) => Target::Nowhere,
    }
}

/// Where the output of a group goes, which stands behind its end.
fn later_target(simples: &[Simple], from: usize) -> Target {
    let later = simples.get(from + 1..).unwrap_or_default();
    let of_group =
        later.iter().find(|simple| simple.words.is_empty() && (simple.output.is_some() || simple.piped));
    of_group.map_or(Target::Nowhere, target)
}

fn of_word(word: &Word) -> Target {
    let name = Var::OutputOptions.name();
    let ways = [format!("${name}"), format!("${{{name}}}"), format!("'{name}'")];
    if ways.contains(&word.text) {
        Target::Options
    } else if word.text.contains(['$', '\'']) {
        Target::Unknown
    } else {
        Target::Elsewhere(word.clone())
    }
}
