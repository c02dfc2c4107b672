//! The parts of which each operation makes its OpenAPI description.

#![allow(clippy::indexing_slicing, reason = "indexing a JSON value adds what is missing; only tests run this")]

use serde_json::{Map, Value, json};

/// A movie that a local run has, so that a reader can try the operations.
pub(super) const STORED_ID: &str = "The Dare-2020";

/// The id of [`example_movie`].
pub(crate) const EXAMPLE_ID: &str = "The Third Man-1949";

/// A movie that a reader can create.
pub(crate) fn example_movie() -> Value {
    json!({
        "title": "The Third Man", "year": 1949, "cast": ["Joseph Cotten", "Alida Valli", "Orson Welles"],
        "image": "https://example.org/the-third-man.jpg", "description": "A writer looks for a friend in Vienna.",
    })
}

/// The content of a request or response that is a movie.
pub(crate) fn movie() -> Value {
    json!({"application/json": movie_media()})
}

/// A movie as the media type JSON.
pub(crate) fn movie_media() -> Value {
    json!({"schema": schema("Movie"), "example": example_movie()})
}

/// The schema of a type.
pub(crate) fn schema(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

/// The response of a success, and those of the other statuses that an operation has.
pub(crate) fn responses(status: u16, success: Value, others: &[u16]) -> Value {
    let mut responses = Map::from_iter([(status.to_string(), success)]);
    for status in others {
        let response = match status {
            304 => json!({
                "description": "The client has the current version already.",
                "headers": {"ETag": header("ETag", true)},
            }),
            _ => json!({"$ref": format!("#/components/responses/{status}")}),
        };
        responses.insert(status.to_string(), response);
    }
    Value::Object(responses)
}

/// A header of a response, and whether the response always has it.
pub(crate) fn header(name: &str, always: bool) -> Value {
    if !always {
        return json!({"$ref": format!("#/components/headers/{name}")});
    }
    let mut header = headers()[name].clone();
    header["required"] = json!(true);
    header
}

/// The headers of responses.
pub(super) fn headers() -> Value {
    let header = |description: &str, schema: Value| json!({"description": description, "schema": schema});
    let text = || json!({"type": "string"});
    json!({
        "ETag": header("The version of what is sent (RFC 9110 §8.8.3), for `If-Match` and `If-None-Match`.",
            json!({"type": "string", "pattern": "^\"[!#-~]+\"$"})),
        "Link": header("`<…>; rel=\"next\"` (RFC 8288): the next page. The last page does not have it.",
            json!({"type": "string", "pattern": "^<[^>]+>; rel=\"next\"$"})),
        "Location": header("The URL of the movie.", json!({"type": "string", "format": "uri-reference"})),
        "Idempotency-Replayed": header("This is the response to an earlier request with the same `Idempotency-Key`.",
            json!({"type": "string", "enum": ["true"]})),
        "Retry-After": header("After how many seconds to try again.", json!({"type": "integer", "minimum": 1})),
        "Allow": header("The methods of this path.", text()),
        "Access-Control-Allow-Methods": header("The methods that a page of an allowed origin may use.", text()),
        "Access-Control-Allow-Headers": header(
            "The headers that such a page may send: those that the preflight asks for.", text()),
        "Accept": header("The content types that this operation accepts.", text()),
        "Accept-Encoding": header("The content codings that this operation accepts.", text()),
    })
}
