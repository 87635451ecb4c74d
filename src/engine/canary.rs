//! The canary: proof that an engine sees what every engine must see. Fails when
//! it does not, or gives no verdict.
//!
//! An engine whose temporary directory is gone or full can go on calling things
//! clean. The plain test file is so small that some find it even then; to find it
//! in a zip in a zip, they must unpack.

use super::eicar;
use super::sample::{Engine, Sample};
use crate::os::clock::Deadline;
use crate::os::files;
use crate::verdict::{ErrorKind, ScanError, Verdict};

/// Shows `engine` what it must find.
pub(super) fn look(engine: &dyn Engine, by: Deadline) -> Result<(), ScanError> {
    let ours = |error: std::io::Error| {
        ScanError::new(ErrorKind::Internal, format!("cannot make the canary: {error}"))
    };
    let shown =
        [("the EICAR test file", eicar::plain()), ("the EICAR test file in a zip in a zip", eicar::nested())];
    for (name, content) in shown {
        let file = files::in_memory(&content).map_err(ours)?;
        let sample =
            Sample { file: &file, size: content.len() as u64, mime_type: "", names: &[], fingerprint: None };
        match engine.scan(&sample, by, &mut || ())?.verdict {
            Verdict::Infected(_) => {}
            Verdict::Clean => return Err(blind(format!("calls {name} clean"))),
            Verdict::Unscannable(reason, _) => {
                return Err(blind(format!("does not find {name}: {}", reason.words())));
            }
        }
    }
    Ok(())
}

fn blind(detail: String) -> ScanError {
    ScanError::new(ErrorKind::Blind, detail)
}
