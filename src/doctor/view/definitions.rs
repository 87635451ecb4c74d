//! When the virus definitions of ClamAV in a directory were made. Fails with the
//! system's error.
//!
//! Only the official sets count, for these are made anew every day. A set begins
//! with 512 bytes of text: `ClamAV-VDB:date:version:signatures:level:digest:
//! signature:builder:seconds since 1970`, as `sigtool --info` shows it.

use std::io::{self, ErrorKind};
use std::path::Path;

use crate::os::{files, look};

/// The official sets, whole or updated in place (freshclam.conf(5)).
const NAMES: [&str; 6] = ["daily.cld", "daily.cvd", "main.cld", "main.cvd", "bytecode.cld", "bytecode.cvd"];

/// Bytes of a header.
const HEADER: u64 = 512;

/// A set of definitions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Set {
    /// The name of its file.
    pub name: &'static str,
    /// When it was made, in seconds since 1970.
    pub made: u64,
}

/// The official sets in `directory`.
pub fn sets(directory: &Path) -> io::Result<Vec<Set>> {
    // Whether there is such a directory, not only no such files.
    look::at(directory)?;
    let mut sets = Vec::new();
    for name in NAMES {
        let path = directory.join(name);
        match look::at(&path) {
            Ok(facts) => {
                let written = files::read_start(&path, HEADER).ok().and_then(|header| made(&header));
                let modified = facts.modified.map_or(0, |micros| micros / 1_000_000);
                sets.push(Set { name, made: written.unwrap_or(modified) });
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(sets)
}

/// When a set was made, by its header.
fn made(header: &[u8]) -> Option<u64> {
    let text = String::from_utf8_lossy(header);
    let mut fields = text.split(':');
    (fields.next()? == "ClamAV-VDB")
        .then(|| fields.nth(7)?.trim_end_matches(['\0', ' ', '\n']).parse().ok())?
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_header_tells_when_a_set_was_made() {
        let header = |rest: &str| {
            format!("{:512}", format!("ClamAV-VDB:07 Oct 2026 06-24 +0000:28146:2:90:d:s:b{rest}"))
        };
        assert_eq!(made(header(":1791440640").as_bytes()), Some(1_791_440_640));
        for other in [
            header(""),
            header(":"),
            header(":x"),
            header(":-5"),
            "ClamAV-VDB:".to_owned(),
            String::new(),
            "x".repeat(512),
        ] {
            assert_eq!(made(other.as_bytes()), None, "{other}");
        }
    }

    #[test]
    fn only_official_sets_count_and_without_a_header_the_time_of_the_file() {
        let directory = tempfile::tempdir().unwrap();
        assert_eq!(sets(directory.path()).unwrap(), []);
        for name in ["rfxn.ndb", "daily.cvd.tmp", "safebrowsing.cvd"] {
            fs::write(directory.path().join(name), "").unwrap();
        }
        assert_eq!(sets(directory.path()).unwrap(), []);
        fs::write(directory.path().join("daily.cld"), "ClamAV-VDB:d:1:2:90:d:s:b:1500000000").unwrap();
        let set = Set { name: "daily.cld", made: 1_500_000_000 };
        let found = sets(directory.path()).unwrap();
        assert_eq!(found.as_slice(), std::slice::from_ref(&set));
        fs::write(directory.path().join("main.cvd"), "garbage").unwrap();
        let found = sets(directory.path()).unwrap();
        assert_eq!((found.len(), &found[0]), (2, &set));
        assert!(found[1].made > set.made);
        assert_eq!(sets(&directory.path().join("none")).unwrap_err().kind(), ErrorKind::NotFound);
    }
}
