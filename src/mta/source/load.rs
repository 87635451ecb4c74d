//! Takes in a file and the files that it includes. Cannot fail: an include that is
//! not read says why.

use std::ops::Range;

use super::{DEEPEST, FILES, Include, Inclusion, Lookup, Source, Sources, Span};
use crate::mta::lines::physical;

/// How a file asks for another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::mta) enum Syntax {
    /// `<file` in column 1, which no `\` joins to the line above.
    Mta,
    /// `Include file`.
    CIcap,
    /// Not at all.
    Alone,
}

/// Takes in `text` and what it includes.
pub(in crate::mta) fn load(path: &str, text: &str, syntax: Syntax, lookup: Option<Lookup>) -> Sources {
    let mut loader = Loader { sources: Sources::default(), syntax, lookup };
    loader.file(path, text.to_owned(), 0);
    loader.sources
}

struct Loader<'l> {
    sources: Sources,
    syntax: Syntax,
    lookup: Option<Lookup<'l>>,
}

impl Loader<'_> {
    fn file(&mut self, path: &str, text: String, depth: usize) -> usize {
        let index = self.sources.files.len();
        let wanted = wanted(&text, self.syntax);
        self.sources.files.push(Source { path: path.to_owned(), text, depth, includes: Vec::new() });
        for (name, range) in wanted {
            let span = Span::new(index, range);
            let include = Include { path: name, span, depth: depth + 1, outcome: Inclusion::Unasked };
            let at = self.sources.includes.len();
            if let Some(file) = self.sources.files.get_mut(index) {
                file.includes.push(at);
            }
            self.sources.includes.push(include.clone());
            let outcome = self.include(&include);
            if let Some(include) = self.sources.includes.get_mut(at) {
                include.outcome = outcome;
            }
        }
        index
    }

    fn include(&mut self, include: &Include) -> Inclusion {
        if include.path.is_empty() {
            return Inclusion::Nameless;
        }
        if include.depth > DEEPEST {
            return Inclusion::TooDeep;
        }
        let Some(lookup) = self.lookup.as_mut() else { return Inclusion::Unasked };
        if self.sources.files.len() == FILES {
            return Inclusion::TooMany;
        }
        match lookup(include) {
            Some(text) => Inclusion::Read(self.file(&include.path, text, include.depth)),
            None => Inclusion::Unreadable,
        }
    }
}

/// The names of the files that `text` asks for, and where they stand.
fn wanted(text: &str, syntax: Syntax) -> Vec<(String, Range<usize>)> {
    let mut wanted = Vec::new();
    let mut joined = false;
    for line in physical(text) {
        let behind = match syntax {
            Syntax::Mta if joined => None,
            Syntax::Mta => line.text.strip_prefix('<'),
            Syntax::CIcap => behind_word(line.text, "Include"),
            Syntax::Alone => None,
        };
        if let Some(behind) = behind {
            let name = behind.trim();
            let end = line.at + line.text.trim_end().len();
            wanted.push((name.trim_matches('"').to_owned(), end - name.len()..end));
        }
        if !(joined && line.is_comment()) {
            // An include or a comment joins nothing.
            let plain = behind.is_none() && !line.is_comment();
            joined = plain && line.text.trim_end().ends_with('\\');
        }
    }
    wanted
}

/// What stands behind `word` and a blank at the start of `line`.
fn behind_word<'a>(line: &'a str, word: &str) -> Option<&'a str> {
    let (first, rest) = line.trim_start().split_once([' ', '\t'])?;
    first.eq_ignore_ascii_case(word).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_nest_three_deep_and_places_are_of_their_file() {
        let mut lookup = |include: &Include| Some(format!("<{}x\nend\n", include.path));
        let sources = load("f", "one\n</a\n", Syntax::Mta, Some(&mut lookup));
        let paths: Vec<_> = sources.files().iter().map(|file| (file.path.as_str(), file.depth)).collect();
        assert_eq!(paths, [("f", 0), ("/a", 1), ("/ax", 2), ("/axx", 3)]);
        let last = sources.includes().last().unwrap();
        assert_eq!((last.path.as_str(), last.outcome), ("/axxx", Inclusion::TooDeep));
        assert_eq!((sources.text(last.span), sources.line(last.span)), ("/axxx", 1));
        assert_eq!(sources.complaint(last.span, "odd").one_line(), "/axx:1:2: odd");
    }

    #[test]
    fn a_file_that_includes_itself_ends() {
        let text = "</a\n".repeat(100);
        let sources = load("/a", &text, Syntax::Mta, Some(&mut |_| Some(text.clone())));
        assert_eq!(sources.files().len(), FILES);
        assert!(sources.includes().iter().any(|include| include.outcome == Inclusion::TooMany));
    }

    #[test]
    fn a_joined_line_includes_nothing() {
        for (text, count) in
            [("a\\\n<b\n", 0), ("a\\\n!x\n<b", 0), ("!a\\\n<b", 1), ("<b\\\n<c", 2), ("< ", 1)]
        {
            assert_eq!(load("f", text, Syntax::Mta, None).includes().len(), count, "{text}");
        }
    }
}
