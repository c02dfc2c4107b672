use serde_json::{Map, Value, json};

use super::*;

/// The document's example, which has every field.
pub(crate) fn example() -> Movie {
    let document: Value = serde_json::from_str(include_str!("../openapi.json")).unwrap();
    serde_json::from_value(document["components"]["schemas"]["Movie"]["examples"][0].clone()).unwrap()
}

fn members(value: &impl Serialize) -> Map<String, Value> {
    serde_json::to_value(value).unwrap().as_object().unwrap().clone()
}

fn pointers<T: std::fmt::Debug>(read: Result<T, Invalid>) -> Vec<String> {
    match read {
        Err(Invalid::Fields(errors)) => errors.into_iter().map(|error| error.pointer).collect(),
        other => panic!("expected field errors, got {other:?}"),
    }
}

#[test]
fn each_field_has_one_name_wherever_it_is_read_or_written() {
    let sent = members(&example());
    let mut names = Movie::FIELDS.to_owned();
    names.sort_unstable();
    assert_eq!(sent.keys().collect::<Vec<_>>(), names);
    assert_eq!(Movie::from_json(json!(sent).to_string().as_bytes()).unwrap(), example());
    for (name, value) in &sent {
        let sent = json!({name: value});
        let patch = MoviePatch::from_json(sent.to_string().as_bytes()).unwrap();
        assert_eq!(json!(members(&patch)), sent);
    }
    assert_eq!(MoviePatch::from_json(b"{}"), Err(Invalid::Empty));
}

#[test]
fn a_field_that_is_not_sent_is_an_error_or_is_not_shown() {
    for name in Movie::FIELDS {
        let mut sent = members(&example());
        sent.remove(*name);
        match Movie::from_json(json!(sent).to_string().as_bytes()) {
            Ok(movie) => assert_eq!(members(&movie), sent),
            refused => assert_eq!(pointers(refused), [format!("/{name}")]),
        }
    }
}

#[test]
fn a_value_that_cannot_be_read_is_its_fields_error() {
    for field in Movie::FIELDS {
        let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
        for value in ["\"\\ud800\"", "1e400", "-0.5", "{\"a\":[]}", deep.as_str()] {
            let json = format!("{{\"{field}\":{value}}}");
            let found = pointers(MoviePatch::from_json(json.as_bytes()));
            assert!(found.len() == 1 && found[0].starts_with(&format!("/{field}")), "{json:.60}");
        }
    }
}

/// Calls `see` for each member of the document that is a text.
fn each_text(value: &Value, name: &str, see: &mut impl FnMut(&str, &str)) {
    match value {
        Value::Object(members) => members.iter().for_each(|(name, value)| each_text(value, name, see)),
        Value::Array(values) => values.iter().for_each(|value| each_text(value, name, see)),
        Value::String(text) => see(name, text),
        _ => {}
    }
}

#[test]
fn the_document_has_the_same_rule() {
    let document: Value = serde_json::from_str(include_str!("../openapi.json")).unwrap();
    let parameter = &document["components"]["parameters"]["Id"];
    assert_eq!(parameter["schema"]["maxLength"], MovieId::MAX_BYTES);
    assert_eq!(parameter["schema"]["pattern"], MovieId::PATTERN);
    let described = format!("{}, at most {} bytes of UTF-8. ", MovieId::DESCRIPTION, MovieId::MAX_BYTES);
    let found = parameter["description"].as_str().unwrap();
    assert!(found.starts_with(&described), "the description of Id begins with {described:?}, and goes on: {found:?}");
    assert!(document["info"]["description"].as_str().unwrap().contains(MovieId::DESCRIPTION));

    let id = example().id().unwrap().as_str().to_owned();
    assert_eq!(parameter["example"], id);
    let links = document["paths"]["/ns_movies/"]["post"]["responses"]["200"]["links"].as_object().unwrap();
    for link in links.values() {
        assert_eq!(link["parameters"]["id"], MovieId::FORM.replace('{', "{$response.body#/"));
    }
    let mut seen = 0;
    each_text(&document, "", &mut |name, text| {
        let shown = match name {
            "detail" => text.strip_prefix("Movie '").and_then(|text| text.split('\'').next()).map(str::to_owned),
            "instance" => text
                .strip_prefix("/ns_movies/")
                .map(|id| percent_encoding::percent_decode_str(id).decode_utf8().unwrap().into_owned()),
            _ => None,
        };
        if let Some(shown) = shown.filter(|shown| !shown.is_empty()) {
            assert_eq!(shown, id, "{name}: {text}");
            seen += 1;
        }
    });
    assert!(seen > 3, "{seen}");
}

fn year_of(number: i64) -> Year {
    number.try_into().unwrap()
}

fn movie(title: &str, year: i64) -> Movie {
    let mut movie = members(&example());
    movie.extend([("title".to_owned(), json!(title)), ("year".to_owned(), json!(year))]);
    Movie::from_json(json!(movie).to_string().as_bytes()).unwrap()
}

#[test]
fn a_movie_has_one_id() {
    let movie = movie("The-Dare-1", 2020);
    assert!(movie.has_id("The-Dare-1-2020") && movie.has_id(movie.id().unwrap().as_str()));
    for other in [
        "",
        "-",
        "-2020",
        "2020",
        "The-Dare-1",
        "The-Dare-1-",
        "The-Dare-12020",
        "The-Dare-1--2020",
        "The-Dare-1-1-2020",
        "The-Dare-1-2021",
        "The-Dare-1-02020",
        "The-Dare-1-+2020",
        "The-Dare-1-2020.0",
        "The-Dare-1-2020 ",
        "the-dare-1-2020",
        " The-Dare-1-2020",
    ] {
        assert!(!movie.has_id(other), "{other:?}");
    }
}

#[test]
fn a_title_that_is_too_long_for_an_id_is_an_error_among_the_others() {
    let sent = |length: usize, year: &str| format!(r#"{{"title":"{}","year":{year},"x":7}}"#, "x".repeat(length));
    for (length, year, expected) in [
        (2043, "2020", vec!["/x"]),
        (2044, "2020", vec!["/title", "/x"]),
        // No year is shorter than one digit.
        (2046, "\"\"", vec!["/x", "/year"]),
        (2047, "\"\"", vec!["/title", "/x", "/year"]),
    ] {
        let mut found = pointers(MoviePatch::from_json(sent(length, year).as_bytes()));
        found.sort();
        assert_eq!(found, expected, "{length} {year}");
        let whole = pointers(Movie::from_json(sent(length, year).as_bytes()));
        assert!(expected.iter().all(|pointer| whole.iter().any(|found| found == pointer)), "{length} {year} {whole:?}");
        assert_eq!(whole.contains(&"/title".to_owned()), expected.contains(&"/title"), "{length} {year} {whole:?}");
    }
    let current = MovieId::parse("A-2020").unwrap();
    let next = MoviePatch::from_json(br#"{"year":2021}"#).unwrap();
    assert_eq!(next.id_after(&current).unwrap().as_str(), "A-2021");
    for (length, fits) in [(2043, true), (2044, false)] {
        let patch = MoviePatch::from_json(json!({"title": "x".repeat(length)}).to_string().as_bytes()).unwrap();
        let id = patch.id_after(&current);
        if fits {
            assert_eq!(id.unwrap().as_str().len(), MovieId::MAX_BYTES);
        } else {
            assert_eq!(pointers(id), ["/title"]);
        }
    }
    let other = Movie { title: Title::try_from("x".repeat(MovieId::MAX_BYTES)).unwrap(), ..movie("A", 1) };
    assert!(matches!(other.id(), Err(Invalid::Fields(errors)) if errors == [too_long()]));
}

#[test]
fn the_last_dash_splits_an_id() {
    for (id, title, year) in [
        ("Spider-Man-2002", "Spider-Man", 2002),
        ("--1", "-", 1),
        ("a b-1999", "a b", 1999),
        ("..-2020", "..", 2020),
        ("?-1", "?", 1),
        ("\u{0}-9999", "\u{0}", 9999),
    ] {
        let parsed = MovieId::parse(id).unwrap();
        assert_eq!((parsed.as_str(), parsed.title().as_ref(), parsed.year()), (id, title, year_of(year)));
        assert_eq!(parsed.as_str(), id);
    }
    for no_id in ["", "-", "-1", "x", "x-", "x-0", "x-02020", "x-+1", "x-10000", "x-2020/", "x-２０２０", " -2020"]
    {
        assert_eq!(MovieId::parse(no_id), None, "{no_id:?}");
    }
}

#[test]
fn an_id_fits_a_partition_key() {
    for (title, year, fits) in
        [("x".repeat(2043), 2020, true), ("x".repeat(2044), 2020, false), ("x".repeat(2044), 999, true)]
    {
        let id = format!("{title}-{year}");
        let title = Title::try_from(title).unwrap();
        let new = MovieId::new(&title, year_of(year));
        assert_eq!(new.as_ref().map(MovieId::as_str), fits.then_some(id.as_str()));
        assert_eq!(MovieId::parse(&id), new);
    }
    let in_bytes = Title::try_from("é".repeat(1022)).unwrap();
    assert_eq!(MovieId::new(&in_bytes, year_of(2020)), None);
}

#[test]
fn an_id_has_its_form_and_matches_its_pattern() {
    let matches = |id: &str| jsonschema::is_valid(&json!({"pattern": MovieId::PATTERN}), &json!(id));
    for (title, year) in [("The Dare", 2020), ("-", 1), ("a\n-b", 9999), (" a\n", 10), (&"- ".repeat(1020), 1)] {
        let movie = movie(title, year);
        let fields = json!(movie);
        let form = MovieId::FORM.replace("{title}", title).replace("{year}", &fields["year"].to_string());
        assert_eq!(movie.id().unwrap().as_str(), form);
        assert!(matches(&form), "{form:?}");
    }
    for no_id in ["", "-", "1", "x-", "x-0", "x-02020", "x-+1", "x-10000", "x-2020/", "x-２０２０"] {
        assert!(!matches(no_id), "{no_id:?}");
    }
}
