//! Makes the OpenAPI document from the code.
//!
//! Which methods a path has, [`route::find`] says; what a movie and a problem are, their types; what a problem looks
//! like, a real one of its kind. Only the texts, and which problems an operation can have, stand here, and the tests hold
//! every answer that they see against them.

#![allow(clippy::indexing_slicing, reason = "indexing a JSON value adds what is missing; this runs in tests alone")]
#![allow(clippy::too_many_lines, reason = "one arm for each route")]

use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use crate::{
    api::{DEFAULT_LIMIT, MAX_LIMIT},
    movie::{MAX_ID_BYTES, Movie, MovieId, MoviePatch},
    problem::{self, Problem},
    route::{self, Route},
    swagger_ui::Asset,
};

const JSON: &str = "application/json";
const MERGE_PATCH: &str = "application/merge-patch+json";
const PROBLEM: &str = "application/problem+json";
const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
const EXAMPLE: &str = r#"{"title":"The Third Man","year":1949,"cast":["Joseph Cotten","Alida Valli","Orson Welles"],
    "image":"https://example.org/the-third-man.jpg","description":"A writer looks for a friend in Vienna."}"#;
const EXAMPLE_ID: &str = "The Dare-2020";

/// The document, pretty-printed, with a line feed at its end.
///
/// # Errors
/// When an example is not what it is an example of.
pub fn document() -> Result<String, serde_json::Error> {
    let (files, version) = Asset::names();
    let mut paths = Map::new();
    for (template, example, parameters) in [
        ("/", "/", json!([])),
        ("/health", "/health", json!([])),
        ("/ns_movies/", "/ns_movies/", json!([])),
        ("/ns_movies/{id}", "/ns_movies/x-1", json!([id_parameter()])),
        (
            "/swagger-ui/{version}/{file}",
            &format!("/swagger-ui/{version}/{}", files[0]),
            json!([
                {"name": "version", "in": "path", "required": true, "description": "The version of Swagger UI.",
                 "schema": {"type": "string", "enum": [version]}},
                {"name": "file", "in": "path", "required": true, "description": "A file of it.",
                 "schema": {"type": "string", "enum": files}},
            ]),
        ),
        ("/swagger.json", "/swagger.json", json!([])),
    ] {
        let mut item = Map::new();
        for method in METHODS {
            if let Ok(route) = route::find(method, example) {
                let mut operation = operation(method, template, route)?;
                let own = operation["parameters"].as_array().cloned().unwrap_or_default();
                let mut all: Vec<_> = parameters.as_array().into_iter().flatten().cloned().chain(own).collect();
                // OPTIONS tells of the path, whatever movie is at it or could be.
                if let (Route::Options(_), Some(id)) = (route, all.first_mut().filter(|first| first["name"] == "id")) {
                    id["schema"] = json!({"type": "string", "minLength": 1});
                }
                operation["parameters"] = Value::Array(all);
                item.insert(method.to_lowercase(), operation);
            }
        }
        paths.insert(template.to_owned(), Value::Object(item));
    }
    let document = json!({
        "openapi": "3.1.1",
        "info": {
            "title": "Movies API",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": "Create, read, update, rename, delete and list movies.",
            "description": "A movie's id is its title, a dash and its year. Every write is conditional: nothing is lost \
                when several clients write at once. Errors are problems of RFC 9457. Every path answers a HEAD for its \
                GET, and OPTIONS; a path that has no such method answers 405 with `Allow`, another path 404.",
            "license": {"name": "MIT or Apache-2.0", "identifier": "MIT OR Apache-2.0"},
        },
        "servers": [{"url": "/", "description": "Where this document comes from."}],
        "tags": [
            {"name": "movies", "description": "Movies, each at its id."},
            {"name": "service", "description": "The service itself."},
            {"name": "protocol", "description": "HEAD and OPTIONS of every path."},
        ],
        "paths": paths,
        "components": {"schemas": schemas()?, "responses": error_responses(), "headers": headers()},
    });
    Ok(serde_json::to_string_pretty(&document)? + "\n")
}

fn operation(method: &str, template: &str, route: Route<'_>) -> Result<Value, serde_json::Error> {
    // HEAD and OPTIONS are named after what the path is.
    let noun = match template {
        "/" => "Page",
        "/health" => "Health",
        "/ns_movies/" => "Movies",
        "/ns_movies/{id}" => "Movie",
        "/swagger.json" => "Document",
        _ => "Asset",
    };
    if let Route::Options(allow) = route {
        return Ok(json!({
            "operationId": format!("options{noun}"), "tags": ["protocol"], "summary": format!("What can be done: {allow}"),
            "responses": with_errors(method, "204", json!({
                "description": "The methods, and the answer to a CORS preflight.",
                "headers": {"Allow": header("Allow", true)},
            }), if matches!(noun, "Page" | "Asset") { &["404"] } else { &[] }),
        }));
    }
    let mut operation = match route {
        Route::List => json!({
            "operationId": "listMovies", "tags": ["movies"], "summary": "List movies, page by page",
            "description": "A `Link` header leads to the next page while there is more. Following it to the end gives \
                every movie that existed throughout exactly once.",
            "parameters": [
                {"name": "limit", "in": "query", "description": "How many movies a page has at most.",
                 "schema": {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT}},
                {"name": "year", "in": "query", "description": "Only movies of this year.",
                 "schema": {"type": "integer", "minimum": 1, "maximum": 9999}},
                {"name": "cursor", "in": "query", "description": "Where a page starts: from the `Link` of the one before.",
                 "schema": {"type": "string", "pattern": "^[A-Za-z0-9_-]+$"}},
                if_none_match(),
            ],
            "responses": with_errors(method, "200", json!({
                "description": "Id to movie.",
                "headers": {"ETag": header("ETag", true), "Link": header("Link", false)},
                "content": {JSON: {
                    "schema": {"type": "object", "maxProperties": MAX_LIMIT, "additionalProperties": schema("Movie")},
                    "example": {"The Third Man-1949": example()?},
                }},
            }), &["304", "400", "500", "503"]),
        }),
        Route::Create => json!({
            "operationId": "createMovie", "tags": ["movies"], "summary": "Create a movie",
            "description": "Never replaces one: `If-None-Match: *` may be sent and changes nothing.",
            "parameters": [{"name": "If-None-Match", "in": "header", "description": "Of no effect.",
                "schema": {"type": "string"}}],
            "requestBody": {"required": true, "content": {JSON: {"schema": schema("Movie"), "example": example()?}}},
            "responses": with_errors(method, "200", json!({
                "description": "The movie as stored.",
                "headers": {"ETag": header("ETag", true), "Location": header("Location", true)},
                "content": movie()?,
                "links": {"read": link("readMovie"), "update": link("updateMovie"), "delete": link("deleteMovie")},
            }), &["400", "409", "413", "415", "500", "503"]),
        }),
        Route::Read(_) => json!({
            "operationId": "readMovie", "tags": ["movies"], "summary": "Read a movie",
            "parameters": [if_none_match()],
            "responses": with_errors(method, "200", json!({
                "description": "The movie.", "headers": {"ETag": header("ETag", true)}, "content": movie()?,
            }), &["304", "400", "404", "500", "503"]),
        }),
        Route::Update(_) => {
            let (id, summary) = match method {
                "PUT" => ("updateMovie", "Change a movie"),
                _ => ("patchMovie", "Change a movie by a JSON Merge Patch (RFC 7396)"),
            };
            let body = json!({"schema": schema("MoviePatch"), "example": {"description": "Seen twice."}});
            json!({
                "operationId": id, "tags": ["movies"], "summary": summary,
                "description": "Only the fields that are sent change. Another title or year moves the movie to its new \
                    id, in one atomic step, and `Location` names it.",
                "parameters": [if_match()],
                "requestBody": {"required": true, "content": {JSON: body, MERGE_PATCH: body}},
                "responses": with_errors(method, "200", json!({
                    "description": "The movie after the change.",
                    "headers": {"ETag": header("ETag", true), "Location": header("Location", false)},
                    "content": movie()?,
                }), &["400", "404", "409", "412", "413", "415", "500", "503"]),
            })
        }
        Route::Delete(_) => json!({
            "operationId": "deleteMovie", "tags": ["movies"], "summary": "Delete a movie",
            "parameters": [if_match()],
            "responses": with_errors(method, "200", json!({"description": "It is gone."}),
                &["400", "404", "412", "500", "503"]),
        }),
        Route::Health => json!({
            "operationId": "readHealth", "tags": ["service"], "summary": "Whether the table answers",
            "parameters": [if_none_match()],
            "responses": with_errors(method, "200", json!({
                "description": "It does.", "headers": {"ETag": header("ETag", true)},
                "content": {JSON: {"schema": schema("Health")}},
            }), &["304", "500", "503"]),
        }),
        Route::OpenApi => json!({
            "operationId": "readDocument", "tags": ["service"], "summary": "This document",
            "parameters": [if_none_match()],
            "responses": with_errors(method, "200", json!({
                "description": "OpenAPI 3.1.", "headers": {"ETag": header("ETag", true)},
                "content": {JSON: {"schema": {"type": "object", "required": ["openapi", "info", "paths"]}}},
            }), &["304"]),
        }),
        Route::SwaggerUi | Route::SwaggerUiFile(_) => {
            let (id, summary, types) = match route {
                Route::SwaggerUi => ("readPage", "Swagger UI", &["text/html"][..]),
                _ => ("readAsset", "A file of Swagger UI", &["text/javascript", "text/css", "image/png"][..]),
            };
            let content: Map<_, _> =
                types.iter().map(|name| ((*name).to_owned(), json!({"schema": {"type": "string"}}))).collect();
            json!({
                "operationId": id, "tags": ["service"], "summary": summary,
                "description": "404 where Swagger UI is turned off.",
                "parameters": [if_none_match()],
                "responses": with_errors(method, "200", json!({
                    "description": summary, "headers": {"ETag": header("ETag", true)}, "content": content,
                }), &["304", "404"]),
            })
        }
        Route::Options(_) => json!({}),
    };
    if method == "HEAD" {
        operation["operationId"] = json!(format!("head{noun}"));
        operation["tags"] = json!(["protocol"]);
        operation["summary"] = json!("As GET, without a body");
    }
    Ok(operation)
}

/// The success, and the errors by their statuses; to a HEAD all of them without a body.
fn with_errors(method: &str, status: &str, success: Value, errors: &[&str]) -> Value {
    let mut responses = Map::from_iter([(status.to_owned(), success)]);
    for status in errors {
        let response = match (*status, method) {
            ("304", _) => {
                json!({"description": "The client has this state.", "headers": {"ETag": header("ETag", true)}})
            }
            (_, "HEAD") => json!({"description": "As to GET, without a body."}),
            _ => json!({"$ref": format!("#/components/responses/{status}")}),
        };
        responses.insert((*status).to_owned(), response);
    }
    if method == "HEAD" {
        for response in responses.values_mut().filter_map(Value::as_object_mut) {
            response.remove("content");
        }
    }
    Value::Object(responses)
}

/// Every kind of problem, as it is sent.
fn problems() -> Vec<(u16, Value, Vec<String>)> {
    let bad_fields = match MoviePatch::from_json(br#"{"title":" ","year":"1949"}"#) {
        Err(crate::movie::Invalid::Fields(errors)) => errors,
        _ => Vec::new(),
    };
    let problems = [
        Problem::bad_request("The parameter year must be an integer from 1 to 9999."),
        Problem::bad_body("There is no body; send a JSON object with the movie's fields."),
        Problem::bad_fields(bad_fields),
        Problem::no_such_movie(EXAMPLE_ID),
        Problem::no_such_path(),
        Problem::method_not_allowed("GET, HEAD, OPTIONS"),
        Problem::movie_exists(EXAMPLE_ID),
        Problem::precondition_failed(),
        Problem::too_large("The movie is too large to be stored: 400 KB at most."),
        Problem::unsupported_type(JSON),
        Problem::unsupported_encoding(),
        Problem::internal(),
        Problem::unavailable(true),
    ];
    let sent = problems.into_iter().map(|problem| {
        let response = problem.into_response("/ns_movies/The%20Dare-2020", "d5f7a5b2-5c4e-4d0c-9a51-2f5e3b0a8c11");
        let names = ["accept", "accept-encoding", "allow", "retry-after"];
        let headers = names.iter().filter(|name| response.headers().contains_key(**name));
        let headers = headers.map(|name| (*name).to_owned()).collect();
        (response.status().as_u16(), serde_json::from_slice(response.body()).unwrap_or_default(), headers)
    });
    sent.collect()
}

/// One response for each status of an error, with an example of each kind of problem.
fn error_responses() -> Value {
    let mut responses: Map<String, Value> = Map::new();
    for (status, problem, names) in problems() {
        // A request that no operation is described for has this answer.
        if status == 405 {
            continue;
        }
        let response = responses.entry(status.to_string()).or_insert_with(|| {
            let media = json!({"schema": schema("Problem"), "examples": {}});
            json!({"description": problem["title"], "content": {PROBLEM: media}})
        });
        let kind = kind_of(&problem).to_owned();
        response["content"][PROBLEM]["examples"][kind] = json!({"value": problem});
        for name in names.iter().filter(|name| *name == "retry-after") {
            response["headers"]["Retry-After"] = header("Retry-After", !name.is_empty());
        }
        if status == 415 {
            response["headers"]["Accept"] = header("Accept", false);
            response["headers"]["Accept-Encoding"] = header("Accept-Encoding", false);
        }
    }
    for (status, description) in [
        ("400", "Something about the request is wrong; the problem says what."),
        ("404", "No such movie, or nothing at this path."),
        ("409", "Another movie has this id; nothing was written."),
        ("412", "The movie is in another state than `If-Match` names; nothing was written."),
        ("413", "The body is over 1 MB, or the movie over 400 KB; nothing was written."),
        ("415", "The body is of a type or encoding that is not read."),
        ("500", "The service failed on its own."),
        ("503", "The table does not answer, or what became of a write cannot be known."),
    ] {
        responses[status]["description"] = json!(description);
    }
    Value::Object(responses)
}

fn kind_of(problem: &Value) -> &str {
    problem["type"].as_str().and_then(|kind| kind.rsplit(':').next()).unwrap_or_default()
}

fn schemas() -> Result<Value, serde_json::Error> {
    let settings = || {
        SchemaSettings::draft2020_12().with(|settings| {
            settings.meta_schema = None;
            settings.definitions_path = "/components/schemas".into();
        })
    };
    let mut read = settings().into_generator();
    read.subschema_for::<Movie>();
    read.subschema_for::<MoviePatch>();
    let mut written = settings().for_serialize().into_generator();
    written.subschema_for::<problem::ProblemJson<'_>>();
    let mut schemas: Value = read.take_definitions(true).into_iter().chain(written.take_definitions(true)).collect();
    schemas["Movie"]["example"] = example()?;
    schemas["Problem"]["properties"]["type"]["enum"] =
        problems().into_iter().map(|(_, problem, _)| problem["type"].clone()).collect();
    schemas["Health"] = json!({
        "type": "object", "required": ["status"], "additionalProperties": false,
        "properties": {"status": {"type": "string", "enum": ["ok"]}},
    });
    Ok(schemas)
}

fn headers() -> Value {
    let header = |description: &str, schema: Value| json!({"description": description, "schema": schema});
    let text = || json!({"type": "string"});
    json!({
        "ETag": header("The state of what is sent (RFC 9110 §8.8.3), for `If-Match` and `If-None-Match`.",
            json!({"type": "string", "pattern": "^\"[!#-~]+\"$"})),
        "Link": header("`<…>; rel=\"next\"` (RFC 8288): the next page. Not there on the last one.",
            json!({"type": "string", "pattern": "^<[^>]+>; rel=\"next\"$"})),
        "Location": header("Where the movie is now.", json!({"type": "string", "format": "uri-reference"})),
        "Retry-After": header("Seconds after which to try again.", json!({"type": "integer", "minimum": 1})),
        "Allow": header("The methods of this path.", text()),
        "Accept": header("What is read instead.", text()),
        "Accept-Encoding": header("What is read instead.", text()),
    })
}

/// A header of a response, and whether it is always there.
fn header(name: &str, always: bool) -> Value {
    let reference = json!({"$ref": format!("#/components/headers/{name}")});
    if !always {
        return reference;
    }
    let mut header = headers()[name].clone();
    header["required"] = json!(true);
    header
}

fn schema(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

fn example() -> Result<Value, serde_json::Error> {
    serde_json::from_str(EXAMPLE)
}

fn movie() -> Result<Value, serde_json::Error> {
    Ok(json!({JSON: {"schema": schema("Movie"), "example": example()?}}))
}

/// What to do with a movie that was just created.
fn link(operation: &str) -> Value {
    json!({"operationId": operation, "parameters": {"id": "{$response.body#/title}-{$response.body#/year}"}})
}

fn id_parameter() -> Value {
    let id = MovieId::parse(EXAMPLE_ID).map(|id| id.to_string());
    json!({
        "name": "id", "in": "path", "required": true, "example": id,
        "description": "Title, dash, year. Percent-encode everything but letters, digits and `-._~`; a slash is `%2F`.",
        "schema": {"type": "string", "minLength": 1, "maxLength": MAX_ID_BYTES},
    })
}

fn if_match() -> Value {
    json!({"name": "If-Match", "in": "header",
        "schema": {"type": "string", "pattern": r#"^(\*|(W/)?"[!#-~]*"( *, *(W/)?"[!#-~]*")*)$"#},
        "description": "An `ETag`, or several: only a movie in one of these states is changed, else 412."})
}

fn if_none_match() -> Value {
    json!({"name": "If-None-Match", "in": "header", "schema": {"type": "string"},
        "description": "An `ETag`, or several: 304 when what would be sent is in one of these states."})
}
