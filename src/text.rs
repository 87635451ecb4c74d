//! Hostile text made printable and bounded. Cannot fail.
//!
//! File names, virus names, headers and engine output are written by whoever
//! wrote the worm. They pass through here before log, notice, header or
//! terminal.

/// Longest piece of foreign text that is shown, in characters. Engines' names
/// stay below 200; longer ones are an attack or noise.
pub const SHOWN: usize = 200;

/// `bytes` as one printable line of at most `limit` characters.
///
/// Invalid UTF-8, controls, line and paragraph separators, and invisible or
/// direction-changing characters become `?`; runs of blanks become one. What
/// is cut ends in `...`.
pub fn printable(bytes: &[u8], limit: usize) -> String {
    // Nearly all text that comes here is short and plain.
    if bytes.len() <= limit
        && bytes.iter().all(|byte| matches!(byte, b' '..=b'~'))
        && !bytes.starts_with(b" ")
        && !bytes.ends_with(b" ")
        && !bytes.windows(2).any(|pair| pair == b"  ")
        && let Ok(plain) = str::from_utf8(bytes)
    {
        return plain.to_owned();
    }
    let mut out = String::with_capacity(bytes.len().min(limit));
    let mut count = 0;
    for chunk in bytes.utf8_chunks() {
        let broken = (!chunk.invalid().is_empty()).then_some('\u{FFFD}');
        for shown in chunk.valid().chars().chain(broken).map(visible) {
            if shown == ' ' && (out.is_empty() || out.ends_with(' ')) {
                continue;
            }
            if count == limit {
                shorten(&mut out);
                return out;
            }
            out.push(shown);
            count += 1;
        }
    }
    if out.ends_with(' ') {
        out.pop();
    }
    out
}

/// [`printable`] for text that is already a string.
pub fn printable_str(text: &str, limit: usize) -> String {
    printable(text.as_bytes(), limit)
}

/// `text` with each character printable and in its own column: blanks stay as they
/// are, a tab becomes one.
pub fn aligned(text: &str, limit: usize) -> String {
    text.chars().take(limit).map(single).collect()
}

fn single(c: char) -> char {
    if c == '\t' { ' ' } else { visible(c) }
}

/// `text` with each line as [`aligned`] has it: for what goes to a terminal as a whole.
pub fn lines(text: &str) -> String {
    text.chars().map(|c| if c == '\n' { c } else { single(c) }).collect()
}

/// Whether `c` does something to a terminal, or changes what is seen there without
/// being seen.
pub fn is_unseen(c: char) -> bool {
    c.is_control() || is_invisible(c)
}

/// [`printable`], but what is cut goes from the middle: a file name's ending
/// tells more than what comes before it.
pub fn printable_ends(text: &str, limit: usize) -> String {
    without_middle(printable_str(text, usize::MAX), limit)
}

/// `text` in at most `limit` characters, `...` in place of its middle.
pub fn without_middle(text: String, limit: usize) -> String {
    let count = if text.len() <= limit { 0 } else { text.chars().count() };
    if count <= limit {
        return text;
    }
    let kept = limit.saturating_sub(3);
    let tail = kept / 2;
    let ends = text.chars().take(kept - tail).chain("...".chars()).chain(text.chars().skip(count - tail));
    ends.collect()
}

fn visible(c: char) -> char {
    match c {
        ' '..='~' => c,
        '\t' | '\n' | '\r' | '\u{A0}' => ' ',
        '\u{FFFD}' => '?',
        c if is_unseen(c) => '?',
        c => c,
    }
}

/// Characters that change what is seen without being seen: soft hyphen, Arabic
/// letter mark, Mongolian vowel separator, zero-width and bidi controls, line
/// separators, invisible operators, fillers, variation selectors, byte order
/// mark, interlinear marks, tags, and what is private or unassigned for good; the
/// empty Braille pattern, which looks like a blank; marks of musical notation.
pub fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}'
        | '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}'
        | '\u{2060}'..='\u{206F}' | '\u{2800}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}'
        | '\u{1D173}'..='\u{1D17A}' | '\u{FFA0}' | '\u{FFF0}'..='\u{FFFC}' | '\u{E000}'..='\u{F8FF}'
        | '\u{E0000}'..='\u{10FFFF}')
}

fn shorten(out: &mut String) {
    for _ in 0..3 {
        out.pop();
    }
    out.push_str("...");
}

/// Whether the whole of `value` fits `pattern`, in which `any` stands for any run
/// and `one` says what else fits what. Takes at most pattern times value steps.
pub(crate) fn fits<T: PartialEq>(pattern: &[T], value: &[T], any: &T, one: impl Fn(&T, &T) -> bool) -> bool {
    let (mut p, mut v) = (0, 0);
    // Behind the last `any` met, and where in the value it ends for now.
    let mut run: Option<(usize, usize)> = None;
    while let Some(item) = value.get(v) {
        match pattern.get(p) {
            Some(wanted) if wanted == any => {
                p += 1;
                run = Some((p, v));
                continue;
            }
            Some(wanted) if one(wanted, item) => {
                p += 1;
                v += 1;
                continue;
            }
            Some(_) | None => {}
        }
        // Let the run take one more.
        let Some((after, end)) = run else { return false };
        p = after;
        v = end + 1;
        run = Some((after, v));
    }
    pattern.iter().skip(p).all(|wanted| wanted == any)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_text_becomes_one_printable_line() {
        let table: [(&[u8], &str); 9] = [
            (b"plain.txt", "plain.txt"),
            (b"two\r\nlines\x00", "two lines?"),
            (b"  many \t blanks  ", "many blanks"),
            (b"\x1b[31mred", "?[31mred"),
            ("na\u{202E}gpj.exe".as_bytes(), "na?gpj.exe"),
            ("z\u{200B}w\u{FEFF}".as_bytes(), "z?w?"),
            (b"\xff\xfeabc", "??abc"),
            ("r\u{e9}sum\u{e9}.doc".as_bytes(), "r\u{e9}sum\u{e9}.doc"),
            (b"", ""),
        ];
        for (bytes, expected) in table {
            assert_eq!(printable(bytes, SHOWN), expected);
            // As where something before it keeps it from the short way.
            let behind = printable(&[b"\x01", bytes].concat(), SHOWN);
            assert!(behind.strip_prefix('?').is_some_and(|rest| rest.trim_start() == expected), "{behind}");
        }
    }

    #[test]
    fn lines_stay_lines() {
        assert_eq!(lines("a\tb\n\x1b[2J\r\n\u{9b}\u{202e}c"), "a b\n?[2J \n??c");
    }

    #[test]
    fn long_text_is_cut_with_dots() {
        assert_eq!(printable(&[b'a'; 300], 10), "aaaaaaa...");
        assert_eq!(printable(&[b'a'; 10], 10), "aaaaaaaaaa");
    }

    #[test]
    fn names_lose_their_middle() {
        let name = "n".repeat(300) + ".exe";
        assert_eq!(printable_ends(&name, 13), "nnnnn...n.exe");
        assert_eq!(printable_ends(&name, 304), name);
        assert_eq!(printable_ends("\u{e9}\u{200b}x", 3), "\u{e9}?x");
        assert_eq!(without_middle("\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}".to_owned(), 5), "\u{e9}...\u{e9}");
    }
}
