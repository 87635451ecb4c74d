//! Rules about the entries of conversions: what they run, what convscan is given
//! there, what stands in when it is killed, and which parts they catch. Cannot fail.

mod clauses;
mod command;
mod guard;
mod host;
mod missing;
mod order;

use crate::doctor::rule::Rule;

pub(super) const RULES: [&[Rule]; 6] =
    [missing::RULES, order::RULES, command::RULES, clauses::RULES, guard::RULES, host::RULES];
