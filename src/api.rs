//! Turns one event into one reply: finds the route of its request, runs the operation within the time budget, adds the
//! headers of every response, and writes one log line.
//!
//! [`serve`] never fails, because every error becomes a [`Problem`]. [`movies`] has the five operations on movies,
//! [`service`] has the others, and the other modules have what operations share.

mod conditional;
mod idempotency;
mod listing;
mod message;
mod movies;
mod service;

use std::{
    panic::AssertUnwindSafe,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use futures_util::FutureExt as _;
use lambda_http::{
    Body, Response,
    http::{HeaderMap, HeaderValue, header},
};
use lambda_runtime::Context;
use tracing::Instrument as _;

use crate::{
    config::{AllowOrigins, Config},
    event::{Event, EventSource, Reply, Request},
    problem::Problem,
    route::{self, NoRoute, Route},
    store::Store,
    swagger_ui,
    telemetry::{RequestLog, Usage, measure_usage},
};

/// The state that all operations share.
#[derive(Clone, Debug)]
pub struct App {
    /// The movies.
    pub store: Store,
    /// The configuration.
    pub config: Config,
}

/// Handles one event. `context` is what Lambda says about the invocation, and `cold_start` whether it is the sandbox's
/// first.
pub async fn serve(app: &App, event: Event, context: &Context, cold_start: bool) -> Reply {
    let start = Instant::now();
    // Adds the request id to each log line of the request. An error span exists at every log level.
    let span = tracing::error_span!("request", request_id = context.request_id);
    let (message, source, ((route, response), usage)) = match event {
        Event::Http(source, request) => {
            let message = format!("{} {}", request.method, request.url_path);
            let response = measure_usage(handle(app, *request, context)).instrument(span.clone()).await;
            (message, source, response)
        }
        Event::Unknown => {
            let response = Problem::NotARequest.into_response("/", &context.request_id);
            let message = "the event is not an HTTP request".to_owned();
            (message, EventSource::HttpApi, (("none", response), Usage::default()))
        }
    };
    let (status, duration) = (response.status().as_u16(), start.elapsed());
    let location = response.headers().get(header::LOCATION).and_then(|location| location.to_str().ok());
    span.in_scope(|| RequestLog { message, context, cold_start, route, status, location, duration, usage }.log());
    source.reply(response)
}

/// Responds to a request before Lambda's deadline. Returns the route's name, for the log, and the response.
pub async fn handle(app: &App, mut request: Request, context: &Context) -> (&'static str, Response<Body>) {
    request.strip_base_path(&app.config.base_path);
    let (name, result) = match find(app, &request) {
        Err(problem) => ("none", Err(problem)),
        Ok(route) => (route.name(), within_budget(app, &request, route, time_budget(context.deadline)).await),
    };
    let mut response = result.unwrap_or_else(|problem| problem.into_response(&request.url_path, &context.request_id));

    response.headers_mut().insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    allow_origin(&app.config, &request, response.headers_mut());
    if request.method == "HEAD" {
        message::remove_body(&mut response);
    }
    (name, response)
}

/// Tells a browser whether the page that sent the request may read the response (Fetch standard).
fn allow_origin(config: &Config, request: &Request, headers: &mut HeaderMap) {
    let origin = match &config.cors_allow_origins {
        AllowOrigins::Any => Some(HeaderValue::from_static("*")),
        AllowOrigins::Listed(origins) => {
            // A reply can contain only one value for each header, and OPTIONS has set `Vary`.
            let is_preflight = headers.contains_key(header::VARY);
            let vary = if is_preflight { "Access-Control-Request-Headers, Origin" } else { "Origin" };
            headers.insert(header::VARY, HeaderValue::from_static(vary));
            let sent = request.header(&header::ORIGIN).unwrap_or_default();
            Some(sent).filter(|sent| origins.contains(sent)).and_then(|origin| HeaderValue::try_from(origin).ok())
        }
    };
    let Some(origin) = origin else { return };
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.insert(
        header::ACCESS_CONTROL_EXPOSE_HEADERS,
        HeaderValue::from_static("ETag, Link, Location, Retry-After, Allow, Accept-Patch, Idempotency-Replayed"),
    );
}

fn find<'a>(app: &App, request: &'a Request) -> Result<Route<'a>, Problem> {
    let path = request.path.as_deref().ok_or(Problem::PathNotUtf8)?;
    if !app.config.swagger_ui && swagger_ui::owns(path) {
        return Err(Problem::NoSuchPath);
    }
    route::find(&request.method, path).map_err(|no_route| match no_route {
        NoRoute::NotFound => Problem::NoSuchPath,
        NoRoute::MethodNotAllowed(allow) => Problem::MethodNotAllowed(allow),
    })
}

async fn within_budget(
    app: &App,
    request: &Request,
    route: Route<'_>,
    budget: Duration,
) -> Result<Response<Body>, Problem> {
    // A listing ends its page at this deadline, so that it can still respond within the budget.
    let deadline = Instant::now() + budget / 5 * 4;
    let operation = AssertUnwindSafe(dispatch(app, request, route, deadline)).catch_unwind();
    match tokio::time::timeout(budget, operation).await {
        Ok(Ok(Err(Problem::Unavailable))) | Err(_) if route.writes() => Err(Problem::OutcomeUnknown),
        Ok(Ok(result)) => result,
        // A panic is a bug. The panic hook has logged its location.
        Ok(Err(_)) => Err(Problem::Internal),
        Err(_) => Err(Problem::Unavailable),
    }
}

async fn dispatch(
    app: &App,
    request: &Request,
    route: Route<'_>,
    deadline: Instant,
) -> Result<Response<Body>, Problem> {
    match route {
        Route::List => movies::list(app, request, deadline).await,
        Route::Create => movies::create(app, request).await,
        Route::Read(id) => movies::read(app, request, id).await,
        Route::Update(id) => movies::update(app, request, id).await,
        Route::Delete(id) => movies::delete(app, request, id).await,
        Route::Health => service::health(app, request).await,
        Route::OpenApi => service::openapi(request),
        Route::SwaggerUi => service::swagger_ui(request),
        Route::SwaggerUiFile(file) => service::swagger_ui_file(request, file),
        Route::Options(allow) => service::options(request, allow),
    }
}

/// The time limit of an operation. It ends before Lambda's deadline. Together with the start of a sandbox, it stays
/// below the 5 s within which a client gets a response. `cargo lambda watch` sends a meaningless deadline in 1970.
fn time_budget(deadline: u64) -> Duration {
    const LONGEST: Duration = Duration::from_millis(3500);
    const SHORTEST: Duration = Duration::from_millis(100);
    const TO_REPLY: Duration = Duration::from_millis(500);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    match Duration::from_millis(deadline).checked_sub(now) {
        Some(left) => left.saturating_sub(TO_REPLY).clamp(SHORTEST, LONGEST),
        None => LONGEST,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::{aws, telemetry::tests::logged};

    /// A request from a REST API.
    pub(super) fn request(method: &str, path: &str, headers: &Value) -> Request {
        let event = json!({"httpMethod": method, "path": path, "headers": headers});
        match Event::from_bytes(event.to_string().as_bytes()) {
            Event::Http(_, request) => *request,
            Event::Unknown => panic!("not a request: {event}"),
        }
    }

    #[test]
    fn an_operation_may_take_what_is_left_of_the_invocation_within_bounds() {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        for (left, shortest, longest) in [(60_000, 3500, 3500), (3000, 2000, 2500), (550, 100, 100)] {
            let deadline = u64::try_from(now.as_millis()).unwrap() + left;
            let budget = Duration::from_millis(shortest)..=Duration::from_millis(longest);
            assert!(budget.contains(&time_budget(deadline)), "{left} ms are left");
        }
        assert_eq!(time_budget(1000), Duration::from_millis(3500), "a deadline in 1970");
    }

    #[test]
    fn no_line_contains_what_a_client_sent_but_the_path() {
        let variable = |name: &str| name.ends_with("TABLE_NAME").then(|| "table".to_owned());
        // No region: each call to DynamoDB fails at once.
        let app = App {
            store: Store::new(&aws::connect(variable).unwrap(), "table"),
            config: Config::read(variable).unwrap(),
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let names = "Access-Control-Request-Headers Authorization Content-Type Cookie Idempotency-Key If-Match If-None-Match Origin";
        let headers: Value = names.split(' ').map(|name| (name, "s3cret")).collect();
        for (method, path, route) in [
            ("GET", "/ns_movies/", "list"),
            ("POST", "/ns_movies/", "create"),
            ("DELETE", "/ns_movies/A-1", "delete"),
            ("GET", "/elsewhere", "none"),
        ] {
            let event = json!({
                "httpMethod": method, "path": path, "headers": headers, "body": "s3cret",
                "queryStringParameters": {"s3cret": "s3cret"},
                "requestContext": {"identity": {"userArn": "s3cret", "sourceIp": "s3cret"}},
            });
            let event = Event::from_bytes(event.to_string().as_bytes());
            let lines = logged(|| drop(runtime.block_on(serve(&app, event, &Context::default(), false))));
            let last = lines.last().unwrap();
            assert_eq!((&last["route"], &last["message"]), (&json!(route), &json!(format!("{method} {path}"))));
            assert!(lines.iter().all(|line| !line.to_string().contains("s3cret")), "{lines:?}");
        }
    }
}
