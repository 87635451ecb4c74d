//! Reads XML into nodes. Cannot fail; what is wrong becomes a fault, and ends the
//! reading where nothing sound can follow.
//!
//! No entity is known but the five of XML itself, and nothing outside of the text
//! is looked at, whatever a DOCTYPE says.

use std::ops::Range;

use quick_xml::Reader;
use quick_xml::escape::{resolve_predefined_entity, unescape};
use quick_xml::events::{BytesRef, BytesStart, Event};

use super::Node;
use super::element::Element;
use crate::diagnostic::Diagnostic;
use crate::mta::faults::Faults;
use crate::text;

/// Longest file that is read: ten thousand channels stay far below.
const LONGEST: usize = 32 << 20;

/// How deep elements may be nested; paths have half a dozen steps.
const DEEPEST: usize = 64;

/// How many nodes are read: what fits in [`LONGEST`], and not into all memory.
const MOST: usize = 1_000_000;

/// How many steps one attribute may say; more stay in the last one.
const STEPS: usize = 8;

/// Elements whose name says nothing: the `name` attribute is the step.
const NAMELESS: [&str; 6] = ["option", "group", "set", "setting", "entry", "section"];

pub(super) fn read(path: &str, text: &str) -> (Vec<Node>, Vec<Diagnostic>) {
    let mut faults = Faults::new(path, text);
    let mut tree = Tree { text, nodes: Vec::new(), open: Vec::new(), counted: 0, line: 1 };
    if text.len() > LONGEST {
        let message = format!("a file of {} bytes", text.len());
        faults.error(0..0, message, format!("at most {LONGEST} are read: is this config.xml?"));
    } else {
        tree.read(&mut faults);
    }
    (tree.nodes, faults.into_list())
}

struct Tree<'t> {
    text: &'t str,
    nodes: Vec<Node>,
    open: Vec<Open>,
    /// Up to where lines are counted.
    counted: usize,
    line: usize,
}

/// An element whose end is still to come.
struct Open {
    /// Index of its node.
    node: usize,
    text: String,
    /// Where its text stands.
    span: Option<Range<usize>>,
}

/// Whether to go on.
enum Next {
    On,
    Stop,
}

impl Tree<'_> {
    fn read(&mut self, faults: &mut Faults) {
        let mut reader = Reader::from_str(self.text);
        loop {
            let start = offset(reader.buffer_position());
            let event = match reader.read_event() {
                Ok(event) => event,
                Err(error) => {
                    let at = offset(reader.error_position()).max(start);
                    let message = text::printable_str(&error.to_string(), text::SHOWN);
                    return faults.error(
                        at..at + 1,
                        message,
                        "the file is edited with `msconfig`, not by hand",
                    );
                }
            };
            let span = start..offset(reader.buffer_position());
            if let Next::Stop = self.event(&event, span, faults) {
                return;
            }
        }
    }

    fn event(&mut self, event: &Event, span: Range<usize>, faults: &mut Faults) -> Next {
        match event {
            Event::Start(tag) => return self.open(tag, span, faults),
            Event::Empty(tag) => {
                let next = self.open(tag, span, faults);
                self.close();
                return next;
            }
            Event::End(_) => self.close(),
            Event::Text(text) => self.push(&text.xml10_content(), span),
            Event::CData(text) => self.push(&text.xml10_content(), span),
            Event::GeneralRef(reference) => self.reference(reference, span, faults),
            Event::DocType(_) => faults.warning(
                span.start..span.start + 1,
                "a DOCTYPE, which is not looked at",
                "the file is written by `msconfig`, which needs none",
            ),
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
            Event::Eof => {
                if let Some(open) = self.open.first() {
                    let span = self.nodes.get(open.node).map_or(0..0, |node| node.span.clone());
                    faults.error(span, "an element without its end", "is the file cut off?");
                }
                return Next::Stop;
            }
        }
        Next::On
    }

    fn open(&mut self, tag: &BytesStart, span: Range<usize>, faults: &mut Faults) -> Next {
        if self.open.len() == DEEPEST || self.nodes.len() > MOST {
            let message = format!("more than {DEEPEST} elements within each other, or {MOST} in all");
            faults.error(span.start..span.start + 1, message, "is this config.xml?");
            return Next::Stop;
        }
        let newlines = self.text.get(self.counted..span.start).unwrap_or_default();
        self.line += newlines.bytes().filter(|byte| *byte == b'\n').count();
        self.counted = span.start;
        let mut element = Element::default();
        for attribute in tag.attributes().with_checks(false) {
            let Ok(attribute) = attribute else {
                faults.error(span.clone(), "an attribute that cannot be read", "write `name=\"value\"`");
                break;
            };
            let Ok(value) = unescape(&attribute.value) else {
                faults.error(span.clone(), UNKNOWN, "only &lt; &gt; &amp; &quot; &apos; are known");
                continue;
            };
            element.attribute(local(attribute.key.into_inner()), &value);
        }
        self.element(local(tag.name().into_inner()), element, &span);
        Next::On
    }

    /// Puts in an element and its attributes.
    fn element(&mut self, tag: &str, element: Element, span: &Range<usize>) {
        let Element { instances, value, others } = element;
        let mut instances = instances.into_iter().map(|(_, text)| text);
        let mut node = Node { span: span.clone(), line: self.line, ..Node::default() };
        match instances.next() {
            Some(path) if NAMELESS.contains(&tag) => {
                // A whole path in one attribute: groups, and what is in them.
                let mut steps: Vec<&str> = path.splitn(STEPS, '.').collect();
                let last = steps.pop().unwrap_or_default();
                let mut around = self.open.last().map(|open| open.node);
                for step in steps {
                    let group = Node { is_group: true, ..node.clone() };
                    around = Some(self.add(Node { parent: around, ..named(group, step) }));
                }
                node = named(node, last);
                node.instance = node.instance.or(instances.next());
                node.parent = around;
            }
            instance => {
                tag.clone_into(&mut node.name);
                node.instance = instance;
                node.parent = self.open.last().map(|open| open.node);
            }
        }
        node.value = value.unwrap_or_default();
        let index = self.add(node.clone());
        for (name, value) in others {
            let child = Node { name, value, instance: None, parent: Some(index), ..node.clone() };
            self.add(child);
        }
        self.open.push(Open { node: index, text: String::new(), span: None });
    }

    fn add(&mut self, node: Node) -> usize {
        if let Some(parent) = node.parent.and_then(|parent| self.nodes.get_mut(parent)) {
            parent.is_group = true;
        }
        self.nodes.push(node);
        self.nodes.len() - 1
    }

    fn push(&mut self, piece: &str, span: Range<usize>) {
        let Some(open) = self.open.last_mut() else { return };
        open.text.push_str(piece);
        // Blanks before and after the text are none of it.
        if !piece.trim().is_empty() {
            let start = open.span.as_ref().map_or(span.start, |whole| whole.start);
            open.span = Some(start..span.end);
        }
    }

    fn reference(&mut self, reference: &BytesRef, span: Range<usize>, faults: &mut Faults) {
        let character = reference.resolve_char_ref().ok().flatten().map(String::from);
        let name = reference.xml10_content();
        match character.or_else(|| resolve_predefined_entity(&name).map(str::to_owned)) {
            Some(text) => self.push(&text, span),
            None => faults.error(span, UNKNOWN, "only &lt; &gt; &amp; &quot; &apos; are known"),
        }
    }

    fn close(&mut self) {
        let Some(open) = self.open.pop() else { return };
        let Some(node) = self.nodes.get_mut(open.node) else { return };
        if let Some(span) = open.span {
            open.text.trim().clone_into(&mut node.value);
            node.span = span;
        }
    }
}

const UNKNOWN: &str = "an entity that is not known";

/// `node` with the name and the instance of `channel:conversion`.
fn named(mut node: Node, step: &str) -> Node {
    let (name, instance) = step.split_once(':').map_or((step, None), |(name, rest)| (name, Some(rest)));
    name.clone_into(&mut node.name);
    node.instance = instance.map(str::to_owned);
    node
}

/// A name without its namespace.
fn local(name: &str) -> &str {
    name.rsplit_once(':').map_or(name, |(_, name)| name)
}

/// A place as a `usize`: the text is in memory, so it is one.
fn offset(position: u64) -> usize {
    usize::try_from(position).unwrap_or(usize::MAX)
}
