//! Whether a value fits a pattern of `*` (any run) and `%` (one character),
//! ignoring case. Cannot fail, and takes at most pattern times value steps.
//!
//! 6.3 Administration Guide, table 13-6: wildcards are allowed in the values of
//! qualifying parameters; what they are, the mapping tables tell (10.3.2.1).

mod glob;

pub(super) use self::glob::{Atom, Glob};

/// Whether the whole of `value` fits `pattern`. A character is a byte here.
pub(super) fn fits(pattern: &[u8], value: &[u8]) -> bool {
    let (mut p, mut v) = (0, 0);
    // Behind the last `*` met, and where in the value it ends for now.
    let mut star: Option<(usize, usize)> = None;
    while let Some(byte) = value.get(v) {
        match pattern.get(p) {
            Some(b'*') => {
                p += 1;
                star = Some((p, v));
                continue;
            }
            Some(wanted) if *wanted == b'%' || wanted.eq_ignore_ascii_case(byte) => {
                p += 1;
                v += 1;
                continue;
            }
            Some(_) | None => {}
        }
        let Some((after, end)) = star else { return false };
        p = after;
        v = end + 1;
        star = Some((after, v));
    }
    pattern.get(p..).unwrap_or_default().iter().all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_single_characters_and_case() {
        let table = [
            ("*", "", true),
            ("*", "anything", true),
            ("", "", true),
            ("", "x", false),
            ("tcp_*", "TCP_local", true),
            ("tcp_*", "tcp", false),
            ("%%", "ab", true),
            ("%%", "a", false),
            ("*.ps", "a.ps.ps", true),
            ("*.ps", "a.psx", false),
            ("a*b*c", "aXbYbZc", true),
            ("a*b*c", "aXcYb", false),
            ("**a**", "bab", true),
            ("text", "text", true),
            ("text", "texts", false),
            ("%", "*", true),
        ];
        for (pattern, value, expected) in table {
            assert_eq!(fits(pattern.as_bytes(), value.as_bytes()), expected, "{pattern} {value}");
        }
    }

    #[test]
    fn many_stars_take_no_longer() {
        let pattern = format!("{}b", "*a".repeat(500));
        assert!(!fits(pattern.as_bytes(), &[b'a'; 20_000]));
    }
}
