//! What the words in a field's value mean, where vendors agree on no form. Cannot
//! fail.

use crate::verdict::{Reason, Threat, Verdict};

/// Values that name no threat.
const NOTHING: [&str; 18] = [
    "0",
    "-",
    "no",
    "none",
    "null",
    "false",
    "ok",
    "clean",
    "n/a",
    "allowed",
    "not blocked",
    "not infected",
    "no threat",
    "no threats",
    "no threats found",
    "no virus",
    "no viruses",
    "no virus found",
];

/// Values that convict without a name.
const NAMELESS: [&str; 6] = ["1", "yes", "true", "blocked", "infected", "virus"];

/// What a value weighs where a name may stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Weight {
    /// No threat.
    Nothing,
    /// It says neither yes nor no.
    Doubt,
    /// A threat that it does not name.
    Nameless,
    /// The name of a threat.
    Name,
}

/// Weighs one value.
pub(super) fn weigh(value: &[u8]) -> Weight {
    let value = value.trim_ascii();
    let is_any = |words: &[&str]| words.iter().any(|word| value.eq_ignore_ascii_case(word.as_bytes()));
    if value.is_empty() {
        Weight::Doubt
    } else if is_any(&NOTHING) {
        Weight::Nothing
    } else if is_any(&NAMELESS) {
        Weight::Nameless
    } else {
        Weight::Name
    }
}

/// Why a container is not let through, by the words of its name.
pub(super) fn container(name: &[u8]) -> Verdict {
    const WORDS: [(&str, Reason); 12] = [
        ("encrypt", Reason::Encrypted),
        ("password", Reason::Encrypted),
        ("nest", Reason::TooDeep),
        ("depth", Reason::TooDeep),
        ("recurs", Reason::TooDeep),
        ("corrupt", Reason::Corrupt),
        ("malform", Reason::Corrupt),
        ("size", Reason::OverLimit),
        ("limit", Reason::OverLimit),
        ("exceed", Reason::OverLimit),
        ("too large", Reason::OverLimit),
        ("too many", Reason::OverLimit),
    ];
    if let known @ Verdict::Unscannable(..) = Verdict::from_name(name) {
        return known;
    }
    let lower = name.to_ascii_lowercase();
    let found = WORDS.iter().find(|(word, _)| has(&lower, word));
    let reason = found.map_or(Reason::NotScanned, |(_, reason)| *reason);
    Verdict::Unscannable(reason, (!name.is_empty()).then(|| Threat::new(name)))
}

/// Whether `word` stands in `text`.
pub(super) fn has(text: &[u8], word: &str) -> bool {
    text.windows(word.len()).any(|window| window == word.as_bytes())
}
