//! What a pattern asks of each name in a probe of the CONVERSIONS table, apart
//! from the others. Fails for a pattern that has too many ways to fit.
//!
//! The probe is `IN-CHAN=source;OUT-CHAN=destination;CONVERT`, with `TAG=tags;`
//! before the last word if the MTA puts tags there. As names of channels and tags
//! hold no `;`, a pattern falls apart at those of the probe: where it writes `;`
//! itself, or where a wildcard takes one. Each way to do so is a [`Demand`], and
//! the pattern fits where all the names do what one of its demands asks.

use std::ops::Range;

use super::pattern::{Class, Run, Token};
use crate::mta::glob::{Atom, Glob};

/// Longest pattern that is taken apart: twice what the MTA reads (6.3
/// Administration Guide, 10.3.1).
const TOKENS: usize = 512;

/// Most ways to fit that are followed. A pattern with two wildcards that reach
/// over `;` has about ten.
const WAYS: usize = 100;

/// The conversion tags in a probe. They stand there only if the MTA option
/// `INCLUDE_CONVERSIONTAG` has bit 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tags<'a> {
    /// They do not stand there.
    Absent,
    /// These, separated by commas.
    #[cfg_attr(not(any(test, feature = "testing")), expect(dead_code))]
    These(&'a str),
    /// They may be any.
    Any,
}

/// Steps that a character takes which several wildcards may stand for, where one
/// takes 1 that is compared with a pattern of `*` and `%`.
const STEP: usize = 8;

/// One way to fit: the tokens that each name has to fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Demand {
    pub(super) source: Range<usize>,
    pub(super) destination: Range<usize>,
    /// Of [`Tags::Any`].
    pub(super) tags: Option<Range<usize>>,
}

/// A pattern has more ways to fit than are followed.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TooMany;

/// The ways to fit. A back match counts as `*` here, so that with one the pattern
/// may ask for more.
pub(super) fn demands(tokens: &[Token], tags: Tags) -> Result<Vec<Demand>, TooMany> {
    if tokens.len() > TOKENS {
        return Err(TooMany);
    }
    let ending = match tags {
        Tags::Absent => "CONVERT".to_owned(),
        Tags::These(tags) => format!("TAG={tags};CONVERT"),
        Tags::Any => "TAG=;CONVERT".to_owned(),
    };
    let behind = ending.bytes().filter(|byte| *byte == b';').count();
    let mut search = Search { tokens, left: WAYS };
    let mut found = Vec::new();
    for (source, next) in search.names(0, "IN-CHAN=", behind + 1)? {
        for (destination, next) in search.names(next, "OUT-CHAN=", behind)? {
            let mut add = |tags| {
                let (source, destination) = (source.clone(), destination.clone());
                found.push(Demand { source, destination, tags });
            };
            if tags == Tags::Any {
                let named = search.names(next, "TAG=", 0)?.into_iter();
                named.filter(|(_, next)| search.ends(*next, "CONVERT")).for_each(|(tags, _)| add(Some(tags)));
            } else if search.ends(next, &ending) {
                add(None);
            }
        }
    }
    Ok(found)
}

struct Search<'a> {
    tokens: &'a [Token],
    /// Ways that may yet be found.
    left: usize,
}

/// The tokens that a name has to fit, and where the pattern goes on behind the
/// `;` that follows.
type Way = (Range<usize>, usize);

impl Search<'_> {
    /// The ways past `before`, a name and `;`, with so many `;` in the probe
    /// `behind` that one.
    fn names(&mut self, from: usize, before: &str, behind: usize) -> Result<Vec<Way>, TooMany> {
        let floor = self.floor(behind);
        let mut found = Vec::new();
        for start in self.behind(from, before) {
            let rest = self.tokens.get(start..).unwrap_or_default();
            for (place, token) in (start..).zip(rest) {
                let way = match token {
                    Token::Literal(';') => (start..place, place + 1),
                    Token::Wild { class, run: Run::One, .. } if class.holds(';') => (start..place, place + 1),
                    // The wildcard may go on behind the `;`.
                    Token::Wild { class, run: Run::Greedy | Run::Lazy, .. } if class.holds(';') => {
                        (start..place + 1, place)
                    }
                    Token::Back(_) => (start..place + 1, place),
                    Token::Literal(_) | Token::Wild { .. } => continue,
                };
                if way.1 >= floor {
                    self.left = self.left.checked_sub(1).ok_or(TooMany)?;
                    found.push(way);
                }
                if matches!(token, Token::Literal(';')) {
                    break;
                }
            }
        }
        Ok(found)
    }

    /// From where on the pattern has no more than so many `;` of its own.
    fn floor(&self, behind: usize) -> usize {
        let tokens = self.tokens.iter().enumerate().rev();
        let mut semicolons = tokens.filter(|(_, token)| matches!(token, Token::Literal(';')));
        semicolons.nth(behind).map_or(0, |(place, _)| place + 1)
    }

    /// Whether the pattern can end behind `text`.
    fn ends(&self, from: usize, text: &str) -> bool {
        // If it can from any place, then from the last.
        let last = self.behind(from, text).pop();
        last.is_some_and(|place| {
            self.tokens.get(place..).unwrap_or_default().iter().all(|token| !is_single(token))
        })
    }

    /// Where the pattern can be when it was at `from` and `text` has passed. A
    /// wildcard that may take more is a place of its own.
    fn behind(&self, from: usize, text: &str) -> Vec<usize> {
        let mut place = from;
        let mut chars = text.chars();
        loop {
            let ahead = chars.clone();
            let Some(c) = chars.next() else { return vec![place] };
            match self.tokens.get(place) {
                Some(Token::Literal(literal)) if literal.eq_ignore_ascii_case(&c) => place += 1,
                Some(Token::Literal(_)) | None => return Vec::new(),
                Some(Token::Wild { .. } | Token::Back(_)) => {
                    let mut next = Vec::new();
                    return ahead.fold(vec![place], |places, c| {
                        self.behind_char(&places, c, &mut next);
                        std::mem::replace(&mut next, places)
                    });
                }
            }
        }
    }

    /// Puts `into` where the pattern can be when it was at one of `places` and `c`
    /// has passed. Both are in order.
    fn behind_char(&self, places: &[usize], c: char, into: &mut Vec<usize>) {
        into.clear();
        // Behind what was walked over: from within, all the rest is known.
        let mut walked = 0;
        for start in places {
            if *start < walked {
                continue;
            }
            let rest = self.tokens.get(*start..).unwrap_or_default();
            for (place, token) in (*start..).zip(rest) {
                walked = place + 1;
                let single = is_single(token);
                let next = place + usize::from(single);
                if takes(token, c) && into.last() != Some(&next) {
                    into.push(next);
                }
                if single {
                    break;
                }
            }
        }
    }
}

/// Whether a token stands for exactly one character.
fn is_single(token: &Token) -> bool {
    match token {
        Token::Literal(_) | Token::Wild { run: Run::One, .. } => true,
        Token::Wild { run: Run::Greedy | Run::Lazy, .. } | Token::Back(_) => false,
    }
}

/// Whether a token can stand for `c`, or for a string that `c` is in.
fn takes(token: &Token, c: char) -> bool {
    match token {
        Token::Literal(literal) => literal.eq_ignore_ascii_case(&c),
        Token::Wild { class, .. } => class.holds(c),
        Token::Back(_) => true,
    }
}

/// Whether the whole of `name` fits `tokens`; a back match counts as `*`. Takes
/// from `steps`; none if they are used up.
pub(super) fn fits(tokens: &[Token], name: &[char], steps: &mut usize) -> Option<bool> {
    let search = Search { tokens, left: 0 };
    let (mut places, mut next) = (vec![0], Vec::new());
    for c in name {
        *steps = steps.checked_sub(STEP * (places.len() + 1))?;
        search.behind_char(&places, *c, &mut next);
        std::mem::swap(&mut places, &mut next);
    }
    Some(places.into_iter().any(|place| search.ends(place, "")))
}

/// Whether `tokens` are nothing but wildcards that can stand for anything; a back
/// match counts as such.
pub(super) fn is_any(tokens: &[Token]) -> bool {
    tokens.iter().all(|token| match token {
        Token::Wild { class: Class::Any, run: Run::Greedy | Run::Lazy, .. } | Token::Back(_) => true,
        Token::Literal(_) | Token::Wild { .. } => false,
    })
}

/// Whether anything fits `tokens`.
pub(super) fn is_all(tokens: &[Token]) -> bool {
    !tokens.is_empty() && is_any(tokens)
}

/// `tokens` as a glob that at least the same fits.
pub(super) fn widened(tokens: &[Token]) -> Glob {
    Glob::new(tokens.iter().map(|token| match token {
        Token::Literal(c) => Atom::Is(u32::from(*c)),
        Token::Wild { run: Run::One, .. } => Atom::One,
        Token::Wild { run: Run::Greedy | Run::Lazy, .. } | Token::Back(_) => Atom::Run,
    }))
}

/// Whether [`widened`] is the same as `tokens`.
pub(super) fn is_plain(tokens: &[Token]) -> bool {
    tokens.iter().all(|token| match token {
        Token::Literal(_) | Token::Wild { class: Class::Any, .. } => true,
        Token::Wild { .. } | Token::Back(_) => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mta::mappings::pattern::Pattern;

    /// The pieces of `pattern` that the names have to fit, shown as a table shows
    /// them, for each way.
    fn pieces(pattern: &str, tags: Tags) -> Vec<String> {
        let pattern = Pattern::compile(pattern);
        let shown = |range: Range<usize>| -> String {
            let tokens = pattern.tokens.get(range).unwrap();
            let shown = tokens.iter().map(|token| match token {
                Token::Literal(c) => *c,
                Token::Wild { run: Run::One, .. } => '%',
                Token::Wild { .. } => '*',
                Token::Back(_) => '$',
            });
            shown.collect()
        };
        let found = demands(&pattern.tokens, tags).unwrap();
        let way = |way: Demand| {
            let tags = way.tags.map_or(String::new(), |tags| format!(" {}", shown(tags)));
            format!("{} {}{tags}", shown(way.source), shown(way.destination))
        };
        found.into_iter().map(way).collect()
    }

    #[test]
    fn patterns_fall_apart_at_the_semicolons_of_the_probe() {
        let table: [(&str, &[&str], &[&str]); 14] = [
            ("IN-CHAN=tcp_*;OUT-CHAN=l;CONVERT", &["tcp_* l"], &[]),
            ("in-chan=*;out-chan=*;convert", &["* *"], &["* * *"]),
            ("IN-CHAN=a;OUT-CHAN=b;*CONVERT", &["a b"], &["a b *"]),
            ("IN-CHAN=a;OUT-CHAN=b;TAG=x%;CONVERT", &[], &["a b x%"]),
            ("*", &["* *"], &["* * *"]),
            ("IN-CHAN=tcp_*", &["tcp_* *"], &["tcp_* * *"]),
            ("*;OUT-CHAN=l;*", &["* l"], &["* l *"]),
            ("*;CONVERT", &["* *"], &["* * *"]),
            ("IN-CHAN=a%OUT-CHAN=b;CONVERT", &["a b"], &[]),
            ("IN-CHAN=$A*;OUT-CHAN=$0*;CONVERT", &["* $"], &["* $ $"]),
            ("IN-CHAN=a;OUT-CHAN=b", &[], &[]),
            ("IN-CHANNEL=a;OUT-CHAN=b;CONVERT", &[], &[]),
            ("IN-CHAN=a;OUT-CHAN=b;CONVERT;x", &[], &[]),
            ("", &[], &[]),
        ];
        for (pattern, absent, any) in table {
            assert_eq!(pieces(pattern, Tags::Absent), absent, "{pattern}");
            assert_eq!(pieces(pattern, Tags::Any), any, "{pattern}");
        }
        assert_eq!(pieces("IN-CHAN=a;OUT-CHAN=*;TAG=%;CONVERT", Tags::These("x")), ["a *"]);
        let many = Pattern::compile(&"*".repeat(200));
        assert_eq!(demands(&many.tokens, Tags::Absent), Err(TooMany));
        assert_eq!(demands(&Pattern::compile(&"x".repeat(600)).tokens, Tags::Absent), Err(TooMany));
    }
}
