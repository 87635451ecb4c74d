//! Reads the two parts of the file. Cannot fail; what is wrong becomes a fault.
//!
//! The first blank line ends the rewrite rules; from there on blank lines part
//! the channel blocks (6.3 Administration Reference, "Structure of the imta.cnf
//! File").

use super::ImtaCnf;
use super::block::Blocks;
use super::rewrite::{Placement, rule};
use crate::diagnostic::{Diagnostic, Severity};
use crate::mta::form;
use crate::mta::lines::physical;
use crate::mta::source::{Lookup, Sources, Span, Syntax, load};
use crate::mta::statement::{FileFaults, statements};

/// Longest physical line in bytes: by the 6.3 Administration Reference, "MTA
/// Configuration Files", and what no release is said to go beyond.
const SAFE: usize = 252;
const LONGEST: usize = 1024;

pub(super) fn read(path: &str, text: &str, lookup: Option<Lookup>) -> (ImtaCnf, Vec<Diagnostic>) {
    let sources = load(path, text, Syntax::Mta, lookup);
    let mut faults = FileFaults::new(&sources);
    let statements = statements(&sources, &mut faults);
    let end = statements.iter().position(|statement| statement.below_blank).unwrap_or(statements.len());
    let (rules, channels) = statements.split_at(end);
    let rules = rules.iter().map(|statement| rule(statement, Placement::First, &mut faults)).collect();
    let mut blocks = Blocks::new(ImtaCnf { rules, ..ImtaCnf::default() });
    for block in channels.chunk_by(|_, next| !next.below_blank) {
        blocks.block(block, &mut faults);
    }
    let mut file = blocks.finish(&mut faults);
    // Last, so that long lines do not crowd out what is worse.
    check_lengths(&sources, &mut faults);
    let list = faults.into_list(path);
    file.sources = sources;
    (file, list)
}

fn check_lengths(sources: &Sources, faults: &mut FileFaults) {
    let hint = "end the line in `\\` and go on in the next one";
    for (index, file) in sources.files().iter().enumerate() {
        for line in physical(&file.text) {
            // Comments are dropped whatever their length.
            let length = if line.is_comment() { 0 } else { line.text.len() };
            let span = Span::new(index, line.span());
            if length > LONGEST {
                let message = format!("a line of {length} bytes; no release reads more than {LONGEST}");
                faults.breaks(form::LINE_LENGTH, Severity::Error, span, message, hint);
            } else if length > SAFE {
                let message = format!("a line of {length} bytes; the 6.3 reference allows {SAFE}");
                faults.breaks(form::LINE_LENGTH, Severity::Warning, span, message, hint);
            }
        }
    }
}
