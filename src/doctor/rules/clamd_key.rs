//! A rule about the names of clamd's keys. Cannot fail.

use crate::diagnostic::{Severity, nearest};
use crate::doctor::at::At;
use crate::doctor::complaint::Complaint;
use crate::doctor::rule::{Check, Rule};
use crate::doctor::setup::Setup;
use crate::mta::option_file::Setting;
use crate::text::{self, SHOWN};

pub(super) const RULES: &[Rule] = &[Rule {
    id: "clamd-key",
    severity: Severity::Error,
    what: "clamd.conf has a key that clamd does not know, and one with nearly that name is known",
    why: "clamd does not start with it: when it is started again, every part is deferred",
    source: "clamd.conf(5); `clamconf -g clamd.conf` of ClamAV 1.4",
    cure: "write the key as the manual has it",
    check: Check::Setup(clamd_key),
}];

/// The keys of ClamAV 1.4, as `clamconf -g clamd.conf` lists them. Older and newer
/// ones have others: only what is nearly one of these is a slip.
const KEYS: &str = "AlertBrokenExecutables AlertBrokenMedia AlertEncrypted AlertEncryptedArchive AlertEncryptedDoc \
    AlertOLE2Macros AlertPartitionIntersection AlertPhishingCloak AlgorithmicDetection \
    AllowAllMatchScan ArchiveBlockEncrypted Bytecode BytecodeMode BytecodeSecurity BytecodeTimeout \
    BytecodeUnsigned CacheSize CommandReadTimeout ConcurrentDatabaseReload CrossFilesystems \
    DatabaseDirectory Debug DetectPUA DisableCache DisableCertCheck ExcludePUA ExcludePath ExitOnOOM \
    ExtendedDetectionInfo FailIfCvdOlderThan FixStaleSocket FollowDirectorySymlinks \
    FollowFileSymlinks ForceToDisk Foreground GenerateMetadataJson HeuristicAlerts \
    HeuristicScanPrecedence IdleTimeout IncludePUA LeaveTemporaryFiles LocalSocket LocalSocketGroup \
    LocalSocketMode LogClean LogFacility LogFile LogFileMaxSize LogFileUnlock LogRotate LogSyslog \
    LogTime LogVerbose MaxConnectionQueueLength MaxDirectoryRecursion MaxEmbeddedPE MaxFileSize \
    MaxFiles MaxHTMLNoTags MaxHTMLNormalize MaxIconsPE MaxPartitions MaxQueue MaxRecHWP3 \
    MaxRecursion MaxScanSize MaxScanTime MaxScriptNormalize MaxThreads MaxZipTypeRcg OLE2BlockMacros \
    OfficialDatabaseOnly OnAccessCurlTimeout OnAccessDenyOnError OnAccessDisableDDD \
    OnAccessExcludePath OnAccessExcludeRootUID OnAccessExcludeUID OnAccessExcludeUname \
    OnAccessExtraScanning OnAccessIncludePath OnAccessMaxFileSize OnAccessMaxThreads \
    OnAccessMountPath OnAccessPrevention OnAccessRetryAttempts PCREMatchLimit PCREMaxFileSize \
    PCRERecMatchLimit PartitionIntersection PhishingAlwaysBlockCloak PhishingAlwaysBlockSSLMismatch \
    PhishingScanURLs PhishingSignatures PidFile ReadTimeout ScanArchive ScanELF ScanHTML ScanHWP3 \
    ScanImage ScanImageFuzzyHash ScanMail ScanOLE2 ScanOneNote ScanPDF ScanPE ScanPartialMessages \
    ScanSWF ScanXMLDOCS SelfCheck SendBufTimeout StreamMaxLength StreamMaxPort StreamMinPort \
    StructuredCCOnly StructuredDataDetection StructuredMinCreditCardCount StructuredMinSSNCount \
    StructuredSSNFormatNormal StructuredSSNFormatStripped TCPAddr TCPSocket TemporaryDirectory User \
    VirusEvent";

/// Unknown keys that are compared with all others: clamd does not start with one.
const COMPARED: usize = 1000;

fn clamd_key(setup: &Setup) -> Vec<Complaint<'_>> {
    let keys: Vec<&str> = KEYS.split_whitespace().collect();
    // clamd knows them in these letters only.
    let slip = |setting: &&Setting| !keys.contains(&setting.name.text.as_str());
    let slips = setup.clamd.iter().flat_map(|conf| {
        conf.settings.iter().filter(slip).take(COMPARED).filter_map(|setting| {
            let same = keys.iter().copied().find(|key| setting.name.is(key));
            let near = same.or_else(|| nearest(&setting.name.text, keys.iter().copied()))?;
            let at = At::of(&conf.sources, setting.name.span);
            let message = format!("unknown key `{}`", text::printable_str(&setting.name.text, SHOWN));
            Some(Complaint::at(at, message).hint(format!("did you mean `{near}`?")).edit(at.replace(near)))
        })
    });
    slips.collect()
}
