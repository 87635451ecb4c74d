//! The directives of the MTA, as numbers for `STATUS=` in `OUTPUT_OPTIONS`.
//!
//! Source: `pmdf_err.h`; Messaging Server 6.3 Administration Guide, 13.5.4;
//! 2005Q4 Administration Guide (fewer); PMDF 6.8 System Manager's Guide, 22.1.4.

/// A directive that this program may give. There is no bounce among them: the
/// sender of a worm is forged, and a bounce would hit a stranger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// `PMDF__AGN`: temporary trouble, the message stays queued and is retried.
    Again,
    /// `PMDF__FORCEHOLD`: the message becomes a `.HELD` file.
    Hold,
    /// `PMDF__FORCEDELETE`: the part is deleted.
    Delete,
    /// `PMDF__FORCEDISCARD`: the message is discarded.
    Discard,
}

impl Status {
    /// The number that the channel knows it by.
    pub fn code(self) -> u32 {
        self.directive().code
    }

    fn directive(self) -> Directive {
        match self {
            Self::Again => AGAIN,
            Self::Hold => HOLD,
            Self::Delete => DELETE,
            Self::Discard => DISCARD,
        }
    }

    /// The nearest directive that `release` knows. What is not known becomes
    /// "hold", which every release knows and which loses nothing.
    pub fn known_to(self, release: Release) -> Self {
        if self.directive().is_known_to(release) { self } else { Self::Hold }
    }
}

/// The mail server's release, as far as the directives differ.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Release {
    /// Messaging Server 6.3 and later: knows all directives.
    #[default]
    From63,
    /// iPlanet 5.x and Messaging Server before 6.3: no "again", no "discard".
    Before63,
    /// PMDF: no "again".
    Pmdf,
}

impl Release {
    /// How a release is written, for complaints.
    pub const SHAPE: &str =
        "write the server's release, as in \"5.2\", \"6.2\", \"6.3\" or \"8.1\", or \"pmdf\"";

    /// Reads a release as administrators write it: `5.2`, `6 2005Q4`, `7.0.5`,
    /// `8.1.0.27`, `pmdf`. A bare `6` could be either side of 6.3.
    pub fn parse(text: &str) -> Option<Self> {
        if text.eq_ignore_ascii_case("pmdf") {
            return Some(Self::Pmdf);
        }
        let mut numbers = text.split(['.', ' ', '-', 'u', 'q', 'Q']).map(str::parse::<u32>);
        match (numbers.next()?.ok()?, numbers.next().transpose().ok()?) {
            (1..=5, _) => Some(Self::Before63),
            (6, None) => None,
            // A year, as in `6 2005Q4`, is a release before 6.3.
            (6, Some(minor)) if (3..2000).contains(&minor) => Some(Self::From63),
            (6, Some(_)) => Some(Self::Before63),
            (7..=20, _) => Some(Self::From63),
            _ => None,
        }
    }
}

/// A directive that the MTA has, whether or not this program gives it: others write
/// them into entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Directive {
    /// Its name in `pmdf_err.h`.
    pub name: &'static str,
    /// Its number.
    pub code: u32,
    /// What becomes of the mail.
    pub effect: Effect,
    /// The releases in whose manuals it is.
    known_to: &'static [Release],
}

/// What a directive makes of a part or a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// The part is what the command has put down, or as it came.
    GoesOn,
    /// The message goes on as it came, without a look at its other parts.
    AsIs,
    /// The message waits in the queue and is tried again.
    Waits,
    /// The message waits for an administrator.
    Held,
    /// The message goes back to whoever is said to have sent it.
    GoesBack,
    /// The postmaster gets the message, and nobody else.
    Postmaster,
    /// The part is gone.
    Deleted,
    /// The message is gone.
    Discarded,
}

const ALL: &[Release] = &[Release::From63, Release::Before63, Release::Pmdf];

/// All of which the number is known, the one table of them: MS Technical Reference, "Conversion script exit
/// statuses"; 6.3 Administration Guide, 13.5.4; 2005Q4 Administration Guide; PMDF 6.8
/// System Manager's Guide, 22.1.4.
pub const DIRECTIVES: [Directive; 10] = [
    directive("success", 1, Effect::GoesOn, ALL),
    directive("PMDF__FORCERETURN", 0x0A9C_857A, Effect::GoesBack, ALL),
    directive("PMDF__FORCERETURN+1", 0x0A9C_857B, Effect::GoesBack, &[Release::From63]),
    directive("PMDF__FORCEPOST", 0x0A9C_8612, Effect::Postmaster, &[Release::From63]),
    directive("PMDF__FORCEASIS", 0x0A9C_8632, Effect::AsIs, &[Release::From63]),
    DELETE,
    HOLD,
    DISCARD,
    directive("PMDF__FORCEJETTISON", 0x0A9C_86E3, Effect::Discarded, &[Release::From63]),
    AGAIN,
];

// Those of them that this program gives.
const AGAIN: Directive = directive("PMDF__AGN", 0x0A9C_809A, Effect::Waits, &[Release::From63]);
const HOLD: Directive = directive("PMDF__FORCEHOLD", 0x0A9C_86AA, Effect::Held, ALL);
const DELETE: Directive = directive("PMDF__FORCEDELETE", 0x0A9C_8662, Effect::Deleted, ALL);
const DISCARD: Directive =
    directive("PMDF__FORCEDISCARD", 0x0A9C_86B3, Effect::Discarded, &[Release::From63, Release::Pmdf]);

const fn directive(name: &'static str, code: u32, effect: Effect, known_to: &'static [Release]) -> Directive {
    Directive { name, code, effect, known_to }
}

impl Directive {
    /// The directive with this number.
    pub fn of(code: u32) -> Option<&'static Self> {
        DIRECTIVES.iter().find(|directive| directive.code == code)
    }

    /// Whether the manuals of `release` know it.
    pub fn is_known_to(&self, release: Release) -> bool {
        self.known_to.contains(&release)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_the_decimals_the_manuals_print() {
        let table = [
            (Status::Again, 178_028_698),
            (Status::Hold, 178_030_250),
            (Status::Delete, 178_030_178),
            (Status::Discard, 178_030_259),
        ];
        for (status, decimal) in table {
            assert_eq!(status.code(), decimal);
        }
    }

    #[test]
    fn all_directives_that_we_give_are_known_where_we_give_them() {
        for status in [Status::Again, Status::Hold, Status::Delete, Status::Discard] {
            for release in [Release::From63, Release::Before63, Release::Pmdf] {
                let given = Directive::of(status.known_to(release).code()).unwrap();
                assert!(given.is_known_to(release), "{status:?} {release:?}");
                let own = Directive::of(status.code()).unwrap();
                assert_eq!(
                    own.is_known_to(release),
                    status.known_to(release) == status,
                    "{status:?} {release:?}"
                );
            }
        }
        assert_eq!(Directive::of(0), None);
    }

    #[test]
    fn releases_are_read_as_administrators_write_them() {
        let table = [
            ("5.2", Some(Release::Before63)),
            ("6 2005Q4", Some(Release::Before63)),
            ("6.2-8.04", Some(Release::Before63)),
            ("6.3", Some(Release::From63)),
            ("6.3-1.04", Some(Release::From63)),
            ("7u4", Some(Release::From63)),
            ("7.0.5", Some(Release::From63)),
            ("8.1.0.27", Some(Release::From63)),
            ("PMDF", Some(Release::Pmdf)),
            ("6", None),
            ("", None),
            ("six", None),
            ("2005Q4", None),
        ];
        for (text, release) in table {
            assert_eq!(Release::parse(text), release, "{text}");
        }
    }

    #[test]
    fn an_unknown_directive_becomes_hold() {
        assert_eq!(Status::Again.known_to(Release::Before63), Status::Hold);
        assert_eq!(Status::Again.known_to(Release::Pmdf), Status::Hold);
        assert_eq!(Status::Discard.known_to(Release::Before63), Status::Hold);
        assert_eq!(Status::Discard.known_to(Release::Pmdf), Status::Discard);
        assert_eq!(Status::Again.known_to(Release::From63), Status::Again);
    }
}
