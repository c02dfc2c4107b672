//! The same operations with default settings, written like the DynamoDB example of the Lambda runtime.

use std::collections::HashMap;

use aws_sdk_dynamodb::{Client, types::AttributeValue};
use lambda_http::{Body, Error, Request, RequestExt, Response, run, service_fn, tracing};
use serde::{Deserialize, Serialize};

#[derive(Deserialize, Serialize)]
struct Movie {
    title: String,
    year: u16,
    cast: Vec<String>,
    image: String,
    description: String,
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    tracing::init_default_subscriber();
    let config = aws_config::load_from_env().await;
    let client = Client::new(&config);
    let table = std::env::var("TABLE_NAME")?;
    run(service_fn(|request: Request| handle(&client, &table, request))).await
}

async fn handle(client: &Client, table: &str, request: Request) -> Result<Response<Body>, Error> {
    tracing::info!(path = request.raw_http_path(), "request");
    let path = request.raw_http_path().to_owned();
    let Some(id) = path.strip_prefix("/ns_movies/") else { return respond(404, "{}".to_owned()) };
    let id = id.replace("%20", " ");
    match (request.method().as_str(), id.as_str()) {
        ("GET", "") => {
            let page = client.scan().table_name(table).limit(100).send().await?;
            let movies: Vec<Movie> = serde_dynamo::from_items(page.items.unwrap_or_default())?;
            let movies: HashMap<_, _> =
                movies.into_iter().map(|movie| (format!("{}-{}", movie.title, movie.year), movie)).collect();
            respond(200, serde_json::to_string(&movies)?)
        }
        ("GET", _) => {
            let found = client.get_item().table_name(table).key("id", AttributeValue::S(id)).send().await?;
            let Some(item) = found.item else { return respond(404, "{}".to_owned()) };
            let movie: Movie = serde_dynamo::from_item(item)?;
            respond(200, serde_json::to_string(&movie)?)
        }
        ("POST", "") => {
            let movie: Movie = serde_json::from_slice(request.body())?;
            let mut item: HashMap<String, AttributeValue> = serde_dynamo::to_item(&movie)?;
            item.insert("id".to_owned(), AttributeValue::S(format!("{}-{}", movie.title, movie.year)));
            client.put_item().table_name(table).set_item(Some(item)).send().await?;
            respond(200, serde_json::to_string(&movie)?)
        }
        ("PUT", _) => {
            let fields: HashMap<String, String> = serde_json::from_slice(request.body())?;
            let description = fields.get("description").cloned().unwrap_or_default();
            client
                .update_item()
                .table_name(table)
                .key("id", AttributeValue::S(id))
                .update_expression("SET description = :description")
                .expression_attribute_values(":description", AttributeValue::S(description))
                .send()
                .await?;
            respond(200, "{}".to_owned())
        }
        _ => respond(405, "{}".to_owned()),
    }
}

fn respond(status: u16, body: String) -> Result<Response<Body>, Error> {
    Ok(Response::builder().status(status).header("content-type", "application/json").body(body.into())?)
}
