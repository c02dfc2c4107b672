//! Faults between the SDK and DynamoDB.

use std::{
    collections::VecDeque,
    fmt,
    sync::{Arc, Mutex},
};

use aws_sdk_dynamodb::config::SharedHttpClient;
use aws_smithy_runtime_api::{
    client::{
        http::{HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector},
        orchestrator::{HttpRequest, HttpResponse},
        result::ConnectorError,
        runtime_components::RuntimeComponents,
    },
    http::StatusCode,
};
use aws_smithy_types::body::SdkBody;
use futures_util::future::BoxFuture;
use serde_json::{Value, json};

use super::Clock;

/// What another client does.
pub struct Other(BoxFuture<'static, ()>);

impl Other {
    pub fn new(does: impl Future<Output = ()> + Send + 'static) -> Self {
        Self(Box::pin(does))
    }
}

impl fmt::Debug for Other {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("other")
    }
}

/// What happens to one call to DynamoDB.
#[derive(Debug)]
pub enum Fault {
    /// Nothing.
    None,
    /// The call is carried out, another client acts, then the response arrives.
    Meanwhile(Other),
    /// The call is carried out, but its response is lost.
    ResponseLost,
    /// The same. Another client acts before the retry.
    ResponseLostThen(Other),
    /// The call is carried out, but its response is late: the attempt times out.
    LateResponse,
    /// DynamoDB carries out the call, then reports a server error.
    ServerErrorAfter,
    /// The connection breaks before the call arrives.
    Reset,
    /// The server does not accept a connection.
    NoServer,
    /// DynamoDB throttles the call.
    Throttled,
    /// DynamoDB reports a server error, and does not carry out the call.
    ServerError,
    /// A write conflicts with a transaction on the same item. A read cannot conflict.
    Conflict,
    /// The transaction with this token is still in progress.
    InProgress,
    /// The transaction is canceled, because an item would be too large.
    TooLarge,
    /// The call never returns.
    Hang,
    /// The call panics.
    Panic,
}

/// The faults of the calls to come, one each; then none. And the operations called so far, with the tokens of transactions.
/// A fault without a response lets the attempt time out at once, if the SDK has this clock.
#[derive(Clone, Debug, Default)]
pub struct Faults {
    coming: Arc<Mutex<VecDeque<Fault>>>,
    calls: Arc<Mutex<Vec<String>>>,
    tokens: Arc<Mutex<Vec<String>>>,
    pub clock: Clock,
}

impl Faults {
    pub fn inject(&self, faults: impl IntoIterator<Item = Fault>) {
        *self.coming.lock().unwrap() = faults.into_iter().collect();
    }

    pub fn clear(&self) {
        self.coming.lock().unwrap().clear();
    }

    /// Returns the operations that were called, and forgets them.
    pub fn take_calls(&self) -> Vec<String> {
        std::mem::take(&mut self.calls.lock().unwrap())
    }

    /// Returns the token of each attempt at a transaction, and forgets them.
    pub fn take_tokens(&self) -> Vec<String> {
        std::mem::take(&mut self.tokens.lock().unwrap())
    }
}

#[derive(Debug)]
pub struct FaultyClient {
    pub real: SharedHttpClient,
    pub faults: Faults,
}

impl HttpClient for FaultyClient {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        let real = self.real.http_connector(settings, components);
        SharedHttpConnector::new(FaultyConnector { real, faults: self.faults.clone() })
    }
}

#[derive(Debug)]
struct FaultyConnector {
    real: SharedHttpConnector,
    faults: Faults,
}

impl HttpConnector for FaultyConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let target = request.headers().get("x-amz-target").unwrap_or_default();
        let operation = target.rsplit('.').next().unwrap_or_default().to_owned();
        self.faults.calls.lock().unwrap().push(operation.clone());
        let body: Value = serde_json::from_slice(request.body().bytes().unwrap_or_default()).unwrap_or_default();
        self.faults.tokens.lock().unwrap().extend(body["ClientRequestToken"].as_str().map(str::to_owned));
        let fault = self.faults.coming.lock().unwrap().pop_front().unwrap_or(Fault::None);
        let (real, clock) = (self.real.clone(), self.faults.clock.clone());
        HttpConnectorFuture::new(async move {
            match fault {
                Fault::Reset => Err(broken()),
                Fault::NoServer => {
                    let mut elsewhere = request;
                    elsewhere.set_uri("http://127.0.0.1:1/").unwrap();
                    real.call(elsewhere).await
                }
                Fault::Throttled => Ok(error(400, "ThrottlingException")),
                Fault::ServerError => Ok(error(500, "InternalServerError")),
                Fault::Conflict if operation == "TransactWriteItems" => Ok(canceled("TransactionConflict", "injected")),
                Fault::Conflict if !is_read(&operation) => Ok(error(400, "TransactionConflictException")),
                Fault::InProgress => Ok(error(400, "TransactionInProgressException")),
                Fault::TooLarge => {
                    Ok(canceled("ValidationError", "Item size to update has exceeded the maximum allowed size"))
                }
                Fault::Hang => silence(&clock).await,
                Fault::Panic => panic!("injected"),
                carried_out => {
                    let response = real.call(request).await?;
                    match carried_out {
                        Fault::Meanwhile(other) => other.0.await,
                        Fault::ResponseLostThen(other) => {
                            other.0.await;
                            return Err(broken());
                        }
                        Fault::ResponseLost => return Err(broken()),
                        Fault::LateResponse => return silence(&clock).await,
                        Fault::ServerErrorAfter => return Ok(error(500, "InternalServerError")),
                        _ => {}
                    }
                    Ok(response)
                }
            }
        })
    }
}

fn is_read(operation: &str) -> bool {
    ["GetItem", "Scan", "Query"].contains(&operation)
}

/// No response comes.
async fn silence(clock: &Clock) -> Result<HttpResponse, ConnectorError> {
    clock.expire();
    std::future::pending().await
}

fn broken() -> ConnectorError {
    ConnectorError::io("connection reset by peer".into())
}

fn error(status: u16, code: &str) -> HttpResponse {
    let body = json!({"__type": format!("com.amazonaws.dynamodb.v20120810#{code}"), "message": "injected"});
    HttpResponse::new(StatusCode::try_from(status).unwrap(), SdkBody::from(body.to_string()))
}

/// A transaction that was canceled because of its first action.
fn canceled(code: &str, message: &str) -> HttpResponse {
    let body = json!({
        "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException", "message": "injected",
        "CancellationReasons": [{"Code": code, "Message": message}, {"Code": "None"}],
    });
    HttpResponse::new(StatusCode::try_from(400).unwrap(), SdkBody::from(body.to_string()))
}
