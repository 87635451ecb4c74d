//! The values that `PARAMETER-SYMBOL-n` and `DPARAMETER-SYMBOL-n` pick. Cannot
//! fail: what is absent is left out.
//!
//! The manuals contradict each other. 6 2005Q4 and the Japanese 6.3 guide: the
//! n-th parameter of the field. The English 6.3 guide, 13.5.3.2: the parameter
//! called like the symbol. Both readings are here.

use super::choose::PartParameter;
use super::{Entry, Section};

/// Which parameter of a header field a symbol stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SymbolReading {
    /// The one at place `n`, from 0.
    ByPosition,
    /// The one with the symbol's name, whatever the case.
    ByName,
}

impl Entry {
    /// Symbols and their values for a part with these parameters of Content-type
    /// and Content-disposition.
    pub fn symbols(
        &self,
        content_type: &[PartParameter],
        disposition: &[PartParameter],
        reading: SymbolReading,
    ) -> Vec<(String, Vec<u8>)> {
        let value = |symbol: &super::Numbered| {
            let list = match symbol.section {
                Section::ContentType => content_type,
                Section::Disposition => disposition,
            };
            let name = &symbol.value.text;
            let found = match reading {
                SymbolReading::ByPosition => list.get(usize::try_from(symbol.number).ok()?),
                SymbolReading::ByName => list.iter().find(|p| p.name.eq_ignore_ascii_case(name.as_bytes())),
            };
            Some((name.clone(), found?.value.clone()))
        };
        self.passing.symbols.iter().filter_map(value).collect()
    }
}
