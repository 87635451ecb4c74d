//! What the fuzz targets claim, on the stable compiler: every seed as it is,
//! then broken at random, and noise. The same numbers in every run.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

#[path = "../fuzz/src/claims/mod.rs"]
mod claims;

type Claim = fn(&[u8]);

/// Each reader's claim, and how many random inputs it is worth: together they
/// take a few seconds in a build for tests. Cutting of messages and the mail
/// server's files have their own noise in other tests; here it is the seeds.
const CLAIMS: [(&str, Claim, usize); 21] = [
    ("answer", claims::answer, 100),
    ("clamd", claims::clamd, 4000),
    ("command", claims::command, 100),
    ("config", claims::config, 600),
    ("conversions", claims::conversions, 40),
    ("entry_command", claims::entry_command, 600),
    ("header", claims::header, 1000),
    ("hidden", claims::hidden, 300),
    ("icap", claims::icap, 2000),
    ("imta_cnf", claims::imta_cnf, 600),
    ("job_controller", claims::job_controller, 600),
    ("mappings", claims::mappings, 40),
    ("message", claims::message, 40),
    ("notice", claims::notice, 600),
    ("option_file", claims::option_file, 600),
    ("record", claims::record, 1000),
    ("rules", claims::rules, 600),
    ("saved_output", claims::saved_output, 600),
    ("server_conf", claims::server_conf, 600),
    ("tailor", claims::tailor, 600),
    ("unified", claims::unified, 600),
];

const SEED: u64 = 2026;

/// Numbers without pattern enough (Knuth's constants).
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % bound.max(1)
    }

    fn byte(&mut self) -> u8 {
        const LIKELY: &[u8] = b"\0\n\r\t =:;\"'\\{}[]()*%$!-.,<>0\x1b\x80\xff";
        if self.below(2) == 0 {
            LIKELY[self.below(LIKELY.len())]
        } else {
            self.below(256).try_into().unwrap()
        }
    }

    fn noise(&mut self) -> Vec<u8> {
        (0..self.below(120)).map(|_| self.byte()).collect()
    }

    /// `seed` with a few bytes changed, or a piece of `other` in it.
    fn broken(&mut self, seed: &[u8], other: &[u8]) -> Vec<u8> {
        let mut bytes = seed.to_vec();
        for _ in 0..=self.below(4) {
            let at = self.below(bytes.len() + 1);
            let end = (at + self.below(30)).min(bytes.len());
            match self.below(5) {
                0 => bytes.truncate(at),
                1 => drop(bytes.drain(at..end)),
                2 => bytes.insert(at, self.byte()),
                3 => bytes.iter_mut().skip(at).take(1).for_each(|byte| *byte = self.byte()),
                _ => {
                    let from = self.below(other.len() + 1);
                    let to = (from + self.below(60)).min(other.len());
                    drop(bytes.splice(at..at, other[from..to].iter().copied()));
                }
            }
        }
        bytes
    }
}

fn seeds(target: &str) -> Vec<Vec<u8>> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds").join(target);
    let mut paths: Vec<_> = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.iter().map(|path| fs::read(path).unwrap()).collect()
}

fn holds(target: &str, claim: Claim, input: &[u8]) {
    if catch_unwind(AssertUnwindSafe(|| claim(input))).is_err() {
        panic!("`{target}` with seed {SEED} fails on \"{}\"", input.escape_ascii());
    }
}

#[test]
fn claims_hold_for_seeds_and_for_noise() {
    for (target, claim, rounds) in CLAIMS {
        let seeds = seeds(target);
        assert!(seeds.len() > 1, "{target}: no seeds");
        seeds.iter().for_each(|seed| holds(target, claim, seed));
        let mut random = Random(SEED);
        for round in 0..rounds {
            let [seed, other] = [random.below(seeds.len()), random.below(seeds.len())];
            let input =
                if round % 8 == 0 { random.noise() } else { random.broken(&seeds[seed], &seeds[other]) };
            holds(target, claim, &input);
        }
    }
}

#[test]
fn every_fuzz_target_is_among_the_properties() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/targets");
    let mut names: Vec<String> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    names.sort();
    assert_eq!(names, CLAIMS.map(|(name, ..)| name));
}
