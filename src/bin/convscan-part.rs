//! The MTA runs this for each body part; everything is in the library.

fn main() -> std::process::ExitCode {
    convscan::part()
}
