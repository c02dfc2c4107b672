//! Assembles the OpenAPI document: [`PATHS`], the methods that [`route::find`] has for each, and their descriptions.

#![allow(clippy::indexing_slicing, reason = "indexing a JSON value adds what is missing; only tests run this")]

use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use super::{components, describe::STORED_ID};
use crate::{
    api::{create, delete, health, list, openapi, options, read, swagger_ui, update},
    movie::MAX_ID_BYTES,
    route::{self, Crud, Route},
    swagger_ui::SwaggerUiFile,
};

const METHODS: [&str; 7] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];

/// Each path as the document has it, and its name in the ids of HEAD and OPTIONS.
const PATHS: [(&str, &str); 6] = [
    ("/ns_movies/", "Movies"),
    (MOVIE, "Movie"),
    ("/health", "Health"),
    ("/swagger.json", "Document"),
    ("/", "Page"),
    (FILE, "Asset"),
];

const MOVIE: &str = "/ns_movies/{id}";
const FILE: &str = "/swagger-ui/{version}/{file}";

#[derive(Serialize)]
struct Document {
    openapi: &'static str,
    info: Value,
    servers: Value,
    tags: Value,
    paths: Members<Members<Value>>,
    components: Value,
}

/// A JSON object that keeps the order of its members. Readers get the movies first.
struct Members<T>(Vec<(String, T)>);

impl<T: Serialize> Serialize for Members<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

/// The document, pretty-printed, with a line feed at its end.
///
/// # Errors
/// A problem that is not JSON.
pub fn document() -> Result<String, serde_json::Error> {
    let document = Document {
        openapi: "3.1.1",
        info: json!({
            "title": "Movies API",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": "Create, read, update, rename, delete and list movies.",
            "description": "A movie's id is its title, a dash and its year. Every write is atomic, so that clients that \
                write at the same time lose no change. Errors are problems (RFC 9457). Every path supports OPTIONS, and \
                HEAD as GET. Another method on such a path gets 405 with `Allow`; another path gets 404.",
            "license": {"name": "MIT or Apache-2.0", "identifier": "MIT OR Apache-2.0"},
        }),
        servers: json!([{"url": ".", "description": "The folder of this document."}]),
        tags: json!([
            {"name": "movies", "description": "Movies."},
            {"name": "service", "description": "Health check, this document and Swagger UI."},
            {"name": "protocol", "description": "HEAD and OPTIONS of every path."},
        ]),
        paths: Members(PATHS.map(|(path, name)| (path.to_owned(), operations(path, name))).into()),
        components: components::components()?,
    };
    Ok(serde_json::to_string_pretty(&document)? + "\n")
}

/// The operations of a path.
fn operations(path: &str, name: &str) -> Members<Value> {
    let (files, version) = SwaggerUiFile::names();
    let example = path.replace("{id}", STORED_ID).replace("{version}", version).replace("{file}", files[0]);
    let operations = METHODS.iter().filter_map(|method| {
        let route = route::find(method, &example).ok()?;
        Some((method.to_lowercase(), operation(path, name, method, route)))
    });
    Members(operations.collect())
}

fn operation(path: &str, name: &str, method: &str, route: Route<'_>) -> Value {
    let mut operation = match route {
        Route::Movies(Crud::List) => list::describe(),
        Route::Movies(Crud::Create) => create::describe(),
        Route::Movies(Crud::Read(_)) => read::describe(),
        Route::Movies(Crud::Update(_)) => update::describe(method),
        Route::Movies(Crud::Delete(_)) => delete::describe(),
        Route::Health => health::describe(),
        Route::OpenApi => openapi::describe(),
        Route::SwaggerUi => swagger_ui::describe_page(),
        Route::SwaggerUiFile(_) => swagger_ui::describe_file(),
        Route::Options(allow) => options::describe(allow, if matches!(name, "Page" | "Asset") { &[404] } else { &[] }),
    };
    match method {
        "HEAD" => make_head(name, &mut operation),
        "OPTIONS" => operation["operationId"] = json!(format!("options{name}")),
        _ => {}
    }
    let mut parameters = path_parameters(path, method);
    parameters.extend(operation["parameters"].as_array().cloned().unwrap_or_default());
    operation["parameters"] = Value::Array(parameters);
    operation
}

/// Makes the description of a GET the one of its HEAD.
fn make_head(name: &str, operation: &mut Value) {
    operation["operationId"] = json!(format!("head{name}"));
    operation["tags"] = json!(["protocol"]);
    operation["summary"] = json!("GET without the body");
    for (status, response) in operation["responses"].as_object_mut().into_iter().flatten() {
        if response.get("$ref").is_some() {
            *response = json!({"description": format!("As the {status} of GET, without the body.")});
        }
        response.as_object_mut().map(|response| response.remove("content"));
    }
}

fn path_parameters(path: &str, method: &str) -> Vec<Value> {
    let parameter = |name: &str, description: &str, schema: Value| json!({"name": name, "in": "path", "required": true, "description": description, "schema": schema});
    match path {
        MOVIE => {
            let description =
                "Title, dash, year. Percent-encode everything but letters, digits and `-._~`; a slash is `%2F`.";
            let mut id = parameter("id", description, json!({"type": "string", "minLength": 1}));
            id["example"] = json!(STORED_ID);
            // OPTIONS describes the path, whether or not a movie can have the id.
            if method != "OPTIONS" {
                id["schema"]["maxLength"] = json!(MAX_ID_BYTES);
            }
            vec![id]
        }
        FILE => {
            let (files, version) = SwaggerUiFile::names();
            vec![
                parameter("version", "The version of Swagger UI.", json!({"type": "string", "enum": [version]})),
                parameter("file", "The file's name.", json!({"type": "string", "enum": files})),
            ]
        }
        _ => Vec::new(),
    }
}
