//! The three rules that no accident may break, judged with the library's own
//! reader of answers under every reading of the manuals: no infected or
//! unscanned bytes are delivered, no part is lost, no clean part is altered.

use convscan::testing::mail::message::Change;
use convscan::testing::play::answer::{Answer, Ending, Outcome, Step, outcome};
use convscan::testing::play::reading::{Again, Failure, Reading};

/// What no program can help once it has failed, with the reason. Everything
/// else must hold.
pub const BEYOND_REACH: [(Failure, &str); 2] = [
    (
        Failure::Unchanged,
        "whoever failed cannot take the original back; the `||` stage of the snippet is there for this",
    ),
    (Failure::Bounce, "whoever failed cannot keep the channel from answering; likewise"),
];

/// What a part is.
#[derive(Clone, Debug)]
pub enum Kind {
    Clean,
    Infected,
    /// Infected; this is what is left of it when it is cleaned.
    Cleanable(Vec<u8>),
    /// Nobody can say.
    Unscanned,
}

/// A part with the truth about it.
#[derive(Clone, Debug)]
pub struct Truth {
    pub input: Vec<u8>,
    pub kind: Kind,
}

/// What was found about one answer.
#[derive(Debug, Default)]
pub struct Judged {
    pub readings: usize,
    /// Rules broken, with the reading.
    pub broken: Vec<String>,
    /// Readings that are beyond reach.
    pub beyond: usize,
}

/// The readings that differ in how an answer is judged, for servers that know
/// "try again later" or for those that do not: an older server must be told of
/// by `--release`, so an answer is only judged as the server it was made for.
pub fn readings(again: Again) -> Vec<Reading> {
    let run = Reading::default().run();
    Reading::all().into_iter().filter(|reading| reading.run() == run && reading.again == again).collect()
}

pub fn judge(answer: &Answer, truth: &Truth, readings: &[Reading]) -> Judged {
    let mut judged = Judged { readings: readings.len(), ..Judged::default() };
    let failed = answer.ending != Ending::Exited(0);
    for reading in readings {
        let step = outcome(answer.clone(), &truth.input, reading);
        let Some(rule) = broken(&step, answer.body.as_deref(), truth) else { continue };
        if failed && BEYOND_REACH.iter().any(|(failure, _)| *failure == reading.failure) {
            judged.beyond += 1;
        } else {
            judged.broken.push(format!("{rule} under {:?}: {step:?}", reading.settings()));
        }
    }
    judged
}

/// The rule that a step breaks.
fn broken(step: &Step, body: Option<&[u8]>, truth: &Truth) -> Option<&'static str> {
    match (step, &truth.kind) {
        (Step::Stop(Outcome::Deferred | Outcome::Held), _) | (Step::Keep | Step::AsIs, Kind::Clean) => None,
        (Step::Keep | Step::AsIs, _) => Some("delivered as it came"),
        (Step::Stop(_) | Step::Change(Change::Delete), _) => Some("lost"),
        (Step::Change(Change::Replace(_)), Kind::Clean | Kind::Unscanned) => Some("altered"),
        (Step::Change(Change::Replace(_)), Kind::Infected | Kind::Cleanable(_)) => {
            not_harmless(body.unwrap_or_default(), truth)
        }
    }
}

/// What is wrong with content that stands in place of an infected part.
fn not_harmless(body: &[u8], truth: &Truth) -> Option<&'static str> {
    let is_cleaned = matches!(&truth.kind, Kind::Cleanable(cleaned) if cleaned == body);
    // The built-in notice from its first word to its last.
    let is_notice = body.starts_with(b"VIRUS NOTICE\n") && body.ends_with(b".\n");
    if body.windows(truth.input.len()).any(|window| window == truth.input) {
        Some("delivered in other words")
    } else if is_cleaned || is_notice {
        None
    } else {
        Some("delivered in part or empty")
    }
}
