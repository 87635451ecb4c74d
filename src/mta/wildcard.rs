//! Whether a value fits a pattern of `*` (any run) and `%` (one character),
//! ignoring case. Cannot fail, and takes at most pattern times value steps.
//!
//! 6.3 Administration Guide, table 13-6: wildcards are allowed in the values of
//! qualifying parameters; what they are, the mapping tables tell (10.3.2.1).

use crate::text;

/// Whether the whole of `value` fits `pattern`. A character is a byte here.
pub(super) fn fits(pattern: &[u8], value: &[u8]) -> bool {
    text::fits(pattern, value, &b'*', |wanted, byte| *wanted == b'%' || wanted.eq_ignore_ascii_case(byte))
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
