//! Places in our own configuration, and what could be written there. Cannot fail;
//! what is not in the file has no place.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::config::key::{self, Key};
use crate::doctor::at::{At, Mend};
use crate::doctor::setup::Own;

/// Our own configuration, taken apart once more for its places.
#[derive(Debug)]
pub struct Places<'s> {
    own: &'s Own,
    document: Spanned<DeTable<'s>>,
}

/// A value of the file.
#[derive(Clone, Copy, Debug)]
pub struct Value<'s, 'p> {
    /// Where it stands.
    pub at: At<'s>,
    value: &'p DeValue<'s>,
}

impl<'s> Places<'s> {
    /// Of a file without faults.
    pub fn new(own: &'s Own) -> Self {
        Self { own, document: DeTable::parse_recoverable(&own.text).0 }
    }

    /// The value of `key` in the table that it stands in once.
    pub fn key(&self, key: Key) -> Option<Value<'s, '_>> {
        self.value(self.table(key.table())?.get(key.name())?)
    }

    /// The keys of the table `key` with their values; none if it is no table.
    pub fn keys(&self, key: Key) -> Vec<(String, Value<'s, '_>)> {
        let inner = self.key(key).and_then(|found| found.value.as_table());
        let pairs = inner.into_iter().flat_map(|table| table.iter());
        pairs.filter_map(|(name, value)| Some((name.get_ref().to_string(), self.value(value)?))).collect()
    }

    /// The value of `key` in the `index`th `[[engine]]`.
    pub fn engine(&self, index: usize, key: Key) -> Option<Value<'s, '_>> {
        self.value(self.engine_table(index)?.get(key.name())?)
    }

    /// Where the name of the `index`th engine stands, which each must have.
    pub fn engine_at(&self, index: usize) -> At<'s> {
        self.engine(index, key::ENGINE_NAME).map_or_else(|| self.at(0..0), |name| name.at)
    }

    /// What gives `key` of the `index`th engine this value.
    pub fn set_engine(&self, index: usize, key: Key, value: &str) -> Mend {
        Mend::Edit(match self.engine(index, key) {
            Some(found) => found.at.replace(value),
            None => self.engine_at(index).below(&format!("{} = {value}", key.name())),
        })
    }

    fn table(&self, name: &str) -> Option<&DeTable<'s>> {
        self.document.get_ref().get(name)?.get_ref().as_table()
    }

    fn engine_table(&self, index: usize) -> Option<&DeTable<'s>> {
        let engines = self.document.get_ref().get(key::ENGINE_NAME.table())?.get_ref().as_array()?;
        engines.get(index)?.get_ref().as_table()
    }

    fn value<'p>(&self, value: &'p Spanned<DeValue<'s>>) -> Option<Value<'s, 'p>> {
        Some(Value { at: self.at(value.span()), value: value.get_ref() })
    }

    fn at(&self, span: Range<usize>) -> At<'s> {
        At::new(&self.own.path, &self.own.text, span)
    }
}

impl Value<'_, '_> {
    /// Its text, if it is one.
    pub fn text(&self) -> Option<&str> {
        self.value.as_str()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    #[test]
    fn keys_have_their_places() {
        let text = "[[engine]]\nname = \"a\"\ntype = \"clamd\"\naddress = \"unix:/s\"\n\n\
                    [policy.error]\ndefault = \"hold\"\n\n[[engine]]\nname = \"b\"\nlargest = \"1M\"\n";
        let own = Own { path: "c".to_owned(), text: text.to_owned(), config: Config::default() };
        let places = Places::new(&own);
        let text = |value: Option<Value<'_, '_>>| value.map(|value| value.at.text().to_owned());
        assert_eq!(text(places.engine(1, key::ENGINE_LARGEST)).as_deref(), Some("\"1M\""));
        assert_eq!(text(places.engine(0, key::ENGINE_LARGEST)), None);
        assert_eq!(text(places.engine(2, key::ENGINE_NAME)), None);
        assert_eq!(places.engine_at(1).text(), "\"b\"");
        // A table is no text.
        assert!(places.key(key::POLICY_ERROR).is_some_and(|value| value.text().is_none()));
        let keys = places.keys(key::POLICY_ERROR);
        assert_eq!(keys.len(), 1);
        assert_eq!((keys[0].0.as_str(), keys[0].1.text()), ("default", Some("hold")));
        assert!(places.keys(key::POLICY_UNSCANNABLE).is_empty());
        let lines = |mend| match mend {
            Mend::Edit(mut edit) => {
                edit.count(&own.text);
                (edit.line, edit.lines)
            }
            Mend::Write(lines) => (0, lines),
        };
        assert_eq!(
            lines(places.set_engine(0, key::ENGINE_LARGEST, "\"2M\"")),
            (3, "largest = \"2M\"".to_owned())
        );
        assert_eq!(
            lines(places.set_engine(1, key::ENGINE_LARGEST, "\"2M\"")),
            (11, "largest = \"2M\"".to_owned())
        );
    }
}
