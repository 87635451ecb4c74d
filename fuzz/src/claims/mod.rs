//! What holds for each reader, whatever it is given. The fuzz targets and the
//! property tests of the main crate share this text.

mod doctor;
mod engine;
mod files;
mod hidden;
mod message;
mod mta;
mod own;

use convscan::testing::diagnostic::Diagnostic;
use convscan::testing::mta::source::{Sources, Span, Word};

pub use self::doctor::{entry_command, saved_output};
pub use self::engine::{clamd, command, icap, rules};
pub use self::files::{imta_cnf, job_controller, option_file, server_conf, tailor, unified};
pub use self::hidden::hidden;
pub use self::message::{answer, message};
pub use self::mta::{conversions, header, mappings};
pub use self::own::{config, notice, record};

/// `text` may go to a terminal, a header or a log: one line without anything
/// that moves the cursor, and not longer than `most` characters.
#[track_caller]
fn printable(text: &str, most: usize) {
    let odd = |c: char| {
        c.is_control() || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{feff}')
    };
    assert!(!text.contains(odd), "not printable: {text:?}");
    assert!(text.chars().count() <= most, "longer than {most}: {text:?}");
}

/// The faults lie within the text, are bounded in number, and can be shown.
#[track_caller]
fn in_place(text: &str, faults: &[Diagnostic]) {
    let lines: Vec<&str> = text.split('\n').collect();
    for fault in faults {
        let shown = fault.to_string();
        assert!(!shown.contains(|c: char| c.is_control() && c != '\n'), "not printable: {shown:?}");
        if fault.line > 0 {
            let line = lines.get(fault.line - 1);
            let within = line.is_some_and(|line| (1..=line.chars().count() + 1).contains(&fault.column));
            assert!(within, "outside of the text: {fault}");
            assert!(fault.hint.is_some(), "no cure: {fault}");
        }
    }
}

fn has(text: &[u8], wanted: &[u8]) -> bool {
    text.windows(wanted.len()).any(|window| window == wanted)
}

/// Faults in place, and not more than a reader may give.
#[track_caller]
fn bounded(text: &str, faults: &[Diagnostic]) {
    in_place(text, faults);
    assert!(faults.len() <= 101, "{} faults", faults.len());
}

/// The place is one of the text.
#[track_caller]
fn within(sources: &Sources, span: Span) {
    let text = sources.files().get(span.file).map(|file| &file.text[..]);
    assert!(text.is_some_and(|text| text.get(span.range()).is_some()), "no place: {span:?}");
}

/// A word is what stands at its place, but for quotes and joined lines.
#[track_caller]
fn word(sources: &Sources, word: &Word) {
    within(sources, word.span);
    let text = sources.text(word.span);
    assert!(text == word.text || text.contains(['"', '\\']), "{text:?} is read as {:?}", word.text);
}
