//! Whether the arguments of a uvscan fit its version. Cannot fail: what is not
//! known to be a uvscan fits.

use super::probe::State;
use crate::config::EngineKind;
use crate::policy::{Action, Policy, Ruling};
use crate::verdict::Reason;

/// Its switch for encrypted documents of Office and PDF, which are clean to it
/// without, and the engine that first knew it. Source: release notes of VirusScan
/// Command Line 6.1.0.
const SWITCH: &str = "--showencrypted";
const FIRST: u32 = 5900;

/// What does not fit.
pub(super) struct Misfit {
    pub(super) state: State,
    pub(super) hint: &'static str,
}

/// What does not fit a scanner that tells this version.
pub(super) fn misfit(kind: &EngineKind, version: &str, policy: &Policy) -> Option<Misfit> {
    let EngineKind::Command(command) = kind else { return None };
    let engine = engine(version)?;
    let is_asked = command.scan.iter().any(|argument| argument.is(SWITCH));
    let passes = policy.ruling(Reason::Encrypted) == Ruling::Act(Action::Pass);
    match (engine >= FIRST, is_asked) {
        (true, false) if !passes => Some(Misfit {
            state: State::Careless,
            hint: "this uvscan calls encrypted documents clean: set `preset = \"uvscan6\"`, or add `--showencrypted` to `scan`",
        }),
        (false, true) => Some(Misfit {
            state: State::Awake,
            hint: "this uvscan does not know `--showencrypted`: set `preset = \"uvscan\"`",
        }),
        (true, _) | (false, false) => None,
    }
}

/// The number of the engine, as we put it down of what uvscan prints: `5900` of
/// `engine 5900.7806, DAT 8811`. Before that they had numbers such as 5.4.00.
fn engine(version: &str) -> Option<u32> {
    let number = version.strip_prefix("engine ")?.split(['.', ',']).next()?;
    number.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    #[test]
    fn the_preset_that_fits_is_told_by_the_engine() {
        let told = |keys: &str, tables: &str, version: &str| {
            let text = format!(
                "state.directory = \"/s\"\n[[engine]]\nname = \"u\"\ntype = \"command\"\n{keys}\n{tables}"
            );
            let parsed = Config::parse("c", &text);
            assert_eq!(parsed.faults, []);
            let kind = &parsed.config.engines[0].kind;
            misfit(kind, version, &parsed.config.policy).map(|misfit| (misfit.state, misfit.hint))
        };
        let (old, new) = ("preset = \"uvscan\"", "preset = \"uvscan6\"");
        let lax = "[policy.unscannable]\nencrypted = \"pass\"\n";
        let own = "preset = \"uvscan\"\nscan = [\"--showencrypted\", \"{file}\"]";
        let table = [
            (old, "", "engine 5900.7806, DAT 8811", Some((State::Careless, "uvscan6"))),
            (old, "", "engine 6700.10107, DAT 11264 created Nov 22 2024", Some((State::Careless, "uvscan6"))),
            (old, lax, "engine 5900.7806, DAT 8811", None),
            (own, "", "engine 5900.7806, DAT 8811", None),
            (new, "", "engine 5900.7806, DAT 8811", None),
            (new, "", "engine 5800.7501, DAT 8811", Some((State::Awake, "does not know"))),
            (new, "", "engine 5.4.00, DAT 8811", Some((State::Awake, "does not know"))),
            (old, "", "engine 5800.7501, DAT 8811", None),
            (old, "", "engine 4.3.20, DAT 4123", None),
            (old, "", "something 6", None),
        ];
        for (keys, tables, version, expected) in table {
            match (told(keys, tables, version), expected) {
                (None, None) => {}
                (Some((state, hint)), Some((wanted, word))) => {
                    assert!(state == wanted && hint.contains(word), "{keys} {version}: {hint}");
                }
                (other, _) => panic!("{keys} {version}: {other:?}"),
            }
        }
    }
}
