//! Rules about the form of each file: whoever reads it finds what breaks them.
//! Cannot fail.

use crate::diagnostic::{Diagnostic, Severity};
use crate::doctor::at::{At, Mend};
use crate::doctor::complaint::Complaint;
use crate::doctor::finding::Finding;
use crate::doctor::rule::{Check, Rule};
use crate::doctor::setup::Setup;
use crate::doctor::setup::file::{Outcome, Role, Seen};
use crate::mta::form as names;
use crate::mta::mappings::Mappings;
use crate::mta::source::Inclusion;
use crate::os::look;

/// A rule that a reader finds broken.
const fn form(id: &'static str, what: &'static str, why: &'static str, source: &'static str) -> Rule {
    let cure = "each finding has its own cure";
    Rule { id, severity: Severity::Error, what, why, source, cure, check: Check::Reading }
}

pub(in crate::doctor) const RULES: &[Rule] = &[
    Rule {
        id: "unreadable",
        severity: Severity::Error,
        what: "a file that is not there, or cannot be read",
        why: "what is in it is not checked, and the server or the scanner may not be able to read it either",
        source: "6.3 Administration Reference, \"MTA Configuration Files\": they should be world-readable",
        cure: "run this as an account that may read it, or name the right file",
        check: Check::Setup(unreadable),
    },
    form(
        names::BLANK_LINE,
        "a blank line among the rewrite rules, or none around a channel block",
        "the first blank line ends the rewrite rules, and blank lines part the channels: what stands on the \
         wrong side is not what it looks like",
        "6.3 Administration Reference, \"Structure of the imta.cnf File\"",
    ),
    form(
        names::FIRST_CHANNEL,
        "the first channel is not `l`",
        "the MTA takes the first channel for the local one",
        "SIMS 4.0 Reference, \"IMTA Configuration File\"",
    ),
    form(
        names::INCLUDE,
        "a file is included that is missing, too deep or named by a relative path",
        "the MTA goes on without it, or does not start",
        "6.3 Administration Reference, \"Including Other Files in the Configuration File\"",
    ),
    Rule {
        id: "line-ends",
        severity: Severity::Warning,
        what: "a file of the server has line ends of Windows",
        why: "no manual says that the server drops the carriage return: it may become part of the last word of each line",
        source: "6.3 Administration Reference, \"MTA Configuration Files\"",
        cure: "take them out: `sed -i 's/\\r$//' FILE`",
        check: Check::Setup(line_ends),
    },
    Rule {
        id: "include-mode",
        severity: Severity::Warning,
        what: "a file is included that not everybody may read",
        why: "programs of the server that run under another account go on without it, or do not start",
        source: "6.3 Administration Reference, \"Including Other Files in the Configuration File\", \"MTA Configuration \
                 Files\"",
        cure: "let everybody read it",
        check: Check::Setup(include_mode),
    },
    form(
        names::LINE_LENGTH,
        "a line longer than the server reads",
        "the server may not read what is beyond",
        "6.3 Administration Reference, \"MTA Configuration Files\"; 6.3 Administration Guide, 10.3 and 13.5.3",
    ),
    form(
        names::DUPLICATE,
        "two channels, tables or pools of one name",
        "one of them does not count, and the manuals do not say which",
        "6.3 Administration Guide, 10.3.1",
    ),
    form(
        names::LEADING_BLANK,
        "an entry of a mapping table without a blank before it, or a table's name with one",
        "what begins in column 1 is the name of a table, and nothing else is: the entry is lost, or the whole table",
        "6.3 Administration Guide, 10.3.1",
    ),
    form(
        names::IN_TYPE,
        "an entry of conversions without IN-TYPE",
        "it never matches: its parts go on unscanned, or to the next entry",
        "MS Technical Reference, \"Conversion entry scanning and application\"",
    ),
    form(
        "tailor",
        "imta_tailor is not as it must be",
        "the server looks for its files in the wrong place",
        "6 2005Q4 Administration Reference, \"The Tailor File\"",
    ),
    form(
        "imta-cnf",
        "imta.cnf is not as it must be",
        "the MTA takes it for something else",
        "6.3 Administration Guide, 10.2 and 12.1",
    ),
    form(
        "job-controller",
        "job_controller.cnf is not as it must be",
        "the Job Controller ignores the line, or does not start",
        "6.3 Administration Reference, \"Job Controller Configuration File\"",
    ),
    form(
        "options",
        "a file of options is not as it must be",
        "the option does not count",
        "6.3 Administration Reference, \"Option File\"",
    ),
    form(
        "mappings",
        "the mappings file is not as it must be",
        "the table answers otherwise than it seems",
        "6.3 Administration Guide, 10.3",
    ),
    form(
        "conversions",
        "the conversions file is not as it must be",
        "the entry does something else than it seems to",
        "6.3 Administration Guide, 13.5.3",
    ),
    form(
        "config-xml",
        "config.xml is not as it must be",
        "the server may not start with it",
        "Unified Configuration, \"Overview\"",
    ),
    form(
        "scanner-conf",
        "a file of ClamAV or c-icap is not as it must be",
        "the scanner does not start, or ignores the line",
        "clamd.conf(5), freshclam.conf(5); the comments of c-icap.conf",
    ),
    form(
        "saved-output",
        "what is said to be printed by a command is not",
        "what it would tell is not looked at",
        "6.3 Administration Reference, \"imsimta qm\"",
    ),
    form(
        "own-config",
        "our own configuration has a fault",
        "convscan defers every part until it is mended",
        "docs/configuration.md",
    ),
];

/// What stands in lines that are not shown: `secret=` of the Job Controller, also
/// misspelt, and passwords.
const SECRETS: [&str; 2] = ["secr", "passw"];

/// What readers found that breaks `rule`.
pub(in crate::doctor) fn findings(setup: &Setup, rule: &'static Rule) -> Vec<Finding> {
    let broken = |(role, fault): &&(Role, Diagnostic)| fault.rule.unwrap_or(of_role(*role)) == rule.id;
    let faults = setup.faults.iter().filter(broken);
    faults
        .map(|(role, fault)| {
            let mut fault = fault.clone();
            if matches!(role, Role::JobController | Role::ConfigXml) {
                // Findings go into tickets.
                SECRETS.iter().for_each(|word| fault.hide(word));
            }
            Finding::new(Complaint::from(fault), rule)
        })
        .collect()
}

/// The rule about the form of such a file.
fn of_role(role: Role) -> &'static str {
    match role {
        Role::Tailor => "tailor",
        Role::ConfigXml => "config-xml",
        Role::Imta => "imta-cnf",
        Role::JobController => "job-controller",
        Role::Options | Role::Dispatcher => "options",
        Role::Mappings => "mappings",
        Role::Conversions => "conversions",
        Role::Clamd | Role::Freshclam | Role::Icap => "scanner-conf",
        Role::Summary | Role::Counters => "saved-output",
        Role::Own => "own-config",
    }
}

/// The bit of a mode that lets everybody read (inode(7)).
const READ_BY_ALL: u32 = 0o004;

fn include_mode(setup: &Setup) -> Vec<Complaint<'_>> {
    let (Some(_), Some(tailor)) = (&setup.here, &setup.tailor) else { return Vec::new() };
    let imta = setup.imta.as_ref().map(|imta| &imta.sources);
    let mappings = setup.mappings.as_ref().filter(|_| !setup.is_unified()).map(Mappings::sources);
    let mut complaints = Vec::new();
    for sources in [imta, mappings].into_iter().flatten() {
        // Those that the server's account may not read were not read here either.
        let was_tried = |outcome| matches!(outcome, Inclusion::Read(_) | Inclusion::Unreadable);
        for include in sources.includes().iter().filter(|include| was_tried(include.outcome)) {
            let path = setup.paths.local(&tailor.expand(&include.path));
            let Ok(facts) = look::at(&path) else { continue };
            if facts.mode & READ_BY_ALL == 0 {
                let message = format!("not everybody may read it: mode {:04o}", facts.mode);
                let complaint = Complaint::at(At::of(sources, include.span), message);
                complaints.push(complaint.mend(Mend::Write(format!("chmod a+r {}", path.display()))));
            }
        }
    }
    complaints
}

/// The first carriage return of each file.
fn line_ends(setup: &Setup) -> Vec<Complaint<'_>> {
    let first = |(path, text): (&'_ str, &'_ str)| {
        let at = text.find("\r\n")?;
        Some((path.to_owned(), text.get(..at)?.matches('\n').count() + 1))
    };
    let found = setup.servers_texts().into_iter().filter_map(first);
    found
        .map(|(path, line)| Complaint::whole(path, format!("a carriage return at the end of line {line}")))
        .collect()
}

fn unreadable(setup: &Setup) -> Vec<Complaint<'_>> {
    let complaint = |seen: &Seen| {
        let path = seen.path.display().to_string();
        let is_ours = seen.role == Role::Own;
        Some(match &seen.outcome {
            Outcome::Read | Outcome::Absent => return None,
            Outcome::Missing if is_ours => Complaint::whole(path, "is not there")
                .hint("copy one from examples/, or name another with --config"),
            Outcome::Missing => {
                let hint = format!(
                    "make it, or name the server's {} where that is elsewhere, by --root, --tailor or its own option",
                    seen.role.name()
                );
                Complaint::whole(path, "is not there").hint(hint)
            }
            Outcome::Unreadable(why) if is_ours => {
                Complaint::whole(path, format!("cannot be read: {why}")).hint("let the MTA's account read it")
            }
            Outcome::Unreadable(why) => Complaint::whole(path, format!("cannot be read: {why}")),
        })
    };
    setup.files.iter().filter_map(complaint).collect()
}
