//! What a service says that it can do. Fails where it cannot do what is asked
//! of it. Source: RFC 3507, 4.10.

use std::time::Duration;

use super::head::Head;
use crate::text;
use crate::verdict::{ErrorKind, ScanError};

/// How long an answer is believed that does not say how long.
const UNSAID: Duration = Duration::from_secs(5 * 60);

/// How long any answer is believed.
pub(super) const LONGEST: Duration = Duration::from_secs(60 * 60);

/// Longest `ISTag` and `Service` that are kept. An `ISTag` has at most 32
/// characters (RFC 3507, 4.7); some servers do not know that.
const SHOWN: usize = text::SHOWN;

/// In c-icap's `ISTag` the MD5 of the signatures of all scanners behind the
/// service. This is that of no scanner: such a service calls everything clean.
const MD5_OF_NOTHING: &str = "1B2M2Y8AsgTpgAmY7PhCfg";

/// What a service can do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Options {
    /// Most bytes that it wants to see first; `None` where it wants all.
    pub(super) preview: Option<u64>,
    /// Whether it may be allowed to say "unchanged" at any time.
    pub(super) allow_204: bool,
    /// Most connections that it takes.
    pub(super) most_connections: Option<u64>,
    /// The state of its signatures.
    pub(super) istag: Option<String>,
    /// What it calls itself.
    pub(super) service: String,
    /// How long this may be believed.
    pub(super) lasts: Duration,
}

impl Options {
    /// Reads the answer to `OPTIONS`.
    pub(super) fn read(head: &Head) -> Result<Self, ScanError> {
        let failed = |detail| Err(ScanError::new(ErrorKind::Failed, detail));
        match head.status(&["ICAP/1.0"]) {
            Some(200) => {}
            Some(400..=599) => return failed(format!("OPTIONS: {}", shown(head.start()))),
            Some(_) | None => {
                let start = shown(head.start());
                return Err(ScanError::new(ErrorKind::Garbled, format!("OPTIONS: unknown answer `{start}`")));
            }
        }
        if !head.lists("methods", "RESPMOD") {
            let methods = shown(head.values("methods").next().unwrap_or_default());
            return failed(format!("the service has no RESPMOD: `Methods: {methods}`"));
        }
        refuse_blind(head)?;
        let ttl = number(head, "options-ttl").map_or(UNSAID, Duration::from_secs);
        Ok(Self {
            preview: number(head, "preview").filter(|_| wants_preview(head)),
            allow_204: head.lists("allow", "204"),
            most_connections: number(head, "max-connections"),
            istag: tag(head),
            service: shown(head.values("service").next().unwrap_or_default()),
            lasts: ttl.min(LONGEST),
        })
    }

    /// Its version in words.
    pub(super) fn version(&self) -> String {
        let name = if self.service.is_empty() { "unnamed ICAP service" } else { &self.service };
        match &self.istag {
            Some(tag) => format!("{name}, ISTag {tag}"),
            None => name.to_owned(),
        }
    }
}

/// The state of the signatures by which an answer was given.
pub(super) fn tag(head: &Head) -> Option<String> {
    let value = shown(head.values("istag").next()?);
    Some(value.trim_matches('"').to_owned())
}

/// Fails for a server that says itself that nothing scans behind it.
pub(super) fn refuse_blind(head: &Head) -> Result<(), ScanError> {
    let mark = MD5_OF_NOTHING.as_bytes();
    if head.values("istag").any(|tag| tag.windows(mark.len()).any(|window| window == mark)) {
        let detail = "c-icap has no scanner behind this service; hint: restart it when clamd is running";
        return Err(ScanError::new(ErrorKind::Failed, detail));
    }
    Ok(())
}

/// Our request has no file name, so it is among "all others" (`*`): those may be
/// in the list of what is to come whole at once.
fn wants_preview(head: &Head) -> bool {
    !head.lists("transfer-complete", "*") && !head.lists("transfer-ignore", "*")
}

fn number(head: &Head, name: &str) -> Option<u64> {
    let value = head.values(name).next()?;
    let plain = !value.is_empty() && value.len() < 19 && value.iter().all(u8::is_ascii_digit);
    if plain { str::from_utf8(value).ok()?.parse().ok() } else { None }
}

fn shown(bytes: &[u8]) -> String {
    text::printable(bytes, SHOWN)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Options, ScanError> {
        let mut head = Head::default();
        head.read(&mut format!("{text}\r\n\r\n").as_bytes()).unwrap();
        Options::read(&head)
    }

    #[test]
    fn what_c_icap_offers_is_understood() {
        let options = read(
            "ICAP/1.0 200 OK\r\nMethods: RESPMOD, REQMOD\r\nService: C-ICAP/0.5.10 server\r\n\
             ISTag: \"CI0001-x\"\r\nTransfer-Preview: *\r\nOptions-TTL: 3600\r\nPreview: 1024\r\n\
             Allow: 204\r\nMax-Connections: 20\r\nEncapsulated: null-body=0",
        )
        .unwrap();
        assert_eq!(options.version(), "C-ICAP/0.5.10 server, ISTag CI0001-x");
        let expected = Options {
            preview: Some(1024),
            allow_204: true,
            most_connections: Some(20),
            istag: Some("CI0001-x".to_owned()),
            service: "C-ICAP/0.5.10 server".to_owned(),
            lasts: LONGEST,
        };
        assert_eq!(options, expected);
    }

    #[test]
    fn what_is_not_offered_is_not_assumed() {
        let plain = read("ICAP/1.0 200 OK\r\nMethods: RESPMOD").unwrap();
        assert_eq!((plain.preview, plain.allow_204, plain.lasts), (None, false, UNSAID));
        for fields in ["Preview: -1", "Preview: x", "Preview: 5\r\nTransfer-Complete: *", "Preview:"] {
            let options = read(&format!("ICAP/1.0 200 OK\r\nMethods: RESPMOD\r\n{fields}")).unwrap();
            assert_eq!(options.preview, None, "{fields}");
        }
        let zero = read("ICAP/1.0 200 OK\r\nMethods: respmod\r\nPreview: 0\r\nOptions-TTL: 9").unwrap();
        assert_eq!((zero.preview, zero.lasts), (Some(0), Duration::from_secs(9)));
    }

    #[test]
    fn a_service_that_cannot_scan_is_refused() {
        let table = [
            ("ICAP/1.0 200 OK\r\nMethods: REQMOD", ErrorKind::Failed),
            ("ICAP/1.0 200 OK", ErrorKind::Failed),
            ("ICAP/1.0 404 Service not found", ErrorKind::Failed),
            ("ICAP/1.0 503 Busy", ErrorKind::Failed),
            ("ICAP/1.0 204 None", ErrorKind::Garbled),
            ("HTTP/1.1 200 OK\r\nMethods: RESPMOD", ErrorKind::Garbled),
            (
                "ICAP/1.0 200 OK\r\nMethods: RESPMOD\r\nISTag: \"CI0001-1B2M2Y8AsgTpgAmY7PhCfgAA\"",
                ErrorKind::Failed,
            ),
        ];
        for (text, expected) in table {
            assert_eq!(read(text).map_err(|error| error.kind), Err(expected), "{text}");
        }
    }
}
