//! What the manuals leave open about the conversion channel, as switches with
//! defaults. Setting one fails on an unknown name or value.
//!
//! A default is the reading that loses nothing and passes nothing; where both
//! values do that, the one for which the manuals give a hint. Sources: 6.3
//! Administration Guide, 13.5.3; PMDF System Manager's Guide, 22.1.4.

use crate::diagnostic::nearest;

/// A non-zero exit or a signal: "failed", says PMDF's manual, and no more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Failure {
    /// The message is tried again later.
    #[default]
    Retry,
    /// The part goes on as it came.
    Unchanged,
    /// The message is held.
    Hold,
    /// The message goes back to its sender.
    Bounce,
}

impl Failure {
    const NAMES: [(Self, &'static str); 4] = [
        (Self::Retry, "retry"),
        (Self::Unchanged, "unchanged"),
        (Self::Hold, "hold"),
        (Self::Bounce, "bounce"),
    ];
}

/// `OUTPUT_OPTIONS` of a command that failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OptionsAfterFailure {
    /// They are not looked at.
    #[default]
    Ignored,
    /// They count as if it had not failed.
    Read,
}

impl OptionsAfterFailure {
    const NAMES: [(Self, &'static str); 2] = [(Self::Ignored, "ignored"), (Self::Read, "read")];
}

/// No `OUTPUT_FILE`, and no directive either.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MissingOutput {
    /// The message is tried again later.
    #[default]
    Retry,
    /// The part goes on as it came.
    Unchanged,
    /// The part becomes empty.
    Empty,
}

impl MissingOutput {
    const NAMES: [(Self, &'static str); 3] =
        [(Self::Retry, "retry"), (Self::Unchanged, "unchanged"), (Self::Empty, "empty")];
}

/// An `OUTPUT_FILE` of no bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EmptyOutput {
    /// The part becomes empty.
    #[default]
    Empty,
    /// The part goes on as it came.
    Unchanged,
}

impl EmptyOutput {
    const NAMES: [(Self, &'static str); 2] = [(Self::Empty, "empty"), (Self::Unchanged, "unchanged")];
}

/// A `STATUS` that the server does not know; for servers before 6.3 that is
/// `PMDF__AGN`, too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UnknownStatus {
    /// The command counts as failed.
    #[default]
    Failed,
    /// It is passed over.
    Ignored,
}

impl UnknownStatus {
    const NAMES: [(Self, &'static str); 2] = [(Self::Failed, "failed"), (Self::Ignored, "ignored")];
}

/// Whether the server knows `PMDF__AGN`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Again {
    /// 6.3 and later.
    #[default]
    Known,
    /// Before, and PMDF.
    Unknown,
}

impl Again {
    const NAMES: [(Self, &'static str); 2] = [(Self::Known, "known"), (Self::Unknown, "unknown")];
}

/// What `INPUT_FILE` holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum InputForm {
    /// The part without its transfer encoding.
    #[default]
    Decoded,
    /// The part as it stands in the message.
    Encoded,
}

impl InputForm {
    const NAMES: [(Self, &'static str); 2] = [(Self::Decoded, "decoded"), (Self::Encoded, "encoded")];
}

/// What `INPUT_HEADERS` holds for a part of a multipart; the manuals of one
/// vendor differ.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum InputHeaders {
    /// The header of the part.
    #[default]
    Part,
    /// The header of the message around it.
    Message,
}

impl InputHeaders {
    const NAMES: [(Self, &'static str); 2] = [(Self::Part, "part"), (Self::Message, "message")];
}

/// What `parameter-symbol-N` stands for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Symbols {
    /// The parameter with the symbol's name (6.3, English).
    #[default]
    ByName,
    /// The N-th parameter (2005Q4; 6.3, Japanese).
    ByPosition,
}

impl Symbols {
    const NAMES: [(Self, &'static str); 2] = [(Self::ByName, "by-name"), (Self::ByPosition, "by-position")];
}

/// Which wins where `OUTPUT_HEADERS` and `OUTPUT_OPTIONS` differ.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Precedence {
    /// The options.
    #[default]
    Options,
    /// The headers.
    Headers,
}

impl Precedence {
    const NAMES: [(Self, &'static str); 2] = [(Self::Options, "options"), (Self::Headers, "headers")];
}

/// One reading of the manuals.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// `failure`
    pub failure: Failure,
    /// `options-after-failure`
    pub options_after_failure: OptionsAfterFailure,
    /// `missing-output`
    pub missing_output: MissingOutput,
    /// `empty-output`
    pub empty_output: EmptyOutput,
    /// `unknown-status`
    pub unknown_status: UnknownStatus,
    /// `again`
    pub again: Again,
    /// `input`
    pub input: InputForm,
    /// `input-headers`
    pub input_headers: InputHeaders,
    /// `symbols`
    pub symbols: Symbols,
    /// `precedence`
    pub precedence: Precedence,
}

/// Every switch with its values, the default first.
pub const SWITCHES: [(&str, &[&str]); 10] = [
    ("failure", &["retry", "unchanged", "hold", "bounce"]),
    ("options-after-failure", &["ignored", "read"]),
    ("missing-output", &["retry", "unchanged", "empty"]),
    ("empty-output", &["empty", "unchanged"]),
    ("unknown-status", &["failed", "ignored"]),
    ("again", &["known", "unknown"]),
    ("input", &["decoded", "encoded"]),
    ("input-headers", &["part", "message"]),
    ("symbols", &["by-name", "by-position"]),
    ("precedence", &["options", "headers"]),
];

impl Reading {
    /// Sets a switch as `name=value` says.
    pub fn set(&mut self, setting: &str) -> Result<(), String> {
        let (name, value) = setting.split_once('=').ok_or("write it as `name=value`")?;
        let Some((_, values)) = SWITCHES.iter().find(|(known, _)| *known == name) else {
            return Err(unknown("switch", name, &SWITCHES.map(|(name, _)| name)));
        };
        self.apply(name, value).ok_or_else(|| unknown("value", value, values))
    }

    /// `None` where there is no such switch or value.
    fn apply(&mut self, name: &str, value: &str) -> Option<()> {
        match name {
            "failure" => self.failure = pick(&Failure::NAMES, value)?,
            "options-after-failure" => self.options_after_failure = pick(&OptionsAfterFailure::NAMES, value)?,
            "missing-output" => self.missing_output = pick(&MissingOutput::NAMES, value)?,
            "empty-output" => self.empty_output = pick(&EmptyOutput::NAMES, value)?,
            "unknown-status" => self.unknown_status = pick(&UnknownStatus::NAMES, value)?,
            "again" => self.again = pick(&Again::NAMES, value)?,
            "input" => self.input = pick(&InputForm::NAMES, value)?,
            "input-headers" => self.input_headers = pick(&InputHeaders::NAMES, value)?,
            "symbols" => self.symbols = pick(&Symbols::NAMES, value)?,
            "precedence" => self.precedence = pick(&Precedence::NAMES, value)?,
            _ => return None,
        }
        Some(())
    }

    /// Every combination of all values, the default first.
    pub fn all() -> Vec<Self> {
        let mut readings = vec![Self::default()];
        for (name, values) in SWITCHES {
            let one = |reading: &Self, value: &str| {
                let mut reading = *reading;
                // The table holds what `apply` knows; a test holds that.
                let _ = reading.apply(name, value);
                reading
            };
            readings = values
                .iter()
                .flat_map(|value| {
                    readings.iter().map(move |r| (r, value)).map(|(r, v)| one(r, v)).collect::<Vec<_>>()
                })
                .collect();
        }
        readings
    }

    /// The settings that differ from the default.
    pub fn settings(&self) -> Vec<String> {
        SWITCHES
            .iter()
            .flat_map(|(name, values)| values.iter().skip(1).map(move |value| (name, value)))
            .filter(|(name, value)| {
                let mut other = *self;
                other.apply(name, value).is_some() && other == *self
            })
            .map(|(name, value)| format!("{name}={value}"))
            .collect()
    }

    /// How a command runs under this reading; what differs in nothing else
    /// needs no run of its own.
    pub fn run(&self) -> (InputForm, InputHeaders, Symbols) {
        (self.input, self.input_headers, self.symbols)
    }
}

fn pick<T: Copy>(names: &[(T, &str)], wanted: &str) -> Option<T> {
    names.iter().find(|(_, name)| *name == wanted).map(|(value, _)| *value)
}

fn unknown(what: &str, word: &str, known: &[&str]) -> String {
    let shown = crate::text::printable_str(word, 40);
    match nearest(word, known.iter().copied()) {
        Some(near) => format!("unknown {what} `{shown}`; did you mean `{near}`?"),
        None => format!("unknown {what} `{shown}`; choose one of {}", known.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_readings_are_different_and_the_default_comes_first() {
        let all = Reading::all();
        assert_eq!(all.len(), 4 * 2 * 3 * 2 * 2 * 2 * 2 * 2 * 2 * 2);
        assert_eq!(all[0], Reading::default());
        for (i, one) in all.iter().enumerate() {
            assert!(!all[..i].contains(one));
        }
    }

    #[test]
    fn settings_say_what_was_set() {
        let mut reading = Reading::default();
        assert!(reading.settings().is_empty());
        for setting in ["failure=bounce", "symbols=by-position"] {
            reading.set(setting).unwrap();
        }
        assert_eq!(reading.settings(), ["failure=bounce", "symbols=by-position"]);
        reading.set("failure=retry").unwrap();
        assert_eq!(reading.settings(), ["symbols=by-position"]);
    }

    #[test]
    fn a_wrong_setting_is_refused_with_a_hint() {
        let mut reading = Reading::default();
        assert!(reading.set("failure").is_err());
        assert_eq!(
            reading.set("failur=hold").unwrap_err(),
            "unknown switch `failur`; did you mean `failure`?"
        );
        assert_eq!(
            reading.set("again=maybe").unwrap_err(),
            "unknown value `maybe`; choose one of known, unknown"
        );
    }
}
