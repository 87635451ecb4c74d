//! Microsoft's envelope around attachments, mostly called `winmail.dat`,
//! [MS-OXTNEF]. Cannot fail. It counts by its signature, as its type says it to
//! nobody who could not see for himself.

use super::Kind;
use super::basket::{Basket, MOST_ITEMS, MOST_NAMES};
use super::mapi::{Value, properties};
use super::reader::Reader;
use crate::mail::field;

/// 0x223E9F78 in the order of Intel, [MS-OXTNEF] 2.1.3.1.
pub(super) const SIGNATURE: [u8; 4] = [0x78, 0x9F, 0x3E, 0x22];

// Attributes: [MS-OXTNEF] 2.1.3.2.
const BODY: u32 = 0x0002_800C;
const MESSAGE_PROPERTIES: u32 = 0x0006_9003;
const ATTACH_REND_DATA: u32 = 0x0006_9002;
const ATTACH_TITLE: u32 = 0x0001_8010;
const ATTACH_DATA: u32 = 0x0006_800F;
const ATTACHMENT: u32 = 0x0006_9005;

/// Bodies: PidTagBody, PidTagRtfCompressed, PidTagHtml; [MS-OXPROPS].
const BODIES: [u16; 3] = [0x1000, 0x1009, 0x1013];

/// PidTagAttachDataBinary and PidTagAttachDataObject.
const CONTENT: u16 = 0x3701;

/// PidTagAttachFilename, its long form, the same with a path and its long form,
/// PidTagAttachTransportName, PidTagDisplayName.
const NAMES: [u16; 6] = [0x3704, 0x3707, 0x3708, 0x370D, 0x370C, 0x3001];

/// Whether `content` is TNEF.
pub(super) fn is_signed(content: &[u8]) -> bool {
    content.starts_with(&SIGNATURE)
}

/// What is known of one attachment.
#[derive(Default)]
struct Attachment<'a> {
    names: Vec<String>,
    contents: Vec<Value<'a>>,
}

/// Longest name that is read, in bytes of its value.
const LONGEST_NAME: usize = 64 * 1024;

pub(super) fn read(content: &[u8], _: &str, basket: &mut Basket<'_>) {
    let Some(rest) = content.strip_prefix(&SIGNATURE) else { return };
    let mut reader = Reader::new(rest);
    reader.up_to(2);
    let mut attachment = Attachment::default();
    while let Some((id, data)) = attribute(&mut reader) {
        match id {
            ATTACH_REND_DATA => attachment.close(basket),
            ATTACH_TITLE => attachment.name(Value::plain(data), basket),
            ATTACH_DATA => attachment.content(Value::plain(data), basket),
            ATTACHMENT => properties(data, |property| match property.id {
                CONTENT => attachment.content(property.value, basket),
                id if NAMES.contains(&id) => attachment.name(property.value, basket),
                _ => (),
            }),
            MESSAGE_PROPERTIES => properties(data, |property| {
                if BODIES.contains(&property.id) {
                    put(Vec::new(), property.value, basket);
                }
            }),
            BODY => put(Vec::new(), Value::plain(data), basket),
            _ => (),
        }
    }
    attachment.close(basket);
}

fn put(names: Vec<String>, value: Value<'_>, basket: &mut Basket<'_>) {
    if basket.is_open() {
        basket.put(Kind::Tnef, names, "", &|take| value.decode(take));
    }
}

/// The next attribute: level, ID, length, data, checksum. The checksum is passed
/// over, and of data that was cut off there is what is left.
fn attribute<'a>(reader: &mut Reader<'a>) -> Option<(u32, &'a [u8])> {
    reader.u8()?;
    let id = reader.u32_le()?;
    let length = reader.u32_le()?;
    let data = reader.up_to(length as usize);
    reader.up_to(2);
    Some((id, data))
}

impl<'a> Attachment<'a> {
    fn content(&mut self, content: Value<'a>, basket: &mut Basket<'_>) {
        if self.contents.len() == MOST_ITEMS {
            basket.overflow();
        } else if !content.is_empty() {
            self.contents.push(content);
        }
    }

    fn name(&mut self, raw: Value<'_>, basket: &mut Basket<'_>) {
        let raw = raw.start(LONGEST_NAME);
        let end = raw.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
        if self.names.len() < MOST_NAMES && raw.len() < LONGEST_NAME {
            self.names.push(field::file_name(raw.get(..end).unwrap_or_default()));
        } else {
            basket.overflow();
        }
    }

    /// Hands over the contents under all the names: which of them a program takes
    /// is not known.
    fn close(&mut self, basket: &mut Basket<'_>) {
        for content in self.contents.drain(..) {
            put(self.names.clone(), content, basket);
        }
        self.names.clear();
    }
}
