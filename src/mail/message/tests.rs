//! Cutting and rebuilding: a table of structures, and random trees.

use std::ops::Range;

use mail_parser::{MessageParser, MimeHeaders, PartType};

use super::*;
use crate::mail::encoding;

/// A change as files of options and headers ask for it.
fn change(content: &[u8], headers: Option<&[u8]>, options: Option<&[u8]>, input: &[u8]) -> Change {
    let lines = |text: Option<&[u8]>| -> Vec<Vec<u8>> {
        let lines = text.unwrap_or_default().split(|byte| *byte == b'\n').take_while(|line| !line.is_empty());
        lines.map(<[u8]>::to_vec).collect()
    };
    let mut asked = Options::default();
    for line in lines(options) {
        let (name, value) = line.split_at(line.iter().position(|byte| *byte == b'=').unwrap());
        let value: Vec<u8> = value[1..].iter().copied().filter(|byte| *byte != b'\'').collect();
        match name {
            b"OUTPUT_TYPE" => asked.main_type = Some(value),
            b"OUTPUT_SUBTYPE" => asked.subtype = Some(value),
            b"OUTPUT_DISPOSITION" => asked.disposition = Some(value),
            b"OUTPUT_DESCRIPTION" => asked.description = Some(value),
            b"OUTPUT_MODE" => asked.mode = Some(value),
            b"OUTPUT_ENCODING" => asked.encoding = Some(value),
            other => panic!("{}", other.escape_ascii()),
        }
    }
    Change::Replace(Box::new(Replacement {
        content: (content != input).then(|| content.to_vec()),
        fields: lines(headers),
        options: asked,
        parameters: ByEntry::default(),
    }))
}

/// `number type/subtype content` of every leaf.
fn leaves(raw: &str) -> Vec<String> {
    let message = Message::split(raw.as_bytes());
    assert_eq!(message.rebuilt(&Changes::new()), raw.as_bytes());
    let shown = |leaf: &Leaf| {
        let text = |bytes: &[u8]| bytes.escape_ascii().to_string();
        let content = text(&message.content(leaf));
        format!("{} {}/{} {content}", leaf.number, text(&leaf.main_type), text(&leaf.subtype))
    };
    message.leaves().iter().map(shown).collect()
}

const MIXED: &str = "Content-Type: multipart/mixed; boundary=b\n\n";

#[test]
fn leaves_of_structures() {
    let table: &[(&str, String, &[&str])] = &[
        ("nothing", String::new(), &[]),
        ("plain", "Subject: x\n\nbody\n".into(), &["1 text/plain body\\n"]),
        ("no header", "just text\n".into(), &["1 text/plain just text\\n"]),
        ("header only", "Subject: x".into(), &["1 text/plain "]),
        ("two", format!("{MIXED}--b\n\none\n--b\n\ntwo\n--b--\n"), &["1 text/plain one", "2 text/plain two"]),
        (
            "not closed",
            format!("{MIXED}--b\n\none\n--b\n\ntwo\n"),
            &["1 text/plain one", "2 text/plain two\\n"],
        ),
        ("no delimiter", format!("{MIXED}text\n"), &["1 text/plain text\\n"]),
        (
            "no boundary",
            "Content-Type: multipart/mixed\n\n--b\n\nx\n--b--\n".into(),
            &["1 text/plain --b\\n\\nx\\n--b--\\n"],
        ),
        (
            "middle of a line",
            format!("{MIXED}--b\n\none --b\n --b\n--bb\n--b--\n"),
            &["1 text/plain one --b\\n --b\\n--bb"],
        ),
        ("part without header", format!("{MIXED}--b\nno header\n--b--\n"), &["1 text/plain no header"]),
        (
            "empty parts",
            format!("{MIXED}--b\n--b\n\n--b\n\n\n--b\nContent-Type: a/b\n--b--\n"),
            &["1 text/plain ", "2 text/plain ", "3 text/plain ", "4 a/b "],
        ),
        (
            "outer delimiter ends the inner multipart",
            format!("{MIXED}--b\nContent-Type: multipart/x; boundary=i\n\n--i\n\none\n--b\n\ntwo\n--b--\n"),
            &["1.1 text/plain one", "2 text/plain two"],
        ),
        (
            "inner boundary begins like the outer",
            format!(
                "{MIXED}--b\nContent-Type: multipart/x; boundary=bb\n\n--bb\n\none\n--bb--\n--b\n\ntwo\n--b--\n"
            ),
            &["1.1 text/plain one", "2 text/plain two"],
        ),
        (
            "same boundary twice",
            format!(
                "{MIXED}--b\nContent-Type: multipart/x; boundary=b\n\n--b\n\none\n--b--\n--b\n\ntwo\n--b--\n"
            ),
            &["1 text/plain ", "2 text/plain one"],
        ),
        (
            "digest",
            "Content-Type: multipart/digest; boundary=b\n\n--b\n\nSubject: x\n\none\n--b--\n".into(),
            &["1.1 text/plain one"],
        ),
        (
            "nested message of two parts",
            format!(
                "{MIXED}--b\nContent-Type: message/rfc822\n\nContent-Type: multipart/mixed; boundary=i\n\n--i\n\none\n--i\n\ntwo\n--i--\n--b--\n"
            ),
            &["1.1 text/plain one", "1.2 text/plain two"],
        ),
        (
            "encoded message",
            format!(
                "{MIXED}--b\nContent-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\nQTogMQoKb25l\n--b--\n"
            ),
            &["1.1 text/plain one"],
        ),
        (
            "not handed over",
            format!(
                "{MIXED}--b\nContent-Type: message/partial\n\n\nx\n--b\nContent-Type: message/external-body\n\n\n--b\nContent-Type: message/delivery-status\n\n\n--b\n\nx\n--b--\n"
            ),
            &["4 text/plain x"],
        ),
        ("message as a message", "Content-Type: message/rfc822\n\nA: 1\n\nx".into(), &["1.1 text/plain x"]),
        ("8bit type", "Content-Type: \u{e4}\n\nx".into(), &["1 text/plain x"]),
        ("qp", "Content-Transfer-Encoding: quoted-printable\n\na=3D=\n".into(), &["1 text/plain a="]),
    ];
    for (name, raw, expected) in table {
        assert_eq!(leaves(raw), *expected, "{name}");
        let crlf = raw.replace('\n', "\r\n");
        let expected: Vec<String> = expected.iter().map(|leaf| leaf.replace("\\n", "\\r\\n")).collect();
        if !raw.contains("base64") {
            assert_eq!(leaves(&crlf), expected, "{name} with CRLF");
        }
    }
}

/// What keeps `raw` from being cut; it is then one leaf.
fn beyond(raw: &str) -> Option<Bound> {
    let message = Message::split(raw.as_bytes());
    assert_eq!(message.leaves().len(), 1);
    assert_eq!(message.rebuilt(&Changes::new()), raw.as_bytes());
    message.beyond()
}

fn multiparts(levels: usize) -> String {
    let opened = |i| format!("Content-Type: multipart/mixed; boundary=b{i}_\n\n--b{i}_\n");
    (0..levels).map(opened).collect::<String>() + "Content-Type: a/b\n\nx"
}

/// A message beyond the bounds was once one raw leaf that nobody told from an
/// honest one.
#[test]
fn beyond_the_bounds_nothing_is_cut_and_it_is_known() {
    let deep = "Content-Type: message/rfc822\n\n";
    assert_eq!(beyond(&(deep.repeat(100_000) + "x")), Some(Bound::Levels));
    assert_eq!(beyond(&(deep.repeat(501) + "x")), Some(Bound::Levels));
    assert_eq!(beyond(&multiparts(501)), Some(Bound::Levels));
    let part = "--b\nContent-Type: message/partial\n\n";
    for part in ["--b\n\n", part] {
        assert_eq!(beyond(&format!("{MIXED}{}--b--\n", part.repeat(10_000))), Some(Bound::Parts));
    }
    assert_eq!(beyond("Subject: x\n\nx"), None);
    let wide = format!("{MIXED}{}--b--\n", "--b\n\nx\n".repeat(9_999));
    let message = Message::split(wide.as_bytes());
    assert_eq!((message.beyond(), message.leaves().len()), (None, 9_999));
}

/// Each level searches the text again: 50 MB on 500 levels took minutes.
#[test]
fn the_search_for_delimiters_has_a_bound() {
    let raw = multiparts(10) + &"x".repeat(1000);
    for (searched, beyond) in [(20_000, None), (9_000, Some(Bound::Searched))] {
        let message = split::split(raw.as_bytes(), Bounds { searched, ..BOUNDS }, &|| true);
        assert_eq!((message.beyond(), message.leaves().len()), (beyond, 1));
    }
}

/// A test thread has a quarter of the stack of a main thread.
#[test]
fn five_hundred_levels_are_cut() {
    assert_eq!(BOUNDS.levels, 500);
    let multiparts = multiparts(500);
    assert_eq!(beyond(&multiparts), None);
    assert_eq!(leaves(&multiparts), [format!("1{} a/b x", ".1".repeat(499))]);
    let messages = "Content-Type: message/rfc822\n\n".repeat(500) + "\nx";
    assert_eq!(beyond(&messages), None);
    assert!(leaves(&messages)[0].ends_with("text/plain x"));
    let head = "Content-Type: message/rfc822\nContent-Transfer-Encoding: quoted-printable\n\n";
    let encoded = head.repeat(500) + "\nx";
    assert_eq!(beyond(&encoded), None);
    assert!(leaves(&encoded)[0].ends_with("text/plain x"));
}

#[test]
fn decoded_messages_share_one_budget() {
    let head = "Content-Type: message/rfc822\nContent-Transfer-Encoding: quoted-printable\n\n";
    let raw = head.repeat(10) + &"x".repeat(1000);
    for (decoded, beyond) in [(20_000, None), (9_000, Some(Bound::Decoded)), (0, Some(Bound::Decoded))] {
        let message = split::split(raw.as_bytes(), Bounds { decoded, ..BOUNDS }, &|| true);
        assert_eq!((message.beyond(), message.leaves().len()), (beyond, 1));
        assert_eq!(message.rebuilt(&Changes::new()), raw.as_bytes());
    }
}

#[test]
fn an_encoding_is_found_as_lenient_mail_programs_find_it() {
    for field in
        ["(x) base64", "\"base64\"", "base64,", "base64;x", "base64\nContent-Transfer-Encoding: 7bit"]
    {
        let raw = format!("Content-Transfer-Encoding: {field}\n\naGVsbG8=\n");
        assert_eq!(leaves(&raw), ["1 text/plain hello"], "{field}");
        let raw =
            format!("Content-Type: message/rfc822\nContent-Transfer-Encoding: {field}\n\nQTogMQoKb25l\n");
        assert_eq!(leaves(&raw), ["1.1 text/plain one"], "{field}");
    }
    let raw = "Content-Transfer-Encoding: 7bit\nContent-Transfer-Encoding: base64\n\naGVsbG8=\n";
    assert_eq!(leaves(raw), ["1 text/plain aGVsbG8=\\n"]);
}

#[test]
fn replacements_as_they_are_written() {
    const NOTE: &str = "Content-Type: text/plain\nContent-Disposition: inline\n\n";
    let old = "Content-Type: application/x; name=\"v.exe\"\nX-A: 1\nContent-Transfer-Encoding: base64\nContent-Disposition: attachment;\n filename=v.exe\n\nAAAA\n";
    let single = format!("Subject: s\n{old}");
    let multi = format!("{MIXED}--b\n{old}--b--\n");
    type Row<'t> = (&'t str, &'t str, &'t str, Option<&'t str>, Option<&'t str>, String);
    let table: [Row<'_>; 10] = [
        ("headers of a single part", &single, "note\n", Some(NOTE), None,
         "Subject: s\nMIME-Version: 1.0\nContent-Type: text/plain\nContent-Disposition: inline\nContent-Transfer-Encoding: 7bit\nX-A: 1\n\nnote\n".into()),
        ("headers of a part", &multi, "note\n", Some(NOTE), None,
         format!("{MIXED}--b\nContent-Type: text/plain\nContent-Disposition: inline\nContent-Transfer-Encoding: 7bit\nX-A: 1\n\nnote\n\n--b--\n")),
        ("options keep parameters", &multi, "note", None,
         Some("OUTPUT_TYPE=TEXT\nOUTPUT_SUBTYPE='PLAIN'\nOUTPUT_DISPOSITION=inline\nOUTPUT_DESCRIPTION=d\n"),
         format!("{MIXED}--b\nContent-Type: TEXT/PLAIN; name=\"v.exe\"\nContent-Disposition: inline; filename=v.exe\nContent-Description: d\nContent-Transfer-Encoding: 7bit\nX-A: 1\n\nnote\n--b--\n")),
        ("binary stays base64", &multi, "note", None, None,
         format!("{MIXED}--b\nContent-Type: application/x; name=\"v.exe\"\nX-A: 1\nContent-Transfer-Encoding: base64\nContent-Disposition: attachment;\n filename=v.exe\n\nbm90ZQ==\n\n--b--\n")),
        ("text with a delimiter line", &multi, "a\n--b\n", Some(NOTE), None,
         format!("{MIXED}--b\nContent-Type: text/plain\nContent-Disposition: inline\nContent-Transfer-Encoding: base64\nX-A: 1\n\nYQotLWIK\n\n--b--\n")),
        ("text that is not ASCII", &multi, "\u{e4}", Some(NOTE), None,
         format!("{MIXED}--b\nContent-Type: text/plain\nContent-Disposition: inline\nContent-Transfer-Encoding: quoted-printable\nX-A: 1\n\n=C3=A4\n--b--\n")),
        ("8bit on demand", &multi, "\u{e4}", Some(NOTE), Some("OUTPUT_ENCODING=8BIT"),
         format!("{MIXED}--b\nContent-Type: text/plain\nContent-Disposition: inline\nContent-Transfer-Encoding: 8bit\nX-A: 1\n\n\u{e4}\n--b--\n")),
        ("text by mode", &multi, "a", None, Some("OUTPUT_MODE=TEXT"),
         format!("{MIXED}--b\nContent-Type: application/x; name=\"v.exe\"\nX-A: 1\nContent-Transfer-Encoding: 7bit\nContent-Disposition: attachment;\n filename=v.exe\n\na\n--b--\n")),
        ("glued parts get their line ends", &format!("{MIXED}--b\n--b--\n"), "a", None, None,
         format!("{MIXED}--b\n\na\n--b--\n")),
        ("a wrong label is put right", "Content-Type: multipart/mixed; boundary=b\nMIME-Version: 1.0\n\nx", "a", None, None,
         "Content-Type: text/plain\nMIME-Version: 1.0\n\na".into()),
    ];
    for (name, raw, content, headers, options, expected) in table {
        let message = Message::split(raw.as_bytes());
        let change = change(content.as_bytes(), headers.map(str::as_bytes), options.map(str::as_bytes), b"?");
        let new = message.rebuilt(&Changes::from([(0, change)]));
        assert_eq!(String::from_utf8_lossy(&new), expected, "{name}");
    }
}

/// A delimiter that was the last line of a message without a line end grew into
/// the header of what was written behind it; so did the header of a part whose
/// message had no header of its own.
#[test]
fn what_is_written_begins_a_line_of_its_own() {
    let table = [
        (format!("{MIXED}--b"), format!("{MIXED}--b\nX: y\n\nnote")),
        (format!("{MIXED}--b\n\none\n--b"), format!("{MIXED}--b\n\none\n--b\nX: y\n\nnote")),
        (
            "Content-Type: message/rfc822".into(),
            "Content-Type: message/rfc822\n\nMIME-Version: 1.0\nX: y\n\nnote".into(),
        ),
        (
            "Content-Type: message/rfc822\nno field".into(),
            "Content-Type: message/rfc822\n\nMIME-Version: 1.0\nX: y\n\nnote".into(),
        ),
    ];
    for (raw, expected) in table {
        let message = Message::split(raw.as_bytes());
        let last = message.leaves().len() - 1;
        let new = message.rebuilt(&Changes::from([(last, change(b"note", Some(b"X: y\n\n"), None, b"?"))]));
        assert_eq!(String::from_utf8_lossy(&new), expected);
        assert_eq!(Message::split(&new).leaves().len(), last + 1);
    }
}

#[test]
fn a_header_alone_leaves_the_body_as_it_stands() {
    let raw = b"Content-Type: a/b\r\nContent-Transfer-Encoding: Base64\r\n\r\nA A\r\n==";
    let message = Message::split(raw);
    let content = message.content(&message.leaves()[0]);
    let change = change(&content, Some(b"Content-Type: c/d\n\n"), None, &content);
    let new = message.rebuilt(&Changes::from([(0, change)]));
    let expected =
        b"MIME-Version: 1.0\r\nContent-Type: c/d\r\nContent-Transfer-Encoding: Base64\r\n\r\nA A\r\n==";
    assert_eq!(new.escape_ascii().to_string(), expected.escape_ascii().to_string());
}

#[test]
fn deletions_keep_the_rest_whole() {
    let two = format!("{MIXED}p\n--b\n\none\n--b\nContent-Type: a/b\n\ntwo\n--b--\ne\n");
    let open = format!("{MIXED}--b\n\none\n--b\n\ntwo\n");
    let table: [(&str, &[usize], String); 5] = [
        (&two, &[0], format!("{MIXED}p\n--b\nContent-Type: a/b\n\ntwo\n--b--\ne\n")),
        (&two, &[1], format!("{MIXED}p\n--b\n\none\n--b--\ne\n")),
        (&two, &[0, 1], format!("{MIXED}p\n--b\nContent-Type: text/plain\n\n\n--b--\ne\n")),
        (&open, &[1], format!("{MIXED}--b\n\none\n--b--\n")),
        (
            "A: 1\nContent-Type: a/b\nMIME-Version: 1.0\n\nx\n",
            &[0],
            "A: 1\nContent-Type: text/plain\nMIME-Version: 1.0\n\n".into(),
        ),
    ];
    for (raw, deleted, expected) in table {
        let changes = deleted.iter().map(|i| (*i, Change::Delete)).collect();
        let new = Message::split(raw.as_bytes()).rebuilt(&changes);
        assert_eq!(String::from_utf8_lossy(&new), expected);
    }
}

/// A small generator of numbers: the trees are the same in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % limit
    }

    fn pick<'t>(&mut self, from: &[&'t str]) -> &'t str {
        from[self.below(from.len())]
    }
}

/// A random message, with the place of every leaf in it: the range of the leaf,
/// or of the encoded message around it.
struct Tree {
    text: Vec<u8>,
    places: Vec<Range<usize>>,
    eol: &'static str,
    boundaries: usize,
    style: Style,
}

#[derive(Clone, Copy, PartialEq)]
enum Style {
    Wild,
    /// Every multipart is closed, no boundary begins like another, and no message
    /// is nothing but another message: there mail-parser loses leaves or panics.
    Tidy,
}

impl Tree {
    fn random(random: &mut Random, style: Style) -> Self {
        let eol = random.pick(&["\n", "\r\n"]);
        let mut tree = Self { text: Vec::new(), places: Vec::new(), eol, boundaries: 0, style };
        tree.put("Subject: root\nMIME-Version: 1.0\n");
        tree.entity(random, 0, Role::Message);
        tree
    }

    fn put(&mut self, text: &str) {
        self.text.extend_from_slice(text.replace('\n', self.eol).as_bytes());
    }

    fn entity(&mut self, random: &mut Random, depth: usize, role: Role) {
        let kinds = match (depth, self.style, role) {
            (5.., _, _) => 4,
            (_, Style::Tidy, Role::Message) => 8,
            _ => 10,
        };
        match random.below(kinds) {
            0..=3 => self.leaf(random),
            4..=7 => self.multipart(random, depth),
            8 => {
                self.put("Content-Type: message/rfc822\n\nSubject: inner\n");
                self.entity(random, depth + 1, Role::Message);
            }
            _ => {
                let mut inner = Self {
                    text: Vec::new(),
                    places: Vec::new(),
                    eol: self.eol,
                    boundaries: self.boundaries + 100,
                    style: self.style,
                };
                inner.put("Subject: encoded\n");
                inner.entity(random, depth + 1, Role::Message);
                let start = self.text.len();
                let encoding = random.pick(&["base64", "quoted-printable"]);
                self.put(&format!("Content-Type: message/rfc822\nContent-Transfer-Encoding: {encoding}\n\n"));
                let body = Encoding::named(encoding.as_bytes()).encoded(&inner.text, self.eol.as_bytes());
                self.text.extend(body);
                self.places.extend(inner.places.iter().map(|_| start..self.text.len()));
            }
        }
    }

    fn leaf(&mut self, random: &mut Random) {
        // The root's own lines and those of a nested message belong to the leaf's header.
        let start = self.text.len();
        let kind = random.pick(&["text/plain", "text/html", "application/x; name=\"a;b\"", "image/gif"]);
        let encoding = random.pick(&["7bit", "8bit", "base64", "quoted-printable"]);
        self.put(&format!("Content-Type: {kind}\nContent-Transfer-Encoding: {encoding}\n\n"));
        let lines = random.below(4);
        let text: String = (0..lines)
            .map(|_| random.pick(&["line\n", "--x\n", "\n", "\u{e4}=\n", "a\0b\n", "end"]))
            .collect();
        let body = text.replace('\n', self.eol);
        let body = Encoding::named(encoding.as_bytes()).encoded(body.as_bytes(), self.eol.as_bytes());
        self.text.extend(body);
        self.places.push(start..self.text.len());
    }

    fn multipart(&mut self, random: &mut Random, depth: usize) {
        self.boundaries += 1;
        let end = if self.style == Style::Tidy { "_" } else { "" };
        let boundary = format!("=_{}{}{end}", random.pick(&["a", "a.", "bc d", "--"]), self.boundaries);
        let preamble = random.pick(&["", "preamble\n", "--\n\n"]);
        self.put(&format!("Content-Type: multipart/mixed;\n\tboundary=\"{boundary}\"\n\n{preamble}"));
        for _ in 0..1 + random.below(3) {
            self.put(&format!("--{boundary}{}\n", random.pick(&["", " "])));
            self.entity(random, depth + 1, Role::Part);
            self.put("\n");
        }
        if random.below(5) > 0 || self.style == Style::Tidy {
            self.put(&format!("--{boundary}--\n{}", random.pick(&["", "epilogue\n"])));
        }
    }
}

#[test]
fn random_trees_stay_or_change_in_one_place() {
    let mut random = Random(7);
    let mut replaced = 0;
    for round in 0..400 {
        let tree = Tree::random(&mut random, Style::Wild);
        let message = Message::split(&tree.text);
        assert_eq!(message.rebuilt(&Changes::new()), tree.text, "round {round}");
        assert_eq!(message.leaves().len(), tree.places.len(), "round {round}: {}", tree.text.escape_ascii());

        for (k, place) in tree.places.iter().enumerate() {
            let notice = random.pick(&["note\n", "\u{e4}\n", "--=_a1\n", "", "a\0\n"]).as_bytes();
            let headers = &b"Content-Type: text/plain; charset=utf-8\n\n"[..];
            let new = message.rebuilt(&Changes::from([(k, change(notice, Some(headers), None, b"?"))]));
            // Behind an unclosed multipart the line ends of the place belong to the leaf.
            let (before, after) = (&tree.text[..place.start], tree.text[place.end..].trim_ascii_start());
            assert!(new.starts_with(before) && new.ends_with(after), "round {round}, leaf {k}");

            let again = Message::split(&new);
            assert_eq!(again.leaves().len(), message.leaves().len(), "round {round}, leaf {k}");
            for (j, (old, new)) in message.leaves().iter().zip(again.leaves()).enumerate() {
                assert_eq!(old.number, new.number);
                if j == k {
                    let content = encoding::lines_ended_by(&again.content(new), b"\n");
                    assert!(content.starts_with(notice), "round {round}, leaf {k}");
                } else {
                    assert_eq!(message.content(old), again.content(new), "round {round}, leaf {j}");
                    assert_eq!(message.header(old), again.header(new));
                }
            }
            replaced += 1;
        }
    }
    assert!(replaced > 1000, "only {replaced} leaves");
}

/// Leaf `k` goes, or becomes an empty text; the others keep their content.
fn deleted_alone(message: &Message<'_>, k: usize, text: &[u8]) {
    let new = message.rebuilt(&Changes::from([(k, Change::Delete)]));
    let again = Message::split(&new);
    let found: Vec<_> = again.leaves().iter().map(|leaf| again.content(leaf)).collect();
    let mut expected: Vec<_> = message.leaves().iter().map(|leaf| message.content(leaf)).collect();
    if found.len() == expected.len() {
        expected[k].clear();
    } else {
        expected.remove(k);
    }
    assert_eq!(found, expected, "{k} {}", text.escape_ascii());
}

/// Mail broken at random is still the same when nothing changes, and a change
/// of one leaf leaves the content of the others alone.
#[test]
fn broken_trees_stay_or_change_in_one_place() {
    let mut random = Random(13);
    let mut compared = 0;
    for round in 0..2000 {
        let mut text = Tree::random(&mut random, Style::Wild).text;
        for _ in 0..1 + random.below(6) {
            let (start, length) = (random.below(text.len()), random.below(40));
            let end = (start + length).min(text.len());
            match random.below(4) {
                0 => text.truncate(start.max(1)),
                1 => drop(text.drain(start..end)),
                2 => drop(text.splice(start..start, text[start..end].to_vec())),
                _ => {
                    text[start] = *random.pick(&["\n", "\r", "-", "\0", "=", ";"]).as_bytes().first().unwrap()
                }
            }
            text.push(b'\n');
        }
        let message = Message::split(&text);
        assert_eq!(message.rebuilt(&Changes::new()), text, "round {round}");
        if message.leaves().is_empty() {
            continue;
        }
        let k = random.below(message.leaves().len());
        let new = message.rebuilt(&Changes::from([(k, change(b"note\n", None, None, b"?"))]));
        let again = Message::split(&new);
        assert_eq!(again.leaves().len(), message.leaves().len(), "{k} {}", text.escape_ascii());
        for (j, (old, new)) in message.leaves().iter().zip(again.leaves()).enumerate() {
            let content = again.content(new);
            assert!(
                if j == k { content.starts_with(b"note") } else { content == message.content(old) },
                "{j} {k}"
            );
            compared += 1;
        }
        deleted_alone(&message, k, &text);
    }
    assert!(compared > 2000, "only {compared} leaves");
}

/// Another reader counts the same leaves in mail that is not broken.
#[test]
fn mail_parser_sees_the_same_leaves() {
    fn count(message: &mail_parser::Message<'_>) -> usize {
        let of = |part: &mail_parser::MessagePart<'_>| match &part.body {
            PartType::Multipart(_) => 0,
            PartType::Message(inner) => count(inner),
            _ => usize::from(part.content_type().is_none_or(|kind| kind.ctype() != "message")),
        };
        message.parts.iter().map(of).sum()
    }
    let mut random = Random(11);
    for _ in 0..200 {
        let tree = Tree::random(&mut random, Style::Tidy);
        let ours = Message::split(&tree.text).leaves().len();
        let theirs = MessageParser::default().parse(&tree.text).map(|message| count(&message));
        assert_eq!(theirs, Some(ours), "{}", tree.text.escape_ascii());
    }
}
