//! What the attributes of an element say: which instance it is, its value, other
//! options. Cannot fail.

/// Attributes that tell instances apart.
const INSTANCE: [&str; 4] = ["name", "id", "instance", "key"];

/// What the attributes of an element say.
#[derive(Default)]
pub(super) struct Element {
    /// In the order of [`INSTANCE`].
    pub(super) instances: Vec<(usize, String)>,
    pub(super) value: Option<String>,
    pub(super) others: Vec<(String, String)>,
}

impl Element {
    pub(super) fn attribute(&mut self, name: &str, value: &str) {
        if let Some(rank) = INSTANCE.iter().position(|known| *known == name) {
            let at = self.instances.partition_point(|(other, _)| *other <= rank);
            // One of each: a tag may repeat an attribute, and that costs.
            if self.instances.len() < INSTANCE.len() {
                self.instances.insert(at, (rank, value.to_owned()));
            }
        } else if name == "value" {
            self.value = Some(value.to_owned());
        } else if !name.starts_with("xml") {
            self.others.push((name.to_owned(), value.to_owned()));
        }
    }
}
