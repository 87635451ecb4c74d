//! The EICAR test file and an archive around it, for proving engines awake.
//! Building the archive fails only if the archive library does.
//!
//! Source: eicar.org, "Anti-Malware Testfile". The scan path knows nothing of
//! it; only the self-test does. It is kept in halves so that no scanner trips
//! over this program.

use std::io::{Cursor, Write};

use zip::result::ZipResult;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

const HALVES: [&str; 2] = ["X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STAND", "ARD-ANTIVIRUS-TEST-FILE!$H+H*"];

/// The 68 bytes of the test file.
pub fn plain() -> Vec<u8> {
    HALVES.concat().into_bytes()
}

/// The test file in a zip in a zip.
pub fn nested() -> ZipResult<Vec<u8>> {
    zip("inner.zip", &zip("eicar.com", &plain())?)
}

fn zip(name: &str, content: &[u8]) -> ZipResult<Vec<u8>> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    writer.start_file(name, options)?;
    writer.write_all(content)?;
    Ok(writer.finish()?.into_inner())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_test_file_is_68_bytes_and_hidden_in_the_archive() {
        let plain = plain();
        assert_eq!(plain.len(), 68);
        let nested = nested().unwrap();
        assert!(!nested.windows(68).any(|window| window == plain));
    }
}
