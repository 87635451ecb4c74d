//! Options found by their paths, whichever way the file writes them: tables.

use super::*;

fn wrapped(inside: &str) -> String {
    format!("<?xml version=\"1.0\"?>\n<config>\n<role>{inside}</role>\n</config>\n")
}

#[test]
fn all_ways_to_write_an_option_are_one_path() {
    for inside in [
        "<channel name=\"conversion\"><pool>\n X\n</pool></channel>",
        "<channel name=\"conversion\" pool=\"X\"/>",
        "<group name=\"channel\" id=\"conversion\"><option name=\"pool\" value=\"X\"/></group>",
        "<group name=\"channel:conversion\"><option name=\"pool\">X</option></group>",
        "<option name=\"channel:conversion.pool\"><![CDATA[X]]></option>",
        "<c:channel id=\"conversion\"><c:pool>&#88;</c:pool></c:channel>",
    ] {
        let text = wrapped(inside);
        let (unified, faults) = Unified::parse("c", &text);
        assert_eq!(faults, [], "{inside}");
        let paths: Vec<_> = unified.settings().map(|node| unified.path_of(node)).collect();
        assert_eq!(paths, ["role.channel:conversion.pool"], "{inside}");
        let node = unified.find("Channel:Conversion.pool").unwrap();
        assert_eq!((node.value.as_str(), node.line), ("X", 3), "{inside}");
        assert_eq!(unified.find("role.channel:conversion.pool"), Some(node));
        assert_eq!(unified.channel("conversion").unwrap().option("POOL"), Some(node));
        for other in ["pool", "conversion.pool", "xchannel:conversion.pool", "channel:conversion", ""] {
            assert_eq!(unified.find(other), None, "{other}");
        }
    }
}

#[test]
fn an_instance_overrides_its_role() {
    let pool = |value: &str| format!("<channel name=\"c\"><pool>{value}</pool></channel>");
    let text = format!("<config><instance>{}</instance><role>{}</role></config>", pool("I"), pool("R"));
    let (unified, _) = Unified::parse("c", &text);
    assert_eq!(unified.find("channel:c.pool").unwrap().value, "I");
    let channel = unified.channel("C").unwrap();
    assert_eq!((channel.options.len(), channel.option("pool").unwrap().value.as_str()), (2, "I"));
}

#[test]
fn views_show_pools_tables_and_entries() {
    let text = wrapped(
        "<job_controller><job_pool name=\"A\"/><job_pool name=\"B\"><job_limit>4</job_limit></job_pool>\
         </job_controller><mapping name=\"CONVERSIONS\"><rule name=\"IN-CHAN=a;CONVERT\">Yes</rule>\
         <rule pattern=\"b\" template=\"No\"/><rule><pattern>c</pattern><template>d</template></rule>\
         <rule id=\"3\">e$ f g\n \"h i\" j</rule></mapping><mapping name=\"EMPTY\"/>\
         <mta><conversions>in-type=*;\n command=\"x &lt; y\"</conversions></mta>",
    );
    let (unified, faults) = Unified::parse("c", &text);
    assert_eq!(faults, []);
    let pools: Vec<_> =
        unified.pools().iter().map(|p| (p.name, p.job_limit.map(|l| l.value.as_str()))).collect();
    assert_eq!(pools, [("A", None), ("B", Some("4"))]);
    let tables = unified.mappings();
    assert_eq!(tables.iter().map(|table| table.name).collect::<Vec<_>>(), ["CONVERSIONS", "EMPTY"]);
    let rules: Vec<_> = tables[0].rules.iter().map(|rule| (rule.pattern, rule.template)).collect();
    assert_eq!(rules, [("IN-CHAN=a;CONVERT", "Yes"), ("b", "No"), ("c", "d"), ("e$ f", "g"), ("h i", "j")]);
    assert!(unified.mappings_text().starts_with("CONVERSIONS\n\n IN-CHAN=a;CONVERT Yes\n b No\n"));
    let conversions = unified.conversions().unwrap();
    assert_eq!(conversions.value, "in-type=*;\n command=\"x < y\"");
    assert!(text.get(conversions.span.clone()).unwrap().starts_with("in-type"));
}

#[test]
fn what_is_no_sound_xml_is_a_fault() {
    for (text, message) in [
        ("<a>&x;</a>", "an entity that is not known"),
        ("<a b='&x;'/>", "an entity that is not known"),
        ("<a>&#xD800;</a>", "an entity that is not known"),
        ("<!DOCTYPE a [<!ENTITY x \"y\">]><a/>", "a DOCTYPE, which is not looked at"),
        ("<a><b></b>", "an element without its end"),
        ("<a b/>", "an attribute that cannot be read"),
    ] {
        let (_, faults) = Unified::parse("c", text);
        assert_eq!(faults.iter().map(|f| f.message.as_str()).collect::<Vec<_>>(), [message], "{text}");
    }
    for text in ["<a></b>", "<a", "<!-- ", "<![CDATA[", "</a>", "<a>&"] {
        assert_eq!(Unified::parse("c", text).1.len(), 1, "{text}");
    }
    let (unified, faults) = Unified::parse("c", &"<a>".repeat(1000));
    assert_eq!((unified.nodes.len(), faults.len()), (64, 1));
}
