//! Runs commands in turn and prints medians and ratios as a Markdown table.
//! Standard library only; `tests/bench/run` compiles and calls it.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

/// The variables of one part, as the channel sets them for an attachment.
const VARIABLES: [(&str, &str); 9] = [
    ("INPUT_TYPE", "APPLICATION"),
    ("INPUT_SUBTYPE", "MSWORD"),
    ("INPUT_DISPOSITION", "ATTACHMENT"),
    ("INPUT_ENCODING", "BASE64"),
    ("INPUT_CHANNEL", "tcp_local"),
    ("OUTPUT_CHANNEL", "ims-ms"),
    ("PART_NUMBER", "2"),
    ("NAME", "report.doc"),
    ("FILENAME", "report.doc"),
];

const MESSAGE_HEADER: &str = "Received: from mx.example.org (mx.example.org [192.0.2.1])\n by mail.example.edu with ESMTP id <0@mail.example.edu>\n for user@example.edu; Mon, 23 Nov 2026 07:00:00 +0000\nDate: Mon, 23 Nov 2026 07:00:00 +0000\nFrom: Some One <some.one@example.org>\nSubject: Report\nTo: user@example.edu\nMessage-ID: <20261123070000.1@example.org>\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=\"b\"\n\n";

struct Bench {
    work: PathBuf,
    runs: usize,
}

impl Bench {
    fn file(&self, name: &str) -> String {
        self.work.join(name).display().to_string()
    }

    fn command(&self, words: &[&str], input: &str) -> Command {
        let mut command = Command::new(words[0]);
        command.args(&words[1..]).env_clear().env("PATH", "/usr/bin:/bin").envs(VARIABLES);
        for (variable, file) in [
            ("INPUT_FILE", input),
            ("OUTPUT_FILE", "output"),
            ("OUTPUT_OPTIONS", "options"),
            ("OUTPUT_HEADERS", "headers"),
            ("MESSAGE_HEADERS", "message-headers"),
            ("CONVSCAN_CONFIG", "convscan.toml"),
        ] {
            command.env(variable, self.file(file));
        }
        command.stdin(Stdio::null()).stderr(Stdio::null()).stdout(Stdio::null());
        command
    }

    /// One run in microseconds, with our configuration called `config`. The
    /// channel gives each part new output names.
    fn once(&self, words: &[&str], config: &str) -> f64 {
        for name in ["output", "options"] {
            let _ = std::fs::remove_file(self.work.join(name));
        }
        let mut command = self.command(words, "part-20k");
        command.env("CONVSCAN_CONFIG", self.file(config));
        let started = Instant::now();
        let status = command.status().expect("the command starts");
        let took = started.elapsed();
        assert!(status.success(), "{words:?}: {status}");
        assert!(self.work.join("options").metadata().map_or(true, |options| options.len() == 0), "{words:?}: deferred");
        took.as_secs_f64() * 1e6
    }

    /// Median times of two commands run in turn, and the median of the ratios.
    fn pair(&self, (ours, config): (&[&str], &str), other: &[&str], runs: usize) -> (f64, f64, f64) {
        let once = |words: &[&str]| self.once(words, config);
        let pairs: Vec<(f64, f64)> = (0..runs + 20).map(|_| (once(ours), once(other))).skip(20).collect();
        let a = median(pairs.iter().map(|(a, _)| *a));
        let b = median(pairs.iter().map(|(_, b)| *b));
        let slower = if a > b { pairs.iter().map(|(a, b)| a / b).collect::<Vec<_>>() } else { pairs.iter().map(|(a, b)| b / a).collect() };
        (a, b, median(slower))
    }

    fn instructions(&self, config: &str) -> String {
        let ours = self.file("convscan");
        let out = format!("--callgrind-out-file={}", self.file("callgrind"));
        let mut command = self.command(&["/usr/bin/valgrind", "--tool=callgrind", &out, &ours, "part"], "part-20k");
        command.env("CONVSCAN_CONFIG", self.file(config)).stderr(Stdio::piped());
        let output = command.output().expect("valgrind starts");
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        let line = text.lines().find(|line| line.contains("Collected :")).unwrap_or("? ?");
        line.split_whitespace().last().unwrap_or("?").to_owned()
    }

    fn peak(&self, input: &str) -> String {
        let mut command = self.command(&[&self.file("peak"), &self.file("convscan"), "part"], input);
        let output = command.stdout(Stdio::piped()).output().expect("peak starts");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let kib: f64 = text.split_whitespace().nth(1).and_then(|n| n.parse().ok()).unwrap_or(f64::NAN);
        format!("{:.1} MB", kib * 1024.0 / 1e6)
    }
}

fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let bench = Bench { work: PathBuf::from(&arguments[1]), runs: arguments[2].parse().expect("a number of runs") };
    write(&bench.work, "part-20k", &text(20 * 1024));
    write(&bench.work, "part-100m", &text(100_000_000));
    write(&bench.work, "message-headers", MESSAGE_HEADER.as_bytes());
    let ours = [bench.file("convscan"), "part".to_owned()];
    let ours: Vec<&str> = ours.iter().map(String::as_str).collect();
    let rivals = [
        ("a minimal C program on the same clamd", vec![bench.file("minimal"), bench.file("clamd")], bench.runs, "slower"),
        (
            "`clamdscan --fdpass`",
            vec![bench.file("bin/clamdscan"), "-c".to_owned(), bench.file("clamd.conf"), "--fdpass".to_owned(), bench.file("part-20k")],
            bench.runs / 4,
            "faster",
        ),
        ("a shell script around it", vec![bench.file("script.sh"), bench.file("clamd.conf")], bench.runs / 4, "faster"),
    ];
    println!("| measure, clean part, clamd on a unix socket | convscan | the other | ratio |");
    println!("|---|---|---|---|");
    let minimal = [bench.file("minimal"), bench.file("clamd")];
    let minimal: Vec<&str> = minimal.iter().map(String::as_str).collect();
    let (a, b, ratio) = bench.pair((&ours, "cached.toml"), &minimal, bench.runs);
    let (a, b) = (a / 1000.0, b / 1000.0);
    println!("| wall time, 20 KB, `cache = true`, against the minimal C program | {a:.2} ms | {b:.2} ms | {ratio:.2} times slower |");
    for (name, words, runs, word) in rivals {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let (a, b, ratio) = bench.pair((&ours, "convscan.toml"), &words, runs);
        println!("| wall time, 20 KB, against {name} | {:.2} ms | {:.2} ms | {ratio:.2} times {word} |", a / 1000.0, b / 1000.0);
    }
    println!("| instructions, 20 KB | {} | | |", bench.instructions("convscan.toml"));
    println!("| instructions, 20 KB, `cache = true` | {} | | |", bench.instructions("cached.toml"));
    println!("| instructions, 20 KB, `digest = \"all\"` | {} | | |", bench.instructions("digest.toml"));
    println!("| peak memory, 20 KB | {} | | |", bench.peak("part-20k"));
    println!("| peak memory, 100 MB | {} | | |", bench.peak("part-100m"));
}

fn write(work: &Path, name: &str, content: &[u8]) {
    std::fs::write(work.join(name), content).expect("the work directory takes files");
}

/// Text that no scanner minds.
fn text(size: usize) -> Vec<u8> {
    b"The quick brown fox jumps over the lazy dog. 0123456789\n".iter().copied().cycle().take(size).collect()
}
