//! The parts from which the OpenAPI description of each operation is built.

#![allow(clippy::indexing_slicing, reason = "indexing a JSON value adds what is missing; only tests run this")]

use serde_json::{Map, Value, json};

use super::entities;

/// The schema of a type.
pub(crate) fn schema(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

/// The responses of an operation: that of a success, and those of the other statuses.
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
        "ETag": header("The version of the content (RFC 9110 §8.8.3), for `If-Match` and `If-None-Match`.",
            json!({"type": "string", "pattern": "^\"[!#-~]+\"$"})),
        "Link": header("`<…>; rel=\"next\"` (RFC 8288): the next page. The last page does not have it.",
            json!({"type": "string", "pattern": "^<[^>]+>; rel=\"next\"$"})),
        "Location": header(&format!("The URL of the {}.", entities::any()), json!({"type": "string", "format": "uri-reference"})),
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
