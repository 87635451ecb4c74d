//! The kinds of files that a set-up consists of, and what became of each. Cannot
//! fail.

use std::path::PathBuf;

/// A kind of file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// imta_tailor: where the server has its files.
    Tailor,
    /// config.xml.
    ConfigXml,
    /// imta.cnf.
    Imta,
    /// job_controller.cnf.
    JobController,
    /// option.dat.
    Options,
    /// dispatcher.cnf.
    Dispatcher,
    /// mappings.
    Mappings,
    /// conversions.
    Conversions,
    /// clamd.conf.
    Clamd,
    /// freshclam.conf.
    Freshclam,
    /// c-icap.conf.
    Icap,
    /// What `imsimta qm summarize` printed.
    Summary,
    /// What `imsimta counters -show` printed.
    Counters,
    /// Our own configuration.
    Own,
}

/// Whether a set-up works without the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Want {
    /// Somebody named it, or nothing works without it.
    Needed,
    /// It need not be there.
    Optional,
}

/// A file that was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// What it is.
    pub role: Role,
    /// Where it is on this machine.
    pub path: PathBuf,
    /// What became of it.
    pub outcome: Outcome,
}

/// What became of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was read.
    Read,
    /// There is none, and none is needed.
    Absent,
    /// There is none, though one is needed.
    Missing,
    /// It could not be read; why.
    Unreadable(String),
}

impl Role {
    #[cfg(any(test, feature = "testing"))]
    /// All of them, in the order in which findings about them are shown.
    pub const ALL: [Self; 14] = [
        Self::Tailor,
        Self::ConfigXml,
        Self::Imta,
        Self::JobController,
        Self::Options,
        Self::Dispatcher,
        Self::Mappings,
        Self::Conversions,
        Self::Clamd,
        Self::Freshclam,
        Self::Icap,
        Self::Summary,
        Self::Counters,
        Self::Own,
    ];

    /// Whether it belongs to the mail server.
    pub fn is_servers(self) -> bool {
        match self {
            Self::Tailor | Self::ConfigXml | Self::Imta | Self::JobController | Self::Options => true,
            Self::Dispatcher | Self::Mappings | Self::Conversions => true,
            Self::Clamd | Self::Freshclam | Self::Icap | Self::Own => false,
            // It was printed, and says nothing of where the server is.
            Self::Summary | Self::Counters => false,
        }
    }

    /// Whether config.xml stands in its place.
    pub fn is_replaced(self) -> bool {
        match self {
            Self::Imta | Self::JobController | Self::Options | Self::Mappings | Self::Conversions => true,
            Self::Tailor | Self::ConfigXml | Self::Dispatcher => false,
            Self::Clamd | Self::Freshclam | Self::Icap | Self::Own => false,
            Self::Summary | Self::Counters => false,
        }
    }

    /// The name that such a file has as a rule.
    pub fn name(self) -> &'static str {
        match self {
            Self::Tailor => "imta_tailor",
            Self::ConfigXml => "config.xml",
            Self::Imta => "imta.cnf",
            Self::JobController => "job_controller.cnf",
            Self::Options => "option.dat",
            Self::Dispatcher => "dispatcher.cnf",
            Self::Mappings => "mappings",
            Self::Conversions => "conversions",
            Self::Clamd => "clamd.conf",
            Self::Freshclam => "freshclam.conf",
            Self::Icap => "c-icap.conf",
            Self::Summary => "qm summarize",
            Self::Counters => "counters",
            Self::Own => "convscan.toml",
        }
    }
}
