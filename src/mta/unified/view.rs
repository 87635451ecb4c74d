//! What rules ask of a Unified Configuration: channels, pools, mapping tables, the
//! conversions entries. Cannot fail.

use std::collections::HashMap;

use super::{Node, Unified};

/// The options of one channel, of all roles and instances.
#[derive(Clone, Debug)]
pub struct UnifiedChannel<'a> {
    /// Its name.
    pub name: &'a str,
    /// In the order of the file.
    pub options: Vec<&'a Node>,
    unified: &'a Unified,
}

impl<'a> UnifiedChannel<'a> {
    /// The option called `name`, whatever the case: an instance's before a
    /// role's, and the last one of several.
    pub fn option(&self, name: &str) -> Option<&'a Node> {
        let called = |node: &&Node| node.name.eq_ignore_ascii_case(name);
        let fitting: Vec<&Node> = self.options.iter().copied().filter(called).collect();
        self.unified.preferred(&fitting)
    }
}

/// A pool of the Job Controller.
#[derive(Clone, Debug)]
pub struct UnifiedPool<'a> {
    /// Its name.
    pub name: &'a str,
    /// How many processes it may have at once.
    pub job_limit: Option<&'a Node>,
}

/// A mapping table.
#[derive(Clone, Debug)]
pub struct UnifiedMapping<'a> {
    /// Its name.
    pub name: &'a str,
    /// In the order of trial.
    pub rules: Vec<UnifiedRule<'a>>,
}

/// A rule of a mapping table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnifiedRule<'a> {
    /// The first column.
    pub pattern: &'a str,
    /// The second column; may be empty.
    pub template: &'a str,
    /// Where it stands.
    pub node: &'a Node,
}

impl Unified {
    /// The channels in the order of the file.
    pub fn channels(&self) -> Vec<UnifiedChannel<'_>> {
        let named = |(name, options)| UnifiedChannel { name, options, unified: self };
        self.grouped("channel").into_iter().map(named).collect()
    }

    /// The channel called `name`, whatever the case.
    pub fn channel(&self, name: &str) -> Option<UnifiedChannel<'_>> {
        self.channels().into_iter().find(|channel| channel.name.eq_ignore_ascii_case(name))
    }

    /// The pools in the order of the file.
    pub fn pools(&self) -> Vec<UnifiedPool<'_>> {
        let mut pools = Vec::new();
        for (name, mut options) in self.grouped("job_pool") {
            options.retain(|node| node.name.eq_ignore_ascii_case("job_limit"));
            pools.push(UnifiedPool { name, job_limit: self.preferred(&options) });
        }
        pools
    }

    /// The mapping tables in the order of the file.
    pub fn mappings(&self) -> Vec<UnifiedMapping<'_>> {
        let mut found: Groups<UnifiedRule> = Groups::default();
        for (index, node) in self.nodes.iter().enumerate() {
            let Some(name) = self.owner(node, "mapping") else { continue };
            let Some(rules) = found.of(name) else { continue };
            if node.name.eq_ignore_ascii_case("rule") {
                self.rules(index, node, rules);
            }
        }
        found.list.into_iter().map(|(name, rules)| UnifiedMapping { name, rules }).collect()
    }

    /// All mapping tables as the text of a mappings file.
    pub fn mappings_text(&self) -> String {
        let mut text = String::new();
        for mapping in self.mappings() {
            text.extend([mapping.name, "\n\n"]);
            for rule in mapping.rules {
                text.extend([" ", rule.pattern, " ", rule.template, "\n"]);
            }
            text.push('\n');
        }
        text
    }

    /// The option that holds the text of the conversions file.
    pub fn conversions(&self) -> Option<&Node> {
        self.find("mta.conversions")
    }

    /// The options within each group `kind:NAME`.
    fn grouped(&self, kind: &str) -> Vec<(&str, Vec<&Node>)> {
        let mut found = Groups::default();
        for node in &self.nodes {
            let Some(name) = self.owner(node, kind) else { continue };
            let Some(options) = found.of(name) else { continue };
            let itself = node.name.eq_ignore_ascii_case(kind) && node.instance.is_some();
            if !itself && (!node.is_group || !node.value.is_empty()) {
                options.push(node);
            }
        }
        found.list
    }

    /// The NAME of the `kind:NAME` that `node` is, or is in.
    fn owner<'a>(&'a self, node: &'a Node, kind: &str) -> Option<&'a str> {
        self.around(node).find(|node| node.name.eq_ignore_ascii_case(kind))?.instance.as_deref()
    }

    /// The rules that a `rule` says, in whichever way.
    fn rules<'a>(&'a self, index: usize, node: &'a Node, rules: &mut Vec<UnifiedRule<'a>>) {
        let inside = self.nodes.iter().skip(index + 1).take_while(|node| node.parent >= Some(index));
        let mut pattern = None;
        let mut template = None;
        for node in inside {
            match node.name.as_str() {
                "pattern" => pattern = Some(node.value.as_str()),
                "template" => template = Some(node.value.as_str()),
                _ => {}
            }
        }
        let instance = node.instance.as_deref();
        // A number is the rule's place in the table.
        let named = instance.filter(|name| !name.bytes().all(|byte| byte.is_ascii_digit()));
        match pattern.or(named) {
            Some(pattern) => {
                let template = template.unwrap_or(&node.value);
                rules.push(UnifiedRule { pattern, template, node });
            }
            None => {
                let lines = node.value.lines().map(str::trim).filter(|line| !line.is_empty());
                rules.extend(lines.map(|line| {
                    let (pattern, template) = columns(line);
                    UnifiedRule { pattern, template, node }
                }));
            }
        }
    }
}

/// Both columns of a line; `"` around the first, or `$` before a blank, holds it
/// together.
fn columns(line: &str) -> (&str, &str) {
    if let Some((pattern, rest)) = line.strip_prefix('"').and_then(|rest| rest.split_once('"')) {
        return (pattern, rest.trim_start());
    }
    let mut quoted = false;
    for (at, c) in line.char_indices() {
        if c.is_whitespace() && !quoted {
            let (pattern, rest) = line.split_at(at);
            return (pattern, rest.trim_start());
        }
        quoted = c == '$' && !quoted;
    }
    (line, "")
}

/// Things by name, in the order in which the names are met.
struct Groups<'a, T> {
    list: Vec<(&'a str, Vec<T>)>,
    index: HashMap<String, usize>,
}

impl<T> Default for Groups<'_, T> {
    fn default() -> Self {
        Self { list: Vec::new(), index: HashMap::new() }
    }
}

impl<'a, T> Groups<'a, T> {
    /// The group called `name`, whatever the case, put in if it is new.
    fn of(&mut self, name: &'a str) -> Option<&mut Vec<T>> {
        let next = self.list.len();
        let at = *self.index.entry(name.to_ascii_lowercase()).or_insert(next);
        if at == next {
            self.list.push((name, Vec::new()));
        }
        self.list.get_mut(at).map(|(_, things)| things)
    }
}
