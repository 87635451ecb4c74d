//! The straight line from a part to a reply: examine the surface, look inside,
//! disinfect, judge, word the reply. Every way out is a reply; whatever fails
//! ends in "try again".

pub mod commit;
mod evidence;
mod hints;
mod inside;
mod notice;
mod panel;
mod record;
pub mod watch;
mod word;

use std::cell::OnceCell;
use std::path::Path;

use self::evidence::{Evidence, Subject};
use self::hints::Headers;
use self::inside::Glance;
use self::watch::Watch;
use crate::config::Config;
use crate::engine::sample::{Cleaned, Sample};
use crate::engine::{self, Farm};
use crate::os::clock::Deadline;
use crate::os::fingerprint::Fingerprint;
use crate::os::input::{Ahead, Input};
use crate::part::Part;
use crate::policy::{self, Action, Disinfection, Way};
use crate::record::Record;
use crate::reply::Reply;
use crate::verdict::{ErrorKind, Findings, ScanError, Verdict};

/// What stands for an engine's name where we found something out ourselves.
const OURSELVES: &str = "convscan";

/// The decision, and what must stay open until it is carried out.
#[must_use]
pub struct Outcome {
    /// What is asked of the MTA.
    pub action: Action,
    /// What goes back to the channel.
    pub reply: Reply,
    /// The log line.
    pub record: Record,
    /// The part, if it could be opened.
    pub input: Option<Input>,
    /// A copy of it where the reply goes, made before its verdict.
    pub ahead: Option<Ahead>,
    /// The part as it was cleaned and scanned again.
    pub cleaned: Option<Cleaned>,
    /// The end of all work on the part.
    pub deadline: Deadline,
}

/// One part from its file to the reply. `target` is where a clean part is to be
/// copied to.
pub fn scan(config: &Config, part: &Part, way: Way, target: Option<&Path>, watch: &mut Watch) -> Outcome {
    let deadline = Deadline::after(config.limits.deadline);
    let input = match open(part) {
        Ok(input) => input,
        Err(error) => return give_up(config, part, way, error),
    };
    let headers = Headers::of(part);
    let names = hints::names(config, part, &headers);
    let engines = engine::open(config);
    let fingerprint = Fingerprint::new(&input.file);
    let sample = Sample {
        file: &input.file,
        size: input.size,
        mime_type: &part.mime_type,
        names: &names,
        fingerprint: Some(&fingerprint),
    };
    let subject = Subject { part, input: &input, headers: &headers };
    let scan = Scan { config, engines: &engines, deadline };
    // Nearly every part is clean, so it is copied while the engine works.
    let ahead = OnceCell::new();
    let copy = || {
        ahead.get_or_init(|| target.and_then(|path| input.copy_ahead(path)));
    };
    let findings = scan.examine(&subject, &sample, &copy);
    watch.steps.scan = watch.lap();
    let cleaned = scan.disinfect(&findings, &subject, &sample);
    let took = watch.lap();
    watch.steps.disinfect = if cleaned.is_some() { took } else { 0.0 };
    let evidence = Evidence {
        part,
        input: Some(&input),
        fingerprint: Some(&fingerprint),
        headers: &headers,
        names: &names,
        findings: &findings,
        cleaned: cleaned.as_ref().map(|cleaned| cleaned.as_ref().map(|_| ()).map_err(String::as_str)),
        way,
        deadline,
    };
    let judgement = policy::judge(&config.policy, &findings, evidence.circumstances());
    let (reply, record) = word::word(config, &evidence, &judgement);
    let (ahead, cleaned) = (ahead.into_inner().flatten(), cleaned.and_then(Result::ok));
    Outcome { action: judgement.action, reply, record, input: Some(input), ahead, cleaned, deadline }
}

/// The reply for a part that no engine was asked about, for `error`.
pub fn give_up(config: &Config, part: &Part, way: Way, error: ScanError) -> Outcome {
    let deadline = Deadline::after(config.limits.deadline);
    let input = open(part).ok();
    let headers = Headers::of(part);
    let names = hints::names(config, part, &headers);
    let findings = Findings::failure(error);
    let fingerprint = input.as_ref().map(|input| Fingerprint::new(&input.file));
    let evidence = Evidence {
        part,
        input: input.as_ref(),
        fingerprint: fingerprint.as_ref(),
        headers: &headers,
        names: &names,
        findings: &findings,
        cleaned: None,
        way,
        deadline,
    };
    let judgement = policy::judge(&config.policy, &findings, evidence.circumstances());
    let (reply, record) = word::word(config, &evidence, &judgement);
    Outcome { action: judgement.action, reply, record, input, ahead: None, cleaned: None, deadline }
}

fn open(part: &Part) -> Result<Input, ScanError> {
    let path =
        part.input.as_deref().ok_or_else(|| ScanError::new(ErrorKind::Part, "INPUT_FILE is not given"))?;
    Input::open(path).map_err(|error| ScanError::new(ErrorKind::Part, format!("INPUT_FILE: {error}")))
}

/// What every step needs: the administrator's settings, his engines, the time.
#[derive(Clone, Copy)]
struct Scan<'a> {
    config: &'a Config,
    engines: &'a [Farm<'a>],
    deadline: Deadline,
}

impl Scan<'_> {
    /// All that the engines find in one content: at its surface, and then inside,
    /// always unless it is infected already. Whatever else was found at the
    /// surface, the policy may pass it, but nothing infected beside it.
    ///
    /// `meanwhile` is called while an engine is waited for, perhaps several times
    /// or never.
    fn examine(&self, subject: &Subject<'_>, sample: &Sample<'_>, meanwhile: &dyn Fn()) -> Findings {
        // Nearly every part is clean, so the surface is looked at while the engine
        // works.
        let glance = OnceCell::new();
        let look = || Glance::at(subject, self.deadline);
        let mut findings = panel::ask(self, sample, &mut || {
            meanwhile();
            glance.get_or_init(look);
        });
        if !findings.convict() {
            let glance = glance.into_inner().unwrap_or_else(look);
            findings.0.extend(inside::examine(self, subject, sample, glance).0);
        }
        findings
    }

    /// Has the first engine that can clean the part do so, and believes it only if
    /// all engines then acquit the result and all that is inside it. `None` where
    /// there is nothing to be cleaned or no engine that can.
    fn disinfect(
        &self,
        findings: &Findings,
        subject: &Subject<'_>,
        sample: &Sample<'_>,
    ) -> Option<Result<Cleaned, String>> {
        if self.config.policy.disinfection == Disinfection::Skip || !findings.convict_surface() {
            return None;
        }
        let mut why = None;
        for engine in self.engines {
            let Some(claim) = engine.clean(sample, self.deadline) else { continue };
            match claim.and_then(|cleaned| self.acquit(subject, sample, cleaned)) {
                Ok(cleaned) => return Some(Ok(cleaned)),
                Err(error) => {
                    engine.not_cleaned(sample, &error, self.deadline);
                    why = Some(Err(format!("not cleaned by `{}`: {}", engine.name(), error.detail)));
                }
            }
        }
        why
    }

    /// `cleaned`, if the same line that convicted the part finds nothing in what
    /// is left of it. Nothing is remembered of that: it must be seen.
    fn acquit(
        &self,
        subject: &Subject<'_>,
        sample: &Sample<'_>,
        cleaned: Cleaned,
    ) -> Result<Cleaned, ScanError> {
        let input = &cleaned.input;
        let sample = Sample { file: &input.file, size: input.size, fingerprint: None, ..*sample };
        let findings = self.examine(&Subject { input, ..*subject }, &sample, &|| ());
        match findings.worst()? {
            Verdict::Clean => Ok(cleaned),
            Verdict::Infected(_) => Err(ScanError::new(ErrorKind::Failed, "still infected after cleaning")),
            Verdict::Unscannable(..) => {
                Err(ScanError::new(ErrorKind::Failed, "not scannable after cleaning"))
            }
        }
    }
}
