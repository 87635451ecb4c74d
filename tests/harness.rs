//! The frame of all tests: a case is variables and files in, files, status and
//! log line out. What a case does not expect to be there must be empty.

pub mod c_icap;
pub mod clamd;
pub mod fake_clamd;
pub mod fake_icap;
pub mod judge;
pub mod scanner;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io::Write;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

pub use convscan::testing::os::clock::processor_time;
use convscan::testing::play::answer::{Answer, Ending};
use convscan::testing::record::Record;

/// The program under test.
pub const CONVSCAN: &str = env!("CARGO_BIN_EXE_convscan");

/// What the MTA runs.
pub const PART: &str = env!("CARGO_BIN_EXE_convscan-part");

/// "Try again later" and the other directives, as an administrator reads them
/// in the manual.
pub const DEFER: &str = "STATUS=178028698\n";
pub const HOLD: &str = "STATUS=178030250\n";
pub const DELETE: &str = "STATUS=178030178\n";
pub const DISCARD: &str = "STATUS=178030259\n";

/// Debian's files that scanners are to find, and are made to by the database of
/// the tests.
pub const SPECIMENS: &str = "/usr/share/clamav-testfiles";

/// What outlives a part in the state directory.
const KEPT: [&str; 6] = ["cache", "flights", "health-", "locks", "storm.", "suspects"];

/// Whether everything must run: `all` but what takes long, or `more`. Else tests
/// whose package is missing leave themselves out, by name.
pub fn nothing_may_be_left_out() -> bool {
    std::env::var_os("CONVSCAN_TESTS").is_some_and(|value| value == "all" || value == "more")
}

/// Whether long tests run, as by `tests/more`; says by name what is left out.
pub fn may_take_long(test: &str) -> bool {
    let may = std::env::var_os("CONVSCAN_TESTS").is_some_and(|value| value == "more");
    if !may {
        say_left_out(&format!("{test} (takes long: tests/more)"));
    }
    may
}

/// Past the capture of the test runner, which hides what passing tests say.
fn say_left_out(what: &str) {
    std::io::stderr().write_all(format!("left out: {what}\n").as_bytes()).unwrap();
}

/// The one place that says where files of Debian packages are: below the
/// directory that `tests/engines` fills, else where their packages put them.
pub fn installed(path: &str) -> PathBuf {
    let beside_the_build = || Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("engines").into();
    let engines: OsString = std::env::var_os("CONVSCAN_ENGINES").unwrap_or_else(beside_the_build);
    let unpacked = Path::new(&engines).join(path.trim_start_matches('/'));
    if unpacked.exists() { unpacked } else { path.into() }
}

/// Whether `program` is there; says by name what is left out when it is not.
pub fn needs(test: &str, program: &str, package: &str) -> bool {
    let found = installed(program).exists();
    if !found {
        assert!(!nothing_may_be_left_out(), "{test} needs {program} (Debian package {package})");
        say_left_out(&format!("{test} (needs Debian package {package})"));
    }
    found
}

/// Whether we are root, whom a test needs that gives files away; says by name what is
/// left out when we are not.
pub fn needs_root(test: &str) -> bool {
    let is_root = nix::unistd::geteuid().is_root();
    if !is_root {
        assert!(!nothing_may_be_left_out(), "{test} needs root");
        let line = format!("left out: {test} (needs root)\n");
        std::io::stderr().write_all(line.as_bytes()).unwrap();
    }
    is_root
}

/// The EICAR test file, in pieces so that this file is not one.
pub fn eicar() -> Vec<u8> {
    ["X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-", "STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"].concat().into_bytes()
}

/// One run of `convscan part`.
pub struct Case {
    pub directory: tempfile::TempDir,
    config: Option<String>,
    variables: BTreeMap<&'static str, OsString>,
    arguments: Vec<OsString>,
}

/// What a run left behind.
#[derive(Debug)]
pub struct Ran {
    pub exit: Option<i32>,
    pub signal: Option<i32>,
    pub output: Option<Vec<u8>>,
    pub headers: Option<String>,
    pub options: Option<String>,
    pub log: String,
    pub stderr: String,
    /// Names of all files beside those that the case put there.
    pub strays: Vec<String>,
}

impl Case {
    /// A part with content `input` and all three output files.
    pub fn new(input: &[u8]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let mut case = Self { directory, config: None, variables: BTreeMap::new(), arguments: Vec::new() };
        fs::create_dir(case.path("state")).unwrap();
        fs::write(case.path("input"), input).unwrap();
        for (name, file) in [
            ("INPUT_FILE", "input"),
            ("OUTPUT_FILE", "output"),
            ("OUTPUT_HEADERS", "headers"),
            ("OUTPUT_OPTIONS", "options"),
        ] {
            case.variables.insert(name, case.path(file).into());
        }
        case
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// The configuration: `engines` and whatever else, log and state added.
    pub fn config(mut self, text: &str) -> Self {
        let log = self.path("log").display().to_string();
        let state = self.path("state").display().to_string();
        self.config = Some(format!("{text}\n[log]\nfile = \"{log}\"\n[state]\ndirectory = \"{state}\"\n"));
        self
    }

    /// The configuration to the letter.
    pub fn raw_config(mut self, text: &str) -> Self {
        self.config = Some(text.to_owned());
        self
    }

    pub fn var(mut self, name: &'static str, value: impl Into<OsString>) -> Self {
        self.variables.insert(name, value.into());
        self
    }

    pub fn without(mut self, name: &str) -> Self {
        self.variables.remove(name);
        self
    }

    pub fn argument(mut self, argument: &str) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// A file in the case's directory, named by the variable `name`.
    pub fn file(self, name: &'static str, file: &str, content: impl AsRef<[u8]>) -> Self {
        let path = self.path(file);
        fs::write(&path, content).unwrap();
        self.var(name, path)
    }

    /// The command, ready to run.
    pub fn command(&self) -> Command {
        let mut command = Command::new(PART);
        command.args(&self.arguments).env_clear().envs(&self.variables);
        command.env("TZ", "UTC").current_dir(self.directory.path()).stdin(Stdio::null());
        if let Some(config) = &self.config {
            fs::write(self.path("config.toml"), config).unwrap();
            command.env("CONVSCAN_CONFIG", self.path("config.toml"));
        }
        command
    }

    /// The command, with each of these options of env(1). A test run inherits
    /// ignored signals from its shell, of nohup for one, and hands them on.
    pub fn command_with_signals(&self, options: &[&str]) -> Command {
        let mut words = vec!["--default-signal=HUP,INT,TERM"];
        words.extend(options);
        words.extend([CONVSCAN, "part"]);
        self.wrapped("/usr/bin/env", &words)
    }

    /// Another program with what the case gives to ours.
    pub fn wrapped(&self, program: &str, arguments: &[&str]) -> Command {
        let prepared = self.command();
        let mut command = Command::new(program);
        command.args(arguments).env_clear().env("PATH", "/usr/bin:/bin");
        command.envs(prepared.get_envs().filter_map(|(k, v)| Some((k, v?))));
        command.current_dir(self.directory.path()).stdin(Stdio::null());
        command
    }

    /// The files of the answer as they are now.
    pub fn answer(&self, ending: Ending) -> Answer {
        let read = |variable: &str| self.variables.get(variable).and_then(|path| fs::read(path).ok());
        let [body, headers, options] = ["OUTPUT_FILE", "OUTPUT_HEADERS", "OUTPUT_OPTIONS"].map(read);
        Answer { ending, body, headers, options }
    }

    /// "Try again later" is all that was left.
    #[track_caller]
    pub fn left_behind_deferred(&self) {
        let answer = self.answer(Ending::Exited(0));
        assert_eq!((answer.options.as_deref(), answer.body), (Some(DEFER.as_bytes()), None));
    }

    pub fn run(&self) -> Ran {
        let output = self.command().output().unwrap();
        let mut ran = self.left_behind();
        ran.exit = output.status.code();
        ran.signal = output.status.signal();
        ran.stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.stdout.is_empty(), "stdout: {}", String::from_utf8_lossy(&output.stdout));
        ran
    }

    /// What is in the case's directory now.
    pub fn left_behind(&self) -> Ran {
        let read = |variable: &str| self.variables.get(variable).and_then(|path| fs::read(path).ok());
        let text = |variable: &str| read(variable).map(|bytes| String::from_utf8(bytes).unwrap());
        let known = ["input", "output", "headers", "options", "state", "log", "config.toml"];
        let named: Vec<_> = self.variables.values().collect();
        let mut strays: Vec<String> = fs::read_dir(self.directory.path())
            .unwrap()
            .map(|entry| entry.unwrap())
            .filter(|entry| !named.iter().any(|value| **value == entry.path().into_os_string()))
            .map(|entry| entry.file_name().into_string().unwrap())
            .filter(|name| !known.contains(&name.as_str()))
            .collect();
        if let Ok(entries) = fs::read_dir(self.path("state")) {
            let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
            // What outlives a part by design; private copies do not.
            let kept = |name: &String| KEPT.iter().any(|kept| name.starts_with(kept));
            strays.extend(names.filter(|name| !kept(name)).map(|name| format!("state/{name}")));
        }
        Ran {
            exit: None,
            signal: None,
            output: read("OUTPUT_FILE"),
            headers: text("OUTPUT_HEADERS"),
            options: text("OUTPUT_OPTIONS"),
            log: fs::read_to_string(self.path("log")).unwrap_or_default(),
            stderr: String::new(),
            strays,
        }
    }
}

impl Ran {
    /// The one log line, read by the program's own reader.
    pub fn record(&self) -> Record {
        assert_eq!(self.log.matches('\n').count(), 1, "log: {:?}, stderr: {}", self.log, self.stderr);
        Record::from_line(&self.log).unwrap()
    }

    /// The part was delivered as it came.
    #[track_caller]
    pub fn passed(&self, input: &[u8]) -> Record {
        assert_eq!(self.exit, Some(0), "{self:?}");
        assert_eq!(self.output.as_deref(), Some(input), "{self:?}");
        assert_eq!(self.options.as_deref().unwrap_or_default(), "", "{self:?}");
        assert_eq!(self.headers, None);
        assert!(self.strays.is_empty(), "{:?}", self.strays);
        let record = self.record();
        assert_eq!(record.action, "pass");
        record
    }

    /// The notice stands in place of the part; `bytes` of it appear nowhere.
    #[track_caller]
    pub fn replaced(&self) -> (String, Record) {
        assert_eq!(self.exit, Some(0), "{self:?}");
        let notice = String::from_utf8(self.output.clone().expect("a notice")).unwrap();
        assert!(!notice.is_empty());
        let options = self.options.as_deref().expect("options");
        for line in [
            "OUTPUT_TYPE=TEXT\n",
            "OUTPUT_SUBTYPE=PLAIN\n",
            "OUTPUT_MODE=TEXT\n",
            "OUTPUT_DISPOSITION=INLINE\n",
        ] {
            assert!(options.contains(line), "{options}");
        }
        assert!(options.contains("OUTPUT_DESCRIPTION="), "{options}");
        assert!(!options.contains("STATUS"), "{options}");
        assert!(self.strays.is_empty(), "{:?}", self.strays);
        let record = self.record();
        assert_eq!(record.action, "replace");
        assert!(notice.contains(&record.reference), "the reference is in the notice: {notice}");
        (notice, record)
    }

    /// The whole message is to be tried again later.
    #[track_caller]
    pub fn deferred(&self) -> Record {
        assert_eq!(self.exit, Some(0), "{self:?}");
        assert_eq!(self.options.as_deref(), Some(DEFER), "{self:?}");
        assert_eq!(self.output, None, "{self:?}");
        assert_eq!(self.headers, None);
        assert!(self.strays.is_empty(), "{:?}", self.strays);
        let record = self.record();
        assert_eq!(record.action, "defer");
        assert!(record.reason.is_some(), "{record:?}");
        record
    }
}

/// A rules engine that stands alone: convicts by EICAR and by `*.exe`.
pub fn rules(case: &Case) -> String {
    let hex: String = eicar().iter().map(|byte| format!("{byte:02x}")).collect();
    let text = format!(
        "# rules\nbytes Eicar-Test {hex}\nname Policy.Exe *.exe\ntype Policy.Dll application/x-msdownload\n"
    );
    fs::write(case.path("rules.txt"), text).unwrap();
    let path = case.path("rules.txt");
    format!("[[engine]]\nname = \"rules\"\ntype = \"rules\"\nfile = \"{}\"\nacquits = true\n", path.display())
}

/// The lines of a clamd engine.
pub fn clamd_at(address: &str) -> String {
    format!("[[engine]]\nname = \"clamd\"\ntype = \"clamd\"\naddress = \"{address}\"\n")
}

/// The lines of an ICAP engine.
pub fn icap_at(port: u16, service: &str) -> String {
    format!("[[engine]]\nname = \"icap\"\ntype = \"icap\"\naddress = \"icap://127.0.0.1:{port}/{service}\"\n")
}
