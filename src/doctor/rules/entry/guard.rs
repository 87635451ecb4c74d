//! Rules about what our entries do where convscan gives no answer: it was killed, or
//! could not be started. Cannot fail.

use crate::diagnostic::Severity;
use crate::doctor::complaint::Complaint;
use crate::doctor::rule::{Check, Rule};
use crate::doctor::setup::{Own, Setup};
use crate::doctor::view::command::{Guard, Status, Target, When, Write};
use crate::doctor::view::entry::Ours;
use crate::snippets;
use crate::status::{self, Directive, Effect, Release};
use crate::text;

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "no-guard",
        severity: Severity::Warning,
        what: "an entry says nothing in the place of a convscan that was killed or could not be started",
        why: "what a failed command means for the part no manual says: it may be delivered unscanned",
        source: "PMDF 6.8 System Manager's Guide, 22.1.4",
        cure: "let the entry write a status that makes the mail wait, as `convscan snippets conversions` shows it",
        check: Check::Setup(no_guard),
    },
    Rule {
        id: "status-unknown",
        severity: Severity::Error,
        what: "the guard of an entry writes a status that the server does not know, or not where it reads it",
        why: "the server does not hear it: what becomes of the part when convscan is killed is left to chance",
        source: "6.3 Administration Guide, 13.5.4; 6 2005Q4 Administration Guide; PMDF 6.8 System Manager's Guide, \
                 22.1.4; MS Technical Reference, \"Conversion script exit statuses\"",
        cure: "write the number of a directive that this release knows, in decimals, to $OUTPUT_OPTIONS",
        check: Check::Setup(status_unknown),
    },
    Rule {
        id: "guard-always",
        severity: Severity::Error,
        what: "the guard of an entry speaks when convscan has given its answer, too",
        why: "the last status counts: every part is deferred or held, whatever convscan found",
        source: "PMDF 6.8 System Manager's Guide, 22.1.4; POSIX.1, Shell Command Language, 2.9.3",
        cure: "put `||` between convscan and the guard: it then runs only where convscan failed",
        check: Check::Setup(guard_always),
    },
    Rule {
        id: "guard-answer",
        severity: Severity::Error,
        what: "the guard of an entry does not let the mail wait",
        why: "when convscan is killed nobody has scanned the part: mail that is passed on then may be a virus, and mail \
              that is thrown away is lost",
        source: "MS Technical Reference, \"Conversion script exit statuses\"; 6.3 Administration Guide, 13.5.4",
        cure: "let it be tried again later, or held where the release does not know that",
        check: Check::Setup(guard_answer),
    },
];

/// The release of the server, as far as our configuration tells it.
#[derive(Clone, Copy, Debug)]
struct Known {
    stated: Option<Release>,
    /// What convscan takes for granted, if there is a configuration.
    granted: Option<Release>,
}

impl Known {
    fn of(setup: &Setup) -> Self {
        let own = setup.own.as_ref();
        let stated = own.and_then(Own::stated_release).map(|stated| stated.release);
        Self { stated, granted: own.map(|own| own.config.release()) }
    }

    /// What the configuration states counts; else what the entry does.
    fn release(self, ours: &Ours<'_>) -> Option<Release> {
        let granted = self.granted.filter(|_| ours.call.release.is_none());
        self.stated.or_else(|| ours.release()).or(granted)
    }
}

fn no_guard(setup: &Setup) -> Vec<Complaint<'_>> {
    let known = Known::of(setup);
    let bare = setup.our_entries().into_iter().filter_map(|ours| {
        let complaint = Complaint::at(
            ours.at(ours.call.program.span.clone()),
            "nothing stands in for a convscan that was killed",
        );
        match ours.call.guard {
            Guard::Missing => {
                let guard = format!(" || {}", snippets::guard(known.release(&ours).unwrap_or_default()));
                Some(complaint.mend(ours.with(ours.call.end..ours.call.end, &guard)))
            }
            Guard::Unguarded => Some(complaint),
            Guard::Writes(_) | Guard::Unknown => None,
        }
    });
    bare.collect()
}

/// Our entries whose guard writes a status.
fn guarded(setup: &Setup) -> Vec<(Ours<'_>, Write)> {
    let writing = setup.our_entries().into_iter().filter_map(|ours| match ours.call.guard.clone() {
        Guard::Writes(write) => Some((ours, write)),
        Guard::Missing | Guard::Unguarded | Guard::Unknown => None,
    });
    writing.collect()
}

fn status_unknown(setup: &Setup) -> Vec<Complaint<'_>> {
    let known = Known::of(setup);
    let mut complaints = Vec::new();
    for (ours, write) in guarded(setup) {
        complaints.extend(unknown_number(&ours, &write, known.release(&ours)));
        complaints.extend(unread(&ours, &write));
    }
    complaints
}

/// A number that is no directive, or none of this release.
fn unknown_number<'s>(ours: &Ours<'s>, write: &Write, release: Option<Release>) -> Option<Complaint<'s>> {
    let message = match write.status {
        Status::Unknown => return None,
        Status::Odd => "no number in decimals behind `STATUS=`".to_owned(),
        Status::Number(number) => match Directive::of(number) {
            None => format!("no directive of the server: `{number}`"),
            Some(directive) if release.is_some_and(|release| !directive.is_known_to(release)) => {
                format!("this release does not know `{number}`, {}", directive.name)
            }
            Some(_) => return None,
        },
    };
    let complaint = Complaint::at(ours.at(write.span.clone()), message);
    Some(match (write.status, release) {
        (Status::Number(_), Some(release)) => {
            complaint.mend(ours.with(write.span.clone(), &waiting(release)))
        }
        (Status::Number(_) | Status::Odd | Status::Unknown, _) => complaint,
    })
}

/// The number that makes mail wait.
fn waiting(release: Release) -> String {
    status::Status::Again.known_to(release).code().to_string()
}

/// A status that the channel does not read.
fn unread<'s>(ours: &Ours<'s>, write: &Write) -> Option<Complaint<'s>> {
    match &write.target {
        Target::Options | Target::Unknown => None,
        Target::Nowhere => {
            let complaint =
                Complaint::at(ours.at(write.span.clone()), "the status is not written to $OUTPUT_OPTIONS");
            Some(complaint.mend(ours.with(write.end..write.end, " > $OUTPUT_OPTIONS")))
        }
        Target::Elsewhere(word) => {
            let shown = text::printable_str(&word.text, text::SHOWN);
            let complaint =
                Complaint::at(ours.at(word.span.clone()), format!("the status goes to `{shown}`"));
            let is_file = !word.text.starts_with('&');
            Some(complaint.mend(is_file.then(|| ours.with(word.span.clone(), "$OUTPUT_OPTIONS"))))
        }
    }
}

/// A guard that speaks where convscan has spoken, and over it.
fn guard_always(setup: &Setup) -> Vec<Complaint<'_>> {
    let wrong = guarded(setup).into_iter().filter_map(|(ours, write)| {
        let message = match write.when {
            When::Else => return None,
            When::Answered => "this is done when convscan has answered, and not when it was killed",
            When::Always => "this is done whatever convscan has answered",
        };
        let between = ours.call.end..write.start;
        let complaint = Complaint::at(ours.at(between.clone()), message);
        Some(complaint.mend(ours.with(between, " || ")))
    });
    wrong.collect()
}

fn guard_answer(setup: &Setup) -> Vec<Complaint<'_>> {
    let known = Known::of(setup);
    let wrong = guarded(setup).into_iter().filter_map(|(ours, write)| {
        let Status::Number(number) = write.status else { return None };
        let directive = Directive::of(number)?;
        let (severity, what) = match directive.effect {
            Effect::Waits | Effect::Held => return None,
            Effect::GoesOn | Effect::AsIs => (Severity::Error, "mail goes on unscanned"),
            Effect::Deleted | Effect::Discarded => (Severity::Error, "mail is thrown away"),
            Effect::GoesBack => (Severity::Warning, "mail goes back to whoever is said to have sent it"),
            Effect::Postmaster => (Severity::Warning, "mail goes to the postmaster alone"),
        };
        let release = known.release(&ours);
        let message = format!("when convscan is killed {what}: `{number}`, {}", directive.name);
        let complaint = Complaint::at(ours.at(write.span.clone()), message).severity(severity);
        // What the release does not know another rule mends.
        let known = release.filter(|release| directive.is_known_to(*release));
        Some(complaint.mend(known.map(|release| ours.with(write.span.clone(), &waiting(release)))))
    });
    wrong.collect()
}
