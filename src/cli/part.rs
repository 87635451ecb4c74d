//! Answers for one body part, by the contract of the conversion channel.
//!
//! Usage: convscan part [--config FILE] [--release RELEASE]
//!
//! The MTA runs this for each part. It reads the part and its description from
//! the variables and files of the channel (INPUT_FILE, OUTPUT_FILE, ...), asks
//! the configured engines, and writes the answer to OUTPUT_FILE,
//! OUTPUT_HEADERS and OUTPUT_OPTIONS. The first thing it writes is "try again
//! later", the last is the real answer.
//!
//! A server before 6.3, and PMDF, does not know "try again later". Give
//! --release there (6.2, say, or pmdf): the message is then held instead, even
//! if the configuration cannot be read.
//!
//! It exits 0 whatever the answer is, as the channel's manual demands, and 75
//! only where no answer could be written at all.

use std::path::PathBuf;

/// Arguments, for the help text alone: [`crate::serve`] reads them by hand.
#[derive(clap::Args)]
#[command(about = "Answer for one body part, by the contract of the conversion channel", long_about = super::exit::manual(include_str!("part.rs")))]
pub(super) struct Arguments {
    /// Configuration file [default: $CONVSCAN_CONFIG, else /etc/convscan/convscan.toml]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The mail server's release, where it is older than 6.3 or is PMDF
    #[arg(long, value_name = "RELEASE")]
    release: Option<String>,
}
