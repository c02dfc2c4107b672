//! Handles a request: finds its route, runs the operation within the time budget, adds the headers of every response.
//!
//! [`handle`] never fails, because every error becomes a [`Problem`]. [`movies`] has the five operations on movies,
//! [`service`] has the others, and the other modules have what operations share.

mod conditional;
mod cors;
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
    http::{HeaderValue, header},
};

use crate::{
    config::Config,
    event::Request,
    problem::Problem,
    route::{self, NoRoute, Route},
    store::Store,
    swagger_ui,
};

/// The state that all operations share.
#[derive(Clone, Debug)]
pub struct App {
    /// The movies.
    pub store: Store,
    /// The configuration.
    pub config: Config,
}

/// Responds to a request before Lambda's `deadline`, in milliseconds since 1970. Returns the route's name, for the log,
/// and the response. A problem contains `request_id`, so that a client can quote it.
pub async fn handle(
    app: &App,
    mut request: Request,
    request_id: &str,
    deadline: u64,
) -> (&'static str, Response<Body>) {
    request.strip_base_path(&app.config.base_path);
    let (name, result) = match find(app, &request) {
        Err(problem) => ("none", Err(problem)),
        Ok(route) => (route.name(), within_budget(app, &request, route, time_budget(deadline)).await),
    };
    let mut response = result.unwrap_or_else(|problem| problem.into_response(&request.url_path, request_id));

    response.headers_mut().insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    cors::allow_origin(&app.config, &request, response.headers_mut());
    if request.method == "HEAD" {
        message::remove_body(&mut response);
    }
    (name, response)
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
        Ok(Ok(result)) => result,
        // A panic is a bug. The panic hook has logged its location.
        Ok(Err(_)) => Err(Problem::Internal),
        // A write may still happen after this. The problem says so.
        Err(_) => Err(if route.writes() { Problem::OutcomeUnknown } else { Problem::Unavailable }),
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
    use crate::event::Event;

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
}
