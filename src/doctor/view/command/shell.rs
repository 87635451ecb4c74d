//! Cuts a command line into simple commands, as sh(1) does, without running or
//! expanding anything. Cannot fail; what it cannot follow it says.
//!
//! Source: POSIX.1, Shell Command Language, 2.2 quoting, 2.3 token recognition,
//! 2.7 redirection, 2.9 shell commands.

use std::iter::Peekable;
use std::ops::Range;
use std::str::CharIndices;

/// A word of the command.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Word {
    /// Without its quotes. What the shell or the channel would put in stands as it
    /// is written: `$NAME`, and `'NAME'` with its quotes.
    pub text: String,
    /// Bytes of the command that it takes up, with its quotes.
    pub span: Range<usize>,
    /// Whether the shell or the channel puts something in.
    pub varies: bool,
    /// Where the text begins in the command, if it stands there as it is.
    plain: Option<usize>,
}

impl Word {
    /// Where byte `at` of the text stands in the command, if all of the text stands
    /// there as it is, in quotes or not.
    pub(super) fn plain_at(&self, at: usize) -> Option<usize> {
        self.plain.map(|start| start + at)
    }

    /// The last `length` bytes of the text as a word of their own.
    pub(super) fn tail(&self, length: usize) -> Self {
        let at = self.text.len().saturating_sub(length);
        let text = self.text.get(at..).unwrap_or_default().to_owned();
        match self.plain_at(at) {
            Some(start) => {
                Self { span: start..start + length, text, varies: self.varies, plain: Some(start) }
            }
            None => Self { text, ..self.clone() },
        }
    }
}

/// What stands between a simple command and the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Joint {
    /// Nothing, `;`, `&`, a line end, a parenthesis.
    Next,
    /// `&&`
    And,
    /// `||`
    Or,
    /// `|`
    Pipe,
}

/// A command without others in it. Groups are not kept: what belongs to a group as a
/// whole stands in one without words, behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Simple {
    pub(super) joint: Joint,
    pub(super) words: Vec<Word>,
    /// Where the standard output goes.
    pub(super) output: Option<Word>,
    /// It goes into another command.
    pub(super) piped: bool,
}

/// What is not followed: commands in commands, documents in place, other rules of
/// quoting, `case`, and functions.
const UNCLEAR: [&str; 7] = ["`", "$(", "$'", "<<", "<(", ">(", ";;"];

/// The simple commands of `text`, and whether they are all there is.
pub(super) fn split(text: &str) -> (Vec<Simple>, bool) {
    let mut splitter =
        Splitter { text, chars: text.char_indices().peekable(), simples: Vec::new(), joint: Joint::Next };
    let mut clear = !UNCLEAR.iter().any(|mark| text.contains(mark));
    clear &= splitter.all();
    (splitter.simples, clear)
}

struct Splitter<'c> {
    text: &'c str,
    chars: Peekable<CharIndices<'c>>,
    simples: Vec<Simple>,
    /// What the next simple command begins behind.
    joint: Joint,
}

impl Splitter<'_> {
    fn all(&mut self) -> bool {
        let mut closed = true;
        let mut simple = None;
        while let Some((at, c)) = self.chars.peek().copied() {
            match c {
                '\n' | ';' | '&' | '|' | '(' | ')' => {
                    self.chars.next();
                    if c == '&' && self.took('>') {
                        self.output(&mut simple, &mut closed);
                        continue;
                    }
                    self.end(&mut simple, c);
                }
                '>' | '<' => {
                    self.chars.next();
                    if c == '>' {
                        self.output(&mut simple, &mut closed);
                    } else {
                        self.took('&');
                        self.operand(&mut closed);
                    }
                }
                '#' => while self.chars.next_if(|(_, c)| *c != '\n').is_some() {},
                c if c.is_whitespace() => drop(self.chars.next()),
                _ => {
                    let (word, sound) = self.word(at);
                    closed &= sound;
                    self.add(word, &mut simple, &mut closed);
                }
            }
        }
        self.simples.extend(simple);
        closed
    }

    /// Whether `wanted` is next; goes behind it then.
    fn took(&mut self, wanted: char) -> bool {
        self.chars.next_if(|(_, c)| *c == wanted).is_some()
    }

    fn open<'s>(&mut self, simple: &'s mut Option<Simple>) -> &'s mut Simple {
        let joint = self.joint;
        simple.get_or_insert_with(|| Simple { joint, words: Vec::new(), output: None, piped: false })
    }

    /// The operator that begins with `c` ends a simple command.
    fn end(&mut self, simple: &mut Option<Simple>, c: char) {
        let joint = match c {
            '|' if self.took('|') => Joint::Or,
            '|' => Joint::Pipe,
            '&' if self.took('&') => Joint::And,
            _ => Joint::Next,
        };
        if joint == Joint::Pipe {
            self.took('&');
            self.open(simple).piped = true;
        }
        match simple.take() {
            Some(simple) => {
                self.simples.push(simple);
                self.joint = joint;
            }
            // `|| (`: what stands in the parentheses stands behind the `||`.
            None if joint != Joint::Next => self.joint = joint,
            None => {}
        }
    }

    fn add(&mut self, word: Word, simple: &mut Option<Simple>, closed: &mut bool) {
        let next = self.chars.peek().map(|(_, c)| *c);
        if matches!(next, Some('<' | '>')) && word.text.bytes().all(|byte| byte.is_ascii_digit()) {
            // The number of what is redirected; only the standard output is of interest.
            self.chars.next();
            match (next, word.text.as_str()) {
                (Some('>'), "1") => self.output(simple, closed),
                _ => {
                    let _ = self.took('>') || self.took('&') || self.took('|');
                    self.operand(closed);
                }
            }
            return;
        }
        let is_brace = matches!(&*word.text, "{" | "}") && word.span.len() == 1;
        if is_brace && simple.as_ref().is_none_or(|simple| simple.words.is_empty()) {
            if word.text == "}" {
                self.open(simple);
            }
            return;
        }
        self.open(simple).words.push(word);
    }

    /// Behind a `>`: where the standard output goes.
    fn output(&mut self, simple: &mut Option<Simple>, closed: &mut bool) {
        let _ = self.took('>') || self.took('|');
        let joined = self.took('&');
        let target = self.operand(closed);
        let Some(mut word) = target else { return };
        if joined && word.text.bytes().all(|byte| byte.is_ascii_digit()) {
            // `>&2` is no file called `2`.
            word.text.insert(0, '&');
        }
        self.open(simple).output = Some(word);
    }

    /// The word behind a redirection.
    fn operand(&mut self, closed: &mut bool) -> Option<Word> {
        while self.chars.next_if(|(_, c)| matches!(c, ' ' | '\t')).is_some() {}
        let (at, c) = self.chars.peek().copied()?;
        if matches!(c, '\n' | ';' | '&' | '|' | '(' | ')' | '<' | '>') {
            return None;
        }
        let (word, sound) = self.word(at);
        *closed &= sound;
        Some(word)
    }

    /// The word that begins here, and whether its quotes are closed.
    fn word(&mut self, start: usize) -> (Word, bool) {
        let mut word = Word { span: start..start, plain: Some(start), ..Word::default() };
        let mut sound = true;
        while let Some((at, c)) = self.chars.peek().copied() {
            match c {
                '\'' => {
                    self.chars.next();
                    sound &= self.single(at, &mut word);
                }
                '"' => {
                    self.chars.next();
                    sound &= self.double(&mut word);
                }
                '\\' => {
                    self.chars.next();
                    if let Some((at, c)) = self.chars.next().filter(|(_, c)| *c != '\n') {
                        word.push(at, c);
                    }
                }
                '\n' | ';' | '&' | '|' | '(' | ')' | '<' | '>' => break,
                c if c.is_whitespace() => break,
                c => {
                    self.chars.next();
                    word.varies |= matches!(c, '$' | '*' | '?' | '[' | '~');
                    word.push(at, c);
                }
            }
        }
        word.span.end = self.chars.peek().map_or(self.text.len(), |(at, _)| *at);
        (word, sound)
    }

    /// Behind a `'`, which stood at `open`. A name in such quotes is the channel's.
    fn single(&mut self, open: usize, word: &mut Word) -> bool {
        let rest = self.text.get(open + 1..).unwrap_or_default();
        let Some((inside, _)) = rest.split_once('\'') else {
            self.chars.by_ref().for_each(drop);
            return false;
        };
        let is_symbol = !inside.is_empty() && inside.chars().all(|c| c.is_ascii_uppercase() || c == '_');
        let close = open + 1 + inside.len();
        if is_symbol {
            word.varies = true;
            word.push(open, '\'');
        }
        while let Some((at, c)) = self.chars.next_if(|(at, _)| *at < close) {
            word.push(at, c);
        }
        if is_symbol {
            word.push(close, '\'');
        }
        self.chars.next();
        true
    }

    /// Behind a `"`.
    fn double(&mut self, word: &mut Word) -> bool {
        while let Some((at, c)) = self.chars.next() {
            match c {
                '"' => return true,
                '\\' => match self.chars.next_if(|(_, c)| matches!(c, '$' | '`' | '"' | '\\')) {
                    Some((at, c)) => word.push(at, c),
                    None => word.push(at, c),
                },
                c => {
                    word.varies |= c == '$';
                    word.push(at, c);
                }
            }
        }
        false
    }
}

impl Word {
    /// Adds what stands at `at` of the command.
    fn push(&mut self, at: usize, c: char) {
        if self.text.is_empty() {
            self.plain = Some(at);
        } else if self.plain.is_some_and(|start| start + self.text.len() != at) {
            self.plain = None;
        }
        self.text.push(c);
    }
}
