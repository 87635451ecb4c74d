//! Who may do what, on real files.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::PathBuf;

use tempfile::TempDir;

use super::*;
use crate::os::look::Facts;

const ALL: [Access; 6] =
    [Access::Read, Access::Write, Access::Execute, Access::Enter, Access::Create, Access::Append];

fn account(uid: u32, groups: &[u32]) -> Account {
    Account { name: uid.to_string(), uid, groups: groups.to_vec() }
}

fn facts(kind: Kind, mode: u32) -> Facts {
    Facts { kind, size: 0, mode, owner: 10, group: 20, modified: None }
}

/// The accesses that somebody has to something, by their first letters.
fn allowed(account: &Account, facts: &Facts) -> String {
    let allowed = ALL.into_iter().filter(|access| why_not(account, facts, *access).is_none());
    allowed.filter_map(|access| format!("{access:?}").chars().next()).collect()
}

#[test]
fn the_first_class_that_fits_decides() {
    let (owner, member, other, root) =
        (account(10, &[20]), account(11, &[19, 20]), account(12, &[10]), account(0, &[]));
    for (kind, mode, expected) in [
        (Kind::File, 0o0754, ["RWEA", "RE", "R", "RWEA"]),
        (Kind::File, 0o0077, ["", "RWEA", "RWEA", "RWEA"]),
        (Kind::File, 0o4604, ["RWA", "", "R", "RWA"]),
        (Kind::File, 0o0001, ["", "", "E", "RWEA"]),
        (Kind::Directory, 0o0731, ["REC", "EC", "E", "REC"]),
        (Kind::Directory, 0o1725, ["REC", "", "RE", "REC"]),
        (Kind::Directory, 0o0000, ["", "", "", "REC"]),
        (Kind::Socket, 0o0620, ["W", "W", "", "W"]),
        (Kind::Other, 0o0777, ["RWA", "RWA", "RWA", "RWA"]),
    ] {
        let facts = facts(kind, mode);
        let found = [&owner, &member, &other, &root].map(|account| allowed(account, &facts));
        assert_eq!(found, expected, "{kind:?} {mode:04o}");
    }
}

#[test]
fn a_refusal_says_why() {
    let other = account(12, &[]);
    for (kind, mode, access, expected) in [
        (Kind::File, 0o640, Access::Execute, "nobody may run it: `/a/b?`"),
        (Kind::File, 0o750, Access::Execute, "denied by mode 0750 of owner 10 and group 20: `/a/b?`"),
        (Kind::Directory, 0o777, Access::Execute, "not a regular file: `/a/b?`"),
        (Kind::File, 0o777, Access::Enter, "not a directory: `/a/b?`"),
    ] {
        let why = why_not(&other, &facts(kind, mode), access).unwrap();
        assert_eq!(Refusal { path: PathBuf::from("/a/b\u{7}"), why }.to_string(), expected);
    }
}

/// Directories and files that belong to whom the tests run as.
struct Tree(TempDir);

impl Tree {
    /// Below a directory that all may enter, whatever `TMPDIR` says.
    fn new() -> Self {
        let tree = Self(tempfile::tempdir_in("/tmp").unwrap());
        tree.allow("", 0o755);
        tree
    }

    fn path(&self, name: &str) -> PathBuf {
        if name.is_empty() { self.0.path().to_owned() } else { self.0.path().join(name) }
    }

    fn allow(&self, name: &str, mode: u32) {
        fs::set_permissions(self.path(name), Permissions::from_mode(mode)).unwrap();
    }

    fn directory(&self, name: &str, mode: u32) {
        fs::create_dir(self.path(name)).unwrap();
        self.allow(name, mode);
    }

    fn file(&self, name: &str, mode: u32) {
        fs::write(self.path(name), "").unwrap();
        self.allow(name, mode);
    }

    fn link(&self, name: &str, target: &str) {
        symlink(target, self.path(name)).unwrap();
    }

    /// Somebody who is neither the owner nor in the group of what is in it.
    fn other(&self) -> Account {
        account(fs::metadata(self.0.path()).unwrap().uid() + 4711, &[])
    }

    /// What refuses, below the tree, and the first word of why.
    fn refusal(&self, account: &Account, name: &str, access: Access) -> Option<(String, String)> {
        let refusal = check(account, &self.path(name), access).err()?;
        let path = refusal.path.strip_prefix(self.0.path()).unwrap_or(&refusal.path);
        let why = format!("{:?}", refusal.why);
        let word = why.split(|c: char| !c.is_alphabetic()).next().unwrap().to_owned();
        Some((path.display().to_string(), word))
    }
}

#[test]
fn every_directory_and_link_on_the_way_counts() {
    let tree = Tree::new();
    tree.directory("open", 0o755);
    tree.file("open/read", 0o644);
    tree.file("open/secret", 0o600);
    tree.file("open/program", 0o755);
    tree.directory("open/spool", 0o777);
    tree.directory("closed", 0o700);
    tree.file("closed/read", 0o644);
    tree.directory("hidden", 0o711);
    tree.file("hidden/read", 0o644);
    tree.link("to read", "open/read");
    tree.link("to closed", "closed");
    tree.link("open/up", "../closed/../open/read");
    tree.link("absolute", tree.path("to read").to_str().unwrap());
    tree.link("nowhere", "open/spool/new");
    tree.link("loop", "loop");
    let other = tree.other();
    let none = None::<(&str, &str)>;
    for (name, access, expected) in [
        ("open/read", Access::Read, none),
        ("open/./read", Access::Read, none),
        ("open/../open/spool/../read", Access::Read, none),
        ("hidden/read", Access::Read, none),
        ("to read", Access::Read, none),
        ("absolute", Access::Read, none),
        ("open/program", Access::Execute, none),
        ("open/spool", Access::Create, none),
        ("open/spool/log", Access::Append, none),
        ("nowhere", Access::Append, none),
        ("open/secret", Access::Read, Some(("open/secret", "Denied"))),
        ("open/read", Access::Append, Some(("open/read", "Denied"))),
        ("open/log", Access::Append, Some(("open", "Denied"))),
        ("open", Access::Create, Some(("open", "Denied"))),
        ("hidden", Access::Read, Some(("hidden", "Denied"))),
        ("closed", Access::Enter, Some(("closed", "Denied"))),
        ("closed/read", Access::Read, Some(("closed", "Denied"))),
        ("closed/none", Access::Read, Some(("closed", "Denied"))),
        ("to closed/read", Access::Read, Some(("closed", "Denied"))),
        ("open/up", Access::Read, Some(("closed", "Denied"))),
        ("open/none", Access::Read, Some(("open/none", "Missing"))),
        ("open/none/log", Access::Append, Some(("open/none", "Missing"))),
        ("nowhere", Access::Read, Some(("open/spool/new", "Missing"))),
        ("open/spool/", Access::Create, none),
        ("open/spool/log/", Access::Append, Some(("open/spool/log", "Missing"))),
        ("open/read/", Access::Read, Some(("open/read", "NotDirectory"))),
        ("open/read/log", Access::Append, Some(("open/read", "NotDirectory"))),
        ("open/read/..", Access::Enter, Some(("open/read", "NotDirectory"))),
        ("open/read", Access::Execute, Some(("open/read", "NotExecutable"))),
        ("loop", Access::Read, Some(("loop", "Unknown"))),
        ("open/read\0", Access::Read, Some(("open/read\0", "Unknown"))),
    ] {
        let expected = expected.map(|(path, why)| (path.to_owned(), why.to_owned()));
        assert_eq!(tree.refusal(&other, name, access), expected, "{name} {access:?}");
    }
}

#[test]
fn groups_and_root_are_let_in() {
    let tree = Tree::new();
    tree.directory("group", 0o750);
    tree.file("group/file", 0o640);
    let gid = fs::metadata(tree.path("group/file")).unwrap().gid();
    let member = account(tree.other().uid, &[gid + 1, gid]);
    let refused = |account: &Account, access| tree.refusal(account, "group/file", access).map(|(_, why)| why);
    assert_eq!(refused(&member, Access::Read), None);
    assert_eq!(refused(&member, Access::Append).unwrap(), "Denied");
    assert_eq!(refused(&tree.other(), Access::Read).unwrap(), "Denied");
    tree.allow("group/file", 0);
    assert_eq!(refused(&account(0, &[]), Access::Append), None);
    assert_eq!(refused(&account(0, &[]), Access::Execute).unwrap(), "NotExecutable");
}

#[test]
fn a_socket_is_connected_to_by_who_may_write() {
    let tree = Tree::new();
    let _listener = UnixListener::bind(tree.path("socket")).unwrap();
    tree.allow("socket", 0o660);
    assert_eq!(tree.refusal(&tree.other(), "socket", Access::Write).unwrap().1, "Denied");
    tree.allow("socket", 0o666);
    assert_eq!(tree.refusal(&tree.other(), "socket", Access::Write), None);
    assert_eq!(tree.refusal(&tree.other(), "socket", Access::Append).unwrap().1, "NotRegular");
}

#[test]
fn as_many_links_are_followed_as_the_system_follows() {
    let tree = Tree::new();
    tree.file("0", 0o644);
    for n in 1..=41 {
        tree.link(&n.to_string(), &(n - 1).to_string());
    }
    assert!(fs::metadata(tree.path("40")).is_ok() && fs::metadata(tree.path("41")).is_err());
    assert_eq!(tree.refusal(&tree.other(), "40", Access::Read), None);
    assert_eq!(tree.refusal(&tree.other(), "41", Access::Read).unwrap().1, "Unknown");
}

#[test]
fn a_path_that_the_system_does_not_take_is_not_looked_up() {
    let tree = Tree::new();
    let long = "./".repeat(100) + &"../tmp/".repeat(1000);
    assert_eq!(tree.refusal(&tree.other(), &long, Access::Enter).unwrap().1, "Unknown");
    for path in ["", "no/such/place"] {
        assert!(check(&account(0, &[]), Path::new(path), Access::Read).is_err(), "{path}");
    }
    assert!(check(&tree.other(), Path::new("/.."), Access::Enter).is_ok());
}

/// No two systems have the same mounts, so these are asked what they are.
#[test]
fn a_mount_keeps_everybody_from_writing_or_running() {
    for (kind, access, expected) in [
        (Kind::File, Access::Write, Some(FsFlags::ST_RDONLY)),
        (Kind::File, Access::Append, Some(FsFlags::ST_RDONLY)),
        (Kind::Directory, Access::Create, Some(FsFlags::ST_RDONLY)),
        (Kind::File, Access::Execute, Some(FsFlags::ST_NOEXEC)),
        (Kind::Socket, Access::Write, None),
        (Kind::Other, Access::Append, None),
        (Kind::File, Access::Read, None),
        (Kind::Directory, Access::Enter, None),
    ] {
        assert_eq!(hindrance(kind, access).map(|(flag, _)| flag), expected, "{kind:?} {access:?}");
    }
    for path in ["/", "/proc", "/sys", "/tmp"].map(Path::new) {
        let flags = statvfs(path).unwrap().flags();
        let why = why_not_there(path, Kind::Directory, Access::Create).unwrap();
        assert_eq!(matches!(why, Some(Why::ReadOnly)), flags.contains(FsFlags::ST_RDONLY));
        let why = why_not_there(path, Kind::File, Access::Execute).unwrap();
        assert_eq!(matches!(why, Some(Why::NoExec)), flags.contains(FsFlags::ST_NOEXEC));
    }
    assert!(why_not_there(Path::new("/no/such/place"), Kind::File, Access::Write).is_err());
}
