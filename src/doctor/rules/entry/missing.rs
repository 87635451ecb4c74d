//! Rules about entries that are not there. Cannot fail.

use crate::diagnostic::Severity;
use crate::doctor::at::Mend;
use crate::doctor::complaint::Complaint;
use crate::doctor::rule::{Check, Rule};
use crate::doctor::setup::Setup;
use crate::doctor::setup::file::Role;
use crate::doctor::view::command::Command;

pub(super) const RULES: &[Rule] = &[Rule {
    id: "entry-missing",
    severity: Severity::Error,
    what: "mail makes the detour through the conversion channel, but no entry of conversions scans it",
    why: "a part that no entry catches goes on as it came: nothing is scanned",
    source: "6.3 Administration Guide, 13.5.3",
    cure: "add the entry: `convscan snippets conversions` writes it with what there is to say about it",
    check: Check::Setup(entry_missing),
}];

fn entry_missing(setup: &Setup) -> Vec<Complaint<'_>> {
    let detours = setup
        .mappings
        .as_ref()
        .is_some_and(|mappings| mappings.constant_answers().any(|answer| answer.convert));
    // A file that could not be read, or a config.xml not to its end, has a rule of its
    // own.
    let unread = match setup.is_unified() {
        true => setup.faults.iter().any(|(role, _)| *role == Role::ConfigXml),
        false => setup.conversions.is_none(),
    };
    if !detours || unread {
        return Vec::new();
    }
    let role = if setup.is_unified() { Role::ConfigXml } else { Role::Conversions };
    let path =
        setup.file(role).map_or_else(|| role.name().to_owned(), |seen| seen.path.display().to_string());
    let lines = setup.entry_lines();
    let commands = setup.commands();
    if commands.is_empty() {
        return vec![Complaint::whole(path, "no entry has a command").mend(setup.add_entry(&lines))];
    }
    // A script may run convscan, and a table may name it.
    let may_be_ours = commands
        .iter()
        .any(|(_, _, command)| Command::may_call(&command.text) || command.call_out().is_some());
    if setup.own.is_none() || may_be_ours {
        return Vec::new();
    }
    // Whether it belongs above the others or below only the administrator knows.
    let complaint = Complaint::whole(path, "there is a configuration, but no entry runs convscan");
    let hint = "add the entry; if a script of yours runs convscan, allow this rule";
    vec![complaint.severity(Severity::Warning).hint(hint).mend(Mend::Write(lines))]
}
