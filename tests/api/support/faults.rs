//! Faults between the SDK and DynamoDB.

use std::{
    collections::VecDeque,
    fmt,
    future::Future,
    pin::Pin,
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
use serde_json::{Value, json};
use tokio::sync::Notify;

use super::Clock;

/// What another client does.
pub type Other = Pin<Box<dyn Future<Output = ()> + Send>>;

/// An attempt that is held on the wire.
#[derive(Clone, Debug, Default)]
pub struct Held {
    released: Arc<Notify>,
    arrived: Arc<Notify>,
}

impl Held {
    /// Lets the attempt arrive, and waits until DynamoDB has carried it out or refused it.
    pub async fn release(&self) {
        self.released.notify_one();
        self.arrived.notified().await;
    }
}

/// What happens to one call to DynamoDB.
pub enum Fault {
    /// Nothing.
    None,
    /// The call is carried out, but its response is lost.
    ResponseLost,
    /// The call is carried out, but its response is lost. Another client acts before the retry.
    ResponseLostThen(Other),
    /// The call is carried out, but its response is late: the attempt times out.
    LateResponse,
    /// The call is carried out, another client acts, and the attempt times out.
    LateResponseThen(Other),
    /// The call is carried out, another client acts, then the response arrives.
    Meanwhile(Other),
    /// The connection breaks before the call arrives.
    Reset,
    /// The server does not accept a connection.
    NoServer,
    /// DynamoDB throttles the call.
    Throttled,
    /// DynamoDB carries out the call, then reports a server error.
    ServerErrorAfter,
    /// DynamoDB reports a server error, and does not carry out the call.
    ServerError,
    /// The call conflicts with a transaction on the same item.
    Conflict,
    /// The transaction with this token is still in progress.
    InProgress,
    /// The transaction is canceled, because an item would be too large.
    TooLarge,
    /// The call never returns.
    Hang,
    /// The attempt is held on the wire, another client acts, and the attempt times out. DynamoDB carries out the attempt
    /// when it is released.
    Held(Other, Held),
    /// The call panics.
    Panic,
}

impl fmt::Debug for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "None",
            Self::ResponseLost => "ResponseLost",
            Self::ResponseLostThen(_) => "ResponseLostThen",
            Self::LateResponse => "LateResponse",
            Self::LateResponseThen(_) => "LateResponseThen",
            Self::Meanwhile(_) => "Meanwhile",
            Self::Reset => "Reset",
            Self::NoServer => "NoServer",
            Self::Throttled => "Throttled",
            Self::ServerErrorAfter => "ServerErrorAfter",
            Self::ServerError => "ServerError",
            Self::Conflict => "Conflict",
            Self::InProgress => "InProgress",
            Self::TooLarge => "TooLarge",
            Self::Hang => "Hang",
            Self::Held(..) => "Held",
            Self::Panic => "Panic",
        })
    }
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
                Fault::None => real.call(request).await,
                Fault::ResponseLost => {
                    real.call(request).await?;
                    Err(broken())
                }
                Fault::ResponseLostThen(other) => {
                    real.call(request).await?;
                    other.await;
                    Err(broken())
                }
                Fault::LateResponse => {
                    real.call(request).await?;
                    silence(&clock).await
                }
                Fault::LateResponseThen(other) => {
                    real.call(request).await?;
                    other.await;
                    silence(&clock).await
                }
                Fault::Meanwhile(other) => {
                    let response = real.call(request).await?;
                    other.await;
                    Ok(response)
                }
                Fault::Reset => Err(broken()),
                Fault::NoServer => {
                    let mut elsewhere = request;
                    elsewhere.set_uri("http://127.0.0.1:1/").unwrap();
                    real.call(elsewhere).await
                }
                Fault::Throttled => Ok(error(400, "ThrottlingException")),
                Fault::ServerErrorAfter => {
                    real.call(request).await?;
                    Ok(error(500, "InternalServerError"))
                }
                Fault::ServerError => Ok(error(500, "InternalServerError")),
                Fault::Conflict if operation == "TransactWriteItems" => Ok(canceled("TransactionConflict", "injected")),
                // A read cannot conflict.
                Fault::Conflict if operation == "GetItem" => real.call(request).await,
                Fault::Conflict => Ok(error(400, "TransactionConflictException")),
                Fault::InProgress => Ok(error(400, "TransactionInProgressException")),
                Fault::TooLarge => {
                    Ok(canceled("ValidationError", "Item size to update has exceeded the maximum allowed size"))
                }
                Fault::Hang => silence(&clock).await,
                Fault::Held(other, held) => {
                    other.await;
                    tokio::spawn(async move {
                        held.released.notified().await;
                        let _ = real.call(request).await;
                        held.arrived.notify_one();
                    });
                    silence(&clock).await
                }
                Fault::Panic => panic!("injected"),
            }
        })
    }
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
