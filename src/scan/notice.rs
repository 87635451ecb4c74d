//! The text of the notice about one part. Cannot fail: with a faulty template
//! the built-in one is used.

use super::{Evidence, hints};
use crate::config::Config;
use crate::diagnostic::Diagnostic;
use crate::mta::header;
use crate::notice::{Field, Kind, LARGEST, Template};
use crate::os::{clock, files};
use crate::policy::Action;
use crate::verdict::{ScanError, Threat, Verdict};

/// A notice, and what is wrong with the administrator's template for it.
pub(super) struct Notice {
    pub(super) text: String,
    pub(super) warning: Option<String>,
}

/// Words the notice.
pub(super) fn notice(
    config: &Config,
    evidence: &Evidence<'_>,
    worst: &Result<Verdict, ScanError>,
    action: Action,
    reference: &str,
) -> Notice {
    let (template, warning) = template(config, worst);
    let block = hints::message_header(evidence.part);
    let unknown = |text: String| if text.is_empty() { "(unknown)".to_owned() } else { text };
    let text = template.render(|field| match field {
        Field::Finding => finding(worst),
        Field::Name => unknown(evidence.names.join(", ")),
        Field::Type => unknown(evidence.part.mime_type.clone()),
        Field::Size => unknown(evidence.input.map_or(String::new(), |input| input.size.to_string())),
        Field::Action => action_words(action).to_owned(),
        Field::Date => clock::local(),
        Field::From => unknown(header::decoded(&block, "from")),
        Field::Subject => unknown(header::decoded(&block, "subject")),
        Field::Reference => reference.to_owned(),
        Field::Engine => evidence.findings.0.iter().map(|f| f.engine.as_str()).collect::<Vec<_>>().join(", "),
    });
    Notice { text, warning }
}

/// What was found, for a reader who is no administrator.
fn finding(worst: &Result<Verdict, ScanError>) -> String {
    match worst {
        Ok(Verdict::Clean) => String::new(),
        Ok(Verdict::Infected(threats)) => {
            threats.iter().map(Threat::to_string).collect::<Vec<_>>().join(", ")
        }
        Ok(Verdict::Unscannable(reason)) => reason.words().to_owned(),
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
        Ok(Verdict::Clean | Verdict::Unscannable(_)) | Err(_) => {
            (Kind::NotScanned, &config.notice.not_scanned)
        }
    };
    let Some(path) = file else { return (Template::built_in(kind), None) };
    let shown = path.to_string_lossy();
    let own = files::read_text(path, LARGEST).map_err(|error| format!("{shown}: {error}")).and_then(|text| {
        Template::parse(&shown, &text)
            .map_err(|faults| faults.first().map(Diagnostic::one_line).unwrap_or_default())
    });
    match own {
        Ok(template) => (template, None),
        Err(fault) => (Template::built_in(kind), Some(format!("built-in notice used: {fault}"))),
    }
}
