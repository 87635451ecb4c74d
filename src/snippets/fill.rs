//! Texts with named places, and texts without their comments. Cannot fail.

/// `template` with the value of each `{name}` in its place. What is put in is not
/// looked at again.
pub(super) fn filled(template: &str, places: &[(&str, &str)]) -> String {
    let mut out = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let place = after.split_once('}').and_then(|(name, behind)| {
            let (_, value) = places.iter().find(|(known, _)| *known == name)?;
            Some((value, behind))
        });
        match place {
            Some((value, behind)) => {
                out.push_str(value);
                rest = behind;
            }
            None => {
                out.push('{');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

/// `text` from its first line that says something, without the `!` lines.
pub(super) fn uncommented(text: &str) -> String {
    let lines = text.split_inclusive('\n').filter(|line| !line.starts_with('!'));
    lines.skip_while(|line| line.trim().is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_filled_once() {
        let places = [("a", "{b}"), ("b", "x")];
        let table = [("{a}{b}", "{b}x"), ("-{b}-", "-x-"), ("{c} {", "{c} {"), ("{{b}}", "{x}"), ("", "")];
        for (template, expected) in table {
            assert_eq!(filled(template, &places), expected, "{template}");
        }
    }

    #[test]
    fn comments_go_and_blank_lines_between_stay() {
        assert_eq!(uncommented("! c\n\nT\n\n! c\n a b\n"), "T\n\n a b\n");
    }
}
