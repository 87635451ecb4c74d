//! Takes out the findings that the site knows of and lives with, and keeps count of
//! them. Cannot fail.

use super::finding::Finding;
use crate::config::Allowance;
use crate::text;

/// What was allowed, and which allowances did nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Allowed {
    /// Each allowance that was used: how many findings it took out, which rule, why.
    pub used: Vec<(usize, String, String)>,
    /// What is to be said of those that were not.
    pub idle: Vec<String>,
}

impl Allowed {
    /// How many findings were taken out.
    pub fn count(&self) -> usize {
        self.used.iter().map(|(count, _, _)| count).sum()
    }
}

/// Takes those of `findings` out that `allowances` take in. `today` is a date as
/// they have it.
pub(super) fn take_out(findings: &mut Vec<Finding>, allowances: &[Allowance], today: &str) -> Allowed {
    let mut allowed = Allowed::default();
    for allowance in allowances {
        let Allowance { rule, place, because, until } = allowance;
        if let Some(until) = until.as_deref().filter(|until| *until < today) {
            allowed.idle.push(format!("the allowance for `{}` ended on {until}", shown(rule)));
            continue;
        }
        let before = findings.len();
        findings.retain(|finding| {
            finding.rule.id != rule || !place.as_deref().is_none_or(|place| is_at(finding, place))
        });
        match before - findings.len() {
            0 => {
                let at = place.as_deref().map_or(String::new(), |place| format!(" at `{}`", shown(place)));
                allowed.idle.push(format!("the allowance for `{}`{at} meets no finding", shown(rule)));
            }
            count => allowed.used.push((count, rule.clone(), shown(because))),
        }
    }
    allowed
}

/// Whether `place` stands in where the finding is or in what it says, as a whole
/// word: an allowance for `tcp_in` is none for `tcp_intranet`.
fn is_at(finding: &Finding, place: &str) -> bool {
    let is_word = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    [finding.diagnostic.place(), finding.diagnostic.message.clone()].iter().any(|text| {
        text.match_indices(place).any(|(at, _)| {
            let before = text.get(..at).and_then(|text| text.chars().next_back());
            let after = text.get(at + place.len()..).and_then(|text| text.chars().next());
            !before.is_some_and(is_word) && !after.is_some_and(is_word)
        })
    })
}

fn shown(text: &str) -> String {
    text::printable_str(text, text::SHOWN)
}
