//! The patterns in the OpenAPI document. Clients use them for a search or for a match of the whole text, and both must
//! agree with the service.

use std::collections::BTreeSet;

use jsonschema::Validator;
use movies::movie::MoviePatch;
use serde_json::{Value, json};

use crate::contract::DOCUMENT;

const SAMPLES: [&str; 69] = [
    "",
    " ",
    "a",
    " a",
    "a ",
    "  a b  ",
    "\n",
    "\na",
    "a\n",
    "a\nb",
    "\n\na\n\n",
    "\r\n\t",
    "\u{85}",
    "\u{a0}\u{2003}\u{3000}",
    "\u{2028}\u{2029}a",
    "\u{200b}",
    "\u{feff}",
    "\u{1c}",
    "\u{0}",
    "\u{0}-1",
    "é",
    "🎬",
    " 🎬\n",
    "http://h",
    " http://h",
    "http://h ",
    "http://h\n",
    "\nhttp://h",
    "http://h/\n",
    "http://h/a b",
    "http://h/a\u{85}b",
    "http://h/a\u{a0}b",
    "http://h/a\u{2028}b",
    "http://h/a\u{3000}b",
    "http://h/a\u{feff}b",
    "http://h/a\u{1c}b",
    "http://h/é?q=1#f",
    "HTTPS://user:pw@h:65535/x",
    "http://h:65536/",
    "http://[::1]:80/x",
    "http://h/\\",
    "x http://h",
    "javascript:alert(1)//http://h",
    "javascript:alert(1)\nhttp://h",
    "  Case lead",
    "\u{2028}",
    "\u{2028}a",
    "é\u{301}",
    "a\u{0}",
    "https://example.org/a.jpg",
    " https://example.org/a.jpg",
    "https://example.org/a.jpg\n",
    "x https://example.org/",
    "\"a\"",
    " \"a\"",
    "\"a\"\n",
    "x\"a\"",
    "*",
    " *",
    "*\n",
    "x*",
    "W/\"a\", \"b\"",
    "W/\"a\", \"b\" x",
    "<?limit=1>; rel=\"next\"",
    " <?limit=1>; rel=\"next\"",
    "<?limit=1>; rel=\"next\"\n",
    "AZaz09_-",
    "AZaz09_-\n",
    " AZ",
];

fn matches(pattern: &str, text: &str) -> bool {
    let schema = json!({"pattern": pattern});
    Validator::new(&schema).unwrap().is_valid(&json!(text))
}

fn patterns(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                match member.as_str().filter(|_| name == "pattern") {
                    Some(pattern) => _ = found.insert(pattern.to_owned()),
                    None => patterns(member, found),
                }
            }
        }
        Value::Array(entries) => entries.iter().for_each(|entry| patterns(entry, found)),
        _ => {}
    }
}

#[test]
fn a_pattern_searched_for_accepts_what_it_matches_as_a_whole() {
    let mut found = BTreeSet::new();
    patterns(&DOCUMENT, &mut found);
    assert!(found.len() >= 5, "{found:?}");
    for pattern in found {
        // Python's `re.match` compares a pattern with the beginning of the text, HTML's `pattern` with all of it.
        for anchored in [format!("^(?:{pattern})"), format!("^(?:{pattern})$")] {
            for text in SAMPLES {
                assert_eq!(matches(&pattern, text), matches(&anchored, text), "{anchored} on {text:?}");
            }
        }
    }
}

#[test]
fn a_pattern_accepts_what_the_service_accepts() {
    for field in ["title", "image"] {
        let schema = &DOCUMENT["components"]["schemas"]["MoviePatch"]["properties"][field];
        for text in SAMPLES {
            let accepted = MoviePatch::from_json(json!({field: text}).to_string().as_bytes()).is_ok();
            assert_eq!(matches(schema["pattern"].as_str().unwrap(), text), accepted, "{field} {text:?}");
        }
    }
}
