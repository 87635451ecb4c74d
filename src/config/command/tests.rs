//! Command engines as an administrator writes them, right and wrong.

use super::*;
use toml::de::DeTable;

use crate::config::table::{File, Table};
use crate::config::{Config, Parsed};
use crate::diagnostic::Diagnostic;

fn source(keys: &str) -> String {
    format!("state.directory = \"/s\"\n[[engine]]\nname = \"e\"\ntype = \"command\"\n{keys}")
}

fn parse(keys: &str) -> Parsed {
    Config::parse("/etc/c.toml", &source(keys))
}

fn command(keys: &str) -> CommandConfig {
    assert_eq!(parse(keys).faults, [], "{keys}");
    let source = source(keys);
    let file = File::new("/etc/c.toml", &source);
    let (document, _) = DeTable::parse_recoverable(&source);
    let root = Table::new(&file, "", &document);
    CommandConfig::read(&root.tables("engine")[0]).expect("a command")
}

const FREE: &str = "program = \"/opt/av\"\nscan = [\"{file}\"]\n";

#[test]
fn every_preset_stands_alone() {
    for (_, name) in Preset::NAMES {
        let command = command(&format!("preset = \"{name}\"\n"));
        assert!(command.program.is_absolute());
        assert_eq!(command.codes.meaning(0), Some(Meaning::Clean));
        assert_eq!(command.version.is_empty(), ["avscanner", "odscan"].contains(&name), "{name}");
        let only_scans = ["clamscan", "clamdscan", "avscanner", "odscan"];
        assert_eq!(command.clean.is_empty(), only_scans.contains(&name), "{name}");
    }
}

#[test]
fn every_key_beats_the_preset() {
    let command = command(
        "preset = \"uvscan\"\nprogram = \"/opt/uvscan\"\nscan = [\"{directory}\"]\nclean = []\nversion = []\n\
         [engine.codes]\nclean = [0, 20]\nunscannable = [13]\n[engine.masks]\nerror = 128\n\
         [engine.patterns]\ninfected = ['^X: (.*)']\n",
    );
    assert_eq!(command.program, PathBuf::from("/opt/uvscan"));
    assert!(command.clean.is_empty() && command.version.is_empty());
    let meanings =
        [(20, Meaning::Clean), (13, Meaning::Unscannable), (10, Meaning::Infected), (128, Meaning::Error)];
    for (code, meaning) in meanings {
        assert_eq!(command.codes.meaning(code), Some(meaning), "{code}");
    }
    assert_eq!((command.patterns.infected.len(), command.patterns.error.len()), (1, 5));
}

#[test]
fn a_free_definition_needs_a_clean_answer() {
    command(&format!("{FREE}[engine.codes]\nclean = [0]\n"));
    command(&format!("{FREE}[engine.masks]\ninfected = 1\n"));
    command(&format!("{FREE}codes.clean = [0]\npatterns.error = [{}]\n", "'x', ".repeat(64)));
    let by_line = command(&format!("{FREE}[engine.patterns]\nclean = ['^{{file}}: ok$']\n"));
    assert_eq!((by_line.codes.meaning(0), by_line.codes.meaning(1)), (Some(Meaning::Clean), None));
}

#[test]
fn faults_are_told_one_by_one() {
    let free = format!("{FREE}codes.clean = [0]\n");
    let table = [
        (FREE.to_owned(), "needs an exit code or a pattern that means clean"),
        ("preset = \"uvscn\"\n".to_owned(), "`uvscn` is no choice for `preset`"),
        ("preset = \"uvscan\"\nprogram = \"uvscan\"\n".to_owned(), "`program` must be absolute"),
        ("scan = [\"{file}\"]\ncodes.clean = [0]\n".to_owned(), "needs `program` or `preset`"),
        ("program = \"/x\"\ncodes.clean = [0]\n".to_owned(), "needs `scan` or `preset`"),
        ("preset = \"uvscan\"\nscan = []\n".to_owned(), "`scan` does not name the part"),
        ("preset = \"uvscan\"\nscan = [\"-\"]\n".to_owned(), "`scan` does not name the part"),
        ("preset = \"uvscan\"\nclean = [\"-c\"]\n".to_owned(), "`clean` does not name the part"),
        (
            "preset = \"uvscan\"\nscan = [\"{files}\"]\n".to_owned(),
            "`scan` has a brace that stands for nothing",
        ),
        ("preset = \"uvscan\"\nversion = [\"{file}\"]\n".to_owned(), "`version` names the part"),
        (format!("{free}patterns.infected = ['(']\n"), "`infected` has a faulty pattern: unclosed group"),
        (
            format!("{free}patterns.error = ['x{{1000}}{{20}}']\n"),
            "`error` has a faulty pattern: Compiled regex exceeds size limit",
        ),
        (format!("{free}patterns.error = [{}]\n", "'x', ".repeat(65)), "`error` has more than 64 patterns"),
        (format!("{free}patterns.clear = ['x']\n"), "unknown key `clear` in `patterns`"),
        (format!("{free}codes.error = [0]\n"), "exit code 0 is in two lists"),
        (format!("{free}codes.error = [256]\n"), "`error` must be a list of numbers"),
        (format!("{free}masks.clean = 1\n"), "unknown key `clean` in `masks`"),
        (format!("{free}arguments = []\n"), "unknown key `arguments` in `engine`"),
    ];
    for (keys, expected) in table {
        let faults: Vec<_> = parse(&keys).faults.iter().map(Diagnostic::one_line).collect();
        assert!(faults.iter().any(|fault| fault.contains(expected)), "{keys}{faults:#?}");
        // An engine that cannot be read is no engine: that is told, too.
        let others = faults.iter().filter(|fault| !fault.contains("no engine that can acquit")).count();
        assert_eq!(others, 1, "{keys}{faults:#?}");
    }
}
