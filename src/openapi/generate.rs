//! Assembles the OpenAPI document: the paths, the methods that [`route::find`] supports for each, and their
//! descriptions.

#![allow(clippy::indexing_slicing, reason = "indexing a JSON value adds what is missing; only tests run this")]

use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use super::{
    components,
    entities::{ENTITIES, Entity},
};
use crate::{
    api::{create, delete, health, list, openapi, options, read, swagger_ui, update},
    movie::MAX_ID_BYTES,
    route::{self, Crud, Route},
    swagger_ui::SwaggerUiFile,
};

const METHODS: [&str; 7] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];

/// A path in the document.
struct Path {
    template: String,
    /// Its name in the operation ids of HEAD and OPTIONS.
    name: String,
    parameters: Vec<Value>,
}

#[derive(Serialize)]
struct OpenApi {
    openapi: &'static str,
    info: Value,
    servers: Value,
    tags: Vec<Value>,
    paths: InOrder<InOrder<Value>>,
    components: Value,
}

/// A JSON object that keeps the order of its members. Readers get the movies first.
struct InOrder<T>(Vec<(String, T)>);

impl<T: Serialize> Serialize for InOrder<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

/// The document, pretty-printed, with a line feed at its end.
///
/// # Errors
/// A problem is not JSON.
pub fn document() -> Result<String, serde_json::Error> {
    let tag = |name: &str, description: &str| json!({"name": name, "description": description});
    let entities = ENTITIES.iter().map(|entity| tag(&entity.plural.to_lowercase(), &format!("{}.", entity.plural)));
    let others = [
        tag("service", "Health check, this document and Swagger UI."),
        tag("protocol", "HEAD and OPTIONS of every path."),
    ];
    let document = OpenApi {
        openapi: "3.1.1",
        info: json!({
            "title": "Movies API",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": "Create, read, update, rename, delete and list movies.",
            "description": "A movie's id is its title, a dash and its year. Every write is atomic, so that clients that \
                write at the same time lose no change. Errors are problems (RFC 9457). Every path supports HEAD \
                and OPTIONS. An unsupported method gets 405 with `Allow`. An unknown path gets 404.",
            "license": {"name": "MIT or Apache-2.0", "identifier": "MIT OR Apache-2.0"},
        }),
        servers: json!([{"url": ".", "description": "The folder of this document."}]),
        tags: entities.chain(others).collect(),
        paths: InOrder(paths().iter().map(|path| (path.template.clone(), operations(path))).collect()),
        components: components::components()?,
    };
    Ok(serde_json::to_string_pretty(&document)? + "\n")
}

/// Every path, those of entities first.
fn paths() -> Vec<Path> {
    let path =
        |path: &str, name: &str, parameters| Path { template: path.to_owned(), name: name.to_owned(), parameters };
    let entities = ENTITIES.iter().flat_map(|entity| {
        let Entity { path: collection, name, plural, .. } = entity;
        [
            path(&format!("{collection}/"), plural, Vec::new()),
            path(&format!("{collection}/{{id}}"), name, vec![id_parameter(entity)]),
        ]
    });
    let others = [
        path("/health", "Health", Vec::new()),
        path("/swagger.json", "OpenApi", Vec::new()),
        path("/", "SwaggerUi", Vec::new()),
        path("/swagger-ui/{version}/{file}", "SwaggerUiFile", file_parameters()),
    ];
    entities.chain(others).collect()
}

/// The operations of a path.
fn operations(path: &Path) -> InOrder<Value> {
    let mut example = path.template.clone();
    for parameter in &path.parameters {
        let value = parameter["example"].as_str().or(parameter["schema"]["enum"][0].as_str());
        let name = parameter["name"].as_str().unwrap_or_default();
        example = example.replace(&format!("{{{name}}}"), value.unwrap_or_default());
    }
    let operations = METHODS.iter().filter_map(|method| {
        let route = route::find(method, &example).ok()?;
        Some((method.to_lowercase(), operation(path, method, route)))
    });
    InOrder(operations.collect())
}

fn operation(Path { name, parameters, .. }: &Path, method: &str, route: Route<'_>) -> Value {
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
        Route::Options(allow) => options::describe(allow, if name.starts_with("SwaggerUi") { &[404] } else { &[] }),
    };
    let mut parameters = parameters.clone();
    match method {
        "HEAD" => make_head(name, &mut operation),
        "OPTIONS" => {
            operation["operationId"] = json!(format!("options{name}"));
            // OPTIONS succeeds for every id, even if an entity cannot have it.
            for schema in parameters.iter_mut().filter_map(|parameter| parameter["schema"].as_object_mut()) {
                schema.remove("maxLength");
            }
        }
        _ => {}
    }
    parameters.extend(operation["parameters"].as_array().cloned().unwrap_or_default());
    operation["parameters"] = Value::Array(parameters);
    operation
}

/// Turns the description of a GET into that of the HEAD.
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

fn id_parameter(entity: &Entity) -> Value {
    let encoding = "Percent-encode everything except letters, digits and `-._~`; a slash is `%2F`.";
    let mut id = path_parameter("id", &format!("{} {encoding}", entity.id));
    id["schema"] = json!({"type": "string", "minLength": 1, "maxLength": MAX_ID_BYTES});
    id["example"] = json!(entity.stored_id);
    id
}

fn file_parameters() -> Vec<Value> {
    let (files, current) = SwaggerUiFile::names();
    let mut version = path_parameter("version", "The version of Swagger UI.");
    version["schema"] = json!({"type": "string", "enum": [current]});
    let mut file = path_parameter("file", "The file's name.");
    file["schema"] = json!({"type": "string", "enum": files});
    vec![version, file]
}

fn path_parameter(name: &str, description: &str) -> Value {
    json!({"name": name, "in": "path", "required": true, "description": description})
}
