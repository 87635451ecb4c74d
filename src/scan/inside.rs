//! Shows the engines what they may not see in the part as it came: the part
//! without a transfer encoding that it still has, and files that stand inside it.
//! Cannot fail; what cannot be read is a finding.

use std::fs::File;
use std::io::{self, Write};

use super::evidence::Subject;
use super::{OURSELVES, Scan, hints, panel};
use crate::config::Config;
use crate::engine::sample::Sample;
use crate::mail::ambiguity::{self, Ambiguity};
use crate::mail::encoded;
use crate::mail::hidden::{self, Extent, Item, Look, Viewer};
use crate::os::clock::Deadline;
use crate::os::files;
use crate::os::fingerprint::Fingerprint;
use crate::os::input::{Input, Until};
use crate::part::Part;
use crate::verdict::{ErrorKind, Finding, Findings, Reason, ScanError, Threat, Verdict};

/// What the surface tells: whether there is anything to be opened. It asks no
/// engine, so it can be had while one is waited for.
#[derive(Debug)]
pub(super) struct Glance {
    ambiguity: Option<Ambiguity>,
    inside: io::Result<Inside>,
}

/// What there is to be opened.
#[derive(Debug)]
struct Inside {
    hides: bool,
    encoded: bool,
}

impl Inside {
    fn of(input: &Input, part: &Part, by: Deadline) -> io::Result<Self> {
        let (is_whole, is_plain) = (is_looked_through(part), is_plain(&part.encoding));
        // Most parts are spared a look by their type and encoding alone.
        let start = if is_whole && is_plain { Vec::new() } else { input.start(encoded::LOOKED_AT)? };
        let mut look = Look::new(&part.mime_type);
        if is_whole {
            Until::new(&input.file, by).pieces(|piece| {
                look.feed(piece);
                !look.is_worthwhile()
            })?;
        } else {
            look.feed(&start);
        }
        let encoded = !is_plain && encoded::looks_encoded(&start, &part.encoding);
        Ok(Self { hides: look.is_worthwhile(), encoded })
    }
}

impl Glance {
    /// Looks at the surface of a part.
    pub(super) fn at(subject: &Subject<'_>, deadline: Deadline) -> Self {
        let Subject { part, input, headers } = subject;
        Self {
            ambiguity: headers.blocks().find_map(|block| ambiguity::ambiguities(block).into_iter().next()),
            inside: Inside::of(input, part, deadline),
        }
    }
}

/// What is found behind the part's surface. Only what is not clean is told.
pub(super) fn examine(
    scan: &Scan<'_>,
    subject: &Subject<'_>,
    sample: &Sample<'_>,
    glance: Glance,
) -> Findings {
    let findings = Findings(ambiguous(scan.config, glance.ambiguity).into_iter().collect());
    let mut view = View { scan, sample: *sample, findings };
    let looked = glance.inside.and_then(|inside| view.look(subject, &inside));
    looked.unwrap_or_else(|error| view.findings.0.push(failure(error)));
    view.findings
}

/// What a header block that says one thing twice is worth.
fn ambiguous(config: &Config, ambiguity: Option<Ambiguity>) -> Option<Finding> {
    let name = Threat::new(ambiguity?.to_string().as_bytes());
    let verdict = Verdict::Unscannable(Reason::Ambiguous, Some(name));
    Some(Finding { inside: Some("header"), ..of_ourselves(Ok(config.policy.count(verdict))) })
}

fn failure(error: io::Error) -> Finding {
    let kind = if error.kind() == io::ErrorKind::TimedOut { ErrorKind::TimedOut } else { ErrorKind::Part };
    of_ourselves(Err(ScanError::new(kind, format!("cannot look inside: {error}"))))
}

fn of_ourselves(result: Result<Verdict, ScanError>) -> Finding {
    Finding { result, ..Finding::of(OURSELVES) }
}

struct View<'v> {
    scan: &'v Scan<'v>,
    sample: Sample<'v>,
    findings: Findings,
}

impl View<'_> {
    fn look(&mut self, Subject { part, input, .. }: &Subject<'_>, inside: &Inside) -> io::Result<()> {
        let mime_type = self.sample.mime_type;
        if !inside.hides && !inside.encoded {
            return Ok(());
        }
        let largest = self.scan.config.limits.inside_largest;
        let size = usize::try_from(input.size).ok().filter(|_| input.size <= largest);
        let Some(size) = size else {
            self.give_up(Reason::InsideTooLarge);
            return Ok(());
        };
        if inside.hides {
            self.show_hidden(input.start(size)?, mime_type)?;
        }
        if inside.encoded {
            // Read again: the part and what is in it are never in memory together
            // with what it decodes to.
            let content = input.start(size)?;
            let mut look = Look::new(mime_type);
            let decoded = encoded::decoded(&content, &part.encoding, &mut |piece| look.feed(piece));
            drop(content);
            let names = self.sample.names;
            let file = files::in_memory(&decoded)?;
            self.show(&file, decoded.len() as u64, (mime_type, names), "transfer encoding");
            drop(file);
            if look.is_worthwhile() {
                self.show_hidden(decoded, mime_type)?;
            }
        }
        Ok(())
    }

    fn give_up(&mut self, reason: Reason) {
        let verdict = self.scan.config.policy.count(Verdict::unscannable(reason));
        self.findings.0.push(of_ourselves(Ok(verdict)));
    }

    fn show_hidden(&mut self, content: Vec<u8>, mime_type: &str) -> io::Result<()> {
        let deadline = self.scan.deadline;
        let most = usize::try_from(self.scan.config.limits.inside_most).unwrap_or(usize::MAX);
        let mut shown = Shown { view: self, failed: None };
        let extent = hidden::look_through(content, mime_type, most, &mut shown);
        if let Some(error) = shown.failed {
            return Err(error);
        }
        if self.findings.convict() {
            return Ok(());
        }
        match (extent, deadline.left()) {
            (Extent::All, _) => {}
            (Extent::Beyond, Some(_)) => self.give_up(Reason::InsideTooMany),
            (Extent::Beyond, None) => return Err(late()),
        }
        Ok(())
    }

    /// Asks the engines about what stands in `file`.
    fn show(&mut self, file: &File, size: u64, (mime_type, names): (&str, &[String]), inside: &'static str) {
        if self.findings.convict() {
            return;
        }
        let fingerprint = Fingerprint::new(file);
        let sample = Sample { file, size, mime_type, names, fingerprint: Some(&fingerprint) };
        let found = panel::ask(self.scan, &sample, &mut || ());
        let telling = found.0.into_iter().filter(|finding| finding.result != Ok(Verdict::Clean));
        let shown = hints::shown(names).into_iter().next();
        self.findings.0.extend(telling.map(|finding| Finding {
            inside: Some(inside),
            file: shown.clone(),
            ..finding
        }));
    }
}

/// What is found inside goes to the engines at once, from a file in memory.
struct Shown<'s, 'v> {
    view: &'s mut View<'v>,
    failed: Option<io::Error>,
}

impl Viewer for Shown<'_, '_> {
    fn goes_on(&self) -> bool {
        self.failed.is_none() && !self.view.findings.convict() && self.view.scan.deadline.left().is_some()
    }

    fn show(&mut self, item: &Item<'_>) {
        match files::in_memory_by(|out| written(item, out)) {
            Ok(file) => {
                let claims = (item.mime_type, item.names);
                self.view.show(&file, item.size as u64, claims, item.kind.word());
            }
            Err(error) => self.failed = Some(error),
        }
    }
}

fn written(item: &Item<'_>, out: &mut File) -> io::Result<()> {
    let mut result = Ok(());
    item.read(&mut |piece| {
        result = out.write_all(piece);
        result.is_ok()
    });
    result
}

fn late() -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, "no time left for the rest of what is inside")
}

/// Whether all of the part is looked through for what it hides: text, and whatever
/// has an encoding that the server does not know but a mail program may. The
/// beginning tells of anything else.
fn is_looked_through(part: &Part) -> bool {
    let mime_type = &part.mime_type;
    let is_text =
        ["text/", "message/", "application/octet-stream"].iter().any(|kind| mime_type.starts_with(kind));
    let is_known =
        ["base64", "quoted-printable"].iter().any(|known| part.encoding.eq_ignore_ascii_case(known));
    is_text || mime_type.is_empty() || !(is_plain(&part.encoding) || is_known)
}

fn is_plain(encoding: &str) -> bool {
    ["", "7bit", "8bit", "binary"].iter().any(|plain| encoding.eq_ignore_ascii_case(plain))
}
