//! One body part as the channel handed it over, and where the answer goes.

use std::path::{Path, PathBuf};

use crate::channel::{Var, Vars};
use crate::text;

/// One body part. All strings are printable; all but the file are hints that
/// the sender of the message chose.
#[derive(Clone, Debug)]
pub struct Part {
    /// File that holds the content.
    pub input: Option<PathBuf>,
    /// `type/subtype`, lower case; empty when not told.
    pub mime_type: String,
    /// Part number, else attachment number.
    pub number: String,
    /// Transfer encoding that the part had in the message.
    pub encoding: String,
    /// File names as the entry's symbols gave them, undecoded, each once.
    pub raw_names: Vec<Vec<u8>>,
    /// Header block that belongs to the part.
    pub headers: Option<PathBuf>,
    /// Header block of the message.
    pub message_headers: Option<PathBuf>,
    /// Channel that the message came from.
    pub from_channel: String,
    /// Channel that the message is bound for.
    pub to_channel: String,
    /// Conversion tags.
    pub tag: String,
}

impl Part {
    /// The part that `vars` describe.
    pub fn from_vars(vars: &Vars) -> Self {
        let word = |var| text::printable(vars.bytes(var), text::SHOWN);
        let number = [Var::PartNumber, Var::AttachmentNumber].map(word).into_iter().find(|n| !n.is_empty());
        let mut raw_names: Vec<Vec<u8>> = Vec::new();
        for var in [Var::Filename, Var::Name] {
            let name = vars.bytes(var);
            if !name.is_empty() && !raw_names.iter().any(|known| known == name) {
                raw_names.push(name.to_vec());
            }
        }
        Self {
            input: vars.path(Var::InputFile),
            mime_type: mime_type(&word(Var::InputType), &word(Var::InputSubtype)),
            number: number.unwrap_or_default(),
            encoding: word(Var::InputEncoding),
            raw_names,
            headers: vars.path(Var::InputHeaders),
            message_headers: vars.path(Var::MessageHeaders),
            from_channel: word(Var::InputChannel),
            to_channel: word(Var::OutputChannel),
            tag: word(Var::ConversionTag),
        }
    }
}

fn mime_type(main: &str, sub: &str) -> String {
    match (main, sub) {
        ("", "") => String::new(),
        (main, "") => main.to_ascii_lowercase(),
        (main, sub) => format!("{main}/{sub}").to_ascii_lowercase(),
    }
}

/// The files that the answer goes to, as far as the entry offers them.
#[derive(Clone, Debug, Default)]
pub struct Outputs {
    /// The content to deliver.
    pub file: Option<PathBuf>,
    /// Replacement header lines; there when `override-header-file=1`.
    pub headers: Option<PathBuf>,
    /// Options and status; there when `override-option-file=1`.
    pub options: Option<PathBuf>,
    /// Where the content comes from.
    input: Option<PathBuf>,
    /// The header files that were given.
    given: [Option<PathBuf>; 2],
}

impl Outputs {
    /// The output files that `vars` name. A name that is already that of another
    /// file of the contract, as `is_one` tells, does not count: one would overwrite
    /// the other. Only the content may go where it came from.
    pub fn from_vars(vars: &Vars, is_one: &dyn Fn(&Path, &Path) -> bool) -> Self {
        let is_any = |taken: &[&Option<PathBuf>], path: &PathBuf| {
            taken.iter().copied().flatten().any(|taken| is_one(taken, path))
        };
        let input = vars.path(Var::InputFile);
        let [part_header, message_header] =
            [Var::InputHeaders, Var::MessageHeaders].map(|var| vars.path(var));
        let file = vars.path(Var::OutputFile);
        let file =
            file.filter(|path| is_any(&[&input], path) || !is_any(&[&part_header, &message_header], path));
        let taken = [&input, &part_header, &message_header, &file];
        let options = vars.path(Var::OutputOptions).filter(|path| !is_any(&taken, path));
        let headers = vars.path(Var::OutputHeaders);
        let headers = headers.filter(|path| !is_any(&taken, path) && !is_any(&[&options], path));
        Self { file, headers, options, input, given: [part_header, message_header] }
    }

    /// All files of the contract but the one at `path`, and but the one that the
    /// content comes from if `path` is where it goes.
    pub fn others(&self, path: &Path) -> Vec<&Path> {
        let is_content = self.file.as_deref() == Some(path);
        let input = self.input.iter().filter(|_| !is_content);
        let outputs = [&self.file, &self.headers, &self.options].into_iter().flatten();
        let all = outputs.chain(input).chain(self.given.iter().flatten());
        all.map(PathBuf::as_path).filter(|other| *other != path).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::OsString;

    fn part(pairs: &[(&str, &str)]) -> Part {
        let find = |name: &str| pairs.iter().find(|(n, _)| *n == name).map(|(_, v)| OsString::from(v));
        Part::from_vars(&Vars::from_lookup(find))
    }

    #[test]
    fn everything_may_be_absent() {
        assert!(part(&[]).input.is_none());
        let part = part(&[("INPUT_FILE", "/x")]);
        assert_eq!((part.mime_type.as_str(), part.number.as_str()), ("", ""));
    }

    #[test]
    fn names_are_kept_once_filename_first() {
        let names = |name, filename| part(&[("NAME", name), ("FILENAME", filename)]).raw_names;
        assert_eq!(names("a", "b"), [b"b".to_vec(), b"a".to_vec()]);
        assert_eq!(names("a", "a"), [b"a".to_vec()]);
    }

    #[test]
    fn the_type_is_lower_case() {
        let part = part(&[("INPUT_FILE", "/x"), ("INPUT_TYPE", "TEXT"), ("INPUT_SUBTYPE", "Plain")]);
        assert_eq!(part.mime_type, "text/plain");
    }
}
