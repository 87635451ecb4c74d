//! All paths that a source file names, in code or in `use`, made absolute as far
//! as the file alone tells how.

use std::collections::BTreeMap;

use super::tokens::{is_word, tokens};

/// A path that is named somewhere in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// Its words; of a path in this crate the first one is `crate`. A method call is
    /// the one word `.name`.
    pub words: Vec<String>,
    /// Whether it stands in code that is compiled for tests alone.
    pub is_test: bool,
}

/// What one file says.
#[derive(Clone, Debug)]
pub struct Source {
    /// Every path in it.
    pub named: Vec<Named>,
    /// Types, traits and constants that it declares itself.
    pub declared: Vec<String>,
    /// Whether it begins with a sentence about itself.
    pub has_header: bool,
    /// Ways to bring in code that this test would not see.
    pub tricks: Vec<String>,
}

/// A path as it is written, and the module that it is written in.
struct Written {
    words: Vec<String>,
    inside: Vec<String>,
    is_test: bool,
}

/// Reads the file of the module `module`: `["crate", "mail", "field"]`.
pub fn read(module: &[String], text: &str) -> Source {
    let tokens = tokens(text);
    let mut reader = Reader { tokens: &tokens, ..Reader::default() };
    reader.inside = module.to_vec();
    reader.all();
    let Reader { written, aliases, declared, children, tricks, .. } = reader;
    let named = written
        .iter()
        .map(|path| Named { words: absolute(path, &aliases, &children), is_test: path.is_test })
        .collect();
    let header: String =
        text.lines().map_while(|line| line.strip_prefix("//!")).take_while(|line| !line.is_empty()).collect();
    let has_header = text.starts_with("//! ") && header.trim_end().ends_with(['.', '?']);
    Source { named, declared, has_header, tricks }
}

#[derive(Default)]
struct Reader<'t> {
    tokens: &'t [String],
    inside: Vec<String>,
    written: Vec<Written>,
    /// What a name that `use` brings stands for, by module and name.
    aliases: BTreeMap<(Vec<String>, String), Vec<String>>,
    declared: Vec<String>,
    /// Modules that are declared here.
    children: Vec<Vec<String>>,
    tricks: Vec<String>,
}

impl Reader<'_> {
    fn all(&mut self) {
        let mut i = 0;
        let mut depth = 0;
        // Where inline modules and code for tests end, by the depth of their braces.
        let mut modules: Vec<usize> = Vec::new();
        let mut tests: Vec<usize> = Vec::new();
        let mut test_begins = false;
        while i < self.tokens.len() {
            let is_test = test_begins || !tests.is_empty();
            match self.at(i) {
                "#" if self.is(i, &["#", "[", "cfg", "(", "test", ")", "]"]) => {
                    test_begins = true;
                    i += 7;
                    continue;
                }
                "#" if self.is(i, &["#", "[", "test", "]"]) => {
                    test_begins = true;
                    i += 4;
                    continue;
                }
                "#" if self.is(i, &["#", "[", "path"]) => self.tricks.push("#[path]".to_owned()),
                "include" if self.at(i + 1) == "!" => self.tricks.push("include!".to_owned()),
                "extern" if self.at(i + 1) == "crate" => self.tricks.push("extern crate".to_owned()),
                "macro_rules" => self.tricks.push("macro_rules!".to_owned()),
                "{" => {
                    if test_begins {
                        tests.push(depth);
                        test_begins = false;
                    }
                    depth += 1;
                }
                "}" => {
                    depth = depth.saturating_sub(1);
                    if tests.last() == Some(&depth) {
                        tests.pop();
                    }
                    if modules.last() == Some(&depth) {
                        modules.pop();
                        self.inside.pop();
                    }
                }
                ";" => test_begins = false,
                "mod" if is_name(self.at(i + 1)) => {
                    let mut child = self.inside.clone();
                    child.push(self.at(i + 1).to_owned());
                    self.children.push(child.clone());
                    if self.at(i + 2) == "{" {
                        self.inside = child;
                        modules.push(depth);
                    }
                    i += 2;
                    continue;
                }
                "struct" | "enum" | "trait" | "type" | "const" | "static" | "union"
                    if depth == 0 && is_name(self.at(i + 1)) =>
                {
                    self.declared.push(self.at(i + 1).to_owned());
                }
                "use" if !matches!(self.at(i + 1), "<" | "(") => {
                    i = self.tree(i + 1, &[], is_test);
                    continue;
                }
                "in" if self.at(i.wrapping_sub(1)) == "(" && self.at(i.wrapping_sub(2)) == "pub" => {
                    i += 1 + self.path(i + 1).len() * 2;
                    continue;
                }
                "." if is_name(self.at(i + 1)) && self.at(i + 2) == "(" => {
                    self.put(vec![format!(".{}", self.at(i + 1))], is_test);
                    i += 2;
                    continue;
                }
                word if is_name(word) && self.at(i + 1) == "::" => {
                    let path = self.path(i);
                    i += path.len() * 2 - 1;
                    self.put(path, is_test);
                    continue;
                }
                _ => (),
            }
            i += 1;
        }
    }

    fn at(&self, i: usize) -> &str {
        self.tokens.get(i).map_or("", String::as_str)
    }

    fn is(&self, i: usize, wanted: &[&str]) -> bool {
        wanted.iter().enumerate().all(|(n, word)| self.at(i + n) == *word)
    }

    fn put(&mut self, words: Vec<String>, is_test: bool) {
        self.written.push(Written { words, inside: self.inside.clone(), is_test });
    }

    /// The words of the path that begins at `i`.
    fn path(&self, i: usize) -> Vec<String> {
        let mut words = vec![self.at(i).to_owned()];
        let mut at = i + 1;
        while self.at(at) == "::" && is_name(self.at(at + 1)) {
            words.push(self.at(at + 1).to_owned());
            at += 2;
        }
        words
    }

    /// Reads what `use` names from `i` on, behind `before`; gives where it ends.
    fn tree(&mut self, mut i: usize, before: &[String], is_test: bool) -> usize {
        let mut path = before.to_vec();
        loop {
            match self.at(i) {
                "::" => i += 1,
                "{" => {
                    i += 1;
                    while !matches!(self.at(i), "}" | "") {
                        i = self.tree(i, &path, is_test);
                        if self.at(i) == "," {
                            i += 1;
                        }
                    }
                    return i + 1;
                }
                "*" => {
                    path.push("*".to_owned());
                    self.put(path, is_test);
                    return i + 1;
                }
                "as" => {
                    let name = self.at(i + 1).to_owned();
                    self.alias(path, name, is_test);
                    return i + 2;
                }
                word if is_name(word) => {
                    // `{self}` is what stands before the braces.
                    if word != "self" || path.is_empty() {
                        path.push(word.to_owned());
                    }
                    i += 1;
                }
                _ => {
                    let name = path.last().cloned().unwrap_or_default();
                    self.alias(path, name, is_test);
                    return i;
                }
            }
        }
    }

    fn alias(&mut self, path: Vec<String>, name: String, is_test: bool) {
        if path.is_empty() {
            return;
        }
        self.put(path.clone(), is_test);
        // `use regex;` and `use regex::Regex` alike; the first would go in circles.
        if path.len() > 1 || path.first() != Some(&name) {
            self.aliases.insert((self.inside.clone(), name), path);
        }
    }
}

fn is_name(word: &str) -> bool {
    word.chars().next().is_some_and(|c| is_word(c) && !c.is_ascii_digit()) && !matches!(word, "as" | "_")
}

/// The path from the root of its crate, as far as it can be told.
fn absolute(
    path: &Written,
    aliases: &BTreeMap<(Vec<String>, String), Vec<String>>,
    children: &[Vec<String>],
) -> Vec<String> {
    let mut words = path.words.clone();
    // Aliases of aliases; a few steps are more than anybody writes.
    for _ in 0..8 {
        let Some(first) = words.first().cloned() else { break };
        let mut module = path.inside.clone();
        match first.as_str() {
            "crate" => break,
            "self" => words.splice(0..1, module),
            "super" => {
                module.pop();
                let rest = words.iter().skip(1).take_while(|word| *word == "super").count();
                module.truncate(module.len().saturating_sub(rest));
                words.splice(0..=rest, module)
            }
            _ => {
                let child: Vec<String> = module.iter().cloned().chain([first.clone()]).collect();
                // A `use` of a module reaches what stands inside its functions, not its modules.
                if let Some(meant) = aliases.get(&(module, first)) {
                    words.splice(0..1, meant.clone())
                } else if children.contains(&child) {
                    words.splice(0..1, child)
                } else {
                    break;
                }
            }
        };
    }
    // `self::super::x`, and `super` behind another name for a module.
    while let Some(i) = words.iter().skip(1).position(|word| word == "super") {
        words.drain(i..=i + 1);
    }
    words
}

#[test]
fn paths_are_found_wherever_they_stand() {
    let module = ["crate", "mail", "field"].map(str::to_owned);
    let table: [(&str, &[&str]); 13] = [
        ("use crate::cli::Exit;", &["crate::cli::Exit"]),
        ("#[cfg(test)]\nmod tests;\nuse crate::cli::Exit;", &["crate::cli::Exit"]),
        ("fn f() -> crate::cli::Exit { g(crate::text::SHOWN) }", &["crate::cli::Exit", "crate::text::SHOWN"]),
        (
            "use crate::{a, b::{self, c as d}, cli::Exit};",
            &["crate::a", "crate::b", "crate::b::c", "crate::cli::Exit"],
        ),
        ("use super::super::cli;\nfn f() { cli::run(); }", &["crate::cli", "crate::cli::run"]),
        ("pub(crate) use super::super::cli::Exit as E;", &["crate::cli::Exit"]),
        ("mod a { mod b { use super::super::super::super::cli::Exit; } }", &["crate::cli::Exit"]),
        ("use crate as root; fn f() { root::cli::run() }", &["crate", "crate::cli::run"]),
        ("use self::super::super::cli;", &["crate::cli"]),
        ("mod child; fn f() { child::g::<u8>() }", &["crate::mail::field::child::g"]),
        ("use std::fs; fn f() { fs::read(1) }", &["std::fs", "std::fs::read"]),
        ("pub(in crate::mail) fn f() { x.exists() }", &[".exists"]),
        ("// crate::cli\nfn f() { \"crate::cli\" }", &[]),
    ];
    for (text, expected) in table {
        let found: Vec<String> =
            read(&module, text).named.iter().map(|named| named.words.join("::")).collect();
        assert_eq!(found, expected, "{text}");
    }
}

#[test]
fn code_for_tests_ends_where_its_braces_do() {
    let text = "#[cfg(test)] mod tests { use a::b; } #[cfg(test)] use c::d; use e::f; \
                #[test] fn g() { { h::i(); } j::k(); } #[cfg(test)] mod tests; use l::m;";
    let named = read(&["crate".to_owned()], text).named;
    let tests: Vec<&str> =
        named.iter().filter(|named| named.is_test).map(|named| named.words[0].as_str()).collect();
    let others: Vec<&str> =
        named.iter().filter(|named| !named.is_test).map(|named| named.words[0].as_str()).collect();
    assert_eq!((tests, others), (vec!["a", "c", "h", "j"], vec!["e", "l"]));
}
