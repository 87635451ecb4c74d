//! All tests from outside, in one binary.

// Functions beside the tests fail like the tests themselves.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod command;
