//! Known scanners: command lines, exit codes and lines. Cannot fail.

use super::codes::Meaning;

/// A known scanner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Preset {
    /// NAI / McAfee / Trellix VirusScan Command Line, 4 to 6.
    Uvscan,
    /// Sophos Anti-Virus for Unix.
    Savscan,
    /// ClamAV's own process. It loads all signatures each time.
    Clamscan,
    /// ClamAV's client. The engine of type `clamd` does the same without it.
    Clamdscan,
    /// F-Prot 6.
    Fpscan,
}

/// What a preset fills in.
pub(super) struct Defaults {
    pub(super) program: &'static str,
    pub(super) scan: &'static [&'static str],
    pub(super) clean: &'static [&'static str],
    pub(super) version: &'static [&'static str],
    pub(super) codes: &'static [(Meaning, &'static [u8])],
    pub(super) masks: &'static [(Meaning, u8)],
    pub(super) infected: &'static [&'static str],
    /// Patterns of lines without which nothing is clean.
    pub(super) clean_lines: &'static [&'static str],
    pub(super) error: &'static [&'static str],
    pub(super) encrypted: &'static [&'static str],
    pub(super) unscannable: &'static [&'static str],
    /// Patterns of the lines of a summary, with a count that must not be 0.
    pub(super) summary: &'static [&'static str],
}

impl Preset {
    /// Every preset with its name in the configuration.
    pub const NAMES: [(Self, &'static str); 5] = [
        (Self::Uvscan, "uvscan"),
        (Self::Savscan, "savscan"),
        (Self::Clamscan, "clamscan"),
        (Self::Clamdscan, "clamdscan"),
        (Self::Fpscan, "fpscan"),
    ];

    pub(super) fn words() -> String {
        Self::NAMES.map(|(_, name)| format!("\"{name}\"")).join(", ")
    }

    pub(super) fn defaults(self) -> &'static Defaults {
        match self {
            Self::Uvscan => &UVSCAN,
            Self::Savscan => &SAVSCAN,
            Self::Clamscan => &CLAMSCAN,
            Self::Clamdscan => &CLAMDSCAN,
            Self::Fpscan => &FPSCAN,
        }
    }
}

impl Defaults {
    pub(super) const NONE: Self = Self {
        program: "",
        scan: &[],
        clean: &[],
        version: &[],
        codes: &[],
        masks: &[],
        infected: &[],
        clean_lines: &[],
        error: &[],
        encrypted: &[],
        unscannable: &[],
        summary: &[],
    };
}

/// What a scanner, or the shell around it, complains of in the presence of an
/// exit code that may not tell. The first line passes by what stands behind the
/// path of the part: names of members are the sender's words. "Error" alone is
/// no complaint, for honest summaries count them.
const COMPLAINT: &str = r"(?ix)
    ^(?:[^{file}] | {file}[^/\\!-])*?
    (?: permission\ denied | access\ (?:is\ )?denied | no\ such\ file
    |   (?:cannot|can't|can\ not|could\ not|couldn't|failed\ to)\ (?:be\ )?
        (?:open|read|scan|check|access|load|start|create|write|map|stat|allocate|initiali[sz]e|execute)
    |   unable\ to\b
    |   \b(?:dat|driver|engine|library|libraries|definitions?|signatures?|data\ ?files?|database|command)
        \b.*\bnot\ found
    |   :\ not\ found\.?$
    |   error\ while\ loading
    |   out\ of\ memory | (?:not\ enough|insufficient)\ memory | bad_alloc
    |   no\ space\ left | (?:i/o|input/output|read|write)\ error | too\ many\ open\ files
    |   segmentation\ (?:fault|violation) | bus\ error | illegal\ instruction | core\ dumped
    |   \baborted\b[.!]?\s*(?:\(|$)
    )
    | ^(?:.*:\s*\d+\s+)?killed(?:\s+[^\s\d.:].*)?$
    | ^(?:.*[:,]\s*)?0*[1-9]\d*\ errors?\b
    | ^(?:files\ with\ )?errors?[\s.:]*[\s.:]0*[1-9]\d*$";

/// Never `-m`: that is a quarantine directory, not one for temporary files.
/// `--norename`, or a file that could not be cleaned gets another name.
/// `--summary`, because files that were not scanned are told only there.
///
/// Source: VirusScan Command Line Product Guide 5.20 and 6, options and exit
/// codes; lines as amavisd-new 2.9 and MailScanner 4 know them. 10 is a virus
/// in memory; 6, 8, 15, 20 and 102 say that nothing was scanned.
const UVSCAN: Defaults = Defaults {
    program: "/usr/local/uvscan/uvscan",
    scan: &["--secure", "--unzip", "--mime", "--noboot", "--summary", "{file}"],
    clean: &["--secure", "--unzip", "--mime", "--noboot", "--summary", "--clean", "--norename", "{file}"],
    version: &["--version"],
    codes: &[
        (Meaning::Clean, &[0]),
        (Meaning::Infected, &[10, 13]),
        (Meaning::NotCleaned, &[12]),
        (Meaning::Cleaned, &[19, 21]),
        (Meaning::Error, &[2, 6, 8, 15, 20, 102]),
    ],
    infected: &[
        // The greedy name ends at the last of these words: names hold blanks.
        r"(?:^|\.\.\.\s*|^{file}\s+)Found the (?<name>.+) (?:virus|trojan)\b",
        r"(?:^|\.\.\.\s*|^{file}\s+)Found (?:the )?(?:virus|trojan) or variant (?<name>.+?)(?:\s*!!!.*)?$",
        r"(?:^|\.\.\.\s*|^{file}\s+)Found: (?<name>.+?) NOT a virus",
        r"(?:^|\.\.\.\s*|^{file}\s+)Found (?:potentially unwanted program|application) (?<name>.+?)\.?$",
        r"(?:^|\.\.\.\s*|^{file}\s+)Found:? (?:the )?(?<name>.+?)(?:\s*!!!.*)?$",
        r"^(?:Objects )?Possibly Infected:?[\s.]*0*[1-9]",
    ],
    // Beside complaints the phrases of a damaged or incomplete set of
    // definitions, in a line that is not about a member of the part.
    error: &[
        COMPLAINT,
        r"(?i)^[^{file}]*missing or invalid DAT",
        r"(?i)^[^{file}]*data file not found",
        r"(?i)^[^{file}]*removal datafile clean\.dat not found",
        r"(?i)^[^{file}]*unable to remove viruses",
    ],
    encrypted: &[r"(?i)is password[- ]protected"],
    unscannable: &[r"^Not Scanned:?[\s.]*0*[1-9]"],
    summary: &[r"^Total files:?[\s.]*(\d+)$", r"^Clean:?[\s.]*(\d+)$"],
    ..Defaults::NONE
};

/// `-eec` tells encrypted and cleaned parts apart; the plain codes, from
/// versions that ignore it, do not collide. `-nc`: never ask.
///
/// Source: Sophos Anti-Virus command-line user manual, exit codes. 16 is a
/// password-protected file, in old versions one that was not unpacked.
const SAVSCAN: Defaults = Defaults {
    program: "/usr/local/bin/savscan",
    scan: &[
        "-nb",
        "-nc",
        "-eec",
        "-f",
        "-all",
        "-rec",
        "-ss",
        "-sc",
        "-archive",
        "-cab",
        "-mime",
        "-oe",
        "-tnef",
        "--no-reset-atime",
        "{file}",
    ],
    clean: &[
        "-nb",
        "-nc",
        "-eec",
        "-f",
        "-all",
        "-rec",
        "-ss",
        "-sc",
        "-archive",
        "-cab",
        "-mime",
        "-oe",
        "-tnef",
        "--no-reset-atime",
        "-di",
        "{file}",
    ],
    version: &["-v"],
    codes: &[
        (Meaning::Clean, &[0]),
        (Meaning::Infected, &[3, 24, 28]),
        (Meaning::Cleaned, &[20]),
        (Meaning::Unscannable, &[16]),
        (Meaning::Error, &[1, 2, 8, 32, 36, 40]),
    ],
    infected: &[r"^>>> Virus (?:fragment )?'(?<name>.+?)' found in", r"^>>> Virus"],
    error: &[COMPLAINT, r"^Could not (?:check|open) "],
    encrypted: &[r"^Password protected file "],
    ..Defaults::NONE
};

/// What is encrypted or over a limit is named instead of called OK.
///
/// Source: clamscan(1), return codes.
const CLAMSCAN: Defaults = Defaults {
    program: "/usr/bin/clamscan",
    scan: &[
        "--no-summary",
        "--stdout",
        "--alert-encrypted=yes",
        "--alert-exceeds-max=yes",
        "--tempdir={directory}",
        "{file}",
    ],
    version: &["--version"],
    codes: &[(Meaning::Clean, &[0]), (Meaning::Infected, &[1]), (Meaning::Error, &[2])],
    // Whatever stands before it: a member of an archive, or another file.
    infected: &[r"^{file}: (?<name>.*) FOUND$", r"^.*: (?<name>.+) FOUND$", r"(?:^|\s)FOUND$"],
    // An empty part is told apart, and as clean as can be.
    clean_lines: &[r"^{file}: (?:OK|Empty file)$"],
    error: &[r"(?:^|\s)ERROR$", r"^ERROR:", r"^LibClamAV Error:"],
    unscannable: &[r"^{file}: Excluded"],
    ..Defaults::NONE
};

/// `--fdpass`: the daemon runs as another user, who may not enter the private
/// directory. Never `--stream`, which cuts long parts in silence.
const CLAMDSCAN: Defaults = Defaults {
    program: "/usr/bin/clamdscan",
    scan: &["--fdpass", "--no-summary", "--stdout", "{file}"],
    ..CLAMSCAN
};

/// Source: F-Prot 6, fpscan(8), exit codes as bits: 1 infection and 2 suspicion
/// remain, 4 interrupted, 8 skipped by restriction, 16 platform error, 32
/// internal error, 64 not scanned, 128 something was disinfected.
const FPSCAN: Defaults = Defaults {
    program: "/usr/local/bin/fpscan",
    scan: &["--report", "--mount", "--adware", "{file}"],
    clean: &["--report", "--mount", "--adware", "--disinfect", "{file}"],
    version: &["--version"],
    masks: &[
        (Meaning::Infected, 1 | 2),
        (Meaning::Error, 4 | 16 | 32),
        (Meaning::Unscannable, 8 | 64),
        (Meaning::Cleaned, 128),
    ],
    infected: &[
        r"^\[Found [^\]]*\]\s+<(?<name>[^\s(>]+)",
        r"^\[Found [^\]]*\]",
        r"^\[Contains infected objects\]",
    ],
    error: &[COMPLAINT],
    encrypted: &[r"(?i)^\[Unscannable\]\s+<[^>]*encrypted"],
    unscannable: &[r"^\[Unscannable\]"],
    ..Defaults::NONE
};
