//! A mapping pattern, taken apart. Cannot fail; what is wrong with it is said.
//!
//! 6.3 Administration Guide, table 10-3: `%`, `*`, back matches `$n*`, modifiers
//! `$_ $@ $^`, globs `$A% $A* ... $[...]%`. Comparison ignores case. The globs
//! for IP addresses are not emulated: a pattern with one is only ruled out.

use std::str::Chars;

/// A mapping pattern.
#[derive(Debug)]
pub(super) struct Pattern {
    pub(super) tokens: Vec<Token>,
    /// It has back matches.
    pub(super) back: bool,
    /// What is wrong with it.
    pub(super) fault: Option<&'static str>,
    /// It has a glob that is not emulated; that one counts as `*` here.
    pub(super) partial: bool,
}

#[derive(Debug)]
pub(super) enum Token {
    Literal(char),
    Wild {
        class: Class,
        run: Run,
        save: Save,
    },
    /// What the wildcard of this number stood for.
    Back(usize),
}

/// First and last characters of a set.
type Ranges = Vec<(char, char)>;

#[derive(Debug)]
pub(super) enum Class {
    Any,
    Alphabetic,
    Binary,
    Decimal,
    Hexadecimal,
    Octal,
    Symbol,
    Blank,
    Set(Ranges),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Run {
    One,
    Greedy,
    Lazy,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Save {
    On,
    Off,
}

/// Modifiers of the wildcards that follow.
struct Mode {
    many: Run,
    save: Save,
}

impl Class {
    fn named(letter: char) -> Option<Self> {
        Some(match letter {
            'A' => Self::Alphabetic,
            'B' => Self::Binary,
            'D' => Self::Decimal,
            'H' | 'X' => Self::Hexadecimal,
            'O' => Self::Octal,
            'S' => Self::Symbol,
            'T' => Self::Blank,
            _ => return None,
        })
    }

    pub(super) fn holds(&self, c: char) -> bool {
        match self {
            Self::Any => true,
            Self::Alphabetic => c.is_ascii_alphabetic(),
            Self::Binary => matches!(c, '0' | '1'),
            Self::Decimal => c.is_ascii_digit(),
            Self::Hexadecimal => c.is_ascii_hexdigit(),
            Self::Octal => matches!(c, '0'..='7'),
            Self::Symbol => c.is_ascii_alphanumeric() || matches!(c, '_' | '$'),
            Self::Blank => matches!(c, '\t' | '\u{b}' | ' '),
            Self::Set(ranges) => ranges.iter().any(|(from, to)| {
                (*from..=*to).contains(&c)
                    || (*from..=*to).contains(&c.to_ascii_lowercase())
                    || (*from..=*to).contains(&c.to_ascii_uppercase())
            }),
        }
    }
}

impl Pattern {
    pub(super) fn compile(text: &str) -> Self {
        let mut pattern = Self { tokens: Vec::new(), back: false, fault: None, partial: false };
        let mut mode = Mode { many: Run::Greedy, save: Save::On };
        let mut chars = text.chars();
        while let Some(c) = chars.next() {
            match c {
                '*' | '%' => pattern.wild(Class::Any, c, &mut mode),
                '$' => pattern.dollar(&mut chars, &mut mode),
                _ => pattern.tokens.push(Token::Literal(c)),
            }
        }
        pattern
    }

    fn wild(&mut self, class: Class, kind: char, mode: &mut Mode) {
        let run = if kind == '%' { Run::One } else { mode.many };
        self.tokens.push(Token::Wild { class, run, save: mode.save });
        *mode = Mode { many: Run::Greedy, save: Save::On };
    }

    /// What stands behind a `$`.
    fn dollar(&mut self, chars: &mut Chars, mode: &mut Mode) {
        let Some(c) = chars.next() else {
            self.fault = Some("a lone `$` at the end of the pattern");
            return;
        };
        match c {
            '_' => mode.many = Run::Lazy,
            '@' => mode.save = Save::Off,
            '^' => mode.save = Save::On,
            '0'..='9' => self.back(c, chars),
            '[' => match set(chars.as_str()) {
                Some((ranges, kind, rest)) => {
                    *chars = rest.chars();
                    self.wild(Class::Set(ranges), kind, mode);
                }
                None => self.fault = Some("`$[` without `]%` or `]*` behind it"),
            },
            '<' | '(' | '{' => self.address(c, chars),
            _ => match (Class::named(c), chars.clone().next()) {
                (Some(class), Some(kind @ ('*' | '%'))) => {
                    chars.next();
                    self.wild(class, kind, mode);
                }
                _ => self.tokens.push(Token::Literal(c)),
            },
        }
    }

    fn back(&mut self, first: char, chars: &mut Chars) {
        let digits = chars.as_str().bytes().take_while(u8::is_ascii_digit).count();
        let (more, rest) = chars.as_str().split_at_checked(digits).unwrap_or_default();
        match (format!("{first}{more}").parse(), rest.strip_prefix('*')) {
            (Ok(number), Some(rest)) => {
                self.tokens.push(Token::Back(number));
                self.back = true;
                *chars = rest.chars();
            }
            _ => self.tokens.push(Token::Literal(first)),
        }
    }

    /// A glob for IP addresses, if it is closed.
    fn address(&mut self, open: char, chars: &mut Chars) {
        let close = match open {
            '<' => '>',
            '(' => ')',
            _ => '}',
        };
        match chars.as_str().split_once(close) {
            Some((_, rest)) => {
                *chars = rest.chars();
                self.partial = true;
                self.tokens.push(Token::Wild { class: Class::Any, run: Run::Greedy, save: Save::Off });
            }
            None => self.tokens.push(Token::Literal(open)),
        }
    }
}

/// Ranges, kind and rest behind `$[`: `c`, `abc`, `a-z`, then `]%` or `]*`.
fn set(text: &str) -> Option<(Ranges, char, &str)> {
    let (inner, rest) = text.split_once(']')?;
    let kind = rest.chars().next().filter(|c| matches!(c, '*' | '%'))?;
    let mut ranges = Vec::new();
    let mut chars = inner.chars();
    while let Some(from) = chars.next() {
        let mut ahead = chars.clone();
        match (ahead.next(), ahead.next()) {
            (Some('-'), Some(to)) => {
                ranges.push((from, to));
                chars = ahead;
            }
            _ => ranges.push((from, from)),
        }
    }
    Some((ranges, kind, rest.get(1..)?))
}
