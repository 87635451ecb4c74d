//! The log's file: a line goes there and nowhere else, whatever stands in its place.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::path::PathBuf;

use crate::harness::{Case, needs_root, rules};

const CLEAN: &[u8] = b"honest bytes\n";

/// An account that is neither root nor ours.
const OTHER: u32 = 6;

/// The part is delivered, and its line stands on standard error behind the reason.
fn logged(case: &Case, expected: &str) {
    let output = case.command().output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(fs::read(case.path("output")).unwrap(), CLEAN);
    assert!(said.contains(expected), "{said}");
    assert!(said.contains("\"verdict\":\"clean\""), "the line is on standard error: {said}");
}

/// A case whose log is in a directory of its own.
fn with_log() -> (Case, PathBuf) {
    let case = Case::new(CLEAN);
    fs::set_permissions(case.directory.path(), Permissions::from_mode(0o755)).unwrap();
    for name in ["logs", "victim"] {
        fs::create_dir(case.path(name)).unwrap();
    }
    let (engine, log) = (rules(&case), case.path("logs/parts.jsonl"));
    (case.raw_config(&format!("{engine}[log]\nfile = \"{}\"\n", log.display())), log)
}

#[test]
fn a_line_goes_through_no_link_and_to_no_second_name() {
    let link = "it is a link, and no link is followed";
    let (case, log) = with_log();
    let victim = case.path("victim/file");
    // One that is not there is not made.
    symlink(&victim, &log).unwrap();
    logged(&case, link);
    assert!(!victim.exists());
    fs::write(&victim, "root\n").unwrap();
    logged(&case, link);
    fs::remove_file(&log).unwrap();
    fs::hard_link(&victim, &log).unwrap();
    logged(&case, "the file has 2 names, and must have one");
    assert_eq!(fs::read_to_string(&victim).unwrap(), "root\n");
    fs::remove_file(&log).unwrap();
    nix::unistd::mkfifo(&log, nix::sys::stat::Mode::S_IRWXU).unwrap();
    logged(&case, "No such device or address");
    fs::remove_file(&log).unwrap();
    fs::create_dir(&log).unwrap();
    logged(&case, "Is a directory");
}

#[test]
fn a_log_that_root_makes_belongs_to_the_owner_of_its_directory() {
    if !needs_root("a_log_that_root_makes_belongs_to_the_owner_of_its_directory") {
        return;
    }
    let (case, log) = with_log();
    chown(log.parent().unwrap(), Some(OTHER), Some(OTHER)).unwrap();
    case.command().output().unwrap();
    let made = fs::symlink_metadata(&log).unwrap();
    assert_eq!((made.uid(), made.gid(), made.mode() & 0o7777), (OTHER, OTHER, 0o640));
    case.command().output().unwrap();
    assert_eq!(fs::read_to_string(&log).unwrap().lines().count(), 2);
    // One that is there keeps its owner.
    chown(&log, Some(0), Some(0)).unwrap();
    case.command().output().unwrap();
    assert_eq!(fs::read_to_string(&log).unwrap().lines().count(), 3);
    assert_eq!(fs::symlink_metadata(&log).unwrap().uid(), 0);
    assert!(fs::read_dir(case.path("victim")).unwrap().next().is_none());
}
