//! Runs commands in turn and prints medians, ratios and bars as Markdown tables.
//! Standard library only; `tests/bench/run` compiles and calls it.
//!
//! Arguments: the work directory, the number of rounds, the file name of our
//! program there, and that of an older one, if there is one. With `record` for the
//! number only the functions are recorded that run.

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

/// Rounds that warm up and do not count.
const WARM: usize = 20;

/// A command that is timed, with the name of our configuration for it.
struct Contender {
    words: Vec<String>,
    config: &'static str,
}

struct Bench {
    work: PathBuf,
}

impl Bench {
    fn file(&self, name: &str) -> String {
        self.work.join(name).display().to_string()
    }

    /// The program called `name` with what the channel calls it with. One that
    /// does more than parts is told what to do.
    fn contender(&self, name: &str, config: &'static str) -> Contender {
        let word = (!name.ends_with("-part")).then(|| "part".to_owned());
        Contender { words: [self.file(name)].into_iter().chain(word).collect(), config }
    }

    fn command(&self, words: &[String], config: &str, input: &str) -> Command {
        // The channel gives each part new output names.
        for name in ["output", "options"] {
            let _ = std::fs::remove_file(self.work.join(name));
        }
        let mut command = Command::new(&words[0]);
        command.args(&words[1..]).env_clear().env("PATH", "/usr/bin:/bin").envs(VARIABLES);
        // The rivals' programs and libraries may be unpacked somewhere. Ours gets the
        // same variables on every machine: the C library counts them.
        if words[0].ends_with("clamdscan") || words[0].ends_with("script.sh") {
            for name in ["PATH", "LD_LIBRARY_PATH"] {
                command.envs(std::env::var_os(name).map(|value| (name, value)));
            }
        }
        for (variable, file) in [
            ("INPUT_FILE", input),
            ("OUTPUT_FILE", "output"),
            ("OUTPUT_OPTIONS", "options"),
            ("OUTPUT_HEADERS", "headers"),
            ("MESSAGE_HEADERS", "message-headers"),
            ("CONVSCAN_CONFIG", config),
        ] {
            command.env(variable, self.file(file));
        }
        command.stdin(Stdio::null()).stderr(Stdio::null()).stdout(Stdio::null());
        command
    }

    /// One run in microseconds.
    fn once(&self, contender: &Contender) -> f64 {
        let Contender { words, config } = contender;
        let mut command = self.command(words, config, "part-20k");
        let started = Instant::now();
        let status = command.status().expect("the command starts");
        let took = started.elapsed();
        assert!(status.success(), "{words:?}: {status}");
        assert!(self.work.join("options").metadata().map_or(true, |options| options.len() == 0), "{words:?}: deferred");
        took.as_secs_f64() * 1e6
    }

    /// The times of all contenders, run in turn, in another order in each round:
    /// whoever comes first leaves the caches to the next.
    fn rounds(&self, contenders: &[Contender], rounds: usize) -> Vec<Vec<f64>> {
        let mut times = vec![Vec::new(); contenders.len()];
        let mut order: Vec<usize> = (0..contenders.len()).collect();
        let mut chance: u64 = 1;
        for round in 0..rounds + WARM {
            for i in (1..order.len()).rev() {
                // Knuth's MMIX generator; its upper bits are good enough.
                chance = chance.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                order.swap(i, (chance >> 33) as usize % (i + 1));
            }
            for &i in &order {
                let took = self.once(&contenders[i]);
                if round >= WARM {
                    times[i].push(took);
                }
            }
        }
        times
    }

    /// What `tool` prints about our program with `config` and `input`.
    fn measured(&self, tool: &[String], program: &str, config: &'static str, input: &str) -> String {
        let words = [tool.to_vec(), self.contender(program, config).words].concat();
        let output = self.command(&words, config, input).stdout(Stdio::piped()).stderr(Stdio::piped()).output();
        let output = output.expect("the tool starts");
        assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
    }

    /// Instructions; the functions that ran are left in `callgrind.CONFIG.INPUT`.
    fn instructions(&self, program: &str, config: &'static str, input: &str) -> f64 {
        let out = format!("--callgrind-out-file={}", self.file(&format!("callgrind.{config}.{input}")));
        let tool = ["/usr/bin/valgrind", "--tool=callgrind", "--demangle=no", &out].map(str::to_owned);
        let said = self.measured(&tool, program, config, input);
        let count = said.lines().find_map(|line| line.split("Collected :").nth(1));
        count.and_then(|count| count.trim().parse().ok()).unwrap_or(f64::NAN)
    }

    /// `faults`, or `private` memory in KiB.
    fn footprint(&self, what: &str, program: &str, input: &str) -> f64 {
        let tool = [self.file("footprint"), what.to_owned()];
        self.measured(&tool, program, "convscan.toml", input).trim().parse().unwrap_or(f64::NAN)
    }
}

fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// The median of the ratios of two contenders that ran in the same rounds.
fn ratio(ours: &[f64], other: &[f64]) -> f64 {
    median(ours.iter().zip(other).map(|(ours, other)| ours / other))
}

fn row(what: &str, ours: &[f64], other: &[f64]) -> f64 {
    let ratio = ratio(ours, other);
    let words = if ratio > 1.0 { format!("{ratio:.2} times slower") } else { format!("{:.2} times faster", 1.0 / ratio) };
    let [a, b] = [ours, other].map(|times| median(times.iter().copied()) / 1000.0);
    println!("| {what} | {a:.2} ms | {b:.2} ms | {words} |");
    ratio
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let bench = Bench { work: PathBuf::from(&arguments[1]) };
    let ours = arguments[3].as_str();
    let old = arguments.get(4).map(String::as_str);
    write(&bench.work, "part-20k", &text(20 * 1024));
    write(&bench.work, "message-headers", MESSAGE_HEADER.as_bytes());
    if arguments[2] == "record" {
        return record(&bench, ours);
    }
    let rounds: usize = arguments[2].parse().expect("a number of rounds");
    write(&bench.work, "part-100m", &text(100_000_000));
    let mut bars: Vec<(String, f64, f64, usize)> = Vec::new();
    let mut bar = |what: &str, is: f64, most: f64, digits| bars.push((what.to_owned(), is, most, digits));

    println!("| wall time, clean part of 20 KB, clamd on a unix socket | convscan | the other | ratio |");
    println!("|---|---|---|---|");
    let other = |words: &[String]| Contender { words: words.to_vec(), config: "convscan.toml" };
    let mut contenders = vec![
        bench.contender(ours, "convscan.toml"),
        bench.contender(ours, "cached.toml"),
        other(&[bench.file("minimal"), bench.file("clamd")]),
    ];
    if let Some(old) = old {
        contenders.extend(["convscan.toml", "cached.toml"].map(|config| bench.contender(old, config)));
    }
    let times = bench.rounds(&contenders, rounds);
    let is = row("a minimal C program on the same clamd", &times[0], &times[2]);
    bar("wall time to the minimal C program's", is, 1.2, 2);
    row("the same with `cache = true`", &times[1], &times[2]);
    if old.is_some() {
        let is = row("the older program", &times[0], &times[3]);
        bar("wall time to the older program's", is, 0.88, 2);
        let is = row("the same with `cache = true`", &times[1], &times[4]);
        bar("the same with `cache = true`", is, 0.9, 2);
    }
    let clamdscan = [&*bench.file("bin/clamdscan"), "-c", &bench.file("clamd.conf"), "--fdpass", &bench.file("part-20k")];
    for (name, words) in [
        ("`clamdscan --fdpass`", clamdscan.map(str::to_owned).to_vec()),
        ("a shell script around it", vec![bench.file("script.sh"), bench.file("clamd.conf")]),
    ] {
        let contenders = [bench.contender(ours, "convscan.toml"), other(&words)];
        let times = bench.rounds(&contenders, rounds / 4);
        row(name, &times[0], &times[1]);
    }

    println!();
    println!("| cost of one part | convscan |{}", if old.is_some() { " the older program |" } else { "" });
    println!("|---|---|{}", if old.is_some() { "---|" } else { "" });
    let costs: [(&str, &dyn Fn(&str) -> f64, &str, Option<f64>); 6] = [
        ("instructions, 20 KB", &|program| bench.instructions(program, "convscan.toml", "part-20k"), "", Some(200_000.0)),
        ("instructions, 20 KB, `cache = true`", &|program| bench.instructions(program, "cached.toml", "part-20k"), "", None),
        ("instructions, 20 KB, `digest = \"all\"`", &|program| bench.instructions(program, "digest.toml", "part-20k"), "", None),
        ("private memory, 20 KB", &|program| bench.footprint("private", program, "part-20k"), " KB", Some(300.0)),
        ("private memory, 100 MB", &|program| bench.footprint("private", program, "part-100m"), " KB", Some(300.0)),
        ("page faults, 20 KB", &|program| bench.footprint("faults", program, "part-20k"), "", Some(75.0)),
    ];
    for (what, cost, unit, most) in costs {
        let older = old.map_or(String::new(), |old| format!(" {}{unit} |", cost(old)));
        let ours = cost(ours);
        println!("| {what} | {ours}{unit} |{older}");
        if let Some(most) = most {
            bar(&format!("{what}{}", unit.replace(' ', ", ")), ours, most, 0);
        }
    }
    let size = |program: &str| bench.work.join(program).metadata().map_or(f64::NAN, |file| file.len() as f64 / 1e6);
    let older = old.map_or(String::new(), |old| format!(" {:.1} MB |", size(old)));
    println!("| size of the file | {:.1} MB |{older}", size(ours));
    bar("size of the file, MB", size(ours), 5.0, 1);

    println!();
    println!("| bar | is | at most | |");
    println!("|---|---|---|---|");
    for (what, is, most, digits) in bars {
        let met = if is <= most { "met" } else { "NOT MET" };
        println!("| {what} | {is:.digits$} | {most:.digits$} | {met} |");
    }
}

/// Runs each kind of part that matters under callgrind: a clean one, one with
/// verdicts remembered, and a copy of one that is known to be infected. Each runs
/// twice, the first time without proof or memory.
fn record(bench: &Bench, program: &str) {
    for (config, input) in [("convscan.toml", "part-20k"), ("cached.toml", "part-20k"), ("cached.toml", "infected")] {
        for _ in 0..2 {
            bench.instructions(program, config, input);
        }
    }
}

fn write(work: &Path, name: &str, content: &[u8]) {
    std::fs::write(work.join(name), content).expect("the work directory takes files");
}

/// Text that no scanner minds.
fn text(size: usize) -> Vec<u8> {
    b"The quick brown fox jumps over the lazy dog. 0123456789\n".iter().copied().cycle().take(size).collect()
}
