//! A bare GetItem: calls GetItem once for each event, with a client that has no unneeded features, and returns the item's strings.
//!
//! With the query parameter `limit`, it scans that many items instead, with the attributes that the function reads. With
//! `serialise`, it only serializes that many movies to JSON, and returns the time.

use aws_config::BehaviorVersion;
use aws_sdk_dynamodb::{Client, types::AttributeValue};
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use serde_json::{Map, Value, json};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let https = aws_smithy_http_client::Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https();
    let config = aws_config::defaults(BehaviorVersion::v2026_01_12()).http_client(https).load().await;
    let client = Client::new(&config);
    let table = std::env::var("TABLE_NAME")?;
    run(service_fn(async |event: LambdaEvent<Value>| {
        let count = |name: &str| event.payload["queryStringParameters"][name].as_str().and_then(|count| count.parse::<i32>().ok());
        if let Some(limit) = count("limit") {
            let scan = client.scan().table_name(&table).consistent_read(true).limit(limit);
            let scan = scan.projection_expression("id, title, #year, #cast, image, description, etag");
            let scan = scan.expression_attribute_names("#year", "year").expression_attribute_names("#cast", "cast");
            let page = scan.send().await?;
            return Ok(json!({"statusCode": 200, "headers": {}, "body": page.count().to_string()}));
        }
        if let Some(movies) = count("serialise") {
            let movies: Vec<_> = (0..movies).map(movie).collect();
            let start = std::time::Instant::now();
            let bytes = serde_json::to_string(&movies)?.len();
            return Ok(json!({"statusCode": 200, "headers": {}, "body": "", "bytes": bytes, "us": start.elapsed().as_secs_f64() * 1e6}));
        }
        let id = event.payload["path"].as_str().unwrap_or_default().trim_start_matches("/ns_movies/").replace("%20", " ");
        let output = client.get_item().table_name(&table).key("id", AttributeValue::S(id)).send().await?;
        let item = output.item.unwrap_or_default();
        let texts = item.iter().filter_map(|(name, value)| Some((name.clone(), Value::from(value.as_s().ok()?.as_str()))));
        let body = Value::Object(texts.collect::<Map<_, _>>()).to_string();
        Ok::<_, Error>(json!({"statusCode": 200, "headers": {}, "body": body}))
    }))
    .await
}

#[derive(serde::Serialize)]
struct Movie {
    title: String,
    year: u16,
    cast: Vec<String>,
    image: String,
    description: String,
}

fn movie(number: i32) -> (String, Movie) {
    let movie = Movie {
        title: format!("Bench {number}"),
        year: 1999,
        cast: vec!["Ann".to_owned(), "Bob".to_owned()],
        image: "https://example.org/a.jpg".to_owned(),
        description: "x".repeat(200),
    };
    (format!("Bench {number}-1999"), movie)
}
