//! Killed anywhere: the program is killed at each of its system calls, and each
//! of them fails in every way, for parts of all kinds. Whatever is left on disk
//! then, read in every way that the manuals allow, keeps the three rules of
//! `harness::judge`.
//!
//! The files of a killed program are judged twice: as left by a program that
//! failed, and by themselves, as a channel sees them that looks at nothing else.
//!
//! A kernel that lies, such as one that says it wrote what it did not, is not
//! among the accidents: nobody can answer rightly on top of that.

use std::collections::HashMap;
use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use convscan::testing::play::answer::{Answer, Ending};
use convscan::testing::play::reading::{Again, Reading};

use crate::harness::fake_clamd::{FakeClamd, Script};
use crate::harness::judge::{Judged, Kind, Truth, judge, readings};
use crate::harness::{Case, PART, eicar, needs, rules};
use crate::outcomes::FAKE_UVSCAN;

/// Longest time that a run may take. The engines' own time is far below.
const LONGEST: Duration = Duration::from_secs(30);

/// How calls fail, the likeliest first: what their manual pages name and this
/// program may meet.
const ERRORS: [(&[&str], &[&str]); 9] = [
    (&["openat"], &["ENOSPC", "EMFILE", "EACCES", "EROFS", "EINTR", "EIO"]),
    (&["write", "copy_file_range", "ftruncate"], &["ENOSPC", "EIO", "EINTR"]),
    (&["rename", "unlink", "unlinkat", "mkdir", "chmod", "fchmod"], &["EACCES", "ENOSPC", "EROFS", "EIO"]),
    (&["read", "pread64", "lseek", "getdents64"], &["EIO", "EINTR"]),
    (&["statx", "newfstatat", "access", "readlink"], &["EACCES", "EIO"]),
    (&["socket", "connect", "setsockopt"], &["EMFILE", "EACCES", "EAGAIN", "EINTR", "ENOMEM"]),
    (&["sendto", "sendmsg", "recvfrom"], &["ECONNRESET", "EAGAIN", "EINTR", "ENOMEM"]),
    (&["mmap", "munmap", "mprotect", "brk", "mremap"], &["ENOMEM"]),
    (
        &["execve", "clone", "clone3", "vfork", "fork", "pipe2", "socketpair"],
        &["EMFILE", "EAGAIN", "ENOMEM", "EACCES"],
    ),
];

/// Of all other calls.
const OTHER_ERRORS: &[&str] = &["EIO", "EINTR"];

fn errors(name: &str) -> &'static [&'static str] {
    ERRORS.iter().find(|(names, _)| names.contains(&name)).map_or(OTHER_ERRORS, |(_, errors)| errors)
}

/// The servers, by the snippet that is made for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Server {
    From63,
    Before63,
}

impl Server {
    const ALL: [Self; 2] = [Self::From63, Self::Before63];

    /// The command line of the snippet.
    fn command(self) -> &'static str {
        let snippet = match self {
            Self::From63 => include_str!("../imta-snippets/conversions"),
            Self::Before63 => include_str!("../imta-snippets/conversions-before-6.3"),
        };
        let (_, rest) = snippet.split_once("command=\"").unwrap();
        rest.split_once('"').unwrap().0
    }

    fn again(self) -> Again {
        match self {
            Self::From63 => Again::Known,
            Self::Before63 => Again::Unknown,
        }
    }
}

/// Whether the snippet's stage behind `||` runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Guard {
    On,
    Off,
}

/// Who is asked about the part.
enum Asked {
    Rules,
    Others(String),
}

/// A part and who is asked about it.
struct Scene {
    name: &'static str,
    truth: Truth,
    asked: Asked,
    more: &'static str,
    one_name: bool,
}

fn scene(name: &'static str, input: &[u8], kind: Kind) -> Scene {
    let truth = Truth { input: input.to_vec(), kind };
    Scene { name, truth, asked: Asked::Rules, more: "", one_name: false }
}

impl Scene {
    fn case(&self) -> Case {
        let case = Case::new(&self.truth.input);
        let engine = match &self.asked {
            Asked::Rules => rules(&case),
            Asked::Others(engine) => engine.clone(),
        };
        let output = case.path(if self.one_name { "input" } else { "output" });
        case.config(&format!("{engine}{}", self.more)).var("OUTPUT_FILE", output)
    }
}

/// What the scenes need as long as they are played.
struct Stage {
    scenes: Vec<Scene>,
    _directory: tempfile::TempDir,
    _clamds: [FakeClamd; 2],
}

fn stage() -> Stage {
    let directory = tempfile::tempdir().unwrap();
    let program = directory.path().join("uvscan");
    fs::write(&program, FAKE_UVSCAN).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let uvscan = format!(
        "[[engine]]\nname = \"uvscan\"\ntype = \"command\"\ncanary = \"off\"\ncache = false\npreset = \"uvscan\"\nprogram = \"{}\"\n\
         timeout = \"1s\"\nscan = [\"--secure\", \"{{file}}\"]\nclean = [\"--clean\", \"{{file}}\"]\n",
        program.display()
    );
    let clamds = [b"fd[9]: OK\0".to_vec(), b"fd[9]: Worm FOUND\0".to_vec()]
        .map(|say| FakeClamd::start(Script::Say(say)));
    // A request that does not arrive is waited for until the engine's time is over.
    let [acquits, convicts] = clamds
        .each_ref()
        .map(|clamd| Asked::Others(clamd.engine().replace("address", "timeout = \"500ms\"\naddress")));
    let nobody = "[[engine]]\nname = \"c\"\ntype = \"clamd\"\naddress = \"unix:/nonexistent/socket\"\n";
    let clean = b"honest\r\nbytes\x00 without end";
    let scenes = vec![
        scene("clean", clean, Kind::Clean),
        scene("clean and large", &[b'x'; 100_000], Kind::Clean),
        scene("infected", &eicar(), Kind::Infected),
        Scene {
            more: "[policy]\ninfected = \"hold\"\n",
            ..scene("infected, to be held", &eicar(), Kind::Infected)
        },
        Scene { one_name: true, ..scene("clean under one name", clean, Kind::Clean) },
        Scene { one_name: true, ..scene("infected under one name", &eicar(), Kind::Infected) },
        Scene { asked: acquits, ..scene("clean by clamd", clean, Kind::Clean) },
        Scene { asked: convicts, ..scene("infected by clamd", b"a worm", Kind::Infected) },
        Scene { asked: Asked::Others(nobody.to_owned()), ..scene("deferred", clean, Kind::Unscanned) },
        Scene {
            asked: Asked::Others(uvscan),
            ..scene("cleaned", b"cleanable\n", Kind::Cleanable(b"honest after all\n".to_vec()))
        },
    ];
    Stage { scenes, _directory: directory, _clamds: clamds }
}

/// One system call and what happens at it.
struct Point<'a> {
    scene: &'a Scene,
    server: Server,
    guard: Guard,
    /// As `strace --inject` takes it.
    injection: String,
    /// Whether the files must be harmless by themselves: to a channel that looks
    /// at nothing else, not even at how the program ended.
    files_alone: bool,
}

/// What a run left, and the calls it made.
struct Played {
    answer: Answer,
    trace: String,
    took: Duration,
}

/// The program as it is shipped, where `tests/run` has built that.
fn program() -> String {
    std::env::var("CONVSCAN_STATIC").unwrap_or_else(|_| PART.to_owned())
}

fn play(scene: &Scene, server: Server, guard: Guard, options: &str) -> Played {
    let case = scene.case();
    let traced = format!(
        "timeout -s KILL {} strace -qq -o '{}' {options} {}",
        LONGEST.as_secs(),
        case.path("trace").display(),
        program()
    );
    let command = match guard {
        Guard::On => server.command(),
        Guard::Off => server.command().split(" ||").next().unwrap(),
    };
    let started = Instant::now();
    // Without its list of time zones, which is long, and every look at it is a point.
    let status = case
        .wrapped("/bin/sh", &["-c", &command.replace("/usr/local/bin/convscan-part", &traced)])
        .env("TZDIR", case.path("state"))
        .stderr(Stdio::null())
        .status()
        .unwrap();
    let took = started.elapsed();
    let ending = status.code().map_or(Ending::Killed, Ending::Exited);
    let trace = String::from_utf8_lossy(&fs::read(case.path("trace")).unwrap_or_default()).into_owned();
    Played { answer: case.answer(ending), trace, took }
}

/// One call of a run that nothing happened to.
struct Call {
    name: String,
    /// Its number among those of its name.
    count: usize,
    /// Whether it belongs to the system's start of a program, before `main`.
    is_start: bool,
    /// Whether the safe answer is on disk when this call begins. Until then there
    /// is no file that could say anything, and the guard alone can help.
    is_promised: bool,
}

fn calls(scene: &Scene, server: Server) -> Vec<Call> {
    let played = play(scene, server, Guard::On, "");
    assert_eq!(played.answer.ending, Ending::Exited(0), "{}: {}", scene.name, played.trace);
    let mut counts = HashMap::new();
    let (mut is_start, mut is_promised) = (true, false);
    let names = played.trace.lines().filter_map(|line| line.split_once('(')).map(|(name, _)| name);
    let calls: Vec<_> = names
        .map(|name| {
            let count: &mut usize = counts.entry(name.to_owned()).or_default();
            *count += 1;
            // The first thing that `convscan part` does.
            is_start &= name != "umask";
            let call = Call { name: name.to_owned(), count: *count, is_start, is_promised };
            // The first thing that is ever written.
            is_promised |= name == "write";
            call
        })
        .collect();
    let own = calls.iter().filter(|call| !call.is_start).count();
    assert!(own > 30, "{}: {}", scene.name, played.trace);
    calls
}

/// All points of all scenes. Before `main` all scenes are the same.
fn points(stage: &Stage, injections: fn(Server, &Call) -> Vec<(Guard, String)>) -> Vec<Point<'_>> {
    let mut points = Vec::new();
    for (i, scene) in stage.scenes.iter().enumerate() {
        for server in Server::ALL {
            for call in calls(scene, server).iter().filter(|call| i == 0 || !call.is_start) {
                points.extend(injections(server, call).into_iter().map(|(guard, injection)| {
                    let files_alone = call.is_promised && injection.starts_with(KILL);
                    let injection = format!("-e trace={0} -e inject={0}:{injection}", call.name);
                    Point { scene, server, guard, injection, files_alone }
                }));
            }
        }
    }
    points
}

const KILL: &str = "signal=KILL";

fn kills(_server: Server, call: &Call) -> Vec<(Guard, String)> {
    [Guard::On, Guard::Off].map(|guard| (guard, format!("{KILL}:when={}", call.count))).to_vec()
}

/// Each call fails once in every way, and then it and all of its name that
/// follow: a disk is full, say. An older server differs in what it is told and
/// not in how, so that one way will do. The guard has nothing to do with this:
/// it only sees how the program ends.
fn faults(server: Server, call: &Call) -> Vec<(Guard, String)> {
    let (errors, count) = (errors(&call.name), call.count);
    let once = |error: &&str| format!("error={error}:when={count}");
    let faults = match (server, call.name.as_str()) {
        // It never comes back, and so cannot fail.
        (_, "exit_group") => Vec::new(),
        // It closes even when it fails, close(2) says; made to fail it would not.
        (_, "close") => Vec::new(),
        (Server::From63, _) => {
            errors.iter().map(once).chain([format!("error={}:when={count}+", errors[0])]).collect()
        }
        (Server::Before63, _) => vec![once(&errors[0])],
    };
    faults.into_iter().map(|fault| (Guard::Off, fault)).collect()
}

/// What came of a walk.
#[derive(Debug, Default)]
struct Walk {
    /// Points at which something happened.
    met: usize,
    /// Answers judged under one reading each.
    judged: usize,
    beyond: usize,
    failures: Vec<String>,
    /// Answers that broke no rule, with how often they were beyond reach: most
    /// points leave the same few, and judging takes as long as running.
    known: HashMap<Left, usize>,
}

/// A scene and what a run of it left.
type Left = (&'static str, Server, [Option<Vec<u8>>; 3], String);

fn walk(points: &[Point<'_>]) -> Walk {
    let readings = Server::ALL.map(|server| (server, readings(server.again())));
    let (walk, next) = (Mutex::new(Walk::default()), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(|| {
                while let Some(point) = points.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let readings = readings.iter().find(|(server, _)| *server == point.server).unwrap();
                    visit(point, &readings.1, &walk);
                }
            });
        }
    });
    walk.into_inner().unwrap()
}

fn visit(point: &Point<'_>, readings: &[Reading], walk: &Mutex<Walk>) {
    let played = play(point.scene, point.server, point.guard, &point.injection);
    let at = || format!("{} {:?} {:?} {}", point.scene.name, point.server, point.guard, point.injection);
    let met = ["(INJECTED)", "+++ killed"].iter().any(|word| played.trace.contains(word));
    let mut failures = Vec::new();
    if played.took >= LONGEST {
        failures.push(format!("{}: without end", at()));
    }
    if point.guard == Guard::On && played.answer.ending != Ending::Exited(0) {
        failures.push(format!("{}: the guard failed: {:?}", at(), played.answer.ending));
    }
    let unnoticed = point.files_alone.then(|| Answer { ending: Ending::Exited(0), ..played.answer.clone() });
    for answer in [played.answer].into_iter().chain(unnoticed) {
        if let Some(rule) = rule_broken(point, &answer, readings, walk) {
            failures.push(format!("{}: {rule}\n  {:.600}", at(), format!("{answer:?}")));
        }
    }
    let mut walk = walk.lock().unwrap();
    walk.met += usize::from(met);
    walk.failures.extend(failures);
}

/// The first rule that an answer breaks, with how many readings break one.
fn rule_broken(
    point: &Point<'_>,
    answer: &Answer,
    readings: &[Reading],
    walk: &Mutex<Walk>,
) -> Option<String> {
    let Answer { ending, body, headers, options } = answer.clone();
    let left: Left = (point.scene.name, point.server, [body, headers, options], format!("{ending:?}"));
    let known = walk.lock().unwrap().known.get(&left).copied();
    let judged = match known {
        Some(beyond) => Judged { readings: readings.len(), beyond, broken: Vec::new() },
        None => judge(answer, &point.scene.truth, readings),
    };
    let mut walk = walk.lock().unwrap();
    walk.judged += judged.readings;
    walk.beyond += judged.beyond;
    if judged.broken.is_empty() {
        walk.known.insert(left, judged.beyond);
    }
    judged.broken.first().map(|rule| format!("{} x {rule}", judged.broken.len()))
}

fn report(what: &str, points: usize, walk: &Walk) {
    let Walk { met, judged, beyond, failures, .. } = walk;
    let line = format!(
        "crash walk: {met} {what}, judged {judged} times, {beyond} beyond reach: {} failures\n",
        failures.len()
    );
    std::io::stderr().write_all(line.as_bytes()).unwrap();
    // Runs with a child differ by a call or two from time to time.
    assert!(met * 20 > points * 19, "only {met} of {points} points were met");
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn killed_at_any_system_call_nothing_infected_is_delivered_and_nothing_is_lost() {
    let name = "killed_at_any_system_call_nothing_infected_is_delivered_and_nothing_is_lost";
    if !needs(name, "/usr/bin/strace", "strace") {
        return;
    }
    let stage = stage();
    let points = points(&stage, kills);
    report("kills", points.len(), &walk(&points));
}

#[test]
fn whichever_system_call_fails_nothing_infected_is_delivered_and_nothing_is_lost() {
    let name = "whichever_system_call_fails_nothing_infected_is_delivered_and_nothing_is_lost";
    if !needs(name, "/usr/bin/strace", "strace") {
        return;
    }
    let stage = stage();
    let points = points(&stage, faults);
    report("failed calls", points.len(), &walk(&points));
}
