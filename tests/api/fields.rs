//! Every field of a movie, through every operation. The fields come from the OpenAPI document, so a new field does not
//! need a change here.

use serde_json::{Value, json};

use crate::{
    bodies::allows,
    contract::DOCUMENT,
    support::{Service, collection, movies::renames},
};

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

/// Checks that every way to read a movie returns it.
async fn assert_shown(service: &Service, path: &str, movie: &Value, when: &str) {
    assert_eq!(&service.get(path).await.json(), movie, "GET {when}");
    let listed: Vec<_> = service.list_all(collection()).await.into_values().collect();
    assert_eq!(listed, std::slice::from_ref(movie), "a listing {when}");
}

/// Sends a change of the movie, and checks that every way to read it returns the outcome.
async fn change(service: &Service, method: &str, at: &mut String, movie: &mut Value, patch: Value) {
    let when = format!("after {method} {patch}");
    for (name, value) in patch.as_object().unwrap() {
        match value {
            Value::Null => _ = movie.as_object_mut().unwrap().remove(name),
            value => movie[name] = value.clone(),
        }
    }
    let response = service.call(method, at).json(&patch).send().await;
    assert_eq!((response.status, response.json()), (200, movie.clone()), "{when}");
    if response.headers.contains_key("location") {
        *at = response.location();
    }
    assert_shown(service, at, movie, &when).await;
}

async fn assert_refused(service: &Service, method: &str, path: &str, body: &Value, name: &str) {
    let response = service.call(method, path).json(body).send().await;
    assert_eq!((response.status, response.pointers()), (400, vec![format!("/{name}")]), "{method} {body}");
}

#[tokio::test]
async fn every_field_goes_through_every_operation() {
    let schemas = &DOCUMENT["components"]["schemas"];
    let whole = &schemas["Movie"]["examples"][0];
    for (name, schema) in schemas["Movie"]["properties"].as_object().unwrap() {
        let sample = whole.get(name).unwrap_or_else(|| panic!("the example in the document has no {name}"));
        let other = another(sample);
        assert!(allows(schema, &other), "{name}: the document does not allow {other}");
        let is_required = schemas["Movie"]["required"].as_array().unwrap().contains(&json!(name));
        let in_patch = &schemas["MoviePatch"]["properties"][name];
        assert!(allows(in_patch, sample), "{name}: a patch does not allow {sample}");
        assert!(!allows(schema, &Value::Null), "{name} is never shown as null");
        assert_eq!(allows(in_patch, &Value::Null), !is_required, "{name}: null in a patch removes it");

        let service = Service::start().await;
        let mut without = whole.clone();
        without.as_object_mut().unwrap().remove(name);
        let mut null = whole.clone();
        null[name] = Value::Null;
        assert_refused(&service, "POST", collection(), &null, name).await;
        if is_required {
            assert_refused(&service, "POST", collection(), &without, name).await;
        } else {
            let created = service.post(&without).await;
            assert_eq!(created.json(), without, "POST without {name}");
            let mut path = created.location();
            assert_shown(&service, &path, &without, &format!("without {name}")).await;
            change(&service, "PATCH", &mut path, &mut without, json!({name: sample})).await;
            assert_eq!(service.call("DELETE", &path).send().await.status, 200);
        }

        let mut movie = whole.clone();
        let created = service.post(&movie).await;
        assert_eq!((created.status, created.json()), (200, movie.clone()), "POST with {name}");
        let mut path = created.location();
        assert_shown(&service, &path, &movie, "after POST").await;
        change(&service, "PUT", &mut path, &mut movie, json!({name: other})).await;
        change(&service, "PATCH", &mut path, &mut movie, json!({name: sample})).await;
        for rename in renames() {
            change(&service, "PUT", &mut path, &mut movie, rename).await;
        }
        for method in ["PUT", "PATCH"] {
            if is_required {
                assert_refused(&service, method, &path, &json!({name: null}), name).await;
                assert_shown(&service, &path, &movie, "after a null that is rejected").await;
                continue;
            }
            for value in [sample, &Value::Null, sample] {
                change(&service, method, &mut path, &mut movie, json!({name: value})).await;
            }
            for mut rename in renames() {
                rename[name] = Value::Null;
                change(&service, method, &mut path, &mut movie, rename).await;
            }
        }
    }
}
