//! Rules, channels and keywords read, and what is wrong with them: tables.

use super::*;
use crate::mta::source::Inclusion;

const SAMPLE: &str = "! VERSION=1.1\n$* $A$E$F$U%$H$V$H@host.example\nconversion $U%conversion@conversion-daemon\n\n\
    ! part II\ndefaults notices 1 2 4 7 logging maxjobs 7\n\n\
    l subdirs 20 viaaliasrequired pool DEFAULT\nhost.example alias\n\n\
    conversion Subdirs 10 nologging threaddepth 1 \\\n backoff \"pt5m\" \"pt10m\"\nConversion-Daemon\n\n\
    nodefaults\n\n\
    tcp_local smtp mx\n! comment\ntcp-daemon\nother.example\n";

fn messages(text: &str) -> Vec<String> {
    ImtaCnf::parse("i", text).1.iter().map(|fault| format!("{}: {}", fault.line, fault.message)).collect()
}

/// A sound file around `block`.
fn around(block: &str) -> String {
    format!("x $U@x\n\nl\nhost\n\n{block}")
}

#[test]
fn rules_channels_and_defaults_have_places() {
    let (file, faults) = ImtaCnf::parse("i", SAMPLE);
    assert_eq!(faults, []);
    assert_eq!(file.rules.len(), 2);
    assert_eq!(file.sources.text(file.rules[1].template.span), "$U%conversion@conversion-daemon");
    let names: Vec<_> = file.channels.iter().map(|channel| channel.name.text.as_str()).collect();
    assert_eq!(names, ["l", "conversion", "tcp_local"]);
    let local = file.channel("L").unwrap();
    assert_eq!(
        (local.host.as_ref().unwrap().text.as_str(), local.names[0].text.as_str()),
        ("host.example", "alias")
    );
    let conversion = file.channel("conversion").unwrap();
    assert_eq!(file.keyword(conversion, "SUBDIRS").unwrap().number(), Some(10));
    assert_eq!(file.keyword(conversion, "maxjobs").unwrap().number(), Some(7));
    assert_eq!(file.keyword(conversion, "pool"), None);
    assert!(file.last_of(conversion, &["logging", "nologging"]).unwrap().is("nologging"));
    let notices = file.keyword(conversion, "notices").unwrap();
    assert_eq!(file.sources.text(notices.span()), "notices 1 2 4 7");
    let backoff = file.keyword(conversion, "backoff").unwrap();
    let delays: Vec<_> = backoff.arguments.iter().map(|word| word.text.as_str()).collect();
    assert_eq!(delays, ["pt5m", "pt10m"]);
    assert_eq!(file.sources.text(backoff.arguments[1].span), "\"pt10m\"");
    assert_eq!(file.sources.line(backoff.name.span), 12);
    let local = file.channel("tcp_local").unwrap();
    assert_eq!(file.keyword(local, "logging"), None);
    assert_eq!(local.names[0].text, "other.example");
    assert!(file.sources.text(local.span).starts_with("tcp_local smtp mx\n! comment"));
}

#[test]
fn the_first_blank_line_ends_the_rules() {
    let text = "a $U@a\n\nb $E$U@b\nc $U%c\n\nl\nhost\n";
    assert_eq!(messages(text), ["3: a rewrite rule below a blank line"]);
    let (file, _) = ImtaCnf::parse("i", text);
    assert_eq!(file.rules.iter().map(|rule| rule.lost).collect::<Vec<_>>(), [false, true, true]);
    assert_eq!(file.channels.len(), 1);
    assert_eq!(
        messages("a $U@a\nl subdirs 1\nhost\n"),
        ["2: this does not look like a rewrite rule", "3: a rewrite rule without a template"]
    );
}

#[test]
fn blank_lines_in_the_wrong_place_are_found() {
    for (block, expected) in [
        ("a smtp\n\na-daemon\n\nb\nb-daemon\n", "8: a blank line above, inside the block of channel `a`"),
        ("a smtp\na-daemon\nb smtp\nb-daemon\n", "8: no blank line above channel `b`"),
        ("a smtp\na-daemon\nb\nb-daemon\n", "8: no blank line above channel `b`"),
        ("a smtp\n\nb smtp\nb-daemon\n", "6: a channel without a host name"),
        ("a smtp\na-daemon\ndefaults logging\n\nb\nb-daemon\n", "8: no blank line above channel `defaults`"),
        ("a smtp\nlogging maxjobs 3\na-daemon\n\nb\nb-daemon\n", "7: keywords in a line of their own"),
    ] {
        assert_eq!(messages(&around(block)), [expected], "{block}");
        let (file, _) = ImtaCnf::parse("i", &around(block));
        assert_eq!(file.channels.len(), 3, "{block}");
        assert_eq!(file.channel("b").unwrap().host.as_ref().unwrap().text, "b-daemon", "{block}");
    }
}

#[test]
fn the_order_and_the_names_of_channels_are_looked_at() {
    assert_eq!(messages("x $U@x\n\ndefaults smtp\n\nnodefaults\n\nl\nh\n"), [""; 0]);
    assert_eq!(messages("x $U@x\n\na\nh\n"), ["3: the first channel is `a`, not `l`"]);
    assert_eq!(messages(&around("a\na-daemon\n\nA\nb-daemon\n")), ["9: another channel `A`"]);
    assert_eq!(messages(&around("a\n")), ["6: a channel without a host name"]);
    assert_eq!(messages(&around("defaults smtp\nx\n")), ["7: a line without a channel"]);
}

#[test]
fn keywords_take_their_arguments_and_no_more() {
    let block = |words: &str| around(&format!("a {words}\na-daemon\n"));
    for (words, expected) in [
        ("smtp 733 subdirs 5", "smtp|733|subdirs 5"),
        ("pool logging smtp", "pool logging|smtp"),
        ("notices 1 2 smtp", "notices 1 2|smtp"),
        ("backoff \"pt5m\" pt10m pool X", "backoff pt5m pt10m|pool X"),
        ("defaulthost a.b c.d smtp", "defaulthost a.b c.d|smtp"),
        ("defaulthost a.b smtp", "defaulthost a.b|smtp"),
        ("authrewrite 3 authrewrite smtp", "authrewrite 3|authrewrite|smtp"),
        ("frobnicated 3 a.b \"x y\" smtp", "frobnicated 3 a.b x y|smtp"),
        ("mailgroup smtp", "mailgroup|smtp"),
        ("sourcefilter \"file:/a b\" smtp", "sourcefilter file:/a b|smtp"),
    ] {
        let (file, faults) = ImtaCnf::parse("i", &block(words));
        assert_eq!(faults, [], "{words}");
        let shown = |keyword: &Keyword| {
            let words = std::iter::once(&keyword.name).chain(&keyword.arguments);
            words.map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ")
        };
        let all: Vec<_> = file.channel("a").unwrap().keywords.iter().map(shown).collect();
        assert_eq!(all.join("|"), expected);
    }
    for (words, expected) in [
        ("maxjobs pool X", "6: `maxjobs` without its argument"),
        ("maxjobs x smtp", "6: `maxjobs` without its argument"),
        ("smtp pool", "6: `pool` without its argument"),
        ("notices smtp", "6: `notices` without its argument"),
        ("maxjob 3", "6: unknown keyword `maxjob`"),
        ("smtp ! loud", "6: a `!` inside a line"),
    ] {
        assert_eq!(messages(&block(words)), [expected], "{words}");
    }
    assert_eq!(messages(&block(&"k".repeat(33))), ["6: a keyword of more than 32 characters"]);
    let long = format!("{}xyz 5", "disabledestinationspamfilter1".to_owned() + "abc");
    assert_eq!(messages(&block(&long)), ["6: a keyword of more than 32 characters"]);
}

#[test]
fn long_lines_and_odd_includes_are_faults() {
    let names = |count: usize| around(&format!("a\na-daemon {}\n", "n ".repeat(count)));
    assert_eq!(messages(&names(100)), [""; 0]);
    assert_eq!(messages(&names(150)), ["7: a line of 309 bytes; the 6.3 reference allows 252"]);
    assert_eq!(messages(&names(600)), ["7: a line of 1209 bytes; no release reads more than 1024"]);
    let text = around("</etc/a.cnf\n\nb\nb-daemon\n");
    let mut lookup = |_: &super::super::source::Include| Some("a pool X\na-daemon\n".to_owned());
    let (file, faults) = ImtaCnf::parse_with("i", &text, &mut lookup);
    assert_eq!(faults, []);
    assert_eq!(file.channels.len(), 3);
    let pool = file.keyword(&file.channels[1], "pool").unwrap();
    assert_eq!((file.sources.path(pool.name.span), file.sources.line(pool.name.span)), ("/etc/a.cnf", 1));
    assert_eq!(file.sources.includes()[0].outcome, Inclusion::Read(1));
    let (_, faults) = ImtaCnf::parse_with("i", "<a.cnf\n", &mut |_| None);
    let all: Vec<_> = faults.iter().map(|fault| fault.message.as_str()).collect();
    assert_eq!(all, ["`a.cnf` is not a full path", "cannot read `a.cnf`"]);
}

/// The rules stand in files of their own by default, and the first blank line in
/// such a file ends the rules of all.
#[test]
fn included_rules_are_rules() {
    let mut lookup = |_: &super::super::source::Include| Some("b $U@b\n".to_owned());
    let text = "a $U@a\n<IMTA_TABLE:internet.rules\nc $U@c\n\nl\nhost\n";
    let (file, faults) = ImtaCnf::parse_with("i", text, &mut lookup);
    assert_eq!((faults, file.rules.len()), (vec![], 3));
    assert_eq!(file.rules[1].pattern.span.file, 1);
}
