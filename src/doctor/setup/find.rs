//! Where the files of a set-up are: as the command line says, else as the tailor
//! file says, else where each release has them. Cannot fail; what is not found is
//! not in the plan.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::file::{Role, Want};
use crate::mta::tailor::{Base, File, Layout, Tailor};
use crate::os::look;

/// What the command line names.
#[derive(Clone, Debug, Default)]
pub struct Named {
    /// imta_tailor.
    pub tailor: Option<PathBuf>,
    /// The server's directory.
    pub root: Option<PathBuf>,
    /// Single files.
    pub files: Vec<(Role, PathBuf)>,
}

/// Where to look when the command line names nothing of the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Search {
    /// In the places of all releases.
    Known,
    /// Nowhere.
    None,
}

/// A server, as far as it was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// The tailor file; with Unified Configuration there need be none.
    pub tailor: Option<PathBuf>,
    /// The release's places, if it was found by them, and the server's directory.
    pub layout: Option<(&'static Layout, String)>,
}

impl Found {
    /// Whether it is in another directory than the usual one of its release.
    pub fn is_elsewhere(&self) -> bool {
        self.layout.as_ref().is_some_and(|(layout, base)| match layout.base {
            Base::Directory(usual) => !look::is_same(Path::new(usual), Path::new(base)),
            Base::Instances { parent, .. } => !Path::new(base).starts_with(parent),
        })
    }
}

/// Finds the server.
pub fn server(named: &Named, search: Search) -> Found {
    if let Some(path) = &named.tailor {
        return Found { tailor: Some(path.clone()), layout: None };
    }
    if let Some(root) = &named.root {
        let base = root.to_string_lossy();
        let found = Layout::ALL.iter().find_map(|layout| in_directory(layout, &base));
        // The usual name stands for all in the complaint that there is none.
        return found.unwrap_or_else(|| Found { tailor: Some(root.join(USUAL)), layout: None });
    }
    let names_server = named.files.iter().any(|(role, _)| role.is_servers());
    if names_server || search == Search::None {
        return Found::default();
    }
    let all: Vec<(&'static Layout, String)> = Layout::ALL
        .iter()
        .flat_map(|layout| bases(layout).into_iter().map(move |base| (layout, base)))
        .collect();
    let found = all.iter().find_map(|(layout, base)| in_directory(layout, base));
    // A server that nobody lets us see is one all the same.
    let hidden = || all.iter().find_map(|(layout, base)| hidden(layout, base));
    found.or_else(hidden).unwrap_or_default()
}

/// The server in the directory `base`, if that is there and its files are not to
/// be seen: the tailor file stands for what cannot be read.
fn hidden(layout: &'static Layout, base: &str) -> Option<Found> {
    let is_there = |path: &Path| match look::at(path) {
        Ok(_) => true,
        Err(error) => error.kind() == ErrorKind::PermissionDenied,
    };
    let tailor = layout.tailors(base).map(PathBuf::from).next()?;
    let is_one = is_there(Path::new(base)) || is_there(&tailor);
    is_one.then(|| Found { tailor: Some(tailor), layout: Some((layout, base.to_owned())) })
}

/// Where releases since 6 have the tailor file.
const USUAL: &str = "config/imta_tailor";

/// The server in the directory `base`, if one of this release is there.
fn in_directory(layout: &'static Layout, base: &str) -> Option<Found> {
    let tailor = layout.tailors(base).map(PathBuf::from).find(|path| is_there(path));
    let unified = layout.paths(base, File::ConfigXml).map(PathBuf::from).any(|path| is_there(&path));
    (tailor.is_some() || unified).then(|| Found { tailor, layout: Some((layout, base.to_owned())) })
}

/// Most instances of a server on one machine that are looked at.
const INSTANCES: usize = 64;

/// The directories that a server of this release may have.
fn bases(layout: &Layout) -> Vec<String> {
    match layout.base {
        Base::Directory(base) => vec![base.to_owned()],
        Base::Instances { parent, prefix } => {
            let names = look::names(Path::new(parent), INSTANCES).unwrap_or_default();
            let is_one = |path: &PathBuf| {
                path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(prefix))
            };
            names.into_iter().filter(is_one).map(|path| path.to_string_lossy().into_owned()).collect()
        }
    }
}

/// How the paths that the server's files name are found on this machine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Paths {
    /// The server's own prefix, and what stands for it here; none where they are
    /// the same.
    copy: Option<(PathBuf, PathBuf)>,
}

impl Paths {
    /// Compares where `tailor` says that its directory is with where it was read.
    /// If these differ but for what both end with, what was read is a copy.
    pub fn new(tailor: &Tailor, read: &Path) -> Self {
        let said = tailor.path(File::Config).map(PathBuf::from).unwrap_or_default();
        let (Some(said), Some(at), Some(name)) = (said.parent(), read.parent(), read.file_name()) else {
            return Self::default();
        };
        if look::is_same(&said.join(name), read) {
            return Self::default();
        }
        let (mut theirs, mut ours) = (said, at);
        while theirs.file_name().is_some() && theirs.file_name() == ours.file_name() {
            let (Some(up), Some(our_up)) = (theirs.parent(), ours.parent()) else { break };
            (theirs, ours) = (up, our_up);
        }
        // Without a common end, or in its own place, it is no copy: PMDF's is in /etc.
        let is_copy = theirs != said && theirs != ours && theirs.parent().is_some();
        Self { copy: is_copy.then(|| (theirs.to_path_buf(), ours.to_path_buf())) }
    }

    /// Whether the files belong to another tree than their own.
    pub fn is_copy(&self) -> bool {
        self.copy.is_some()
    }

    /// Where `path` of the server is on this machine.
    pub fn local(&self, path: &str) -> PathBuf {
        match &self.copy {
            Some((theirs, ours)) => match Path::new(path).strip_prefix(theirs) {
                Ok(rest) => ours.join(rest),
                Err(_) => PathBuf::from(path),
            },
            None => PathBuf::from(path),
        }
    }
}

/// Where `file` of the server is on this machine: as its tailor file says, else
/// where its release has it.
pub fn place(found: &Found, tailor: Option<&Tailor>, paths: &Paths, file: File) -> Option<PathBuf> {
    let said = tailor.and_then(|tailor| tailor.path(file)).map(|path| paths.local(&path));
    said.or_else(|| {
        let (layout, base) = found.layout.as_ref()?;
        let mut places = layout.paths(base, file).map(PathBuf::from);
        let first = places.next()?;
        if look::at(&first).is_ok() {
            Some(first)
        } else {
            places.find(|path| is_there(path)).or(Some(first))
        }
    })
}

/// The server's files, without those that the command line names.
pub fn servers(
    found: &Found,
    tailor: Option<&Tailor>,
    paths: &Paths,
    named: &Named,
) -> Vec<(Role, PathBuf, Want)> {
    let place = |file| place(found, tailor, paths, file);
    let unified = place(File::ConfigXml).is_some_and(|path| is_there(&path));
    let legacy = if unified { Want::Optional } else { Want::Needed };
    let list = [
        (Role::ConfigXml, File::ConfigXml, Want::Optional),
        (Role::Imta, File::Config, legacy),
        (Role::JobController, File::JobController, legacy),
        (Role::Options, File::Options, Want::Optional),
        (Role::Dispatcher, File::Dispatcher, Want::Optional),
        (Role::Mappings, File::Mappings, legacy),
        (Role::Conversions, File::Conversions, legacy),
    ];
    list.into_iter()
        .filter(|(role, ..)| named.files.iter().all(|(other, _)| other != role))
        .filter_map(|(role, file, want)| Some((role, place(file)?, want)))
        .collect()
}

fn is_there(path: &Path) -> bool {
    look::at(path).is_ok()
}

/// Where ClamAV and c-icap have their files: Debian, Red Hat, FreeBSD and built
/// from source, OpenCSW.
const SCANNERS: [(Role, &[&str]); 3] = [
    (
        Role::Clamd,
        &[
            "/etc/clamav/clamd.conf",
            "/etc/clamd.d/scan.conf",
            "/usr/local/etc/clamd.conf",
            "/etc/opt/csw/clamd.conf",
        ],
    ),
    (
        Role::Freshclam,
        &[
            "/etc/clamav/freshclam.conf",
            "/etc/freshclam.conf",
            "/usr/local/etc/freshclam.conf",
            "/etc/opt/csw/freshclam.conf",
        ],
    ),
    (Role::Icap, &["/etc/c-icap/c-icap.conf", "/usr/local/etc/c-icap.conf", "/etc/c-icap.conf"]),
];

/// The first file of `role` that is in a usual place.
pub fn scanners(role: Role) -> Option<PathBuf> {
    let (_, places) = SCANNERS.iter().find(|(known, _)| *known == role)?;
    places.iter().map(PathBuf::from).find(|path| is_there(path))
}
