//! What stands inside a part where an engine does not look, headers that say one
//! thing twice, and what is unscannable for each reason.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use sha2::{Digest, Sha256};

use crate::harness::fake_clamd::{FakeClamd, Script};
use crate::harness::{Case, DEFER, HOLD, SPECIMENS, clamd, eicar, installed, needs, rules};

fn specimen(test: &str, name: &str) -> Option<Vec<u8>> {
    needs(test, SPECIMENS, "clamav-testfiles").then(|| fs::read(installed(SPECIMENS).join(name)).unwrap())
}

/// The case with a configuration that may name its file of rules.
fn configured(case: Case, config: &str) -> Case {
    let file = case.path("rules.txt");
    case.var("RULES", file).config(config)
}

/// A text as the channel hands it over, with `payload` in its middle.
fn text(payload: &[u8]) -> Vec<u8> {
    [b"Hello,\n\nhere is what you asked for.\n\n", payload, b"\nRegards\n"].concat()
}

fn plain(case: Case) -> Case {
    case.var("INPUT_TYPE", "TEXT").var("INPUT_SUBTYPE", "PLAIN")
}

/// What stands behind the first empty line.
fn body(mail: &[u8]) -> &[u8] {
    let end = mail.windows(2).position(|pair| pair == b"\n\n").unwrap();
    &mail[end + 2..]
}

#[test]
fn files_inside_a_text_are_found_by_the_real_engine() {
    let name = "files_inside_a_text_are_found_by_the_real_engine";
    let Some(clamd) = clamd::shared(name) else { return };
    for (file, inside) in [("clam.exe.mbox.uu", "uuencode"), ("clam.exe.binhex", "binhex")] {
        let Some(content) = specimen(name, file) else { return };
        let payload = if inside == "uuencode" { body(&content) } else { &content };
        let part = text(payload);
        let (notice, record) = plain(Case::new(&part).config(&clamd.engine())).run().replaced();
        assert!(notice.contains("Test.Clam-Exe"), "{notice}");
        let found = record.engines.iter().find(|engine| engine.verdict == "infected").unwrap();
        assert_eq!(found.inside.as_deref(), Some(inside), "{record:?}");
        // Not by what it stands in, but by what it is: an honest file passes.
        let honest = text(b"begin 644 a.txt\n#86)C\n`\nend\n");
        plain(Case::new(&honest).config(&clamd.engine())).run().passed(&honest);
    }
}

/// Rules look into nothing, so whatever is found was shown to them.
#[test]
fn tnef_and_mail_that_is_an_attachment_are_opened() {
    let name = "tnef_and_mail_that_is_an_attachment_are_opened";
    let (Some(tnef), Some(mail), Some(exe)) =
        (specimen(name, "clam.tnef"), specimen(name, "clam.mail"), specimen(name, "clam.exe"))
    else {
        return;
    };
    // The digest of the whole file: a TNEF holds it as it is, among other things.
    let digest: String = Sha256::digest(&exe).iter().map(|byte| format!("{byte:02x}")).collect();
    for (part, inside, main_type, sub_type) in [
        (&tnef, "tnef", "APPLICATION", "MS-TNEF"),
        (&tnef, "tnef", "APPLICATION", "OCTET-STREAM"),
        (&mail, "mail", "APPLICATION", "OCTET-STREAM"),
        (&mail, "mail", "MESSAGE", "RFC822"),
    ] {
        let case = Case::new(part).var("INPUT_TYPE", main_type).var("INPUT_SUBTYPE", sub_type);
        let config = rules(&case);
        fs::write(case.path("rules.txt"), format!("sha256 Clam {digest}\n")).unwrap();
        let (_, record) = configured(case, &config).run().replaced();
        let found = record.engines.iter().find(|engine| engine.verdict == "infected").unwrap();
        assert_eq!(found.inside.as_deref(), Some(inside), "{record:?}");
    }
}

#[test]
fn names_of_what_is_inside_are_compared_with_the_rules() {
    for name in
        ["run.exe", "RUN.EXE. .", "=?utf-8?Q?run=2Eexe?=", "..\\run.exe", "run.pdf                    .exe"]
    {
        let part = text(format!("begin 644 {name}\n#86)C\n`\nend\n").as_bytes());
        let case = plain(Case::new(&part));
        let config = rules(&case);
        let (notice, _) = configured(case, &config).run().replaced();
        assert!(notice.contains("Policy.Exe"), "{name}: {notice}");
    }
    let part = text(b"begin 644 run.exe.txt\n#86)C\n`\nend\n");
    let case = plain(Case::new(&part));
    let config = rules(&case);
    configured(case, &config).run().passed(&part);
}

/// A transfer encoding that the part still has, and a file inside what it hides.
#[test]
fn what_is_inside_an_encoded_part_is_found_too() {
    let uu = uuencoded(&eicar());
    let part: Vec<u8> =
        text(&uu).iter().flat_map(|byte| if *byte == b'=' { b"=3D".to_vec() } else { vec![*byte] }).collect();
    let part = [b"=20\n".as_slice(), &part].concat();
    let case = plain(Case::new(&part)).var("INPUT_ENCODING", "QUOTED-PRINTABLE");
    let config = rules(&case);
    let (notice, _) = configured(case, &config).run().replaced();
    assert!(notice.contains("Eicar-Test"), "{notice}");
}

/// A fake scanner that finds something in the first line and nowhere else, and
/// cleans that.
const CLEANER: &str = r#"#!/bin/sh
# A fake scanner that looks at the first line only.
for file; do :; done
read -r word < "$file"
test "$word" = cleanable || exit 0
test "$1" = --clean || exit 13
sed 1s/cleanable/honest/ "$file" > "$file.new" && mv "$file.new" "$file"
exit 19
"#;

/// The engine cleans what it sees, and that is not what is inside.
#[test]
fn a_cleaned_part_is_looked_into_too() {
    let run = |payload: &[u8]| {
        let part = [b"cleanable\n", payload].concat();
        let case = plain(Case::new(&part));
        let fake = case.path("state.uvscan");
        fs::write(&fake, CLEANER).unwrap();
        fs::set_permissions(&fake, fs::Permissions::from_mode(0o755)).unwrap();
        let config = format!(
            "{}[[engine]]\nname = \"fake\"\ntype = \"command\"\ncanary = \"off\"\npreset = \"uvscan\"\n\
             program = \"{}\"\nscan = [\"--scan\", \"{{file}}\"]\nclean = [\"--clean\", \"{{file}}\"]\n",
            rules(&case).replace("acquits = true", "acquits = false"),
            fake.display()
        );
        configured(case, &config).var("FAKE", fake).run()
    };
    assert_eq!(run(b"nothing else\n").output.as_deref(), Some(&b"honest\nnothing else\n"[..]));
    let (_, record) = run(&text(&uuencoded(&eicar()))).replaced();
    assert!(record.reason.unwrap().contains("still infected after cleaning"));
}

/// A policy that passes one thing does not pass what comes along with it.
#[test]
fn a_part_that_is_unscannable_is_looked_into_too() {
    let fake = FakeClamd::start(Script::Say(b"fd[9]: Heuristics.Encrypted.Zip FOUND\0".to_vec()));
    let run = |payload: &[u8]| {
        let case = plain(Case::new(&text(payload)));
        let rules = rules(&case).replace("acquits = true", "acquits = false");
        let config = format!("{rules}{}[policy.unscannable]\nencrypted = \"pass\"\n", fake.engine());
        configured(case, &config).run()
    };
    assert_eq!(run(b"").passed(&text(b"")).scanned, Some(false));
    let (notice, _) = run(&uuencoded(&eicar())).replaced();
    assert!(notice.contains("Eicar-Test"), "{notice}");
}

/// One engine is away and the policy passes its errors: an infected file inside
/// the part once passed with it, although a healthy engine knew it.
#[test]
fn a_part_that_one_engine_failed_on_is_looked_into_too() {
    let lines = [
        "[policy]\nerror = \"pass\"\n",
        "[policy.error]\nunreachable = \"pass\"\n",
        "[policy.error]\nunreachable = \"replace\"\n",
        "[policy]\nerror = \"hold\"\n",
    ];
    let away = "[[engine]]\nname = \"clamd\"\ntype = \"clamd\"\naddress = \"unix:/nonexistent/s\"\ncanary = \"off\"\n";
    for line in lines {
        let run = |payload: &[u8]| {
            let case = plain(Case::new(&text(payload)));
            let config = format!("{}{away}{line}", rules(&case));
            configured(case, &config).run()
        };
        let (notice, record) = run(&uuencoded(&eicar())).replaced();
        assert!(notice.contains("Eicar-Test"), "{line}: {notice}");
        assert_eq!(record.verdict, "infected", "{line}");
        let record = run(b"").record();
        let expected = ["pass", "pass", "replace", "hold"].map(str::to_owned);
        assert!(expected.contains(&record.action) && record.verdict == "error", "{line}: {record:?}");
    }
}

/// Mozilla decodes an encoding of that name whatever the type is.
#[test]
fn a_part_of_an_encoding_that_no_server_decodes_is_looked_through() {
    let part = [&b"No, not here.\n".repeat(1000), &uuencoded(&eicar())[..]].concat();
    for (encoding, infected) in [("X-UUENCODE", true), ("x-yenc", true), ("8BIT", false)] {
        let case = Case::new(&part).var("INPUT_TYPE", "APPLICATION").var("INPUT_SUBTYPE", "PDF");
        let config = rules(&case);
        let ran = configured(case, &config).var("INPUT_ENCODING", encoding).run();
        assert_eq!(ran.record().verdict == "infected", infected, "{encoding}");
    }
}

/// A fake scanner that is soon done with one file, and not with very many.
const UNHURRIED: &str = "#!/bin/sh\n# A fake scanner that takes its time.\nsleep .2\nexit 0\n";

/// Who sends a part of which too much must be looked at slows down nobody else.
#[test]
fn a_part_that_uses_up_its_time_does_not_close_the_engine_for_others() {
    let many: String = (100..400).map(|i| format!("begin 644 f{i}\n#{i}0\n`\nend\n")).collect();
    let case = plain(Case::new(&text(many.as_bytes())));
    let fake = case.path("state.uvscan");
    fs::write(&fake, UNHURRIED).unwrap();
    fs::set_permissions(&fake, fs::Permissions::from_mode(0o755)).unwrap();
    let config = format!(
        "[[engine]]\nname = \"fake\"\ntype = \"command\"\ncanary = \"off\"\npreset = \"uvscan\"\n\
         program = \"{}\"\n[limits]\ndeadline = \"4s\"\n",
        fake.display()
    );
    let case = case.var("FAKE", fake).config(&config);
    let record = case.run().deferred();
    assert!(record.reason.unwrap().starts_with("timed-out"));
    // The errors of the rest are not told one by one.
    assert!(record.engines.len() < 10, "{}", record.engines.len());
    fs::write(case.path("input"), "honest\n").unwrap();
    fs::remove_file(case.path("log")).unwrap();
    case.run().passed(b"honest\n");
}

/// POSIX.1-2017, uuencode.
fn uuencoded(content: &[u8]) -> Vec<u8> {
    let character = |bits: u32| char::from(u8::try_from(32 + (bits & 63)).unwrap());
    let mut out = String::from("begin 644 eicar.com\n");
    for line in content.chunks(45) {
        out.push(character(u32::try_from(line.len()).unwrap()));
        for group in line.chunks(3) {
            let bits = (0..3).fold(0, |bits, i| bits << 8 | u32::from(*group.get(i).unwrap_or(&0)));
            out.extend([18, 12, 6, 0].map(|shift| character(bits >> shift)));
        }
        out.push('\n');
    }
    out.push_str("`\nend\n");
    out.into_bytes()
}

#[test]
fn more_inside_than_is_looked_at_is_unscannable() {
    let many: String = (0..600).map(|i| format!("begin 644 f{i}\n#{:03}\n`\nend\n", i + 100)).collect();
    let part = text(many.as_bytes());
    let case = plain(Case::new(&part));
    let config = rules(&case);
    let ran = configured(case, &config).run();
    assert_eq!(ran.options.as_deref(), Some(HOLD), "{}", ran.log);
    assert_eq!(ran.record().reason.as_deref(), Some("inside-too-many"));
}

#[test]
fn a_header_that_says_one_thing_twice_makes_the_part_ambiguous() {
    let table = [
        (
            "Content-Type: text/plain\nContent-Type: application/zip\n\n",
            Some("ambiguous: two Content-Type fields"),
        ),
        ("Content-Type: multipart/mixed; boundary=a; boundary=b\n\n", Some("ambiguous: two boundaries")),
        ("Content-Type: text/plain; charset=us-ascii\nSubject: x\n\n", None),
    ];
    for variable in ["INPUT_HEADERS", "MESSAGE_HEADERS"] {
        for (header, reason) in table {
            let run = |policy: &str| {
                let case = Case::new(b"honest\n").file(variable, "given-headers", header);
                let config = format!("{}{policy}", rules(&case));
                configured(case, &config).run()
            };
            let ran = run("");
            let Some(reason) = reason else {
                ran.passed(b"honest\n");
                continue;
            };
            assert_eq!(ran.options.as_deref(), Some(HOLD), "{}", ran.log);
            assert_eq!(ran.record().reason.as_deref(), Some(reason));
            let record = run("[policy.unscannable]\nambiguous = \"pass\"\n").passed(b"honest\n");
            assert_eq!((record.scanned, record.verdict.as_str()), (Some(false), "unscannable"));
            let (notice, _) = run("[policy.unscannable]\nambiguous = \"replace\"\n").replaced();
            assert!(notice.contains("it says in two ways what it is"), "{notice}");
            assert_eq!(run("[policy.unscannable]\nambiguous = \"infected\"\n").record().verdict, "infected");
        }
    }
}

/// What clamd calls it, the line of the policy, the words in the notice.
const REASONS: [(&str, &str, &str); 8] = [
    ("Heuristics.Encrypted.Zip", "encrypted", "it is encrypted"),
    ("Heuristics.Limits.Exceeded.MaxFileSize", "too-large", "it is too large"),
    ("Heuristics.Limits.Exceeded.MaxRecursion", "too-deep", "packed too many times over"),
    ("Heuristics.Limits.Exceeded.MaxFiles", "too-many-files", "holds too many files"),
    ("Heuristics.Limits.Exceeded.MaxScanTime", "time-limit", "takes too long"),
    ("Heuristics.Broken.Executable", "corrupt", "it is damaged"),
    ("Heuristics.OLE2.ContainsMacros.VBA", "macros", "a document with macros"),
    ("PUA.Win.Packer.Upx-1", "unwanted", "may be a program that is not wanted here"),
];

#[test]
fn each_reason_has_its_own_line_and_its_own_words() {
    for (name, line, words) in REASONS {
        let fake = FakeClamd::start(Script::Say(format!("fd[9]: {name} FOUND\0").into_bytes()));
        let run = |word: &str| {
            let policy = format!("[policy.unscannable]\ndefault = \"defer\"\n{line} = \"{word}\"\n");
            Case::new(b"part\n").config(&format!("{}{policy}", fake.engine())).run()
        };
        let (notice, record) = run("replace").replaced();
        assert!(notice.contains(words) && !notice.contains(name), "{notice}");
        assert_eq!(
            (record.verdict.as_str(), record.reason.unwrap()),
            ("unscannable", format!("{line}: {name}"))
        );
        assert_eq!(run("pass").passed(b"part\n").scanned, Some(false));
        assert_eq!(run("hold").options.as_deref(), Some(HOLD));
        assert_eq!(run("defer").options.as_deref(), Some(DEFER));
        let (notice, record) = run("infected").replaced();
        assert!(notice.contains(name), "{notice}");
        assert_eq!((record.verdict.as_str(), record.threats), ("infected", vec![name.to_owned()]));
    }
}

/// Neither sent nor believed: over its limit clamd says `OK`, or hangs up.
#[test]
fn a_part_over_the_limit_is_not_sent() {
    let fake = FakeClamd::start(Script::Say(b"fd[9]: OK\0".to_vec()));
    let config = format!("{}largest = \"1K\"\n[policy.unscannable]\ntoo-large = \"hold\"\n", fake.engine());
    let fits = vec![b'x'; 1024];
    Case::new(&fits).config(&config).run().passed(&fits);
    let ran = Case::new(&vec![b'x'; 1025]).config(&config).run();
    assert_eq!(ran.options.as_deref(), Some(HOLD), "{}", ran.log);
    assert_eq!(ran.record().reason.as_deref(), Some("too-large"));
}
