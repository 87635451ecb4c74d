//! Fuzz targets for every reader of foreign text; see docs/fuzzing.md.

pub mod claims;

/// Lets a target live through a panic that the program itself catches: the
/// fuzzer's own hook ends the process before anybody can catch anything. A claim
/// that fails still ends it, for nobody catches that.
pub fn begin() {
    std::panic::set_hook(Box::new(|panic| {
        let theirs = panic.location().is_some_and(|place| place.file().contains("mail-parser"));
        if !theirs {
            eprintln!("{panic}");
        }
    }));
}
