//! Known scanners: command lines, exit codes and lines. Cannot fail.

use super::codes::Meaning;
use crate::verdict::Reason;

/// A known scanner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Preset {
    /// NAI / McAfee / Trellix VirusScan Command Line, 4 to 6.0.
    Uvscan,
    /// The same from 6.1 on.
    Uvscan6,
    /// Sophos Anti-Virus for Unix.
    Savscan,
    /// Sophos Protection for Linux.
    Avscanner,
    /// ClamAV's own process. It loads all signatures each time.
    Clamscan,
    /// ClamAV's client. The engine of type `clamd` does the same without it.
    Clamdscan,
    /// F-Prot 6.
    Fpscan,
    /// ESET Server Security for Linux.
    Odscan,
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
    /// Patterns of lines that count errors.
    pub(super) errors: &'static [&'static str],
    /// Patterns of lines that say why a file was not looked into.
    pub(super) about_files: &'static [(Reason, &'static [&'static str])],
    /// Patterns of lines that count such files.
    pub(super) left_out: &'static [&'static str],
    /// Patterns of lines that are told beside a verdict.
    pub(super) warning: &'static [&'static str],
    /// Patterns of the lines of a summary, with a count that must not be 0.
    pub(super) summary: &'static [&'static str],
}

impl Preset {
    /// Every preset with its name in the configuration.
    pub const NAMES: [(Self, &'static str); 8] = [
        (Self::Uvscan, "uvscan"),
        (Self::Uvscan6, "uvscan6"),
        (Self::Savscan, "savscan"),
        (Self::Avscanner, "avscanner"),
        (Self::Clamscan, "clamscan"),
        (Self::Clamdscan, "clamdscan"),
        (Self::Fpscan, "fpscan"),
        (Self::Odscan, "odscan"),
    ];

    pub(super) fn words() -> String {
        Self::NAMES.map(|(_, name)| format!("\"{name}\"")).join(", ")
    }

    pub(super) fn defaults(self) -> &'static Defaults {
        match self {
            Self::Uvscan => &UVSCAN,
            Self::Uvscan6 => &UVSCAN6,
            Self::Savscan => &SAVSCAN,
            Self::Avscanner => &AVSCANNER,
            Self::Clamscan => &CLAMSCAN,
            Self::Clamdscan => &CLAMDSCAN,
            Self::Fpscan => &FPSCAN,
            Self::Odscan => &ODSCAN,
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
        errors: &[],
        about_files: &[],
        left_out: &[],
        warning: &[],
        summary: &[],
    };

    /// The patterns of lines that give this reason for a file.
    pub(super) fn about_files(&self, reason: Reason) -> &'static [&'static str] {
        self.about_files.iter().find(|(of, _)| *of == reason).map_or(&[], |(_, patterns)| *patterns)
    }
}

/// What a scanner, or the shell around it, complains of in the presence of an
/// exit code that may not tell. The first line passes by what stands behind the
/// path of the part: names of members are the sender's words. "Error" alone is
/// no complaint, for honest summaries count them.
const COMPLAINT: &str = r"(?ix)
    ^(?:[^{file}] | {file}[^/\\!-])*?
    (?: permission\ denied | access\ (?:is\ )?denied | no\ such\ file
    |   (?:cannot|can't|can\ not|could\ not|couldn't|failed\ to)\ (?:be\ )?
        (?:open|read|scan|check|access|load|start|create|write|map|stat|allocate|initiali[sz]e|execute|connect)
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
    | ^(?:.*:\s*\d+\s+)?killed(?:\s+[^\s\d.:].*)?$";

/// A count of errors that is not 0.
const COUNT_OF_ERRORS: &str = r"(?ix)
      ^(?:.*[:,]\s*)?0*[1-9]\d*\ (?:scan\ )?errors?\b
    | ^(?:files\ with\ )?errors?[\s.:]*[\s.:]0*[1-9]\d*$";

/// Never `-m`: that is a quarantine directory, not one for temporary files.
/// `--norename`, or a file that could not be cleaned gets another name.
/// `--summary`, because files that were not scanned are told only there.
///
/// Source: VirusScan Command Line Product Guide 5.20 and 6, options and exit
/// codes; lines as amavisd-new 2.9 and MailScanner 4 know them. 10 is a virus
/// in memory; 1, 6, 8, 15, 20 and 102 say that not all was scanned, and no line
/// about a file makes that good.
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
        (Meaning::Error, &[1, 2, 6, 8, 15, 20, 102]),
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
    errors: &[COUNT_OF_ERRORS],
    about_files: &[
        (Reason::Encrypted, &[r"(?i)\bis password[- ]protected", r"(?i)\bis encrypted[.!]?$"]),
        (Reason::Corrupt, &[r"(?i)\bis (?:corrupt|corrupted|damaged)[.!]?$"]),
    ],
    left_out: &[r"^Not Scanned:?[\s.]*0*[1-9]"],
    warning: &[r"(?i)^WARNING:", r"(?i)\bhas expired\b"],
    summary: &[r"^Total files:?[\s.]*(\d+)$", r"^Clean:?[\s.]*(\d+)$"],
    ..Defaults::NONE
};

/// Encrypted documents of Office and PDF are clean to it without
/// `--showencrypted`, which older ones do not know.
///
/// Source: release notes of VirusScan Command Line 6.1.0 (engine 5900).
const UVSCAN6: Defaults = Defaults {
    scan: &["--secure", "--unzip", "--mime", "--noboot", "--summary", "--showencrypted", "{file}"],
    clean: &[
        "--secure",
        "--unzip",
        "--mime",
        "--noboot",
        "--summary",
        "--showencrypted",
        "--clean",
        "--norename",
        "{file}",
    ],
    ..UVSCAN
};

/// `-eec` tells encrypted and cleaned parts apart; the plain codes, from
/// versions that ignore it, do not collide. `-nc`: never ask.
///
/// Source: Sophos Anti-Virus command-line user manual, exit codes. 16 is a
/// password-protected file, in old versions one that was not unpacked. 2, 8 and
/// 32 come after a whole scan, too, when single files could not be looked into;
/// 1, 36 and 40 break a scan off.
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
        (Meaning::Incomplete, &[2, 8, 32]),
        (Meaning::Error, &[1, 36, 40]),
    ],
    infected: &[r"^>>> Virus (?:fragment )?'(?<name>.+?)' found in", r"^>>> Virus"],
    error: &[COMPLAINT, r"^Could not (?:check|open) "],
    errors: &[COUNT_OF_ERRORS],
    // The last brackets hold the scanner's own words; a name may have others.
    about_files: &[
        (
            Reason::Encrypted,
            &[r"^Password protected file ", r"^Could not check .*\((?i:[^()]*(?:password|encrypt)[^()]*)\)$"],
        ),
        (
            Reason::Corrupt,
            &[r"^Could not check .*\((?i:[^()]*(?:corrupt|damaged|malformed|truncated)[^()]*)\)$"],
        ),
        // Where it is the part itself that cannot be opened, the scanner lacks rights.
        (Reason::NotScanned, &[r"^Could not check ", r"^Could not open {file}[/\\]"]),
    ],
    warning: &[r"(?i)\bvirus data is out of date\b", r"(?i)\bhas exceeded its useful life\b"],
    ..Defaults::NONE
};

/// Source: for the codes the manual of Sophos Protection for Linux, as a vendor
/// of backups repeats it, and the product's published tests, which have 25 (broken
/// off, with a threat); for the lines the same tests. 8 comes when single files
/// could not be looked into. It prints its version nowhere.
const AVSCANNER: Defaults = Defaults {
    program: "/opt/sophos-spl/plugins/av/bin/avscanner",
    scan: &["{file}", "--scan-archives", "--log-level", "warn"],
    codes: &[
        (Meaning::Clean, &[0]),
        (Meaning::Infected, &[24, 25]),
        (Meaning::Encrypted, &[16]),
        (Meaning::Incomplete, &[8]),
        (Meaning::Error, &[2, 36, 40, 41]),
    ],
    // A line may begin with the time, in brackets.
    infected: &[
        r#"^(?:\[[^\]]*\]\s*)?Detected ".*" is infected with (?<name>.+?)(?:\s+\([^()]*\))?$"#,
        r#"^(?:\[[^\]]*\]\s*)?Detected ""#,
    ],
    error: &[COMPLAINT],
    errors: &[COUNT_OF_ERRORS, r"^(?:\[[^\]]*\]\s*)?Failed to scan one or more files due to an error$"],
    about_files: &[
        (
            Reason::Encrypted,
            &[r#"^(?:\[[^\]]*\]\s*)?Failed to scan "?{file}.* as it is password protected$"#],
        ),
        (Reason::Corrupt, &[r#"^(?:\[[^\]]*\]\s*)?Failed to scan "?{file}.* as it is corrupted$"#]),
        (Reason::OverLimit, &[r#"^(?:\[[^\]]*\]\s*)?Failed to scan "?{file}.* as it is a Zip Bomb$"#]),
        (
            Reason::NotScanned,
            &[
                r#"^(?:\[[^\]]*\]\s*)?Failed to scan "?{file}.* as it is not a supported file type$"#,
                r#"^(?:\[[^\]]*\]\s*)?Failed to scan "?{file}.* due to a sweep failure$"#,
                r#"^(?:\[[^\]]*\]\s*)?Failed to scan "?{file}/.* as it could not be opened$"#,
            ],
        ),
    ],
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
    codes: &[(Meaning::Clean, &[0]), (Meaning::Infected, &[1]), (Meaning::Incomplete, &[2])],
    // Whatever stands before it: a member of an archive, or another file.
    infected: &[r"^{file}: (?<name>.*) FOUND$", r"^.*: (?<name>.+) FOUND$", r"(?:^|\s)FOUND$"],
    // An empty part is told apart, and as clean as can be.
    clean_lines: &[r"^{file}: (?:OK|Empty file)$"],
    error: &[r"(?:^|\s)ERROR$", r"^ERROR:", r"^LibClamAV Error:"],
    // Beside `OK` it warns of what it did not look through: of a container whose
    // end is missing, and of one whose rest is over a limit. Other warnings are
    // about the scanner, not about the part.
    about_files: &[
        (
            Reason::Corrupt,
            &[r"(?i)^LibClamAV Warning: .*(?:\btruncated\b|\bcorrupt|\breturning CLEAN\b|\bpread fail)"],
        ),
        (Reason::Excluded, &[r"^{file}: Excluded"]),
        (
            Reason::TooLong,
            &[
                r"^{file}: Time limit reached\.? ERROR$",
                r"(?i)^LibClamAV Warning: .*\btim(?:ed? ?out|e limit)\b",
            ],
        ),
        (Reason::TooLarge, &[r"^{file}: INSTREAM size limit exceeded\.? ERROR$"]),
        (
            Reason::OverLimit,
            &[
                r"(?i)^LibClamAV Warning: .*(?:\bexceed(?:s|ed|ing)?\b|\bonly scanning\b|\blimits? (?:is )?reached\b)",
                r"(?i)^LibClamAV Warning: .*\b(?:size|file|scan|recursion|nesting) (?:level|limit)",
            ],
        ),
        (Reason::NotScanned, &[r"(?i)^LibClamAV Warning: .*\b(?:skipp(?:ing|ed)|not scann(?:ed|ing))\b"]),
    ],
    warning: &[r"^LibClamAV Warning: .*[A-Za-z]", r"^WARNING: "],
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
    errors: &[COUNT_OF_ERRORS],
    about_files: &[
        (Reason::Encrypted, &[r"(?i)^\[Unscannable\]\s+<[^>]*(?:encrypted|password)"]),
        (Reason::Corrupt, &[r"(?i)^\[Unscannable\]\s+<[^>]*(?:corrupt|damaged)"]),
        (Reason::NotScanned, &[r"^\[Unscannable\]"]),
    ],
    ..Defaults::NONE
};

/// `--readonly`: it must not clean on its own. It prints nothing about a file, so
/// the codes are all there is. 1 says that something was found and cleaned, which
/// we did not ask for: it was found.
///
/// Source: exit codes in the online help of ESET Server Security for Linux, as a
/// vendor of backups repeats them.
const ODSCAN: Defaults = Defaults {
    program: "/opt/eset/efs/bin/odscan",
    scan: &["--scan", "--profile=@In-depth scan", "--readonly", "{file}"],
    codes: &[
        (Meaning::Clean, &[0]),
        (Meaning::Infected, &[1, 50]),
        (Meaning::Unscannable, &[10]),
        (Meaning::Error, &[100]),
    ],
    error: &[COMPLAINT],
    errors: &[COUNT_OF_ERRORS],
    ..Defaults::NONE
};
