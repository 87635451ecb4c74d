//! The `convscan` binary; everything is in the library.

fn main() -> std::process::ExitCode {
    convscan::cli::run()
}
