//! Small samples, written by hand; and what hostile ones cost.

use std::time::Duration;

use super::*;

/// Processor time of this thread, as `os::clock` has it; `os` stands below this room.
fn processor_time() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    Duration::from_nanos(text.split(' ').next().unwrap().parse().unwrap())
}

type Expected<'e> = &'e [(&'e str, &'e str)];

/// What `text` holds: names and contents, all of one kind.
#[track_caller]
fn holds(text: &[u8], kind: Kind, expected: Expected<'_>) {
    let found = find(text, "text/plain");
    assert!(!found.beyond, "{}", text.escape_ascii());
    let look = look::whole(text, "text/plain").is_worthwhile();
    assert!(look || found.items.is_empty(), "overlooked: {}", text.escape_ascii());
    assert!(found.items.iter().all(|item| item.kind == kind), "{}", text.escape_ascii());
    let of = |item: &Hidden| (item.names.join("|"), String::from_utf8_lossy(&item.content).into_owned());
    let found: Vec<(String, String)> = found.items.iter().map(of).collect();
    let expected: Vec<_> =
        expected.iter().map(|(name, content)| (name.to_string(), content.to_string())).collect();
    assert_eq!(found, expected, "{}", text.escape_ascii());
}

#[test]
fn who_is_told_to_stop_says_that_there_may_be_more() {
    let text = b"begin 644 x\n#86)C\n`\nend\n";
    let asked = std::cell::Cell::new(0);
    let found = find_while(text, "text/plain", &|| asked.replace(asked.get() + 1) > 100);
    assert!(found.beyond && found.items.is_empty() && asked.get() > 0);
    let found = find_while(text, "text/plain", &|| true);
    assert!(!found.beyond && found.items.len() == 1);
}

#[test]
fn a_long_line_of_a_header_hides_no_mail() {
    let mail =
        |field: &str| format!("{field}\r\nFrom: a@b\r\nSubject: c\r\n\r\nbegin 644 x\n#86)C\n`\nend\n");
    let long = "y".repeat(3000);
    for field in [format!("X-Long: {long}"), format!("X-Folded: a\r\n {long}"), format!("{long}: a")] {
        let found = find(mail(&field).as_bytes(), "application/octet-stream");
        let is_mail = found.items.iter().any(|item| item.kind == Kind::Mail);
        assert_eq!(is_mail, !field.starts_with('y'), "{}", field.len());
    }
}

#[test]
fn uuencoded_files_are_found_wherever_they_stand() {
    let table: [(&str, Expected<'_>); 29] = [
        ("begin 644 cat.txt\n#0V%T\n`\nend\n", &[("cat.txt", "Cat")]),
        ("Hello,\r\n\r\nbegin 0644 c a t\r\n#0V%T\r\n`\r\nend\r\nBye", &[("c a t", "Cat")]),
        ("begin 644 mac\r#0V%T\r`\rend\r", &[("mac", "Cat")]),
        ("x\nbegin 644 a\n#0V%T\nend\nbegin 755 b\n&0V%T9&]G\nend\n", &[("a", "Cat"), ("b", "Catdog")]),
        ("begin 644 =?utf-8?q?x=2Eexe?=\n#0V%T\n", &[("x.exe", "Cat")]),
        ("begin 644\n#0V%T\n", &[("", "Cat")]),
        // Two names of one content.
        ("begin 644 a\n#0V%T\nend\nbegin 644 b\n#0V%T\nend\n", &[("a|b", "Cat")]),
        // Another beginning before the end: both readings.
        (
            "begin 644 a\n#0V%T\nbegin 644 b\n#9&]G\nend\n",
            &[("a", "Catdog"), ("a", "Cat\u{14}rdog"), ("a", "Cat"), ("b", "dog")],
        ),
        // So with what is the end to some.
        ("begin 644 a\n#0V%T\n`\n#9&]G\nend\n", &[("a", "Catdog"), ("a", "Cat")]),
        ("begin 644 a\n end\n#0V%T\nend\n", &[("a", "Cat")]),
        ("begin 644 a\n#0V%T\nend \n#9&]G\nend\n", &[("a", "Catdog"), ("a", "Cat8@\0\0\0dog"), ("a", "Cat")]),
        // Only the beginning of a line need be data.
        ("begin 644 a\n#0V%T and more\n#9&]G...\nend\n", &[("a", "dog"), ("a", "Catdog")]),
        // Blanks at the end were lost, or stand for zeros, or something was added.
        ("begin 644 z\n#\nend\n", &[("z", "\0\0\0")]),
        ("begin 644 z\n%0V%T  \nend\n", &[("z", "Cat\0\0")]),
        ("begin 644 z\n#0V%TX0V%T\nend\n", &[("z", "Cat")]),
        ("begin 644 z\n!0P\nend\n", &[("z", "C")]),
        ("begin 644 z\n!0P``\nend\n", &[("z", "C")]),
        ("begin-base64 644 cat\nQ2F0\n====\nmore", &[("cat", "Cat")]),
        ("begin-base64 644 cat\nQ2F0Z\nG9n\n", &[("cat", "Catdog")]),
        ("begin-base64-encoded 644 eC5leGU=\nQ2F0\n====\n", &[("x.exe", "Cat")]),
        ("begin-encoded 644 eC5leGU=\n#0V%T\n", &[("x.exe", "Cat")]),
        // Outlook Express: no mode, two blanks.
        ("begin  cat.exe\n#0V%T\nend\n", &[("cat.exe", "Cat")]),
        ("begin\t 9.exe\n#0V%T\n", &[("9.exe", "Cat")]),
        ("begin  with this, my friends,\nand end with that.\n", &[]),
        ("begin cat.exe\n#0V%T\nend\n", &[]),
        ("begin 7 days earlier\n#0V%T\n", &[]),
        ("> begin 644 a\n#0V%T\n", &[]),
        ("In the begin 644 a\n#0V%T\n", &[]),
        ("begin 644 empty\n`\nend\n", &[]),
    ];
    for (text, expected) in table {
        holds(text.as_bytes(), Kind::Uuencoded, expected);
    }
}

#[test]
fn a_line_that_can_be_no_data_is_passed_over_by_some_programs_only() {
    let found = find(b"begin 644 z\n\nVersion: this is not data\n#0V%T\n#9&]G\nend", "");
    let contents: Vec<&[u8]> = found.items.iter().map(|item| &item.content[..]).collect();
    assert_eq!((contents.len(), contents[0]), (2, &b"Catdog"[..]));
    assert!(contents[1].len() == 54 + 6 && contents[1].ends_with(b"Catdog"));
}

#[test]
fn yenc_is_read() {
    let table: [(&str, Expected<'_>); 4] = [
        ("a\n=ybegin line=128 size=3 name=c a t.exe\r\nm\u{8b}\r\n=yend size=3\r\n", &[]),
        ("=ybegin line=128 size=3 name=x\nABC\n=yend\n", &[("x", "\u{17}\u{18}\u{19}")]),
        (
            "=ybegin part=1 name=x\n=ypart begin=1 end=3\n=\u{1}BC\nA\n",
            &[("x", "\u{fffd}\u{18}\u{19}\u{17}")],
        ),
        ("x =ybegin name=x\nABC\n", &[]),
    ];
    for (text, expected) in table.iter().skip(1) {
        holds(text.as_bytes(), Kind::Yenc, expected);
    }
    let cat = b"a\n=ybegin line=128 size=3 name=c a t.exe\r\nm\x8b\x9e\r\n=yend size=3\r\n";
    holds(cat, Kind::Yenc, &[("c a t.exe", "Cat")]);
}

/// `bytes` in six bits a character, with colons.
fn binhex(bytes: &[u8]) -> Vec<u8> {
    const LETTERS: &[u8] = b"!\"#$%&'()*+,-012345689@ABCDEFGHIJKLMNPQRSTUVXYZ[`abcdefhijklmpqr";
    let bits: Vec<u8> = bytes.iter().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1)).collect();
    let sixes = bits.chunks(6).map(|six| (0..6).fold(0, |n, i| n << 1 | six.get(i).unwrap_or(&0)));
    let letters: Vec<u8> = sixes.map(|six| LETTERS[usize::from(six)]).collect();
    let lines = letters.chunks(64).map(|line| [line, b"\r\n"].concat()).collect::<Vec<_>>().concat();
    [b"Hi\n\n(This file must be converted with BinHex 4.0)\n\n:", &lines[..], b":\nBye: x\n"].concat()
}

/// A file of two forks, each with a length and what is there of it.
fn forks(data: (u32, &[u8]), resource: (u32, &[u8])) -> Vec<u8> {
    let lengths = [data.0.to_be_bytes(), resource.0.to_be_bytes()].concat();
    [b"\x05a.exe\0TYPECREA\0\0", &lengths[..], b"cc", data.1, b"cc", resource.1, b"cc"].concat()
}

#[test]
fn both_forks_of_a_binhex_file_are_read() {
    holds(&binhex(&forks((3, b"Cat"), (0, b""))), Kind::BinHex, &[("a.exe", "Cat")]);
    holds(&binhex(&forks((3, b"Cat"), (3, b"dog"))), Kind::BinHex, &[("a.exe", "Cat"), ("a.exe", "dog")]);
    // Longer than what is there; runs; the mark of a run by itself.
    holds(&binhex(&forks((999, b"Cat"), (0, b""))), Kind::BinHex, &[("a.exe", "Catcccc")]);
    holds(&binhex(&forks((6, b"Ca\x90\x04t"), (0, b""))), Kind::BinHex, &[("a.exe", "Caaaat")]);
    holds(&binhex(&forks((2, b"C\x90\0"), (0, b""))), Kind::BinHex, &[("a.exe", "C\u{fffd}")]);
    // Cut off; with nothing in it; only spoken of.
    let whole = binhex(&forks((60, &[b'x'; 60]), (0, b"")));
    assert_eq!(find(&whole[..90], "").items.len(), 1);
    holds(&binhex(b"x"), Kind::BinHex, &[]);
    holds(b"It was in BinHex, I think: a Mac.\n:\n", Kind::BinHex, &[]);
    // The type says it, so nothing else need do so.
    let bare = whole.splitn(2, |byte| *byte == b')').nth(1).unwrap();
    assert!(find(bare, "text/plain").items.is_empty());
    assert_eq!(find(bare, "Application/Mac-BinHex40").items.len(), 1);
    assert!(look::whole(bare, "application/mac-binhex40").is_worthwhile());
}

fn attribute(id: u32, data: &[u8]) -> Vec<u8> {
    let length = u32::try_from(data.len()).unwrap();
    [b"\x02", &id.to_le_bytes()[..], &length.to_le_bytes(), data, b"\0\0"].concat()
}

fn tnef(attributes: &[Vec<u8>]) -> Vec<u8> {
    [b"\x78\x9f\x3e\x22\x01\0".to_vec(), attributes.concat()].concat()
}

fn property(kind: u16, id: u16, value: &[u8]) -> Vec<u8> {
    let length = u32::try_from(value.len()).unwrap();
    let padding = vec![0; value.len().next_multiple_of(4) - value.len()];
    [&kind.to_le_bytes()[..], &id.to_le_bytes(), b"\x01\0\0\0", &length.to_le_bytes(), value, &padding]
        .concat()
}

#[test]
fn attachments_and_bodies_of_a_tnef_envelope_are_read() {
    const REND: u32 = 0x0006_9002;
    let title = attribute(0x0001_8010, b"X~1.EXE\0");
    let data = attribute(0x0006_800F, b"Cat");
    let simple = tnef(&[attribute(REND, b""), title.clone(), data.clone()]);
    holds(&simple, Kind::Tnef, &[("X~1.EXE", "Cat")]);
    holds(&simple[..simple.len() - 3], Kind::Tnef, &[("X~1.EXE", "Ca")]);
    holds(&simple[..simple.len() - 5], Kind::Tnef, &[]);

    let utf16: Vec<u8> = "x.exe\0".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let named = [&0x0003_u16.to_le_bytes()[..], &0x8001_u16.to_le_bytes(), &[7; 16], b"\x01\0\0\0\x06\0\0\0"]
        .concat();
    let named = [&named[..], b"a\0b\0\0\0", b"\0\0", b"\x09\0\0\0"].concat();
    let more = [
        b"\x05\0\0\0".to_vec(),
        [&0x000B_u16.to_le_bytes()[..], b"\xfe\x7f\x01\0\0\0"].concat(),
        named,
        property(0x001F, 0x3707, &utf16),
        property(0x001E, 0x3704, b"x.txt\0"),
        property(0x000D, 0x3701, &[&[9; 16][..], b"dog"].concat()),
    ]
    .concat();
    let second = [attribute(REND, b""), attribute(0x0006_9005, &more)].concat();
    let two = tnef(&[attribute(REND, b""), data.clone(), title, second]);
    holds(&two, Kind::Tnef, &[("X~1.EXE", "Cat"), ("x.exe|x.txt", "dog")]);

    let body = [b"\x01\0\0\0".to_vec(), property(0x0102, 0x1013, b"<html>")].concat();
    let bodies = tnef(&[attribute(0x0002_800C, b"text"), attribute(0x0006_9003, &body)]);
    holds(&bodies, Kind::Tnef, &[("", "text"), ("", "<html>")]);

    // A message in it is an envelope in the envelope.
    let inner = [&[9; 16][..], &tnef(&[data])].concat();
    let inner = [b"\x01\0\0\0".to_vec(), property(0x000D, 0x3701, &inner)].concat();
    let found = find(&tnef(&[attribute(0x0006_9005, &inner)]), "");
    assert_eq!(found.items.last().unwrap().content, b"Cat");
}

#[test]
fn a_message_as_an_attachment_is_cut_into_its_leaves() {
    let mail = "From: a\nSubject: b\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nbegin 644 y\n#0V%T\nend\n--b\n\
        Content-Type: Application/X; name=x.exe\nContent-Transfer-Encoding: base64\n\nZG9n\n--b--\n";
    let variants = [
        mail.to_owned(),
        format!("\u{feff}\r\n{mail}"),
        format!("From a@b Mon\n{mail}"),
        format!("X: y\n  z\n{mail}"),
        mail.replace('\n', "\r\n"),
    ];
    for mail in variants {
        let found = find(mail.as_bytes(), "application/octet-stream");
        let contents: Vec<&[u8]> = found.items.iter().map(|item| &item.content[..]).collect();
        assert!(contents[0].starts_with(b"begin 644 y"), "{mail}");
        assert_eq!(contents[1..], [&b"dog"[..], b"Cat"], "{mail}");
        assert_eq!(
            (&found.items[1].names[..], found.items[1].mime_type.as_str()),
            (&["x.exe".to_owned()][..], "application/x")
        );
        assert_eq!(
            found.items.iter().map(|item| item.kind).collect::<Vec<_>>(),
            [Kind::Mail, Kind::Mail, Kind::Uuencoded]
        );
        assert!(look::whole(mail.as_bytes(), "").is_worthwhile());
    }
    let table = [
        ("Content-Type: text/html\n\nx", "", 1),
        ("From: a\nTo : b\n\nx", "", 1),
        ("From: a\n\nx", "", 0),
        ("From: a\n\nx", "message/rfc822", 1),
        ("x", "message/rfc822", 0),
        ("From: a\nHello\nTo: b\n\nx", "", 0),
        ("From: a\nTo: b\n", "", 0),
        ("Dear Sir,\nFrom: a\nTo: b\n\nx", "text/plain", 0),
    ];
    for (text, mime_type, expected) in table {
        assert_eq!(find(text.as_bytes(), mime_type).items.len(), expected, "{text}");
    }
}

#[test]
fn a_look_in_pieces_sees_what_one_look_sees() {
    let samples: [&[u8]; 8] = [
        b"Hello\r\nbegin 644 x\r\n#0V%T\r\nend\r\n",
        b"begin-base64 644 x\nQ2F0\n====\n",
        b"a\n=ybegin line=128 name=x\nABC\n",
        b"x (This file must be converted with BinHex 4.0)\n:x:\n",
        b"\x78\x9f\x3e\x22\0\0\0",
        b"X-Unknown: y\nSubject: z\nMIME-Version: 1.0\n\nx",
        b"xbegin 644 x\n  =ybegin name\nFrom: a\nTo: b\n\nbeginning begin xyz",
        b"Subject: only\n\nthis",
    ];
    let filler = b"The beginning of a text. ".repeat(9);
    for sample in samples {
        for before in [&b""[..], &[&filler[..], b"\n"].concat(), &[&filler[..], b"\n"].concat().repeat(400)] {
            let text = [before, sample].concat();
            let whole = look::whole(&text, "").is_worthwhile();
            let in_pieces = |size: usize| {
                let mut look = Look::new("");
                text.chunks(size).for_each(|piece| look.feed(piece));
                look.is_worthwhile()
            };
            for size in [1, 2, 3, 5, 7, 11, 47, 48, 49, 100, 4096] {
                assert_eq!(in_pieces(size), whole, "{size} {}", sample.escape_ascii());
            }
            assert!(whole || find(&text, "").items.is_empty(), "{}", sample.escape_ascii());
        }
    }
    assert!(look::whole(samples[0], "").is_worthwhile() && !look::whole(samples[6], "").is_worthwhile());
}

/// One that is a mail for longer than one looks is looked through.
#[test]
fn a_header_without_end_is_worth_reading() {
    let text = [b"X-Unknown: y\n".repeat(8000), b"From: a\nTo: b\n\nx".to_vec()].concat();
    let mut look = Look::new("text/plain");
    text.chunks(1000).for_each(|piece| look.feed(piece));
    assert!(look.is_worthwhile());
    assert_eq!(find(&text, "").items.len(), 1);
}

#[test]
fn hostile_content_is_bounded_and_soon_done() {
    let nested = (0..40).fold(b"begin 644 x\n#0V%T\nend\n".to_vec(), |inner, _| {
        [b"From: a\nTo: b\nContent-Type: x/y\n\n", &inner[..]].concat()
    });
    let envelope = (0..40).fold(tnef(&[]), |inner, _| tnef(&[attribute(0x0006_800F, &inner)]));
    let leaves = b"--b\nContent-Type: a/b; name=x\n\n".iter().chain(b"y\n").copied().collect::<Vec<u8>>();
    let digest = [b"From: a\nTo: b\nContent-Type: multipart/x; boundary=b\n\n".to_vec(), leaves.repeat(2000)];
    let run = forks(
        (u32::MAX, &b"x\x90\xff".iter().chain(&b"\x90\xff".repeat(100_000)).copied().collect::<Vec<_>>()),
        (0, b""),
    );
    let texts: [(Vec<u8>, bool); 14] = [
        (b"begin 644 x\n".repeat(20_000), true),
        (b"begin 644 x\n#0V%T\n".repeat(20_000), true),
        (b"begin-base64 644 x\nQ2F0\n".repeat(20_000), true),
        (b"begin  x\n".repeat(20_000), false),
        ([b"begin 644 x\n".to_vec(), b"M\n".repeat(200_000)].concat(), true),
        (b"=ybegin name=x\nabc\n".repeat(20_000), true),
        (b"BinHex\n".repeat(20_000), false),
        (b"BinHex\n:!!!!\n".repeat(20_000), false),
        (binhex(&run), true),
        (b"X: y\n".repeat(100_000), false),
        (nested, true),
        (envelope, true),
        (digest.concat(), true),
        (tnef(&[attribute(0x0001_8010, b"x").repeat(20_000)]), true),
    ];
    for (i, (text, beyond)) in texts.iter().enumerate() {
        let start = processor_time();
        let found = find(text, "");
        let took = processor_time() - start;
        // A build for tests; what is quadratic takes minutes.
        assert!(took < Duration::from_secs(20), "{i}: {took:?}");
        assert_eq!(found.beyond, *beyond, "{i}");
        assert!(found.items.len() <= MOST_ITEMS, "{i}");
        let bytes: usize = found.items.iter().map(|item| item.content.len()).sum();
        assert!(bytes <= most_bytes(text.len()), "{i}: {bytes}");
        assert!(found.items.iter().all(|item| !item.content.is_empty()), "{i}");
    }
}
