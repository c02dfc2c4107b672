//! Every response in the OpenAPI document exists: requests get each route and status, with each header, media type and example.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::{
    contract::{DOCUMENT, essence, operation, resolve, samples, template},
    openapi::operations,
    support::{
        Call, Fault, Function, Response, Service, change, collection, large, merged,
        movies::{renames, renames_to_stored_2},
        new, path_of, stored,
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

/// A request to the seeded service, and the status of the response.
#[derive(Clone, Debug)]
struct Row {
    status: u64,
    method: &'static str,
    path: String,
    header: Option<(&'static str, &'static str)>,
    body: Value,
    before: Before,
}

fn row(status: u64, method: &'static str, path: &str, body: &Value) -> Row {
    Row { status, method, path: path.to_owned(), header: None, body: body.clone(), before: Before::Nothing }
}

impl Row {
    fn header(self, name: &'static str, value: &'static str) -> Self {
        Self { header: Some((name, value)), ..self }
    }

    fn after(self, before: Before) -> Self {
        Self { before, ..self }
    }

    /// Whether the request meets a seeded service and changes nothing.
    fn leaves_all_as_it_is(&self) -> bool {
        matches!(self.before, Before::Nothing | Before::Panic) && (self.method == "GET" || self.status >= 400)
    }

    fn call<'a>(&self, service: &'a Service) -> Call<'a> {
        let call = service.call(self.method, &self.path);
        let call = if self.body.is_null() { call } else { call.body(&self.body.to_string()) };
        self.header.into_iter().fold(call, |call, (name, value)| call.header(name, value))
    }

    async fn send(&self, service: &mut Service) -> Response {
        match self.before {
            Before::Nothing => {}
            Before::Itself => succeed(self.call(service)).await,
            Before::Example => {
                succeed(service.call("POST", collection()).header("Idempotency-Key", "k").json(example())).await;
            }
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
fn can_be_met(status: &str) -> bool {
    !["401", "403", "429"].contains(&status) && (status != "500" || !Function::is_artifact())
}

/// The requests for every response in the document.
fn rows() -> Vec<Row> {
    let files = samples("/swagger-ui/{version}/{file}");
    let get = |status, path: &str| row(status, "GET", path, &Value::Null);
    let (all, one, too_long) = (collection(), stored().path.as_str(), path_of(&"x".repeat(2049)));
    let missing = example_of_problem(&DOCUMENT["components"]["responses"]["NoSuchMovie"]).unwrap();
    let missing = missing["instance"].as_str().unwrap();
    let page = format!("{all}?limit=1");
    let mut rows = vec![
        get(200, &page),
        get(304, &page).header("If-None-Match", "*"),
        get(400, &format!("{all}?limit=0")),
        get(400, &too_long),
        get(404, missing),
    ];
    for path in [all, one, "/health"] {
        rows.extend([get(503, path).after(Before::NoTable), get(500, path).after(Before::Panic)]);
    }
    rows.extend(["/", &files[0]].map(|path| get(404, path).after(Before::NoSwaggerUi)));
    for path in [all, one, "/health", "/swagger.json", "/"].into_iter().chain(files.iter().map(String::as_str)) {
        let conditions = [get(304, path).header("If-None-Match", "*"), get(412, path).header("If-Match", "\"stale\"")];
        rows.extend([get(200, path)].into_iter().chain(conditions));
    }
    for (method, path, body) in
        [("POST", all, &new(1).body), ("PUT", one, &change()), ("PATCH", one, &change()), ("DELETE", one, &Value::Null)]
    {
        rows.extend([
            row(200, method, path, body),
            row(200, method, path, body).header("Idempotency-Key", "k").after(Before::Itself),
            row(412, method, path, body).header("If-Match", "\"stale\""),
            row(422, method, path, body).header("Idempotency-Key", "k").after(Before::Example),
            row(500, method, path, body).after(Before::Panic),
            row(503, method, path, body).after(Before::NoTable),
        ]);
        if method != "POST" {
            rows.extend([row(404, method, missing, body), row(400, method, &too_long, body)]);
        }
        if method != "DELETE" {
            rows.extend([
                row(400, method, path, &invalid_example()),
                row(413, method, path, &merged(body, &large(410_000))),
                row(415, method, if method == "POST" { all } else { missing }, body)
                    .header("Content-Type", "text/plain"),
                row(415, method, path, body).header("Content-Encoding", "gzip"),
            ]);
        }
    }
    rows.push(row(409, "POST", all, example()).after(Before::Example));
    for method in ["PUT", "PATCH"] {
        rows.extend(renames_to_stored_2().iter().map(|_| row(409, method, one, example()).after(Before::Example)));
        rows.extend(renames().iter().map(|patch| row(200, method, one, patch)));
    }
    rows.retain(|row| can_be_met(&row.status.to_string()));
    rows
}

/// The parts of a described response: its headers, its media types, the example of its problem, and the response itself.
fn parts(described: &'static Value) -> Vec<&'static str> {
    let names = |member: &str| described[member].as_object().into_iter().flatten().map(|(name, _)| name.as_str());
    let example = example_of_problem(described).map(|_| "example");
    names("headers").chain(names("content")).chain(example).chain([""]).collect()
}

/// Whether a response has one of the parts.
fn has(response: &Response, described: &'static Value, part: &str) -> bool {
    match part {
        "" => true,
        "example" => is_example(response, example_of_problem(described).unwrap()),
        _ => part == essence(&response.headers) || response.headers.contains_key(&part.to_lowercase()),
    }
}

/// Whether a problem is the example, apart from its request id, and from its path if the example has none. A path in an
/// example has no stage.
fn is_example(response: &Response, example: &Value) -> bool {
    let mut problem = response.json();
    problem["request_id"] = example["request_id"].clone();
    let instance = problem.as_object_mut().unwrap().remove("instance").unwrap();
    if let Some(path) = example.get("instance")
        && instance == format!("/Prod{}", path.as_str().unwrap())
    {
        problem["instance"] = path.clone();
    }
    problem == *example
}

#[tokio::test]
async fn every_response_in_the_document_is_met() {
    let mut unmet = BTreeSet::new();
    for (path, method, operation) in operations() {
        for (status, response) in operation["responses"].as_object().unwrap() {
            let parts = parts(resolve(response)).into_iter().filter(|_| can_be_met(status));
            unmet.extend(parts.map(|part| format!("{method} {path} {status} {part}")));
        }
    }

    let mut shared = Service::seeded().await;
    let seeded = shared.list_all(collection()).await;
    for row in rows() {
        let response = if row.leaves_all_as_it_is() {
            row.send(&mut shared).await
        } else {
            row.send(&mut Service::seeded().await).await
        };
        assert_eq!(response.status, row.status, "{row:?}: {response:?}");
        let path = template(row.path.split('?').next().unwrap()).unwrap();
        let described = resolve(&operation(path, row.method).unwrap()["responses"][row.status.to_string()]);
        for part in parts(described).into_iter().filter(|part| has(&response, described, part)) {
            unmet.remove(&format!("{} {path} {} {part}", row.method, row.status));
        }
    }
    assert_eq!(shared.list_all(collection()).await, seeded, "a rejected request changes nothing");
    assert_eq!(unmet, BTreeSet::new(), "no request gets these");
}
