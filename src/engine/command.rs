//! Stand-in.
use super::{Engine, Response, Sample};
use crate::config::{CommandConfig, EngineConfig};
use crate::os::clock::Deadline;
use crate::verdict::{ErrorKind, ScanError};
use std::path::Path;
pub(super) struct Command<'a> {
    config: &'a EngineConfig,
}
impl<'a> Command<'a> {
    pub(super) fn new(
        config: &'a EngineConfig,
        _command: &'a CommandConfig,
        _state: Option<&'a Path>,
    ) -> Self {
        Self { config }
    }
}
impl Engine for Command<'_> {
    fn config(&self) -> &EngineConfig {
        self.config
    }
    fn scan(&self, _: &Sample<'_>, _: Deadline) -> Result<Response, ScanError> {
        Err(ScanError::new(ErrorKind::Internal, ""))
    }
    fn version(&self, _: Deadline) -> Result<String, ScanError> {
        Err(ScanError::new(ErrorKind::Internal, ""))
    }
}
