//! The documents and the source say the same.

use std::fs;
use std::path::Path;
use std::process::Command;

use convscan::testing::config::{Admin, Config};
use convscan::testing::doctor::rules;

use crate::harness::CONVSCAN;

fn read(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap()
}

/// The header comment of a source file, without its marks.
fn header(name: &str) -> String {
    let text = read(name);
    let lines = text.lines().take_while(|line| line.starts_with("//!"));
    let header: Vec<&str> = lines
        .map(|line| line.trim_start_matches("//!"))
        .map(|line| line.strip_prefix(' ').unwrap_or(line))
        .collect();
    header.join("\n")
}

#[test]
fn the_manual_repeats_what_every_command_says() {
    let manual = read("docs/commands.md");
    for command in ["part", "message", "selftest", "check", "snippets"] {
        let header = header(&format!("src/cli/{command}.rs"));
        assert!(header.contains(&format!("Usage: convscan {command}")), "{header}");
        assert!(manual.contains(&header), "the manual of `{command}` in docs/commands.md is not:\n{header}");
    }
}

#[test]
fn the_configurations_of_the_manual_stand() {
    let manual = read("docs/configuration.md");
    let blocks: Vec<&str> =
        manual.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    let smallest = blocks.iter().find(|block| block.contains("[[engine]]")).expect("a configuration");
    assert_eq!(Config::parse("configuration.md", smallest).faults, []);
    let tools = blocks.iter().find(|block| block.contains("[[allow]]")).expect("settings of the tools");
    let (admin, faults) = Admin::parse("configuration.md", tools);
    assert_eq!((admin.allow.len(), faults), (1, Vec::new()));
}

#[test]
fn every_key_of_the_log_line_is_documented() {
    let documents = read("docs/log.md");
    let source = read("src/record.rs");
    let mut met = 0;
    for line in source.lines().filter_map(|line| line.trim().strip_prefix("pub ")) {
        let Some((name, _)) = line.split_once(": ") else { continue };
        let name = if name == "mime_type" { "type" } else { name };
        let name = name.split('(').next().unwrap();
        if name.starts_with("fn ") {
            continue;
        }
        assert!(
            documents.contains(&format!("`{name}`")) || documents.contains(&format!(".{name}`")),
            "{name}"
        );
        met += 1;
    }
    assert!(met > 20, "{met}");
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// All documents, by their names from the root.
fn documents() -> Vec<String> {
    let mut names = vec!["README.md".to_owned(), "CHANGELOG.md".to_owned()];
    names.extend(["CONTRIBUTING.md", "SECURITY.md"].map(str::to_owned));
    for entry in fs::read_dir(root().join("docs")).unwrap() {
        names.push(format!("docs/{}", entry.unwrap().file_name().to_str().unwrap()));
    }
    assert!(names.len() > 15, "{names:?}");
    names
}

#[test]
fn the_readme_is_short_and_leads_to_every_document() {
    let readme = read("README.md");
    let lines = readme.lines().count();
    assert!(lines <= 250, "{lines}");
    for name in documents().iter().filter(|name| *name != "README.md") {
        assert!(readme.contains(&format!("]({name})")), "{name}");
    }
}

/// What documents name and a run makes.
const MADE: [&str; 2] = ["fuzz/corpus", "fuzz/artifacts"];

#[test]
fn every_file_that_the_documents_name_exists() {
    let folders: Vec<String> =
        ["src", "tests", "docs", "examples", "fuzz", "tools", "imta-snippets", "job-controller-snippets"]
            .map(|folder| format!("{folder}/"))
            .to_vec();
    let mut met = 0;
    for document in documents() {
        let text = read(&document);
        let ends = |c: char| c.is_whitespace() || "`()[]\"'<>|,;:#*".contains(c);
        for word in text.split(ends).map(|word| word.trim_end_matches('.')) {
            // Capitals stand for a name of the reader's.
            let is_file = folders.iter().any(|folder| word.starts_with(folder.as_str()));
            if is_file && !MADE.contains(&word) && !word.contains(char::is_uppercase) {
                assert!(root().join(word).exists(), "{document} names {word}");
                met += 1;
            }
        }
    }
    assert!(met > 150, "{met}");
}

/// A heading as its link names it.
fn anchor(heading: &str) -> String {
    let kept = heading.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
    kept.collect::<String>().to_lowercase().replace(' ', "-")
}

#[test]
fn every_link_of_the_documents_leads_somewhere() {
    let mut met = 0;
    for document in documents() {
        let text = read(&document);
        for link in text.split("](").skip(1).map(|rest| rest.split(')').next().unwrap()) {
            let (path, place) = link.split_once('#').unwrap_or((link, ""));
            let target = match path {
                "" => root().join(&document),
                path => root().join(&document).with_file_name(path),
            };
            assert!(target.exists(), "{document}: {link}");
            if !place.is_empty() {
                let text = fs::read_to_string(target).unwrap();
                let mut headings = text.lines().filter(|line| line.starts_with('#'));
                let leads = headings.any(|line| anchor(line.trim_start_matches('#').trim()) == place);
                assert!(leads, "{document}: {link}");
            }
            met += 1;
        }
    }
    assert!(met > 50, "{met}");
}

/// The first cells of table rows that are a name in code.
fn rows(text: &str) -> Vec<(&str, &str)> {
    let rows = text.lines().filter_map(|line| line.strip_prefix("| `"));
    rows.filter_map(|row| row.split_once("` |")).collect()
}

#[test]
fn the_map_has_every_room_in_the_order_of_the_source() {
    let lib = read("src/lib.rs");
    let rooms: Vec<&str> = lib
        .lines()
        .filter_map(|line| line.strip_prefix("mod ").and_then(|rest| rest.strip_suffix(';')))
        .collect();
    assert!(rooms.len() > 18, "{rooms:?}");
    let map = read("docs/architecture.md");
    let mapped: Vec<&str> = rows(&map).into_iter().map(|(room, _)| room).collect();
    assert_eq!(mapped, rooms);
}

/// The types that everything else is explained by.
const TYPES: [&str; 24] = [
    "Part",
    "Vars",
    "Outputs",
    "Engine",
    "Sample",
    "Response",
    "Threat",
    "Verdict",
    "Reason",
    "ScanError",
    "Finding",
    "Findings",
    "Policy",
    "Circumstances",
    "Judgement",
    "Action",
    "Delivery",
    "Reply",
    "Status",
    "Record",
    "Config",
    "Deadline",
    "Diagnostic",
    "Rule",
];

#[test]
fn the_glossary_has_the_main_types_and_says_where_they_are() {
    let glossary = read("docs/glossary.md");
    let words: Vec<(&str, &str)> =
        rows(&glossary).into_iter().filter(|(_, rest)| rest.contains("| `src/")).collect();
    for name in TYPES {
        assert!(words.iter().any(|(word, _)| *word == name), "{name}");
    }
    for (word, rest) in words {
        let path = rest.rsplit('`').nth(1).unwrap();
        let source = read(path);
        let defines = |kind: &str| {
            source
                .split(&format!("{kind} {word}"))
                .skip(1)
                .any(|rest| !rest.starts_with(char::is_alphanumeric))
        };
        assert!(["struct", "enum", "trait"].iter().any(|kind| defines(kind)), "{word} is not in {path}");
    }
}

/// Rules say where their reason stands, and so do hints.
#[test]
fn every_document_that_the_program_names_exists() {
    let output = Command::new(CONVSCAN).args(["check", "--help"]).output().unwrap();
    let mut said = String::from_utf8(output.stdout).unwrap();
    said.extend(rules::all().map(|rule| format!(" {}", rule.source)));
    let mut met = 0;
    for word in said.split(|c: char| c.is_whitespace() || ",;\"".contains(c)) {
        if word.ends_with(".md") {
            assert!(root().join(word).exists(), "{word}");
            met += 1;
        }
    }
    assert!(met > 3, "{met}");
}

#[test]
fn the_readme_shows_what_the_trial_prints() {
    let readme = read("README.md");
    let command = readme.lines().find(|line| line.starts_with("cargo run ")).unwrap();
    let (_, arguments) = command.split_once(" -- ").unwrap();
    let output =
        Command::new(CONVSCAN).args(arguments.split(' ')).current_dir(root()).env_clear().output().unwrap();
    let message = String::from_utf8(output.stdout).unwrap();
    let blocks = readme.split("```\n").skip(1).step_by(2);
    let shown = blocks.filter(|block| block.contains("VIRUS NOTICE")).collect::<Vec<_>>();
    assert_eq!(shown.len(), 1);
    let shown: Vec<&str> = shown[0].lines().filter(|line| *line != "...").collect();
    let printed: Vec<&str> = message.lines().collect();
    let start = printed.iter().position(|line| *line == shown[0]).unwrap();
    let mut same = 0;
    for (shown, printed) in shown.iter().zip(&printed[start..]) {
        // The clock goes on.
        let dated = |line: &str| line.starts_with("  Date: ");
        assert!(shown == printed || dated(shown) && dated(printed), "{shown}\n{printed}");
        same += 1;
    }
    assert!(same > 15 && same == shown.len(), "{same}");
}
