//! What was found, for people and for programs. Fails when it cannot be written.

use std::collections::HashSet;
use std::io;

use serde::Serialize;

use crate::diagnostic::Severity;
use crate::doctor::allow::Allowed;
use crate::doctor::at::{Edit, Mend};
use crate::doctor::finding::{Finding, Reason};
use crate::doctor::setup::Setup;
use crate::doctor::setup::file::Outcome;
use crate::doctor::{self};
use crate::os::output;

/// As a compiler says it. Why a rule is one is said at its first finding.
pub(super) fn text(setup: &Setup, findings: &[Finding], allowed: &Allowed) -> io::Result<()> {
    let mut said = HashSet::new();
    for finding in findings {
        let reason = if said.insert(finding.rule.id) { Reason::Said } else { Reason::Known };
        output::text(&format!("{}\n\n", finding.shown(reason)))?;
    }
    for idle in &allowed.idle {
        output::talk(idle);
    }
    let read = setup.files.iter().filter(|seen| seen.outcome == Outcome::Read).count();
    let files = count(read, "file");
    if setup.here.is_some() && !setup.files.iter().any(|seen| seen.role.is_servers()) {
        output::talk("no mail server was found here: name its directory with --root, or its imta_tailor");
    }
    if findings.is_empty() {
        output::talk(format_args!("{files} read, nothing wrong{}", names(allowed)));
        return Ok(());
    }
    let counts: Vec<String> = doctor::counts(findings)
        .into_iter()
        .filter(|(_, number)| *number > 0)
        .map(|(severity, number)| count(number, severity.word()))
        .collect();
    output::talk(format_args!("{files} read: {}{}", counts.join(", "), names(allowed)));
    Ok(())
}

/// The allowed findings, by name and reason: nothing may be forgotten behind an
/// allowance.
fn names(allowed: &Allowed) -> String {
    if allowed.used.is_empty() {
        return String::new();
    }
    let each = allowed.used.iter().map(|(number, rule, because)| format!("{rule} {number} ({because})"));
    format!("; {} allowed: {}", count(allowed.count(), "finding"), each.collect::<Vec<_>>().join(", "))
}

fn count(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}

/// One JSON object.
pub(super) fn json(setup: &Setup, findings: &[Finding], allowed: &Allowed) -> io::Result<()> {
    let [errors, warnings, notes] = doctor::counts(findings).map(|(_, number)| number);
    let report = Report {
        findings: findings.iter().map(FindingLine::from).collect(),
        files: setup.files.iter().map(FileLine::from).collect(),
        summary: Summary { errors, warnings, notes, allowed: allowed.count() },
    };
    // Strings and numbers always have a form in JSON.
    output::json(&serde_json::to_string_pretty(&report).unwrap_or_default())
}

#[derive(Serialize)]
struct Report<'a> {
    findings: Vec<FindingLine<'a>>,
    files: Vec<FileLine>,
    summary: Summary,
}

#[derive(Serialize)]
struct Summary {
    errors: usize,
    warnings: usize,
    notes: usize,
    allowed: usize,
}

#[derive(Serialize)]
struct FindingLine<'a> {
    rule: &'a str,
    severity: &'static str,
    path: &'a str,
    #[serde(skip_serializing_if = "is_none")]
    line: usize,
    #[serde(skip_serializing_if = "is_none")]
    column: usize,
    message: &'a str,
    why: &'a str,
    source: &'a str,
    hint: Option<&'a str>,
    mends: Vec<MendLine<'a>>,
}

fn is_none(number: &usize) -> bool {
    *number == 0
}

/// A change of a file, or lines for a command.
#[derive(Serialize)]
struct MendLine<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<usize>,
    write: &'a str,
}

#[derive(Serialize)]
struct FileLine {
    kind: &'static str,
    path: String,
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

impl<'a> From<&'a Finding> for FindingLine<'a> {
    fn from(finding: &'a Finding) -> Self {
        let Finding { rule, diagnostic, mends } = finding;
        Self {
            rule: rule.id,
            severity: diagnostic.severity.word(),
            path: &diagnostic.path,
            line: diagnostic.line,
            column: diagnostic.column,
            message: &diagnostic.message,
            why: rule.why,
            source: rule.source,
            hint: diagnostic.hint.as_deref(),
            mends: mends.iter().map(MendLine::from).collect(),
        }
    }
}

impl<'a> From<&'a Mend> for MendLine<'a> {
    fn from(mend: &'a Mend) -> Self {
        match mend {
            Mend::Edit(Edit { path, line, lines, .. }) => {
                Self { path: Some(path), line: Some(*line), write: lines }
            }
            Mend::Write(lines) => Self { path: None, line: None, write: lines },
        }
    }
}

impl From<&doctor::setup::file::Seen> for FileLine {
    fn from(seen: &doctor::setup::file::Seen) -> Self {
        let (outcome, reason) = match &seen.outcome {
            Outcome::Read => ("read", None),
            Outcome::Absent => ("absent", None),
            Outcome::Missing => ("missing", None),
            Outcome::Unreadable(why) => ("unreadable", Some(why.clone())),
        };
        Self { kind: seen.role.name(), path: seen.path.display().to_string(), outcome, reason }
    }
}

/// Whether something is worse than a note.
pub(super) fn is_bad(findings: &[Finding]) -> bool {
    findings.iter().any(|finding| finding.diagnostic.severity > Severity::Note)
}
