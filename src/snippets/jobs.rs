//! Jobs of the two conversion channels. Fails on a number out of bounds.

/// Most jobs of one channel. No machine has that many cores for one scanner, and
/// the server's own default is a tenth (`maxjobs`).
const MOST: u32 = 1000;

/// Of eight cores, those for mail from inside: mail from outside comes in bursts.
const INSIDE_OF_EIGHT: u32 = 3;

/// How many jobs each of the two channels may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Jobs {
    /// Of the channel for mail from inside and to outside.
    pub internal: u32,
    /// Of the channel for mail from outside.
    pub external: u32,
}

impl Jobs {
    /// What is given, and of `cores` what is left for the other channel; both of
    /// them share by three to five. At least one each.
    pub fn new(internal: Option<u32>, external: Option<u32>, cores: usize) -> Self {
        let cores = u32::try_from(cores).unwrap_or(MOST).min(MOST);
        let rest = |taken: u32| cores.saturating_sub(taken).max(1);
        let (internal, external) = match (internal, external) {
            (Some(internal), Some(external)) => (internal, external),
            (Some(internal), None) => (internal, rest(internal)),
            (None, Some(external)) => (rest(external), external),
            (None, None) => {
                let internal = (cores * INSIDE_OF_EIGHT / 8).max(1);
                (internal, rest(internal))
            }
        };
        Self { internal, external }
    }

    /// Reads the number of one channel's jobs.
    pub fn parse(text: &str) -> Result<u32, String> {
        let number = text.parse().ok().filter(|number| (1..=MOST).contains(number));
        number.ok_or_else(|| format!("write a number from 1 to {MOST}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cores_are_shared_and_no_channel_goes_without() {
        let table = [
            (None, None, 8, (3, 5)),
            (None, None, 16, (6, 10)),
            (None, None, 4, (1, 3)),
            (None, None, 3, (1, 2)),
            (None, None, 2, (1, 1)),
            (None, None, 1, (1, 1)),
            (None, None, 0, (1, 1)),
            (None, None, usize::MAX, (375, 625)),
            (Some(2), None, 8, (2, 6)),
            (None, Some(2), 8, (6, 2)),
            (Some(9), None, 8, (9, 1)),
            (Some(7), Some(9), 8, (7, 9)),
        ];
        for (internal, external, cores, expected) in table {
            let jobs = Jobs::new(internal, external, cores);
            assert_eq!((jobs.internal, jobs.external), expected, "{internal:?} {external:?} {cores}");
        }
    }
}
