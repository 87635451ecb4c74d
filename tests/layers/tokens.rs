//! Rust source as words and signs, without comments and without what stands
//! between quotes. Knows just enough of the language to find paths.

/// Words, signs of one character, and `::`.
pub fn tokens(source: &str) -> Vec<String> {
    let text: Vec<char> = source.chars().collect();
    let at = |i: usize| text.get(i).copied().unwrap_or('\0');
    let mut tokens: Vec<String> = Vec::new();
    let mut i = 0;
    while i < text.len() {
        let c = at(i);
        i = match c {
            '/' if at(i + 1) == '/' => line_end(&text, i),
            '/' if at(i + 1) == '*' => comment_end(&text, i),
            '"' => string_end(&text, i + 1),
            '\'' if at(i + 1) == '\\' => quote_end(&text, i + 3),
            '\'' if at(i + 2) == '\'' => i + 3,
            // A lifetime.
            '\'' => word_end(&text, i + 1),
            'r' if at(i + 1) == '#' && is_word(at(i + 2)) => i + 2,
            'r' | 'b' | 'c' if is_string(&text, i) => {
                let quote = i + text[i..].iter().take_while(|c| !matches!(c, '"' | '\'' | '#')).count();
                let is_raw = text[i..quote].contains(&'r');
                match (is_raw, at(quote)) {
                    (true, _) => raw_end(&text, quote),
                    (false, '\'') if at(quote + 1) == '\\' => quote_end(&text, quote + 3),
                    (false, '\'') => quote + 3,
                    (false, _) => string_end(&text, quote + 1),
                }
            }
            c if is_word(c) => {
                let end = word_end(&text, i);
                tokens.push(text[i..end].iter().collect());
                end
            }
            ':' if at(i + 1) == ':' => {
                tokens.push("::".to_owned());
                i + 2
            }
            c => {
                if !c.is_whitespace() {
                    tokens.push(c.to_string());
                }
                i + 1
            }
        };
    }
    tokens
}

pub fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn word_end(text: &[char], start: usize) -> usize {
    start + text[start..].iter().take_while(|c| is_word(**c)).count()
}

fn line_end(text: &[char], start: usize) -> usize {
    start + text[start..].iter().take_while(|c| **c != '\n').count()
}

/// Comments nest.
fn comment_end(text: &[char], start: usize) -> usize {
    let (mut depth, mut i) = (0, start);
    while i < text.len() {
        match (text[i], text.get(i + 1)) {
            ('/', Some('*')) => (depth, i) = (depth + 1, i + 2),
            ('*', Some('/')) => (depth, i) = (depth - 1, i + 2),
            _ => i += 1,
        }
        if depth == 0 {
            break;
        }
    }
    i
}

/// Behind the quote that ends a string which began before `i`.
fn string_end(text: &[char], mut i: usize) -> usize {
    while i < text.len() && text[i] != '"' {
        i += if text[i] == '\\' { 2 } else { 1 };
    }
    i + 1
}

fn quote_end(text: &[char], start: usize) -> usize {
    start + text[start.min(text.len())..].iter().take_while(|c| **c != '\'').count() + 1
}

/// Whether a literal with a prefix begins at `i`: `b"`, `br#"`, `b'`, `c"`, `r"`.
fn is_string(text: &[char], i: usize) -> bool {
    let prefix = text[i..].iter().take_while(|c| matches!(c, 'b' | 'c' | 'r')).count();
    let letters: String = text[i..i + prefix].iter().collect();
    let mut rest = text[i + prefix..].iter();
    match letters.as_str() {
        "b" => matches!(rest.next(), Some('"' | '\'')),
        "c" => rest.next() == Some(&'"'),
        "r" | "br" | "cr" => rest.find(|c| **c != '#') == Some(&'"'),
        _ => false,
    }
}

/// Behind a raw string whose hashes or quote begin at `start`.
fn raw_end(text: &[char], start: usize) -> usize {
    let hashes = text[start..].iter().take_while(|c| **c == '#').count();
    let mut i = start + hashes + 1;
    while i < text.len() {
        if text[i] == '"' && text[i + 1..].iter().take(hashes).filter(|c| **c == '#').count() == hashes {
            return i + 1 + hashes;
        }
        i += 1;
    }
    i
}

#[test]
fn what_stands_between_quotes_or_in_comments_is_no_code() {
    let table = [
        ("a::b // c::d\n e", "a :: b e"),
        ("a /* b /* c */ d */ e", "a e"),
        (r##"a "b \" c" d r#"e " f"# g b"h" 'i' '\'' '\u{1f}' b'"' j"##, "a d g j"),
        ("&'a str; 'b: loop", "& str ; : loop"),
        ("r#type::x", "type :: x"),
        ("crate :: { a, cli::Exit }", "crate :: { a , cli :: Exit }"),
        ("let rb = br\"x\"; bar", "let rb = ; bar"),
    ];
    for (source, expected) in table {
        assert_eq!(tokens(source).join(" "), expected, "{source}");
    }
}
