//! What engines find out: threats, verdicts, failures, and the worst of them.

mod reason;

use std::fmt;
use std::time::Duration;

pub use self::reason::Reason;
use crate::text;

/// Most threats that are kept of one part; a part needs only one to be refused.
pub const MOST_THREATS: usize = 16;

/// A printable, bounded threat name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Threat(String);

impl Threat {
    /// The name an engine gave. A conviction without a name is a conviction:
    /// it gets the name `unnamed`.
    pub fn new(name: &[u8]) -> Self {
        let name = text::printable(name, text::SHOWN);
        Self(if name.is_empty() || name == "(null)" { "unnamed".to_owned() } else { name })
    }
}

impl fmt::Display for Threat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What an engine says about one part.
#[must_use]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The engine's exact, documented clean answer.
    Clean,
    /// At least one threat.
    Infected(Vec<Threat>),
    /// Not, or not wholly, looked at; with the name that the engine gave it.
    Unscannable(Reason, Option<Threat>),
}

impl Verdict {
    /// What an engine means by one name: a conviction, but for the names that
    /// stand for "I could not look inside".
    pub fn from_name(name: &[u8]) -> Self {
        let threat = Threat::new(name);
        match Reason::of_name(name) {
            Some(reason) => Self::Unscannable(reason, Some(threat)),
            None => Self::Infected(vec![threat]),
        }
    }

    /// Unscannable, for a reason that nobody gave a name.
    pub fn unscannable(reason: Reason) -> Self {
        Self::Unscannable(reason, None)
    }

    /// The conviction that an administrator wants for what is unscannable for
    /// `reason`.
    pub fn convicted(reason: Reason, name: Option<Threat>) -> Self {
        let unnamed = || Threat::new(format!("Unscannable.{}", name_of(&Reason::NAMES, &reason)).as_bytes());
        Self::Infected(vec![name.unwrap_or_else(unnamed)])
    }
}

/// The kind of failure that kept an engine from a verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// Our own configuration is missing, broken or has no engine that can acquit.
    Configuration,
    /// The part or the files of the contract cannot be read or written.
    Part,
    /// The program is not there or may not be run.
    NotInstalled,
    /// Nothing answers at the engine's address.
    Unreachable,
    /// Known to be down; it was not asked.
    OutOfService,
    /// It does not find what every engine must find, so its "clean" is worth
    /// nothing.
    Blind,
    /// No verdict in time.
    TimedOut,
    /// The engine died.
    Crashed,
    /// An answer that the engine's documentation does not know.
    Garbled,
    /// The engine says that it failed.
    Failed,
    /// A bug of ours.
    Internal,
}

impl ErrorKind {
    /// Every kind with its name in configuration and log.
    pub const NAMES: [(Self, &'static str); 11] = [
        (Self::Configuration, "configuration"),
        (Self::Part, "part"),
        (Self::NotInstalled, "not-installed"),
        (Self::Unreachable, "unreachable"),
        (Self::OutOfService, "out-of-service"),
        (Self::Blind, "blind"),
        (Self::TimedOut, "timed-out"),
        (Self::Crashed, "crashed"),
        (Self::Garbled, "garbled"),
        (Self::Failed, "failed"),
        (Self::Internal, "internal"),
    ];

    /// Whether the time of one more try is gone.
    pub fn is_late(self) -> bool {
        matches!(self, Self::TimedOut)
    }

    /// Whether the failure is not the engine's but ours or the administrator's.
    pub fn is_ours(self) -> bool {
        matches!(self, Self::Configuration | Self::Internal)
    }
}

/// The name of `wanted` in a table of names.
pub fn name_of<T: PartialEq>(table: &[(T, &'static str)], wanted: &T) -> &'static str {
    table.iter().find(|(value, _)| value == wanted).map_or("", |(_, name)| name)
}

/// No verdict was reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScanError {
    /// What kind of failure, for the policy.
    pub kind: ErrorKind,
    /// What happened, printable.
    pub detail: String,
    /// Whether it happened for want of something that this process lacks. Then it
    /// says nothing about the engine.
    pub is_own: bool,
}

impl ScanError {
    /// A failure of `kind`; `detail` may hold foreign text.
    pub fn new(kind: ErrorKind, detail: impl fmt::Display) -> Self {
        Self { kind, detail: text::printable_str(&detail.to_string(), 2 * text::SHOWN), is_own: false }
    }

    /// The same failure, which is ours if `is_own`.
    #[must_use]
    pub fn own_if(self, is_own: bool) -> Self {
        Self { is_own: self.is_own || is_own, ..self }
    }
}

impl fmt::Display for ScanError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", name_of(&ErrorKind::NAMES, &self.kind), self.detail)
    }
}

/// Whether an engine's "nothing found" proves a part clean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// It acquits and convicts.
    Acquits,
    /// It only convicts: a list of known bad things proves nothing good.
    ConvictsOnly,
    /// It failed, and that does not count: another engine stood in for it.
    StoodInFor,
}

/// One engine's result for one part.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The engine's name in the configuration.
    pub engine: String,
    /// Whether its "clean" counts.
    pub weight: Weight,
    /// Its version, where the answer told it.
    pub version: Option<String>,
    /// Which of its addresses answered, where it has several.
    pub address: Option<String>,
    /// What failed although there is a verdict, or what the engine warns of.
    pub warning: Option<String>,
    /// The line in which the engine says why it could not look, printable.
    pub line: Option<String>,
    /// Whether it was not asked, for the answer was known.
    pub remembered: bool,
    /// The verdict, or why there is none.
    pub result: Result<Verdict, ScanError>,
    /// What the sample was hidden in, where it is not the part itself.
    pub inside: Option<&'static str>,
    /// The name of what was hidden, if it has one; printable.
    pub file: Option<String>,
    /// How long it took.
    pub took: Duration,
}

impl Finding {
    /// Whether it is a conviction.
    pub fn convicts(&self) -> bool {
        matches!(self.result, Ok(Verdict::Infected(_)))
    }

    /// A finding of `engine` that convicts by nothing yet.
    pub fn of(engine: &str) -> Self {
        Self {
            engine: engine.to_owned(),
            weight: Weight::ConvictsOnly,
            version: None,
            address: None,
            warning: None,
            line: None,
            remembered: false,
            result: Ok(Verdict::Clean),
            inside: None,
            file: None,
            took: Duration::ZERO,
        }
    }
}

/// All engines' results for one part.
#[must_use]
#[derive(Clone, Debug, Default)]
pub struct Findings(pub Vec<Finding>);

impl Findings {
    /// Findings that hold nothing but a failure of ours.
    pub fn failure(error: ScanError) -> Self {
        Self(vec![Finding { result: Err(error), ..Finding::of("convscan") }])
    }

    /// The result for the part as a whole: infected > error > unscannable >
    /// clean. No finding that acquits is an error.
    pub fn worst(&self) -> Result<Verdict, ScanError> {
        let threats = self.threats();
        if !threats.is_empty() {
            return Ok(Verdict::Infected(threats));
        }
        if let Some(error) = self.results().find_map(|result| result.as_ref().err()) {
            return Err(error.clone());
        }
        if !self.0.iter().any(|finding| finding.weight == Weight::Acquits) {
            let detail = "no engine that can acquit looked at the part";
            return Err(ScanError::new(ErrorKind::Configuration, detail));
        }
        if let Some(unscannable) =
            self.results().flatten().find(|verdict| matches!(verdict, Verdict::Unscannable(..)))
        {
            return Ok(unscannable.clone());
        }
        Ok(Verdict::Clean)
    }

    /// All results that count.
    pub fn results(&self) -> impl Iterator<Item = &Result<Verdict, ScanError>> {
        let counting =
            self.0.iter().filter(|finding| finding.weight != Weight::StoodInFor || finding.convicts());
        counting.map(|finding| &finding.result)
    }

    /// Lets engines stand in for each other, where one of several is enough: one
    /// that acquits or convicts stands in for those that failed or do not take parts of this
    /// size. What another found in the part counts, and one that only could not
    /// look stands in for nobody.
    pub fn stand_in(&mut self) {
        let looked = |finding: &Finding| match finding.result {
            Ok(Verdict::Clean) => finding.weight == Weight::Acquits,
            Ok(Verdict::Infected(_)) => true,
            Ok(Verdict::Unscannable(..)) | Err(_) => false,
        };
        if !self.0.iter().any(looked) {
            return;
        }
        for finding in &mut self.0 {
            if matches!(finding.result, Err(_) | Ok(Verdict::Unscannable(Reason::TooLarge, _))) {
                finding.weight = Weight::StoodInFor;
            }
        }
    }

    /// Whether an engine convicted the part itself: it may be able to clean it. No
    /// engine can clean a file that we took out of the part.
    pub fn convict_surface(&self) -> bool {
        self.0.iter().any(|finding| finding.convicts() && finding.inside.is_none())
    }

    /// Whether an engine convicted.
    pub fn convict(&self) -> bool {
        self.0.iter().any(Finding::convicts)
    }

    /// All threats, each once, in the order they were reported.
    pub fn threats(&self) -> Vec<Threat> {
        let mut threats: Vec<Threat> = Vec::new();
        for finding in &self.0 {
            if let Ok(Verdict::Infected(found)) = &finding.result {
                for threat in found {
                    if threats.len() < MOST_THREATS && !threats.contains(threat) {
                        threats.push(threat.clone());
                    }
                }
            }
        }
        threats
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(weight: Weight, result: Result<Verdict, ScanError>) -> Finding {
        Finding { weight, result, ..Finding::of("e") }
    }

    fn worst(results: &[Result<Verdict, ScanError>]) -> Result<Verdict, ScanError> {
        Findings(results.iter().map(|result| finding(Weight::Acquits, result.clone())).collect()).worst()
    }

    #[test]
    fn infected_beats_error_beats_unscannable_beats_clean() {
        let clean = Ok(Verdict::Clean);
        let unscannable = Ok(Verdict::unscannable(Reason::Encrypted));
        let error = Err(ScanError::new(ErrorKind::TimedOut, "x"));
        let infected = Ok(Verdict::from_name(b"Worm"));
        let rising = [clean, unscannable, error, infected];
        for (i, low) in rising.iter().enumerate() {
            for high in rising.iter().skip(i) {
                assert_eq!(&worst(&[low.clone(), high.clone()]), high);
                assert_eq!(&worst(&[high.clone(), low.clone()]), high);
            }
        }
    }

    #[test]
    fn nothing_that_acquits_is_an_error() {
        assert!(Findings::default().worst().is_err());
        assert!(Findings(vec![finding(Weight::ConvictsOnly, Ok(Verdict::Clean))]).worst().is_err());
    }

    #[test]
    fn names_for_not_looked_inside_are_no_conviction() {
        let name = b"Heuristics.Encrypted.Zip";
        assert_eq!(
            Verdict::from_name(name),
            Verdict::Unscannable(Reason::Encrypted, Some(Threat::new(name)))
        );
        assert_eq!(Verdict::from_name(b"(null)"), Verdict::Infected(vec![Threat("unnamed".to_owned())]));
    }

    #[test]
    fn a_failure_that_another_engine_stood_in_for_does_not_count() {
        let failed = finding(Weight::StoodInFor, Err(ScanError::new(ErrorKind::Blind, "x")));
        let with = |other| Findings(vec![failed.clone(), finding(Weight::Acquits, other)]).worst();
        assert_eq!(with(Ok(Verdict::Clean)), Ok(Verdict::Clean));
        assert!(with(Err(ScanError::new(ErrorKind::Crashed, "y"))).is_err());
        assert!(Findings(vec![failed.clone()]).worst().is_err());
    }

    #[test]
    fn only_a_clean_stands_in_and_only_for_what_did_not_look() {
        let clean = || Ok(Verdict::Clean);
        let (failed, small) =
            (Err(ScanError::new(ErrorKind::Crashed, "x")), Ok(Verdict::unscannable(Reason::TooLarge)));
        let (locked, worm) = (Ok(Verdict::unscannable(Reason::Encrypted)), Ok(Verdict::from_name(b"Worm")));
        let together = |one: &Result<Verdict, ScanError>, other: &Result<Verdict, ScanError>| {
            let mut findings =
                Findings([one, other].map(|result| finding(Weight::Acquits, result.clone())).to_vec());
            findings.stand_in();
            findings.worst()
        };
        let table = [
            (&failed, &clean(), &clean()),
            (&small, &clean(), &clean()),
            (&locked, &clean(), &locked),
            (&failed, &locked, &failed),
            (&failed, &small, &failed),
            (&worm, &clean(), &worm),
            (&worm, &failed, &worm),
            (&worm, &small, &worm),
        ];
        for (one, other, expected) in table {
            assert_eq!(&together(one, other), expected, "{one:?} {other:?}");
            assert_eq!(&together(other, one), expected, "{one:?} {other:?}");
        }
    }

    #[test]
    fn threats_are_kept_once_and_bounded() {
        let many = (0..50).map(|i| Threat::new(format!("T{}", i / 2).as_bytes())).collect();
        let findings = Findings(vec![finding(Weight::Acquits, Ok(Verdict::Infected(many)))]);
        assert_eq!(findings.threats().len(), MOST_THREATS);
    }

    #[test]
    fn the_name_tables_are_complete() {
        assert_eq!(name_of(&ErrorKind::NAMES, &ErrorKind::Internal), "internal");
        assert_eq!(name_of(&Reason::NAMES, &Reason::NotScanned), "not-scanned");
    }
}
