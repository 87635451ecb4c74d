//! The EICAR test file and archives around it, for proving engines awake. Cannot
//! fail.
//!
//! Source: eicar.org, "Anti-Malware Testfile". The scan path knows nothing of
//! it; only canary and self-test do.

use super::archive::{Form, Member, zip};

/// Every second character, from the first and from the second one on: so that
/// no scanner trips over this program, wherever the compiler puts these.
const STRANDS: [&str; 2] = ["XOP@P4PX4P)C)}ECRSADR-NIIU-ETFL!HH", "5!%A[\\Z5(^7C7$IA-TNADATVRSTS-IE$+*"];

/// The 68 bytes of the test file.
pub fn plain() -> Vec<u8> {
    let [first, second] = STRANDS.map(str::bytes);
    first.zip(second).flat_map(|(one, other)| [one, other]).collect()
}

/// The test file in a zip in a zip.
pub fn nested() -> Vec<u8> {
    deep(2)
}

/// The test file in `depth` zips, one in the other.
pub fn deep(depth: u32) -> Vec<u8> {
    (0..depth).fold(plain(), |content, level| {
        let name = if level == 0 { "eicar.com" } else { "inner.zip" };
        zip(&[Member { name, content: &content, form: Form::Deflated }])
    })
}

/// The test file in a zip, behind another file of `size` bytes.
pub fn behind(size: usize) -> Vec<u8> {
    zip(&[
        Member { name: "filler.bin", content: &vec![0x55; size], form: Form::Stored },
        Member { name: "eicar.com", content: &plain(), form: Form::Stored },
    ])
}

/// A zip that says that the file in it is encrypted.
pub fn encrypted() -> Vec<u8> {
    zip(&[Member { name: "secret.txt", content: &[0xA5; 40], form: Form::MarkedEncrypted }])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_test_file_is_68_bytes_and_hidden_in_the_archive() {
        let plain = plain();
        let halves = ["X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STAND", "ARD-ANTIVIRUS-TEST-FILE!$H+H*"];
        assert_eq!(plain, halves.concat().into_bytes());
        let nested = nested();
        assert!(!nested.windows(68).any(|window| window == plain));
    }

    #[test]
    fn the_other_archives_are_what_they_say() {
        assert!(behind(1 << 20).len() > 1 << 20);
        assert!(deep(20).len() > deep(19).len());
        let marked = encrypted();
        // Bit 0 of the flags in both headers. Source: APPNOTE.TXT, 4.4.4.
        let directory = marked.windows(4).position(|window| window == b"PK\x01\x02").unwrap();
        assert_eq!((marked[6], marked[directory + 8]), (1, 1));
    }
}
