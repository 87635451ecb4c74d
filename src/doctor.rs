//! A doctor for a whole set-up: reads the files of the mail server, of the
//! scanners and our own, and says what is wrong, why, and what to write. Changes
//! nothing. Cannot fail; what cannot be read is a finding.
//!
//! [`setup::load::setup`] reads, [`examine`] looks, rule after rule. What a rule is, is
//! in [`rule::Rule`]; all of them are in [`rules`]. They look at a set-up by the
//! views in [`view`].

pub mod allow;
pub mod at;
pub mod complaint;
pub mod finding;
pub mod fix;
pub mod rule;
pub mod rules;
pub mod setup;
pub mod view;

use std::collections::{HashMap, HashSet};

use self::allow::Allowed;
use self::at::Mend;
use self::complaint::Complaint;
use self::finding::Finding;
use self::rule::{Check, Rule};
use self::setup::Setup;
use self::setup::file::Role;
use crate::config::Allowance;
use crate::diagnostic::{LISTED, Severity};
use crate::os::permission::{self, Access};

/// Everything that is wrong with `setup`, the worst first, but for what the site
/// allows on the day `today`.
pub fn examine(setup: &Setup, allowances: &[Allowance], today: &str) -> (Vec<Finding>, Allowed) {
    let mut findings = Vec::new();
    for rule in rules::all() {
        // A rule that looks for something missing must not run on a config.xml of
        // which we read only the beginning.
        let is_cut = setup.faults.iter().any(|(role, _)| *role == Role::ConfigXml);
        match rule.check {
            Check::Setup(_) if is_cut && !rules::reading::RULES.iter().any(|form| form.id == rule.id) => {}
            Check::Reading => findings.extend(rules::reading::findings(setup, rule)),
            Check::Setup(check) => findings.extend(listed(check(setup), rule)),
        }
    }
    let allowed = allow::take_out(&mut findings, allowances, today);
    nothing_leaks(setup, &mut findings);
    only_sound_files_are_mended(&mut findings);
    fix::count_lines(setup, &mut findings);
    fix::merge_lines(setup, &mut findings);
    // Stable: within a severity the order is that of the rules, which is that of
    // the files.
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.diagnostic.severity));
    (findings, allowed)
}

/// No word is shown of a file that we may read and the server's account may not.
/// Included ones were not read at all ([`setup::load`]); this is for the server's own.
fn nothing_leaks(setup: &Setup, findings: &mut [Finding]) {
    let account = setup.here.as_ref().and_then(|here| here.account.as_ref());
    let mut known: HashMap<String, bool> = HashMap::new();
    let mut is_secret = |path: &str| {
        let look = || {
            let refused = |account| permission::check(account, &setup.local(path), Access::Read).is_err();
            setup.text(path).is_some() && account.is_some_and(refused)
        };
        *known.entry(path.to_owned()).or_insert_with(look)
    };
    for finding in findings {
        // What is said of a file as a whole has no words of it.
        let quotes = finding.diagnostic.line > 0 || matches!(finding.rule.check, Check::Reading);
        if quotes && is_secret(&finding.diagnostic.path) {
            finding.diagnostic.hide("");
            finding.rule.what.clone_into(&mut finding.diagnostic.message);
            finding.diagnostic.hint = Some(finding.rule.cure.to_owned());
        }
        if finding.mends.iter().any(|mend| matches!(mend, Mend::Edit(edit) if is_secret(&edit.path))) {
            finding.mends.clear();
        }
    }
}

/// A file that does not have the form that it must have is mended by hand first:
/// what else is wrong with it may follow from that.
fn only_sound_files_are_mended(findings: &mut [Finding]) {
    let broken: HashSet<String> = findings
        .iter()
        .filter(|finding| {
            matches!(finding.rule.check, Check::Reading) && finding.diagnostic.severity == Severity::Error
        })
        .map(|finding| finding.diagnostic.path.clone())
        .collect();
    for finding in findings {
        let is_broken = |mend: &Mend| matches!(mend, Mend::Edit(edit) if broken.contains(&edit.path));
        if finding.mends.iter().any(is_broken) {
            finding.mends.clear();
        }
    }
}

/// No more than [`LISTED`] of one rule: who breaks it more often mends it in one
/// go.
fn listed(mut complaints: Vec<Complaint<'_>>, rule: &'static Rule) -> Vec<Finding> {
    let more = complaints.len().saturating_sub(LISTED);
    complaints.truncate(LISTED);
    let mut findings: Vec<Finding> =
        complaints.into_iter().map(|complaint| Finding::new(complaint, rule)).collect();
    if let Some(last) = findings.last().filter(|_| more > 0) {
        let rest =
            Complaint::whole(last.diagnostic.path.clone(), format!("{more} more like these are not listed"));
        findings.push(Finding::new(rest, rule));
    }
    findings
}

/// How many findings there are of each severity: errors, warnings, notes.
pub fn counts(findings: &[Finding]) -> [(Severity, usize); 3] {
    [Severity::Error, Severity::Warning, Severity::Note].map(|severity| {
        (severity, findings.iter().filter(|finding| finding.diagnostic.severity == severity).count())
    })
}
