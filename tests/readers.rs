//! The readers of the server's files: our own snippets, and whatever else may
//! stand in such a file.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use convscan::testing::config::Config;
use convscan::testing::diagnostic::{Diagnostic, Severity};
use convscan::testing::engine::rules::RuleSet;
use convscan::testing::mail::hidden::{self, Kind, Look};
use convscan::testing::mta::conversions::{
    Action, Choice, Conversions, MessageHeader, PartFacts, PartParameter, Reason, Resolved, SymbolReading,
};
use convscan::testing::mta::imta_cnf::ImtaCnf;
use convscan::testing::mta::job_controller::JobController;
use convscan::testing::mta::mappings::Mappings;
use convscan::testing::mta::mappings::coverage::{Coverage, Says, Tags};
use convscan::testing::mta::mappings::reach;
use convscan::testing::mta::option_file::OptionFile;
use convscan::testing::mta::scanner_conf::{Dialect, ServerConf};
use convscan::testing::mta::tailor::{File, Tailor};
use convscan::testing::mta::unified::Unified;

use crate::harness::{SPECIMENS, installed, needs, processor_time};

fn snippet(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("imta-snippets").join(name)).unwrap()
}

fn part() -> PartFacts {
    PartFacts {
        in_channel: b"tcp_local".to_vec(),
        out_channel: b"ims-ms".to_vec(),
        main_type: b"APPLICATION".to_vec(),
        subtype: b"octet-stream".to_vec(),
        parameters: vec![PartParameter { name: b"name".to_vec(), value: b"x.exe".to_vec() }],
        ..PartFacts::default()
    }
}

#[test]
fn our_conversions_entries_take_every_part() {
    for (name, status) in [("conversions", "178028698"), ("conversions-before-6.3", "178030250")] {
        let (conversions, faults) = Conversions::parse(name, &snippet(name));
        assert_eq!(faults, [], "{name}");
        for main_type in ["text", "IMAGE", ""] {
            let facts = PartFacts { main_type: main_type.into(), ..part() };
            let choice = conversions.choose(&facts, &Mappings::default());
            let (_, entry) = choice.matched.expect(main_type);
            assert!(matches!(entry.action, Action::Command(_)), "{name}");
        }
        let entry = &conversions.entries[0];
        assert_eq!(entry.passing.message_header, MessageHeader::Outermost);
        assert!(
            entry.passing.original_header && entry.passing.override_header && entry.passing.override_option
        );
        for reading in [SymbolReading::ByName, SymbolReading::ByPosition] {
            let symbols = entry.symbols(&part().parameters, &[], reading);
            assert_eq!(symbols, [("NAME".to_owned(), b"x.exe".to_vec())]);
        }
        let Some(Resolved::Text(line)) = entry.command_line(&[], &Mappings::default()) else {
            panic!("{name}")
        };
        let line = String::from_utf8(line).unwrap();
        assert!(line.starts_with("/usr/local/bin/convscan-part"), "{line}");
        assert!(line.ends_with(&format!("|| echo STATUS={status} > $OUTPUT_OPTIONS")), "{line}");
    }
}

#[test]
fn an_entry_above_ours_lets_through_what_it_says() {
    let text = format!(
        "in-type=image; in-subtype=gif; command=\"/bin/cp 'INPUT_FILE' 'OUTPUT_FILE'\"\n\n{}",
        snippet("conversions")
    );
    let (conversions, faults) = Conversions::parse("conversions", &text);
    assert_eq!(faults, []);
    let Choice { matched, passed, .. } = conversions.choose(&part(), &Mappings::default());
    assert_eq!(matched.unwrap().0, 1);
    assert!(matches!(&passed[0].reason, Reason::Differs { name, .. } if name == "IN-TYPE"));
    let gif = PartFacts { main_type: b"image".to_vec(), subtype: b"GIF".to_vec(), ..part() };
    assert_eq!(conversions.choose(&gif, &Mappings::default()).matched.unwrap().0, 0);
}

#[test]
fn our_mappings_entries_send_mail_the_way_their_comments_say() {
    let (mappings, faults) = Mappings::parse("mappings", &snippet("mappings-CONVERSIONS"));
    assert_eq!(faults, []);
    let table = [
        ("conversion", "ims-ms", None),
        ("conversion_ext", "tcp_local", None),
        ("tcp_local", "bitbucket", None),
        ("tcp_intranet", "filter_discard", None),
        ("tcp_local", "ims-ms", Some("conversion_ext")),
        ("tcp_local", "tcp_local", Some("conversion_ext")),
        ("tcp_intranet", "tcp_local", Some("conversion")),
        ("tcp_auth", "ims-ms", Some("conversion")),
        ("tcp_intranet", "tcp_intranet", None),
    ];
    for (from, to, channel) in table {
        let route = mappings.conversion(from, to, None);
        assert_eq!(route.convert.then_some(route.channel.as_str()), channel, "{from} {to}");
        assert_eq!((route.doubt, route.matched.is_some()), (None, true), "{from} {to}");
    }
    // INCLUDE_CONVERSIONTAG puts the tags before `;CONVERT`.
    for (from, to, channel) in table {
        let route = mappings.conversion(from, to, Some("x"));
        assert_eq!(route.convert.then_some(route.channel.as_str()), channel, "{from} {to}, tagged");
    }
}

#[test]
fn each_of_our_mappings_entries_decides_for_some_mail() {
    let (mappings, _) = Mappings::parse("mappings", &snippet("mappings-CONVERSIONS"));
    let table = mappings.table("CONVERSIONS").unwrap();
    let channels = [
        "tcp_local",
        "tcp_intranet",
        "ims-ms",
        "conversion",
        "bitbucket",
        "filter_discard",
        "process",
        "reprocess",
        "defragment",
        "hold",
    ];
    for tags in [Tags::Absent, Tags::These("x"), Tags::Any] {
        assert_eq!(reach::unreached(table, tags), [], "{tags:?}");
        let coverage = Coverage::new(table, &channels, &channels, tags);
        let says = &coverage.answer(0, 2).unwrap().says;
        let through = "conversion_ext".to_owned();
        assert_eq!(*says, Says::Convert { channel: through, preprocess: false }, "{tags:?}");
    }
}

#[test]
fn our_channels_and_pools_belong_together() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let pools = fs::read_to_string(root.join("job-controller-snippets/job_controller.cnf-pools")).unwrap();
    let (pools, faults) = JobController::parse("job_controller.cnf", &pools);
    assert_eq!(faults, []);
    let local = "x $U%x@x\n\nl\nhost.example\n\n".to_owned();
    let (file, faults) = ImtaCnf::parse("imta.cnf", &(local + &snippet("imta.cnf-channels")));
    assert_eq!(faults, []);
    for name in ["conversion", "conversion_ext"] {
        let channel = file.channel(name).unwrap();
        assert_eq!(channel.host.as_ref().unwrap().text, format!("{name}-daemon"));
        assert!(channel.keywords.iter().all(|keyword| keyword.known), "{name}");
        let pool = pools.pool(&file.keyword(channel, "pool").unwrap().argument().unwrap().text).unwrap();
        let limit = pools.job_limit(pool).unwrap().number();
        assert_eq!(limit, file.keyword(channel, "maxjobs").unwrap().number(), "{name}");
        assert_eq!(file.keyword(channel, "backoff").unwrap().arguments.len(), 4, "{name}");
    }
}

/// Our channels below a site's own rules, with a blank line too many: the server
/// would look for a channel named like a host, and say nothing.
#[test]
fn a_blank_line_among_the_rules_is_pointed_at() {
    let text = format!("a $U@a\n\nb $U@b\n\nl\nhost\n\n{}", snippet("imta.cnf-channels"));
    let (_, faults) = ImtaCnf::parse("imta.cnf", &text);
    assert_eq!(faults.len(), 1);
    assert_eq!(
        faults[0].to_string(),
        "imta.cnf:3:1: a rewrite rule below a blank line\n  | b $U@b\n  | ^^^^^^\nhint: remove the blank \
         line: the first one ends the rewrite rules, and these are taken for channels"
    );
}

#[test]
fn no_name_breaks_out_of_a_command() {
    let names = [
        "a b.doc",
        "'; touch broken; '",
        "\"; touch broken; \"",
        "$(touch broken)",
        "`touch broken`",
        "\\'; touch broken #",
        "x\ntouch broken\n",
    ];
    let commands = [
        "printf %s 'FILENAME'",
        "printf %s \"'FILENAME'\"",
        "sh -c \"printf %s 'FILENAME'\"",
        "sh -c 'printf %s \"'FILENAME'\"'",
        "printf %s \"$(printf %s \"'FILENAME'\")\"",
        "printf %s `printf %s 'FILENAME'`",
        "printf %s \\'FILENAME'",
        "printf %s $'FILENAME'",
        "true # 'FILENAME' isn't 'FILENAME'",
        "printf %s \"${x:-\"'FILENAME'\"}\"",
    ];
    let directory = tempfile::tempdir().unwrap();
    for command in commands {
        let quoted = command.replace('\\', "\\\\").replace('"', "\\\"");
        let text = format!("in-type=*; dparameter-symbol-0=FILENAME; command=\"{quoted}\"");
        let (conversions, faults) = Conversions::parse("c", &text);
        assert_eq!(faults, [], "{text}");
        for name in names {
            let symbols = [("FILENAME".to_owned(), name.as_bytes().to_vec())];
            let line = conversions.entries[0].command_line(&symbols, &Mappings::default());
            let Some(Resolved::Text(line)) = line else { panic!("{command}") };
            let line = String::from_utf8(line).unwrap();
            let mut shell = Command::new("/bin/sh");
            let output = shell.args(["-c", &line]).current_dir(directory.path()).output().unwrap();
            assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0, "{command} {name}: {line}");
            if command == commands[0] {
                assert_eq!(String::from_utf8(output.stdout).unwrap(), name.replace('\n', "_"), "{line}");
            }
        }
    }
}

/// Numbers without pattern enough (Knuth's constants).
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % bound.max(1)
    }
}

fn in_place(text: &str, faults: &[Diagnostic]) {
    let lines: Vec<&str> = text.split('\n').collect();
    assert!(faults.len() <= 101);
    for fault in faults {
        if fault.line == 0 {
            assert!(fault.message.ends_with("more faults are not listed"), "{fault}");
            continue;
        }
        let line = lines.get(fault.line - 1).unwrap_or_else(|| panic!("{fault}\n{text:?}"));
        assert!(fault.column <= line.chars().count() + 1, "{fault}\n{text:?}");
        assert!(fault.hint.is_some(), "{fault}");
        assert!(!fault.to_string().is_empty());
    }
}

/// Reads `text` as either file and uses what comes out.
fn survive(text: &str) {
    let (mappings, faults) = Mappings::parse("m", text);
    in_place(text, &faults);
    for table in mappings.tables().iter().take(20) {
        table.probe("IN-CHAN=tcp_local;OUT-CHAN=ims-ms;CONVERT");
    }
    mappings.conversion("tcp_local", "ims-ms", Some("tag"));
    if let Some(table) = mappings.table("CONVERSIONS") {
        for tags in [Tags::Absent, Tags::These("tag"), Tags::Any] {
            let coverage = Coverage::new(table, &["tcp_local", "a;b"], &["ims-ms", "l"], tags);
            assert!(coverage.answer(1, 1).is_some());
            reach::unreached(table, tags);
        }
    }
    let (conversions, faults) = Conversions::parse("c", text);
    in_place(text, &faults);
    conversions.choose(&part(), &mappings);
    conversions.earlier(conversions.entries.len().saturating_sub(1));
    for entry in conversions.entries.iter().take(20) {
        entry.command_line(&part().symbols(), &mappings);
        entry.symbols(&part().parameters, &part().dparameters, SymbolReading::ByPosition);
    }
}

#[test]
fn random_bytes_and_lines_are_survived() {
    const PIECES: [&str; 40] = [
        "in-type=",
        "*",
        ";",
        "\n",
        "\r\n",
        " ",
        "\t",
        "\\",
        "\\\n",
        "\"",
        "'",
        "$",
        "$[",
        "]",
        "$0",
        "*$0*",
        "%",
        "CONVERSIONS\n\n",
        " IN-CHAN=*;CONVERT Yes\n",
        "!",
        "<x\n",
        "command=",
        "'INPUT_FILE'",
        "'T:\\\\'NAME\\\\''",
        "in-parameter-name-0=",
        "delete=1",
        "\u{e9}",
        "\u{2019}",
        "\0",
        "$R",
        "$C",
        "$_*",
        "$A*",
        "$1*",
        "-99999999999",
        "=",
        "tag=\"x\"",
        "\n\n",
        "T\n\n",
        " x $Lx\n",
    ];
    let mut random = Random(1);
    for _ in 0..1000 {
        let bytes: Vec<u8> =
            (0..random.below(200)).map(|_| u8::try_from(random.below(256)).unwrap()).collect();
        survive(&String::from_utf8_lossy(&bytes));
        let length = random.below(60);
        let text: String = (0..length).map(|_| PIECES[random.below(PIECES.len())]).collect();
        survive(&text);
    }
}

#[test]
fn damaged_snippets_are_survived() {
    let mut random = Random(2);
    for name in ["conversions", "conversions-before-6.3", "mappings-CONVERSIONS"] {
        let sound = snippet(name).into_bytes();
        for _ in 0..500 {
            let mut bytes = sound.clone();
            for _ in 0..=random.below(4) {
                let at = random.below(bytes.len());
                match random.below(4) {
                    0 => bytes.truncate(at),
                    1 => bytes.insert(at, b"\"'\\\n; !$*<=\x80"[random.below(12)]),
                    2 if !bytes.is_empty() => drop(bytes.remove(at)),
                    _ => bytes.rotate_left(at),
                }
            }
            survive(&String::from_utf8_lossy(&bytes));
        }
    }
}

#[test]
fn a_megabyte_of_anything_is_read_in_no_time_and_faults_are_bounded() {
    let entry = "in-type=*; parameter-copy-0=*; command=\"x 'INPUT_FILE'\"\n";
    let numbers: String = (0..40_000).map(|i| format!("in-parameter-value-{i}=x;\n")).collect();
    let names: String = (0..200_000).map(|i| format!("t{i}\n")).collect();
    let symbols: String = (0..20_000).map(|i| format!("parameter-symbol-{i}=S{i};\n")).collect();
    let texts = [
        entry.repeat(18_000),
        ";".repeat(1 << 20),
        "\n".repeat(1 << 20),
        "\"".repeat(1 << 20),
        "a=\\\"".repeat(1 << 18),
        "a=\"b\"c;".repeat(1 << 17),
        "a=b c=d ".repeat(1 << 17),
        "x\\\n".repeat(1 << 18),
        "unknown-parameter=x;\n".repeat(50_000),
        "T\n\n".to_owned() + &" a*b$_*c $0\n".repeat(80_000),
        format!("CONVERSIONS\n\n {} Yes\n", "*a".repeat(1 << 19)),
        format!("CONVERSIONS\n\n * {}\n", "$0".repeat(1 << 19)),
        format!("CONVERSIONS\n\n * {}\n", "x,".repeat(1 << 19)),
        format!("in-type=*; command=\"{}\"", "'INPUT_FILE' ".repeat(80_000)),
        format!("{symbols}in-type=*; command=\"{}\"", "'S1' ".repeat(100_000)),
        " a b\n".repeat(200_000),
        numbers,
        names,
    ];
    for (i, text) in texts.iter().enumerate() {
        let start = processor_time();
        survive(text);
        // A build for tests; what is quadratic takes minutes.
        let took = processor_time() - start;
        assert!(took < Duration::from_secs(20), "{i}: {took:?}");
    }
    let (_, faults) = Conversions::parse("c", &"x\n".repeat(1000));
    assert_eq!(faults.len(), 101);
    assert_eq!(faults[100].message, "900 more faults are not listed");
    assert_eq!(faults[100].severity, Severity::Error);
}

/// Reads `text` as each of the files of a set-up, twice for those that include.
fn set_up(text: &str) {
    let mut once = Some(text.to_owned());
    let (file, faults) = ImtaCnf::parse_with("i", text, &mut |_| once.take());
    assert!(faults.len() <= 202);
    file.channels.last().map(|channel| file.keyword(channel, "pool"));
    in_place(text, &ImtaCnf::parse("i", text).1);
    let (file, faults) = JobController::parse("j", text);
    in_place(text, &faults);
    file.channel_section_for("conversion");
    in_place(text, &OptionFile::parse("o", text).1);
    let (file, faults) = Tailor::parse("t", text);
    in_place(text, &faults);
    assert!(file.path(File::Conversions).is_some());
    in_place(text, &ServerConf::parse("s", text, Dialect::ClamAv).1);
    in_place(text, &ServerConf::parse("s", text, Dialect::CIcap).1);
    let (file, faults) = Unified::parse("u", text);
    in_place(text, &faults);
    file.find("channel:conversion.pool");
    file.channels();
    file.mappings_text();
}

#[test]
fn a_set_up_full_of_anything_is_read_in_no_time() {
    let groups: String = (0..25_000).map(|i| format!(" group{i}")).collect();
    let channels: String =
        (0..5_000).map(|i| format!("c{i} smtp notices 1 2 pool P\nc{i}-daemon\n\n")).collect();
    let attributes: String = (0..12_500).map(|i| format!(" a{i}=\"x\"")).collect();
    let texts = [
        format!("\nl{groups}\nhost\n"),
        format!("\n{channels}"),
        format!("\n{}", "defaults smtp\n\nc\n\n".repeat(12_500)),
        format!("\nl {}\nhost\n", "notices 1 2 ".repeat(20_000)),
        format!("\nl {}\nhost\n", "k".repeat(1 << 18)),
        format!("\nl smtp\n{}", "host\n".repeat(50_000)),
        format!("\nl smtp\n{}", "a\na-daemon\n".repeat(20_000)),
        "a $U@a\n\n".repeat(25_000),
        "\"".repeat(1 << 18),
        "\" ".repeat(1 << 17),
        "a \\\n".repeat(1 << 16),
        "<\n".repeat(1 << 17),
        "</x\n".repeat(1 << 16),
        "Include x\n".repeat(25_000),
        "[POOL=A]\n".repeat(25_000),
        "job_limits=1\n".repeat(20_000),
        "IMTA_TABLE=IMTA_TABLE:x\n".repeat(10_000),
        "[".repeat(1 << 18),
        "=".repeat(1 << 18),
        "<a>".repeat(1 << 16),
        "<a/>".repeat(1 << 16),
        format!("<a>{}</a>", "<b c=\"d\"/>".repeat(20_000)),
        format!("<a>{}</a>", "&lt;".repeat(1 << 16)),
        format!("<a>{}</a>", "&x;".repeat(1 << 16)),
        format!("<a{attributes}/>"),
        format!("<a>{}</a>", "<option name=\"a.b.c.d.e.f.g.h\"/>".repeat(7_500)),
        format!("<a>{}</a>", "<channel name=\"c\" pool=\"x\"/>".repeat(7_500)),
    ];
    for (i, text) in texts.iter().enumerate() {
        let start = processor_time();
        set_up(text);
        // A build for tests; what is quadratic takes minutes.
        let took = processor_time() - start;
        assert!(took < Duration::from_secs(20), "{i}: {took:?}");
    }
}

/// A rules file of 4 MiB of anything was not refused within a minute: every fault
/// counted the lines before it. So did those of the configuration.
#[test]
fn a_file_full_of_faults_is_refused_soon() {
    for piece in ["x\n", "x = 1\n", "[[engine]]\n"] {
        let text = piece.repeat(256 * 1024 / piece.len());
        let start = processor_time();
        let faults = [RuleSet::parse("rules", &text).unwrap_err(), Config::parse("config", &text).faults];
        // A build for tests; what is quadratic takes minutes.
        let took = processor_time() - start;
        assert!(took < Duration::from_secs(20), "{piece:?}: {took:?}");
        for faults in faults {
            assert!(faults.len() > 50 && faults.len() <= 101, "{piece:?}: {}", faults.len());
            let last = faults.get(100).map_or("more faults are not listed", |last| &last.message);
            assert!(last.ends_with("more faults are not listed"), "{last}");
        }
    }
}

/// The same small program, as it came out of the encoders of others.
#[test]
fn what_others_encoded_is_found() {
    if !needs("what_others_encoded_is_found", SPECIMENS, "clamav-testfiles") {
        return;
    }
    let directory = installed(SPECIMENS);
    let program = fs::read(directory.join("clam.exe")).unwrap();
    assert_eq!(program.len(), 544);
    let table = [
        ("clam.exe.mbox.uu", "text/plain", Kind::Uuencoded),
        ("clam.exe.mbox.base64", "application/octet-stream", Kind::Mail),
        ("clam.mail", "", Kind::Mail),
        ("clam.exe.binhex", "application/octet-stream", Kind::BinHex),
        ("clam.tnef", "application/ms-tnef", Kind::Tnef),
    ];
    for (file, mime_type, kind) in table {
        let content = fs::read(directory.join(file)).unwrap();
        let mut look = Look::new(mime_type);
        content.chunks(100).for_each(|piece| look.feed(piece));
        assert!(look.is_worthwhile(), "{file}");
        let found = hidden::find(&content, mime_type);
        let item = found.items.iter().find(|item| item.content == program);
        let item = item.unwrap_or_else(|| panic!("{file}: {:?}", found.items));
        assert_eq!((item.kind, &item.names[..]), (kind, &["clam.exe".to_owned()][..]), "{file}");
        assert!(!found.beyond, "{file}");
    }
    // What holds nothing is not read twice.
    for file in ["clam.exe", "clam.zip", "clam.pdf", "clam.ole.doc", "clam.exe.rtf"] {
        let content = fs::read(directory.join(file)).unwrap();
        let mut look = Look::new("application/octet-stream");
        content.chunks(1000).for_each(|piece| look.feed(piece));
        assert!(!look.is_worthwhile(), "{file}");
        assert_eq!(hidden::find(&content, "application/octet-stream").items, [], "{file}");
    }
}
