//! `Encapsulated`: which parts an answer has, and where. Fails for what no
//! answer to `RESPMOD` may have. Source: RFC 3507, 4.4.1.

use super::head::Head;

/// The parts of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Encapsulated {
    /// Size of the HTTP header; `None` where there is none.
    pub(super) head: Option<u64>,
    /// What follows it.
    pub(super) body: Body,
}

/// What follows the header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Body {
    /// Nothing.
    Null,
    /// A body in chunks.
    Chunked,
}

impl Encapsulated {
    /// Reads the field; `Ok(None)` where there is none.
    pub(super) fn read(head: &Head) -> Result<Option<Self>, String> {
        let mut values = head.values("encapsulated");
        let Some(value) = values.next() else { return Ok(None) };
        let value = String::from_utf8_lossy(value).to_ascii_lowercase();
        match Self::parse(&value) {
            Some(parts) if values.next().is_none() => Ok(Some(parts)),
            Some(_) => Err("`Encapsulated` twice".to_owned()),
            None => Err(format!("no answer to RESPMOD has `Encapsulated: {value}`")),
        }
    }

    fn parse(value: &str) -> Option<Self> {
        let parts: Option<Vec<(&str, u64)>> = value.split(',').map(part).collect();
        let (head, (name, at)) = match parts?.as_slice() {
            [body] => (None, *body),
            [("res-hdr", 0), body] => (Some(body.1), *body),
            _ => return None,
        };
        let body = match name {
            "res-body" => Body::Chunked,
            "null-body" => Body::Null,
            _ => return None,
        };
        (head.is_some() || at == 0).then_some(Self { head, body })
    }
}

fn part(text: &str) -> Option<(&str, u64)> {
    let (name, offset) = text.split_once('=')?;
    let digits = offset.trim();
    let plain = !digits.is_empty() && digits.len() < 10 && digits.bytes().all(|byte| byte.is_ascii_digit());
    if plain { Some((name.trim(), digits.parse().ok()?)) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_an_answer_may_have_is_taken() {
        let found = |head, body| Some(Encapsulated { head, body });
        let table = [
            ("res-hdr=0, res-body=131", found(Some(131), Body::Chunked)),
            ("res-hdr=0,null-body=131", found(Some(131), Body::Null)),
            ("res-hdr=0, null-body=0", found(Some(0), Body::Null)),
            ("res-body=0", found(None, Body::Chunked)),
            ("null-body=0", found(None, Body::Null)),
            ("null-body=5", None),
            ("res-body=5", None),
            ("res-hdr=1, res-body=131", None),
            ("res-hdr=0", None),
            ("res-body=0, res-hdr=0", None),
            ("req-hdr=0, res-hdr=10, res-body=20", None),
            ("req-hdr=0, null-body=20", None),
            ("res-hdr=0, req-body=20", None),
            ("res-hdr=0, res-body=-1", None),
            ("res-hdr=0, res-body=+1", None),
            ("res-hdr=0, res-body=99999999999999999999", None),
            ("res-hdr=0, res-body=", None),
            ("res-hdr=0; res-body=1", None),
            ("", None),
        ];
        for (value, expected) in table {
            assert_eq!(Encapsulated::parse(value), expected, "{value}");
        }
    }
}
