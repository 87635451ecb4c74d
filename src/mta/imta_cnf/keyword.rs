//! The keywords of channels and what each takes. Cannot fail; what a keyword
//! misses becomes a fault.
//!
//! Source: 6 2005Q4 Administration Reference, table 4-6; 6.3 Administration
//! Guide, 12.2; MS Technical Reference, "Channel options". The list need not be
//! complete: a word that is not in it takes what cannot be a keyword.

use std::collections::{HashMap, HashSet};
use std::iter::Peekable;
use std::sync::LazyLock;
use std::vec::IntoIter;

use super::Keyword;
use crate::diagnostic::{Severity, nearest};
use crate::mta::source::Word;
use crate::mta::statement::FileFaults;
use crate::text;

/// How many characters of a keyword count (6 2005Q4 Administration Reference).
const SIGNIFICANT: usize = 32;

/// How many different unknown words are compared with all keywords: the same
/// slip stands in few places, but groups may be many.
const COMPARED: usize = 200;

/// What stands behind a keyword.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Takes {
    /// Nothing.
    Nothing,
    /// One number.
    Number,
    /// A number, or nothing: releases differ.
    NumberIfAny,
    /// Numbers, as many as there are.
    Numbers,
    /// One word.
    Text,
    /// A domain, and maybe another one.
    Domains,
    /// ISO 8601 durations, as many as there are.
    Durations,
}

const NOTHING: &str = "733 822 acceptalladdresses acceptvalidaddresses addlineaddrs addreturnpath addresssrs \
    aliaslocal aliaspostmaster allowetrn allowswitchchannel bangoverpercent bangstyle bidirectional blocketrn \
    cacheeverything cachefailures cachesuccesses checkehlo chunkingclient chunkingserver commentinc commentmap \
    commentomit commentstrip commenttotal connectalias connectcanonical convert_octet_stream copysendpost \
    copywarnpost datefour datetwo dayofweek defaultmx defaultnameservers deferred deferreddest deferredsource \
    defragment deletemessagehash dequeue_removeroute dequeueremoveroute destinationbrightmail \
    destinationsrs disabledestinationfilter disablesourcefilter domainetrn domainvrfy dropblank ehlo \
    eightbit eightnegotiate eightstrict errsendpost errwarnpost expnallow expndefault expndisable expproute \
    exproute flagtransfer forwardcheckdelete forwardchecknone forwardchecktag futurereleaseserver \
    generatemessagehash header_733 header_822 header_uucp headerinc headerkeeporder headeromit headerread \
    headersetorder headertrim holdexquota identnone identnonelimited identnonenumeric identnonesymbolic \
    identtcp identtcplimited identtcpnumeric identtcpsymbolic ignoreencoding ignoremessageencoding \
    ignoremultipartencoding immnonurgent improute includefinal inline inner innertrim interpretencoding \
    interpretmessageencoding interpretmultipartencoding keepmessagehash lmtp localvrfy logging logheader \
    loopcheck mailfromdnsverify master master_debug maysasl maysaslclient maysaslserver maytls maytlsclient \
    maytlsserver msexchange multiple mustsasl mustsaslclient mustsaslserver musttls musttlsclient \
    musttlsserver mx noaddlineaddrs noaddreturnpath noaddresssrs nobangoverpercent noblocklimit nocache \
    nochunkingclient nochunkingserver nodayofweek nodeferred nodefragment nodestinationfilter \
    nodestinationsrs nodns nodropblank noehlo noexproute noexquota nofileinto nofilter noflagtransfer \
    nofuturerelease noheaderread noheadertrim noimproute noinner noinnertrim nolinelimit nolmtp nologging \
    noloopcheck nomailfromdnsverify nomaster_debug nomsexchange nomx nonrandommx nonotary noreceivedfor \
    noreceivedfrom noremotehost norestricted noreturnaddress noreturnpersonal noreverse norules nosasl \
    nosaslclient nosaslserver nosaslswitchchannel nosendetrn nosendpost noservice noslave_debug nosmtp \
    nosourcefilter nosourcesrs noswitchchannel notary notls notlsclient notlsserver nowarnpost nox_env_to \
    parameterformatdefault parameterformatminimizeencoding parameterformatnoencoding percentonly percents \
    personalinc personalmap personalomit personalstrip postheadbody postheadonly randommx receivedfor \
    receivedfrom rejectsmtp rejectsmtplonglines relaxheadertermination remotehost restricted reverse routelocal \
    rules sendpost sensitivitycompanyconfidential sensitivitynormal sensitivitypersonal sensitivityprivate \
    service sevenbit silentetrn single single_sys slave slave_debug smtp smtp_cr smtp_crlf smtp_crorlf smtp_lf \
    sourcebrightmail sourcecommentinc sourcecommentmap sourcecommentomit sourcecommentstrip \
    sourcecommenttotal sourcepersonalinc sourcepersonalmap sourcepersonalomit sourcepersonalstrip \
    sourceroute sourcesrs spfhelo spfmailfrom spfnone spfrcptto subaddressexact subaddressrelaxed \
    subaddresswild submit suppressfinal switchchannel truncatesmtp truncatesmtplonglines unrestricted uucp \
    viaaliasoptional viaaliasrequired vrfyallow vrfydefault vrfyhide warnpost wrapsmtp wrapsmtplonglines \
    x_env_to xclient destinationspamfilter1 destinationspamfilter2 destinationspamfilter3 \
    destinationspamfilter4 destinationspamfilter5 destinationspamfilter6 destinationspamfilter7 \
    destinationspamfilter8 sourcespamfilter1 sourcespamfilter2 sourcespamfilter3 sourcespamfilter4 \
    sourcespamfilter5 sourcespamfilter6 sourcespamfilter7 sourcespamfilter8 disabledestinationspamfilter1 \
    disabledestinationspamfilter2 disablesourcespamfilter1 disablesourcespamfilter2";

const NUMBER: &str = "addrsperfile addrsperjob alternateblocklimit alternatelinelimit \
    alternaterecipientlimit blocklimit contposition deferralrejectlimit deliveryflags disconnectbadauthlimit \
    disconnectbadburllimit disconnectbadcommandlimit disconnectcommandlimit disconnectrecipientlimit \
    disconnectrejectlimit disconnecttransactionlimit expandlimit filesperjob headerlabelalign headerlimit \
    headerlinelength holdlimit linelength linelimit maxblocks maxfiles maxheaderaddrs maxheaderchars maxjobs \
    maxlines maxprocchars missingrecipientpolicy nameparameterlengthlimit nonurgentblocklimit \
    normalblocklimit parameterlengthlimit port recipientcutoff recipientlimit rejectlimit returnenvelope \
    sourceblocklimit streaming subdirs threaddepth transactionlimit urgentblocklimit usereplyto useresent";

const NUMBER_IF_ANY: &str = "authrewrite futurerelease futurereleaseclient";

const NUMBERS: &str = "nonurgentnotices normalnotices notices urgentnotices";

const TEXT: &str = "after aliasdetourhost aliasoptindetourhost alternatechannel caption channelfilter \
    charset7 charset8 charsetesc contchar daemon description destinationfilter destinationnosolicit \
    dispositionchannel envelopetunnel expandchannel fileinto filter host interfaceaddress language lastresort \
    nameservers notificationchannel os personal pool queue receivedstate returnaddress returnpersonal \
    saslswitchchannel sendetrn sourceconversiontag sourcefilter sourcenosolicit tlsswitchchannel type user \
    userswitchchannel destinationspamfilter1optin destinationspamfilter2optin destinationspamfilter3optin \
    destinationspamfilter4optin destinationspamfilter5optin destinationspamfilter6optin \
    destinationspamfilter7optin destinationspamfilter8optin sourcespamfilter1optin sourcespamfilter2optin \
    sourcespamfilter3optin sourcespamfilter4optin sourcespamfilter5optin sourcespamfilter6optin \
    sourcespamfilter7optin sourcespamfilter8optin";

const DOMAINS: &str = "defaulthost";

const DURATIONS: &str = "backoff nonurgentbackoff normalbackoff urgentbackoff";

static TABLE: LazyLock<HashMap<&'static str, Takes>> = LazyLock::new(|| {
    let lists = [
        (NOTHING, Takes::Nothing),
        (NUMBER, Takes::Number),
        (NUMBER_IF_ANY, Takes::NumberIfAny),
        (NUMBERS, Takes::Numbers),
        (TEXT, Takes::Text),
        (DOMAINS, Takes::Domains),
        (DURATIONS, Takes::Durations),
    ];
    lists
        .into_iter()
        .flat_map(|(names, takes)| names.split_whitespace().map(move |name| (name, takes)))
        .collect()
});

/// What `word` takes, if it is a keyword.
pub(super) fn takes(word: &str) -> Option<Takes> {
    let word = significant(word);
    if word.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return TABLE.get(word.to_ascii_lowercase().as_str()).copied();
    }
    TABLE.get(word).copied()
}

/// Whether two words are the same keyword.
pub(super) fn same(a: &str, b: &str) -> bool {
    significant(a).eq_ignore_ascii_case(significant(b))
}

/// The characters that count.
fn significant(word: &str) -> &str {
    if word.len() <= SIGNIFICANT {
        return word;
    }
    match word.char_indices().nth(SIGNIFICANT) {
        Some((end, _)) => word.get(..end).unwrap_or(word),
        None => word,
    }
}

/// Makes keywords out of the words of a line, and looks at them.
#[derive(Default)]
pub(super) struct Keywords {
    compared: HashSet<String>,
}

impl Keywords {
    pub(super) fn read(&mut self, words: Vec<Word>, faults: &mut FileFaults) -> Vec<Keyword> {
        let mut words = words.into_iter().peekable();
        let mut keywords = Vec::new();
        while let Some(name) = words.next() {
            let takes = takes(&name.text);
            let arguments = arguments(&name, takes, &mut words, faults);
            self.check(&name, takes, faults);
            keywords.push(Keyword { name, arguments, known: takes.is_some() });
        }
        keywords
    }

    fn check(&mut self, name: &Word, takes: Option<Takes>, faults: &mut FileFaults) {
        if name.text.starts_with('!') {
            let hint = "a comment has its `!` in column 1; what follows here counts as keywords";
            faults.warning(name.span, "a `!` inside a line", hint);
        } else if significant(&name.text).len() < name.text.len() {
            let hint = format!("the server reads only the first {SIGNIFICANT}");
            faults.warning(name.span, format!("a keyword of more than {SIGNIFICANT} characters"), hint);
        } else if takes.is_none() && self.compared.len() < COMPARED {
            let word = name.text.to_ascii_lowercase();
            if !self.compared.insert(word.clone()) {
                return;
            }
            if let Some(near) = nearest(&word, TABLE.keys().copied()) {
                faults.add(Severity::Warning, name.span, || {
                    let shown = text::printable_str(&name.text, text::SHOWN);
                    let hint = format!("did you mean `{near}`? the server takes it for the name of a group");
                    (format!("unknown keyword `{shown}`"), hint)
                });
            }
        }
    }
}

type Words = Peekable<IntoIter<Word>>;

fn arguments(name: &Word, takes: Option<Takes>, words: &mut Words, faults: &mut FileFaults) -> Vec<Word> {
    let Some(takes) = takes else { return run(words, usize::MAX, is_no_keyword) };
    let (found, wanted) = match takes {
        Takes::Nothing => return Vec::new(),
        Takes::NumberIfAny => return run(words, 1, is_number),
        Takes::Number => (one(words, is_number), "a number"),
        Takes::Numbers => (run(words, usize::MAX, is_number), "numbers"),
        Takes::Durations => (run(words, usize::MAX, is_duration), "durations such as \"pt5m\""),
        Takes::Text => (run(words, 1, |_| true), "a word"),
        Takes::Domains => {
            let mut found = run(words, 1, |_| true);
            found.extend(run(words, 1, |word| word.text.contains('.')));
            (found, "a domain")
        }
    };
    if found.is_empty() || takes == Takes::Number && !found.iter().all(is_number) {
        faults.add(Severity::Error, name.span, || {
            let name = name.text.to_ascii_lowercase();
            (format!("`{name}` without its argument"), format!("`{name}` takes {wanted}"))
        });
    }
    found
}

/// As many of the next words as fit, and no more than `most`.
fn run(words: &mut Words, most: usize, fits: fn(&Word) -> bool) -> Vec<Word> {
    let mut found = Vec::new();
    while let Some(word) = words.next_if(|word| found.len() < most && fits(word)) {
        found.push(word);
    }
    found
}

/// The next word, if it fits or at least is no keyword.
fn one(words: &mut Words, fits: fn(&Word) -> bool) -> Vec<Word> {
    words.next_if(|word| fits(word) || takes(&word.text).is_none()).into_iter().collect()
}

fn is_number(word: &Word) -> bool {
    word.number().is_some()
}

/// `pt5m`, `p1d`; in quotes, anything.
fn is_duration(word: &Word) -> bool {
    let mut bytes = word.text.bytes();
    is_quoted(word)
        || matches!(bytes.next(), Some(b'p' | b'P'))
            && matches!(bytes.next(), Some(b't' | b'T' | b'0'..=b'9'))
            && takes(&word.text).is_none()
}

fn is_quoted(word: &Word) -> bool {
    word.span.end.saturating_sub(word.span.start) == word.text.len() + 2
}

/// What no keyword and no group looks like.
fn is_no_keyword(word: &Word) -> bool {
    takes(&word.text).is_none()
        && (is_quoted(word)
            || word.text.starts_with(|c: char| c.is_ascii_digit() || c == '-')
            || word.text.contains(['.', ':', '/', '@', '=', '*', '%', '$', ',']))
}
