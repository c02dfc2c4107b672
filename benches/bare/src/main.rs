//! One GetItem for each event, by a client with nothing that it does not need, and its text attributes as the answer.

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
        let id = event.payload["path"].as_str().unwrap_or_default().trim_start_matches("/ns_movies/").replace("%20", " ");
        let answer = client.get_item().table_name(&table).key("id", AttributeValue::S(id)).send().await?;
        let item = answer.item.unwrap_or_default();
        let texts = item.iter().filter_map(|(name, value)| Some((name.clone(), Value::from(value.as_s().ok()?.as_str()))));
        let body = Value::Object(texts.collect::<Map<_, _>>()).to_string();
        Ok::<_, Error>(json!({"statusCode": 200, "headers": {}, "body": body}))
    }))
    .await
}
