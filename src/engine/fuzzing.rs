//! The engines' readers without an engine, for fuzz targets and property tests.

use std::path::Path;

use super::clamd::Label;
use super::command::{output, version};
pub use super::icap::played::{IcapAsked, IcapSaid};
use super::{clamd, icap, rules};
use crate::config::CommandConfig;
use crate::os::process::Outcome;
use crate::verdict::{ScanError, Verdict};

/// clamd's reply about a descriptor.
pub fn descriptor_reply(reply: &[u8], size: u64) -> Result<Verdict, ScanError> {
    clamd::judge(reply, Label::Descriptor, size)
}

/// clamd's reply about a stream.
pub fn stream_reply(reply: &[u8], size: u64) -> Result<Verdict, ScanError> {
    clamd::judge(reply, Label::Stream, size)
}

/// What an ICAP server said about `part`.
pub fn icap_answer(answer: &[u8], part: &[u8], asked: IcapAsked) -> IcapSaid {
    icap::played::answer(answer, part, asked)
}

/// What an ICAP server says that it can do, in a line, and whether that reads
/// back from where it is remembered.
pub fn icap_options(answer: &[u8]) -> Result<(String, bool), ScanError> {
    icap::played::options(answer)
}

/// What a command-line scanner said about the private copy `file`.
pub fn command_verdict(config: &CommandConfig, outcome: &Outcome, file: &Path) -> Result<Verdict, ScanError> {
    output::response(config, outcome, file).map(|response| response.verdict)
}

/// Whether it claims to have cleaned `file`.
pub fn command_cleaned(config: &CommandConfig, outcome: &Outcome, file: &Path) -> Result<(), ScanError> {
    output::claims_cleaned(config, outcome, file)
}

/// The version that it printed.
pub fn command_version(
    config: &CommandConfig,
    outcome: &Outcome,
    directory: &Path,
) -> Result<String, ScanError> {
    version::version(config, outcome, directory)
}

/// Whether a pattern of the rules file takes in `text`.
pub fn rule_matches(pattern: &str, text: &str) -> bool {
    rules::matches(pattern, text)
}
