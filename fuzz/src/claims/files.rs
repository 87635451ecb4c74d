//! The files that a site's set-up is made of.

use convscan::testing::mta::imta_cnf::{Channel, ImtaCnf, Keyword};
use convscan::testing::mta::job_controller::JobController;
use convscan::testing::mta::mappings::Mappings;
use convscan::testing::mta::option_file::{OptionFile, Setting};
use convscan::testing::mta::scanner_conf::{Dialect, ServerConf};
use convscan::testing::mta::source::Sources;
use convscan::testing::mta::tailor::{File, Tailor};
use convscan::testing::mta::unified::Unified;

use super::{bounded, within, word};

/// Things of one file that are looked up: a look-up walks over all of them.
const TRIED: usize = 6;

/// How many times a file is included in itself.
const INCLUDED: usize = 4;

fn setting(sources: &Sources, setting: &Setting) {
    word(sources, &setting.name);
    word(sources, &setting.value);
    within(sources, setting.span());
}

fn options(file: &OptionFile) {
    let all = file.sections.iter().flat_map(|section| &section.settings).chain(&file.settings);
    all.for_each(|each| setting(&file.sources, each));
    for section in &file.sections {
        word(&file.sources, &section.kind);
        word(&file.sources, &section.name);
        within(&file.sources, section.span);
    }
}

/// Every option stands where it says, and a sound file reads back as it was
/// written.
pub fn option_file(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let (file, faults) = OptionFile::parse("option.dat", &text);
    bounded(&text, &faults);
    options(&file);
    for setting in file.settings.iter().take(TRIED) {
        let last = file.last(&setting.name.text).expect("an option that is there");
        assert_eq!(file.all(&setting.name.text).last(), Some(last));
    }
    let mut left = INCLUDED;
    let mut itself = |_: &_| {
        left = left.checked_sub(1)?;
        Some(text.to_string())
    };
    options(&OptionFile::parse_with("option.dat", &text, &mut itself).0);
    if !faults.is_empty() {
        return;
    }
    let pairs = |settings: &[Setting]| -> Vec<(String, String)> {
        settings.iter().map(|each| (each.name.text.clone(), each.value.text.clone())).collect()
    };
    let lines = |settings: &[Setting]| -> String {
        // In quotes: a value may begin with a blank, which quotes hold.
        settings.iter().map(|each| format!("{}=\"{}\"\n", each.name.text, each.value.text)).collect()
    };
    let mut written = lines(&file.settings);
    for section in &file.sections {
        written += &format!("[{}={}]\n{}", section.kind.text, section.name.text, lines(&section.settings));
    }
    let (again, _) = OptionFile::parse("option.dat", &written);
    assert_eq!(pairs(&again.settings), pairs(&file.settings), "{written}");
    assert_eq!(again.sections.len(), file.sections.len(), "{written}");
    for (again, section) in again.sections.iter().zip(&file.sections) {
        assert_eq!((&again.kind.text, &again.name.text), (&section.kind.text, &section.name.text));
        assert_eq!(pairs(&again.settings), pairs(&section.settings), "{written}");
    }
}

/// Longest path, and the files of which a tailor says where they are.
const PATH: usize = 4096;
const FILES: [(&str, File); 9] = [
    ("CONFIG_FILE", File::Config),
    ("MAPPING_FILE", File::Mappings),
    ("CONVERSION_FILE", File::Conversions),
    ("JBC_CONFIG_FILE", File::JobController),
    ("OPTION_FILE", File::Options),
    ("DISPATCHER_CONFIG", File::Dispatcher),
    ("QUEUE", File::Queue),
    ("LOG", File::Log),
    ("CONFIG_DATA", File::ConfigData),
];

/// A path without a colon is taken as it stands; names count whatever their case,
/// and however they stand for each other, no path grows without end.
pub fn tailor(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let (tailor, faults) = Tailor::parse("/s/config/imta_tailor", &text);
    bounded(&text, &faults);
    options(&tailor.options);
    let prefix = |name: &str| name.get(..5).is_some_and(|start| start.eq_ignore_ascii_case("PMDF_"));
    let is_pmdf = tailor.options.settings.iter().any(|each| prefix(&each.name.text));
    let said = |name: &str| {
        let name = format!("{}_{name}", if is_pmdf { "PMDF" } else { "IMTA" });
        Some(&tailor.options.last(&name)?.value.text).filter(|text| !text.is_empty())
    };
    assert_eq!(tailor.user(), said("USER").map(String::as_str));
    for (name, file) in FILES {
        match (said(name), tailor.path(file)) {
            (Some(said), found) if !said.contains(':') => assert_eq!(found.as_ref(), Some(said)),
            (Some(said), found) => assert!(found.is_some_and(|path| path.len() <= PATH.max(said.len()))),
            (None, Some(path)) => assert!(path.contains(|c: char| c.is_ascii_lowercase()), "{path:?}"),
            (None, None) => assert!(matches!(file, File::Queue | File::Log | File::ConfigData)),
        }
    }
    let names = tailor.options.settings.iter().filter(|each| !each.name.text.contains(':'));
    for each in names.take(TRIED) {
        let [upper, lower] = [each.name.text.to_ascii_uppercase(), each.name.text.to_ascii_lowercase()]
            .map(|name| name + ":x");
        let expanded = tailor.expand(&upper);
        assert!(expanded.len() <= PATH.max(upper.len()), "{} bytes of {upper:?}", expanded.len());
        assert!(expanded == tailor.expand(&lower) || expanded == upper, "{upper:?}: {expanded:?}");
    }
}

/// A pool is found whatever the case, its limit is its own or that of all, and a
/// channel's section fits it.
pub fn job_controller(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let (file, faults) = JobController::parse("job_controller.cnf", &text);
    bounded(&text, &faults);
    options(&file.options);
    assert_eq!(file.default_pool(), file.pools().next());
    for pool in file.pools().take(TRIED) {
        let found = file.pool(&pool.name.text.to_ascii_uppercase()).expect("a pool that is there");
        assert!(found.name.is(&pool.name.text));
        let own = pool.last("job_limit");
        assert_eq!(file.job_limit(pool), own.or(file.options.last("job_limit")));
    }
    for channel in ["conversion", "conversion_ext", "tcp_local", "", "\u{e9}"] {
        if let Some(section) = file.channel_section_for(channel) {
            let name = section.name.text.to_ascii_lowercase();
            let start = name.strip_suffix('*');
            assert!(start.map_or(name == channel, |start| channel.starts_with(start)), "{name} {channel}");
        }
    }
}

/// A typed value is what the line says.
pub fn server_conf(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    for dialect in [Dialect::ClamAv, Dialect::CIcap] {
        let (file, faults) = ServerConf::parse("clamd.conf", &text, dialect);
        bounded(&text, &faults);
        file.settings.iter().for_each(|each| setting(&file.sources, each));
        file.example.iter().for_each(|span| within(&file.sources, *span));
        for each in file.settings.iter().take(TRIED) {
            let key = &each.name.text;
            let last = file.holding(key).expect("a key that is there");
            if let Ok(Some(size)) = file.size(key) {
                assert_eq!(size.span, last.value.span);
                assert!(last.value.text.starts_with(|c: char| c.is_ascii_digit()));
                let number = file.number(key).ok().flatten().map(|read| read.value);
                assert!(number.is_none_or(|number| number == size.value));
            }
            if let Err(fault) = file.boolean(key) {
                bounded(&text, &[*fault]);
            }
        }
        let mut left = INCLUDED;
        let mut itself = |_: &_| {
            left = left.checked_sub(1)?;
            Some(text.to_string())
        };
        let (file, _) = ServerConf::parse_with("clamd.conf", &text, dialect, &mut itself);
        file.settings.iter().for_each(|each| setting(&file.sources, each));
    }
}

fn imta(file: &ImtaCnf) {
    let keyword = |each: &Keyword| {
        word(&file.sources, &each.name);
        each.arguments.iter().for_each(|argument| word(&file.sources, argument));
        within(&file.sources, each.span());
    };
    for rule in &file.rules {
        word(&file.sources, &rule.pattern);
        if !rule.template.text.is_empty() {
            word(&file.sources, &rule.template);
        }
    }
    for channel in &file.channels {
        word(&file.sources, &channel.name);
        channel.host.iter().chain(&channel.names).for_each(|each| word(&file.sources, each));
        channel.keywords.iter().for_each(keyword);
        within(&file.sources, channel.span);
        assert!(file.defaults.get(channel.defaults.clone()).is_some(), "{:?}", channel.defaults);
    }
    for defaults in &file.defaults {
        defaults.keywords.iter().for_each(keyword);
        within(&file.sources, defaults.span);
    }
    for channel in file.channels.iter().take(TRIED) {
        let first = file.channel(&channel.name.text).expect("a channel that is there");
        assert!(first.name.is(&channel.name.text));
        for each in channel.keywords.iter().take(TRIED) {
            let holds = file.keyword(channel, &each.name.text).expect("a keyword that is there");
            assert!(holds.name.span >= each.name.span, "not the last one: {holds:?}");
        }
    }
}

/// Rules, channels and keywords stand where they say; the last keyword holds; the
/// channels of a sound file read back as they were written.
pub fn imta_cnf(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let (file, faults) = ImtaCnf::parse("imta.cnf", &text);
    bounded(&text, &faults);
    imta(&file);
    let mut left = INCLUDED;
    let mut itself = |_: &_| {
        left = left.checked_sub(1)?;
        Some(text.to_string())
    };
    imta(&ImtaCnf::parse_with("imta.cnf", &text, &mut itself).0);
    if !faults.is_empty() || text.contains(['"', '\\', '<']) {
        return;
    }
    let written: String = file.channels.iter().map(lines).collect();
    let (again, _) = ImtaCnf::parse("imta.cnf", &format!("\n{written}"));
    let words = |file: &ImtaCnf| -> Vec<String> { file.channels.iter().map(lines).collect() };
    assert_eq!(words(&again), words(&file), "{written}");
}

/// The block of a channel, with a blank line below.
fn lines(channel: &Channel) -> String {
    let mut lines = channel.name.text.clone();
    for keyword in &channel.keywords {
        for word in std::iter::once(&keyword.name).chain(&keyword.arguments) {
            lines += &format!(" {}", word.text);
        }
    }
    for name in channel.host.iter().chain(&channel.names) {
        lines += &format!("\n{}", name.text);
    }
    lines + "\n\n"
}

/// Nodes stand where they say, within each other; a path leads back to its
/// option; nothing is expanded.
pub fn unified(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let (unified, faults) = Unified::parse("config.xml", &text);
    bounded(&text, &faults);
    let lines = text.split('\n').count();
    for (i, node) in unified.nodes.iter().enumerate() {
        assert!(node.parent.is_none_or(|parent| parent < i && unified.nodes[parent].is_group));
        assert!(text.get(node.span.clone()).is_some() && (1..=lines).contains(&node.line));
    }
    let values: usize = unified.nodes.iter().map(|node| node.value.len()).sum();
    assert!(values <= text.len(), "{values} bytes out of {}", text.len());
    for node in unified.settings().filter(|node| node.parent.is_some()).take(TRIED) {
        let path = unified.path_of(node);
        let found = unified.find(&path).unwrap_or_else(|| panic!("no option {path:?}"));
        assert!(unified.path_of(found).eq_ignore_ascii_case(&path) || found.name == node.name);
    }
    for channel in unified.channels().iter().take(TRIED) {
        assert!(unified.channel(channel.name).is_some());
        let names = channel.options.iter().take(TRIED).map(|node| &node.name);
        names.for_each(|name| assert!(channel.option(name).is_some(), "{name}"));
    }
    unified.pools().iter().filter_map(|pool| pool.job_limit).for_each(|node| {
        assert!(node.name.eq_ignore_ascii_case("job_limit"));
    });
    Mappings::parse("mappings", &unified.mappings_text());
    unified.conversions();
}
