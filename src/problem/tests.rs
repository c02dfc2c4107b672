use serde_json::Value;

use super::*;

const JSON: &str = "application/json";
const PATCH: &str = "application/merge-patch+json, application/json";

#[test]
fn every_problem_has_a_status_a_type_a_text_and_headers() {
    let none: &[(&str, &str)] = &[];
    let (accept_patch, identity) = (("accept-patch", PATCH), ("accept-encoding", "identity"));
    let field = FieldError { pointer: "/field".to_owned(), detail: "must be a text".to_owned() };
    let too_long = format!("longer than {} bytes", MovieId::MAX_BYTES);
    let path = format!("/ns_movies/{}.", MovieId::FORM);
    let mut types = Vec::new();
    for (problem, status, kind, detail, headers) in [
        (Problem::NotARequest, 400, "bad-request", "not an HTTP request", none),
        (Problem::PathNotUtf8, 400, "bad-request", "not UTF-8", none),
        (Problem::IdTooLong, 400, "bad-request", &too_long, none),
        (Problem::Parameter("limit", "must be 1".to_owned()), 400, "bad-request", "`limit` must be 1.", none),
        (Problem::InvalidKey, 400, "bad-request", "must be one key of 1 to 255 visible ASCII", none),
        (Problem::NoKeyTable, 400, "bad-request", "without `Idempotency-Key`", none),
        (Problem::EmptyPatch, 400, "bad-request", "at least one field", none),
        (Problem::MissingBody, 400, "bad-body", "has no body", none),
        (Problem::BodyNotBase64, 400, "bad-body", "not valid base64", none),
        (Problem::BodyNotText, 400, "bad-body", "not a string", none),
        (Problem::BodyNotAnObject("expected".to_owned()), 400, "bad-body", "expected.", none),
        (Problem::InvalidFields(vec![field]), 400, "bad-fields", "`errors` lists each", none),
        (Problem::NoSuchMovie("A-1".to_owned()), 404, "no-such-movie", "Movie 'A-1' doesn't exist.", none),
        (Problem::NoSuchPath, 404, "no-such-path", &path, none),
        (Problem::MethodNotAllowed("GET"), 405, "method-not-allowed", "supports GET.", &[("allow", "GET")]),
        (Problem::MovieExists("A-1".to_owned()), 409, "movie-exists", "Movie 'A-1' exists already", none),
        (Problem::PreconditionFailed, 412, "precondition-failed", "does not meet the request's precondition", none),
        (Problem::BodyTooLarge, 413, "too-large", "larger than 1048576 bytes", none),
        (Problem::MovieTooLarge, 413, "too-large", "The movie exceeds 400 KB", none),
        (Problem::ResponseTooLarge, 413, "too-large", "The response exceeds 400 KB", none),
        (Problem::UnsupportedType(JSON), 415, "unsupported-type", "application/json.", &[("accept", JSON)]),
        (Problem::UnsupportedType(PATCH), 415, "unsupported-type", PATCH, &[("accept", PATCH), accept_patch]),
        (Problem::UnsupportedEncoding(JSON), 415, "unsupported-encoding", "Compressed", &[identity]),
        (Problem::UnsupportedEncoding(PATCH), 415, "unsupported-encoding", "Compressed", &[identity, accept_patch]),
        (Problem::KeyReused, 422, "idempotency-key-reused", "another method, path, body or precondition", none),
        (Problem::Internal, 500, "internal", "Quote the request_id", none),
        (Problem::Unavailable, 503, "unavailable", "Try again shortly.", &[("retry-after", "1")]),
        (Problem::OutcomeUnknown, 503, "unavailable", "may or may not have happened", &[("retry-after", "1")]),
    ] {
        let row = format!("{problem:?}");
        let response = problem.into_response("/path", "id");
        assert_eq!(response.status().as_u16(), status, "{row}");
        let json: Value = serde_json::from_slice(response.body()).unwrap();
        assert_eq!(json["type"], format!("urn:problem-type:movies:{kind}"), "{row}");
        types.push(json["type"].clone());
        assert!(json["detail"].as_str().unwrap().contains(detail), "{row}: {json}");
        assert_eq!((&json["status"], &json["instance"]), (&status.into(), &"/path".into()), "{row}");
        assert_eq!((&json["request_id"], json.get("errors").is_some()), (&"id".into(), kind == "bad-fields"), "{row}");
        let mut expected = vec![("cache-control", "no-store"), ("content-type", "application/problem+json")];
        expected.extend(headers);
        expected.sort_unstable();
        let mut found: Vec<_> =
            response.headers().iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap())).collect();
        found.sort_unstable();
        assert_eq!(found, expected, "{row}");
    }
    types.dedup();
    types.push("about:blank".into());
    let document: Value = serde_json::from_str(include_str!("../openapi.json")).unwrap();
    let documented = &document["components"]["schemas"]["Problem"]["properties"]["type"]["enum"];
    assert_eq!(*documented, Value::Array(types), "the document has the same types");
}

#[test]
fn a_long_instance_is_cut_before_an_escape_that_does_not_fit() {
    let instance = |path: &str| {
        let response = Problem::NoSuchPath.into_response(path, "id");
        serde_json::from_slice::<Value>(response.body()).unwrap()["instance"].clone()
    };
    let longest_id = format!("/ns_movies/{}", "%20".repeat(MovieId::MAX_BYTES));
    assert_eq!(instance(&longest_id), longest_id);
    for (before, length) in [(0, 0), (1, 1), (2, 2), (3, 0)] {
        let path = format!("{}%20%20%20", "a".repeat(MAX_INSTANCE_BYTES - before));
        assert_eq!(instance(&path).as_str(), path.get(..MAX_INSTANCE_BYTES - length), "{before} bytes are left");
    }
}
