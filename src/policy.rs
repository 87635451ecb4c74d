//! The administrator's table: what is done with each kind of finding. [`judge`]
//! applies it to one part.

mod judge;

pub use self::judge::{Circumstances, Cleaning, Content, Delivery, Judgement, Voice, Way, judge};
use crate::verdict::{ErrorKind, Reason, ScanError, Verdict};

/// What is asked of the MTA for one part.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Deliver the part as it came.
    Pass,
    /// Deliver the cleaned and re-scanned part.
    Disinfect,
    /// Deliver the notice in place of the part.
    Replace,
    /// Delete the part.
    Delete,
    /// Sideline the whole message.
    Hold,
    /// Discard the whole message.
    Discard,
    /// Try the whole message again later.
    Defer,
}

impl Action {
    /// Every action with its name in configuration and log.
    pub const NAMES: [(Self, &'static str); 7] = [
        (Self::Pass, "pass"),
        (Self::Disinfect, "disinfect"),
        (Self::Replace, "replace"),
        (Self::Delete, "delete"),
        (Self::Hold, "hold"),
        (Self::Discard, "discard"),
        (Self::Defer, "defer"),
    ];

    /// What may be done with an infected part. Cleaning is tried first, if
    /// `disinfect` says so, and has no line here; passing is no choice.
    pub const INFECTED: [Self; 4] = [Self::Replace, Self::Delete, Self::Hold, Self::Discard];

    /// What may be done with a part that was not, or not wholly, scanned.
    /// Nothing that loses it without a trace.
    pub const NOT_SCANNED: [Self; 4] = [Self::Defer, Self::Hold, Self::Replace, Self::Pass];
}

/// Whether an engine that can clean is asked to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Disinfection {
    /// Try to clean, believe it after a second scan.
    #[default]
    Try,
    /// Do not try.
    Skip,
}

/// What becomes of a part that is unscannable for one reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ruling {
    /// This is done with it.
    Act(Action),
    /// It counts as infected.
    Convict,
}

/// The administrator's decisions.
#[derive(Clone, Debug)]
pub struct Policy {
    /// For an infected part that was not cleaned.
    pub infected: Action,
    /// Whether cleaning is tried.
    pub disinfection: Disinfection,
    /// For each reason a part could not be looked into.
    pub unscannable: [Ruling; Reason::NAMES.len()],
    /// For each kind of error.
    pub error: [Action; ErrorKind::NAMES.len()],
    /// Where the entry gives no `OUTPUT_OPTIONS`, so that nothing can be
    /// deferred or held: replace the part, or (`Defer`) exit 75.
    pub without_options: Action,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            infected: Action::Replace,
            disinfection: Disinfection::Try,
            unscannable: Reason::NAMES.map(|(reason, _)| Ruling::Act(by_default(reason))),
            error: [Action::Defer; ErrorKind::NAMES.len()],
            without_options: Action::Defer,
        }
    }
}

impl Policy {
    /// The action that the table names for one result. An infected part that was
    /// cleaned is not in the table.
    fn line(&self, result: &Result<Verdict, ScanError>) -> Action {
        match result {
            Ok(Verdict::Clean) => Action::Pass,
            Ok(Verdict::Infected(_)) => self.infected,
            Ok(Verdict::Unscannable(reason, _)) => match self.ruling(*reason) {
                Ruling::Act(action) => action,
                Ruling::Convict => self.infected,
            },
            Err(error) => entry(&self.error, &ErrorKind::NAMES, &error.kind).unwrap_or(Action::Defer),
        }
    }

    /// `verdict` as the administrator wants it counted: a reason that he calls a
    /// virus is a conviction from here on.
    pub fn count(&self, verdict: Verdict) -> Verdict {
        match verdict {
            Verdict::Unscannable(reason, name) if self.ruling(reason) == Ruling::Convict => {
                Verdict::convicted(reason, name)
            }
            Verdict::Clean | Verdict::Infected(_) | Verdict::Unscannable(..) => verdict,
        }
    }

    /// What becomes of a part that is unscannable for `reason`.
    pub fn ruling(&self, reason: Reason) -> Ruling {
        entry(&self.unscannable, &Reason::NAMES, &reason).unwrap_or(Ruling::Act(Action::Defer))
    }
}

/// Time mends a scanner that was too slow or did not look, so the part is tried
/// again, a few times: see the memory of parts that an engine fails on. It mends no
/// other reason: the part would be tried until the MTA gives up and returns the
/// message to a sender who may be forged.
fn by_default(reason: Reason) -> Action {
    match reason {
        Reason::TooLong | Reason::NotScanned => Action::Defer,
        Reason::Encrypted
        | Reason::TooLarge
        | Reason::TooDeep
        | Reason::TooMany
        | Reason::OverLimit
        | Reason::Corrupt
        | Reason::Excluded
        | Reason::Macros
        | Reason::Unwanted
        | Reason::InsideTooLarge
        | Reason::InsideTooMany
        | Reason::Ambiguous
        | Reason::Poison => Action::Hold,
    }
}

/// The entry of `lines` that stands where `wanted` stands in `names`.
fn entry<L: Copy, T: PartialEq>(lines: &[L], names: &[(T, &str)], wanted: &T) -> Option<L> {
    let place = names.iter().position(|(value, _)| value == wanted)?;
    lines.get(place).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::Threat;

    #[test]
    fn by_default_nothing_unscanned_passes_and_what_time_cannot_mend_is_held() {
        let policy = Policy::default();
        for (kind, _) in ErrorKind::NAMES {
            assert_eq!(policy.line(&Err(ScanError::new(kind, "x"))), Action::Defer);
        }
        for (reason, _) in Reason::NAMES {
            let action = policy.line(&Ok(Verdict::unscannable(reason)));
            let mends = matches!(reason, Reason::TooLong | Reason::NotScanned);
            assert_eq!(action, if mends { Action::Defer } else { Action::Hold }, "{reason:?}");
        }
    }

    #[test]
    fn what_is_unscannable_counts_as_infected_only_if_the_policy_says_so() {
        let mut policy = Policy::default();
        let (macros, poison) =
            (Verdict::from_name(b"Heuristics.OLE2.ContainsMacros.VBA"), Verdict::unscannable(Reason::Poison));
        assert_eq!(policy.count(macros.clone()), macros);
        policy.unscannable = [Ruling::Convict; Reason::NAMES.len()];
        let convicted = |name: &[u8]| Verdict::Infected(vec![Threat::new(name)]);
        assert_eq!(policy.count(macros), convicted(b"Heuristics.OLE2.ContainsMacros.VBA"));
        assert_eq!(policy.count(poison.clone()), convicted(b"Unscannable.poison"));
        assert_eq!(policy.line(&Ok(poison)), policy.infected);
        assert_eq!(policy.count(Verdict::Clean), Verdict::Clean);
    }

    #[test]
    fn each_kind_has_its_own_line() {
        let mut policy = Policy::default();
        policy.error[6] = Action::Hold;
        assert_eq!(policy.line(&Err(ScanError::new(ErrorKind::TimedOut, "x"))), Action::Hold);
        assert_eq!(policy.line(&Err(ScanError::new(ErrorKind::Crashed, "x"))), Action::Defer);
    }

    #[test]
    fn no_list_of_choices_passes_an_infected_part_or_loses_an_unscanned_one() {
        assert!(!Action::INFECTED.contains(&Action::Pass));
        assert!(!Action::NOT_SCANNED.contains(&Action::Delete));
        assert!(!Action::NOT_SCANNED.contains(&Action::Discard));
    }
}
