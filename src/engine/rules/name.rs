//! File names as patterns are compared with them: by all that a mail program or
//! a disk may make of them. Cannot fail.

use crate::mail::parameter::{once, percent_decoded};
use crate::text;

/// A name as a patterned comparison sees it: as it is and with its `%XX` decoded,
/// which some mail programs do in any parameter; the whole of each, and what
/// stands before a control character, for programs written in C end a name at a
/// NUL; and of all these what is left of them on a disk.
pub(super) fn comparable(name: &str) -> Vec<String> {
    let decoded = name.contains('%').then(|| percent_decoded(name.as_bytes()));
    let decoded = decoded.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    let mut found = Vec::new();
    for name in [Some(name), decoded.as_deref()].into_iter().flatten() {
        let start = name.split(char::is_control).next().filter(|start| start.len() < name.len());
        found.extend([name].into_iter().chain(start).map(plain));
    }
    let more: Vec<String> = found.iter().filter_map(|name| on_disk(name)).collect();
    found.extend(more.iter().map(|name| without_path(name)));
    found.extend(more);
    let bare: Vec<String> = found.iter().map(|name| without_path(name)).collect();
    found.extend(bare);
    once(found)
}

/// `name` as a double ending shows best: without the blanks that push the last
/// dot out of sight, with one dot for several, without broken characters, and
/// without the name of a stream, by which Windows means the file itself
/// (`x.exe::$DATA`; Microsoft, "File Streams"). `None` where nothing changes.
fn on_disk(name: &str) -> Option<String> {
    let file = name.strip_suffix(":$data").map_or(name, |stream| {
        // After a stream's name comes its type; the name may be empty.
        stream.rsplit_once(':').map_or(stream, |(file, _)| file)
    });
    let mut out = String::with_capacity(file.len());
    for c in file.chars().filter(|c| *c != '\u{FFFD}') {
        if c == '.' {
            out.truncate(out.trim_end_matches([' ', '.']).len());
        }
        out.push(c);
    }
    let out = plain(&out);
    (out != name).then_some(out)
}

/// What stands behind the last `/` or `\`.
fn without_path(name: &str) -> String {
    plain(name.rsplit(['/', '\\']).next().unwrap_or_default())
}

/// `name` in lower case without what is not seen, in one kind of blank, and with
/// the usual letters for those of double width. Windows drops trailing dots and
/// blanks when it opens a file, and mail programs drop quotes, so none of them
/// may hide an ending; nor may a broken character.
fn plain(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for c in name.chars() {
        if c.is_whitespace() {
            out.push_str(if out.ends_with(' ') { "" } else { " " });
        } else if !c.is_control() && !text::is_invisible(c) {
            out.extend(narrow(c).to_lowercase());
        }
    }
    let is_dropped = |c| c == ' ' || QUOTES.contains(&c);
    let start = out.trim_start_matches(is_dropped);
    start.trim_end_matches(|c| is_dropped(c) || matches!(c, '.' | ':' | '\u{FFFD}')).to_owned()
}

/// `c` in single width: U+FF01 to U+FF5E stand for `!` to `~` in this order
/// (Unicode, "Halfwidth and Fullwidth Forms"). Two more dots look like one.
fn narrow(c: char) -> char {
    match c {
        '\u{FF01}'..='\u{FF5E}' => char::from_u32(u32::from(c) - 0xFEE0).unwrap_or(c),
        '\u{2024}' | '\u{FE52}' => '.',
        c => c,
    }
}

const QUOTES: [char; 8] = ['"', '\'', '`', '\u{B4}', '\u{2018}', '\u{2019}', '\u{201C}', '\u{201D}'];

/// Whether `name` matches a pattern of `*` (any run) and `?` (one character).
pub(in crate::engine) fn matches(pattern: &str, name: &str) -> bool {
    let (pattern, name): (Vec<char>, Vec<char>) = (pattern.chars().collect(), name.chars().collect());
    matches_chars(&pattern, &name)
}

/// The same for those that are compared many times.
pub(super) fn matches_chars(pattern: &[char], name: &[char]) -> bool {
    text::fits(pattern, name, &'*', |wanted, c| *wanted == '?' || wanted == c)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::field;

    #[test]
    fn patterns_match_whole_names() {
        let table = [
            ("*.exe", "a.exe", true),
            ("*.exe", "a.exe.txt", false),
            ("*.p?f", "x.pif", true),
            ("*a*b*c", "xxaxxbxxc", true),
            ("*a*b*c", "xxaxxcxxb", false),
            ("*", "", true),
            ("", "", true),
            ("?", "", false),
            ("photo*.jpg", "photo.jpg", true),
        ];
        for (pattern, text, expected) in table {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn what_is_not_seen_does_not_hide_an_ending() {
        let hiding = [
            "Setup.EXE. . ",
            "x.exe\u{2003}\u{3000}\u{a0}",
            "x.e\u{ad}x\u{200b}e\u{feff}",
            "x.\u{202e}exe\u{2060}. ",
            "'x.exe'",
            "\u{201c}x.exe\u{201d}",
            "x.exe\"'",
            "x.exe\0.txt",
            "x.exe\n.txt",
            "x.e\u{1}xe\0",
            "x.exe\u{fffd}",
            "x.e\u{fffd}xe",
            "x%2Eexe",
            "x.e%78e%00.txt",
            "x\u{ff0e}\u{ff25}\u{ff38}\u{ff45}",
            "x\u{2024}exe",
            "x.exe::$DATA",
            "x.exe:Zone.Identifier:$data",
            "x.exe:",
            "..\\..\\x.exe",
            "x.\u{1d173}exe\u{2800}",
        ];
        for name in hiding {
            assert!(comparable(name).iter().any(|name| matches("*.exe", name)), "{}", name.escape_debug());
        }
        let honest =
            ["x.exe.txt", "x.ex e", "", "\0", ".", "x.exe/readme", "x.exe: a report.pdf", "100%.exe.txt"];
        for name in honest {
            assert!(!comparable(name).iter().any(|name| matches("*.exe", name)), "{}", name.escape_debug());
        }
        assert_eq!(comparable(" 'Two\t \u{3000}words.Txt' ").first().unwrap(), "two words.txt");
    }

    #[test]
    fn both_endings_are_seen_and_the_bare_name() {
        let table = [
            ("*.pdf.exe", "invoice.pdf      \u{3000}.exe"),
            ("*.pdf.exe", "invoice.pdf.\u{202e}.exe "),
            ("*.pdf.exe", "invoice.pdf\u{200b}%20%20.exe::$DATA"),
            ("*.pdf.exe", "invoice\u{ff0e}pdf . . .exe"),
            ("* .exe", "invoice.pdf      .exe"),
            ("setup.exe", "C:\\temp\\setup.exe"),
            ("setup.exe", "/tmp/ 'setup.exe'"),
            ("setup.exe", "..%5CSetup .exe"),
        ];
        for (pattern, name) in table {
            assert!(comparable(name).iter().any(|name| matches(pattern, name)), "{pattern} {name}");
        }
    }

    #[test]
    fn no_spelling_in_a_header_hides_an_ending() {
        let hostile = [
            "name=x.exe",
            "name=\"x.exe",
            "name=\"x.e\\xe\"",
            "name=x%2Eexe",
            "name=utf-8''x%2eexe",
            "name=\"x.txt\"; filename=x.exe",
            "name=\"x.txt\".exe",
            "name=\"x.exe \u{a0}\u{3000}. .\"",
            "name=\"=?utf-8?q?x=2Eexe?=\"",
            "name=\"=?utf-8?b?eC5l?= =?utf-8?b?eGU=?=\"",
            "name=\"=?utf-8?b?eC5l?=\r\n =?utf-8?q?xe?=\"",
            "name=\"=?utf-8?q?=EF=BC=8E=EF=BD=85=EF=BD=98=EF=BD=85?=\"",
            "name=\"=?utf-16le?b?eAAuAGUAeABlAA==?=\"",
            "name=\"x.=?utf-8?q?exe?=\"",
            "name*=utf-8''x%2Eexe",
            "name *=utf-8''x%2Eexe",
            "name*=utf-8'en'x%E2%80%AE.exe",
            "name*=utf-16le''x%00.%00e%00x%00e%00",
            "name*=x.exe",
            "name*=nonsense''x.exe",
            "name*=utf-8''%3D%3Futf-8%3Fb%3FeC5leGU%3D%3F%3D",
            "name*0=x.; name*1=exe",
            "name*1=exe; name*0=x.",
            "name*0*=utf-8''x%2; name*1*=Eexe",
            "name*0=\"=?utf-8?b?eC5l\"; name*1=\"eGU=?=\"",
            "name*0=x; name*2=.exe",
            "name*5=x.exe",
            "name*0=x.txt; name*0=x.exe",
            "name=x.txt; name*0=x.exe",
            "name=\"..\\\\..\\\\x.exe\"",
            "name=/tmp/x.exe",
            "name=\"x.exe::$DATA\"",
            "name=\"x.exe\0.txt\"",
            "NAME = x.exe ; y=z",
        ];
        for parameter in hostile {
            for field in ["Content-Type: a/b;", "CONTENT-DISPOSITION :\r\n x;\r\n\t", "Content-Type:"] {
                let block = format!("Subject: x\r\n{field} {parameter}\r\nTo: y\r\n");
                let names = field::file_names(block.as_bytes());
                let mut names = names.iter().flat_map(|name| comparable(name));
                assert!(names.any(|name| matches("*.exe", &name)), "{block:?}");
            }
        }
        let honest = [
            "name=x.exe.txt",
            "name=\"exe\"",
            "name=\"my.exe files.zip\"",
            "x=y.exe",
            "name*0=x.exe; name*1=.txt",
        ];
        for parameter in honest {
            let block = format!("Content-Type: a/b; {parameter}\nX: name=x.exe\n");
            let names = field::file_names(block.as_bytes());
            let mut names = names.iter().flat_map(|name| comparable(name));
            assert!(!names.any(|name| matches("*.exe", &name)), "{block:?}");
        }
    }
}
