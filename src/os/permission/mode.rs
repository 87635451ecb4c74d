//! What the mode and the kind of something say against an access. Cannot fail.

use super::Access;
use super::refusal::Why;
use crate::os::account::Account;
use crate::os::look::{Facts, Kind};

/// Bits of one class of a mode (inode(7)).
const READ: u32 = 4;
const WRITE: u32 = 2;
const SEARCH_OR_RUN: u32 = 1;

/// The bits of all classes that let somebody run a file.
const RUN_BY_ANY: u32 = 0o111;

/// What must be there for an access, what it is called if it is not, and the bits
/// that it takes.
fn demand(access: Access) -> (&'static [Kind], Why, u32) {
    match access {
        Access::Read => (&[Kind::File, Kind::Directory, Kind::Other], Why::NotRegular, READ),
        Access::Write => (&[Kind::File, Kind::Socket, Kind::Other], Why::NotRegular, WRITE),
        Access::Execute => (&[Kind::File], Why::NotRegular, SEARCH_OR_RUN),
        Access::Enter => (&[Kind::Directory], Why::NotDirectory, SEARCH_OR_RUN),
        Access::Create => (&[Kind::Directory], Why::NotDirectory, WRITE | SEARCH_OR_RUN),
        Access::Append => (&[Kind::File, Kind::Other], Why::NotRegular, WRITE),
    }
}

/// What the facts of something say against an access.
pub(super) fn why_not(account: &Account, facts: &Facts, access: Access) -> Option<Why> {
    let Facts { kind, mode, owner, group, .. } = *facts;
    let (kinds, otherwise, bits) = demand(access);
    // Only the first class that fits counts: an owner may be denied what all others
    // may (path_resolution(7)).
    let class = if account.uid == owner {
        mode >> 6
    } else if account.groups.contains(&group) {
        mode >> 3
    } else {
        mode
    };
    if !kinds.contains(&kind) {
        Some(otherwise)
    } else if access == Access::Execute && mode & RUN_BY_ANY == 0 {
        Some(Why::NotExecutable)
    } else if account.uid != 0 && class & bits != bits {
        Some(Why::Denied { mode, owner, group })
    } else {
        None
    }
}
