//! The Content fields of a changed part, as options, `OUTPUT_HEADERS` and the
//! entry ask for them. Cannot fail.

use super::change::{Kept, Options, Parameters, Replacement};
use super::split;
use super::{Labelled, Leaf};
use crate::mail::parameter;

/// Where the Content fields of a changed part come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    Part,
    OutputHeaders,
}

/// The fields that options, the entry, or a wrong label ask for; `current` looks
/// up what stands there before them.
pub(super) fn by_options(
    leaf: &Leaf,
    replacement: &Replacement,
    current: impl Fn(&str) -> Option<Vec<u8>>,
    origin: Origin,
) -> Vec<(&'static str, Vec<u8>)> {
    let Replacement { options, parameters, .. } = replacement;
    // Headers that the command gave have the parameters that it wants.
    let by_entry = |parameters: &Parameters, name: &str| match origin {
        Origin::OutputHeaders if current(name).is_some() => Parameters::default(),
        Origin::OutputHeaders | Origin::Part => parameters.clone(),
    };
    let of_type = by_entry(&parameters.content_type, "Content-Type");
    let of_disposition = by_entry(&parameters.disposition, "Content-Disposition");
    let disposition =
        dressed(options.disposition.as_deref(), current("Content-Disposition"), &of_disposition);
    let fields = [
        ("Content-Type", new_type(leaf, options, current("Content-Type"), origin, &of_type)),
        ("Content-Disposition", disposition),
        ("Content-Description", options.description.clone()),
    ];
    fields.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}

/// The Content-type value that options, the entry or a wrong label ask for.
fn new_type(
    leaf: &Leaf,
    options: &Options,
    current: Option<Vec<u8>>,
    origin: Origin,
    parameters: &Parameters,
) -> Option<Vec<u8>> {
    let label_is_ours = origin == Origin::OutputHeaders && current.is_some();
    let relabelled = leaf.labelled == Labelled::Wrongly && !label_is_ours;
    if options.main_type.is_none() && options.subtype.is_none() {
        if relabelled {
            return Some(b"text/plain".to_vec());
        }
        return dressed(None, current, parameters);
    }
    let old = current.filter(|_| !relabelled).unwrap_or_default();
    let (old_type, old_subtype) = split::declared(&old);
    let main_type = options.main_type.as_deref().unwrap_or(old_type);
    let subtype = options.subtype.as_deref().unwrap_or(old_subtype);
    let kind = [main_type, b"/", subtype].concat();
    dressed(Some(&kind), Some(old), parameters)
}

/// A field's value with another main value and other parameters; `None` where
/// neither is asked for, so that the field stays as it stands.
fn dressed(main: Option<&[u8]>, old: Option<Vec<u8>>, parameters: &Parameters) -> Option<Vec<u8>> {
    let untouched = main.is_none() && parameters.set.is_empty();
    let value = old.unwrap_or_default();
    if untouched && (parameters.kept == Kept::All || parameter::all(&value).is_empty()) {
        return None;
    }
    let mut out = main.unwrap_or_else(|| parameter::main_value(&value)).to_vec();
    if out.is_empty() {
        // Parameters of a field that is not there.
        return None;
    }
    match &parameters.kept {
        Kept::All => {
            let rest = value.iter().position(|byte| *byte == b';').and_then(|i| value.get(i..));
            out.extend_from_slice(rest.unwrap_or_default());
        }
        Kept::Only(names) => {
            for (name, value) in parameter::all(&value) {
                if names.iter().any(|kept| kept.eq_ignore_ascii_case(&name)) {
                    put(&mut out, &name, &value);
                }
            }
        }
    }
    for (name, value) in &parameters.set {
        put(&mut out, name, value);
    }
    Some(out)
}

/// One parameter, quoted (RFC 2045, 5.1).
fn put(out: &mut Vec<u8>, name: &[u8], value: &[u8]) {
    out.extend_from_slice(b"; ");
    out.extend_from_slice(name);
    out.extend_from_slice(b"=\"");
    for byte in value {
        if matches!(byte, b'"' | b'\\') {
            out.push(b'\\');
        }
        out.push(*byte);
    }
    out.push(b'"');
}
