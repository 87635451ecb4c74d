//! What goes back to the channel: body, headers, options, status. Cannot fail.

use crate::channel::OutputOption;
use crate::status::{Release, Status};

/// What `OUTPUT_FILE` is to hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// Nothing: the file is not made.
    Absent,
    /// The bytes of `INPUT_FILE`.
    Original,
    /// The part as an engine cleaned it.
    Cleaned,
    /// This text: a notice.
    Notice(String),
}

/// The answer for one part.
#[must_use]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The content to deliver.
    pub body: Body,
    /// Text of `OUTPUT_HEADERS`; empty where the part's own header stays.
    pub headers: String,
    /// Text of `OUTPUT_OPTIONS`; empty where nothing is to be said.
    pub options: String,
}

impl Reply {
    /// "Try again later", in the words that `release` knows.
    pub fn defer(release: Release) -> Self {
        Self::directive(Status::Again, release, Body::Absent)
    }

    /// This content under the part's own type, and no directive.
    pub fn content(body: Body) -> Self {
        Self { body, headers: String::new(), options: String::new() }
    }

    /// The notice in place of the part. Headers and options say the same,
    /// since no manual says which of them wins. The headers name no file, so
    /// that no `name=` of the original survives an entry's `parameter-copy`.
    pub fn in_place(notice: Body, description: &str) -> Self {
        let is_ascii = match &notice {
            Body::Notice(text) => text.is_ascii(),
            Body::Absent | Body::Original | Body::Cleaned => true,
        };
        let charset = if is_ascii { "us-ascii" } else { "utf-8" };
        let headers = format!(
            "Content-Type: text/plain; charset={charset}\n\
             Content-Disposition: inline\n\
             Content-Description: {description}\n\n"
        );
        let options = [
            (OutputOption::Type, "TEXT"),
            (OutputOption::Subtype, "PLAIN"),
            (OutputOption::Mode, "TEXT"),
            (OutputOption::Disposition, "INLINE"),
            (OutputOption::Description, description),
        ];
        let options = options.iter().map(|(option, value)| format!("{}={value}\n", option.name())).collect();
        Self { body: notice, headers, options }
    }

    /// A directive about the message or the part. `body` is what is delivered
    /// should the channel not read the directive.
    pub fn directive(status: Status, release: Release, body: Body) -> Self {
        let code = status.known_to(release).code();
        Self { body, headers: String::new(), options: format!("{}={code}\n", OutputOption::Status.name()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deferring_is_one_plain_decimal_line() {
        assert_eq!(Reply::defer(Release::From63).options, "STATUS=178028698\n");
        assert_eq!(Reply::defer(Release::Before63).options, "STATUS=178030250\n");
    }

    #[test]
    fn a_notice_says_its_charset_and_names_no_file() {
        let reply = Reply::in_place(Body::Notice("plain".to_owned()), "Virus notice");
        assert!(reply.headers.starts_with("Content-Type: text/plain; charset=us-ascii\n"));
        assert!(reply.headers.ends_with("\n\n"));
        assert!(!reply.headers.contains("name="));
        let reply = Reply::in_place(Body::Notice("\u{e9}".to_owned()), "Virus notice");
        assert!(reply.headers.contains("charset=utf-8"));
        assert!(!reply.options.contains("STATUS"));
    }
}
