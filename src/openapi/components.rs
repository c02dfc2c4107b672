//! The components of the OpenAPI document: schemas from the types, and a response for each status of a problem.

#![allow(clippy::indexing_slicing, reason = "indexing a JSON value adds what is missing; only tests run this")]

use lambda_http::http::HeaderMap;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::{
    describe::{header, headers, schema},
    entities::{self, ENTITIES, MOVIE},
};
use crate::{
    fields::Invalid,
    movie::MoviePatch,
    problem::{Problem, ProblemJson},
};

pub(super) fn components() -> Result<Value, serde_json::Error> {
    let problems = problems()?;
    Ok(json!({"schemas": schemas(&problems), "responses": responses(&problems), "headers": headers()}))
}

/// A problem as a client gets it.
struct SentProblem {
    status: u16,
    json: Value,
    /// Those of its headers that the document describes.
    headers: Vec<&'static str>,
}

/// A problem of each kind.
fn problems() -> Result<Vec<SentProblem>, serde_json::Error> {
    let bad_fields = match MoviePatch::from_json(br#"{"title":" ","year":"1949"}"#) {
        Err(Invalid::Fields(errors)) => errors,
        _ => Vec::new(),
    };
    let mut problems = vec![
        Problem::bad_request("`year` must be an integer from 1 to 9999."),
        Problem::missing_body(MOVIE.noun),
        Problem::bad_fields(bad_fields),
    ];
    problems.extend(ENTITIES.map(|entity| Problem::not_found(entity.noun, entity.stored_id)));
    problems.push(Problem::no_such_path());
    problems.extend(ENTITIES.map(|entity| Problem::exists(entity.noun, entity.stored_id)));
    problems.extend([
        Problem::precondition_failed(),
        Problem::item_too_large(MOVIE.noun),
        Problem::response_not_remembered(),
        Problem::response_too_large(MOVIE.noun, 1_000_000),
        Problem::changed_but_too_large(MOVIE.noun, 1_000_000, &HeaderMap::new()),
        Problem::not_acceptable(),
        Problem::unsupported_type("application/json"),
        Problem::unsupported_encoding(),
        Problem::idempotency_key_reused(),
        Problem::internal(),
        Problem::unavailable(Some(MOVIE.noun)),
    ]);
    let sent = problems.into_iter().map(|problem| {
        let response = problem.into_response("/ns_movies/The%20Dare-2020", "d5f7a5b2-5c4e-4d0c-9a51-2f5e3b0a8c11");
        let names = ["Accept", "Accept-Encoding", "Retry-After"];
        let headers = names.into_iter().filter(|name| response.headers().contains_key(*name)).collect();
        Ok(SentProblem { status: response.status().as_u16(), json: serde_json::from_slice(response.body())?, headers })
    });
    sent.collect()
}

/// A response for each status, with an example of each kind of problem.
fn responses(problems: &[SentProblem]) -> Value {
    let any = entities::any();
    let mut responses = Map::new();
    for (status, description) in [
        (400, "The request is invalid. The problem says why.".to_owned()),
        (404, format!("The {any} or the path does not exist.")),
        (406, "The client does not accept gzip.".to_owned()),
        (409, format!("Another {any} has this id. Nothing was written.")),
        (412, "The current ETag does not meet `If-Match` or `If-None-Match`. Nothing was changed.".to_owned()),
        (
            413,
            format!(
                "The body exceeds 1 MB, the {any} or its remembered response exceeds 400 KB, or the response exceeds \
                 the 1 MB of a load balancer. Nothing was changed."
            ),
        ),
        (415, "The content type or coding of the body is not supported.".to_owned()),
        (422, "The `Idempotency-Key` was used with another request. Nothing was changed.".to_owned()),
        (500, "The service failed.".to_owned()),
        (503, "The table did not respond. If the request was a write, it may or may not have happened.".to_owned()),
    ] {
        let of_status = problems.iter().filter(|problem| problem.status == status);
        let mut response = json!({"description": description, "headers": {}});
        let mut examples = Map::new();
        for problem in of_status {
            examples.insert(kind_of(&problem.json), json!({"value": problem.json}));
            for name in &problem.headers {
                // A 503 always has its header, `Retry-After`. A 415 has only one of its two headers.
                response["headers"][name] = header(name, status == 503);
            }
        }
        response["content"] = json!({"application/problem+json": {"schema": schema("Problem"), "examples": examples}});
        responses.insert(status.to_string(), response);
    }
    Value::Object(responses)
}

fn kind_of(problem: &Value) -> String {
    problem["type"].as_str().and_then(|kind| kind.rsplit(':').next()).unwrap_or_default().to_owned()
}

fn schemas(problems: &[SentProblem]) -> Value {
    let settings = || {
        SchemaSettings::draft2020_12().with(|settings| {
            settings.meta_schema = None;
            settings.definitions_path = "/components/schemas".into();
        })
    };
    let mut read = settings().into_generator();
    for entity in ENTITIES {
        (entity.schemas)(&mut read);
    }
    let mut written = settings().for_serialize().into_generator();
    written.subschema_for::<ProblemJson<'_>>();
    let mut schemas: Value = read.take_definitions(true).into_iter().chain(written.take_definitions(true)).collect();
    for entity in ENTITIES {
        schemas[entity.name]["example"] = (entity.example)().1;
    }
    schemas["Problem"]["properties"]["type"]["enum"] = kinds(problems);
    schemas["Health"] = json!({
        "type": "object", "required": ["status"], "additionalProperties": false,
        "properties": {"status": {"type": "string", "enum": ["ok"]}},
    });
    schemas
}

/// The `type` of every problem. A 405 is added here, because operations do not describe it.
fn kinds(problems: &[SentProblem]) -> Value {
    let mut kinds: Vec<_> = problems.iter().map(|problem| problem.json["type"].clone()).collect();
    kinds.push(json!("urn:problem-type:movies:method-not-allowed"));
    Value::Array(kinds)
}
