//! Administrators run this; everything is in the library.

fn main() -> std::process::ExitCode {
    convscan::admin()
}
