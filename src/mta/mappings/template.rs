//! What a mapping template gives. Fails with what cannot be emulated: call-outs
//! to databases, directories, routines and other tables, and chance.
//!
//! 6 2005Q4 Administration Reference, table 4-15. Letters that mean nothing to
//! the mapping itself (`$Y`, `$N`, `$T`, ...) are flags for who probed.

use std::ops::Range;
use std::str::Chars;

/// Longest answer. Entries that double their input at each turn would otherwise
/// fill the memory; the MTA's own bound is far lower.
const LONGEST: usize = 64 * 1024;

/// What an entry answers, and what comes next.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Expansion {
    pub(super) text: String,
    pub(super) flow: Flow,
    pub(super) flags: Vec<char>,
}

/// Where the mapping goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flow {
    /// `$E`, and the default: nowhere.
    Exit,
    /// `$C`: with the next entry.
    Next,
    /// `$L`: with the next entry, and once more from the top.
    Again,
    /// `$R`: from the top.
    Restart,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Case {
    Kept,
    Lower,
    Upper,
}

/// One element of a template.
#[derive(Debug, PartialEq, Eq)]
enum Piece {
    Text(char),
    Field(usize),
    Flow(Flow),
    Case(Case),
    Flag(char),
    Nothing,
    /// Its answer lies outside the mappings file.
    CallOut(&'static str),
    Broken(&'static str),
}

/// Sequences that enclose something, with their ends and what they do.
const CALL_OUTS: [(char, char, &str); 6] = [
    ('[', ']', "calls a routine, `$[...]`"),
    ('{', '}', "asks the general database, `${...}`"),
    (']', '[', "searches the directory, `$]...[`"),
    ('|', '|', "calls another table, `$|...|`"),
    ('#', '#', "counts, `$#...#`"),
    ('?', '?', "is left to chance, `$?...?`"),
];

struct Pieces<'a> {
    chars: Chars<'a>,
}

fn pieces(template: &str) -> Pieces<'_> {
    Pieces { chars: template.chars() }
}

impl Iterator for Pieces<'_> {
    type Item = Piece;

    fn next(&mut self) -> Option<Piece> {
        let c = self.chars.next()?;
        if c != '$' {
            return Some(Piece::Text(c));
        }
        Some(match self.chars.next() {
            None => Piece::Broken("a lone `$` at the end of the template"),
            Some(c @ '0'..='9') => Piece::Field(c as usize - '0' as usize),
            Some('C' | 'c') => Piece::Flow(Flow::Next),
            Some('E' | 'e') => Piece::Flow(Flow::Exit),
            Some('L' | 'l') => Piece::Flow(Flow::Again),
            Some('R' | 'r') => Piece::Flow(Flow::Restart),
            Some('\\') => Piece::Case(Case::Lower),
            Some('^') => Piece::Case(Case::Upper),
            Some('_') => Piece::Case(Case::Kept),
            Some('=') => Piece::Nothing,
            Some(':' | ';') => Piece::CallOut("asks for a flag, `$:` or `$;`"),
            Some('+') => Piece::CallOut("uses `$+`"),
            Some(c) if c.is_ascii_alphabetic() => Piece::Flag(c.to_ascii_uppercase()),
            Some(c) => self.enclosed(c),
        })
    }
}

impl Pieces<'_> {
    fn enclosed(&mut self, open: char) -> Piece {
        let Some((_, close, what)) = CALL_OUTS.iter().find(|(known, ..)| *known == open) else {
            return Piece::Text(open);
        };
        match self.chars.as_str().split_once(*close) {
            Some((_, rest)) => {
                self.chars = rest.chars();
                Piece::CallOut(what)
            }
            None => {
                self.chars = "".chars();
                Piece::Broken("a call-out without its end")
            }
        }
    }
}

/// What is wrong with the form of a template.
pub(super) fn fault(template: &str) -> Option<&'static str> {
    pieces(template).find_map(|piece| match piece {
        Piece::Broken(what) => Some(what),
        Piece::Text(_) | Piece::Field(_) | Piece::Flow(_) | Piece::Case(_) => None,
        Piece::Flag(_) | Piece::Nothing | Piece::CallOut(_) => None,
    })
}

/// The answer of a template that is the same for every input.
pub(super) fn constant(template: &str) -> Option<String> {
    let varies = |piece| matches!(piece, Piece::Field(_) | Piece::CallOut(_) | Piece::Broken(_));
    if pieces(template).any(varies) {
        return None;
    }
    expand(template, &[], &[]).ok().filter(|answer| answer.flow == Flow::Exit).map(|answer| answer.text)
}

/// What `template` gives for wildcards that stand for `saved` pieces of `input`.
pub(super) fn expand(
    template: &str,
    input: &[char],
    saved: &[Range<usize>],
) -> Result<Expansion, &'static str> {
    let mut answer = Expansion { text: String::new(), flow: Flow::Exit, flags: Vec::new() };
    let mut case = Case::Kept;
    for piece in pieces(template) {
        match piece {
            Piece::Text(c) => push(&mut answer.text, case, c),
            Piece::Field(number) => {
                let field = saved.get(number).cloned().and_then(|range| input.get(range));
                field.unwrap_or_default().iter().for_each(|c| push(&mut answer.text, case, *c));
            }
            Piece::Flow(flow) => answer.flow = flow,
            Piece::Case(new) => case = new,
            Piece::Flag(flag) if !answer.flags.contains(&flag) => answer.flags.push(flag),
            Piece::Flag(_) | Piece::Nothing => {}
            Piece::CallOut(what) => return Err(what),
            Piece::Broken(_) => return Err("is broken"),
        }
        if answer.text.len() > LONGEST {
            return Err("gives more text than the MTA can take");
        }
    }
    Ok(answer)
}

fn push(text: &mut String, case: Case, c: char) {
    match case {
        Case::Kept => text.push(c),
        Case::Lower => text.extend(c.to_lowercase()),
        Case::Upper => text.extend(c.to_uppercase()),
    }
}
