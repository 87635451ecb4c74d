//! What is sent before a body: pure text, with nothing foreign in it but a type
//! made of harmless characters. Cannot fail. Source: RFC 3507, 4.

use super::head::is_token;
use crate::address::Address;

/// Who asks.
const AGENT: &str = concat!("convscan/", env!("CARGO_PKG_VERSION"));

/// Where a service is.
#[derive(Clone, Debug)]
pub(super) struct Url {
    host: String,
    service: String,
}

impl Url {
    pub(super) fn new(address: &Address, service: &str) -> Self {
        let host = match address {
            Address::Tcp(host_port) => host_port.clone(),
            Address::Unix(_) => "localhost".to_owned(),
        };
        Self { host, service: service.to_owned() }
    }

    /// Asks what the service can do.
    pub(super) fn options(&self) -> String {
        let Self { host, service } = self;
        format!(
            "OPTIONS icap://{host}/{service} ICAP/1.0\r\nHost: {host}\r\nUser-Agent: {AGENT}\r\n\
             Encapsulated: null-body=0\r\n\r\n"
        )
    }

    /// Shows it a part, dressed as the answer to a request of ours.
    pub(super) fn respmod(&self, dress: &Dress<'_>) -> String {
        let Self { host, service } = self;
        let request = "GET http://localhost/part HTTP/1.1\r\nHost: localhost\r\n\r\n";
        let response = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: {}\r\nContent-Length: {}\r\n\r\n",
            safe_type(dress.mime_type),
            dress.size
        );
        let allow = if dress.allow_204 { "Allow: 204\r\n" } else { "" };
        let preview = dress.preview.map_or(String::new(), |size| format!("Preview: {size}\r\n"));
        let (at, body) = (request.len(), request.len() + response.len());
        format!(
            "RESPMOD icap://{host}/{service} ICAP/1.0\r\nHost: {host}\r\nUser-Agent: {AGENT}\r\n\
             {allow}{preview}Encapsulated: req-hdr=0, res-hdr={at}, res-body={body}\r\n\r\n{request}{response}"
        )
    }
}

/// How a part is shown.
#[derive(Clone, Copy, Debug)]
pub(super) struct Dress<'a> {
    /// Its claimed type.
    pub(super) mime_type: &'a str,
    /// Its size.
    pub(super) size: u64,
    /// Bytes that are shown first.
    pub(super) preview: Option<u64>,
    /// Whether the server may say "unchanged" at any time.
    pub(super) allow_204: bool,
}

/// Longest type and subtype. Source: RFC 6838, 4.2.
const LONGEST_NAME: usize = 127;

/// A type that can end no line and begin no parameter.
fn safe_type(claimed: &str) -> &str {
    let is_name =
        |name: &str| (1..=LONGEST_NAME).contains(&name.len()) && name.bytes().all(|byte| is_token(&byte));
    match claimed.split_once('/') {
        Some((main, sub)) if is_name(main) && is_name(sub) => claimed,
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_offsets_are_where_the_parts_begin() {
        let url = Url::new(&Address::Tcp("h:1344".to_owned()), "a?b=c");
        let dress = Dress { mime_type: "text/plain", size: 12, preview: Some(4), allow_204: true };
        let text = url.respmod(&dress);
        assert!(text.starts_with("RESPMOD icap://h:1344/a?b=c ICAP/1.0\r\nHost: h:1344\r\n"), "{text}");
        let (head, inside) = text.split_once("\r\n\r\n").unwrap();
        let at = inside.find("HTTP/1.1 200 OK").unwrap();
        let expected = format!(
            "Allow: 204\r\nPreview: 4\r\nEncapsulated: req-hdr=0, res-hdr={at}, res-body={}",
            inside.len()
        );
        assert!(head.ends_with(&expected), "{head}");
        assert!(inside.ends_with("\r\nContent-Type: text/plain\r\nContent-Length: 12\r\n\r\n"));
        let plain = url.respmod(&Dress { preview: None, allow_204: false, ..dress });
        assert!(!plain.contains("Preview") && !plain.contains("Allow"), "{plain}");
    }

    #[test]
    fn a_claimed_type_brings_nothing_along() {
        for kept in ["text/plain", "application/vnd.ms-excel", "x/y+z"] {
            assert_eq!(safe_type(kept), kept);
        }
        for foreign in [
            "",
            "text",
            "text/",
            "/x",
            "a/b/c",
            "a/b\r\nX: y",
            "a/b; c=d",
            "a/b ",
            "\u{e9}/x",
            &"a/".repeat(200),
        ] {
            assert_eq!(safe_type(foreign), "application/octet-stream", "{foreign}");
        }
    }
}
