//! The emulator of the conversion channel: which entry a part falls to, how its
//! command is run, and what follows from its answer under each reading.

pub mod answer;
pub(crate) mod channel;
pub(crate) mod command;
pub mod reading;
pub(crate) mod trial;
