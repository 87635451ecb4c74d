//! The programs as `tools/build` makes them, where `tests/run` has built them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::harness::{CONVSCAN, PART, eicar, installed, needs};

/// A scanner that trips over the program would take the mail system down with it:
/// the canary's test file must not stand in there.
#[test]
fn no_scanner_finds_the_test_file_in_the_programs() {
    let name = "no_scanner_finds_the_test_file_in_the_programs";
    if !needs(name, "/usr/bin/clamscan", "clamav") {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    // Wherever it stands; the official signature wants it at the start.
    let hex: String = eicar().iter().map(|byte| format!("{byte:02x}")).collect();
    fs::write(path("test.ndb"), format!("Eicar-Test-Signature:0:*:{hex}\n")).unwrap();
    let finds = |file: &Path| {
        let clamscan = Command::new(installed("/usr/bin/clamscan"))
            .args([
                "--no-summary",
                "--infected",
                "--max-filesize=1000M",
                "--max-scansize=1000M",
                "--database",
            ])
            .args([&path("test.ndb"), file])
            .output()
            .unwrap();
        match clamscan.status.code() {
            Some(0) => false,
            Some(1) => true,
            _ => panic!("{clamscan:?}"),
        }
    };
    let program = fs::read(CONVSCAN).unwrap();
    fs::write(path("control"), [&program, &eicar()[..]].concat()).unwrap();
    assert!(finds(&path("control")), "it is found where it is");
    let built = std::env::var_os("CONVSCAN_STATIC").map(PathBuf::from);
    let built = built.into_iter().flat_map(|part| [part.with_file_name("convscan"), part]);
    for program in built.chain([CONVSCAN, PART].map(PathBuf::from)) {
        assert!(!finds(&program), "{}", program.display());
        // Nor does the whole of it stand there for a scanner of another kind.
        let bytes = fs::read(&program).unwrap();
        assert!(!bytes.windows(68).any(|window| window == eicar()), "{}", program.display());
    }
}
