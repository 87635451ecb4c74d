//! Which definitions an engine has, as far as what was found with them may be
//! told from what others would find. Cannot fail; of an engine that does not tell
//! nothing is remembered.

use std::path::PathBuf;

use crate::config::{EngineConfig, EngineKind, Protocol};
use crate::os::stamp::{Stamp, stamp};

/// Differs whenever the definitions do.
pub(super) type Identity = Stamp;

/// The definitions of an engine at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Definitions {
    /// What differs when they do.
    pub(super) identity: Identity,
    /// Whether an acquittal can be held against them: where they are is known,
    /// or the engine named them. A conviction holds for a while without that.
    pub(super) exact: bool,
}

/// The definitions that `engine` has now; `tell` asks it for its version.
pub(super) fn now(engine: &EngineConfig, tell: &dyn Fn() -> Option<String>) -> Option<Definitions> {
    match &engine.kind {
        EngineKind::Rules(_) => None,
        EngineKind::Command(command) => {
            let program = command.program.clone();
            if engine.definitions.is_empty() {
                return beside(program).map(|identity| Definitions { identity, exact: false });
            }
            let paths: Vec<PathBuf> = engine.definitions.iter().cloned().chain([program]).collect();
            Some(Definitions { identity: stamp(&paths).ok()?, exact: true })
        }
        EngineKind::Daemon(places) => {
            let version = tell()?;
            // What lies on the disk may not be loaded yet, so it does not stand
            // for the version, only beside it.
            let beside = stamp(&engine.definitions).ok()?;
            let mut hasher = blake3::Hasher::new();
            hasher.update(&beside).update(version.as_bytes());
            let mut identity = Identity::default();
            hasher.finalize_xof().fill(&mut identity);
            // Of several daemons the one that tells need not be the one that scans.
            let exact = match places.as_slice() {
                [one] => names_definitions(&one.protocol, &version),
                _ => false,
            };
            Some(Definitions { identity, exact })
        }
    }
}

/// Without a word of the administrator: a scanner that has its definitions at all
/// near itself has them beside its program, as uvscan does. In a directory of a
/// thousand programs they are not.
fn beside(program: PathBuf) -> Option<Identity> {
    let real = program.canonicalize().ok()?;
    let directory = real.parent()?.to_owned();
    stamp(&[real.clone(), directory]).or_else(|_| stamp(&[real])).ok()
}

/// Whether a version says which definitions are loaded. clamd: `ClamAV 1.4.3/27500/`
/// and a date; without an official database there is neither (clamd(8), `VERSION`).
/// ICAP: the `ISTag`, which changes with whatever a verdict depends on (RFC 3507,
/// 4.7).
fn names_definitions(protocol: &Protocol, version: &str) -> bool {
    match protocol {
        Protocol::Clamd => {
            let number = version.split('/').nth(1).and_then(|number| number.parse::<u32>().ok());
            number.is_some_and(|number| number > 0)
        }
        Protocol::Icap { service: _ } => version.contains("ISTag "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_named_set_of_definitions_is_one() {
        let icap = Protocol::Icap { service: "s".to_owned() };
        let table = [
            (&Protocol::Clamd, "ClamAV 1.4.3/27500/Thu Jan 1 00:00:00 2026", true),
            (&Protocol::Clamd, "ClamAV 1.4.3", false),
            (&Protocol::Clamd, "ClamAV 1.4.3/", false),
            (&Protocol::Clamd, "ClamAV 1.4.3/0/", false),
            (&Protocol::Clamd, "ClamAV 1.4.3/x/Thu", false),
            (&Protocol::Clamd, "", false),
            (&icap, "C-ICAP/0.5.10 server, ISTag CI0001-x", true),
            (&icap, "C-ICAP/0.5.10 server", false),
        ];
        for (protocol, version, expected) in table {
            assert_eq!(names_definitions(protocol, version), expected, "{version}");
        }
    }
}
