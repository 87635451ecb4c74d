//! How much is read of a file of a set-up and of all that it includes. Fails with a
//! reason when it is more.

use std::cell::Cell;
use std::io::{self, ErrorKind};

use super::file::Role;
use crate::mta::source::LARGEST;

/// Most words outside comments. A word of a byte or two becomes more than a hundred
/// bytes in memory, and some rules compare each with many, so bytes alone are no bound.
/// Real files have a tenth of it at most.
fn most(role: Role) -> usize {
    match role {
        // Lines for each domain, or each user.
        Role::Mappings => 300_000,
        Role::Imta | Role::Conversions | Role::ConfigXml | Role::Summary | Role::Counters => 100_000,
        Role::Tailor | Role::JobController | Role::Options | Role::Dispatcher => 20_000,
        Role::Clamd | Role::Freshclam | Role::Icap | Role::Own => 20_000,
    }
}

/// Most lines, comments and blank ones too: each costs a little time.
const LINES: usize = 500_000;

/// Which lines are comments: readers pass over them, and keep none of their words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Comments {
    /// `!` in column 1.
    Server,
    /// `#` behind blanks.
    Scanner,
    /// None that could be told by a line.
    None,
}

/// What is left to read.
#[derive(Debug)]
pub(super) struct Bound {
    comments: Comments,
    bytes: Cell<usize>,
    lines: Cell<usize>,
    words: Cell<usize>,
    most: usize,
}

impl Bound {
    /// That of a file of this kind.
    pub(super) fn of(role: Role) -> Self {
        let comments = match role {
            Role::Tailor | Role::Imta | Role::JobController | Role::Options => Comments::Server,
            Role::Dispatcher | Role::Mappings | Role::Conversions => Comments::Server,
            Role::Clamd | Role::Freshclam | Role::Icap => Comments::Scanner,
            Role::ConfigXml | Role::Summary | Role::Counters | Role::Own => Comments::None,
        };
        let most = most(role);
        Self { comments, bytes: Cell::new(LARGEST), lines: Cell::new(LINES), words: Cell::new(most), most }
    }

    /// Bytes that may still be read.
    pub(super) fn bytes(&self) -> usize {
        self.bytes.get()
    }

    /// Takes `text` from what is left.
    pub(super) fn take(&self, text: &[u8]) -> io::Result<()> {
        let bytes = self.bytes.get().checked_sub(text.len());
        let bytes = bytes.ok_or_else(|| refusal(format!("larger than {} MB", LARGEST >> 20)))?;
        let ends = text.iter().filter(|byte| **byte == b'\n').count();
        let lines = self.lines.get().checked_sub(ends);
        let lines = lines.ok_or_else(|| refusal(format!("more than {LINES} lines")))?;
        let words = self.words.get().checked_sub(self.words_of(text));
        let words = words.ok_or_else(|| refusal(format!("more than {} words", self.most)))?;
        self.bytes.set(bytes);
        self.lines.set(lines);
        self.words.set(words);
        Ok(())
    }

    /// The words of `text`. What ends in a blank, in `;` or before `<` is one: no
    /// reader takes it for two.
    fn words_of(&self, text: &[u8]) -> usize {
        let mut words = 0;
        for line in text.split(|byte| *byte == b'\n').filter(|line| !self.is_comment(line)) {
            let mut is_inside = false;
            for byte in line {
                let is_end = byte.is_ascii_whitespace() || *byte == b';';
                words += usize::from(!is_end && (!is_inside || *byte == b'<'));
                is_inside = !is_end;
            }
        }
        words
    }

    fn is_comment(&self, line: &[u8]) -> bool {
        match self.comments {
            Comments::Server => line.starts_with(b"!"),
            Comments::Scanner => line.trim_ascii_start().starts_with(b"#"),
            Comments::None => false,
        }
    }
}

fn refusal(why: String) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, why)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_outside_comments_count() {
        for (role, text, words) in [
            (Role::Imta, "!a b c\n a $U@b\r\n\n!", 2),
            (Role::Imta, " !a", 1),
            (Role::Clamd, "  # a b\n!a #b\n", 2),
            (Role::Conversions, "in-type=*;part-number=1;;\n", 2),
            (Role::ConfigXml, "<a><b/></a>\n#x", 4),
            (Role::Counters, "!a\n", 1),
            (Role::Mappings, "", 0),
        ] {
            assert_eq!(Bound::of(role).words_of(text.as_bytes()), words, "{text}");
        }
    }

    #[test]
    fn a_file_and_its_includes_share_the_bound() {
        let half = b"a\n".repeat(most(Role::Imta) / 2);
        let bound = Bound::of(Role::Imta);
        assert!(bound.take(&half).is_ok() && bound.take(&half).is_ok());
        assert_eq!(bound.take(b"a").unwrap_err().to_string(), "more than 100000 words");
        let blanks = vec![b' '; LARGEST];
        assert!(bound.take(&blanks).is_err());
        let bound = Bound::of(Role::Clamd);
        assert_eq!(bound.take(&vec![b'\n'; LINES + 1]).unwrap_err().to_string(), "more than 500000 lines");
        assert!(bound.take(&blanks).is_ok());
        assert_eq!(bound.take(b"\n").unwrap_err().to_string(), "larger than 8 MB");
    }
}
