//! The order of system calls that the promise depends on, as strace sees it. The crash
//! walk takes the first write of a run for the promise; here it is told which write
//! that must be.

use std::fs;

use crate::harness::{Case, DEFER, HOLD, PART, Ran, eicar, needs, rules};

/// What one call does, as far as the order is concerned.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    /// This text goes into OUTPUT_OPTIONS.
    Says(String),
    /// The configuration is opened.
    Configuration,
    /// The part is opened.
    Part,
    /// A line, or a piece of one, goes into the log.
    Log,
}

/// The steps of `case`, and how it ended.
fn steps(case: &Case) -> (Vec<Step>, Ran) {
    let trace = case.path("trace").display().to_string();
    let options =
        ["-f", "-y", "-qq", "-s", "200", "-e", "trace=openat,write,pwrite64,writev", "-o", &trace, PART];
    let mut command = case.wrapped("/usr/bin/strace", &options);
    command.args(case.command().get_args());
    assert!(command.status().unwrap().success());
    let text = fs::read_to_string(&trace).unwrap();
    fs::remove_file(&trace).unwrap();
    let [options, config, input, log] =
        ["options", "config.toml", "input", "log"].map(|name| case.path(name).display().to_string());
    let steps = text.lines().filter_map(|line| {
        // The options are written in place at first, and by a file beside them later.
        let writes = line.contains("write");
        if writes && line.contains(&format!("<{options}")) {
            let said = line.split('"').nth(1)?.replace("\\n", "\n");
            return Some(Step::Says(said));
        }
        if writes && line.contains(&format!("<{log}>")) {
            return Some(Step::Log);
        }
        let opens = |path: &str| {
            line.contains("openat(") && line.contains(&format!("\"{path}\"")) && !line.contains("ENOENT")
        };
        opens(&config).then_some(Step::Configuration).or(opens(&input).then_some(Step::Part))
    });
    (steps.collect(), case.left_behind())
}

fn has_strace(name: &str) -> bool {
    needs(name, "/usr/bin/strace", "strace")
}

fn place(steps: &[Step], step: &Step) -> usize {
    steps.iter().position(|one| one == step).unwrap_or_else(|| panic!("{step:?} is not among {steps:?}"))
}

/// Nothing may fail before the safe answer is there: not even the configuration may be
/// read.
#[test]
fn the_safe_answer_is_written_before_anything_is_read() {
    if !has_strace("the_safe_answer_is_written_before_anything_is_read") {
        return;
    }
    for (arguments, promise) in
        [(None, DEFER), (Some("6.2"), HOLD), (Some("pmdf"), HOLD), (Some("8.1"), DEFER)]
    {
        for input in [b"honest\n".to_vec(), eicar()] {
            let case = Case::new(&input);
            let config = rules(&case);
            let mut case = case.config(&config);
            if let Some(release) = arguments {
                case = case.argument("--release").argument(release);
            }
            let (steps, _) = steps(&case);
            let first = place(&steps, &Step::Says(promise.to_owned()));
            assert!(first < place(&steps, &Step::Configuration), "{steps:?}");
            assert!(first < place(&steps, &Step::Part), "{steps:?}");
        }
    }
}

/// A configuration for an older server: the promise is worded for it before the part
/// is looked at, so that a kill later leaves a directive that this server knows.
#[test]
fn the_promise_is_worded_for_the_configured_release_before_the_part_is_opened() {
    if !has_strace("the_promise_is_worded_for_the_configured_release_before_the_part_is_opened") {
        return;
    }
    for release in ["5.2", "6.2", "pmdf"] {
        let case = Case::new(b"honest\n");
        let config = format!("[server]\nrelease = \"{release}\"\n{}", rules(&case));
        let (steps, _) = steps(&case.config(&config));
        let first = place(&steps, &Step::Says(DEFER.to_owned()));
        let second = place(&steps, &Step::Says(HOLD.to_owned()));
        assert!(first < place(&steps, &Step::Configuration), "{steps:?}");
        assert!(place(&steps, &Step::Configuration) < second, "{steps:?}");
        assert!(second < place(&steps, &Step::Part), "{steps:?}");
    }
}

/// Two processes write to one log: a line in two writes would be mixed with theirs.
#[test]
fn a_log_line_is_one_write_and_comes_last() {
    if !has_strace("a_log_line_is_one_write_and_comes_last") {
        return;
    }
    for input in [b"honest\n".to_vec(), eicar()] {
        let case = Case::new(&input);
        let config = rules(&case);
        let (steps, ran) = steps(&case.config(&config));
        assert_eq!(steps.iter().filter(|step| **step == Step::Log).count(), 1, "{steps:?}");
        assert_eq!(steps.last(), Some(&Step::Log), "{steps:?}");
        assert_eq!(ran.log.lines().count(), 1);
    }
}

/// The log says what the server was told, not what the policy wished.
#[test]
fn the_log_says_what_an_older_server_was_told() {
    for (release, policy, done) in [
        ("6.2", "[policy]\ninfected = \"discard\"\n", "hold"),
        ("pmdf", "[policy]\ninfected = \"discard\"\n", "discard"),
        ("8.1", "[policy]\ninfected = \"discard\"\n", "discard"),
    ] {
        let case = Case::new(&eicar());
        let config = format!("[server]\nrelease = \"{release}\"\n{policy}{}", rules(&case));
        assert_eq!(case.config(&config).run().record().action, done, "{release}");
    }
    for (release, done) in [("6.2", "hold"), ("pmdf", "hold"), ("8.1", "defer")] {
        let case = Case::new(b"honest\n");
        let config = format!("[server]\nrelease = \"{release}\"\n{}", rules(&case));
        fs::remove_file(case.path("rules.txt")).unwrap();
        assert_eq!(case.config(&config).run().record().action, done, "{release}");
    }
}
