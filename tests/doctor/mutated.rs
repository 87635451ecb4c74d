//! Set-ups of which some lines went wrong: whatever they say, `check` comes to its
//! end, and what it would write can be written.

use std::fs;
use std::path::{Path, PathBuf};

use convscan::testing::doctor::finding::Reason;
use convscan::testing::doctor::setup::file::Role;
use convscan::testing::doctor::setup::find::Named;
use convscan::testing::doctor::setup::load::{Machine, Wanted, setup};
use convscan::testing::doctor::{examine, fix};

use super::cases::copy;

/// How many set-ups are tried.
const TRIES: u64 = 400;

/// Numbers that look random and are the same each time (Knuth's MMIX generator).
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (self.0 >> 33) as usize % bound.max(1)
    }
}

/// Pieces that mean something to one reader or another.
const PIECES: [&str; 20] = [
    "\n\n",
    "\n",
    " ",
    "\t",
    "*",
    "%",
    "$",
    "\"",
    "'",
    "\\\n",
    ";",
    "=",
    "<",
    "!",
    "[",
    "]",
    "0",
    "99999999999999999999",
    "\u{fc}",
    "conversion",
];

fn mutate(text: &str, random: &mut Random) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    for _ in 0..=random.below(4) {
        let at = random.below(lines.len());
        let other = random.below(lines.len());
        match random.below(6) {
            0 => drop((lines.len() > 1).then(|| lines.remove(at))),
            1 => {
                let line = lines[at].clone();
                lines.insert(other, line);
            }
            2 => lines.swap(at, other),
            3 => lines[at] = lines[at].chars().take(random.below(30)).collect(),
            _ => {
                let places: Vec<usize> =
                    lines[at].char_indices().map(|(i, _)| i).chain([lines[at].len()]).collect();
                let place = places[random.below(places.len())];
                lines[at].insert_str(place, PIECES[random.below(PIECES.len())]);
            }
        }
    }
    lines.join("\n")
}

fn wanted(directory: &Path) -> Wanted {
    let named = |role, file: &str| (role, directory.join(file));
    let files = vec![named(Role::Clamd, "clamd.conf"), named(Role::Freshclam, "freshclam.conf")];
    Wanted {
        named: Named { tailor: None, root: Some(directory.to_owned()), files },
        own: directory.join("convscan.toml"),
        machine: Machine::Other,
        account: None,
        cores: Some(8),
    }
}

#[test]
fn no_set_up_is_too_broken_to_be_checked() {
    let setups = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/setups");
    let mut random = Random(1);
    let mut findings = 0;
    for base in ["8.1", "8.1-unified", "pmdf", "odd"] {
        let directory = tempfile::tempdir().unwrap();
        copy(&setups.join(base), directory.path());
        let files = files(directory.path());
        for _ in 0..TRIES / 4 {
            let file = &files[random.below(files.len())];
            let bytes = fs::read(file).unwrap();
            let text = String::from_utf8_lossy(&bytes);
            fs::write(file, mutate(&text, &mut random)).unwrap();
            let setup = setup(&wanted(directory.path()));
            let found = examine(&setup, &[], "2026-01-01").0;
            findings += found.len();
            for finding in &found {
                assert!(finding.shown(Reason::Said).to_string().contains(finding.rule.id));
            }
            fix::diff(&setup, &found);
            fs::write(file, bytes).unwrap();
        }
    }
    assert!(findings > 100, "{findings}");
}

fn files(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}
