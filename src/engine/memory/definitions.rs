//! Which definitions an engine has, as far as what was found with them may be
//! told from what others would find. Cannot fail; of an engine that does not tell
//! nothing is remembered.

use std::path::{Path, PathBuf};

use crate::address::Address;
use crate::config::{EngineConfig, EngineKind, Place, Protocol};
use crate::os::look;
use crate::os::stamp::{Stamp, stamp};

/// Differs whenever the definitions do.
pub(super) type Identity = Stamp;

/// The definitions of an engine at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Definitions {
    /// What differs when they do.
    pub(super) identity: Identity,
    /// How far an acquittal can be held against them. A conviction holds for a
    /// while without that.
    pub(super) exact: Exact,
}

/// Whether it is certain that a verdict was found with these definitions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Exact {
    /// No: nobody says where they are, or which they are, or another daemon than
    /// the one that told may have given the verdict.
    No,
    /// They are where the administrator says, or the one daemon named them.
    Yes,
    /// If the verdict came with this name of theirs.
    Named(String),
}

impl Exact {
    /// Whether it is certain of a verdict that came with `version`.
    pub(super) fn covers(&self, version: Option<&str>) -> bool {
        match self {
            Self::No => false,
            Self::Yes => true,
            Self::Named(name) => version == Some(name),
        }
    }
}

/// The definitions that `engine` has now; `tell` asks it for its version.
pub(super) fn now(engine: &EngineConfig, tell: &dyn Fn() -> Option<String>) -> Option<Definitions> {
    match &engine.kind {
        EngineKind::Rules(_) => None,
        EngineKind::Command(command) => {
            let program = command.program.clone();
            if engine.definitions.is_empty() {
                return beside(&program).map(|identity| Definitions { identity, exact: Exact::No });
            }
            let paths: Vec<PathBuf> = engine.definitions.iter().cloned().chain([program]).collect();
            Some(Definitions { identity: stamp(&paths).ok()?, exact: Exact::Yes })
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
            let exact = match places.as_slice() {
                [one] => exact(one, &version),
                // The one that tells need not be the one that scans.
                _ => Exact::No,
            };
            Some(Definitions { identity, exact })
        }
    }
}

/// Without a word of the administrator: a scanner that has its definitions at all
/// near itself has them beside its program, as uvscan does. In a directory of a
/// thousand programs they are not.
fn beside(program: &Path) -> Option<Identity> {
    let real = look::itself(program);
    let directory = real.parent()?.to_owned();
    stamp(&[real.clone(), directory]).or_else(|_| stamp(&[real])).ok()
}

/// How far a daemon's version names its definitions. clamd: `ClamAV 1.4.3/27500/`
/// and a date; without an official database there is neither (clamd(8), `VERSION`).
/// ICAP: the `ISTag`, which changes with whatever a verdict depends on and comes
/// with each answer (RFC 3507, 4.7). Behind a port there may be many clamds.
fn exact(place: &Place, version: &str) -> Exact {
    match (&place.protocol, &place.address) {
        (Protocol::Clamd, Address::Unix(_)) => {
            let number = version.split('/').nth(1).and_then(|number| number.parse::<u32>().ok());
            if number.is_some_and(|number| number > 0) { Exact::Yes } else { Exact::No }
        }
        (Protocol::Clamd, Address::Tcp(_)) => Exact::No,
        (Protocol::Icap { service: _ }, _) => match version.rsplit_once(", ISTag ") {
            Some((_, tag)) if !tag.is_empty() => Exact::Named(tag.to_owned()),
            Some(_) | None => Exact::No,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_named_set_of_definitions_is_one() {
        let (unix, tcp) = (Address::Unix("/s".into()), Address::Tcp("h:1".to_owned()));
        let icap = Protocol::Icap { service: "s".to_owned() };
        let numbered = "ClamAV 1.4.3/27500/Thu Jan 1 00:00:00 2026";
        let tag = Exact::Named("CI0001-x".to_owned());
        let table = [
            (&Protocol::Clamd, &unix, numbered, Exact::Yes),
            (&Protocol::Clamd, &tcp, numbered, Exact::No),
            (&Protocol::Clamd, &unix, "ClamAV 1.4.3", Exact::No),
            (&Protocol::Clamd, &unix, "ClamAV 1.4.3/", Exact::No),
            (&Protocol::Clamd, &unix, "ClamAV 1.4.3/0/", Exact::No),
            (&Protocol::Clamd, &unix, "ClamAV 1.4.3/x/Thu", Exact::No),
            (&Protocol::Clamd, &unix, "", Exact::No),
            (&icap, &tcp, "C-ICAP/0.5.10 server, ISTag CI0001-x", tag.clone()),
            (&icap, &tcp, "C-ICAP/0.5.10 server", Exact::No),
        ];
        for (protocol, address, version, expected) in table {
            let place = Place { protocol: protocol.clone(), address: address.clone(), share: 1 };
            assert_eq!(exact(&place, version), expected, "{version}");
        }
        assert!(tag.covers(Some("CI0001-x")) && !tag.covers(Some("CI0001-y")) && !tag.covers(None));
        assert!(Exact::Yes.covers(None) && !Exact::No.covers(Some("")));
    }
}
