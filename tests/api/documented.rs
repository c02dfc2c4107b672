//! Every response in the OpenAPI document exists: a request for each route and status, with each header and media type.

use std::collections::BTreeSet;

use percent_encoding::percent_decode_str;
use serde_json::Value;

use crate::{
    contract::{DOCUMENT, essence, files, resolve, template},
    openapi::operations,
    support::{
        Response, Service, change, collection, large, merged,
        movies::{renames, renames_to_stored_2},
        new, path_of, stored,
    },
};

/// What happens before the request.
#[derive(Clone, Copy, Debug)]
enum Before {
    Nothing,
    /// The same request.
    Itself,
    /// The movie of the examples is created.
    Example,
    /// Another request with the key of this one.
    AnotherRequest,
    /// The table disappears.
    NoTable,
    /// Swagger UI is turned off.
    NoSwaggerUi,
}

/// A request to the seeded service, and the status of the response.
#[derive(Clone, Debug)]
struct Row {
    status: u64,
    method: &'static str,
    path: String,
    headers: Vec<(&'static str, &'static str)>,
    body: Value,
    before: Before,
}

impl Row {
    fn header(mut self, name: &'static str, value: &'static str) -> Self {
        self.headers.push((name, value));
        self
    }

    fn after(self, before: Before) -> Self {
        Self { before, ..self }
    }

    /// Whether the request meets a seeded service and changes nothing.
    fn leaves_all_as_it_is(&self) -> bool {
        matches!(self.before, Before::Nothing) && (self.method == "GET" || self.status >= 400)
    }

    async fn send(&self, service: &mut Service) -> Response {
        let call = || {
            let call = service.call(self.method, &self.path);
            let call = if self.body.is_null() { call } else { call.body(&self.body.to_string()) };
            self.headers.iter().fold(call, |call, (name, value)| call.header(name, value))
        };
        match self.before {
            Before::Nothing => {}
            Before::Itself => assert_eq!(call().send().await.status, 200, "{self:?}"),
            Before::Example => assert_eq!(service.call("POST", collection()).json(example()).send().await.status, 200),
            Before::AnotherRequest => {
                let other = service.call("POST", collection()).json(&new(2).body);
                assert_eq!(other.header("Idempotency-Key", "k").send().await.status, 200);
            }
            Before::NoTable => _ = service.dynamodb.delete_table().table_name("movies").send().await.unwrap(),
            Before::NoSwaggerUi => {
                service.app.set("SWAGGER_UI", "off");
                return service.get(&self.path).await;
            }
        }
        call().send().await
    }
}

fn row(status: u64, method: &'static str, path: &str, body: Value) -> Row {
    Row { status, method, path: path.to_owned(), headers: Vec::new(), body, before: Before::Nothing }
}

/// The movie of the document's examples. A new service does not have it.
fn example() -> &'static Value {
    &DOCUMENT["components"]["schemas"]["Movie"]["examples"][0]
}

fn example_path() -> String {
    path_of(DOCUMENT["components"]["parameters"]["Id"]["example"].as_str().unwrap())
}

/// The movie of the examples without the fields that the example of a validation problem has.
fn invalid_example() -> Value {
    let errors =
        &DOCUMENT["components"]["responses"]["BadFields"]["content"]["application/problem+json"]["example"]["errors"];
    errors.as_array().unwrap().iter().fold(example().clone(), |mut movie, error| {
        *movie.pointer_mut(error["pointer"].as_str().unwrap()).unwrap() = Value::Null;
        movie
    })
}

/// The responses that only API Gateway sends, and 500, which only a bug can cause.
const UNMET: [&str; 4] = ["401", "403", "429", "500"];

/// The requests for every other response in the document.
fn rows() -> Vec<Row> {
    let files = files("/swagger-ui/{version}/{file}");
    let get = |status, path: &str| row(status, "GET", path, Value::Null);
    let (all, one, unknown) = (collection(), stored().path.as_str(), example_path());
    let too_long = path_of(&"x".repeat(2049));
    let mut rows = vec![
        get(200, &format!("{all}?limit=1")),
        get(304, &format!("{all}?limit=1")).header("If-None-Match", "*"),
        get(400, &format!("{all}?limit=0")),
        get(400, &too_long),
        get(404, &unknown),
    ];
    rows.extend([all, one, "/health"].map(|path| get(503, path).after(Before::NoTable)));
    rows.extend(["/", &files[0]].map(|path| get(404, path).after(Before::NoSwaggerUi)));
    for path in [all, one, "/health", "/swagger.json", "/"].into_iter().chain(files.iter().map(String::as_str)) {
        let conditions = [get(304, path).header("If-None-Match", "*"), get(412, path).header("If-Match", "\"stale\"")];
        rows.extend([get(200, path)].into_iter().chain(conditions));
    }

    let write = |status, method, path: &str, body: &Value| row(status, method, path, body.clone());
    for (method, path, body) in
        [("POST", all, &new(1).body), ("PUT", one, &change()), ("PATCH", one, &change()), ("DELETE", one, &Value::Null)]
    {
        rows.extend([
            write(200, method, path, body),
            write(200, method, path, body).header("Idempotency-Key", "k").after(Before::Itself),
            write(412, method, path, body).header("If-Match", "\"stale\""),
            write(422, method, path, body).header("Idempotency-Key", "k").after(Before::AnotherRequest),
            write(503, method, path, body).after(Before::NoTable),
        ]);
        if method != "POST" {
            rows.extend([write(404, method, &unknown, body), write(400, method, &too_long, body)]);
        }
        if method != "DELETE" {
            rows.extend([
                write(400, method, path, &invalid_example()),
                write(413, method, path, &merged(body, &large(410_000))),
                write(415, method, if method == "POST" { all } else { &unknown }, body)
                    .header("Content-Type", "text/plain"),
                write(415, method, path, body).header("Content-Encoding", "gzip"),
            ]);
        }
    }
    rows.push(write(409, "POST", all, example()).after(Before::Example));
    for method in ["PUT", "PATCH"] {
        rows.extend(renames_to_stored_2().iter().map(|_| write(409, method, one, example()).after(Before::Example)));
        rows.extend(renames().iter().map(|patch| write(200, method, one, patch)));
    }
    rows
}

/// A part of the document: a response's route, method and status, and one of its headers or media types, or nothing.
type Entry = (String, String, String, String);

/// The members of a response: its headers, its media types, and the response itself.
fn members(response: &'static Value) -> Vec<&'static str> {
    let names = |member: &str| response[member].as_object().into_iter().flatten().map(|(name, _)| name.as_str());
    names("headers").chain(names("content")).chain([""]).collect()
}

#[tokio::test]
async fn every_response_in_the_document_is_met() {
    let mut documented = BTreeSet::<Entry>::new();
    for (path, method, operation) in operations() {
        for (status, response) in
            operation["responses"].as_object().unwrap().iter().filter(|(status, _)| !UNMET.contains(&status.as_str()))
        {
            let entry = |part: &str| (path.to_owned(), method.to_owned(), status.clone(), part.to_owned());
            documented.extend(members(resolve(response)).into_iter().map(entry));
            documented.extend(problem_example(resolve(response)).map(|_| entry("example")));
        }
    }

    let mut met = BTreeSet::<Entry>::new();
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
        let (_, _, operation) =
            operations().find(|(known, method, _)| (*known, *method) == (path, row.method)).unwrap();
        let described = resolve(&operation["responses"][row.status.to_string()]);
        for part in members(described) {
            let is_met = part.is_empty()
                || part == essence(&response.headers)
                || response.headers.contains_key(&part.to_lowercase());
            if is_met {
                met.insert((path.to_owned(), row.method.to_owned(), row.status.to_string(), part.to_owned()));
            }
        }
        if problem_example(described).is_some_and(|example| is_example(example, &response)) {
            met.insert((path.to_owned(), row.method.to_owned(), row.status.to_string(), "example".to_owned()));
        }
    }
    assert_eq!(shared.list_all(collection()).await, seeded, "a rejected request changes nothing");
    assert_eq!(documented.difference(&met).collect::<Vec<_>>(), Vec::<&Entry>::new(), "no request gets these");
}

fn problem_example(described: &'static Value) -> Option<&'static Value> {
    described["content"]["application/problem+json"].get("example")
}

/// Whether a problem is the example, apart from its request id, and from its path if the example has none. A path in an
/// example has no stage.
fn is_example(example: &Value, response: &Response) -> bool {
    let mut problem = response.json();
    let mut body =
        response.body.replace(problem["request_id"].as_str().unwrap(), example["request_id"].as_str().unwrap());
    problem["request_id"] = example["request_id"].clone();
    let instance = problem.as_object_mut().unwrap().remove("instance").unwrap();
    let decoded = |path: &Value| percent_decode_str(path.as_str().unwrap()).decode_utf8().unwrap().into_owned();
    if let Some(path) = example.get("instance").filter(|path| decoded(&instance).ends_with(&decoded(path))) {
        body = body.replace(&instance.to_string(), &path.to_string());
        problem["instance"] = path.clone();
    } else {
        body = body.replace(&format!("\"instance\":{instance},"), "");
    }
    problem == *example && has_in_this_order(&body)
}

/// Whether the text of the document contains this JSON, apart from whitespace.
fn has_in_this_order(json: &str) -> bool {
    let solid = |text: &str| text.split_whitespace().collect::<String>();
    solid(include_str!("../../src/openapi.json")).contains(&solid(json))
}

#[tokio::test]
async fn its_examples_follow_one_another() {
    let (service, path) = (Service::start().await, example_path());
    let change = &DOCUMENT["components"]["schemas"]["MoviePatch"]["examples"][0];
    let created = service.call("POST", collection()).json(example()).send().await;
    let list = service.get(collection()).await;
    let listed = &DOCUMENT["paths"][collection()]["get"]["responses"]["200"]["content"]["application/json"]["example"];
    assert_eq!(list.json(), *listed);
    for response in [created, service.get(&path).await, list] {
        assert!(response.status == 200 && has_in_this_order(&response.body), "{response:?}");
    }
    for method in ["PUT", "PATCH"] {
        assert_eq!(service.call(method, &path).json(change).send().await.status, 200);
    }
    assert_eq!(service.call("DELETE", &path).send().await.status, 200);
}
