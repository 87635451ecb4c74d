//! A local file of rules, for the day before the vendor has a signature. Fails
//! when the file cannot be read or has a fault.
//!
//! One rule a line: kind, threat name, value. `#` begins a comment.
//! ```text
//! sha256  Test.Abc      ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad
//! name    Policy.Exe    *.exe
//! type    Policy.Dll    application/x-msdownload
//! bytes   Worm.Xyz      4d 5a 90 00 de ad be ef
//! ```

mod name;

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use aho_corasick::AhoCorasick;

pub(super) use self::name::matches;
use self::name::{comparable, matches_chars};
use super::sample::{Engine, Response, Sample};
use crate::diagnostic::{Diagnostic, LISTED, nearest};
use crate::os::clock::Deadline;
use crate::os::digest;
use crate::os::files::read_text;
use crate::os::input::Until;
use crate::os::writers::{self, Writers};
use crate::text;
use crate::verdict::{ErrorKind, MOST_THREATS, ScanError, Threat, Verdict};

/// Largest rules file. It is read for each part; a few thousand rules fit.
pub const LARGEST: usize = 1024 * 1024;

/// Shortest byte pattern: a shorter one turns up in honest files by chance.
const SHORTEST_PATTERN: usize = 4;

/// A rules file as an engine.
pub(super) struct Rules<'a> {
    path: &'a Path,
}

impl<'a> Rules<'a> {
    pub(super) fn new(path: &'a Path) -> Self {
        Self { path }
    }

    /// The rules, and what is to be mended about the file. One that anybody or another
    /// account may change is as one that is not there.
    fn load(&self) -> Result<(RuleSet, Option<String>), ScanError> {
        let path = self.path.display().to_string();
        let failed = |detail: String| ScanError::new(ErrorKind::Configuration, detail);
        let text = read_text(self.path, LARGEST).map_err(|error| failed(format!("{path}: {error}")))?;
        let exposure = writers::exposure(self.path, writers::ourselves());
        let exposure = exposure.map_err(|error| failed(format!("{path}: {error}")))?;
        let told = exposure.map(|exposure| (exposure.writers, exposure.of("the rules file")));
        let warning = match told {
            Some((Writers::Everybody | Writers::Owner(_), why)) => return Err(failed(why)),
            Some((Writers::Group, why)) => Some(why),
            None => None,
        };
        let rules = RuleSet::parse(&path, &text).map_err(|faults| {
            let first = faults.first().map(Diagnostic::one_line).unwrap_or_default();
            failed(first)
        })?;
        Ok((rules, warning))
    }
}

impl Engine for Rules<'_> {
    fn scan(
        &self,
        sample: &Sample<'_>,
        by: Deadline,
        _meanwhile: &mut dyn FnMut(),
    ) -> Result<Response, ScanError> {
        let (rules, warning) = self.load()?;
        let mut threats = rules.by_claim(sample, by)?;
        threats.extend(rules.by_content(sample, by).map_err(|error| match error.kind() {
            std::io::ErrorKind::TimedOut => {
                ScanError::new(ErrorKind::TimedOut, "no time left to read the part")
            }
            _ => ScanError::new(ErrorKind::Part, error),
        })?);
        threats.truncate(MOST_THREATS);
        let verdict = if threats.is_empty() { Verdict::Clean } else { Verdict::Infected(threats) };
        Ok(Response { warning, ..verdict.into() })
    }

    fn version(&self, _by: Deadline) -> Result<String, ScanError> {
        self.load().map(|(rules, _)| format!("{} rules", rules.rules.len()))
    }
}

/// A checked rules file.
#[derive(Debug, Default)]
pub struct RuleSet {
    rules: Vec<Rule>,
}

#[derive(Debug)]
struct Rule {
    threat: Threat,
    test: Test,
}

#[derive(Debug)]
enum Test {
    Sha256(String),
    Name(String),
    Type(String),
    Bytes(Vec<u8>),
}

const KINDS: [&str; 4] = ["sha256", "name", "type", "bytes"];

impl RuleSet {
    /// Reads a rules file; all faults come in one run.
    pub fn parse(path: &str, source: &str) -> Result<Self, Vec<Diagnostic>> {
        let mut rules = Vec::new();
        let mut faults = Vec::new();
        let mut unlisted = 0;
        let mut start = 0;
        for line in source.split_inclusive('\n') {
            let content = line.trim();
            let at = start + line.len() - line.trim_start().len();
            start += line.len();
            if content.is_empty() || content.starts_with('#') {
                continue;
            }
            match Rule::parse(content) {
                Ok(rule) => rules.push(rule),
                Err(_) if faults.len() == LISTED => unlisted += 1,
                Err((message, hint)) => {
                    faults.push(Diagnostic::at(path, source, at..at + content.len(), message).hint(hint));
                }
            }
        }
        if unlisted > 0 {
            faults.push(Diagnostic::unlisted(path, unlisted));
        }
        if faults.is_empty() { Ok(Self { rules }) } else { Err(faults) }
    }

    /// Threats that the claimed names and type are enough for. A header may hold
    /// thousands of names, and a file thousands of rules.
    fn by_claim(&self, sample: &Sample<'_>, by: Deadline) -> Result<Vec<Threat>, ScanError> {
        let has_names = self.rules.iter().any(|rule| matches!(rule.test, Test::Name(_)));
        let names = sample.names.iter().filter(|_| has_names).flat_map(|name| comparable(name));
        let names: Vec<Vec<char>> = names.map(|name| name.chars().collect()).collect();
        let mut threats = Vec::new();
        for rule in &self.rules {
            let holds = match &rule.test {
                Test::Name(_) if by.left().is_none() => {
                    return Err(ScanError::new(ErrorKind::TimedOut, "no time left to compare the names"));
                }
                Test::Name(pattern) => {
                    let pattern: Vec<char> = pattern.chars().collect();
                    names.iter().any(|name| matches_chars(&pattern, name))
                }
                Test::Type(pattern) => matches(pattern, sample.mime_type),
                Test::Sha256(_) | Test::Bytes(_) => false,
            };
            threats.extend(holds.then(|| rule.threat.clone()));
        }
        Ok(threats)
    }

    /// Threats that are in the content.
    fn by_content(&self, sample: &Sample<'_>, by: Deadline) -> std::io::Result<Vec<Threat>> {
        let mut threats = Vec::new();
        if self.rules.iter().any(|rule| matches!(rule.test, Test::Sha256(_))) {
            let digest = digest::hex(&digest::sha256(sample.file, by)?);
            let holds = |rule: &&Rule| matches!(&rule.test, Test::Sha256(sum) if *sum == digest);
            threats.extend(self.rules.iter().filter(holds).map(|rule| rule.threat.clone()));
        }
        let patterns: Vec<(&Threat, &[u8])> = self
            .rules
            .iter()
            .filter_map(|rule| match &rule.test {
                Test::Bytes(bytes) => Some((&rule.threat, bytes.as_slice())),
                Test::Sha256(_) | Test::Name(_) | Test::Type(_) => None,
            })
            .collect();
        if let Some(threat) = first_match(&patterns, sample.file, by)? {
            threats.push(threat.clone());
        }
        Ok(threats)
    }
}

/// The first pattern found anywhere in the file; one is enough to convict.
fn first_match<'t>(
    patterns: &[(&'t Threat, &[u8])],
    file: &File,
    by: Deadline,
) -> std::io::Result<Option<&'t Threat>> {
    if patterns.is_empty() {
        return Ok(None);
    }
    let search = AhoCorasick::new(patterns.iter().map(|(_, bytes)| bytes)).map_err(std::io::Error::other)?;
    let found = search.stream_find_iter(BufReader::new(Until::new(file, by))).next().transpose()?;
    Ok(found.and_then(|found| patterns.get(found.pattern().as_usize())).map(|(threat, _)| *threat))
}

impl Rule {
    fn parse(line: &str) -> Result<Self, (String, String)> {
        let shape = || "a rule is: kind, threat name, value".to_owned();
        let (kind, rest) =
            line.split_once(char::is_whitespace).ok_or_else(|| ("incomplete rule".to_owned(), shape()))?;
        let (name, value) = rest
            .trim_start()
            .split_once(char::is_whitespace)
            .ok_or_else(|| ("incomplete rule".to_owned(), shape()))?;
        let value = value.trim();
        let test = match kind {
            "sha256" => sha256(value).map(Test::Sha256),
            "name" => Ok(Test::Name(value.to_lowercase())),
            "type" => Ok(Test::Type(value.to_ascii_lowercase())),
            "bytes" => bytes(value).map(Test::Bytes),
            other => Err((format!("unknown kind `{}`", text::printable_str(other, 40)), suggestion(other))),
        }?;
        Ok(Self { threat: Threat::new(name.as_bytes()), test })
    }
}

fn suggestion(kind: &str) -> String {
    match nearest(kind, KINDS) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("the kinds are {}", KINDS.map(|kind| format!("`{kind}`")).join(", ")),
    }
}

fn sha256(value: &str) -> Result<String, (String, String)> {
    if value.len() == 64 && value.bytes().all(|b| b.is_ascii_hexdigit()) {
        Ok(value.to_ascii_lowercase())
    } else {
        Err((
            "not a SHA-256 sum".to_owned(),
            "write 64 hexadecimal digits, as sha256sum(1) prints them".to_owned(),
        ))
    }
}

fn bytes(value: &str) -> Result<Vec<u8>, (String, String)> {
    let digits: Vec<char> = value.chars().filter(|c| !c.is_whitespace()).collect();
    let pairs: Option<Vec<u8>> = digits
        .chunks(2)
        .map(|pair| match pair {
            [high, low] => u8::try_from(high.to_digit(16)? * 16 + low.to_digit(16)?).ok(),
            _ => None,
        })
        .collect();
    let hint = "write pairs of hexadecimal digits, as `xxd -p` prints them".to_owned();
    match pairs {
        Some(bytes) if bytes.len() >= SHORTEST_PATTERN => Ok(bytes),
        Some(_) => {
            Err((format!("pattern shorter than {SHORTEST_PATTERN} bytes"), "take a longer one".to_owned()))
        }
        None => Err(("not a byte pattern".to_owned(), hint)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_faults_are_found_with_their_lines() {
        let source = "# fine\nsha T abc\nname T\nbytes T 4d5\nbytes T 4d5a\nsha256 T 00\nname T *.exe\n";
        let faults = RuleSet::parse("r", source).unwrap_err();
        assert_eq!(faults.iter().map(|f| f.line).collect::<Vec<_>>(), [2, 3, 4, 5, 6]);
    }

    #[test]
    fn byte_patterns_may_have_blanks() {
        assert_eq!(bytes("4d 5a 9000").unwrap(), [0x4d, 0x5a, 0x90, 0]);
    }
}
