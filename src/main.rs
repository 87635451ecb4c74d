//! What administrators run; everything is in the library.

fn main() -> std::process::ExitCode {
    convscan::admin()
}
