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
        match self {
            Self::Again => 0x0A9C_809A,
            Self::Hold => 0x0A9C_86AA,
            Self::Delete => 0x0A9C_8662,
            Self::Discard => 0x0A9C_86B3,
        }
    }

    /// The nearest directive that `release` knows. What is not known becomes
    /// "hold", which every release knows and which loses nothing.
    pub fn known_to(self, release: Release) -> Self {
        match (self, release) {
            (Self::Again, Release::Before63 | Release::Pmdf) => Self::Hold,
            (Self::Discard, Release::Before63) => Self::Hold,
            (Self::Again | Self::Discard, _) | (Self::Hold | Self::Delete, _) => self,
        }
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
    fn an_unknown_directive_becomes_hold() {
        assert_eq!(Status::Again.known_to(Release::Before63), Status::Hold);
        assert_eq!(Status::Again.known_to(Release::Pmdf), Status::Hold);
        assert_eq!(Status::Discard.known_to(Release::Before63), Status::Hold);
        assert_eq!(Status::Discard.known_to(Release::Pmdf), Status::Discard);
        assert_eq!(Status::Again.known_to(Release::From63), Status::Again);
    }
}
