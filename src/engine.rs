//! What gives verdicts: one file for each kind.

mod archive;
mod canary;
mod clamd;
mod command;
pub mod eicar;
mod farm;
#[cfg(feature = "testing")]
pub mod fuzzing;
mod health;
mod icap;
mod memory;
pub mod rules;
pub mod sample;

pub use self::farm::{Farm, Member};
use crate::config::Config;

/// The configured engines, in order. Opening does nothing that can fail; an
/// engine that is not there says so when it is asked.
pub fn open(config: &Config) -> Vec<Farm<'_>> {
    config.engines.iter().map(|engine| Farm::new(config, engine)).collect()
}
