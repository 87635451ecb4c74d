//! Whatever becomes of the state directory: the answers are right, only later.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::{CLEAN, Fate, Host, fate, now, part_with, reason, until};
use crate::harness::fake_clamd::FakeClamd;
use crate::harness::{CONVSCAN, Case, eicar, needs, needs_root};

#[test]
fn without_a_usable_state_directory_every_acquittal_is_proven_anew() {
    let name = "without_a_usable_state_directory_every_acquittal_is_proven_anew";
    let (fake, eyes) = FakeClamd::look();
    let engine = fake.watched("20s");
    let expect = |case: &dyn Fn(&[u8]) -> Case, mut through: Box<dyn FnMut(&Case) -> Command>| {
        for i in 0..2 {
            let before = eyes.canaries();
            for (input, wanted) in [(CLEAN.to_vec(), Fate::Passed), (eicar(), Fate::Replaced)] {
                let case = case(&input);
                assert!(through(&case).status().unwrap().success());
                assert_eq!(fate(&case, &input).0, wanted, "{i}");
            }
            // That of the clean part; the infected one counts as one, too.
            assert!(eyes.canaries() >= before + 2, "{i}");
        }
        eyes.blind.store(true, Ordering::SeqCst);
        let case = case(CLEAN);
        assert!(through(&case).status().unwrap().success());
        let (fate, record) = fate(&case, CLEAN);
        assert!(fate == Fate::Deferred && reason(&record).starts_with("blind"), "{record:?}");
        eyes.blind.store(false, Ordering::SeqCst);
    };
    let plain = || Box::new(Case::command) as Box<dyn FnMut(&Case) -> Command>;
    expect(&|input| part_with(&engine, input, None), plain());
    expect(&|input| part_with(&engine, input, Some(Path::new("/nonexistent/state"))), plain());
    if !needs(name, "/usr/bin/setpriv", "util-linux") || !needs(name, "/usr/bin/unshare", "util-linux") {
        return;
    }
    // One that may only be read.
    let host = Host::new();
    fs::set_permissions(host.state.path(), fs::Permissions::from_mode(0o555)).unwrap();
    let weak = || {
        Box::new(|case: &Case| {
            let arguments = ["--inh-caps=-all", "--bounding-set=-all", CONVSCAN, "part"];
            case.wrapped("/usr/bin/setpriv", &arguments)
        }) as Box<dyn FnMut(&Case) -> Command>
    };
    expect(&|input| host.part(&engine, input), weak());
    assert!(host.notes().is_empty());
    fs::set_permissions(host.state.path(), fs::Permissions::from_mode(0o755)).unwrap();
    // A full one, in which not even a name has room.
    let full = host.state.path().display().to_string();
    expect(
        &|input| host.part(&engine, input),
        Box::new(move |case: &Case| {
            let shell = format!("mount -t tmpfs -o nr_inodes=1 none {full} && exec \"$@\"");
            case.wrapped("/usr/bin/unshare", &["-rm", "/bin/sh", "-c", &shell, "sh", CONVSCAN, "part"])
        }),
    );
}

#[test]
fn a_state_directory_of_another_account_defers_nothing() {
    let name = "a_state_directory_of_another_account_defers_nothing";
    if !needs_root(name) || !needs(name, "/usr/bin/setpriv", "util-linux") {
        return;
    }
    let (fake, eyes) = FakeClamd::look();
    let engine = fake.watched("20s");
    let open = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    let socket = PathBuf::from(fake.address().split_once(':').unwrap().1);
    open(&socket, 0o777);
    open(socket.parent().unwrap(), 0o755);
    // The directory is root's or everybody's; what is in it is root's.
    for mode in [0o755, 0o777, 0o1777] {
        let host = Host::new();
        host.part(&engine, CLEAN).run().passed(CLEAN);
        assert!(host.state.path().join("locks").exists());
        let proven = host.note();
        open(host.state.path(), mode);
        for blind in [false, true] {
            eyes.blind.store(blind, Ordering::SeqCst);
            host.age(Duration::from_secs(21));
            for (input, sees) in [(CLEAN.to_vec(), Fate::Passed), (eicar(), Fate::Replaced)] {
                let case = host.part(&engine, &input);
                chown(case.directory.path(), Some(65534), None).unwrap();
                let arguments = ["--reuid=65534", "--regid=65534", "--clear-groups", CONVSCAN, "part"];
                assert!(case.wrapped("/usr/bin/setpriv", &arguments).status().unwrap().success());
                let fate = fate(&case, &input);
                assert_eq!(fate.0, if blind { Fate::Deferred } else { sees }, "{mode:o} {:?}", fate.1);
            }
            // A proof again.
            host.forge(&proven);
        }
        eyes.blind.store(false, Ordering::SeqCst);
    }
}

#[test]
fn notes_that_make_no_sense_acquit_nothing_and_heal() {
    let (fake, eyes) = FakeClamd::look();
    let engine = fake.watched("20s");
    let (later, much) = (now() + 3_600_000_000, u64::MAX);
    let host = Host::new();
    host.part(&engine, CLEAN).run().passed(CLEAN);
    let seal = host.note().split(' ').nth(3).unwrap().to_owned();
    let notes = [
        "garbage".to_owned(),
        "\u{1b}[2J\u{202e} \u{fffd}".to_owned(),
        "x ".repeat(1000),
        format!("awake {later} 0 {seal} x"),
        format!("awake {later} {later} {seal} x"),
        format!("awake {much} {much} {seal} x"),
        format!("awake {} {later} {seal} x", now()),
        format!("awake {} 0 - x", now()),
        format!("awake {} 0 x", now()),
        format!("awake {} 0 {} x", now(), "0".repeat(32)),
        format!("awake {} 0 {seal}0 x", now()),
        format!("awake 0 0 {seal} x"),
        format!("awake -5 0 {seal} x"),
        format!("closed {later} 1 blind x"),
        format!("closed {much} {} timed-out x", u32::MAX),
        format!("closed 0 {} timed-out x", u32::MAX),
        "closed 1 1 no-such-kind x".to_owned(),
        format!("unproven {} 0", u32::MAX),
        format!("unproven 1 {much}"),
        ".".to_owned(),
    ];
    let place = host.place();
    let not_a_link: [fn(&Path); 4] = [
        |path| fs::write(path, "awake 99 0 x").unwrap(),
        |path| fs::create_dir(path).unwrap(),
        |path| nix::unistd::mkfifo(path, nix::sys::stat::Mode::S_IRWXU).unwrap(),
        |_| (),
    ];
    let forged = notes
        .iter()
        .map(|note| Box::new(move |path: &Path| symlink(note, path).unwrap()) as Box<dyn Fn(&Path)>);
    let odd = not_a_link.iter().map(|make| Box::new(make) as Box<dyn Fn(&Path)>);
    for (i, make) in forged.chain(odd).enumerate() {
        fs::remove_file(&place).unwrap();
        make(&place);
        eyes.blind.store(true, Ordering::SeqCst);
        host.part(&engine, CLEAN).run().deferred();
        if fs::symlink_metadata(&place).is_ok_and(|metadata| !metadata.is_dir()) {
            fs::remove_file(&place).unwrap();
        } else {
            fs::remove_dir(&place).unwrap();
        }
        make(&place);
        eyes.blind.store(false, Ordering::SeqCst);
        let record = until(Fate::Passed, &host, &engine, CLEAN);
        assert!(!record.engines[0].version.as_deref().unwrap_or_default().contains('\u{1b}'));
        let before = eyes.canaries();
        host.part(&engine, CLEAN).run().passed(CLEAN);
        assert_eq!(eyes.canaries(), before, "{i}: {:?}", host.note());
    }
}

#[test]
fn a_directory_full_of_things_in_place_of_a_note_costs_time_only() {
    let (fake, eyes) = FakeClamd::look();
    let engine = fake.watched("20s");
    let host = Host::new();
    host.part(&engine, CLEAN).run().passed(CLEAN);
    let place = host.place();
    fs::remove_file(&place).unwrap();
    fs::create_dir_all(place.join("thing")).unwrap();
    host.part(&engine, CLEAN).run().passed(CLEAN);
    eyes.blind.store(true, Ordering::SeqCst);
    host.part(&engine, CLEAN).run().deferred();
}
