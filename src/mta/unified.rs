//! config.xml, the Unified Configuration of releases since 7.0.5. Cannot fail:
//! what is wrong becomes a fault.
//!
//! Known, from the System Administrator's Guide, "Overview of Unified
//! Configuration", and the MS Technical Reference, "Configuration syntax",
//! "Channel options", "Job Controller options", "CONVERSIONS mapping table": the
//! file is XML; an option has a path such as `channel:conversion.pool`,
//! `job_controller.job_pool:NAME.job_limit`, `mapping:CONVERSIONS.rule`,
//! `mta.conversions`; it belongs to a role or to an instance, and the latter
//! overrides the former; a rule has a pattern and a template.
//!
//! Inferred, for no such file was at hand: which elements and attributes make a
//! path. All of these do:
//!
//! ```xml
//! <channel name="conversion"><pool>X</pool></channel>
//! <channel name="conversion" pool="X"/>
//! <group name="channel" id="conversion"><option name="pool" value="X"/></group>
//! <option name="channel:conversion.pool">X</option>
//! ```
//!
//! That is: an element is a step of the path, with its `name` or `id` behind a
//! colon; of `option`, `group` and the like, the name is the step itself. Other
//! attributes are options. What is read from such a file is a hint, no proof.

mod element;
mod view;
mod xml;

#[cfg(test)]
mod tests;

use std::ops::Range;

pub use self::view::UnifiedChannel;
#[cfg(feature = "testing")]
pub use self::view::{UnifiedMapping, UnifiedPool, UnifiedRule};
use crate::diagnostic::Diagnostic;

/// Elements around the options that are no part of their path.
const LAYERS: [&str; 5] = ["role", "instance", "base", "config", "configuration"];

/// An element or an attribute.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Node {
    /// The step of the path.
    pub name: String,
    /// What stands behind the colon.
    pub instance: Option<String>,
    /// The text, without blanks around it; empty for a mere group, and for an
    /// option that has no value.
    pub value: String,
    /// Index of the node around it; always less than its own.
    pub parent: Option<usize>,
    /// There are nodes inside.
    pub is_group: bool,
    /// Bytes of the text, or of the start tag if there is none.
    pub span: Range<usize>,
    /// Line of the start tag, from 1.
    pub line: usize,
}

/// A file of Unified Configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unified {
    /// As it was named.
    pub path: String,
    /// All of it.
    pub text: String,
    /// In the order of the file: each node is followed by what is inside it.
    pub nodes: Vec<Node>,
}

impl Unified {
    /// Reads `text`, as far as it is sound.
    pub fn parse(path: &str, text: &str) -> (Self, Vec<Diagnostic>) {
        let (nodes, faults) = xml::read(path, text);
        (Self { path: path.to_owned(), text: text.to_owned(), nodes }, faults)
    }

    /// The options: every node with a value or with nothing inside.
    pub fn settings(&self) -> impl Iterator<Item = &Node> {
        self.nodes.iter().filter(|node| !node.is_group || !node.value.is_empty())
    }

    #[cfg(any(test, feature = "testing"))]
    /// The option's path, with `role` or `instance` in front where the file says
    /// so, without the outermost element.
    pub fn path_of(&self, node: &Node) -> String {
        let mut steps: Vec<String> = self
            .around(node)
            .filter(|node| node.parent.is_some())
            .map(|node| match &node.instance {
                Some(instance) => format!("{}:{instance}", node.name),
                None => node.name.clone(),
            })
            .collect();
        steps.reverse();
        steps.join(".")
    }

    /// The option with this path, such as `channel:conversion.pool`, whatever the
    /// case; an instance's before a role's, and the last one of several.
    pub fn find(&self, path: &str) -> Option<&Node> {
        let fitting: Vec<&Node> = self.settings().filter(|node| self.has_path(node, path)).collect();
        self.preferred(&fitting)
    }

    #[cfg(any(test, feature = "testing"))]
    /// A complaint about a node.
    pub fn complaint(&self, node: &Node, message: impl Into<String>) -> Diagnostic {
        Diagnostic::at(&self.path, &self.text, node.span.clone(), message)
    }

    /// The node and those around it, from the inside.
    fn around<'a>(&'a self, node: &'a Node) -> impl Iterator<Item = &'a Node> {
        std::iter::successors(Some(node), |node| self.nodes.get(node.parent?))
    }

    /// The last node of an instance, else the last one.
    fn preferred<'a>(&self, nodes: &[&'a Node]) -> Option<&'a Node> {
        let of_instance = |node: &&&Node| self.around(node).any(|node| node.name == "instance");
        nodes.iter().rev().find(of_instance).or(nodes.last()).copied()
    }

    fn has_path(&self, node: &Node, path: &str) -> bool {
        let mut rest = Some(path);
        for step in self.around(node) {
            // What is left of the path fits this step, or the path is used up.
            match rest {
                None if step.parent.is_none() || LAYERS.contains(&step.name.as_str()) => {}
                None => return false,
                Some(path) => {
                    let Some(left) = without_step(path, step) else { return false };
                    rest = if left.is_empty() { None } else { left.strip_suffix('.') };
                    if rest.is_none() && !left.is_empty() {
                        return false;
                    }
                }
            }
        }
        rest.is_none()
    }
}

/// `path` without its last step, if that is `step`.
fn without_step<'a>(path: &'a str, step: &Node) -> Option<&'a str> {
    let path = match &step.instance {
        Some(instance) => without_end(path, instance)?.strip_suffix(':')?,
        None => path,
    };
    without_end(path, &step.name)
}

fn without_end<'a>(path: &'a str, end: &str) -> Option<&'a str> {
    let at = path.len().checked_sub(end.len())?;
    path.get(at..)?.eq_ignore_ascii_case(end).then(|| path.get(..at))?
}
