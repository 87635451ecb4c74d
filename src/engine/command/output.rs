//! What a scanner said and how it ended, judged: infected > error > unscannable
//! > clean. Fails with why there is no verdict.

use std::cmp::Reverse;
use std::path::Path;

use super::lines::{Lines, shown};
use crate::config::{CommandConfig, Meaning, Pattern, Patterns};
use crate::engine::sample::Response;
use crate::os::process::{End, Outcome};
use crate::verdict::{ErrorKind, MOST_THREATS, Reason, ScanError, Threat, Verdict};

/// The verdict on the private copy `file`, with the line that says why it was not
/// looked into, or a warning.
pub(in crate::engine) fn response(
    config: &CommandConfig,
    outcome: &Outcome,
    file: &Path,
) -> Result<Response, ScanError> {
    let lines = Lines::new(outcome, file);
    let about = About::new(&config.patterns, &lines);
    let verdict = verdict(config, outcome, &lines, about.as_ref())?;
    let line = match &verdict {
        Verdict::Unscannable(..) => about.map(|about| shown(about.line)),
        Verdict::Clean | Verdict::Infected(_) => None,
    };
    let warning = lines.find(&config.patterns.warning).map(shown);
    Ok(Response { line, warning, ..verdict.into() })
}

fn verdict(
    config: &CommandConfig,
    outcome: &Outcome,
    lines: &Lines,
    about: Option<&About<'_>>,
) -> Result<Verdict, ScanError> {
    let meaning = meaning(config, outcome.end);
    let convictions = Convictions::new(&config.patterns.infected, lines);
    if let Some(threats) = convictions.threats(meaning) {
        return Ok(Verdict::Infected(threats));
    }
    failure(config, outcome, lines)?;
    let told = convictions.unscannable.or(about.map(|about| Verdict::unscannable(about.reason)));
    let ending = |kind, end: &str| Err(ScanError::new(kind, lines.ending(outcome.end) + end));
    match (meaning, told) {
        // An exit code for infected, with nothing but names that are no conviction.
        (
            Some(
                Meaning::Clean
                | Meaning::Unscannable
                | Meaning::Encrypted
                | Meaning::Incomplete
                | Meaning::Infected,
            ),
            Some(unscannable),
        ) => Ok(unscannable),
        (Some(Meaning::Unscannable), None) => Ok(Verdict::unscannable(Reason::NotScanned)),
        (Some(Meaning::Encrypted), None) => Ok(Verdict::unscannable(Reason::Encrypted)),
        (Some(Meaning::Clean), None) => acquittal(config, lines),
        (Some(Meaning::Infected), None) => Ok(Verdict::Infected(vec![Threat::new(b"")])),
        (Some(Meaning::Cleaned | Meaning::NotCleaned), _) => {
            ending(ErrorKind::Garbled, ", though it was not asked to clean")
        }
        (Some(Meaning::Error), _) | (Some(Meaning::Incomplete), None) => ending(ErrorKind::Failed, ""),
        (None, _) if lines.is_empty() && !config.patterns.clean.is_empty() => ending(ErrorKind::Crashed, ""),
        (None, _) => ending(ErrorKind::Garbled, ", whose meaning is not known"),
    }
}

/// Why files were not looked into, in the scanner's words.
struct About<'l> {
    reason: Reason,
    line: &'l [u8],
}

impl<'l> About<'l> {
    /// Each line gives its clearest reason. Of several lines the vaguest counts: a
    /// policy that lets pass what is encrypted does not mean the damaged file
    /// beside it.
    fn new(patterns: &Patterns, lines: &'l Lines) -> Option<Self> {
        let told = lines.all().filter_map(|line| Some((about(patterns, line)?, line)));
        let vaguest = told.min_by_key(|((at, _), _)| Reverse(*at));
        let counted = || lines.find(&patterns.left_out).map(|line| Self { reason: Reason::NotScanned, line });
        vaguest.map(|((_, reason), line)| Self { reason, line }).or_else(counted)
    }
}

/// The reason that a line gives for not looking into a file, and its place.
fn about(patterns: &Patterns, line: &[u8]) -> Option<(usize, Reason)> {
    let fits = |list: &[Pattern]| list.iter().any(|pattern| pattern.is_match(line));
    let found = patterns.about_files.iter().enumerate().find(|(_, (_, list))| fits(list));
    found.map(|(at, (reason, _))| (at, *reason))
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
    // The threat is known already.
    let ending = lines.ending_but(outcome.end, &config.patterns.infected);
    Err(ScanError::new(kind, format!("not cleaned: {ending}")))
}

/// The failures that say more than the exit code, or leave none. What is said of
/// one file is no failure, and no count of errors needs another cause.
pub(super) fn failure(config: &CommandConfig, outcome: &Outcome, lines: &Lines) -> Result<(), ScanError> {
    let kind = match outcome.end {
        End::Exited(code) if config.codes.meaning(code).is_none() && is_shell_s_word_for_death(code) => {
            Some(ErrorKind::Crashed)
        }
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
    let patterns = &config.patterns;
    let fits = |list: &[Pattern], line: &[u8]| list.iter().any(|pattern| pattern.is_match(line));
    let is_complaint = |line: &[u8]| fits(&patterns.error, line) && !fits(&patterns.errors, line);
    let complaint = lines.all().find(|line| is_complaint(line) && about(patterns, line).is_none());
    let count = || {
        let count = lines.find(&patterns.errors)?;
        lines.all().all(|line| about(patterns, line).is_none()).then_some(count)
    };
    if let Some(line) = complaint.or_else(count) {
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

/// Whether a shell around the scanner says by this exit code that a signal killed
/// it, one that no administrator sends to end it: ILL, ABRT, BUS, FPE, KILL, SEGV,
/// XCPU or SYS. Source: POSIX, Shell Command Language, 2.8.2.
fn is_shell_s_word_for_death(code: u8) -> bool {
    matches!(code.checked_sub(128), Some(4 | 6 | 7 | 8 | 9 | 11 | 24 | 31))
}

/// Clean, where the exit code says so: with the lines that belong to it.
fn acquittal(config: &CommandConfig, lines: &Lines) -> Result<Verdict, ScanError> {
    let lacking = |what: &str| {
        let (kind, detail) = match lines.telling(&[]) {
            Some(line) => (ErrorKind::Garbled, format!("an exit code for clean {what}: {}", shown(line))),
            // It was to say something, and broke off before that.
            None => (ErrorKind::Crashed, "an exit code for clean, but no output".to_owned()),
        };
        Err(ScanError::new(kind, detail))
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
