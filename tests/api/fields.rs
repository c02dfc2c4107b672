//! Every field of a movie, through every operation. The fields come from the OpenAPI document, so a new field does not
//! need a change here.

use serde_json::{Value, json};

use crate::{
    contract::DOCUMENT,
    schemas::allows,
    support::{Service, collection, merged, movies::renames},
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
        let (other, null) = (json!({name: another(sample)}), json!({name: null}));
        let is_required = schemas["Movie"]["required"].as_array().unwrap().contains(&json!(name));
        let in_patch = &schemas["MoviePatch"]["properties"][name];
        assert!(allows(in_patch, sample), "{name}: a patch does not allow {sample}");
        assert!(!allows(schema, &Value::Null), "{name} is never shown as null");
        assert_eq!(allows(in_patch, &Value::Null), !is_required, "{name}: null in a patch removes it");

        let service = Service::start().await;
        let created = service.post(whole).await;
        assert_eq!((created.status, created.json()), (200, whole.clone()), "POST with {name}");
        let (mut path, mut movie) = (created.location(), whole.clone());
        let sample = json!({name: sample});
        let mut patches = vec![other.clone(), sample.clone()];
        patches.extend(renames());
        if !is_required {
            let removals = renames().into_iter().map(|rename| merged(&rename, &null));
            patches.extend([null.clone(), sample, null.clone(), other].into_iter().chain(removals));
        }
        for (method, patch) in ["PUT", "PATCH"].into_iter().cycle().zip(patches) {
            movie = merged(&movie, &patch);
            if movie[name].is_null() {
                movie = without(movie, name);
            }
            let response = service.call(method, &path).json(&patch).send().await;
            assert_eq!((response.status, response.json()), (200, movie.clone()), "{method} {patch}");
            if response.headers.contains_key("location") {
                path = response.location();
            }
            assert_eq!(service.get(&path).await.json(), movie, "GET after {method} {patch}");
            let listed: Vec<_> = service.list_all(collection()).await.into_values().collect();
            assert_eq!(listed, [movie.clone()], "a listing after {method} {patch}");
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
