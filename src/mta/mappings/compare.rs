//! Whether a string fits a mapping pattern, and what its wildcards stand for.
//! Cannot fail; takes no more steps than it is given.
//!
//! Comparison ignores case; `*` takes as much as it can and gives back, `$_*` the
//! other way round (6.3 Administration Guide, 10.3.2.1).

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use super::pattern::{Class, Pattern, Run, Save, Token};

/// What a comparison came to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Match {
    /// It fits; what the saved wildcards stand for.
    Fits(Vec<Range<usize>>),
    Differs,
    /// Steps were used up.
    TooLong,
}

impl Pattern {
    /// Compares the whole of `input`, taking from `steps`.
    pub(super) fn compare(&self, input: &[char], steps: &mut usize) -> Match {
        Comparison {
            pattern: self,
            input,
            at: 0,
            saved: Vec::new(),
            choices: Vec::new(),
            failed: HashSet::new(),
            hopeless: HashMap::new(),
        }
        .run(steps)
    }
}

/// A wildcard that may still stand for another length.
struct Choice {
    token: usize,
    start: usize,
    length: usize,
    longest: usize,
    run: Run,
    /// How many wildcards were saved before it.
    saved: usize,
}

/// A comparison under way: backtracking without recursion.
struct Comparison<'a> {
    pattern: &'a Pattern,
    input: &'a [char],
    at: usize,
    saved: Vec<Range<usize>>,
    choices: Vec<Choice>,
    /// Wildcards and places from where no way leads to the end. A back match
    /// makes that depend on what came before, so it is not used with one.
    failed: HashSet<(usize, usize)>,
    /// The same for a wildcard of any characters: where it leads nowhere from one
    /// place, it does so from all later ones, so the first such place is enough.
    hopeless: HashMap<usize, usize>,
}

impl Comparison<'_> {
    fn run(mut self, steps: &mut usize) -> Match {
        let pattern = self.pattern;
        let mut token = 0;
        loop {
            let fits = match pattern.tokens.get(token) {
                None if self.at == self.input.len() => return Match::Fits(self.saved),
                None => false,
                Some(Token::Literal(c)) => self.literal(*c),
                Some(Token::Back(number)) => self.back(*number, steps),
                Some(Token::Wild { class, run, save }) => self.wild(token, class, *run, *save, steps),
            };
            let Some(left) = steps.checked_sub(1) else { return Match::TooLong };
            *steps = left;
            if fits {
                token += 1;
                continue;
            }
            match self.again() {
                Some(next) => token = next,
                None => return Match::Differs,
            }
        }
    }

    fn literal(&mut self, c: char) -> bool {
        let fits = self.input.get(self.at).is_some_and(|found| found.eq_ignore_ascii_case(&c));
        self.at += usize::from(fits);
        fits
    }

    fn back(&mut self, number: usize, steps: &mut usize) -> bool {
        let wanted = self.saved.get(number).cloned().and_then(|range| self.input.get(range));
        let Some(wanted) = wanted else { return false };
        *steps = steps.saturating_sub(wanted.len());
        let found = self.input.get(self.at..).and_then(|rest| rest.get(..wanted.len()));
        let fits =
            found.is_some_and(|found| found.iter().zip(wanted).all(|(a, b)| a.eq_ignore_ascii_case(b)));
        if fits {
            self.at += wanted.len();
        }
        fits
    }

    fn wild(&mut self, token: usize, class: &Class, run: Run, save: Save, steps: &mut usize) -> bool {
        let (start, saved) = (self.at, self.saved.len());
        if self.failed.contains(&(token, start)) {
            return false;
        }
        let rest = self.input.get(start..).unwrap_or_default();
        let longest = match (run, class) {
            (Run::One, _) => usize::from(rest.first().is_some_and(|c| class.holds(*c))),
            (Run::Greedy | Run::Lazy, Class::Any) => match self.hopeless.get(&token) {
                Some(first) if *first <= start => return false,
                // An end from there on is known to fail.
                Some(first) => first - start - 1,
                None => rest.len(),
            },
            (Run::Greedy | Run::Lazy, _) => {
                let longest = rest.iter().take_while(|c| class.holds(**c)).count();
                *steps = steps.saturating_sub(longest);
                longest
            }
        };
        let length = match run {
            Run::One if longest == 0 => return false,
            Run::One | Run::Greedy => longest,
            Run::Lazy => 0,
        };
        if run != Run::One {
            self.choices.push(Choice { token, start, length, longest, run, saved });
        }
        self.take(start, length, save);
        true
    }

    fn take(&mut self, start: usize, length: usize, save: Save) {
        self.at = start + length;
        match save {
            Save::On => self.saved.push(start..self.at),
            Save::Off => {}
        }
    }

    /// Lets the latest wildcard that can stand for another length; the token
    /// behind it, if there was one.
    fn again(&mut self) -> Option<usize> {
        while let Some(mut choice) = self.choices.pop() {
            self.saved.truncate(choice.saved);
            let next = match choice.run {
                Run::Lazy => Some(choice.length + 1).filter(|length| *length <= choice.longest),
                Run::One | Run::Greedy => choice.length.checked_sub(1),
            };
            let token = self.pattern.tokens.get(choice.token);
            let Some(length) = next else {
                match token {
                    _ if self.pattern.back => {}
                    Some(Token::Wild { class: Class::Any, .. }) => {
                        self.hopeless.insert(choice.token, choice.start);
                    }
                    _ => {
                        self.failed.insert((choice.token, choice.start));
                    }
                }
                continue;
            };
            let save = match token {
                Some(Token::Wild { save, .. }) => *save,
                Some(Token::Literal(_) | Token::Back(_)) | None => Save::Off,
            };
            self.take(choice.start, length, save);
            let token = choice.token;
            choice.length = length;
            self.choices.push(choice);
            return Some(token + 1);
        }
        None
    }
}
