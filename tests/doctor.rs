//! `check` on whole set-ups: sound ones of each release, and each rule broken.

mod bounds;
mod cases;
mod entries;
mod host;
mod mutated;
mod output;
mod soundness;
