//! An account of this machine: its number and its groups. Fails where the list of
//! the accounts cannot be read, or is not read in time.
//!
//! A program that is linked statically cannot ask beyond this machine, an LDAP
//! server say: the C library would load libraries for that (nsswitch.conf(5)) and
//! crash. Such a one reads `/etc/passwd` and `/etc/group`, and knows nobody else.

use std::ffi::CString;
use std::io::{self, ErrorKind};
use std::path::Path;
use std::time::Duration;

use nix::errno::Errno;
use nix::unistd::{Uid, User, getegid, geteuid, getgrouplist, getgroups};

use super::beside::beside;
use super::clock::Deadline;
use super::files;

/// An account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Its name; its number where it has none.
    pub name: String,
    /// Its number.
    pub uid: u32,
    /// The numbers of its groups.
    pub groups: Vec<u32>,
}

/// Longest time for a look-up, which may ask another machine.
const PATIENCE: Duration = Duration::from_secs(10);

/// Largest list of accounts or groups that is read: a hundred thousand lines.
const LARGEST: u64 = 16 << 20;

impl Account {
    /// The account of this name, or of this number; `None` where there is none. A
    /// number that nobody has is one without groups.
    pub fn named(name: &str) -> io::Result<Option<Self>> {
        let known = if cfg!(target_feature = "crt-static") {
            listed(name)?
        } else {
            let name = name.to_owned();
            beside(Deadline::after(PATIENCE), move || asked(&name))?
        };
        let nameless = |uid| Self { name: name.to_owned(), uid, groups: Vec::new() };
        Ok(known.or_else(|| number(name).map(nameless)))
    }

    /// An account that no machine has: it may do what all may.
    pub fn stranger() -> Self {
        // The number behind it means "unchanged" to chown(2), and is nobody's either.
        Self { name: String::new(), uid: u32::MAX - 1, groups: Vec::new() }
    }

    /// The account that this process runs under, with the groups that it has.
    pub fn own() -> io::Result<Self> {
        let uid = geteuid().as_raw();
        let known = Self::named(&uid.to_string()).ok().flatten();
        let name = known.map_or_else(|| uid.to_string(), |account| account.name);
        let groups = getgroups()?.into_iter().chain([getegid()]);
        Ok(Self { name, uid, groups: unique(groups.map(|group| group.as_raw())) })
    }
}

/// `text` as the number of an account. A sign is none of it.
fn number(text: &str) -> Option<u32> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

fn unique(groups: impl Iterator<Item = u32>) -> Vec<u32> {
    let mut groups: Vec<u32> = groups.collect();
    groups.sort_unstable();
    groups.dedup();
    groups
}

/// The account that the system tells of when it is asked.
fn asked(name: &str) -> io::Result<Option<Account>> {
    let mut found = there(User::from_name(name))?;
    if let (None, Some(uid)) = (&found, number(name)) {
        found = there(User::from_uid(Uid::from_raw(uid)))?;
    }
    let Some(User { name, uid, gid, .. }) = found else { return Ok(None) };
    let groups = getgrouplist(&CString::new(name.as_str())?, gid)?;
    let groups = unique(groups.into_iter().map(|group| group.as_raw()));
    Ok(Some(Account { name, uid: uid.as_raw(), groups }))
}

/// Some systems say of nobody that there is no such file or process (getpwnam(3)).
fn there(found: nix::Result<Option<User>>) -> io::Result<Option<User>> {
    match found {
        Err(Errno::ENOENT | Errno::ESRCH) => Ok(None),
        found => Ok(found?),
    }
}

/// The account in the files of this machine.
fn listed(name: &str) -> io::Result<Option<Account>> {
    let accounts = text("/etc/passwd")?;
    entry(&accounts, name).map(|entry| Ok(entry.account(&text("/etc/group")?))).transpose()
}

/// People's real names in it may be in any encoding.
fn text(path: &str) -> io::Result<String> {
    let fault = |error: io::Error| io::Error::new(error.kind(), format!("cannot read `{path}`: {error}"));
    let bytes = files::read_start(Path::new(path), LARGEST + 1).map_err(fault)?;
    if bytes.len() as u64 > LARGEST {
        return Err(fault(io::Error::new(ErrorKind::FileTooLarge, format!("larger than {LARGEST} bytes"))));
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// A line of passwd(5).
struct Entry<'a> {
    name: &'a str,
    uid: u32,
    group: u32,
}

/// The entry of this name, else of this number.
fn entry<'a>(accounts: &'a str, name: &str) -> Option<Entry<'a>> {
    let entries = || accounts.lines().filter_map(Entry::of);
    let by_number = || number(name).and_then(|uid| entries().find(|entry| entry.uid == uid));
    entries().find(|entry| entry.name == name).or_else(by_number)
}

impl<'a> Entry<'a> {
    /// Of `name:password:uid:gid:...`.
    fn of(line: &'a str) -> Option<Self> {
        let mut fields = line.split(':');
        let (name, _password) = (fields.next().filter(|name| !name.is_empty())?, fields.next()?);
        Some(Self { name, uid: number(fields.next()?)?, group: number(fields.next()?)? })
    }

    /// With the groups that name it, of group(5): `name:password:gid:member,member`.
    fn account(&self, groups: &str) -> Account {
        let group = |line: &str| {
            let mut fields = line.split(':').skip(2);
            let (gid, members) = (number(fields.next()?)?, fields.next()?);
            members.split(',').any(|member| member.trim() == self.name).then_some(gid)
        };
        let groups = unique(groups.lines().filter_map(group).chain([self.group]));
        Account { name: self.name.to_owned(), uid: self.uid, groups }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// With what is found in such files: a comment, an entry for NIS, one without
    /// groups, a name of digits.
    const ACCOUNTS: &str = "root:x:0:0:root:/root:/bin/sh\n# all of mail\n\nmailsrv:x:4711:6:\u{fffd}:/:/bin/sh\n\
        4712:x:9:9::/:\nlast:x:4712:99::/:\nbroken:x:-1:6::/:\nshort:x:5\n+::::::\n";

    const GROUPS: &str = "root:x:0:\nmail:x:6:\nclam:x:12:other,mailsrv\nmailsrvs:x:13:mailsrvs, mailsrv2\n\
        late:x:7:mailsrv\nagain:x:12:mailsrv\nbroken:x:y:mailsrv\nmailsrv\n+:::\n";

    #[test]
    fn an_account_has_its_own_group_and_those_that_name_it() {
        for (asked, name, uid, groups) in [
            ("mailsrv", "mailsrv", 4711, &[6, 7, 12][..]),
            ("4711", "mailsrv", 4711, &[6, 7, 12]),
            ("root", "root", 0, &[0]),
            // A name is found before a number.
            ("4712", "4712", 9, &[9]),
        ] {
            let account = entry(ACCOUNTS, asked).unwrap().account(GROUPS);
            assert_eq!(account, Account { name: name.to_owned(), uid, groups: groups.to_vec() });
        }
        for nobody in
            ["", "+", "# all of mail", "broken", "short", "-1", "+0", "mailsrv:x", "5", "99999999999"]
        {
            assert!(entry(ACCOUNTS, nobody).is_none(), "{nobody}");
        }
    }

    #[test]
    fn the_files_and_the_system_tell_the_same_of_root() {
        let root = Account::named("root").unwrap().unwrap();
        assert_eq!((root.name.as_str(), root.uid), ("root", 0));
        assert!(root.groups.contains(&0));
        assert_eq!(Account::named("0").unwrap().unwrap(), root);
        let listed = listed("root").unwrap().unwrap();
        assert_eq!((listed.name.as_str(), listed.uid), ("root", 0));
        assert!(listed.groups.contains(&0));
    }

    #[test]
    fn a_number_that_nobody_has_is_an_account_and_a_name_is_not() {
        let account = Account::named("3999999999").unwrap().unwrap();
        assert_eq!(
            account,
            Account { name: "3999999999".to_owned(), uid: 3_999_999_999, groups: Vec::new() }
        );
        for nobody in ["", "no such account", "root\0", "-1", "root:x"] {
            assert_eq!(Account::named(nobody).unwrap(), None, "{nobody}");
        }
    }

    #[test]
    fn we_are_somebody() {
        let own = Account::own().unwrap();
        assert_eq!(own.uid, geteuid().as_raw());
        assert!(own.groups.contains(&getegid().as_raw()));
        assert!(!own.name.is_empty());
    }
}
