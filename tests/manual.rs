//! The documents and the source say the same.

use std::fs;
use std::path::Path;

use convscan::testing::config::Config;

fn read(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
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
fn the_smallest_configuration_stands() {
    let manual = read("docs/configuration.md");
    let blocks: Vec<&str> =
        manual.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    let smallest = blocks.iter().find(|block| block.contains("[[engine]]")).expect("a configuration");
    assert_eq!(Config::parse("configuration.md", smallest).faults, []);
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
