//! The version that a scanner prints about itself and its definitions. Fails
//! when it prints none, or says that its definitions are bad.

use std::path::Path;

use super::lines::Lines;
use super::output;
use crate::config::CommandConfig;
use crate::os::process::{End, Outcome};
use crate::text;
use crate::verdict::{ErrorKind, ScanError};

/// What says a version, in lower case, and what it is the version of. Source:
/// `uvscan --version`, 4 and 5 (`Virus data file v4123 created`, `Scan engine
/// v4.3.20 for`) and 6 (`Dat set version: 11482 created`, `AV Engine version:`).
const LABELS: [(&str, &str); 4] = [
    ("av engine version:", "engine"),
    ("scan engine v", "engine"),
    ("dat set version:", "DAT"),
    ("virus data file v", "DAT"),
];

/// The version in `outcome`, in one printable line; the command ran in
/// `directory`.
pub(in crate::engine) fn version(
    config: &CommandConfig,
    outcome: &Outcome,
    directory: &Path,
) -> Result<String, ScanError> {
    let lines = Lines::new(outcome, directory);
    output::failure(config, outcome, &lines)?;
    if outcome.end != End::Exited(0) {
        return Err(ScanError::new(ErrorKind::Failed, lines.ending(outcome.end)));
    }
    let mut found: Vec<String> = Vec::new();
    for (label, of) in LABELS {
        let told = lines.all().find_map(|line| {
            let line = text::printable(line, text::SHOWN);
            Some(format!("{of} {}{}", value(&line, label)?, created(&line)))
        });
        found.extend(told);
    }
    if !found.is_empty() {
        return Ok(found.join(", "));
    }
    let line = lines.stdout().find(|line| line.iter().any(u8::is_ascii_digit)).or_else(|| lines.all().next());
    line.map(|line| text::printable(line, text::SHOWN))
        .ok_or_else(|| ScanError::new(ErrorKind::Garbled, "no version in the output"))
}

/// The date of definitions, as it stands in their line: with ` created ` before it.
fn created(line: &str) -> &str {
    line.find(" created ").and_then(|at| line.get(at..)).unwrap_or_default()
}

/// The word behind `label`; it holds a digit, or it is no version.
fn value(line: &str, label: &str) -> Option<String> {
    let at = line.to_ascii_lowercase().find(label)?;
    let word = line.get(at + label.len()..)?.split_whitespace().next()?;
    let word = word.trim_end_matches(['.', ',', ';']);
    word.bytes().any(|byte| byte.is_ascii_digit()).then(|| word.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::command::output::tests::{outcome, preset};

    #[test]
    fn versions_are_read_from_what_scanners_print() {
        let six = "McAfee VirusScan Command Line for Linux64 Version: 6.1.4.305\nCopyright (C) 2019\n\n\
                   AV Engine version: 6100.8979 for Linux64.\nDat set version: 11482 created Jul 3 2025\n";
        let four = "Virus Scan for Linux v4.32.0\nScan engine v4.3.20 for Linux.\n\
                    Virus data file v4123 created Jan 01 2004\nScanning for 80000 viruses, trojans.\n";
        let table = [
            ("uvscan", six, 0, Ok("engine 6100.8979, DAT 11482 created Jul 3 2025")),
            ("uvscan", four, 0, Ok("engine 4.3.20, DAT 4123 created Jan 01 2004")),
            ("uvscan", "Dat set version: 11482\nMissing or invalid DAT\n", 0, Err("failed")),
            (
                "clamscan",
                "ClamAV 1.4.6/27500/Thu Jan  1 00:00:00 2026\n",
                0,
                Ok("ClamAV 1.4.6/27500/Thu Jan 1 00:00:00 2026"),
            ),
            (
                "savscan",
                "SAVScan virus detection utility\nCopyright\nProduct version : 5.58.0\n",
                0,
                Ok("Product version : 5.58.0"),
            ),
            ("clamscan", "", 0, Err("garbled")),
            ("clamscan", "ClamAV 1.4.6\n", 2, Err("failed")),
        ];
        for (name, output, code, expected) in table {
            let outcome = outcome(End::Exited(code), output);
            let result = version(&preset(name), &outcome, Path::new("/s/scan-1"));
            match expected {
                Ok(version) => assert_eq!(result.as_deref(), Ok(version)),
                Err(kind) => assert!(result.unwrap_err().to_string().starts_with(kind), "{output}"),
            }
        }
    }
}
