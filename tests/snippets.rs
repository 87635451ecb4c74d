//! `convscan snippets`: what it writes is what the tree has, what our own readers
//! take without complaint, and what does no harm.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use convscan::testing::diagnostic::Diagnostic;
use convscan::testing::mta::conversions::Conversions;
use convscan::testing::mta::imta_cnf::ImtaCnf;
use convscan::testing::mta::job_controller::JobController;
use convscan::testing::mta::mappings::Mappings;

use crate::harness::CONVSCAN;

/// In the order in which they are put in.
const PARTS: [&str; 4] = ["job_controller.cnf", "imta.cnf", "conversions", "mappings"];

/// The numbers of the files in the tree, so that no test depends on the machine.
const SAMPLES: [&str; 4] = ["--jobs", "3", "--external-jobs", "5"];

/// Each form that a release makes a difference for.
const FORMS: [&[&str]; 5] = [
    &["--release", "6.3"],
    &["--release", "6 2005Q4"],
    &["--release", "5.2"],
    &["--release", "PMDF"],
    &["--release", "8.1.0.27", "--format", "msconfig"],
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn snippets(arguments: &[&str]) -> Output {
    let mut command = Command::new(CONVSCAN);
    command.arg("snippets").args(arguments).env_clear().output().unwrap()
}

/// What it prints, with the sample numbers.
fn printed(arguments: &[&str]) -> String {
    let output = snippets(&[&SAMPLES, arguments].concat());
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", text(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Every file below `directory`, by its name from there.
fn files(directory: &Path, folders: &[&str]) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    for folder in folders {
        for entry in fs::read_dir(directory.join(folder)).unwrap() {
            let path = entry.unwrap().path();
            let name = format!("{folder}/{}", path.file_name().unwrap().to_str().unwrap());
            found.insert(name, fs::read(path).unwrap());
        }
    }
    found
}

const FOLDERS: [&str; 2] = ["imta-snippets", "job-controller-snippets"];

/// Where this fails after a change of the templates: remove both folders of the
/// tree and write them anew by the two runs that this test does.
#[test]
fn the_files_of_the_tree_are_what_it_writes() {
    let directory = tempfile::tempdir().unwrap();
    let output = directory.path().to_str().unwrap();
    for release in ["6.3", "6.2"] {
        let run = snippets(&[&SAMPLES[..], &["--release", release, "--output", output]].concat());
        assert_eq!((run.status.code(), text(&run.stdout)), (Some(0), String::new()), "{}", text(&run.stderr));
    }
    let (written, tree) = (files(directory.path(), &FOLDERS), files(root(), &FOLDERS));
    assert_eq!(tree.len(), 5);
    assert!(written.keys().eq(tree.keys()), "{:?}", written.keys());
    for (name, content) in tree {
        assert_eq!(text(&written[&name]), text(&content), "{name}");
    }
}

/// What our own readers say to a fragment. The readers of imta.cnf and
/// job_controller.cnf belong here as soon as there are any.
fn complaints(part: &str, text: &str) -> Vec<Diagnostic> {
    match part {
        "conversions" => Conversions::parse(part, text).1,
        "mappings" => Mappings::parse(part, text).1,
        // msconfig's lines are no file of the server's.
        "imta.cnf" | "job_controller.cnf" if text.starts_with("set ") => Vec::new(),
        "imta.cnf" => {
            // The fragment is for the channel part of a whole file.
            let whole = format!("$*  $E$U%$H@conversion-daemon\n\nl\nmail.example.edu\n\n{text}");
            ImtaCnf::parse(part, &whole).1
        }
        "job_controller.cnf" => JobController::parse(part, text).1,
        _ => panic!("{part}"),
    }
}

#[test]
fn our_readers_take_every_form_without_complaint() {
    let longest = "c".repeat(32);
    let host = format!("{}.example.edu", "h".repeat(60));
    let site =
        ["--external", &longest, "--store", "ims-ms", "--store", "tcp_lmtpcs", "--config", "/etc/c.toml"];
    for form in FORMS {
        for more in [&[][..], &site, &["--local-host", &host]] {
            if form.contains(&"msconfig") && more.contains(&"--local-host") {
                continue;
            }
            for part in PARTS {
                let text = printed(&[form, more, &[part]].concat());
                assert_eq!(complaints(part, &text), [], "{form:?} {more:?} {part}");
                assert!(text.is_ascii() && !text.contains(['{', '}', '\t', '\r']), "{form:?}: {text}");
                assert!(
                    text.lines().all(|line| line.len() <= 252 && !line.ends_with(' ')),
                    "{form:?}: {text}"
                );
                assert!(text.ends_with('\n'), "{form:?}");
            }
        }
    }
}

#[test]
fn all_of_it_is_its_parts_below_their_names() {
    for form in FORMS {
        let all = printed(form);
        let mut expected = String::new();
        let marks: Vec<&str> = all.lines().filter(|line| line.starts_with("! ---- file ")).collect();
        assert_eq!(marks.len(), PARTS.len(), "{form:?}");
        for (mark, part) in marks.iter().zip(PARTS) {
            expected += &format!("{mark}\n{}", printed(&[form, &[part]].concat()));
        }
        assert_eq!(all, expected, "{form:?}");
    }
}

#[test]
fn what_it_writes_does_no_harm_under_any_reading() {
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
    // The entry itself names the configuration; the environment has none.
    fs::copy(root().join("examples/quick-start.toml"), at("convscan.toml")).unwrap();
    fs::copy(root().join("examples/rules.txt"), at("rules.txt")).unwrap();
    for form in FORMS {
        for part in ["conversions", "mappings"] {
            fs::write(at(part), printed(&[form, &["--config", &at("convscan.toml"), part]].concat()))
                .unwrap();
        }
        let mut command = Command::new(CONVSCAN);
        command.args(["message", "--conversions", &at("conversions"), "--mappings", &at("mappings")]);
        command.args(["--every-reading", "examples/messages/infected.eml"]).current_dir(root());
        let output = command.env_clear().env("PATH", "/usr/bin:/bin").output().unwrap();
        let table = text(&output.stdout);
        assert_eq!(output.status.code(), Some(0), "{form:?}: {table} {}", text(&output.stderr));
        assert!(table.contains("all 3072 readings"), "{table}");
        assert!(table.contains("none delivers infected bytes, loses mail, or alters clean mail"), "{table}");
    }
}

#[test]
fn the_table_sends_tagged_mail_the_way_of_all_mail() {
    let site = [
        "--external",
        "tcp_local",
        "--external",
        "tcp_partner",
        "--store",
        "ims-ms",
        "--store",
        "l",
        "mappings",
    ];
    let written = printed(&site);
    let (mappings, _) = Mappings::parse("mappings", &written);
    let table = [
        ("tcp_local", "ims-ms", Some("conversion_ext")),
        ("tcp_partner", "tcp_intranet", Some("conversion_ext")),
        ("TCP_PARTNER", "IMS-MS", Some("conversion_ext")),
        ("tcp_intranet", "ims-ms", Some("conversion")),
        ("tcp_intranet", "l", Some("conversion")),
        ("tcp_auth", "tcp_partner", Some("conversion")),
        ("tcp_auth", "tcp_local", Some("conversion")),
        ("reprocess", "tcp_intranet", Some("conversion")),
        // A name that begins or ends like one of ours is another channel.
        ("tcp_intranet", "ims-ms2", None),
        ("tcp_intranet", "x-ims-ms", None),
        ("tcp_intranet", "tcp_local2", None),
        ("tcp_intranet", "ll", None),
        ("xtcp_local", "tcp_intranet", None),
        ("conversion", "ims-ms", None),
        ("conversion_ext", "tcp_local", None),
        ("tcp_local", "bitbucket", None),
        ("tcp_local", "filter_discard", None),
        ("tcp_local", "process", None),
        ("tcp_local", "reprocess", None),
        ("tcp_local", "defragment", None),
        ("tcp_local", "hold", None),
        ("tcp_local", "holder", Some("conversion_ext")),
    ];
    for (from, to, channel) in table {
        for tags in [None, Some("t"), Some("t,u")] {
            let route = mappings.conversion(from, to, tags);
            assert_eq!(route.convert.then_some(route.channel.as_str()), channel, "{}", route.probe);
            assert_eq!((route.doubt, route.matched.is_some()), (None, true), "{}", route.probe);
        }
    }
}

#[test]
fn the_entry_names_program_configuration_and_release() {
    let command = |arguments: &[&str]| {
        let entry = printed(&[arguments, &["conversions"]].concat());
        entry.split_once("command=\"").unwrap().1.split_once('"').unwrap().0.to_owned()
    };
    let (again, hold) =
        ("|| echo STATUS=178028698 > $OUTPUT_OPTIONS", "|| echo STATUS=178030250 > $OUTPUT_OPTIONS");
    let program = "/usr/local/bin/convscan-part";
    let table: [(&[&str], String); 8] = [
        (&[], format!("{program} {again}")),
        (&["--release", "7u4"], format!("{program} {again}")),
        (&["--release", "5.2"], format!("{program} --release 5.2 {hold}")),
        (&["--release", "6 2005Q4"], format!("{program} --release 6.2 {hold}")),
        (&["--release", "pmdf"], format!("{program} --release pmdf {hold}")),
        (&["--program", "/opt/c-1/bin/convscan-part"], format!("/opt/c-1/bin/convscan-part {again}")),
        (&["--program", "/opt/c-1/bin/convscan"], format!("/opt/c-1/bin/convscan part {again}")),
        (
            &["--config", "/etc/c.toml", "--release", "6.2"],
            format!("{program} --config /etc/c.toml --release 6.2 {hold}"),
        ),
    ];
    for (arguments, expected) in table {
        assert_eq!(command(arguments), expected, "{arguments:?}");
    }
}

#[test]
fn jobs_are_the_same_in_channels_and_pools() {
    let both = |arguments: &[&str], part: &str| {
        let output = snippets(&[arguments, &[part]].concat());
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let given = ["--jobs", "7", "--external-jobs", "11"];
    let channels = both(&given, "imta.cnf");
    assert!(
        channels.contains(" maxjobs 7 pool CONVERSION_POOL ")
            && channels.contains(" maxjobs 11 pool CONV_EXT_POOL ")
    );
    let pools = both(&given, "job_controller.cnf");
    assert!(pools.contains("[POOL=CONVERSION_POOL]\njob_limit=7\n"), "{pools}");
    assert!(pools.contains("[POOL=CONV_EXT_POOL]\njob_limit=11\n"), "{pools}");
    // Of this machine's cores, whatever their number, each channel has a job, and
    // what is said names the cure.
    let output = snippets(&["job_controller.cnf"]);
    assert!(text(&output.stderr).contains("say --jobs and --external-jobs"), "{}", text(&output.stderr));
    let numbers: Vec<u32> = text(&output.stdout)
        .lines()
        .filter_map(|line| line.strip_prefix("job_limit="))
        .map(|number| number.parse().unwrap())
        .collect();
    let cores = u32::try_from(std::thread::available_parallelism().unwrap().get()).unwrap();
    assert_eq!((numbers.len(), numbers.iter().sum::<u32>()), (2, cores.max(2)));
    assert!(!numbers.contains(&0));
    // Where no jobs are printed, nothing is said of them.
    assert_eq!(text(&snippets(&["mappings"]).stderr), "");
}

#[test]
fn the_comment_shows_the_rewrite_rules_of_the_host() {
    let channels = printed(&["--local-host", "mx1.example.edu", "imta.cnf"]);
    assert!(
        channels.contains(
            "\n!   conversion.mx1.example.edu   $E$U%conversion.mx1.example.edu@conversion-daemon\n"
        )
    );
    assert!(!channels.contains("HOST"), "{channels}");
    assert!(printed(&["imta.cnf"]).contains("(HOST is the local host)"));
}

#[test]
fn pmdf_has_queues_in_place_of_pools_and_its_own_mailboxes() {
    let pmdf = printed(&["--release", "pmdf"]);
    for line in ["[QUEUE=CONVERSION]", "[QUEUE=CONV_EXT]", "job_limit=5"] {
        assert!(pmdf.lines().any(|found| found == line), "{line}: {pmdf}");
    }
    assert!(pmdf.contains("\nconversion_ext subdirs 10 queue CONV_EXT logging\n"), "{pmdf}");
    assert!(
        pmdf.contains("OUT-CHAN=l;*") && pmdf.contains("OUT-CHAN=msgstore;*") && !pmdf.contains("ims-ms")
    );
    assert!(!pmdf.contains("POOL"), "{pmdf}");
}

#[test]
fn the_lines_for_msconfig_are_those_of_the_document() {
    let document = fs::read_to_string(root().join("docs/configuration.md")).unwrap();
    let release = ["--release", "8.1", "--format", "msconfig"];
    let line = |part: &str| printed(&[&release[..], &[part]].concat());
    let lines = line("job_controller.cnf") + &line("imta.cnf");
    assert!(document.contains(&format!("```\n{lines}```\n")), "not in docs/configuration.md:\n{lines}");
    // What `edit` gets is the legacy text without comments, and means the same.
    assert!(!line("conversions").contains('!') && !line("mappings").contains('!'));
    let entries = |text: &str| {
        let (mappings, _) = Mappings::parse("m", text);
        let entries = mappings.table("CONVERSIONS").unwrap().entries.clone();
        entries.into_iter().map(|entry| (entry.pattern.text, entry.template.text)).collect::<Vec<_>>()
    };
    assert_eq!(entries(&line("mappings")), entries(&printed(&["mappings"])));
    let said = text(&snippets(&[&SAMPLES[..], &release].concat()).stderr);
    assert!(said.contains("Unified Configuration") && said.contains("`edit mappings`"), "{said}");
}

#[test]
fn files_are_never_written_over() {
    let directory = tempfile::tempdir().unwrap();
    // It is made, with what is above it.
    let below = directory.path().join("a/b");
    let write = |jobs: &str| {
        let output = snippets(&["--jobs", jobs, "--external-jobs", "5", "--output", below.to_str().unwrap()]);
        (output.status.code(), text(&output.stderr))
    };
    assert_eq!(write("3").0, Some(0));
    let first = files(&below, &FOLDERS);
    assert_eq!(first.len(), 4);
    // The same again changes nothing.
    let (exit, said) = write("3");
    assert_eq!((exit, said.matches("there already").count()), (Some(0), 4), "{said}");
    // What is missing is not written either where something else is in the way.
    fs::remove_file(below.join("imta-snippets/conversions")).unwrap();
    let (exit, said) = write("4");
    assert_eq!((exit, said.matches("other content").count()), (Some(1), 2), "{said}");
    assert!(said.contains("imta.cnf-channels") && said.contains("hint: "), "{said}");
    assert_eq!(files(&below, &FOLDERS).len(), 3);
    assert_eq!(write("3").0, Some(0));
    assert_eq!(files(&below, &FOLDERS), first);
}

#[test]
fn a_place_that_cannot_be_written_is_told() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("file");
    fs::write(&file, "x").unwrap();
    let output = snippets(&[&SAMPLES[..], &["--output", file.to_str().unwrap()]].concat());
    assert_eq!(output.status.code(), Some(75));
    assert!(text(&output.stderr).contains("job_controller.cnf-pools"), "{}", text(&output.stderr));
    assert_eq!(fs::read_to_string(file).unwrap(), "x");
}

#[test]
fn wrong_usage_is_told_once_with_option_and_cure() {
    let long_path = format!("/{}", "p".repeat(160));
    let table: [(&[&str], &[&str]); 24] = [
        (&["--release", "6"], &["--release", "write the server's release"]),
        (&["--release", "x"], &["--release", "\"pmdf\""]),
        (&["--jobs", "0"], &["--jobs", "from 1 to 1000"]),
        (&["--jobs", "many"], &["--jobs", "from 1 to 1000"]),
        (&["--external-jobs", "1001"], &["--external-jobs", "from 1 to 1000"]),
        (&["--program", "convscan"], &["--program", "full path"]),
        (&["--program", "/a b"], &["--program", "choose a path of letters"]),
        (&["--program", "/opt/"], &["--program", "full path of a file"]),
        (&["--config", "/a\"b"], &["--config", "choose a path of letters"]),
        (&["--config", "/a'b"], &["--config", "choose a path of letters"]),
        (&["--config", &long_path], &["--program, --config", "hint: choose shorter paths"]),
        (&["--external", "tcp_*"], &["--external", "letters, digits"]),
        (&["--external", "process"], &["--external", "leave it out"]),
        (&["--external", "conversion_2"], &["--external", "leave it out"]),
        (&["--external", "a", "--external", "A"], &["--external A", "hint: name each channel once"]),
        (&["--store", "a b"], &["--store", "letters, digits"]),
        (&["--store", "ccccccccccccccccccccccccccccccccc"], &["--store", "at most 32"]),
        (&["--store", "tcp_local"], &["--store tcp_local", "hint: name each channel once"]),
        (&["--local-host", "a_b"], &["--local-host", "full name"]),
        (&["--format", "xml"], &["--format", "legacy or msconfig"]),
        (&["--format", "msconfig"], &["--format msconfig", "hint: say --release 7.0.5"]),
        (
            &["--format", "msconfig", "--release", "8.1", "--local-host", "h"],
            &["--local-host h", "hint: leave --local-host out"],
        ),
        (&["imta"], &["PART", "write one of job_controller.cnf, imta.cnf, conversions, mappings"]),
        (&["mappings", "--output", "/nonexistent"], &["--output", "PART"]),
    ];
    for (arguments, words) in table {
        let output = snippets(arguments);
        let said = text(&output.stderr);
        assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{arguments:?}: {said}");
        for word in words {
            assert!(said.contains(word), "{word} is not in: {said}");
        }
    }
    assert!(!Path::new("/nonexistent").exists());
}
