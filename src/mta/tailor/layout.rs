//! Where each release puts its files, for a server whose tailor is still to be
//! found or does not say it. Cannot fail: a table.

use super::file::{File, Product};

/// Places, the likeliest first: below the server's directory, that itself if empty, or
/// absolute.
type Places = &'static [&'static str];

/// Where PMDF has its configuration by default.
pub(super) const PMDF_TABLE: &str = "/pmdf/table/";

/// Where a server is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Base {
    /// In this directory.
    Directory(&'static str),
    /// In every directory of `parent` whose name begins with `prefix`; what follows
    /// is the name of the instance. Who looks for servers lists `parent`.
    Instances {
        /// The directory of all instances.
        parent: &'static str,
        /// What their names begin with.
        prefix: &'static str,
    },
}

/// Where some releases have their files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// Which ones.
    pub releases: &'static str,
    /// Where they are installed by default.
    pub base: Base,
    /// The accounts that they run as by default, the likeliest first.
    pub accounts: Places,
    product: Product,
    tailors: Places,
    config: Places,
    queue: Places,
    log: Places,
    image: Places,
    programs: Places,
}

/// 6 2005Q4 Administration Guide, table 1-1: config, log, data, sbin. The 6.3
/// Administration Reference says imta/lib/config_data for what is compiled, and
/// "Special symbolic names" that libraries are in lib; both are tried. mailsrv:
/// 6.3 Administration Reference, chapter 2; inetuser: 6 2005Q4 Administration Guide.
const SIX: Layout = Layout {
    releases: "6 (Solaris)",
    base: Base::Directory("/opt/SUNWmsgsr"),
    accounts: &["mailsrv", "inetuser"],
    product: Product::Imta,
    tailors: &["config/imta_tailor"],
    config: &["config"],
    queue: &["data/queue"],
    log: &["log", "data/log"],
    image: &["lib/config_data", "imta/lib/config_data"],
    programs: &["sbin"],
};

/// MS Technical Reference, "MTA Tailor options" and "Special symbolic names";
/// programs: bin in 8.0 System Administrator's Guide, "Command-Line Reference",
/// sbin in 7.
const SEVEN: Layout = Layout {
    releases: "7, 8",
    base: Base::Directory("/opt/sun/comms/messaging64"),
    accounts: &["mailsrv"],
    programs: &["bin", "sbin"],
    ..SIX
};

impl Layout {
    /// All of them, the latest first.
    pub const ALL: [Self; 7] = [
        SEVEN,
        // Seen in administrators' scripts for 7; no manual at hand names it.
        Self { releases: "7 (32 bit)", base: Base::Directory("/opt/sun/comms/messaging"), ..SEVEN },
        SIX,
        // 6.3 Administration Guide, table P-3.
        Self { releases: "6 (Linux)", base: Base::Directory("/opt/sun/messaging"), ..SIX },
        // 5.0 Reference Manual, table 5-1; the include example of the 6.3 manual still has
        // msg-tango/table. Account and compiled file are inferred from what 6 says.
        Self {
            releases: "5",
            base: Base::Instances { parent: "/usr/iplanet/server5", prefix: "msg-" },
            accounts: &["mailsrv"],
            tailors: &["imta/config/imta_tailor", "table/imta_tailor"],
            config: &["imta/config", "table"],
            queue: &["imta/queue"],
            log: &["log/imta"],
            image: &["imta/lib/config_data"],
            programs: &[""],
            ..SIX
        },
        // SIMS 4.0 Reference Manual, "Tailor File", "imta cnbuild", chapter 1. Who names the
        // directory of the configuration as the server's, whichever release, is understood.
        Self {
            releases: "SIMS 4",
            base: Base::Directory("/opt/SUNWmail/imta"),
            accounts: &["inetmail"],
            tailors: &["/etc/opt/SUNWmail/imta/imta_tailor", "imta_tailor"],
            config: &["/etc/opt/SUNWmail/imta", ""],
            queue: &["/var/opt/SUNWmail/imta/queue"],
            log: &["/var/opt/SUNWmail/imta/log"],
            image: &["lib/config_data"],
            programs: &["/opt/SUNWmail/sbin"],
            ..SIX
        },
        // PMDF 6.8 System Manager's Guide, 1.7, 7.1, 8.1, 33.2.3.
        Self {
            releases: "PMDF",
            base: Base::Directory("/pmdf"),
            accounts: &["pmdf"],
            product: Product::Pmdf,
            tailors: &["/etc/pmdf_tailor", "table/pmdf_tailor"],
            config: &["table"],
            queue: &["queue"],
            log: &["log"],
            image: &["lib/config_data"],
            programs: &["bin"],
        },
    ];

    /// Where the tailor of the server in `base` may be. An absolute place is only that
    /// of a server in its usual directory: another one may stand beside it.
    pub fn tailors(&self, base: &str) -> impl Iterator<Item = String> {
        self.within(base, self.tailors)
    }

    /// Where `file` of the server in `base` may be, the likeliest place first.
    pub fn paths(&self, base: &str, file: File) -> impl Iterator<Item = String> {
        let places = match file {
            File::Queue => self.queue,
            File::Log => self.log,
            File::ConfigData => self.image,
            File::Config | File::Mappings | File::Conversions | File::JobController => self.config,
            File::Options | File::Dispatcher | File::ConfigXml | File::Restricted => self.config,
        };
        let name = file.name(self.product).map_or(String::new(), |name| format!("/{name}"));
        self.within(base, places).map(move |place| place + &name)
    }

    #[cfg(any(test, feature = "testing"))]
    /// Where the commands for administrators of the server in `base` may be.
    pub fn programs(&self, base: &str) -> impl Iterator<Item = String> {
        self.within(base, self.programs)
    }

    fn within(&self, base: &str, places: Places) -> impl Iterator<Item = String> {
        let base = base.trim_end_matches('/').to_owned();
        let is_usual = matches!(self.base, Base::Directory(usual) if usual == base);
        places.iter().filter_map(move |place| match *place {
            "" => Some(base.clone()),
            place if place.starts_with('/') => is_usual.then(|| place.to_owned()),
            place => Some(format!("{base}/{place}")),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(releases: &str) -> Layout {
        *Layout::ALL.iter().find(|layout| layout.releases == releases).unwrap()
    }

    #[test]
    fn each_release_has_its_places() {
        let table: [(&str, &str, File, &[&str]); 12] = [
            ("7, 8", "/m", File::Config, &["/m/config/imta.cnf"]),
            ("7, 8", "/m/", File::ConfigXml, &["/m/config/config.xml"]),
            ("6 (Linux)", "/m", File::Log, &["/m/log", "/m/data/log"]),
            ("6 (Solaris)", "/m", File::Queue, &["/m/data/queue"]),
            ("5", "/s/msg-a", File::Mappings, &["/s/msg-a/imta/config/mappings", "/s/msg-a/table/mappings"]),
            ("5", "/s/msg-a", File::Log, &["/s/msg-a/log/imta"]),
            (
                "SIMS 4",
                "/opt/SUNWmail/imta",
                File::Conversions,
                &["/etc/opt/SUNWmail/imta/conversions", "/opt/SUNWmail/imta/conversions"],
            ),
            ("SIMS 4", "/opt/SUNWmail/imta/", File::Queue, &["/var/opt/SUNWmail/imta/queue"]),
            ("SIMS 4", "/copy", File::Queue, &[]),
            ("SIMS 4", "/copy", File::Options, &["/copy/option.dat"]),
            ("PMDF", "/pmdf", File::Config, &["/pmdf/table/pmdf.cnf"]),
            ("PMDF", "/pmdf", File::ConfigData, &["/pmdf/lib/config_data"]),
        ];
        for (releases, base, file, expected) in table {
            let found: Vec<_> = layout(releases).paths(base, file).collect();
            assert_eq!(found, expected, "{releases}, {file:?}");
        }
        assert_eq!(layout("5").programs("/s/msg-a").collect::<Vec<_>>(), ["/s/msg-a"]);
        assert_eq!(layout("7, 8").programs("/m").collect::<Vec<_>>(), ["/m/bin", "/m/sbin"]);
    }

    #[test]
    fn a_tailor_is_looked_for_where_its_server_is() {
        let tailors = |base: &str| {
            let mut found: Vec<_> = Layout::ALL.iter().flat_map(|layout| layout.tailors(base)).collect();
            found.dedup();
            found
        };
        let below = [
            "/x/config/imta_tailor",
            "/x/imta/config/imta_tailor",
            "/x/table/imta_tailor",
            "/x/imta_tailor",
            "/x/table/pmdf_tailor",
        ];
        assert_eq!(tailors("/x"), below);
        assert!(tailors("/pmdf").contains(&"/etc/pmdf_tailor".to_owned()));
    }
}
