//! The built binary from outside: variables and files in, files and status
//! out. One file a feature.

mod harness;

mod part;
