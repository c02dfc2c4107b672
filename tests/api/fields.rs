//! Every field of a movie, through every operation. The fields come from the OpenAPI document, so a new field does not
//! need a change here.

use serde_json::{Value, json};

use crate::{
    bodies::allows,
    contract::DOCUMENT,
    support::{Service, path_of},
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

fn address(movie: &Value) -> String {
    path_of(&format!("{}-{}", movie["title"].as_str().unwrap(), movie["year"]))
}

/// Checks that every way to read a movie returns it.
async fn assert_shown(service: &Service, movie: &Value, when: &str) {
    assert_eq!(&service.get(&address(movie)).await.json(), movie, "GET {when}");
    for listing in ["/ns_movies/".to_owned(), format!("/ns_movies/?year={}", movie["year"])] {
        let movies: Vec<_> = service.list_all(&listing).await.into_values().collect();
        assert_eq!(movies, std::slice::from_ref(movie), "GET {listing} {when}");
    }
}

/// Sends a change of the movie, and checks that every way to read it returns the outcome.
async fn change(service: &Service, method: &str, movie: &mut Value, patch: Value) {
    let when = format!("after {method} {patch}");
    let before = address(movie);
    for (name, value) in patch.as_object().unwrap() {
        match value {
            Value::Null => _ = movie.as_object_mut().unwrap().remove(name),
            value => movie[name] = value.clone(),
        }
    }
    let response = service.call(method, &before).json(&patch).send().await;
    assert_eq!((response.status, response.json()), (200, movie.clone()), "{when}");
    assert_shown(service, movie, &when).await;
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
        assert_refused(&service, "POST", "/ns_movies/", &null, name).await;
        if is_required {
            assert_refused(&service, "POST", "/ns_movies/", &without, name).await;
        } else {
            assert_eq!(service.post(&without).await.json(), without, "POST without {name}");
            assert_shown(&service, &without, &format!("without {name}")).await;
            change(&service, "PATCH", &mut without, json!({name: sample})).await;
            assert_eq!(service.call("DELETE", &address(&without)).send().await.status, 200);
        }

        let mut movie = whole.clone();
        let created = service.post(&movie).await;
        assert_eq!((created.status, created.json()), (200, movie.clone()), "POST with {name}");
        assert_shown(&service, &movie, "after POST").await;
        change(&service, "PUT", &mut movie, json!({name: other})).await;
        change(&service, "PATCH", &mut movie, json!({name: sample})).await;
        let year = movie["year"].as_i64().unwrap() + 10;
        change(&service, "PUT", &mut movie, json!({"title": "Renamed", "year": year})).await;
        for method in ["PUT", "PATCH"] {
            if is_required {
                assert_refused(&service, method, &address(&movie), &json!({name: null}), name).await;
                assert_shown(&service, &movie, "after a null that is rejected").await;
            } else {
                change(&service, method, &mut movie, json!({name: sample})).await;
                change(&service, method, &mut movie, json!({name: null})).await;
                change(&service, method, &mut movie, json!({name: sample})).await;
                let title = format!("Renamed by {method}");
                change(&service, method, &mut movie, json!({"title": title, name: null})).await;
            }
        }
    }
}
