//! The text of the notice about one part. Cannot fail: with a faulty template
//! the built-in one is used.

use std::cell::{Cell, LazyCell};
use std::io;

use super::evidence::Evidence;
use super::{OURSELVES, hints};
use crate::config::Config;
use crate::diagnostic::Diagnostic;
use crate::mail::field;
use crate::notice::{Field, Kind, LARGEST, Template};
use crate::os::writers::{self, Exposure, Writers};
use crate::os::{clock, files};
use crate::policy::{Action, Judgement};
use crate::verdict::{ScanError, Threat, Verdict};

/// Longest notice. A template of that length may name a field thousands of times.
const LONGEST: usize = 64 * 1024;

const CUT: &str = "[This notice is too long; the rest is left out.]\n";

/// A notice, and what is wrong with the administrator's template for it.
pub(super) struct Notice {
    pub(super) text: String,
    pub(super) warning: Option<String>,
}

/// Words the notice.
pub(super) fn notice(
    config: &Config,
    evidence: &Evidence<'_>,
    judgement: &Judgement,
    reference: &str,
) -> Notice {
    let Judgement { worst, action, delivery: _ } = judgement;
    let (template, warning) = template(config, worst);
    let unknown = |text: String| if text.is_empty() { "(unknown)".to_owned() } else { text };
    // A template may name a field any number of times; what costs something is
    // found out once.
    let block = evidence.headers.message();
    let from = LazyCell::new(|| unknown(field::decoded(block, "from")));
    let subject = LazyCell::new(|| unknown(field::decoded(block, "subject")));
    let names = LazyCell::new(|| unknown(hints::shown(evidence.names).join(", ")));
    let date = LazyCell::new(clock::local);
    let room = Cell::new(LONGEST);
    let text = template.render(|field| {
        if room.get() == 0 {
            return String::new();
        }
        let value = match field {
            Field::Finding => finding(worst),
            Field::Name => names.clone(),
            Field::Type => unknown(evidence.part.mime_type.clone()),
            Field::Size => unknown(evidence.input.map_or(String::new(), |input| input.size.to_string())),
            Field::Action => action_words(*action).to_owned(),
            Field::Date => date.clone(),
            Field::From => from.clone(),
            Field::Subject => subject.clone(),
            Field::Reference => reference.to_owned(),
            Field::Engine => {
                let asked = evidence.findings.0.iter().map(|finding| finding.engine.as_str());
                asked.filter(|name| *name != OURSELVES).collect::<Vec<_>>().join(", ")
            }
        };
        room.set(room.get().saturating_sub(value.len()));
        value
    });
    let text = bounded(text);
    Notice { text, warning }
}

/// `text` cut after a whole line, or inside a very long one.
fn bounded(mut text: String) -> String {
    if text.len() <= LONGEST {
        return text;
    }
    // Room for a line end and the line that says so.
    let mut end = LONGEST - CUT.len() - 1;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.truncate(end);
    match text.rfind('\n') {
        Some(end) => text.truncate(end + 1),
        None => text.push('\n'),
    }
    text + CUT
}

/// What was found, for a reader who is no administrator.
fn finding(worst: &Result<Verdict, ScanError>) -> String {
    match worst {
        Ok(Verdict::Clean) => String::new(),
        Ok(Verdict::Infected(threats)) => {
            threats.iter().map(Threat::to_string).collect::<Vec<_>>().join(", ")
        }
        Ok(Verdict::Unscannable(reason, _)) => reason.words().to_owned(),
        Err(_) => "the virus scanner gave no answer".to_owned(),
    }
}

fn action_words(action: Action) -> &'static str {
    match action {
        Action::Pass => "delivered",
        Action::Disinfect => "cleaned",
        Action::Replace => "replaced by this notice",
        Action::Delete => "deleted",
        Action::Hold => "held for the mail administrator",
        Action::Discard => "discarded",
        Action::Defer => "deferred",
    }
}

/// The administrator's template, or the built-in one where that is missing or
/// wrong, with what is wrong: a notice in other words is better than none.
fn template(config: &Config, worst: &Result<Verdict, ScanError>) -> (Template, Option<String>) {
    let (kind, file) = match worst {
        Ok(Verdict::Infected(_)) => (Kind::Infected, &config.notice.infected),
        Ok(Verdict::Clean | Verdict::Unscannable(..)) | Err(_) => {
            (Kind::NotScanned, &config.notice.not_scanned)
        }
    };
    let Some(path) = file else { return (Template::built_in(kind), None) };
    let shown = path.to_string_lossy();
    let failed = |error: io::Error| format!("{shown}: {error}");
    let own = files::read_text(path, LARGEST).map_err(failed).and_then(|text| {
        let warning = warning(writers::exposure(path, writers::ourselves()).map_err(failed)?)?;
        let template = Template::parse(&shown, &text)
            .map_err(|faults| faults.first().map(Diagnostic::one_line).unwrap_or_default())?;
        Ok((template, warning))
    });
    match own {
        Ok(own) => own,
        Err(fault) => (Template::built_in(kind), Some(format!("built-in notice used: {fault}"))),
    }
}

/// What is to be mended about a template that may be used. Words of somebody else must
/// not come to the recipient in our name.
fn warning(exposure: Option<Exposure>) -> Result<Option<String>, String> {
    let Some(exposure) = exposure else { return Ok(None) };
    let why = exposure.of("the template");
    match exposure.writers {
        Writers::Everybody | Writers::Owner(_) => Err(why),
        Writers::Group => Ok(Some(why)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_notice_is_cut_and_says_so() {
        assert_eq!(bounded("short\n".to_owned()), "short\n");
        let fits = "x".repeat(LONGEST - 1) + "\n";
        assert_eq!(bounded(fits.clone()), fits);
        for long in ["\u{e9}".repeat(LONGEST), "\u{e9}line\n".repeat(LONGEST)] {
            let cut = bounded(long);
            assert!(cut.len() <= LONGEST && cut.ends_with(&format!("\n{CUT}")), "{}", cut.len());
        }
    }
}
