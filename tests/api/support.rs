//! A service on a table of its own, events of every front door, and faults beneath the SDK.

use std::{
    collections::{BTreeMap, VecDeque},
    fmt,
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex},
    time::Duration,
};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_dynamodb::{
    Client,
    config::{Credentials, SharedCredentialsProvider, SharedHttpClient},
};
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
use base64::prelude::{BASE64_STANDARD, Engine as _};
use dynoxide::Database;
use movies::{Invocation, api::App, config::Config, event::Event, http_client, local, movie::Movie, store::Store, tls};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::contract;

/// The service, with the means to break what is beneath it.
pub struct Service {
    pub app: App,
    pub faults: Faults,
    /// The emulator, for what the service itself does not ask of it; whoever uses it meets the faults too.
    pub dynamodb: Client,
    endpoint: String,
}

impl Service {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(dynoxide::server::serve_on(listener, Database::memory().unwrap()));
        let service = Self::at(endpoint);
        assert!(local::ensure_table(&service.dynamodb, "movies").await.unwrap());
        service
    }

    fn at(endpoint: String) -> Self {
        let faults = Faults::default();
        let config = Config {
            table_name: "movies".to_owned(),
            cors_allow_origins: vec!["*".to_owned()],
            base_path: String::new(),
            swagger_ui: true,
            tls_roots: None,
        };
        let real = http_client::new(tls::client_config(&config).unwrap());
        let sdk = SdkConfig::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .endpoint_url(&endpoint)
            .region(Region::new("us-east-1"))
            .credentials_provider(SharedCredentialsProvider::new(Credentials::for_tests()))
            .http_client(SharedHttpClient::new(FaultyClient { real, faults: faults.clone() }))
            .build();
        let app = App { store: Store::new(&sdk, &config.table_name), config };
        Self { app, faults, dynamodb: Client::new(&sdk), endpoint }
    }

    /// With the tutorial's two movies in the table.
    pub async fn seeded() -> Self {
        let service = Self::start().await;
        let seed = include_bytes!("../../seed/movies.json");
        for movie in local::parse_seed("seed/movies.json", seed).unwrap() {
            service.put(movie).await;
        }
        service
    }

    pub async fn put(&self, movie: Movie) {
        self.app.store.create(&movie.id().unwrap(), movie).await.unwrap();
    }

    /// Another copy of the function on the same table, whose calls never fail.
    pub fn other_copy(&self) -> Self {
        Self::at(self.endpoint.clone())
    }

    /// A request through the REST API, the door that is deployed.
    pub fn call(&self, method: &str, path: &str) -> Call<'_> {
        self.call_through(Door::Rest, method, path)
    }

    pub fn call_through(&self, door: Door, method: &str, path: &str) -> Call<'_> {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        Call {
            app: &self.app,
            door,
            method: method.to_owned(),
            path: path.to_owned(),
            query: query.to_owned(),
            headers: Vec::new(),
            body: None,
        }
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.call("GET", path).send().await
    }

    pub async fn post(&self, movie: &Value) -> Answer {
        self.call("POST", "/ns_movies/").json(movie).send().await
    }

    /// Every movie, page by page.
    pub async fn list_all(&self, first: &str) -> BTreeMap<String, Value> {
        let mut movies = BTreeMap::new();
        let mut next = Some(first.to_owned());
        while let Some(path) = next {
            let page = self.get(&path).await;
            assert_eq!(page.status, 200, "{page:?}");
            for (id, movie) in page.json().as_object().unwrap() {
                assert_eq!(movies.insert(id.clone(), movie.clone()), None, "{id} is listed twice");
            }
            next = page.next();
        }
        movies
    }
}

/// A whole movie.
pub fn movie(title: &str, year: u16) -> Value {
    json!({
        "title": title, "year": year, "cast": ["Ann", "Bob"],
        "image": "https://example.org/a.jpg", "description": "About it.",
    })
}

/// The path of a movie, with everything escaped that could be.
pub fn path_of(id: &str) -> String {
    format!("/ns_movies/{}", utf8_percent_encode(id, NON_ALPHANUMERIC))
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Door {
    Rest,
    Http,
    Url,
    Alb,
    AlbMulti,
    CargoLambda,
}

impl Door {
    pub const ALL: [Self; 6] = [Self::Rest, Self::Http, Self::Url, Self::Alb, Self::AlbMulti, Self::CargoLambda];
}

/// A request, as the client sends it: the path percent-encoded.
pub struct Call<'a> {
    app: &'a App,
    door: Door,
    method: String,
    path: String,
    query: String,
    headers: Vec<(String, String)>,
    body: Option<String>,
}

impl Call<'_> {
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn body(mut self, body: &str) -> Self {
        self.body = Some(body.to_owned());
        self
    }

    pub fn json(self, body: &Value) -> Self {
        self.header("Content-Type", "application/json").body(&body.to_string())
    }

    /// The event that the door makes of the request.
    pub fn event(&self) -> Value {
        let headers: serde_json::Map<_, _> = self.headers.iter().map(|(n, v)| (n.clone(), json!(v))).collect();
        let multi: serde_json::Map<_, _> = self.headers.iter().map(|(n, v)| (n.clone(), json!([v]))).collect();
        let decoded: Vec<(String, String)> = form_urlencoded::parse(self.query.as_bytes()).into_owned().collect();
        let raw: Vec<_> = self.query.split('&').filter_map(|pair| pair.split_once('=')).collect();
        let (path, body) = (&self.path, &self.body);
        let plain = percent_encoding::percent_decode_str(path).decode_utf8_lossy().into_owned();
        match self.door {
            Door::Rest => json!({
                "resource": "/{proxy+}", "httpMethod": self.method, "path": path,
                "pathParameters": {"proxy": path.trim_matches('/')},
                "headers": headers, "multiValueHeaders": multi,
                "multiValueQueryStringParameters": values(&decoded),
                "requestContext": {"path": format!("/Prod{path}"), "stage": "Prod", "httpMethod": self.method},
                "body": body, "isBase64Encoded": false,
            }),
            // An HTTP API decodes the path, and cuts it at what is then a question mark.
            Door::Http => {
                self.version_2(plain.split('?').next().unwrap(), "x1.execute-api.us-east-1.amazonaws.com", "curl/8")
            }
            Door::Url => self.version_2(path, "x1.lambda-url.us-east-1.on.aws", "curl/8"),
            Door::CargoLambda => self.version_2(path, "localhost", "cargo-lambda"),
            Door::Alb => json!({
                "httpMethod": self.method, "path": path, "headers": headers, "body": body.clone().unwrap_or_default(),
                "queryStringParameters": raw.iter().map(|(n, v)| ((*n).to_owned(), json!(v))).collect::<serde_json::Map<_, _>>(),
                "requestContext": {"elb": {"targetGroupArn": "arn:aws:elasticloadbalancing:x"}}, "isBase64Encoded": false,
            }),
            Door::AlbMulti => json!({
                "httpMethod": self.method, "path": path, "multiValueHeaders": multi, "body": body.clone().unwrap_or_default(),
                "multiValueQueryStringParameters": values(&raw.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect::<Vec<_>>()),
                "requestContext": {"elb": {"targetGroupArn": "arn:aws:elasticloadbalancing:x"}}, "isBase64Encoded": false,
            }),
        }
    }

    fn version_2(&self, raw_path: &str, domain: &str, agent: &str) -> Value {
        let headers: serde_json::Map<_, _> = self.headers.iter().map(|(n, v)| (n.to_lowercase(), json!(v))).collect();
        json!({
            "version": "2.0", "routeKey": "$default", "rawPath": raw_path, "rawQueryString": self.query,
            "headers": headers,
            "requestContext": {
                "domainName": domain, "stage": "$default",
                "http": {"method": self.method, "path": raw_path, "userAgent": agent},
            },
            "body": self.body, "isBase64Encoded": false,
        })
    }

    pub async fn send(self) -> Answer {
        send_event(self.app, self.event().to_string().as_bytes()).await
    }
}

fn values(pairs: &[(String, String)]) -> Value {
    let mut map: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (name, value) in pairs {
        map.entry(name).or_default().push(value);
    }
    json!(map)
}

/// Puts an event's bytes in, takes the reply's bytes out.
pub async fn send_event(app: &App, event: &[u8]) -> Answer {
    let request = match Event::from_bytes(event) {
        Event::Http(_, mut request) => {
            request.strip_base_path(&app.config.base_path);
            Some((request.method, request.path))
        }
        Event::Unknown => None,
    };
    let invocation = Invocation { request_id: "test-request".to_owned(), ..Invocation::default() };
    let reply = movies::serve(app, Event::from_bytes(event), &invocation).await;
    let bytes = serde_json::to_vec(&reply).unwrap();
    let answer = Answer::read(&serde_json::from_slice(&bytes).unwrap());
    match request {
        Some((method, Some(path))) => {
            contract::check(&method, &path, answer.status, &answer.headers, answer.body.as_bytes());
        }
        Some((_, None)) | None => assert_eq!(answer.status, 400, "{answer:?}"),
    }
    answer
}

/// A reply, as the client would see it.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u64,
    pub headers: BTreeMap<String, String>,
    pub body: String,
    /// The body as the client gets it.
    pub bytes: Vec<u8>,
    pub reply: Value,
}

impl Answer {
    fn read(reply: &Value) -> Self {
        let mut headers = BTreeMap::new();
        for (name, value) in reply["headers"].as_object().unwrap() {
            headers.insert(name.to_lowercase(), value.as_str().unwrap().to_owned());
        }
        for (name, values) in reply["multiValueHeaders"].as_object().unwrap() {
            assert!(!headers.contains_key(name), "{name} would be sent twice");
            headers.insert(name.to_lowercase(), values[0].as_str().unwrap().to_owned());
        }
        let body = reply["body"].as_str().unwrap_or_default().to_owned();
        let is_base64 = reply["isBase64Encoded"].as_bool().unwrap();
        let bytes = if is_base64 { BASE64_STANDARD.decode(&body).unwrap() } else { body.clone().into_bytes() };
        let status = reply["statusCode"].as_u64().unwrap();
        if status >= 400 && !body.is_empty() {
            let problem: Value = serde_json::from_str(&body).unwrap();
            assert_eq!(headers["content-type"], "application/problem+json");
            assert_eq!(problem["status"], json!(status));
            for member in ["type", "title", "detail", "request_id"] {
                assert!(problem[member].as_str().is_some_and(|text| !text.is_empty()), "{member}: {problem}");
            }
        }
        Self { status, headers, body, bytes, reply: reply.clone() }
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    pub fn etag(&self) -> &str {
        &self.headers["etag"]
    }

    /// The path of the next page, without the stage.
    pub fn next(&self) -> Option<String> {
        let link = self.headers.get("link")?;
        let (target, relation) = link.strip_prefix('<')?.split_once('>')?;
        assert_eq!(relation, "; rel=\"next\"");
        Some(target.strip_prefix("/Prod").unwrap_or(target).to_owned())
    }

    /// The JSON Pointers of a validation problem.
    pub fn pointers(&self) -> Vec<String> {
        let problem = self.json();
        let errors = problem["errors"].as_array().unwrap_or_else(|| panic!("no errors: {problem}"));
        errors.iter().map(|error| error["pointer"].as_str().unwrap().to_owned()).collect()
    }
}

/// What happens to one call to DynamoDB.
pub enum Fault {
    /// Nothing.
    None,
    /// It is carried out, its answer is lost.
    AnswerLost,
    /// It is carried out, its answer is lost, and somebody else acts before the retry.
    AnswerLostThen(Pin<Box<dyn Future<Output = ()> + Send>>),
    /// It is carried out, somebody else acts, then its answer arrives.
    Meanwhile(Pin<Box<dyn Future<Output = ()> + Send>>),
    /// The connection breaks before it arrives.
    Reset,
    /// It is refused for its rate.
    Throttled,
    /// It fails with a fault of the service, after it was carried out.
    ServerErrorAfter,
    /// It fails with a fault of the service.
    ServerError,
    /// It meets a transaction on the same item.
    Conflict,
    /// It never comes back.
    Hang,
}

impl fmt::Debug for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "None",
            Self::AnswerLost => "AnswerLost",
            Self::AnswerLostThen(_) => "AnswerLostThen",
            Self::Meanwhile(_) => "Meanwhile",
            Self::Reset => "Reset",
            Self::Throttled => "Throttled",
            Self::ServerErrorAfter => "ServerErrorAfter",
            Self::ServerError => "ServerError",
            Self::Conflict => "Conflict",
            Self::Hang => "Hang",
        })
    }
}

/// The faults of the calls to come, one each; then none. And the operations called so far.
#[derive(Clone, Debug, Default)]
pub struct Faults {
    coming: Arc<Mutex<VecDeque<Fault>>>,
    calls: Arc<Mutex<Vec<String>>>,
}

impl Faults {
    pub fn inject(&self, faults: impl IntoIterator<Item = Fault>) {
        *self.coming.lock().unwrap() = faults.into_iter().collect();
    }

    pub fn clear(&self) {
        self.coming.lock().unwrap().clear();
    }

    /// The operations called since last asked.
    pub fn take_calls(&self) -> Vec<String> {
        std::mem::take(&mut self.calls.lock().unwrap())
    }
}

#[derive(Debug)]
struct FaultyClient {
    real: SharedHttpClient,
    faults: Faults,
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
        let fault = self.faults.coming.lock().unwrap().pop_front().unwrap_or(Fault::None);
        let real = self.real.clone();
        HttpConnectorFuture::new(async move {
            match fault {
                Fault::None => real.call(request).await,
                Fault::AnswerLost => {
                    real.call(request).await?;
                    Err(broken())
                }
                Fault::AnswerLostThen(other) => {
                    real.call(request).await?;
                    other.await;
                    Err(broken())
                }
                Fault::Meanwhile(other) => {
                    let answer = real.call(request).await?;
                    other.await;
                    Ok(answer)
                }
                Fault::Reset => Err(broken()),
                Fault::Throttled => Ok(error(400, "ThrottlingException")),
                Fault::ServerErrorAfter => {
                    real.call(request).await?;
                    Ok(error(500, "InternalServerError"))
                }
                Fault::ServerError => Ok(error(500, "InternalServerError")),
                Fault::Conflict if operation == "TransactWriteItems" => Ok(canceled_by_conflict()),
                // A read meets no conflict.
                Fault::Conflict if operation == "GetItem" => real.call(request).await,
                Fault::Conflict => Ok(error(400, "TransactionConflictException")),
                Fault::Hang => std::future::pending().await,
            }
        })
    }
}

fn broken() -> ConnectorError {
    ConnectorError::io("connection reset by peer".into())
}

fn error(status: u16, code: &str) -> HttpResponse {
    let body = json!({"__type": format!("com.amazonaws.dynamodb.v20120810#{code}"), "message": "injected"});
    HttpResponse::new(StatusCode::try_from(status).unwrap(), SdkBody::from(body.to_string()))
}

fn canceled_by_conflict() -> HttpResponse {
    let body = json!({
        "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException", "message": "injected",
        "CancellationReasons": [{"Code": "TransactionConflict"}, {"Code": "None"}],
    });
    HttpResponse::new(StatusCode::try_from(400).unwrap(), SdkBody::from(body.to_string()))
}

/// Longer than any answer may take.
pub const PATIENCE: Duration = Duration::from_secs(5);
