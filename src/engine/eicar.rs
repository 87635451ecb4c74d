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
    deep(2)
}

/// The test file in `depth` zips, one in the other.
pub fn deep(depth: u32) -> ZipResult<Vec<u8>> {
    let mut content = plain();
    for level in 0..depth {
        let name = if level == 0 { "eicar.com" } else { "inner.zip" };
        content = zip(&[(name, &content)], CompressionMethod::Deflated)?;
    }
    Ok(content)
}

/// The test file in a zip, behind another file of `size` bytes.
pub fn behind(size: usize) -> ZipResult<Vec<u8>> {
    zip(&[("filler.bin", &vec![0x55; size]), ("eicar.com", &plain())], CompressionMethod::Stored)
}

/// A zip that says that what is in it is encrypted: bit 0 of the flags, in the
/// header of the file and in the directory. Source: APPNOTE.TXT, 4.3.7, 4.3.12,
/// 4.4.4.
pub fn encrypted() -> ZipResult<Vec<u8>> {
    const HEADERS: [(&[u8], usize); 2] = [(b"PK\x03\x04", 6), (b"PK\x01\x02", 8)];
    let mut bytes = zip(&[("secret.txt", &[0xA5; 40])], CompressionMethod::Stored)?;
    for (signature, flags) in HEADERS {
        let place = bytes.windows(signature.len()).position(|window| window == signature);
        if let Some(flags) = place.and_then(|place| bytes.get_mut(place + flags)) {
            *flags |= 1;
        }
    }
    Ok(bytes)
}

fn zip(files: &[(&str, &[u8])], method: CompressionMethod) -> ZipResult<Vec<u8>> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(method);
    for (name, content) in files {
        writer.start_file(*name, options)?;
        writer.write_all(content)?;
    }
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

    #[test]
    fn the_other_archives_are_what_they_say() {
        assert!(behind(1 << 20).unwrap().len() > 1 << 20);
        assert!(deep(20).unwrap().len() > deep(19).unwrap().len());
        let marked = encrypted().unwrap();
        assert_eq!((marked[6], marked.windows(4).filter(|window| window == b"PK\x01\x02").count()), (1, 1));
    }
}
