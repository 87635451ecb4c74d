//! A unified diff of what can be mended by machine. Changes no file itself.
//! Cannot fail; edits that contradict each other are left out but for the first.

use std::collections::{BTreeMap, HashMap};
use std::io::Write as _;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use similar::{ChangeTag, TextDiff};

use super::at::{Edit, Mend};
use super::finding::Finding;
use super::setup::Setup;
use crate::os::look;
use crate::text;

/// Lines around each change, as `diff -u` has them.
const CONTEXT: usize = 3;

/// The diff, in bytes: a file that is not UTF-8 stays what it is.
pub fn diff(setup: &Setup, findings: &[Finding]) -> Vec<u8> {
    let mut out = Vec::new();
    for changes in by_file(setup, findings).into_values() {
        let Some(text) = setup.text(changes.name) else { continue };
        let mended = applied(text, changes.edits);
        let is_latin1 = setup.latin1.iter().any(|name| name == changes.name);
        let encode = if is_latin1 { latin1 } else { utf8 };
        // What the file's encoding cannot say is not for a machine to write.
        out.extend(unified(&changes.path, text, &mended, encode).unwrap_or_default());
    }
    out
}

fn utf8(line: &str) -> Option<Vec<u8>> {
    Some(line.as_bytes().to_vec())
}

fn latin1(line: &str) -> Option<Vec<u8>> {
    line.chars().map(|c| u8::try_from(c).ok()).collect()
}

/// Lines end where patch(1) ends them: at `\n`, and nowhere else. Lines that a terminal
/// would obey make no diff: patch(1) must have them as they are, and people look at it
/// first.
fn unified(path: &Path, old: &str, new: &str, encode: fn(&str) -> Option<Vec<u8>>) -> Option<Vec<u8>> {
    let lines = |text| str::split_inclusive(text, '\n').collect::<Vec<&str>>();
    let (old, new) = (lines(old), lines(new));
    let diff = TextDiff::from_slices(&old, &new);
    let mut out = Vec::new();
    let name = header(path);
    for mark in ["--- ", "+++ "] {
        out.extend([mark.as_bytes(), &name, b"\n"].concat());
    }
    for hunk in diff.unified_diff().context_radius(CONTEXT).iter_hunks() {
        // Into memory: this cannot fail.
        let _ = writeln!(out, "{}", hunk.header());
        for change in hunk.iter_changes() {
            if change.value().contains(|c| text::is_unseen(c) && !matches!(c, '\t' | '\r' | '\n')) {
                return None;
            }
            out.push(match change.tag() {
                ChangeTag::Equal => b' ',
                ChangeTag::Delete => b'-',
                ChangeTag::Insert => b'+',
            });
            out.extend(encode(change.value())?);
            if !change.value().ends_with('\n') {
                out.extend(b"\n\\ No newline at end of file\n");
            }
        }
    }
    Some(out)
}

/// A name as patch(1) reads it: what ends one, or does something to a terminal, it
/// takes in quotes, as `diff -u` writes it.
fn header(path: &Path) -> Vec<u8> {
    let bytes = path.as_os_str().as_bytes();
    let is_plain = |byte: &u8| *byte > b' ' && *byte < 0x7f && !matches!(byte, b'"' | b'\\');
    if bytes.iter().all(is_plain) {
        return bytes.to_vec();
    }
    let mut name = vec![b'"'];
    for byte in bytes {
        match byte {
            b' ' => name.push(b' '),
            byte if is_plain(byte) => name.push(*byte),
            byte => name.extend(format!("\\{byte:03o}").into_bytes()),
        }
    }
    name.push(b'"');
    name
}

/// Says of each change in which line of its file it begins.
pub(super) fn count_lines(setup: &Setup, findings: &mut [Finding]) {
    for mend in findings.iter_mut().flat_map(|finding| &mut finding.mends) {
        if let Mend::Edit(edit) = mend
            && let Some(text) = setup.text(&edit.path)
        {
            edit.count(text);
        }
    }
}

/// Where several findings change one line, each shows that line with all changes:
/// whoever types them one after the other would undo them otherwise.
pub(super) fn merge_lines(setup: &Setup, findings: &mut [Finding]) {
    let mut merged: HashMap<(String, usize), String> = HashMap::new();
    for Changes { name, edits, .. } in by_file(setup, findings).into_values() {
        let Some(text) = setup.text(name) else { continue };
        let mut lines: BTreeMap<usize, Vec<&Edit>> = BTreeMap::new();
        for edit in edits.into_iter().filter(|edit| is_within_a_line(text, edit)) {
            lines.entry(edit.line).or_default().push(edit);
        }
        for (line, edits) in lines.into_iter().filter(|(_, edits)| edits.len() > 1) {
            merged.insert((name.to_owned(), line), merged_line(text, &edits));
        }
    }
    for mend in findings.iter_mut().flat_map(|finding| &mut finding.mends) {
        if let Mend::Edit(edit) = mend
            && !edit.text.contains('\n')
            && let Some(line) = merged.get(&(edit.path.clone(), edit.line))
        {
            edit.lines.clone_from(line);
        }
    }
}

/// Whether it changes one line and leaves it one line.
fn is_within_a_line(text: &str, edit: &Edit) -> bool {
    let replaced = text.get(edit.range.clone()).unwrap_or_default();
    !edit.text.contains('\n') && !replaced.contains('\n')
}

/// The line that all `edits` are in, with all of them.
fn merged_line(text: &str, edits: &[&Edit]) -> String {
    let at = edits.first().map_or(0, |edit| edit.range.start);
    let start = text.get(..at).and_then(|before| before.rfind('\n')).map_or(0, |end| end + 1);
    let end = text.get(at..).and_then(|rest| rest.find('\n')).map_or(text.len(), |end| at + end);
    let moved: Vec<Edit> = edits
        .iter()
        .map(|edit| Edit { range: edit.range.start - start..edit.range.end - start, ..(*edit).clone() })
        .collect();
    applied(text.get(start..end).unwrap_or_default(), moved.iter().collect())
}

/// What is to be changed in one file.
struct Changes<'f> {
    /// The file as it was named.
    name: &'f str,
    /// The file as patch(1) is to find it.
    path: PathBuf,
    edits: Vec<&'f Edit>,
}

/// By the file itself: it may have been read by two names.
fn by_file<'f>(setup: &Setup, findings: &'f [Finding]) -> BTreeMap<PathBuf, Changes<'f>> {
    let mut files: BTreeMap<PathBuf, Changes<'f>> = BTreeMap::new();
    let mut places: BTreeMap<&str, (PathBuf, PathBuf)> = BTreeMap::new();
    for finding in findings {
        // All mends of a finding, or none: half of them may be worse than nothing.
        let edits: Vec<&Edit> = finding.mends.iter().filter_map(edit).collect();
        for edit in &edits {
            places.entry(&edit.path).or_insert_with(|| place(setup, &edit.path));
        }
        let file = |edit: &Edit| places.get(edit.path.as_str()).map(|(file, _)| file);
        let clashes = |edit: &&Edit| {
            let others = file(edit).and_then(|file| files.get(file));
            others.is_some_and(|others| others.edits.iter().any(|other| clash(other, edit)))
        };
        if edits.len() != finding.mends.len() || edits.iter().any(clashes) {
            continue;
        }
        for edit in edits {
            let Some((file, path)) = places.get(edit.path.as_str()) else { continue };
            let new = || Changes { name: &edit.path, path: path.clone(), edits: Vec::new() };
            files.entry(file.clone()).or_insert_with(new).edits.push(edit);
        }
    }
    files
}

/// The file that was read by this name, and as patch(1) is to find it, which takes
/// no links.
fn place(setup: &Setup, name: &str) -> (PathBuf, PathBuf) {
    let seen = setup.files.iter().map(|seen| &seen.path).find(|path| path.display().to_string() == name);
    let path = seen.cloned().unwrap_or_else(|| setup.local(name));
    let file = look::itself(&path);
    let shown = if path.is_absolute() { file.clone() } else { path };
    (file, shown)
}

fn edit(mend: &Mend) -> Option<&Edit> {
    match mend {
        Mend::Edit(edit) => Some(edit),
        Mend::Write(_) => None,
    }
}

/// Two that want to change the same bytes. Two that put in something at one place
/// do not clash, unless it is the same.
fn clash(one: &Edit, other: &Edit) -> bool {
    if one.range.is_empty() && other.range.is_empty() {
        return one == other;
    }
    one.range.start < other.range.end && other.range.start < one.range.end || one.range == other.range
}

fn applied(text: &str, mut edits: Vec<&Edit>) -> String {
    // Stable: what is put in at one place stays in the order of the findings.
    edits.sort_by_key(|edit| edit.range.start);
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for edit in edits {
        out.push_str(text.get(at..edit.range.start).unwrap_or_default());
        out.push_str(&edit.text);
        at = edit.range.end.max(at);
    }
    out.push_str(text.get(at..).unwrap_or_default());
    out
}
