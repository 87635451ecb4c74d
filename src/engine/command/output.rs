//! What a scanner said and how it ended, judged: infected > error > unscannable
//! > clean. Fails with why there is no verdict.

use std::path::Path;

use super::lines::{Lines, shown};
use crate::config::{CommandConfig, Meaning, Pattern};
use crate::os::process::{End, Outcome};
use crate::verdict::{ErrorKind, MOST_THREATS, Reason, ScanError, Threat, Verdict};

/// The verdict on the private copy `file`.
pub(in crate::engine) fn verdict(
    config: &CommandConfig,
    outcome: &Outcome,
    file: &Path,
) -> Result<Verdict, ScanError> {
    let lines = Lines::new(outcome, file);
    let meaning = meaning(config, outcome.end);
    let convictions = Convictions::new(&config.patterns.infected, &lines);
    if let Some(threats) = convictions.threats(meaning) {
        return Ok(Verdict::Infected(threats));
    }
    failure(config, outcome, &lines)?;
    let unscannable = if lines.find(&config.patterns.encrypted).is_some() {
        Some(Reason::Encrypted)
    } else if lines.find(&config.patterns.unscannable).is_some() {
        Some(Reason::NotScanned)
    } else {
        None
    };
    let unscannable = convictions.unscannable.or(unscannable.map(Verdict::unscannable));
    match (meaning, unscannable) {
        // An exit code for infected, with nothing but names that are no conviction.
        (Some(Meaning::Clean | Meaning::Unscannable | Meaning::Infected), Some(unscannable)) => {
            Ok(unscannable)
        }
        (Some(Meaning::Unscannable), None) => Ok(Verdict::unscannable(Reason::NotScanned)),
        (Some(Meaning::Clean), None) => acquittal(config, &lines),
        (Some(Meaning::Infected), None) => Ok(Verdict::Infected(vec![Threat::new(b"")])),
        (Some(Meaning::Cleaned | Meaning::NotCleaned), _) => {
            let detail = format!("{}, though it was not asked to clean", lines.ending(outcome.end));
            Err(ScanError::new(ErrorKind::Garbled, detail))
        }
        (Some(Meaning::Error), _) => Err(ScanError::new(ErrorKind::Failed, lines.ending(outcome.end))),
        (None, _) => Err(ScanError::new(
            ErrorKind::Garbled,
            format!("{}, whose meaning is not known", lines.ending(outcome.end)),
        )),
    }
}

/// Whether the scanner claims to have cleaned the private copy `file`.
pub(in crate::engine) fn claims_cleaned(
    config: &CommandConfig,
    outcome: &Outcome,
    file: &Path,
) -> Result<(), ScanError> {
    let lines = Lines::new(outcome, file);
    failure(config, outcome, &lines)?;
    let kind = match meaning(config, outcome.end) {
        Some(Meaning::Cleaned) => return Ok(()),
        Some(_) => ErrorKind::Failed,
        None => ErrorKind::Garbled,
    };
    Err(ScanError::new(kind, format!("not cleaned: {}", lines.ending(outcome.end))))
}

/// The failures that need no look at the exit code.
pub(super) fn failure(config: &CommandConfig, outcome: &Outcome, lines: &Lines) -> Result<(), ScanError> {
    let kind = match outcome.end {
        End::Exited(_) => None,
        End::TimedOut => Some(ErrorKind::TimedOut),
        End::Signalled(_) => Some(ErrorKind::Crashed),
        End::Flooded => Some(ErrorKind::Garbled),
        End::Lost | End::Interrupted(_) => Some(ErrorKind::Failed),
    };
    if let Some(kind) = kind {
        // We were told to end, or were started so that no exit code can be had.
        let is_own = matches!(outcome.end, End::Lost | End::Interrupted(_));
        return Err(ScanError::new(kind, lines.ending(outcome.end)).own_if(is_own));
    }
    if let Some(line) = lines.find(&config.patterns.error) {
        return Err(ScanError::new(ErrorKind::Failed, shown(line)));
    }
    if outcome.cut {
        return Err(ScanError::new(ErrorKind::Garbled, "over-long output, of which the end was not read"));
    }
    if outcome.unfinished {
        let detail = format!("{}, but what it had started was not done", lines.ending(outcome.end));
        return Err(ScanError::new(ErrorKind::Garbled, detail));
    }
    Ok(())
}

/// Clean, where the exit code says so: with the lines that belong to it.
fn acquittal(config: &CommandConfig, lines: &Lines) -> Result<Verdict, ScanError> {
    let lacking = |what: &str| {
        let detail = match lines.last() {
            Some(line) => format!("an exit code for clean {what}: {}", shown(line)),
            None => "an exit code for clean, but no output".to_owned(),
        };
        Err(ScanError::new(ErrorKind::Garbled, detail))
    };
    let patterns = &config.patterns.clean;
    let told = lines.stdout().any(|line| patterns.iter().any(|pattern| pattern.is_match(line)));
    if !told && !patterns.is_empty() {
        return lacking("without the line for it");
    }
    let summary = &config.patterns.summary;
    if lines.find(summary).is_some() && !summary.iter().all(|pattern| counted(pattern, lines)) {
        return lacking("beside a summary that counts nothing clean");
    }
    Ok(Verdict::Clean)
}

/// Whether `pattern` fits a line, and none with a count of 0.
fn counted(pattern: &Pattern, lines: &Lines) -> bool {
    let mut counts = lines.all().filter_map(|line| pattern.captures(line)).peekable();
    let is_some = |count: &[u8]| count.iter().any(|digit| *digit != b'0');
    counts.peek().is_some()
        && counts.all(|captures| captures.get(1).is_none_or(|count| is_some(count.as_bytes())))
}

fn meaning(config: &CommandConfig, end: End) -> Option<Meaning> {
    match end {
        End::Exited(code) => config.codes.meaning(code),
        End::Signalled(_) | End::TimedOut | End::Flooded | End::Interrupted(_) | End::Lost => None,
    }
}

/// What the lines that convict add up to.
struct Convictions {
    named: Vec<Threat>,
    nameless: bool,
    unscannable: Option<Verdict>,
}

impl Convictions {
    fn new(patterns: &[Pattern], lines: &Lines) -> Self {
        let mut convictions = Self { named: Vec::new(), nameless: false, unscannable: None };
        for line in lines.all() {
            let Some(captures) = patterns.iter().find_map(|pattern| pattern.captures(line)) else { continue };
            let name =
                captures.name("name").or_else(|| captures.get(1)).map_or(&b""[..], |name| name.as_bytes());
            if name.is_empty() {
                convictions.nameless = true;
                continue;
            }
            match Verdict::from_name(name) {
                Verdict::Infected(threats) => convictions.add(threats),
                verdict @ Verdict::Unscannable(..) => {
                    convictions.unscannable.get_or_insert(verdict);
                }
                Verdict::Clean => {}
            }
        }
        convictions
    }

    fn add(&mut self, threats: Vec<Threat>) {
        for threat in threats {
            if self.named.len() < MOST_THREATS && !self.named.contains(&threat) {
                self.named.push(threat);
            }
        }
    }

    /// The threats, if these lines and the exit code convict.
    fn threats(&self, meaning: Option<Meaning>) -> Option<Vec<Threat>> {
        if !self.named.is_empty() {
            return Some(self.named.clone());
        }
        let by_code = meaning == Some(Meaning::Infected) && self.unscannable.is_none();
        (self.nameless || by_code).then(|| vec![Threat::new(b"")])
    }
}

#[cfg(test)]
pub(super) mod tests;
