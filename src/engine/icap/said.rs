//! What header fields say about a part. Cannot fail: what is in doubt is said to
//! be in doubt.
//!
//! Sources: draft-stecher-icap-subid-00 for `X-Infection-Found`,
//! `X-Violations-Found` and `X-Virus-ID`; the others are vendors' own.

use super::head::{Field, Head};
use super::words::{Weight, container, has, weigh};
use crate::text;
use crate::verdict::{ErrorKind, MOST_THREATS, Reason, ScanError, Threat, Verdict};

/// What the fields of an answer say, all headers together.
#[derive(Debug, Default)]
pub(super) struct Said {
    /// Names of threats.
    threats: Vec<Vec<u8>>,
    /// Names of what could not be looked into.
    containers: Vec<Vec<u8>>,
    /// Reasons for a block by fields that need not name a threat.
    blocks: Vec<Vec<u8>>,
    /// A field that says neither yes nor no.
    doubt: Option<String>,
    /// Whether the body is claimed to be a repaired copy.
    pub(super) is_repaired: bool,
}

/// How an answer ended, apart from what its fields say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// The server left the part as it is, with all of it before its eyes.
    Untouched,
    /// The server left the part as it is and did not want to see all of it.
    Unseen,
    /// A page that forbids the part.
    Forbidden,
    /// Other content.
    Changed,
    /// The fields said enough.
    Told,
}

/// How a field is to be read.
#[derive(Clone, Copy)]
enum Kind {
    /// `Type=0; Resolution=2; Threat=NAME;`.
    Infection,
    /// A count, then file, threat, problem and resolution, a line each.
    Violations,
    /// Names with commas between them.
    Names,
    /// A word for the whole part.
    Result,
    /// Why the part is blocked.
    Block,
    /// `blocked`, or something that does not matter.
    Response,
    /// A number of an error.
    Error,
}

const FIELDS: [(&str, Kind); 15] = [
    ("x-infection-found", Kind::Infection),
    ("x-violations-found", Kind::Violations),
    ("x-virus-id", Kind::Names),
    ("x-virus-name", Kind::Names),
    ("x-fsecure-infection-name", Kind::Names),
    ("x-fsecure-scan-result", Kind::Result),
    ("x-blocked", Kind::Block),
    ("x-blocked-by", Kind::Block),
    ("x-blocked-reason", Kind::Block),
    ("x-block-reason", Kind::Block),
    ("x-block-result", Kind::Block),
    ("x-mwg-block-reason", Kind::Block),
    ("x-response-info", Kind::Response),
    ("x-response-desc", Kind::Response),
    ("x-error-code", Kind::Error),
];

impl Said {
    /// Adds what the fields of `head` say.
    pub(super) fn add(&mut self, head: &Head) {
        for field in head.fields() {
            let known = FIELDS.iter().find(|(name, _)| *name == field.name).map(|(_, kind)| *kind);
            // Whatever else a vendor puts behind this word.
            let kind = known.or_else(|| field.name.starts_with("x-blocked").then_some(Kind::Block));
            if let Some(kind) = kind {
                self.add_field(kind, field);
            }
        }
    }

    fn add_field(&mut self, kind: Kind, field: &Field) {
        let value = one_line(&field.value);
        match kind {
            Kind::Infection => self.add_infection(&value),
            Kind::Violations => self.add_violations(&field.value),
            Kind::Names => {
                for name in value.split(|byte| *byte == b',') {
                    match weigh(name) {
                        Weight::Nothing => {}
                        Weight::Doubt => self.add_doubt(field),
                        Weight::Nameless => self.threats.push(Vec::new()),
                        Weight::Name => self.threats.push(name.trim_ascii().to_vec()),
                    }
                }
            }
            Kind::Result | Kind::Block => match weigh(&value) {
                Weight::Nothing => {}
                Weight::Doubt => self.add_doubt(field),
                Weight::Nameless => self.blocks.push(Vec::new()),
                Weight::Name => self.blocks.push(value),
            },
            Kind::Response => {
                let value = value.to_ascii_lowercase();
                if value.starts_with(b"blocked") || value == b"infected" {
                    self.blocks.push(Vec::new());
                } else if has(&value, "blocked") && weigh(&value) != Weight::Nothing {
                    self.add_doubt(field);
                }
            }
            Kind::Error if weigh(&value) == Weight::Nothing => {}
            Kind::Error => self.add_doubt(field),
        }
    }

    /// The field is there for no other reason than a find, whatever is in it.
    fn add_infection(&mut self, value: &[u8]) {
        let (mut kind, mut name) = (&b""[..], &b""[..]);
        for parameter in value.split(|byte| *byte == b';') {
            let (key, value) =
                parameter.split_at(parameter.iter().position(|b| *b == b'=').unwrap_or(parameter.len()));
            let value = value.get(1..).unwrap_or_default().trim_ascii();
            match key.trim_ascii().to_ascii_lowercase().as_slice() {
                b"type" => kind = value,
                b"threat" => name = value,
                b"resolution" => self.is_repaired |= value == b"1",
                _ => {}
            }
        }
        // 0: a virus, 1: against a policy, 2: a container that is.
        if kind == b"2" { &mut self.containers } else { &mut self.threats }.push(name.to_vec());
    }

    fn add_violations(&mut self, value: &[u8]) {
        let mut lines = value.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
        if lines.next() == Some(b"0") {
            return;
        }
        // File, threat, problem, resolution.
        let mut names: Vec<_> = lines.skip(1).step_by(4).map(<[u8]>::to_vec).collect();
        if names.is_empty() {
            names.push(Vec::new());
        }
        self.threats.append(&mut names);
    }

    fn add_doubt(&mut self, field: &Field) {
        let value = text::printable(&field.value, text::SHOWN);
        self.doubt.get_or_insert(format!("neither clean nor infected: `{}: {value}`", field.name));
    }

    /// Whether the part is convicted already, so that nothing else is needed.
    pub(super) fn convicts(&self) -> bool {
        matches!(self.found(), Some(Verdict::Infected(_)))
    }

    /// The verdict of the fields alone.
    fn found(&self) -> Option<Verdict> {
        let (mut infected, mut unscannable) = (Vec::new(), None);
        // Several fields speak of the same find, and only one of them knows that
        // it is about a container.
        let named = self.threats.iter().filter(|name| name.is_empty() || !self.containers.contains(name));
        let blocks = self.blocks.iter().filter(|_| self.threats.is_empty() && self.containers.is_empty());
        for name in named.chain(blocks) {
            match Verdict::from_name(name) {
                Verdict::Infected(threats) => {
                    let new = threats.into_iter().filter(|threat| !infected.contains(threat));
                    infected.extend(new.collect::<Vec<_>>());
                }
                other @ (Verdict::Unscannable(..) | Verdict::Clean) => {
                    unscannable = unscannable.or(Some(other))
                }
            }
        }
        if !infected.is_empty() {
            // A name beside it says more than that there is one.
            let unnamed = Threat::new(b"");
            if infected.len() > 1 {
                infected.retain(|threat| *threat != unnamed);
            }
            infected.truncate(MOST_THREATS);
            return Some(Verdict::Infected(infected));
        }
        unscannable.or_else(|| self.containers.first().map(|name| container(name)))
    }

    /// The verdict of the whole answer: infected > error > unscannable > clean.
    pub(super) fn verdict(&self, ending: Result<Ending, ScanError>) -> Result<Verdict, ScanError> {
        let garbled = |detail: &str| Err(ScanError::new(ErrorKind::Garbled, detail));
        match (self.found(), ending, &self.doubt) {
            (Some(infected @ Verdict::Infected(_)), ..) => Ok(infected),
            (_, Err(error), _) => Err(error),
            // Forbidden, and no field that says why.
            (None, Ok(Ending::Forbidden), _) => Ok(Verdict::from_name(b"")),
            (_, Ok(_), Some(doubt)) => garbled(doubt),
            (Some(verdict), Ok(_), None) => Ok(verdict),
            (None, Ok(Ending::Untouched), None) => Ok(Verdict::Clean),
            (None, Ok(Ending::Unseen), None) => Ok(Verdict::unscannable(Reason::Excluded)),
            (None, Ok(Ending::Changed | Ending::Told), None) => {
                garbled("other content for the part, and no field that says why")
            }
        }
    }
}

fn one_line(value: &[u8]) -> Vec<u8> {
    value.iter().map(|byte| if *byte == b'\n' { b' ' } else { *byte }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(fields: &str) -> Said {
        let mut head = Head::default();
        head.read(&mut format!("s\r\n{fields}\r\n\r\n").as_bytes()).unwrap();
        let mut said = Said::default();
        said.add(&head);
        said
    }

    fn words(result: Result<Verdict, ScanError>) -> String {
        match result {
            Ok(Verdict::Clean) => "clean".to_owned(),
            Ok(Verdict::Infected(threats)) => {
                threats.iter().map(ToString::to_string).collect::<Vec<_>>().join("+")
            }
            Ok(Verdict::Unscannable(reason, _)) => format!("{reason:?}"),
            Err(error) => format!("{:?}", error.kind),
        }
    }

    #[test]
    fn every_known_field_is_judged() {
        let table = [
            ("X-Infection-Found: Type=0; Resolution=2; Threat=Eicar;", "Eicar"),
            ("x-infection-found:type=0;resolution=2;THREAT= Eicar", "Eicar"),
            ("X-Infection-Found: Type=0;\r\n Resolution=2; Threat=Two\r\n\tWords;", "Two Words"),
            ("X-Infection-Found: Type=1; Resolution=0; Threat=Policy;", "Policy"),
            ("X-Infection-Found: Type=7; Threat=Odd;", "Odd"),
            ("X-Infection-Found:", "unnamed"),
            ("X-Infection-Found: nonsense", "unnamed"),
            ("X-Infection-Found: Type=2; Resolution=2; Threat=Container Violation;", "NotScanned"),
            ("X-Infection-Found: Type=2; Threat=Encrypted container violation;", "Encrypted"),
            ("X-Infection-Found: Type=2; Threat=Maximum nesting reached;", "TooDeep"),
            ("X-Infection-Found: Type=2; Threat=Maximum size exceeded;", "OverLimit"),
            ("X-Infection-Found: Type=2;", "NotScanned"),
            ("X-Infection-Found: Type=0; Threat=Heuristics.Encrypted.Zip;", "Encrypted"),
            ("X-Infection-Found: Type=2; Threat=C;\r\nX-Infection-Found: Type=0; Threat=A;", "A"),
            ("X-Infection-Found: Type=2; Threat=C;\r\nX-Virus-ID: C\r\nX-Blocked: 1", "NotScanned"),
            ("X-Infection-Found: Type=2; Threat=C;\r\nX-Virus-ID: Worm", "Worm"),
            ("X-Violations-Found: 1\r\n\t-\r\n\tEicar\r\n\t0\r\n\t0", "Eicar"),
            ("X-Violations-Found: 2\r\n\ta\r\n\tA\r\n\t0\r\n\t0\r\n\tb\r\n\tB\r\n\t0\r\n\t0", "A+B"),
            ("X-Violations-Found: 9\r\n\ta\r\n\tA", "A"),
            ("X-Violations-Found: 1", "unnamed"),
            ("X-Violations-Found:", "unnamed"),
            ("X-Violations-Found: 0", "clean"),
            ("X-Virus-ID: Eicar", "Eicar"),
            ("X-Virus-ID: A, B ,A", "A+B"),
            ("X-Virus-ID: no threats", "clean"),
            ("X-Virus-ID: NONE", "clean"),
            ("X-Virus-ID: None, Worm", "Worm"),
            ("X-Virus-ID:", "Garbled"),
            ("X-Virus-ID:\r\nX-Virus-Name: Worm", "Worm"),
            ("X-Virus-Name: Worm", "Worm"),
            ("X-Virus-Name: yes", "unnamed"),
            ("X-FSecure-Scan-Result: clean", "clean"),
            ("X-FSecure-Scan-Result: infected", "unnamed"),
            ("X-FSecure-Scan-Result: infected\r\nX-FSecure-Infection-Name: Worm", "Worm"),
            ("X-FSecure-Scan-Result: suspected", "suspected"),
            ("X-FSecure-Scan-Result:", "Garbled"),
            ("X-FSecure-Versions: F-Secure 1", "clean"),
            ("X-Blocked: true", "unnamed"),
            ("X-Blocked: false", "clean"),
            ("X-Blocked-Reason: Infected", "unnamed"),
            ("X-Blocked-Whatever: x", "x"),
            ("X-Block-Reason: Malware found", "Malware found"),
            ("X-Block-Result: 80", "80"),
            ("X-Block-Result: 0", "clean"),
            ("X-MWG-Block-Reason: Malware.Infected", "Malware.Infected"),
            ("X-Block-Reason: policy\r\nX-Virus-ID: Worm", "Worm"),
            ("X-Response-Info: Blocked", "unnamed"),
            ("X-Response-Info: Allowed", "clean"),
            ("X-Response-Info: may be blocked", "Garbled"),
            ("X-Response-Desc: blocked by policy", "unnamed"),
            ("X-Error-Code: 12", "Garbled"),
            ("X-Error-Code: 0", "clean"),
            ("X-Something: infected", "clean"),
        ];
        for (fields, expected) in table {
            assert_eq!(words(said(fields).verdict(Ok(Ending::Untouched))), expected, "{fields}");
        }
    }

    #[test]
    fn infected_beats_error_beats_unscannable_beats_clean() {
        let garbled = || Err(ScanError::new(ErrorKind::Crashed, "x"));
        let table = [
            ("X-Virus-ID: Worm", garbled(), "Worm"),
            ("X-Virus-ID: Worm\r\nX-Error-Code: 5", Ok(Ending::Untouched), "Worm"),
            ("X-Infection-Found: Type=2", garbled(), "Crashed"),
            ("X-Infection-Found: Type=2\r\nX-Error-Code: 5", Ok(Ending::Told), "Garbled"),
            ("X-Infection-Found: Type=2", Ok(Ending::Forbidden), "NotScanned"),
            ("X: y", garbled(), "Crashed"),
            ("X: y", Ok(Ending::Forbidden), "unnamed"),
            ("X-Error-Code: 5", Ok(Ending::Forbidden), "unnamed"),
            ("X: y", Ok(Ending::Changed), "Garbled"),
            ("X: y", Ok(Ending::Told), "Garbled"),
            ("X: y", Ok(Ending::Unseen), "Excluded"),
            ("X: y", Ok(Ending::Untouched), "clean"),
        ];
        for (fields, ending, expected) in table {
            assert_eq!(words(said(fields).verdict(ending.clone())), expected, "{fields} {ending:?}");
        }
    }

    #[test]
    fn only_resolution_1_offers_a_repaired_copy() {
        for (resolution, expected) in [("0", false), ("1", true), ("2", false), ("11", false)] {
            let fields = format!("X-Infection-Found: Type=0; Resolution={resolution}; Threat=A;");
            assert_eq!(said(&fields).is_repaired, expected);
        }
    }

    #[test]
    fn names_are_kept_once_and_bounded() {
        let many = (0..40).map(|i| format!("T{}", i / 2)).collect::<Vec<_>>().join(",");
        let Some(Verdict::Infected(threats)) = said(&format!("X-Virus-ID: {many}")).found() else { panic!() };
        assert_eq!(threats.len(), MOST_THREATS);
    }
}
