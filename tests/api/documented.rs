//! Every response in the OpenAPI document exists: requests get each status of each operation, with each header, media type and
//! example.

use movies::movie::MovieId;
use serde_json::Value;

use crate::{
    contract::{DOCUMENT, essence, resolve, samples},
    openapi::operations,
    support::{
        Call, Fault, Function, Response, Service, change, collection, large, merged,
        movies::renames,
        new, path_of,
        requests::{Header, KEY, Request, with},
        stored,
    },
};

/// What happens before the request.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Before {
    Nothing,
    /// The same request.
    Itself,
    /// The movie of the examples is created, with the key that other requests have.
    Example,
    /// The table disappears.
    NoTable,
    /// Swagger UI is turned off.
    NoSwaggerUi,
    /// The call to DynamoDB will panic.
    Panic,
}

/// A request to the seeded service, with a header.
#[derive(Clone, Debug)]
struct Row {
    before: Before,
    request: Request,
    header: Option<Header>,
}

impl Row {
    fn call<'a>(&self, service: &'a Service) -> Call<'a> {
        with(self.request.call(service), self.header.as_slice(), "")
    }

    async fn send(&self, service: &mut Service) -> Response {
        match self.before {
            Before::Nothing => {}
            Before::Itself => succeed(self.call(service)).await,
            Before::Example => succeed(service.call("POST", collection()).header(KEY.0, KEY.1).json(example())).await,
            Before::NoTable => _ = service.dynamodb.delete_table().table_name("movies").send().await.unwrap(),
            Before::NoSwaggerUi => service.app.set("SWAGGER_UI", "off"),
            Before::Panic => service.faults.inject([Fault::Panic]),
        }
        self.call(service).send().await
    }
}

async fn succeed(call: Call<'_>) {
    let response = call.send().await;
    assert_eq!(response.status, 200, "{response:?}");
}

/// The movie of the document's examples. A new service does not have it.
fn example() -> &'static Value {
    &DOCUMENT["components"]["schemas"]["Movie"]["examples"][0]
}

fn example_of_problem(response: &Value) -> Option<&Value> {
    response["content"]["application/problem+json"].get("example")
}

/// The movie of the examples without the fields that the example of a validation problem has.
fn invalid_example() -> Value {
    let problem = example_of_problem(&DOCUMENT["components"]["responses"]["BadFields"]).unwrap();
    problem["errors"].as_array().unwrap().iter().fold(example().clone(), |mut movie, error| {
        *movie.pointer_mut(error["pointer"].as_str().unwrap()).unwrap() = Value::Null;
        movie
    })
}

/// Whether a test can get this status: only API Gateway sends 401, 403 and 429, and only a fault within the test's own process
/// causes a panic.
fn can_be_met((status, _): &(&String, &Value)) -> bool {
    !["401", "403", "429"].contains(&status.as_str()) && (*status != "500" || !Function::is_artifact())
}

/// The requests that get a status from a method on a path of the document.
fn rows(method: &'static str, path: &str, status: &str) -> Vec<Row> {
    let paths = match path {
        path if path.ends_with("{id}") => vec![stored().path.clone()],
        path if path == collection() && method == "GET" => vec![format!("{path}?limit=1")],
        path => samples(path),
    };
    paths.iter().flat_map(|path| rows_at(method, path, status)).collect()
}

fn rows_at(method: &'static str, path: &str, status: &str) -> Vec<Row> {
    let (body, is_update) = match method {
        "POST" => (new(1).body, false),
        "PUT" | "PATCH" => (change(), true),
        _ => (Value::Null, false),
    };
    let missing = example_of_problem(&DOCUMENT["components"]["responses"]["NoSuchMovie"]).unwrap();
    let missing = missing["instance"].as_str().unwrap();
    let plain = |path: &str, body: &Value| Row {
        before: Before::Nothing,
        request: Request::new(method, path, body.clone()),
        header: None,
    };
    let row = plain(path, &body);
    match status {
        "200" if method == "GET" => vec![row],
        "200" => {
            let renames = renames().into_iter().filter(|_| is_update).map(|rename| plain(path, &rename));
            renames.chain([Row { before: Before::Itself, header: Some(KEY), ..row.clone() }, row]).collect()
        }
        "304" => vec![Row { header: Some(("If-None-Match", "*")), ..row }],
        "400" if !body.is_null() => vec![plain(path, &invalid_example())],
        "400" if path.contains("limit") => vec![plain(&format!("{}?limit=0", collection()), &body)],
        "400" => vec![plain(&path_of(&"x".repeat(MovieId::MAX_BYTES + 1)), &body)],
        "404" if path == stored().path => vec![plain(missing, &body)],
        "404" => vec![Row { before: Before::NoSwaggerUi, ..row }],
        "409" => vec![Row { before: Before::Example, ..plain(path, example()) }],
        "412" => vec![Row { header: Some(("If-Match", "\"stale\"")), ..row }],
        "413" => vec![plain(path, &merged(&body, &large(410_000)))],
        "415" => {
            let row = if is_update { plain(missing, &body) } else { row };
            let headers = [("Content-Type", "text/plain"), ("Content-Encoding", "gzip")];
            headers.map(|header| Row { header: Some(header), ..row.clone() }).into()
        }
        "422" => vec![Row { before: Before::Example, header: Some(KEY), ..row }],
        "500" => vec![Row { before: Before::Panic, ..row }],
        "503" => vec![Row { before: Before::NoTable, ..row }],
        other => panic!("{method} {path}: which request gets {other}?"),
    }
}

/// What is described of a response: its headers, its media types, the example of its problem, and the response itself.
fn promises(described: &'static Value) -> Vec<&'static str> {
    let names = |member: &str| described[member].as_object().into_iter().flatten().map(|(name, _)| name.as_str());
    let example = example_of_problem(described).map(|_| "example");
    names("headers").chain(names("content")).chain(example).chain([""]).collect()
}

/// Whether a response keeps one of the promises.
fn has(response: &Response, described: &'static Value, promise: &str) -> bool {
    match promise {
        "" => true,
        "example" => is_example(response, example_of_problem(described).unwrap()),
        _ => promise == essence(&response.headers) || response.headers.contains_key(&promise.to_lowercase()),
    }
}

/// Whether a problem is the example, apart from its request id, and from its path if the example has none.
fn is_example(response: &Response, example: &Value) -> bool {
    let mut problem = response.json();
    problem["request_id"] = example["request_id"].clone();
    if example.get("instance").is_none() {
        problem.as_object_mut().unwrap().remove("instance").unwrap();
    }
    problem == *example
}

#[tokio::test]
async fn every_response_in_the_document_is_met() {
    let mut shared = Service::seeded().await;
    let seeded = shared.list_all(collection()).await;
    for (path, method, operation) in operations() {
        for (status, described) in operation["responses"].as_object().unwrap().iter().filter(can_be_met) {
            let described = resolve(described);
            let mut unmet = promises(described);
            for row in rows(method, path, status) {
                let is_rejected = method == "GET" || status != "200";
                let response = if is_rejected && matches!(row.before, Before::Nothing | Before::Panic) {
                    row.send(&mut shared).await
                } else {
                    row.send(&mut Service::seeded().await).await
                };
                assert_eq!(response.status.to_string(), *status, "{row:?}: {response:?}");
                unmet.retain(|promise| !has(&response, described, promise));
            }
            assert_eq!(unmet, [""; 0], "no request gets these from {method} {path} with {status}");
        }
    }
    assert_eq!(shared.list_all(collection()).await, seeded, "a rejected request changes nothing");
}
