//! Lines of a text that may be anybody's. Cannot fail.

/// The lines of a text without their ends. A Mac's end in CR; that CRLF makes an
/// empty line more does no harm to any of the encodings.
pub(super) fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(|byte| matches!(byte, b'\r' | b'\n'))
}

/// Whether a line begins at `at`.
pub(super) fn begins_line(text: &[u8], at: usize) -> bool {
    match at.checked_sub(1) {
        None => true,
        Some(before) => matches!(text.get(before), Some(b'\r' | b'\n')),
    }
}

/// The line at `at`, and what is behind it.
pub(super) fn line_at(text: &[u8], at: usize) -> (&[u8], &[u8]) {
    let rest = text.get(at..).unwrap_or_default();
    let end = memchr::memchr2(b'\r', b'\n', rest).unwrap_or(rest.len());
    rest.split_at(end)
}
