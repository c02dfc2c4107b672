//! The fixture, and every field of a movie through every operation. The fields come from the OpenAPI document, so a new field
//! does not need a change here.

use std::collections::BTreeMap;

use movies::movie::MovieId;
use serde_json::{Value, json};

use crate::{
    contract::DOCUMENT,
    schemas::allows,
    support::{Service, change, collection, invalid, merged, movies::renames, new, other_change, stored, stored_2},
};

#[tokio::test]
async fn the_fixture_is_what_it_says() {
    let service = Service::seeded().await;
    let all = service.list_all(collection()).await;
    for stored in [stored(), stored_2()] {
        assert_eq!((service.get(&stored.path).await.json(), &all[&stored.id]), (stored.body.clone(), &stored.body));
    }
    assert_eq!(all.len(), 2);
    let both = merged(&change(), &other_change());
    assert_eq!(merged(&both, &change()), both, "they change different fields");
    let differs = |name: &String| new(1).body[name] != new(2).body[name];
    assert!(both.as_object().unwrap().keys().all(differs), "`{{n}}` is in each field of `new` that a change has");
    let refused = service.post(&invalid().body).await;
    let mut pointers = refused.pointers();
    pointers.sort();
    assert_eq!((refused.status, pointers), (400, invalid().pointers.clone()));
}

/// A different value of the same type.
fn another(value: &Value) -> Value {
    match value {
        Value::String(text) => json!(format!("{text}2")),
        Value::Array(entries) => json!([&entries[..], &entries[..1]].concat()),
        Value::Bool(flag) => json!(!flag),
        Value::Number(number) if number.is_f64() => json!(number.as_f64().unwrap() / 2.0),
        Value::Number(number) => json!(number.as_i64().unwrap() + 1),
        Value::Object(_) | Value::Null => panic!("no sample differs from {value}"),
    }
}

fn without(mut body: Value, name: &str) -> Value {
    body.as_object_mut().unwrap().remove(name);
    body
}

#[tokio::test]
async fn every_field_goes_through_every_operation() {
    let schemas = &DOCUMENT["components"]["schemas"];
    let whole = &schemas["Movie"]["examples"][0];
    for (name, schema) in schemas["Movie"]["properties"].as_object().unwrap() {
        let sample = whole.get(name).unwrap_or_else(|| panic!("the example in the document has no {name}"));
        // Without a rename, no change changes the id.
        let is_fixed = renames().is_empty() && MovieId::FORM.contains(&format!("{{{name}}}"));
        let other = if is_fixed { sample.clone() } else { another(sample) };
        let (other, null) = (json!({name: other}), json!({name: null}));
        let is_required = schemas["Movie"]["required"].as_array().unwrap().contains(&json!(name));
        let in_patch = &schemas["MoviePatch"]["properties"][name];
        assert!(allows(in_patch, sample), "{name}: a patch does not allow {sample}");
        assert!(!allows(schema, &Value::Null), "{name} is never shown as null");
        assert_eq!(allows(in_patch, &Value::Null), !is_required, "{name}: null in a patch removes it");

        let service = Service::seeded().await;
        let seeded = service.list_all(collection()).await;
        let sample = json!({name: sample});
        let mut patches = renames();
        if !is_required {
            let removals = renames().into_iter().map(|rename| merged(&rename, &null));
            patches.extend([&null, &sample, &null, &other].map(Value::clone).into_iter().chain(removals));
        }
        let steps = [
            ("POST", "", whole.clone()),
            ("PUT", "application/json", other),
            ("PATCH", "application/merge-patch+json", sample),
            // What a GET returned can be sent back.
            ("PUT", "APPLICATION/JSON; charset=utf-8", whole.clone()),
        ];
        let patches = ["PUT", "PATCH"].into_iter().cycle().zip(patches).map(|(method, patch)| (method, "", patch));
        let (mut path, mut movie) = (collection().to_owned(), json!({}));
        for (method, content_type, body) in steps.into_iter().chain(patches) {
            movie = merged(&movie, &body);
            if movie[name].is_null() {
                movie = without(movie, name);
            }
            let call = service.call(method, &path).header("Content-Type", content_type).body(&body.to_string());
            let response = call.send().await;
            assert_eq!((response.status, response.json()), (200, movie.clone()), "{method} {body}");
            if response.headers.contains_key("location") {
                assert_ne!(response.location(), path, "{method} {body}");
                path = response.location();
            }
            let read = service.get(&path).await;
            assert_eq!((read.json(), read.etag()), (movie.clone(), response.etag()), "GET after {method} {body}");
            let mut listed = service.list_all(collection()).await;
            let others: BTreeMap<_, _> = seeded.keys().filter_map(|id| listed.remove_entry(id)).collect();
            let listed: Vec<_> = listed.into_values().collect();
            assert_eq!((listed, &others), (vec![movie.clone()], &seeded), "a listing after {method} {body}");
        }

        let lacking = without(whole.clone(), name);
        for (method, path, body) in [
            ("POST", collection(), &merged(whole, &null)),
            ("POST", collection(), &lacking),
            ("PUT", &path, &null),
            ("PATCH", &path, &null),
        ] {
            if is_required || method == "POST" && body != &lacking {
                let response = service.call(method, path).json(body).send().await;
                assert_eq!((response.status, response.pointers()), (400, vec![format!("/{name}")]), "{method} {body}");
            }
        }
        assert_eq!(service.get(&path).await.json(), movie, "after nulls that are rejected");
    }
}
