//! The ICAP engine through the built binary: a real c-icap with a real clamd
//! behind it, and scripted fakes for what no real server can be made to say.

use std::fs;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use crate::harness::c_icap::CIcap;
use crate::harness::fake_icap::{FakeIcap, Shown, Step, options, say};
use crate::harness::{Case, HOLD, Ran, eicar};

/// One run; what the engine remembers of the server is no stray.
fn run(case: &Case) -> Ran {
    let mut ran = case.run();
    ran.strays.retain(|name| !name.starts_with("state/icap-options-") || name.contains('.'));
    ran
}

fn scanned(engine: &str, part: &[u8]) -> Ran {
    run(&Case::new(part).config(engine))
}

/// An answer with an HTTP header and whatever follows it.
fn answer(fields: &str, http: &str, rest: &str) -> String {
    format!("ICAP/1.0 200 OK\r\n{fields}Encapsulated: res-hdr=0, res-body={}\r\n\r\n{http}{rest}", http.len())
}

const HTTP_OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n";
const PAGE: &str = "HTTP/1.1 403 Forbidden\r\n\r\n";
const UNMODIFIED: &str = "ICAP/1.0 204 Unmodified\r\nISTag: \"one\"\r\n\r\n";
const GO_ON: &str = "ICAP/1.0 100 Continue\r\n\r\n";
const FOUND: &str = "X-Infection-Found: Type=0; Resolution=2; Threat=Worm;\r\n";
const PART: &[u8] = b"hello\n";

/// EICAR with `n` lines of text behind it.
fn eicar_and(n: usize) -> Vec<u8> {
    [eicar(), b"hello\n".repeat(n)].concat()
}

#[test]
fn what_c_icap_passes_passes_and_what_it_blocks_is_replaced() {
    let name = "what_c_icap_passes_passes_and_what_it_blocks_is_replaced";
    // As in the package, but for the limit.
    let more = "virus_scan.SendPercentData 5\nvirus_scan.StartSendPercentDataAfter 2M\n\
                virus_scan.MaxObjectSize 50K\n";
    let Some(server) = CIcap::start(name, more) else { return };
    let engine = server.engine("avscan") + "timeout = \"30s\"\n";
    for clean in
        [PART.to_vec(), Vec::new(), b"x".to_vec(), b"hello\n".repeat(1000), b"hello\n".repeat(700_000)]
    {
        let record = scanned(&engine, &clean).passed(&clean);
        assert!(record.engines[0].version.as_ref().unwrap().starts_with("CI"), "{record:?}");
    }
    // Within the preview and beyond it.
    for infected in [eicar(), eicar_and(1000), eicar_and(200_000)] {
        let (notice, record) = scanned(&engine, &infected).replaced();
        assert!(notice.contains("Eicar-Test-Signature"), "{notice}");
        assert_eq!(record.threats, ["Eicar-Test-Signature.UNOFFICIAL"]);
    }
    // A type that c-icap was not told to scan: it waves such parts through on
    // sight of their first bytes.
    let picture = [&b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"[..], &eicar()].concat();
    let ran = scanned(&engine, &picture);
    assert_eq!((ran.options.as_deref(), ran.output.as_deref()), (Some(HOLD), None));
    assert_eq!(ran.record().reason.as_deref(), Some("excluded"));
    // The echo service has no scanner and sends everything back: a clean answer by
    // the book, and only the canary knows better.
    let reason = scanned(&server.engine("echo"), PART).deferred().reason.unwrap();
    assert!(reason.starts_with("blind"), "{reason}");
    let reason = scanned(&server.engine("nowhere"), PART).deferred().reason.unwrap();
    assert!(reason.starts_with("failed: OPTIONS: ICAP/1.0 404"), "{reason}");
    too_large(&server);
    many_at_once(&engine);
}

/// Over `MaxObjectSize` c-icap says 204 of what it has not scanned. With a preview
/// that shows. `largest` must not be larger than that limit all the same: it
/// spares the part the way, and not every server has a preview.
fn too_large(server: &CIcap) {
    let part = eicar_and(10_000);
    let engine = server.engine("virus_scan");
    let held = |largest: &str| {
        let ran = scanned(&format!("{engine}largest = \"{largest}\"\n"), &part);
        assert_eq!((ran.options.as_deref(), ran.output.as_deref()), (Some(HOLD), None));
        ran.record()
    };
    let record = held("100M");
    assert_eq!((record.verdict.as_str(), record.reason.as_deref()), ("unscannable", Some("excluded")));
    let record = held("50K");
    assert_eq!((record.verdict.as_str(), record.reason.as_deref()), ("unscannable", Some("too-large")));
    scanned(&format!("{engine}largest = \"50K\"\n"), &eicar_and(1000)).replaced();
}

fn many_at_once(engine: &str) {
    let part = |i: usize| if i.is_multiple_of(3) { eicar_and(100 * i) } else { b"hello\n".repeat(500 * i) };
    let start = |i: usize| -> (Case, Child) {
        let case = Case::new(&part(i)).config(engine);
        let child = case.command().stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        (case, child)
    };
    let running: Vec<_> = (0..20).map(start).collect();
    for (i, (case, mut child)) in running.into_iter().enumerate() {
        assert!(child.wait().unwrap().success(), "{i}");
        let ran = case.left_behind();
        if i.is_multiple_of(3) {
            assert_eq!(ran.record().threats, ["Eicar-Test-Signature.UNOFFICIAL"], "{i}");
            assert!(ran.output.unwrap().starts_with(b"VIRUS NOTICE"), "{i}");
        } else {
            assert_eq!(ran.record().verdict, "clean", "{i}");
            assert!(ran.output.unwrap() == part(i), "{i}");
        }
    }
}

#[test]
fn c_icap_with_zero_encaps_for_204_is_understood() {
    let name = "c_icap_with_zero_encaps_for_204_is_understood";
    let more =
        "Allow204As200okZeroEncaps\nvirus_scan.SendPercentData 5\nvirus_scan.StartSendPercentDataAfter 1M\n";
    let Some(server) = CIcap::start(name, more) else { return };
    let engine = server.engine("avscan") + "timeout = \"30s\"\n";
    scanned(&engine, PART).passed(PART);
    scanned(&engine, &eicar()).replaced();
    // This service begins to send a part back before it has scanned it.
    let engine = server.engine("virus_scan") + "timeout = \"30s\"\n";
    let clean = b"hello\n".repeat(400_000);
    scanned(&engine, &clean).passed(&clean);
    let record = scanned(&engine, &eicar_and(400_000)).deferred();
    assert!(record.reason.unwrap().starts_with("garbled: other content"));
}

/// Started before its clamd, c-icap says 204 of everything for ever.
#[test]
fn c_icap_without_a_scanner_is_not_believed() {
    let name = "c_icap_without_a_scanner_is_not_believed";
    let Some(server) = CIcap::start(name, "clamd_mod.ClamdSocket /nonexistent\n") else { return };
    for part in [PART.to_vec(), Vec::new(), eicar(), eicar_and(1000)] {
        let reason = scanned(&server.engine("avscan"), &part).deferred().reason.unwrap();
        assert!(reason.contains("no scanner behind this service"), "{reason}");
    }
}

/// What a script of the fake ends as.
#[track_caller]
fn ends_as(ran: &Ran, expected: &str, about: &str) {
    let record = ran.record();
    let reason = record.reason.clone().unwrap_or_default();
    let ended = match record.verdict.as_str() {
        "infected" => record.threats.join("+"),
        "clean" => "clean".to_owned(),
        _ => reason.split(':').next().unwrap_or_default().to_owned(),
    };
    assert_eq!(ended, expected, "{about}: {reason}");
    match record.verdict.as_str() {
        "clean" => drop(ran.passed(PART)),
        "infected" => drop(ran.replaced()),
        // Time mends no reason but these two.
        "unscannable" if ended != "time-limit" && ended != "not-scanned" => {
            assert_eq!((ran.options.as_deref(), ran.output.as_deref()), (Some(HOLD), None), "{about}");
        }
        _ => drop(ran.deferred()),
    }
}

/// What the server offers in a row of the table below.
#[derive(Clone, Copy)]
enum Offer {
    /// A preview of four bytes, and 204.
    Both,
    /// 204 alone, so it is shown all at once.
    Allow,
    /// Neither.
    Plain,
}

impl Offer {
    fn options(self) -> String {
        options(match self {
            Self::Both => "Preview: 4\r\nAllow: 204\r\n",
            Self::Allow => "Allow: 204\r\n",
            Self::Plain => "",
        })
    }
}

#[test]
fn every_trap_ends_as_it_must() {
    use Offer::{Allow, Both, Plain};
    let go_on = |then: &str| vec![say(GO_ON), Step::ReadRest, say(then)];
    let echo = answer("", HTTP_OK, "6\r\nhello\n\r\n0\r\n\r\n");
    let bytes = |text: &str| text.as_bytes().to_vec();
    let null = "ICAP/1.0 200 OK\r\nEncapsulated: res-hdr=0, null-body=0\r\n\r\n";
    let violations =
        "X-Violations-Found: 2\r\n\ta.exe\r\n\tWorm\r\n\t0\r\n\t2\r\n b\r\n Other\r\n 0\r\n 2\r\n";
    let page = |fields: &str| answer(fields, PAGE, "2\r\nno\r\n0\r\n\r\n");
    let chunked = |body: &str| vec![say(answer("", HTTP_OK, body))];
    let table: Vec<(&str, Offer, Vec<Step>, &str)> = vec![
        ("unmodified", Both, go_on(UNMODIFIED), "clean"),
        ("unmodified at once", Allow, vec![say(UNMODIFIED)], "clean"),
        ("unmodified and nothing seen", Both, vec![say(UNMODIFIED)], "excluded"),
        ("unmodified, not allowed", Plain, vec![say(UNMODIFIED)], "garbled"),
        ("unmodified and closed", Allow, vec![say(UNMODIFIED), Step::Close], "clean"),
        (
            "unmodified byte by byte",
            Both,
            vec![say(GO_ON), Step::ReadRest, Step::Trickle(bytes(UNMODIFIED))],
            "clean",
        ),
        ("unmodified in other words", Both, go_on(null), "clean"),
        (
            "unmodified with a name",
            Both,
            go_on(&UNMODIFIED.replace("ISTag", "X-Virus-ID: Worm\r\nISTag")),
            "Worm",
        ),
        (
            "unmodified, no threats",
            Both,
            go_on(&UNMODIFIED.replace("ISTag", "X-Virus-ID: no threats\r\nISTag")),
            "clean",
        ),
        ("100 twice", Both, vec![say(GO_ON), Step::ReadRest, say(GO_ON), say(UNMODIFIED)], "garbled"),
        ("100 without a preview", Allow, vec![say(GO_ON), say(UNMODIFIED)], "garbled"),
        ("the same body", Plain, vec![say(&echo)], "clean"),
        ("the same body byte by byte", Plain, vec![Step::Trickle(bytes(&echo))], "clean"),
        ("another body", Plain, vec![say(echo.replace("hello", "Hello"))], "garbled"),
        ("a shorter body", Plain, chunked("5\r\nhello\r\n0\r\n\r\n"), "garbled"),
        ("extensions", Plain, chunked("3;a=\"b\"; c\r\nhel\r\n3\r\nlo\n\r\n0;x\r\nX-Y: z\r\n\r\n"), "clean"),
        ("an endless line", Plain, vec![say(answer("", HTTP_OK, "6;")), Step::Babble(bytes("a"))], "garbled"),
        (
            "endless chunks",
            Plain,
            vec![say(answer("", HTTP_OK, "")), Step::Babble(bytes("1\r\nh\r\n"))],
            "garbled",
        ),
        (
            "an endless header",
            Plain,
            vec![say("ICAP/1.0 204 OK\r\n"), Step::Babble(bytes("A: b\r\n"))],
            "garbled",
        ),
        ("an endless field", Plain, vec![say("ICAP/1.0 204 OK\r\nA: "), Step::Babble(bytes("b"))], "garbled"),
        ("no line at all", Plain, vec![Step::Babble(bytes("\0"))], "garbled"),
        (
            "a name, then no end",
            Plain,
            vec![say(format!("ICAP/1.0 200 OK\r\n{FOUND}")), Step::Babble(bytes("A: b\r\n"))],
            "Worm",
        ),
        ("a negative size", Plain, chunked("-6\r\nhello\n\r\n0\r\n\r\n"), "garbled"),
        ("a huge size", Plain, chunked("10000000000000006\r\nhello\n\r\n0\r\n\r\n"), "garbled"),
        (
            "a large size",
            Plain,
            vec![say(answer("", HTTP_OK, "ffffffff\r\nhello\n\r\n0\r\n\r\n")), Step::Close],
            "garbled",
        ),
        ("a body that stops", Plain, vec![say(answer("", HTTP_OK, "6\r\nhel")), Step::Close], "crashed"),
        ("a body that hangs", Plain, vec![say(answer("", HTTP_OK, "6\r\nhel"))], "timed-out"),
        ("silence", Both, vec![], "timed-out"),
        ("closed", Both, vec![Step::Close], "crashed"),
        ("closed in the status line", Allow, vec![say("ICAP/1.0 20"), Step::Close], "crashed"),
        ("closed in the header", Allow, vec![say("ICAP/1.0 204 OK\r\nIST"), Step::Close], "crashed"),
        ("closed behind a field", Allow, vec![say("ICAP/1.0 204 OK\r\nA: b\r\n"), Step::Close], "crashed"),
        (
            "closed in the HTTP header",
            Plain,
            vec![say(answer("", HTTP_OK, "").trim_end()), Step::Close],
            "crashed",
        ),
        ("closed before the body", Plain, vec![say(answer("", HTTP_OK, "")), Step::Close], "crashed"),
        (
            "closed before the last chunk",
            Plain,
            vec![say(answer("", HTTP_OK, "6\r\nhello\n\r\n")), Step::Close],
            "crashed",
        ),
        ("a byte behind 204", Allow, vec![say(format!("{UNMODIFIED}x"))], "garbled"),
        ("a name behind 204", Allow, vec![say(UNMODIFIED.to_owned() + &page(FOUND))], "garbled"),
        ("204 twice", Both, go_on(&UNMODIFIED.repeat(2)), "garbled"),
        ("more behind 204 in the preview", Both, vec![say(UNMODIFIED.repeat(2))], "garbled"),
        ("more behind the same body", Plain, vec![say(format!("{echo}x"))], "garbled"),
        ("more behind other words", Both, go_on(&format!("{null}x")), "garbled"),
        ("closed after 100", Both, vec![say(GO_ON), Step::ReadRest, Step::Close], "crashed"),
        ("closed while the rest is sent", Both, vec![say(GO_ON), Step::Close], "crashed"),
        ("offsets of another header", Plain, vec![say(echo.replace("res-body=", "res-body=1"))], "garbled"),
        ("a header that begins later", Plain, vec![say(echo.replace("res-hdr=0", "res-hdr=1"))], "garbled"),
        ("no Encapsulated", Plain, vec![say(echo.replace("Encapsulated", "Other"))], "garbled"),
        ("a page with a name", Both, go_on(&page(FOUND)), "Worm"),
        ("a name in place of the preview's answer", Both, vec![say(page(FOUND))], "Worm"),
        ("a name and closed", Both, vec![say(page(FOUND)), Step::Close], "Worm"),
        ("names in folded lines", Plain, vec![say(page(violations))], "Worm+Other"),
        (
            "a name in the HTTP header",
            Plain,
            vec![say(answer("", &PAGE.replace("\r\n\r\n", "\r\nx-virus-name: Worm\r\n\r\n"), "0\r\n\r\n"))],
            "Worm",
        ),
        (
            "a name in the HTTP header of the same body",
            Plain,
            vec![say(answer(
                "",
                &HTTP_OK.replace("Content", "X-Virus-Name: Worm\r\nContent"),
                "6\r\nhello\n\r\n0\r\n\r\n",
            ))],
            "Worm",
        ),
        ("a page without a name", Plain, vec![say(page(""))], "unnamed"),
        ("another page", Plain, vec![say(page("").replace("403", "307"))], "garbled"),
        (
            "a container",
            Plain,
            vec![say(page("X-Infection-Found: Type=2; Resolution=2; Threat=Container;\r\n"))],
            "not-scanned",
        ),
        (
            "an encrypted container",
            Plain,
            vec![say(page("X-Infection-Found: Type=2; Threat=Encrypted container;\r\n"))],
            "encrypted",
        ),
        (
            "500",
            Both,
            vec![say("ICAP/1.0 500 Server error\r\nConnection: close\r\n\r\n"), Step::Close],
            "failed",
        ),
        ("503", Allow, vec![say("ICAP/1.0 503 Overloaded\r\n\r\n")], "failed"),
        ("404", Allow, vec![say("ICAP/1.0 404 Not found\r\n\r\n")], "failed"),
        ("405", Allow, vec![say("ICAP/1.0 405 Method\r\n\r\n")], "failed"),
        ("408", Allow, vec![say("ICAP/1.0 408 Timeout\r\n\r\n")], "failed"),
        ("206", Allow, vec![say("ICAP/1.0 206 Partial\r\nEncapsulated: null-body=0\r\n\r\n")], "garbled"),
        ("HTTP", Allow, vec![say("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")], "garbled"),
        (
            "no HTTP inside",
            Plain,
            vec![say(answer("", "ICAP/1.0 200 OK\r\n\r\n", "6\r\nhello\n\r\n0\r\n\r\n"))],
            "garbled",
        ),
    ];
    for (about, offer, steps, expected) in table {
        let fake = FakeIcap::start(offer.options(), move |_| steps.clone());
        let timeout = if expected == "timed-out" { "500ms" } else { "20s" };
        let engine = format!("{}timeout = \"{timeout}\"\n", fake.engine());
        ends_as(&scanned(&engine, PART), expected, about);
    }
}

#[test]
fn an_empty_part_is_sent_whole_at_once() {
    let end = |shown: &Shown| if shown.ieof { "ieof" } else { "none" }.to_owned();
    let seen = std::sync::Arc::new(std::sync::Mutex::new(String::new()));
    for (offer, steps, expected, ieof) in [
        ("Preview: 1024\r\nAllow: 204\r\n", vec![say(UNMODIFIED)], "clean", "ieof"),
        ("Preview: 0\r\n", vec![say(UNMODIFIED)], "clean", "ieof"),
        ("Preview: 0\r\nAllow: 204\r\n", vec![say(GO_ON), say(UNMODIFIED)], "error", "ieof"),
        ("Allow: 204\r\n", vec![say(UNMODIFIED)], "clean", "none"),
        ("", vec![say(UNMODIFIED)], "error", "none"),
        ("", vec![say(answer("", HTTP_OK, "0\r\n\r\n"))], "clean", "none"),
    ] {
        let log = std::sync::Arc::clone(&seen);
        let fake = FakeIcap::start(options(offer), move |shown| {
            *log.lock().unwrap() = end(shown);
            steps.clone()
        });
        let ran = scanned(&fake.engine(), b"");
        assert_eq!(
            (ran.record().verdict.as_str(), seen.lock().unwrap().as_str()),
            (expected, ieof),
            "{offer}"
        );
    }
}

#[test]
fn a_preview_never_holds_the_whole_part() {
    for (offered, size, expected) in
        [(0, 6, 0), (4, 6, 4), (6, 6, 5), (1024, 6, 5), (1024, 2000, 1024), (9, 1, 0)]
    {
        let fake = FakeIcap::start(options(&format!("Preview: {offered}\r\nAllow: 204\r\n")), move |shown| {
            assert!(shown.head.contains(&format!("\r\nPreview: {expected}\r\n")), "{}", shown.head);
            assert_eq!((shown.content.len(), shown.ieof), (expected, false));
            vec![say(GO_ON), Step::ReadRest, say(UNMODIFIED)]
        });
        let part = vec![b'x'; size];
        scanned(&fake.engine(), &part).passed(&part);
    }
}

/// A claimed type is written by the sender.
#[test]
fn no_header_field_carries_what_the_sender_wrote() {
    for (main, sub, expected) in [
        ("TEXT", "PLAIN", "text/plain"),
        ("TEXT", "x\r\nX-Virus-ID: none", "application/octet-stream"),
        ("a b", "c", "application/octet-stream"),
    ] {
        let fake = FakeIcap::start(options("Allow: 204\r\n"), move |shown| {
            assert!(shown.head.contains(&format!("\r\nContent-Type: {expected}\r\n")), "{}", shown.head);
            assert!(!shown.head.contains("evil") && !shown.head.contains("X-Virus"), "{}", shown.head);
            vec![say(UNMODIFIED)]
        });
        let case =
            Case::new(PART).var("INPUT_TYPE", main).var("INPUT_SUBTYPE", sub).var("NAME", "evil\r\nA: b");
        run(&case.config(&fake.engine())).passed(PART);
    }
}

/// A server that sends back what it gets as it gets it: whoever only sends waits
/// for it, as it waits for us.
#[test]
fn a_part_that_comes_back_while_it_is_sent_blocks_nobody() {
    let part = b"hello\n".repeat(3_000_000);
    let fake = FakeIcap::start(options("Preview: 0\r\n"), move |_| {
        let size = 18_000_000;
        let body = "hello\n".repeat(size / 6);
        vec![
            say(GO_ON),
            say(answer("", HTTP_OK, &format!("{size:x}\r\n{body}\r\n"))),
            Step::ReadRest,
            say("0\r\n\r\n"),
        ]
    });
    let engine = format!("{}timeout = \"120s\"\nlargest = \"100M\"\n", fake.engine());
    let ran = scanned(&engine, &part);
    assert_eq!(ran.record().verdict, "clean", "{:?}", ran.log);
    assert!(ran.output.unwrap() == part);
}

#[test]
fn no_cut_of_an_answer_is_clean() {
    let conviction = answer(FOUND, PAGE, "0\r\n\r\n");
    let echo = answer("", "HTTP/1.1 200 OK\r\n\r\n", "6\r\nhello\n\r\n0\r\n\r\n");
    for (offer, whole, expected) in [
        (Offer::Allow, UNMODIFIED.to_owned(), "clean"),
        (Offer::Plain, echo, "clean"),
        (Offer::Plain, conviction, "infected"),
    ] {
        for end in 0..=whole.len() {
            let cut = say(whole.get(..end).unwrap());
            let fake = FakeIcap::start(offer.options(), move |_| vec![cut.clone(), Step::Close]);
            let verdict = scanned(&fake.engine(), PART).record().verdict;
            if end == whole.len() {
                assert_eq!(verdict, expected);
            } else {
                assert!(
                    verdict == "error" || (verdict == expected && expected == "infected"),
                    "{end} {verdict}"
                );
            }
        }
    }
}

/// A server that repairs what begins with "bad".
fn repairing(repaired: &'static str, resolution: u8) -> FakeIcap {
    FakeIcap::start(options("Allow: 204\r\n"), move |shown| {
        if !shown.content.starts_with(b"bad") {
            return vec![say(UNMODIFIED)];
        }
        let found = format!("X-Infection-Found: Type=0; Resolution={resolution}; Threat=Worm;\r\n");
        let size = repaired.len();
        let body =
            if size == 0 { "0\r\n\r\n".to_owned() } else { format!("{size:x}\r\n{repaired}\r\n0\r\n\r\n") };
        vec![say(answer(&found, HTTP_OK, &body))]
    })
}

#[test]
fn a_repaired_part_is_delivered_if_it_is_clean_then() {
    let fake = repairing("good again\n", 1);
    let ran = scanned(&fake.engine(), b"bad part\n");
    assert_eq!(ran.output.as_deref(), Some(&b"good again\n"[..]), "{}", ran.log);
    assert_eq!((ran.exit, ran.options.as_deref().unwrap_or_default()), (Some(0), ""));
    assert!(ran.strays.is_empty(), "{:?}", ran.strays);
    let record = ran.record();
    assert_eq!((record.verdict.as_str(), record.action.as_str()), ("infected", "disinfect"));
    assert_eq!(record.threats, ["Worm"]);
    // The copy of the first answer is taken: one for the part, one for the copy.
    assert_eq!(fake.count("RESPMOD"), 2);
    let record =
        run(&Case::new(b"bad part\n").config(&format!("{}[policy]\ndisinfect = false\n", fake.engine())))
            .replaced();
    assert_eq!(record.1.threats, ["Worm"]);
}

#[test]
fn what_is_not_repaired_is_replaced() {
    for (repaired, resolution) in
        [("bad still\n", 1), ("", 1), ("bad part\n", 1), ("good again\n", 0), ("good again\n", 2)]
    {
        let fake = repairing(repaired, resolution);
        let (_, record) = scanned(&fake.engine(), b"bad part\n").replaced();
        assert_eq!(record.threats, ["Worm"], "{repaired} {resolution}");
    }
}

#[test]
fn a_service_that_cannot_scan_is_not_asked_to() {
    let ok = options("Allow: 204\r\n");
    for (options, expected) in [
        (ok.replace("RESPMOD", "REQMOD"), "failed: the service has no RESPMOD"),
        (ok.replace("Methods", "Other"), "failed: the service has no RESPMOD"),
        (ok.replace("200 OK", "404 Not found"), "failed: OPTIONS: ICAP/1.0 404"),
        (ok.replace("ICAP/1.0", "HTTP/1.1"), "garbled: OPTIONS: unknown answer"),
        (ok.replace("200 OK", "204 None"), "garbled: OPTIONS: unknown answer"),
        (ok.replace("Service: Fake", "nonsense"), "garbled: no header field"),
        (ok.replace("\"one\"", "\"CI0001-1B2M2Y8AsgTpgAmY7PhCfgAA\""), "failed: c-icap has no scanner"),
    ] {
        let fake = FakeIcap::start(&options, |_| vec![say(UNMODIFIED)]);
        let reason = scanned(&fake.engine(), PART).deferred().reason.unwrap();
        assert!(reason.starts_with(expected), "{reason}");
        assert_eq!(fake.count("RESPMOD"), 0);
    }
    let reason = scanned(&crate::harness::icap_at(1, "s"), PART).deferred().reason.unwrap();
    assert!(reason.starts_with("unreachable"), "{reason}");
}

#[test]
fn options_are_asked_for_once_until_something_changes() {
    let ours = "Allow: 204\r\nOptions-TTL: 3600\r\n";
    let fake = FakeIcap::start(options(ours), |shown| match shown.content.as_slice() {
        b"new\n" => vec![say(UNMODIFIED.replace("one", "two"))],
        b"bad\n" => vec![say("ICAP/1.0 500 Oh\r\n\r\n")],
        _ => vec![say(UNMODIFIED)],
    });
    let asked = |case: &Case, part: &[u8], expected: usize| {
        fs::write(case.path("input"), part).unwrap();
        for name in ["log", "output", "options"] {
            let _ = fs::remove_file(case.path(name));
        }
        let before = fake.count("OPTIONS");
        let ran = run(case);
        assert_eq!(fake.count("OPTIONS") - before, expected, "{}", String::from_utf8_lossy(part));
        ran
    };
    let case = || Case::new(PART).config(&fake.engine());
    let one = case();
    asked(&one, PART, 1).passed(PART);
    asked(&one, PART, 0).passed(PART);
    // Other signatures: what is known is void, for the next.
    let record = asked(&one, b"new\n", 0).passed(b"new\n");
    assert_eq!(record.engines[0].version.as_deref(), Some("two"));
    asked(&one, PART, 1).passed(PART);
    // Garbage is no answer.
    let entries = fs::read_dir(one.path("state")).unwrap().flatten();
    let mut remembered =
        entries.filter(|entry| entry.file_name().to_string_lossy().starts_with("icap-options-"));
    fs::write(remembered.next().unwrap().path(), "convscan icap options 1\nurl nonsense\n").unwrap();
    asked(&one, PART, 1).passed(PART);
    asked(&one, PART, 0).passed(PART);
    // What the service offers now is learnt when something failed. What is reached
    // over a network is tried twice.
    fake.now_offers(options("Options-TTL: 3600\r\n"));
    asked(&one, PART, 0).passed(PART);
    asked(&one, b"bad\n", 1).deferred();
    let two = case();
    assert!(asked(&two, PART, 2).deferred().reason.unwrap().contains("204"));
    // An answer that lasts no time is not kept.
    fake.now_offers(options("Allow: 204\r\nOptions-TTL: 0\r\n"));
    let three = case();
    asked(&three, PART, 1).passed(PART);
    asked(&three, PART, 1).passed(PART);
}

#[test]
fn without_a_state_directory_one_connection_serves_for_both_questions() {
    // Whether the fake closes after OPTIONS or not.
    for (fields, closes) in [("", false), ("Connection: close\r\n", false), ("", true)] {
        let answer = options(&format!("Allow: 204\r\n{fields}"));
        let first = std::sync::atomic::AtomicBool::new(closes);
        let fake = FakeIcap::start(answer, move |_| {
            let hang_up = first.swap(false, std::sync::atomic::Ordering::SeqCst);
            if hang_up { vec![Step::Close] } else { vec![say(UNMODIFIED)] }
        });
        let case = Case::new(PART);
        let config = format!("{}[log]\nfile = \"{}\"\n", fake.engine(), case.path("log").display());
        let case = case.raw_config(&config);
        case.run().passed(PART);
        assert_eq!((fake.count("OPTIONS"), fake.count("RESPMOD")), (1, 1 + usize::from(closes)));
        case.run();
        assert_eq!(fake.count("OPTIONS"), 2);
    }
}

#[test]
fn every_wait_has_an_end() {
    // Listens and never accepts; sends byte by byte for ever.
    let deaf = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let slow = FakeIcap::start(options("Allow: 204\r\n"), |_| {
        std::thread::sleep(Duration::from_secs(60));
        vec![say(UNMODIFIED)]
    });
    let port = deaf.local_addr().unwrap().port();
    let deaf_engine = crate::harness::icap_at(port, "s") + "canary = \"off\"\n";
    for engine in [deaf_engine, slow.engine()] {
        let started = Instant::now();
        let record = scanned(&format!("{engine}timeout = \"300ms\"\n"), PART).deferred();
        assert!(record.reason.unwrap().starts_with("timed-out"));
        assert!(started.elapsed() < Duration::from_secs(30));
    }
}
