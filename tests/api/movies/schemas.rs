//! The schemas of a movie and of a patch accept exactly what the service accepts, apart from the rules that a schema cannot
//! express.

use movies::{
    fields::Invalid,
    movie::{Movie, MoviePatch},
};
use proptest::{prelude::*, test_runner::Config};
use serde_json::{Map, Value, json};

use crate::{
    schemas::allows,
    support::{movies::is_beyond_the_schema, new},
};

/// Compares the service's judgement of a document with that of a schema.
fn agree(schema: &str, document: &Value) -> Result<(), TestCaseError> {
    let text = document.to_string();
    let invalid = match schema {
        "Movie" => Movie::from_json(text.as_bytes()).err(),
        _ => MoviePatch::from_json(text.as_bytes()).err(),
    };
    let is_allowed = allows(&json!({"$ref": format!("#/components/schemas/{schema}")}), document);
    match invalid {
        Some(Invalid::Fields(errors)) if is_allowed => {
            let beyond = errors.iter().all(|error| is_beyond_the_schema(&error.pointer, &error.detail, document));
            prop_assert!(beyond, "{} allows {}, but the service says {:?}", schema, text, errors);
        }
        Some(invalid) => prop_assert!(!is_allowed, "{} allows {}, but the service says {:?}", schema, text, invalid),
        None => prop_assert!(is_allowed, "{} forbids {}, but the service accepts it", schema, text),
    }
    Ok(())
}

/// A value for a field, at the edges of its rules, or a value of another type.
fn value_of(field: &str) -> BoxedStrategy<Value> {
    let text = prop_oneof![
        "[ \t\n\u{85}\u{a0}\u{2028}\u{3000}a\u{0}-]{0,4}",
        prop::sample::select(vec!["Amélie", "映画", "a\nb", " \u{200b} ", "\u{feff}"]).prop_map(str::to_owned),
        (2040..2050_usize, prop::sample::select(vec!["x", "é"])).prop_map(|(count, text)| text.repeat(count)),
        any::<String>(),
    ];
    let url =
        "(https?|HTTP|hTtPs|ftp|javascript)(://|:/|:)(h|\\[::1\\]|u:p@h|)(:80|:99999|)[/?#a é\n\"<\\\\\u{a0}]{0,3}";
    let numbers = vec![2020.0, 2020.5, 2.02e3, 1e30, -0.0, 0.5, 9999.0, 10000.0];
    let other = vec![Value::Null, json!(true), json!({}), json!([[]]), json!({"x": "x"}), json!("x"), json!(7)];
    let other = prop::sample::select(other);
    let own = match field {
        "year" => prop_oneof![
            (-1..10_002_i64).prop_map(Value::from),
            prop::sample::select(numbers).prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
        ]
        .boxed(),
        "cast" => {
            let entry = prop_oneof![9 => text.prop_map(Value::from), 1 => other.clone()];
            prop::collection::vec(entry, 0..4).prop_map(Value::from).boxed()
        }
        "image" => url.prop_map(Value::from).boxed(),
        _ => text.prop_map(Value::from).boxed(),
    };
    prop_oneof![5 => own, 1 => other].boxed()
}

/// A valid movie or patch.
fn valid(is_whole: bool) -> impl Strategy<Value = Map<String, Value>> {
    let fields: Vec<_> = Movie::FIELDS.iter().map(|field| (value_of(field), any::<bool>())).collect();
    fields.prop_map(move |values| {
        let mut document = new(1).body.as_object().unwrap().clone();
        for (&name, (value, is_sent)) in Movie::FIELDS.iter().zip(values) {
            let only = json!({name: value}).to_string();
            if !is_whole && !is_sent {
                document.remove(name);
            } else if MoviePatch::from_json(only.as_bytes()).is_ok() {
                document.insert(name.to_owned(), value);
            }
        }
        document
    })
}

/// A valid movie or patch, and the same with one thing changed: a member is set, removed or added.
fn changed(is_whole: bool) -> impl Strategy<Value = (Value, Value)> {
    let names = [Movie::FIELDS, &["ID", "id", "rating", ""]].concat();
    let change =
        prop::sample::select(names).prop_flat_map(|name| (Just(name), prop::option::weighted(0.8, value_of(name))));
    (valid(is_whole), change).prop_map(|(valid, (name, value))| {
        let mut changed = valid.clone();
        match value {
            Some(value) => _ = changed.insert(name.to_owned(), value),
            None => _ = changed.remove(name),
        }
        (Value::Object(valid), Value::Object(changed))
    })
}

proptest! {
    #![proptest_config(Config { cases: 1_000, failure_persistence: None, ..Config::default() })]

    #[test]
    fn the_schema_of_a_movie_accepts_what_the_service_accepts((valid, changed) in changed(true)) {
        agree("Movie", &valid)?;
        agree("Movie", &changed)?;
    }

    #[test]
    fn the_schema_of_a_patch_accepts_what_the_service_accepts((valid, changed) in changed(false)) {
        agree("MoviePatch", &valid)?;
        agree("MoviePatch", &changed)?;
    }
}
