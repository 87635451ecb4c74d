//! The one log line about one part: JSON, written and read by this program.
//! Reading fails on a line that is not such a record.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// One engine's share of a record.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct EngineRecord {
    /// The engine's name in the configuration.
    pub name: String,
    /// Its version, where its answer told it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Which of its addresses answered, where it has several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// `clean`, `infected`, `unscannable` or `error`.
    pub verdict: String,
    /// Whether the engine was not asked, for its verdict was known.
    #[serde(default, skip_serializing_if = "is_false")]
    pub remembered: bool,
    /// What the finding was hidden in, where that is not the part itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inside: Option<String>,
    /// The name of what was hidden, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// How long it took.
    pub ms: f64,
}

/// The form of the line. It grows by one when a key changes its meaning or goes
/// away, not when one is added.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Form(u32);

impl Form {
    /// That of a line that does not tell it.
    fn untold() -> Self {
        Self(0)
    }
}

impl Default for Form {
    fn default() -> Self {
        Self(1)
    }
}

/// How long each step took, in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Steps {
    /// Start, safe answer, configuration.
    pub start: f64,
    /// All engines.
    pub scan: f64,
    /// Cleaning and the second scan.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub disinfect: f64,
    /// Decision and answer, up to the moment this line was made.
    pub reply: f64,
    /// All of it.
    pub total: f64,
}

/// Milliseconds with microseconds behind the point.
pub fn millis(took: Duration) -> f64 {
    f64::from(u32::try_from(took.as_micros()).unwrap_or(u32::MAX)) / 1000.0
}

fn is_false(value: &bool) -> bool {
    !value
}

fn is_zero(ms: &f64) -> bool {
    *ms == 0.0
}

/// What happened to one part. docs/log.md documents every key.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// The form of the line.
    #[serde(default = "Form::untold")]
    pub version: Form,
    /// Time of the answer, UTC, RFC 3339.
    pub time: String,
    /// Reference, also in the notice.
    pub reference: String,
    /// `clean`, `infected`, `unscannable` or `error`.
    pub verdict: String,
    /// What was asked of the MTA.
    pub action: String,
    /// False where the part is delivered although it was not proven clean.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scanned: Option<bool>,
    /// Threat names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub threats: Vec<String>,
    /// Why the part was not scanned, or what else went wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Something for the administrator to mend that did not change the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warning: Option<String>,
    /// Part number.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub part: String,
    /// File names, decoded and made printable.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<String>,
    /// MIME type.
    #[serde(default, rename = "type", skip_serializing_if = "String::is_empty")]
    pub mime_type: String,
    /// Bytes of `INPUT_FILE`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// SHA-256 of `INPUT_FILE`, lower-case hex.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// Channel that the message came from.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub from_channel: String,
    /// Channel that the message is bound for.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub to_channel: String,
    /// Conversion tags.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub tag: String,
    /// Message-ID of the message.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub message_id: String,
    /// Every engine that was asked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub engines: Vec<EngineRecord>,
    /// Milliseconds of each step.
    pub ms: Steps,
}

impl Record {
    /// The line, with its end.
    pub fn to_line(&self) -> String {
        // A record holds nothing that JSON cannot say: strings, numbers, lists.
        let mut line = serde_json::to_string(self).unwrap_or_default();
        line.push('\n');
        line
    }

    /// Adds a warning to those that are there.
    pub fn warn(&mut self, more: String) {
        self.warning = Some(match self.warning.take() {
            Some(known) => format!("{known}; {more}"),
            None => more,
        });
    }

    /// Reads a line back. Unknown keys are passed over, so that an older
    /// program reads a newer log.
    pub fn from_line(line: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_reads_back_as_it_was_written() {
        let record = Record {
            time: "2026-01-02T03:04:05.678Z".to_owned(),
            threats: vec!["A \"quoted\" \u{e9}".to_owned()],
            sha256: Some("00".repeat(32)),
            engines: vec![EngineRecord { name: "clamd".to_owned(), ms: 1.25, ..EngineRecord::default() }],
            ..Record::default()
        };
        let line = record.to_line();
        assert_eq!(line.matches('\n').count(), 1);
        assert_eq!(Record::from_line(&line).unwrap(), record);
        assert!(line.starts_with("{\"version\":1,"), "{line}");
    }

    #[test]
    fn a_line_from_before_forms_were_told_is_read() {
        let line = Record::default().to_line().replacen("\"version\":1,", "", 1);
        let read = Record::from_line(&line).unwrap();
        assert_eq!(read, Record { version: Form(0), ..Record::default() });
    }

    #[test]
    fn unknown_keys_are_passed_over_and_garbage_is_not() {
        let line = Record::default().to_line().replacen('{', "{\"later\":1,", 1);
        assert_eq!(Record::from_line(&line).unwrap(), Record::default());
        assert!(Record::from_line("not json").is_err());
        assert!(Record::from_line("{\"time\":\"x\"").is_err());
    }
}
