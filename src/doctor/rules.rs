//! All rules, in the order in which findings of one severity are shown. Cannot
//! fail.

mod account;
mod channels;
mod clamav;
mod clamd_key;
mod entry;
mod freshclam;
mod icap;
mod machine;
mod mapping;
mod ours;
mod pools;
pub(super) mod reading;
mod sizes;
mod traffic;
mod writers;

use super::rule::Rule;

/// All rules.
pub fn all() -> impl Iterator<Item = &'static Rule> {
    let above = [reading::RULES, channels::RULES, pools::RULES, traffic::RULES, mapping::RULES];
    let below = [
        sizes::RULES,
        ours::RULES,
        account::RULES,
        writers::RULES,
        clamav::RULES,
        clamd_key::RULES,
        freshclam::RULES,
        icap::RULES,
        machine::RULES,
    ];
    above.into_iter().chain(entry::RULES).chain(below).flatten()
}

/// The rule with this name.
pub fn named(id: &str) -> Option<&'static Rule> {
    all().find(|rule| rule.id == id)
}
