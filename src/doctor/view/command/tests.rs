//! Tables of command lines.

use super::*;

const OURS: &str = "/usr/local/bin/convscan part";

fn call(text: &str) -> Call {
    Command::parse(text).call.unwrap_or_else(|| panic!("not ours: {text}"))
}

#[test]
fn ours_is_known_by_its_name_and_what_it_is_told() {
    for (text, program, ours) in [
        (OURS, "/usr/local/bin/convscan", Some("/usr/local/bin/convscan")),
        ("  IMTA_PROGRAM:convscan part", "IMTA_PROGRAM:convscan", Some("IMTA_PROGRAM:convscan")),
        ("convscan part", "convscan", Some("convscan")),
        ("exec '/opt/a b/convscan' part", "exec", Some("/opt/a b/convscan")),
        (
            "/usr/local/bin/convscan-part",
            "/usr/local/bin/convscan-part",
            Some("/usr/local/bin/convscan-part"),
        ),
        ("IMTA_PROGRAM:convscan-part", "IMTA_PROGRAM:convscan-part", Some("IMTA_PROGRAM:convscan-part")),
        ("exec convscan-part part", "exec", Some("convscan-part")),
        ("test -x /c/convscan-part && /c/convscan-part", "test", Some("/c/convscan-part")),
        ("/c/convscan-partial", "/c/convscan-partial", None),
        ("/c/convscan -part", "/c/convscan", None),
        ("A=b nice -n 5 /c/convscan \"part\"", "nice", Some("/c/convscan")),
        ("test -x /c/convscan && /c/convscan part", "test", Some("/c/convscan")),
        ("/bin/viro-scan500.sh 'INPUT_FILE' $OUTPUT_FILE", "/bin/viro-scan500.sh", None),
        ("/usr/local/bin/convscan selftest", "/usr/local/bin/convscan", None),
        ("/usr/local/bin/convscan2 part", "/usr/local/bin/convscan2", None),
        ("sh -c '/usr/local/bin/convscan part'", "sh", None),
        ("\"/opt/x\"/run", "/opt/x/run", None),
    ] {
        let Command { program: found, call } = Command::parse(text);
        assert_eq!(found.unwrap().text, program, "{text}");
        assert_eq!(call.as_ref().map(|call| call.program.text.as_str()), ours, "{text}");
    }
    assert_eq!(Command::parse(""), Command { program: None, call: None });
}

#[test]
fn absolute_is_what_begins_with_a_slash_or_a_name_of_the_tailor() {
    for (text, absolute) in [
        ("/x part", true),
        ("IMTA_PROGRAM:x part", true),
        ("'/x y' part", true),
        ("x part", false),
        ("./x part", false),
        ("a/b:x part", false),
        ("IMTA_PROGRAM: part", false),
    ] {
        assert_eq!(Command::parse(text).program.unwrap().is_absolute(), absolute, "{text}");
    }
}

#[test]
fn arguments_are_read_as_convscan_reads_them() {
    for (arguments, config, release, unknown) in [
        ("", None, None, None),
        ("--config /etc/c.toml --release 6.2", Some("/etc/c.toml"), Some("6.2"), None),
        ("--release=pmdf --config=/a=b", Some("/a=b"), Some("pmdf"), None),
        ("--config /a --config '/b c'", Some("/b c"), None, None),
        ("--release", None, None, None),
        ("-v --release \"6 2005Q4\" 'INPUT_FILE'", None, Some("6 2005Q4"), Some("-v")),
        ("$INPUT_FILE", None, None, Some("$INPUT_FILE")),
    ] {
        let text = format!("{OURS} {arguments} 2>> /tmp/x || true");
        let call = call(&text);
        let text_of = |word: &Option<Word>| word.as_ref().map(|word| word.text.clone());
        assert_eq!(text_of(&call.config).as_deref(), config, "{arguments}");
        assert_eq!(text_of(&call.release).as_deref(), release, "{arguments}");
        assert_eq!(text_of(&call.unknown).as_deref(), unknown, "{arguments}");
        assert_eq!(call.end, OURS.len() + " ".len() * usize::from(!arguments.is_empty()) + arguments.len());
    }
}

#[test]
fn a_guard_is_known_by_the_status_that_it_writes() {
    let again = Status::Number(178_028_698);
    let options = Target::Options;
    for (rest, status, number, target) in [
        (" || echo STATUS=178028698 > $OUTPUT_OPTIONS", again, "178028698", options.clone()),
        ("||echo STATUS=178028698>>${OUTPUT_OPTIONS}", again, "178028698", options.clone()),
        (" || echo \"STATUS=178028698\" > \"$OUTPUT_OPTIONS\"", again, "178028698", options.clone()),
        (" || echo 'STATUS=178028698' > 'OUTPUT_OPTIONS'", again, "178028698", options.clone()),
        (" || { echo STATUS=178028698 > $OUTPUT_OPTIONS; exit 0; }", again, "178028698", options.clone()),
        (" || { echo STATUS=178028698; exit 0; } > $OUTPUT_OPTIONS", again, "178028698", options.clone()),
        (" || (echo STATUS=178028698 1>$OUTPUT_OPTIONS 2>/dev/null)", again, "178028698", options.clone()),
        ("; test $? = 0 || echo STATUS=178028698 >| $OUTPUT_OPTIONS", again, "178028698", options.clone()),
        (
            " || printf 'STATUS=178030250\\n' > $OUTPUT_OPTIONS",
            Status::Number(178_030_250),
            "178030250",
            options.clone(),
        ),
        (" || printf STATUS=%d 5 > $OUTPUT_OPTIONS", Status::Unknown, "STATUS=%d", options.clone()),
        (" || echo STATUS=$AGAIN > $OUTPUT_OPTIONS", Status::Unknown, "STATUS=$AGAIN", options.clone()),
        (" || echo STATUS=0x0A9C809A > $OUTPUT_OPTIONS", Status::Odd, "0", options.clone()),
        (" || echo STATUS= > $OUTPUT_OPTIONS", Status::Odd, "STATUS=", options.clone()),
        (" || echo STATUS=99999999999 > $OUTPUT_OPTIONS", Status::Odd, "99999999999", options),
        (" || echo STATUS=178028698", again, "178028698", Target::Nowhere),
        (" || echo STATUS=178028698 > $OUT", again, "178028698", Target::Unknown),
        (" || echo STATUS=178028698 | tee -a $OUTPUT_OPTIONS", again, "178028698", Target::Unknown),
    ] {
        let text = format!("{OURS}{rest}");
        let Guard::Writes(write) = call(&text).guard else { panic!("{text}") };
        assert_eq!((write.status, &write.target), (status, &target), "{text}");
        assert_eq!(text.get(write.span), Some(number), "{text}");
    }
    let Guard::Writes(Write { target, .. }) = call(&format!("{OURS} || echo STATUS=1 > /tmp/o")).guard else {
        panic!("no guard")
    };
    let Target::Elsewhere(word) = target else { panic!("{target:?}") };
    assert_eq!(word.text, "/tmp/o");
    let before = format!("echo STATUS=178028698 > $OUTPUT_OPTIONS; {OURS}");
    assert!(matches!(call(&before).guard, Guard::Writes(_)));
}

#[test]
fn what_writes_no_status_is_no_guard_unless_it_may_be_one() {
    for (rest, guard) in [
        ("", Guard::Missing),
        (" # || echo STATUS=1", Guard::Missing),
        ("; exit 0", Guard::Unguarded),
        (" || true", Guard::Unguarded),
        (" && rm -f /tmp/x", Guard::Unguarded),
        (" | logger", Guard::Unguarded),
        (" || /site/fallback.sh", Guard::Unknown),
        ("; /site/after $?", Guard::Unknown),
        (" || echo $(cat /site/status) > $OUTPUT_OPTIONS", Guard::Unknown),
        (" || echo MY_STATUS=1 > $OUTPUT_OPTIONS", Guard::Unknown),
        (" || echo 'STATUS=1", Guard::Unknown),
    ] {
        assert_eq!(call(&format!("{OURS}{rest}")).guard, guard, "{rest}");
    }
    assert_eq!(call(&format!("if ! {OURS}; then /site/fallback; fi")).guard, Guard::Unknown);
}

#[test]
fn no_text_is_too_odd() {
    for text in [
        "|",
        "||",
        ">",
        "2>",
        "&",
        "&>",
        "'",
        "\"",
        "\\",
        "$(",
        "{",
        "}",
        ")(",
        "convscan part >",
        "\u{e9}'\u{e9}",
    ] {
        let whole = format!("{text} {OURS} {text}");
        for (at, _) in whole.char_indices() {
            let (before, behind) = whole.split_at(at);
            let _ = (Command::parse(before), Command::parse(behind));
        }
    }
}

#[test]
fn what_is_only_named_is_not_run() {
    for text in
        ["echo convscan part", "/bin/true; printf x convscan part", ": convscan part", "exit convscan part"]
    {
        assert!(Command::parse(text).call.is_none(), "{text}");
    }
    for text in ["exec convscan part", "nice -n 5 /x/convscan part", "env A=b convscan part"] {
        assert!(Command::parse(text).call.is_some(), "{text}");
    }
}
