//! What a tailor calls the files of a server, and what they are called by default.
//! Cannot fail: tables.

/// Whose file it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Product {
    #[default]
    Imta,
    Pmdf,
}

impl Product {
    /// What its names begin with.
    pub(super) fn prefix(self) -> &'static str {
        match self {
            Self::Imta => "IMTA_",
            Self::Pmdf => "PMDF_",
        }
    }
}

/// A file or directory of the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum File {
    /// imta.cnf, of PMDF pmdf.cnf.
    Config,
    /// mappings.
    Mappings,
    /// conversions.
    Conversions,
    /// job_controller.cnf.
    JobController,
    /// option.dat.
    Options,
    /// dispatcher.cnf.
    Dispatcher,
    /// The directory of the queues.
    Queue,
    /// The directory of the logs.
    #[cfg_attr(not(any(test, feature = "testing")), expect(dead_code))]
    Log,
    /// What `cnbuild` made of the configuration.
    ConfigData,
    /// config.xml, of Unified Configuration.
    ConfigXml,
    /// restricted.cnf, of Unified Configuration: the accounts.
    #[cfg_attr(not(any(test, feature = "testing")), expect(dead_code))]
    Restricted,
}

impl File {
    /// What the tailor calls it, behind `IMTA_`.
    pub(super) fn option(self) -> Option<&'static str> {
        Some(match self {
            Self::Config => "CONFIG_FILE",
            Self::Mappings => "MAPPING_FILE",
            Self::Conversions => "CONVERSION_FILE",
            Self::JobController => "JBC_CONFIG_FILE",
            Self::Options => "OPTION_FILE",
            Self::Dispatcher => "DISPATCHER_CONFIG",
            Self::Queue => "QUEUE",
            Self::Log => "LOG",
            Self::ConfigData => "CONFIG_DATA",
            Self::ConfigXml | Self::Restricted => return None,
        })
    }

    /// What it is called in the directory of the configuration, if it is there.
    pub(super) fn name(self, product: Product) -> Option<&'static str> {
        Some(match self {
            Self::Config => match product {
                Product::Imta => "imta.cnf",
                Product::Pmdf => "pmdf.cnf",
            },
            Self::Mappings => "mappings",
            Self::Conversions => "conversions",
            Self::JobController => "job_controller.cnf",
            Self::Options => "option.dat",
            Self::Dispatcher => "dispatcher.cnf",
            Self::ConfigXml => "config.xml",
            Self::Restricted => "restricted.cnf",
            Self::Queue | Self::Log | Self::ConfigData => return None,
        })
    }
}
