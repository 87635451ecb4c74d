//! What a command left behind for one part, and what the channel makes of it.
//!
//! Where the manuals are silent a [`Reading`] decides. Options or headers that
//! cannot be read defer the message under every reading: they are a fault of
//! the command that an administrator must see.

use super::reading::{
    Again, EmptyOutput, Failure, MissingOutput, OptionsAfterFailure, Precedence, Reading, UnknownStatus,
};
use crate::mail::message::{ByEntry, Change, Options, Replacement, is_named, name_length};
use crate::mta::conversions::Output;
use crate::status::{Directive, Effect, Status};

/// Longest options or header file that is read. Real ones have a few lines.
const LONGEST: usize = 1 << 20;

/// How the command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// By itself, with this exit code.
    Exited(i32),
    /// By a signal.
    Killed,
    /// By us, when its time was over.
    TimedOut,
}

/// What the command left behind; an absent file is `None`.
#[derive(Clone, Debug)]
pub struct Answer {
    /// How it ended.
    pub ending: Ending,
    /// `OUTPUT_FILE`.
    pub body: Option<Vec<u8>>,
    /// `OUTPUT_HEADERS`.
    pub headers: Option<Vec<u8>>,
    /// `OUTPUT_OPTIONS`.
    pub options: Option<Vec<u8>>,
}

/// What becomes of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It goes on.
    Delivered,
    /// It is put aside as a `.HELD` file.
    Held,
    /// It vanishes.
    Discarded,
    /// It goes back to its sender, or to the postmaster.
    Returned,
    /// It stays in the queue and is tried again.
    Deferred,
}

/// What the channel does after one part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// The part stays as it is.
    Keep,
    /// The part changes.
    Change(Change),
    /// The message goes on as it came; no further part is looked at.
    AsIs,
    /// The message does not go on; no further part is looked at.
    Stop(Outcome),
}

/// What an entry of the conversions file does to the header of what is
/// delivered. Options and `OUTPUT_HEADERS` override it, as the names of
/// `override-*-file` say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dressing {
    /// `out-type`, `out-subtype` and so on, by their names.
    pub fields: Vec<(Output, Vec<u8>)>,
    /// `parameter-copy-N` and `out-parameter-*-N`.
    pub parameters: ByEntry,
}

#[derive(Debug, PartialEq, Eq)]
struct Unreadable;

const LATER: Step = Step::Stop(Outcome::Deferred);

#[cfg(any(test, feature = "testing"))]
/// What follows, under `reading`, from `answer` about a part whose content was
/// `input`, for an entry that copies all parameters and says no more.
pub fn outcome(answer: Answer, input: &[u8], reading: &Reading) -> Step {
    dressed_outcome(answer, input, reading, &Dressing { fields: Vec::new(), parameters: ByEntry::default() })
}

/// The same for an entry that says more about the header.
pub fn dressed_outcome(answer: Answer, input: &[u8], reading: &Reading, dressing: &Dressing) -> Step {
    let failed = answer.ending != Ending::Exited(0);
    if failed && reading.options_after_failure == OptionsAfterFailure::Ignored {
        return after_failure(reading);
    }
    let Ok((options, status)) = options(answer.options.as_deref().unwrap_or_default()) else {
        return LATER;
    };
    match effect(status, reading) {
        None => after_failure(reading),
        Some(Effect::GoesBack | Effect::Postmaster) => Step::Stop(Outcome::Returned),
        Some(Effect::Held) => Step::Stop(Outcome::Held),
        Some(Effect::Discarded) => Step::Stop(Outcome::Discarded),
        Some(Effect::Waits) => LATER,
        Some(Effect::AsIs) => Step::AsIs,
        Some(Effect::Deleted) => Step::Change(Change::Delete),
        Some(Effect::GoesOn) if failed => after_failure(reading),
        Some(Effect::GoesOn) => delivered(answer, options, input, reading, dressing),
    }
}

/// What `status` makes of the part; `None` where it makes the command fail.
fn effect(status: Option<u32>, reading: &Reading) -> Option<Effect> {
    let Some(code) = status else { return Some(Effect::GoesOn) };
    let is_known = code != Status::Again.code() || reading.again == Again::Known;
    match (Directive::of(code).filter(|_| is_known), reading.unknown_status) {
        (Some(directive), _) => Some(directive.effect),
        (None, UnknownStatus::Failed) => None,
        (None, UnknownStatus::Ignored) => Some(Effect::GoesOn),
    }
}

fn after_failure(reading: &Reading) -> Step {
    match reading.failure {
        Failure::Retry => LATER,
        Failure::Unchanged => Step::Keep,
        Failure::Hold => Step::Stop(Outcome::Held),
        Failure::Bounce => Step::Stop(Outcome::Returned),
    }
}

/// What becomes of a part that the command did not say anything else about.
fn delivered(
    answer: Answer,
    mut options: Options,
    input: &[u8],
    reading: &Reading,
    dressing: &Dressing,
) -> Step {
    let Ok(fields) = fields(answer.headers.as_deref().unwrap_or_default()) else {
        return LATER;
    };
    if reading.precedence == Precedence::Headers {
        let has = |name: &str| fields.iter().any(|field| is_named(field, name));
        options.main_type = options.main_type.filter(|_| !has("Content-Type"));
        options.subtype = options.subtype.filter(|_| !has("Content-Type"));
        options.disposition = options.disposition.filter(|_| !has("Content-Disposition"));
        options.description = options.description.filter(|_| !has("Content-Description"));
    }
    let has_type = fields.iter().any(|field| is_named(field, "Content-Type"));
    for (output, value) in &dressing.fields {
        // Headers that the command gave say all there is to say of the type.
        match output {
            Output::Type if !has_type => options.main_type.get_or_insert(value.clone()),
            Output::Subtype if !has_type => options.subtype.get_or_insert(value.clone()),
            Output::Disposition => options.disposition.get_or_insert(value.clone()),
            Output::Description => options.description.get_or_insert(value.clone()),
            Output::Mode => options.mode.get_or_insert(value.clone()),
            Output::Encoding => options.encoding.get_or_insert(value.clone()),
            Output::Type | Output::Subtype | Output::A1Type | Output::A1Format => continue,
        };
    }
    let body = match (answer.body, reading.missing_output, reading.empty_output) {
        (None, MissingOutput::Retry, _) => return LATER,
        (None, MissingOutput::Unchanged, _) => input.to_vec(),
        (None, MissingOutput::Empty, _) => Vec::new(),
        (Some(body), _, EmptyOutput::Unchanged) if body.is_empty() => input.to_vec(),
        (Some(body), _, EmptyOutput::Empty | EmptyOutput::Unchanged) => body,
    };
    replaced(body, fields, options, dressing.parameters.clone(), input)
}

/// The number that `answer` gives as `STATUS`.
pub fn status(answer: &Answer) -> Option<u32> {
    options(answer.options.as_deref()?).ok()?.1
}

fn replaced(
    body: Vec<u8>,
    fields: Vec<Vec<u8>>,
    options: Options,
    parameters: ByEntry,
    input: &[u8],
) -> Step {
    let content = (body != input).then_some(body);
    let replacement = Replacement { content, fields, options, parameters };
    if replacement == Replacement::default() {
        return Step::Keep;
    }
    Step::Change(Change::Replace(Box::new(replacement)))
}

/// Reads `NAME=value` lines, the value bare or in quotes. `!` begins a comment,
/// as in the MTA's own option files. An unknown name is passed over; one that
/// is no name at all, as behind a byte order mark, could be a lost STATUS.
fn options(text: &[u8]) -> Result<(Options, Option<u32>), Unreadable> {
    let mut options = Options::default();
    let mut status: Option<u32> = None;
    if text.len() > LONGEST {
        return Err(Unreadable);
    }
    for line in text.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii) {
        if line.is_empty() || line.starts_with(b"!") {
            continue;
        }
        let equals = line.iter().position(|byte| *byte == b'=').ok_or(Unreadable)?;
        let (name, value) = line.split_at(equals);
        let value = unquoted(value.get(1..).unwrap_or_default().trim_ascii());
        if value.iter().any(u8::is_ascii_control) {
            return Err(Unreadable);
        }
        let name = name.trim_ascii().to_ascii_uppercase();
        if !token(&name) {
            return Err(Unreadable);
        }
        let slot = match name.as_slice() {
            b"STATUS" => {
                let code = number(value)?;
                // No manual tells which of two directives counts.
                if status.replace(code).is_some_and(|before| before != code) {
                    return Err(Unreadable);
                }
                continue;
            }
            b"OUTPUT_TYPE" => &mut options.main_type,
            b"OUTPUT_SUBTYPE" => &mut options.subtype,
            b"OUTPUT_DESCRIPTION" => &mut options.description,
            b"OUTPUT_DISPOSITION" => &mut options.disposition,
            b"OUTPUT_MODE" => &mut options.mode,
            b"OUTPUT_ENCODING" => &mut options.encoding,
            _ => continue,
        };
        *slot = Some(value.to_vec());
    }
    let is_token = |value: &Option<Vec<u8>>| value.as_deref().is_none_or(token);
    if is_token(&options.main_type) && is_token(&options.subtype) {
        Ok((options, status))
    } else {
        Err(Unreadable)
    }
}

/// Reads header fields up to an empty line, with continuation lines.
fn fields(text: &[u8]) -> Result<Vec<Vec<u8>>, Unreadable> {
    let mut fields: Vec<Vec<u8>> = Vec::new();
    if text.len() > LONGEST || text.contains(&0) {
        return Err(Unreadable);
    }
    for line in text.split(|byte| *byte == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.is_empty() {
            break;
        }
        match fields.last_mut() {
            Some(field) if line.starts_with(b" ") || line.starts_with(b"\t") => {
                field.push(b'\n');
                field.extend_from_slice(line);
            }
            // A name that begins like a delimiter line would cut the message there.
            _ if name_length(line).is_some() && !line.starts_with(b"--") => fields.push(line.to_vec()),
            _ => return Err(Unreadable),
        }
    }
    Ok(fields)
}

fn number(value: &[u8]) -> Result<u32, Unreadable> {
    if !value.iter().all(u8::is_ascii_digit) {
        return Err(Unreadable);
    }
    str::from_utf8(value).ok().and_then(|value| value.parse().ok()).ok_or(Unreadable)
}

/// RFC 2045, 5.1.
fn token(value: &[u8]) -> bool {
    !value.is_empty()
        && value.iter().all(|byte| byte.is_ascii_graphic() && !b"()<>@,;:\\\"/[]?=".contains(byte))
}

fn unquoted(value: &[u8]) -> &[u8] {
    match value {
        [b'"', inner @ .., b'"'] | [b'\'', inner @ .., b'\''] => inner,
        _ => value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(options: &str) -> Answer {
        Answer {
            ending: Ending::Exited(0),
            body: Some(b"same".to_vec()),
            headers: None,
            options: Some(options.as_bytes().to_vec()),
        }
    }

    #[test]
    fn every_status_has_its_step() {
        let table = [
            ("", Step::Keep),
            ("STATUS=1\n", Step::Keep),
            ("OUTPUT_DIAGNOSTIC='virus'\nSTATUS=178029946", Step::Stop(Outcome::Returned)),
            ("STATUS=178029947", Step::Stop(Outcome::Returned)),
            ("STATUS=178030098", Step::Stop(Outcome::Returned)),
            ("STATUS=178030130", Step::AsIs),
            ("STATUS=\"178030178\"", Step::Change(Change::Delete)),
            ("status = 178030250\r\n", Step::Stop(Outcome::Held)),
            ("STATUS=178030259", Step::Stop(Outcome::Discarded)),
            ("STATUS=178030307", Step::Stop(Outcome::Discarded)),
            ("STATUS=178028698", Step::Stop(Outcome::Deferred)),
            ("STATUS=0", Step::Stop(Outcome::Deferred)),
            ("STATUS=", Step::Stop(Outcome::Deferred)),
            ("STATUS=+1", Step::Stop(Outcome::Deferred)),
            ("STATUS=99999999999", Step::Stop(Outcome::Deferred)),
            ("STATUS=178030178\nSTATUS=1", Step::Stop(Outcome::Deferred)),
            ("STATUS=1\nX=y\nstatus=178030250", Step::Stop(Outcome::Deferred)),
            ("STATUS=178030250\nSTATUS=178030250", Step::Stop(Outcome::Held)),
            ("\u{feff}STATUS=178030250", Step::Stop(Outcome::Deferred)),
            ("X=1\n\u{feff}STATUS=178030250", Step::Stop(Outcome::Deferred)),
            ("=178030250", Step::Stop(Outcome::Deferred)),
            ("no option", Step::Stop(Outcome::Deferred)),
            ("OUTPUT_TYPE=text/plain", Step::Stop(Outcome::Deferred)),
            ("OUTPUT_TYPE=\x01", Step::Stop(Outcome::Deferred)),
            ("! comment\n\nUNKNOWN=1", Step::Keep),
        ];
        for (options, expected) in table {
            assert_eq!(outcome(answer(options), b"same", &Reading::default()), expected, "{options}");
        }
    }

    #[test]
    fn a_command_that_fails_defers_whatever_it_wrote() {
        for ending in [Ending::Exited(1), Ending::Killed, Ending::TimedOut] {
            let answer = Answer { ending, ..answer("STATUS=178030178") };
            assert_eq!(outcome(answer, b"", &Reading::default()), Step::Stop(Outcome::Deferred));
        }
        let answer = Answer { body: None, ..answer("") };
        assert_eq!(outcome(answer.clone(), b"", &Reading::default()), Step::Stop(Outcome::Deferred));
        let answer = Answer { options: Some(b"STATUS=1".to_vec()), ..answer };
        assert_eq!(outcome(answer, b"", &Reading::default()), Step::Stop(Outcome::Deferred));
    }

    #[test]
    fn each_reading_has_its_own_answer_to_silence() {
        let step = |answer: Answer, setting: &str| {
            let mut reading = Reading::default();
            for setting in setting.split(' ') {
                reading.set(setting).unwrap();
            }
            outcome(answer, b"same", &reading)
        };
        let failed = Answer { ending: Ending::Killed, ..answer("STATUS=178030250") };
        assert_eq!(step(failed.clone(), "failure=unchanged"), Step::Keep);
        assert_eq!(step(failed.clone(), "failure=bounce"), Step::Stop(Outcome::Returned));
        assert_eq!(step(failed, "failure=unchanged options-after-failure=read"), Step::Stop(Outcome::Held));
        let missing = Answer { body: None, ..answer("") };
        assert_eq!(step(missing.clone(), "missing-output=unchanged"), Step::Keep);
        assert!(matches!(step(missing.clone(), "missing-output=empty"), Step::Change(_)));
        let empty = Answer { body: Some(Vec::new()), ..answer("") };
        assert!(matches!(step(empty.clone(), "empty-output=empty"), Step::Change(_)));
        assert_eq!(step(empty, "empty-output=unchanged"), Step::Keep);
        let again = Answer { body: None, ..answer("STATUS=178028698") };
        assert_eq!(step(again.clone(), "again=known"), Step::Stop(Outcome::Deferred));
        assert_eq!(step(again.clone(), "again=unknown failure=hold"), Step::Stop(Outcome::Held));
        let ignored = "again=unknown unknown-status=ignored missing-output=unchanged";
        assert_eq!(step(again, ignored), Step::Keep);
    }

    #[test]
    fn same_content_with_a_header_is_a_change() {
        let headers = Some(b"Content-Type: a/b;\r\n c=d\r\n\r\nignored".to_vec());
        let Step::Change(Change::Replace(replacement)) =
            outcome(Answer { headers, ..answer("") }, b"same", &Reading::default())
        else {
            panic!("expected a change");
        };
        assert_eq!(replacement.fields, [b"Content-Type: a/b;\n c=d".to_vec()]);
        assert_eq!(replacement.content, None);
        for broken in ["no field\n", " continues nothing\n", "--b: x\n", "A: 1\0\n"] {
            let headers = Some(broken.as_bytes().to_vec());
            let step = outcome(Answer { headers, ..answer("") }, b"same", &Reading::default());
            assert_eq!(step, Step::Stop(Outcome::Deferred), "{broken}");
        }
        assert_eq!(
            outcome(Answer { headers: Some(Vec::new()), ..answer("") }, b"same", &Reading::default()),
            Step::Keep
        );
    }
}
