//! Why a part counts as unscannable: reasons, their names, their words. Cannot
//! fail.

/// Why an engine could not look inside, or why its "nothing found" says nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Encrypted or password-protected.
    Encrypted,
    /// Larger than the engine takes.
    TooLarge,
    /// Packed too many times over.
    TooDeep,
    /// Too many files in it.
    TooMany,
    /// Not done in the time that the engine allows itself.
    TooLong,
    /// Over a limit of the engine that it does not name.
    OverLimit,
    /// Damaged, so that the engine could not read it.
    Corrupt,
    /// Left out by the engine's own configuration.
    Excluded,
    /// A document with macros, whatever they do.
    Macros,
    /// A program that may be unwanted but is no virus.
    Unwanted,
    /// Larger than we read to look for what hides in it.
    InsideTooLarge,
    /// It hides more files than we show to the engines.
    InsideTooMany,
    /// Its header can be read in more than one way.
    Ambiguous,
    /// It broke the engine every time it was tried.
    Poison,
    /// Not looked at, for a reason the engine does not tell apart.
    NotScanned,
}

impl Reason {
    /// Every reason with its name in configuration and log.
    pub const NAMES: [(Self, &'static str); 15] = [
        (Self::Encrypted, "encrypted"),
        (Self::TooLarge, "too-large"),
        (Self::TooDeep, "too-deep"),
        (Self::TooMany, "too-many-files"),
        (Self::TooLong, "time-limit"),
        (Self::OverLimit, "over-limit"),
        (Self::Corrupt, "corrupt"),
        (Self::Excluded, "excluded"),
        (Self::Macros, "macros"),
        (Self::Unwanted, "unwanted"),
        (Self::InsideTooLarge, "inside-too-large"),
        (Self::InsideTooMany, "inside-too-many"),
        (Self::Ambiguous, "ambiguous"),
        (Self::Poison, "poison"),
        (Self::NotScanned, "not-scanned"),
    ];

    /// The reason in words for a reader who is no administrator.
    pub fn words(self) -> &'static str {
        match self {
            Self::Encrypted => "it is encrypted",
            Self::TooLarge => "it is too large",
            Self::TooDeep => "it is packed too many times over",
            Self::TooMany => "it holds too many files",
            Self::TooLong => "looking through it takes too long",
            Self::OverLimit => "it is too large or too deeply packed",
            Self::Corrupt => "it is damaged",
            Self::Excluded => "the scanner was told to leave it out",
            Self::Macros => "it is a document with macros",
            Self::Unwanted => "it may be a program that is not wanted here",
            Self::InsideTooLarge => "it is too large to be searched for hidden files",
            Self::InsideTooMany => "it hides too many files",
            Self::Ambiguous => "it says in two ways what it is",
            Self::Poison => "the scanner failed on it every time",
            Self::NotScanned => "the scanner could not look inside",
        }
    }

    /// The reason that a name of clamd's stands for; `None` where it names a
    /// threat. Source: clamd.conf(5), `Alert*` options and `DetectPUA`; the
    /// names after `Limits.Exceeded.` are those of the options for the limits.
    pub(super) fn of_name(name: &[u8]) -> Option<Self> {
        const TABLE: [(&str, Reason); 13] = [
            ("Heuristics.Encrypted", Reason::Encrypted),
            ("Heuristics.Limits.Exceeded.MaxFileSize", Reason::TooLarge),
            ("Heuristics.Limits.Exceeded.MaxScanSize", Reason::TooLarge),
            ("Heuristics.Limits.Exceeded.MaxRecursion", Reason::TooDeep),
            ("Heuristics.Limits.Exceeded.MaxFiles", Reason::TooMany),
            ("Heuristics.Limits.Exceeded.MaxScanTime", Reason::TooLong),
            ("Heuristics.Limits", Reason::OverLimit),
            ("Heuristics.Broken", Reason::Corrupt),
            // The same before release 0.100.
            ("Broken.Executable", Reason::Corrupt),
            ("Heuristics.OLE2.ContainsMacros", Reason::Macros),
            ("PUA.", Reason::Unwanted),
            ("Heuristics.PUA.", Reason::Unwanted),
            ("Heuristics.Excluded", Reason::Excluded),
        ];
        let found = TABLE.iter().find(|(prefix, _)| name.starts_with(prefix.as_bytes()));
        found.map(|(_, reason)| *reason)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_for_not_looked_inside_are_told_apart() {
        let table = [
            ("Heuristics.Encrypted.Zip", Some(Reason::Encrypted)),
            ("Heuristics.Limits.Exceeded.MaxFileSize", Some(Reason::TooLarge)),
            ("Heuristics.Limits.Exceeded.MaxScanSize", Some(Reason::TooLarge)),
            ("Heuristics.Limits.Exceeded.MaxRecursion", Some(Reason::TooDeep)),
            ("Heuristics.Limits.Exceeded.MaxFiles", Some(Reason::TooMany)),
            ("Heuristics.Limits.Exceeded.MaxScanTime", Some(Reason::TooLong)),
            ("Heuristics.Limits.Exceeded.EmailMIMEPartsPerMessage", Some(Reason::OverLimit)),
            ("Heuristics.Limits.Exceeded", Some(Reason::OverLimit)),
            ("Heuristics.Broken.Executable", Some(Reason::Corrupt)),
            ("Broken.Executable", Some(Reason::Corrupt)),
            ("Win.Broken.Executable", None),
            ("Heuristics.OLE2.ContainsMacros.VBA", Some(Reason::Macros)),
            ("PUA.Win.Packer.Upx-1", Some(Reason::Unwanted)),
            ("Heuristics.Phishing.Email.SpoofedDomain", None),
            ("Heuristics.Structured.SSN", None),
            ("Win.PUA.Trojan", None),
            ("heuristics.encrypted.zip", None),
            ("", None),
        ];
        for (name, expected) in table {
            assert_eq!(Reason::of_name(name.as_bytes()), expected, "{name}");
        }
    }
}
