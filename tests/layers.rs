//! The layers of `src/`: who may name whom. Whole files are read, code for tests
//! and inline modules included. The rules, a sentence each:
//!
//! 1. A room names only rooms whose `mod` line in `src/lib.rs` stands above its own.
//! 2. `os` names only the first group of rooms there, the words.
//! 3. In a room a file may name its children; of a file above it only types, traits
//!    and constants that this one declares itself; and among children of one file
//!    nobody names, by whatever way round, one that names it.
//! 4. Clock, environment, files, sockets, processes and standard streams are for
//!    `os`; other rooms hold what `os` opened. Code for tests is free to use them.
//! 5. A room names only those crates that the table below gives it.
//! 6. Every file begins with a sentence that says what it is for.
//! 7. Nothing hides from these rules: no path attribute, `include!`, `macro_rules!`,
//!    `extern crate`, no other name for the crate's root, no `*` but in tests.

mod paths;
mod tokens;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use self::paths::{Named, Source, read};

/// Which rooms may name which crate. Code for tests may name all.
const CRATES: &[(&str, &[&str])] = &[
    ("aho_corasick", &["engine"]),
    ("anyhow", &["serve", "play", "cli"]),
    ("blake3", &["mail", "os", "engine"]),
    ("clap", &["cli"]),
    ("jiff", &["os"]),
    ("mail_parser", &["mail"]),
    ("memchr", &["mail"]),
    ("nix", &["os"]),
    ("quick_xml", &["mta"]),
    ("regex", &["config"]),
    ("rustix", &["os"]),
    ("serde", &["record", "os", "cli"]),
    ("serde_json", &["record", "os", "cli"]),
    ("sha2", &["os"]),
    ("similar", &["doctor"]),
    ("tempfile", &["os"]),
    ("toml", &["config", "doctor"]),
];

/// What only `os` may name, and what of it anybody may.
const EFFECTS: &[(&str, &[&str])] = &[
    ("std::env", &[]),
    ("std::fs", &["std::fs::File"]),
    ("std::net", &[]),
    ("std::os", &["std::os::unix::ffi", "std::os::fd"]),
    ("std::process", &["std::process::ExitCode"]),
    ("std::io::stdin", &[]),
    ("std::io::stdout", &[]),
    ("std::io::stderr", &[]),
    ("std::thread::sleep", &[]),
    ("std::time::Instant::now", &[]),
    ("std::time::SystemTime::now", &[]),
    ("std::fs::File::", &[]),
];

/// Methods that look at the disk or the clock.
const ACTING: &[&str] = &[
    ".canonicalize",
    ".elapsed",
    ".exists",
    ".is_dir",
    ".is_file",
    ".is_symlink",
    ".metadata",
    ".read_dir",
    ".read_link",
    ".symlink_metadata",
    ".try_exists",
];

/// All sources by their modules, `crate` being `src/lib.rs`.
type Tree = BTreeMap<Vec<String>, Source>;

/// The rooms as `src/lib.rs` lists them.
struct Rooms {
    order: Vec<String>,
    words: Vec<String>,
    /// Those that the hot path does not have.
    admin: Vec<String>,
}

#[test]
fn everybody_names_only_what_stands_below() {
    let (rooms, tree) = (rooms(), tree());
    assert_eq!(rooms.words.first().map(String::as_str), Some("address"));
    assert!(rooms.order.len() > 15 && tree.len() > 200, "{} files", tree.len());
    let met: usize = tree.values().map(|source| source.named.len()).sum();
    assert!(met > 10_000, "{met} paths");
    let (breaches, edges) = breaches(&rooms, &tree);
    assert!(edges.len() > 200, "{} edges", edges.len());
    assert!(breaches.is_empty(), "{} breaches:\n{}", breaches.len(), breaches.join("\n"));
}

#[test]
fn every_crate_has_its_rooms() {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let admin = rooms().admin;
    assert!(admin.len() >= 5, "{admin:?}");
    let mut crates = Vec::new();
    let mut section = "";
    for line in manifest.lines() {
        if line.starts_with('[') {
            section = line;
        } else if section == "[dependencies]"
            && let Some((name, _)) = line.split_once(" = ")
        {
            let name = name.replace('-', "_");
            // The hot path is built without it.
            let is_optional = line.contains("optional = true");
            let of_hot_path = CRATES.iter().filter(|(known, _)| *known == name).flat_map(|(_, rooms)| *rooms);
            let of_hot_path = of_hot_path.filter(|room| !admin.iter().any(|admin| admin == *room)).count();
            assert!(!is_optional || of_hot_path == 0, "{name}");
            crates.push(name);
        }
    }
    let table: Vec<&str> = CRATES.iter().map(|(name, _)| *name).collect();
    assert_eq!(crates, table);
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn rooms() -> Rooms {
    let lib = fs::read_to_string(root().join("src/lib.rs")).unwrap();
    let mut rooms = Rooms { order: Vec::new(), words: Vec::new(), admin: Vec::new() };
    let mut group = String::new();
    let mut is_admin = false;
    for line in lib.lines() {
        if let Some(title) = line.strip_prefix("// ") {
            title.clone_into(&mut group);
            is_admin |= title.starts_with("-------- for administrators");
        }
        let Some(name) =
            line.trim_start_matches("pub ").strip_prefix("mod ").and_then(|rest| rest.strip_suffix(';'))
        else {
            continue;
        };
        rooms.order.push(name.to_owned());
        if is_admin {
            rooms.admin.push(name.to_owned());
        }
        if group.starts_with("words") {
            rooms.words.push(name.to_owned());
        }
    }
    rooms
}

fn tree() -> Tree {
    let mut tree = Tree::new();
    let mut folders = vec![root().join("src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let relative = path.strip_prefix(root().join("src")).unwrap();
                let module = module(relative.to_str().unwrap());
                let source = read(&module, &fs::read_to_string(&path).unwrap());
                tree.insert(module, source);
            }
        }
    }
    tree
}

/// The module of the file `path` below `src/`.
fn module(path: &str) -> Vec<String> {
    let path = path.strip_suffix(".rs").unwrap();
    let words = path.split('/').filter(|word| *word != "lib").map(str::to_owned);
    ["crate".to_owned()].into_iter().chain(words).collect()
}

/// Which file names which other one in its room, below the file that both stand in.
type Edges = BTreeSet<(Vec<String>, Vec<String>)>;

/// Everything that breaks a rule.
fn breaches(rooms: &Rooms, tree: &Tree) -> (Vec<String>, Edges) {
    let mut edges = Edges::new();
    let mut breaches: Vec<String> = tree
        .iter()
        .flat_map(|(module, source)| breaches_of(rooms, tree, module, source, &mut edges))
        .collect();
    breaches.extend(circles(&edges, &edges));
    (breaches, edges)
}

/// What breaks a rule in one file; whom it names goes to `edges`.
fn breaches_of(
    rooms: &Rooms,
    tree: &Tree,
    module: &[String],
    source: &Source,
    edges: &mut Edges,
) -> Vec<String> {
    let mut breaches = Vec::new();
    let file = module.join("::");
    let mut put = |what: String| breaches.push(format!("{file}: {what}"));
    if !source.has_header {
        put("does not begin with a sentence about itself".to_owned());
    }
    source.tricks.iter().for_each(|trick| put(format!("hides code by {trick}")));
    // A file of tests belongs to the one that it tests.
    let is_tests = module.last().is_some_and(|name| name == "tests");
    let at = if is_tests { &module[..module.len() - 1] } else { module };
    for named in &source.named {
        let words = named.words.join("::");
        let is_test = named.is_test || is_tests;
        let is_face = matches!(room(module), "main" | "bin" | "testing");
        if let Some(what) = hidden(named, is_test || is_face) {
            put(format!("{what}: {words}"));
        }
        if named.words.first().is_some_and(|word| word == "crate") {
            if let Some(what) = upwards(rooms, at, &named.words) {
                put(format!("{what}: {words}"));
            }
            match inside(tree, at, &named.words) {
                Inside::Fine => (),
                Inside::Breach(what) => put(format!("{what}: {words}")),
                Inside::Edge(from, to) => {
                    edges.insert((from, to));
                }
            }
        } else if !is_test && let Some(what) = foreign(room(at), &words) {
            put(format!("{what}: {words}"));
        }
    }
    breaches
}

fn room(module: &[String]) -> &str {
    module.get(1).map_or("", String::as_str)
}

/// Rule 7.
fn hidden(named: &Named, is_free: bool) -> Option<&'static str> {
    match named.words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["crate"] | ["crate", "*"] => Some("another name for the crate's root"),
        ["convscan", ..] if !is_free => Some("the crate by its name"),
        [.., "*"] if !is_free => {
            // All variants of one type are a plain list of names.
            let of_type =
                named.words.iter().rev().nth(1).is_some_and(|word| word.starts_with(char::is_uppercase));
            (!of_type).then_some("brings in names unseen")
        }
        _ => None,
    }
}

/// Rules 1 and 2.
fn upwards(rooms: &Rooms, at: &[String], words: &[String]) -> Option<&'static str> {
    let place = |name: &str| rooms.order.iter().position(|room| room == name);
    let (own, used) = (room(at), room(words));
    // `main.rs` and the root stand above all.
    let (own_place, used_place) = (place(own)?, place(used)?);
    if used_place > own_place {
        return Some("names a room that stands below it in lib.rs");
    }
    (own == "os" && used != "os" && !rooms.words.iter().any(|word| word == used))
        .then_some("`os` uses words only")
}

enum Inside {
    Fine,
    Breach(&'static str),
    Edge(Vec<String>, Vec<String>),
}

/// Rule 3 for one path.
fn inside(tree: &Tree, at: &[String], words: &[String]) -> Inside {
    let Some(length) = (1..=words.len()).rev().find(|length| tree.contains_key(&words[..*length])) else {
        return Inside::Fine;
    };
    let (target, rest) = words.split_at(length);
    if target.len() < 2 || room(target) != room(at) || target.starts_with(at) {
        return Inside::Fine;
    }
    if at.starts_with(target) {
        let declared = rest.first().is_none_or(|name| tree[target].declared.contains(name));
        return if declared {
            Inside::Fine
        } else {
            Inside::Breach("takes from above what is no type of it")
        };
    }
    let common = at.iter().zip(target).take_while(|(one, other)| one == other).count();
    Inside::Edge(at[..=common].to_vec(), target[..=common].to_vec())
}

/// Rules 4 and 5.
fn foreign(room: &str, words: &str) -> Option<&'static str> {
    let first = words.split("::").next().unwrap_or_default();
    if let Some((_, rooms)) = CRATES.iter().find(|(name, _)| *name == first)
        && !rooms.contains(&room)
    {
        return Some("names a crate that is not for this room");
    }
    let begins = |prefix: &str| {
        words
            .strip_prefix(prefix)
            .is_some_and(|rest| prefix.ends_with(':') || rest.is_empty() || rest.starts_with("::"))
    };
    let is_effect =
        EFFECTS.iter().any(|(effect, free)| begins(effect) && !free.iter().any(|free| begins(free)));
    ((is_effect || ACTING.contains(&words)) && room != "os").then_some("touches the system outside `os`")
}

/// Rule 3 for all: those of `new` that close a circle of `edges`.
fn circles(edges: &Edges, new: &Edges) -> Vec<String> {
    let mut named: BTreeMap<&[String], Vec<&[String]>> = BTreeMap::new();
    for (from, to) in edges {
        named.entry(from).or_default().push(to);
    }
    let reaches = |from: &[String], wanted: &[String]| {
        let (mut seen, mut next) = (BTreeSet::from([from]), vec![from]);
        while let Some(at) = next.pop() {
            if at == wanted {
                return true;
            }
            next.extend(named.get(at).into_iter().flatten().filter(|to| seen.insert(*to)));
        }
        false
    };
    let closing = new.iter().filter(|(from, to)| reaches(to, from));
    closing
        .map(|(from, to)| format!("{}: names {}, which names it", from.join("::"), to.join("::")))
        .collect()
}

/// What somebody may try, and where: a line put behind the text of a file.
const PLANTS: &[(&str, &str)] = &[
    // Rule 1.
    ("mta/conversions.rs", "use crate::cli::exit::Exit;"),
    ("mta/unified.rs", "pub use crate::cli::exit::Exit as End;"),
    ("mail/message.rs", "#[cfg(test)]\nmod tests {\n    use crate::cli::exit::Exit;\n}"),
    ("mail/field.rs", "fn end() -> crate::cli::exit::Exit { todo!() }"),
    ("mail/words.rs", "use crate::{text, cli::exit::{self, Exit}};"),
    ("mail/hidden/tnef.rs", "use super::super::super::cli::exit::Exit;"),
    ("mail/hidden/mail.rs", "mod deep { mod deeper { use super::super::super::super::super::cli as c; } }"),
    ("mail/parameter.rs", "fn end() { use super::super as top; top::cli::run(); }"),
    ("mail/encoding.rs", "use self::super::super::cli::exit::Exit;"),
    ("mail/encoding.rs", "use super as up; fn end() { up::super::cli::run() }"),
    ("text.rs", "type Answer = Vec<crate::verdict::Verdict>;"),
    ("policy.rs", "impl From<crate::reply::Reply> for Policy {}"),
    ("play/answer.rs", "use crate::doctor::setup;"),
    ("serve.rs", "use crate::play::answer::Ending;"),
    ("mail.rs", "mod tests;\nuse crate::mta;"),
    // Rule 2.
    ("os/socket.rs", "use crate::config::Config;"),
    ("os/files.rs", "fn f(part: &crate::part::Part) {}"),
    // Rule 3.
    ("engine/farm.rs", "fn f() { crate::engine::open(config); }"),
    ("engine/farm/member.rs", "use super::super::open;"),
    ("engine/memory/flight.rs", "use crate::engine::Farm;"),
    ("cli/check.rs", "use super::run;"),
    ("mail/parameter.rs", "use super::field::decoded;"),
    ("mta/imta_cnf/rewrite.rs", "use super::block::Blocks;"),
    ("mta/source/load.rs", "#[cfg(test)] mod more { use crate::mta::imta_cnf::ImtaCnf; }"),
    // Rule 4.
    ("engine/health.rs", "fn f() { std::fs::remove_file(\"x\"); }"),
    ("engine/icap.rs", "fn f() { File::open(\"x\"); }"),
    ("mta/source.rs", "use std::{fmt, env};"),
    ("doctor/fix.rs", "use std as s; fn f() { s::process::Command::new(\"x\"); }"),
    ("cli/snippets.rs", "fn f(path: &std::path::Path) -> bool { path.exists() }"),
    ("scan.rs", "use std::time::Instant; fn f() -> Instant { Instant::now() }"),
    ("part.rs", "use std::os::unix::net::UnixStream;"),
    ("reply.rs", "use std::net::*;"),
    ("notice.rs", "fn f() { std::io::stdout(); }"),
    // Rule 5.
    ("mta/mappings.rs", "use regex::Regex;"),
    ("engine/clamd.rs", "fn f() { nix::unistd::getpid(); }"),
    ("cli/message.rs", "use ::tempfile::TempDir;"),
    // Rule 7.
    ("mail/encoded.rs", "#[path = \"../cli.rs\"] mod other;"),
    ("mail/encoded.rs", "include!(\"../cli.rs\");"),
    ("mail/encoded.rs", "extern crate self as me; use me::cli;"),
    ("mail/encoded.rs", "use crate as top;"),
    ("mail/encoded.rs", "use crate::*;"),
    ("mail/encoded.rs", "use convscan::cli;"),
    ("mail/encoded.rs", "use super::*;"),
    ("text.rs", "macro_rules! m { () => { $crate::cli::run() } }"),
];

/// What breaks a rule once `line` stands behind the text of the file `path`.
fn planted(rooms: &Rooms, tree: &Tree, edges: &Edges, path: &str, line: &str) -> Vec<String> {
    let module = module(path);
    let text = fs::read_to_string(root().join("src").join(path)).unwrap();
    let source = read(&module, &format!("{text}\n{line}\n"));
    let mut new = Edges::new();
    let mut found = breaches_of(rooms, tree, &module, &source, &mut new);
    let all = edges.union(&new).cloned().collect();
    found.extend(circles(&all, &new));
    found
}

/// A rule that nothing breaks may be one that sees nothing.
#[test]
fn each_planted_breach_is_seen() {
    let (rooms, tree) = (rooms(), tree());
    let (_, edges) = breaches(&rooms, &tree);
    for (path, plant) in PLANTS {
        assert!(!planted(&rooms, &tree, &edges, path, plant).is_empty(), "{path}: {plant}");
    }
    // Rule 6.
    for text in ["use std::fmt;", "// A line.\n", "//! a heading\n\nuse std::fmt;"] {
        assert!(!read(&["crate".to_owned()], text).has_header, "{text}");
    }
}

/// What is none, so that the rules stay usable.
#[test]
fn what_is_fine_is_let_through() {
    let (rooms, tree) = (rooms(), tree());
    let (_, edges) = breaches(&rooms, &tree);
    for (path, line) in [
        ("mail/field.rs", "// use crate::cli::exit::Exit;"),
        ("mail/field.rs", "const A: &str = \"crate::cli::run()\";"),
        ("mail/field.rs", "#[cfg(test)] mod more { use std::fs; fn f() { fs::read(\"x\"); } }"),
        ("mail/hidden/tnef.rs", "use super::Kind as K;"),
        ("engine/clamd.rs", "use crate::text::SHOWN; use crate::os::clock::instant;"),
        ("cli/check.rs", "fn f(file: &std::fs::File) -> std::process::ExitCode { todo!() }"),
    ] {
        assert_eq!(planted(&rooms, &tree, &edges, path, line), Vec::<String>::new(), "{path}: {line}");
    }
}
