//! Bad surroundings: odd file systems, closed streams, tight limits, wrong
//! clocks, files that change under the scan. The answer may be "later"; it is
//! never a wrong one, and no talk gets into a data file.

use std::fs;
use std::io::{Read, Write};
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::{FileExt, MetadataExt, PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use convscan::testing::play::answer::Ending;
use convscan::testing::play::reading::Again;
use convscan::testing::record::Record;

use crate::harness::fake_clamd::{FakeClamd, Script};
use crate::harness::judge::{Kind, Truth, judge, readings};
use crate::harness::{CONVSCAN, Case, DEFER, clamd_at, eicar, may_take_long, needs, rules};
use crate::outcomes::FAKE_UVSCAN;

const CLEAN: &[u8] = b"honest\r\nbytes\x00 without end";

fn with_rules(input: &[u8]) -> Case {
    with_rules_and(input, "")
}

fn with_rules_and(input: &[u8], more: &str) -> Case {
    let case = Case::new(input);
    let engine = rules(&case);
    let path = case.path("rules.txt");
    case.config(&format!("{engine}{more}")).var("RULES", path)
}

/// A part that a fake uvscan finds infected and cleans.
fn cleanable() -> Case {
    let case = Case::new(b"cleanable\n");
    let program = case.path("uvscan");
    fs::write(&program, FAKE_UVSCAN).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let engine = format!(
        "[[engine]]\nname = \"uvscan\"\ntype = \"command\"\ncanary = \"off\"\ncache = false\npreset = \"uvscan\"\nprogram = \"{}\"\n\
         scan = [\"--secure\", \"{{file}}\"]\nclean = [\"--clean\", \"{{file}}\"]\n",
        program.display()
    );
    case.config(&engine).var("FAKE", program)
}

/// A case of each kind, with the truth about it.
fn one_of_each() -> [(Case, Truth); 3] {
    let truth = |input: &[u8], kind| Truth { input: input.to_vec(), kind };
    [
        (with_rules(CLEAN), truth(CLEAN, Kind::Clean)),
        (with_rules(&eicar()), truth(&eicar(), Kind::Infected)),
        (cleanable(), truth(b"cleanable\n", Kind::Cleanable(b"honest after all\n".to_vec()))),
    ]
}

/// Runs a case through another program and judges what is left under every
/// reading; says how it ended.
#[track_caller]
fn judged(case: &Case, truth: &Truth, mut command: Command) -> Ending {
    let output = command.output().unwrap();
    let ending = output.status.code().map_or(Ending::Killed, Ending::Exited);
    let answer = case.answer(ending);
    let judged = judge(&answer, truth, &readings(Again::Known));
    assert!(judged.broken.is_empty(), "{:?} {answer:?} {output:?}", judged.broken.first());
    let log = fs::read_to_string(case.path("log")).unwrap_or_default();
    // A line that met a limit in its middle has no end.
    for line in log.split_inclusive('\n').filter(|line| line.ends_with('\n')) {
        Record::from_line(line).unwrap();
    }
    ending
}

/// The answer is the one that the part deserves, not only a harmless one.
#[track_caller]
fn right(case: &Case, truth: &Truth) {
    let answer = case.answer(Ending::Exited(0));
    let body = answer.body.as_deref().unwrap_or_default();
    let status = answer.options.as_deref().is_some_and(|options| options.starts_with(b"STATUS"));
    assert!(!status, "{answer:?}");
    match &truth.kind {
        Kind::Clean | Kind::Unscanned => assert_eq!(body, truth.input),
        Kind::Infected => assert!(body.starts_with(b"VIRUS NOTICE")),
        Kind::Cleanable(cleaned) => assert_eq!(body, cleaned),
    }
}

fn is_root() -> bool {
    fs::metadata("/proc/self").unwrap().uid() == 0
}

/// The program started by `shell`, which says `"$@"` for it.
fn through_shell(case: &Case, shell: &str) -> Command {
    case.wrapped("/bin/sh", &["-c", shell, "sh", CONVSCAN, "part"])
}

/// Likewise, without root's right to pass over file modes.
fn without_privileges(case: &Case, shell: &str) -> Command {
    if is_root() {
        case.wrapped(
            "/usr/bin/setpriv",
            &["--inh-caps=-all", "--bounding-set=-all", "/bin/sh", "-c", shell, "sh", CONVSCAN, "part"],
        )
    } else {
        through_shell(case, shell)
    }
}

/// Likewise, in file systems of its own.
fn with_own_mounts(case: &Case, shell: &str) -> Command {
    case.wrapped("/usr/bin/unshare", &["-rm", "/bin/sh", "-c", shell, "sh", CONVSCAN, "part"])
}

#[test]
fn outputs_may_lie_on_another_file_system_than_the_input() {
    let name = "outputs_may_lie_on_another_file_system_than_the_input";
    if !needs(name, "/usr/bin/unshare", "util-linux") {
        return;
    }
    let large = (with_rules(&[b'x'; 300_000]), Truth { input: vec![b'x'; 300_000], kind: Kind::Clean });
    for (case, truth) in one_of_each().into_iter().chain([large]) {
        for directory in ["disk", "kept"] {
            fs::create_dir(case.path(directory)).unwrap();
        }
        let mut away = case;
        for (variable, file) in [("OUTPUT_FILE", "o"), ("OUTPUT_OPTIONS", "opt"), ("OUTPUT_HEADERS", "h")] {
            let path = away.path("disk").join(file);
            away = away.var(variable, path);
        }
        let shell = "mount -t tmpfs -o size=2m none disk && \"$@\" && cp disk/* kept/";
        assert!(with_own_mounts(&away, shell).status().unwrap().success());
        let mut back = away;
        for (variable, file) in [("OUTPUT_FILE", "o"), ("OUTPUT_OPTIONS", "opt"), ("OUTPUT_HEADERS", "h")] {
            let path = back.path("kept").join(file);
            back = back.var(variable, path);
        }
        right(&back, &truth);
    }
}

#[test]
fn a_directory_that_takes_no_new_names_is_written_in_place() {
    let name = "a_directory_that_takes_no_new_names_is_written_in_place";
    if !needs(name, "/usr/bin/setpriv", "util-linux") {
        return;
    }
    for (mut case, truth) in one_of_each() {
        let sealed = case.path("sealed");
        fs::create_dir(&sealed).unwrap();
        for (variable, file) in [("OUTPUT_FILE", "o"), ("OUTPUT_OPTIONS", "opt"), ("OUTPUT_HEADERS", "h")] {
            fs::write(sealed.join(file), if file == "o" { "old ".repeat(1000) } else { String::new() })
                .unwrap();
            case = case.var(variable, sealed.join(file));
        }
        let command =
            without_privileges(&case, "chmod 555 sealed; \"$@\"; code=$?; chmod 755 sealed; exit $code");
        assert_eq!(judged(&case, &truth, command), Ending::Exited(0));
        right(&case, &truth);
        assert_eq!(fs::read_dir(&sealed).unwrap().count(), 3);
    }
}

#[test]
fn neither_umask_nor_a_missing_directory_for_temporary_files_matters() {
    let name = "neither_umask_nor_a_missing_directory_for_temporary_files_matters";
    if !needs(name, "/usr/bin/unshare", "util-linux") {
        return;
    }
    for (case, truth) in one_of_each() {
        let command = without_privileges(&case, "umask 0777; TMPDIR=/nonexistent exec \"$@\"");
        assert_eq!(judged(&case, &truth, command), Ending::Exited(0));
        right(&case, &truth);
    }
    for (case, truth) in one_of_each() {
        // Nothing is left where temporary files go, and nothing can be made there.
        let here = case.directory.path().display();
        let temporary = case.directory.path().parent().unwrap().display();
        // The program itself may have been built there.
        let built = Path::new(CONVSCAN).parent().unwrap();
        let (keep, back) = if built.starts_with(case.directory.path().parent().unwrap()) {
            let built = built.display();
            (
                format!("mount --bind {built} /srv && "),
                format!("mkdir -p {built} && mount --bind /srv {built} && "),
            )
        } else {
            (String::new(), String::new())
        };
        let shell = format!(
            "{keep}mount --bind {here} /mnt && mount -t tmpfs none {temporary} && {back}mkdir {here} && \
             mount --bind /mnt {here} && mount -o remount,ro {temporary} && cd / && exec \"$@\""
        );
        assert_eq!(judged(&case, &truth, with_own_mounts(&case, &shell)), Ending::Exited(0));
        right(&case, &truth);
    }
}

#[test]
fn closed_or_full_streams_let_no_talk_into_a_data_file() {
    let streams = [
        "<&-",
        ">&-",
        "2>&-",
        "<&- >&-",
        "<&- 2>&-",
        ">&- 2>&-",
        "<&- >&- 2>&-",
        "2>/dev/full",
        "</dev/full >/dev/full 2>/dev/full",
    ];
    for streams in streams {
        for (case, truth) in one_of_each() {
            let command = through_shell(&case, &format!("exec \"$@\" {streams}"));
            assert_eq!(judged(&case, &truth, command), Ending::Exited(0), "{streams}");
            right(&case, &truth);
            assert_eq!(fs::read_to_string(case.path("log")).unwrap().lines().count(), 1, "{streams}");
        }
        // Nothing can be logged, so there is talk.
        let engine = "[[engine]]\nname = \"c\"\ntype = \"clamd\"\naddress = \"unix:/nonexistent/s\"\n";
        let case = Case::new(CLEAN).raw_config(&format!("{engine}[log]\nfile = \"/nonexistent/log\"\n"));
        let truth = Truth { input: CLEAN.to_vec(), kind: Kind::Unscanned };
        let command = through_shell(&case, &format!("exec \"$@\" {streams}"));
        assert_eq!(judged(&case, &truth, command), Ending::Exited(0), "{streams}");
        let answer = case.answer(Ending::Exited(0));
        assert_eq!((answer.options.as_deref(), answer.body), (Some(DEFER.as_bytes()), None), "{streams}");
        assert_eq!(fs::read(case.path("input")).unwrap(), CLEAN);
    }
}

#[test]
fn a_thousand_odd_variables_change_nothing() {
    for (case, truth) in one_of_each() {
        let mut command = case.wrapped(CONVSCAN, &["part"]);
        for i in 0..1000_u32 {
            let mut name = format!("INPUT_{i}").into_bytes();
            name.extend([b' ', 0xff, b'\n', 0x1b].iter().take((i % 5) as usize));
            let value = vec![u8::try_from(1 + i % 255).unwrap(); (i % 97) as usize];
            command.env(std::ffi::OsString::from_vec(name), std::ffi::OsString::from_vec(value));
        }
        for (name, value) in [
            ("LANG", "xx_XX.KOI8-R"),
            ("LC_ALL", "tlh"),
            ("HOME", "/nonexistent"),
            ("PATH", ""),
            ("IFS", "/"),
            ("RUST_BACKTRACE", "full"),
            ("RUST_MIN_STACK", "1"),
            ("MALLOC_ARENA_MAX", "0"),
        ] {
            command.env(name, value);
        }
        assert_eq!(judged(&case, &truth, command), Ending::Exited(0));
        right(&case, &truth);
    }
}

/// Runs a case of each kind under a limit of `prlimit`; says which were answered
/// with more than "later".
fn limited(limit: &str) -> Vec<bool> {
    let run = |(case, truth): (Case, Truth)| {
        let shell = format!("exec prlimit {limit} \"$@\"");
        judged(&case, &truth, through_shell(&case, &shell));
        let options = case.answer(Ending::Exited(0)).options.unwrap_or_default();
        !options.starts_with(b"STATUS") && case.path("output").exists()
    };
    one_of_each().into_iter().map(run).collect()
}

#[test]
fn few_descriptors_or_little_memory_defer_at_worst() {
    let name = "few_descriptors_or_little_memory_defer_at_worst";
    if !needs(name, "/usr/bin/prlimit", "util-linux") {
        return;
    }
    for descriptors in 3..=7 {
        limited(&format!("--nofile={descriptors}"));
    }
    // A child needs pipes; others are served with less.
    assert_eq!(limited("--nofile=8")[..2], [true, true]);
    assert_eq!(limited("--nofile=16"), [true; 3]);
    for megabytes in [1, 2, 4, 6, 8, 10, 12, 16, 24] {
        limited(&format!("--as={}", megabytes << 20));
    }
    assert_eq!(limited(&format!("--as={}", 64 << 20)), [true; 3]);
}

#[test]
fn a_limit_on_the_size_of_files_ends_in_a_reply() {
    let name = "a_limit_on_the_size_of_files_ends_in_a_reply";
    if !needs(name, "/usr/bin/prlimit", "util-linux") {
        return;
    }
    for bytes in [0, 1, 16, 17, 20, 64, 100, 300, 600] {
        limited(&format!("--fsize={bytes}"));
    }
    for size in [2_000, 200_000] {
        let input = vec![b'x'; size];
        let case = with_rules(&input);
        let truth = Truth { input, kind: Kind::Clean };
        let command = through_shell(&case, "exec prlimit --fsize=1000 \"$@\"");
        assert_eq!(judged(&case, &truth, command), Ending::Exited(0));
        case.left_behind_deferred();
    }
}

#[test]
fn any_clock_and_any_zone_will_do() {
    for zone in ["", ":", ":/nonexistent", "../../etc/passwd", "XYZ99999", "<\x1b>5", "Nowhere/At_All"] {
        for (case, truth) in one_of_each() {
            let mut command = case.wrapped(CONVSCAN, &["part"]);
            command.env("TZ", zone);
            assert_eq!(judged(&case, &truth, command), Ending::Exited(0), "{zone}");
            right(&case, &truth);
        }
    }
    let name = "any_clock_and_any_zone_will_do";
    if !needs(name, "/usr/bin/faketime", "faketime") {
        return;
    }
    for date in ["1970-01-01 00:00:00", "2038-01-19 03:14:08", "2100-02-28 23:59:59"] {
        for (case, truth) in one_of_each() {
            // A clock that stands: one that goes on may reach the next day.
            let mut command = case.wrapped("/usr/bin/faketime", &["-f", date, CONVSCAN, "part"]);
            // The clock on the wall is wrong; no kernel turns back the other one.
            command.env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
            assert_eq!(judged(&case, &truth, command), Ending::Exited(0), "{date}");
            let log = fs::read_to_string(case.path("log")).unwrap();
            right(&case, &truth);
            let time = date.replace(' ', "T");
            assert!(log.contains(&format!("\"time\":\"{time}.000Z\"")), "{date}: {log}");
        }
    }
}

#[test]
fn a_log_in_an_impossible_place_changes_no_answer() {
    for place in ["/dev/full", "/nonexistent/log", "loop", "/proc/version"] {
        for (input, kind) in [(CLEAN.to_vec(), Kind::Clean), (eicar(), Kind::Infected)] {
            let case = Case::new(&input);
            let engine = rules(&case);
            symlink("loop", case.path("loop")).unwrap();
            let case = case.raw_config(&format!("{engine}[log]\nfile = \"{place}\"\n"));
            let truth = Truth { input, kind };
            assert_eq!(judged(&case, &truth, case.command()), Ending::Exited(0), "{place}");
            right(&case, &truth);
        }
    }
}

#[test]
fn an_input_may_be_a_link_but_not_a_loop() {
    for (case, truth) in one_of_each() {
        let link = case.path("link");
        symlink("input", &link).unwrap();
        let case = case.var("INPUT_FILE", link);
        assert_eq!(judged(&case, &truth, case.command()), Ending::Exited(0));
        right(&case, &truth);
    }
    let case = with_rules(CLEAN);
    let link = case.path("link");
    symlink("link", &link).unwrap();
    case.var("INPUT_FILE", link).run().deferred();
}

/// A file of 3 GB, most of it a hole, with a mark at each end and beyond 2 GB.
fn huge(path: &Path) -> u64 {
    let size = 3_000_000_000;
    let file = fs::File::create(path).unwrap();
    file.set_len(size).unwrap();
    for at in [0, (1 << 31) + 5, size - 4] {
        file.write_all_at(b"mark", at).unwrap();
    }
    size
}

#[test]
fn a_part_of_3_gb_is_deferred_in_time() {
    let name = "a_part_of_3_gb_is_deferred_in_time";
    if !needs(name, "/usr/bin/prlimit", "util-linux") {
        return;
    }
    let case = with_rules_and(CLEAN, "[limits]\ndeadline = \"300ms\"\n");
    huge(&case.path("input"));
    // Processor time does not depend on what else runs; all of it takes much more.
    let command = through_shell(&case, "exec prlimit --cpu=5 \"$@\"");
    let truth = Truth { input: Vec::new(), kind: Kind::Unscanned };
    assert_eq!(judged(&case, &truth, command), Ending::Exited(0));
    case.left_behind_deferred();
    let record = Record::from_line(&fs::read_to_string(case.path("log")).unwrap()).unwrap();
    assert!(record.reason.unwrap().starts_with("timed-out"));
}

#[test]
fn a_part_of_3_gb_is_delivered_whole() {
    if !may_take_long("a_part_of_3_gb_is_delivered_whole") {
        return;
    }
    let fake = FakeClamd::start(Script::Say(b"fd[9]: OK\0".to_vec()));
    let case = Case::new(CLEAN).config(&format!("{}largest = \"4G\"\n", fake.engine()));
    let size = huge(&case.path("input"));
    assert!(case.command().status().unwrap().success());
    assert!(!case.path("options").exists());
    let output = fs::File::open(case.path("output")).unwrap();
    assert_eq!(output.metadata().unwrap().len(), size);
    for (at, expected) in [(0, b"mark"), (5_000, &[0; 4]), ((1 << 31) + 5, b"mark"), (size - 4, b"mark")] {
        let mut bytes = [0; 4];
        output.read_exact_at(&mut bytes, at).unwrap();
        assert_eq!(&bytes, expected, "{at}");
    }
}

/// A clamd that does something to the part before it acquits it.
fn clamd_that(case: &Case, does: impl FnOnce(&Path) + Send + 'static) -> String {
    let socket = case.path("state/socket");
    let listener = UnixListener::bind(&socket).unwrap();
    let input: PathBuf = case.path("input");
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.read_exact(&mut [0; 9]).unwrap();
        does(&input);
        stream.write_all(b"fd[9]: OK\0").unwrap();
    });
    format!("{}canary = \"off\"\n", clamd_at(&format!("unix:{}", socket.display())))
}

/// What becomes of a part meanwhile, with its name.
type Alteration = (&'static str, fn(&Path));

#[test]
fn a_part_that_changes_while_it_is_scanned_is_deferred() {
    let changes: [Alteration; 6] = [
        ("emptied", |path| fs::write(path, "").unwrap()),
        ("cut", |path| open_for_writing(path).set_len(10).unwrap()),
        ("grown", |path| drop(fs::OpenOptions::new().append(true).open(path).unwrap().write(b"more"))),
        ("overwritten", |path| open_for_writing(path).write_all_at(b"EVIL", 3).unwrap()),
        ("cut and filled again", |path| {
            let size = fs::metadata(path).unwrap().len();
            fs::write(path, vec![b'E'; usize::try_from(size).unwrap()]).unwrap();
        }),
        ("another file", |path| {
            fs::write(path.with_extension("new"), "another").unwrap();
            fs::rename(path.with_extension("new"), path).unwrap();
        }),
    ];
    // Small parts are copied while the verdict is waited for, large ones afterwards.
    for size in [1_000, 200_000] {
        for (name, change) in changes {
            let case = Case::new(&vec![b'x'; size]);
            // Stamps are as coarse as the kernel's tick: let the part be older.
            let old = std::time::SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
            open_for_writing(&case.path("input")).set_modified(old).unwrap();
            let engine = clamd_that(&case, change);
            let case = case.config(&engine);
            case.command().output().unwrap();
            case.left_behind_deferred();
            let record = Record::from_line(&fs::read_to_string(case.path("log")).unwrap()).unwrap();
            assert!(
                record.reason.unwrap().starts_with("the answer `pass` could not be written"),
                "{name} {size}"
            );
        }
    }
}

fn open_for_writing(path: &Path) -> fs::File {
    fs::OpenOptions::new().write(true).open(path).unwrap()
}

#[test]
fn outputs_that_are_links_are_answered_through() {
    for target in ["there", "dangling"] {
        for (mut case, truth) in one_of_each() {
            for (variable, link) in
                [("OUTPUT_FILE", "lo"), ("OUTPUT_OPTIONS", "lp"), ("OUTPUT_HEADERS", "lh")]
            {
                let file = format!("{target}-{link}");
                if target == "there" && variable != "OUTPUT_HEADERS" {
                    fs::write(case.path(&file), "old\n").unwrap();
                }
                symlink(&file, case.path(link)).unwrap();
                let link = case.path(link);
                case = case.var(variable, link);
            }
            assert_eq!(judged(&case, &truth, case.command()), Ending::Exited(0), "{target}");
            right(&case, &truth);
        }
    }
    // A link to itself is no place to write to.
    let case = with_rules(CLEAN);
    let link = case.path("loop");
    symlink("loop", &link).unwrap();
    let case = case.var("OUTPUT_OPTIONS", link);
    let truth = Truth { input: CLEAN.to_vec(), kind: Kind::Clean };
    judged(&case, &truth, case.command());
}

#[test]
fn a_pipe_that_nobody_reads_is_not_waited_for() {
    for (variable, input, ending) in [
        ("OUTPUT_FILE", CLEAN.to_vec(), 0),
        ("OUTPUT_FILE", eicar(), 0),
        ("OUTPUT_HEADERS", eicar(), 0),
        ("OUTPUT_OPTIONS", eicar(), 0),
    ] {
        let case = with_rules(&input);
        let pipe = case.path("pipe");
        nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).unwrap();
        let case = case.var(variable, pipe);
        let status = case.wrapped(CONVSCAN, &["part"]).stderr(Stdio::null()).status().unwrap();
        assert_eq!(status.code(), Some(ending), "{variable}");
        if variable == "OUTPUT_OPTIONS" {
            // Nothing can be said: the notice is in place, as for a channel without options.
            assert!(fs::read(case.path("output")).unwrap().starts_with(b"VIRUS NOTICE"));
        } else {
            assert_eq!(fs::read(case.path("options")).unwrap(), DEFER.as_bytes(), "{variable}");
        }
    }
}
