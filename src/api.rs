//! Handles a request: finds its route, runs the operation within the time budget, adds the headers of every response.
//!
//! [`handle`] never fails, because every error becomes a [`Problem`]. Each operation is a module: what it takes, what it
//! does and what it returns. The modules beside the operations hold what operations share.

pub(crate) mod body;
pub(crate) mod conditional;
pub(crate) mod cors;
pub(crate) mod create;
pub(crate) mod delete;
pub(crate) mod health;
pub(crate) mod idempotency;
pub(crate) mod list;
pub(crate) mod location;
pub(crate) mod openapi;
pub(crate) mod options;
mod page;
pub(crate) mod query;
pub(crate) mod read;
mod reply_limit;
pub(crate) mod response;
pub(crate) mod swagger_ui;
pub(crate) mod update;

use std::{
    panic::AssertUnwindSafe,
    time::{Duration, Instant},
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
    route::{self, Crud, NoRoute, Route},
    store::Store,
    swagger_ui as vendored,
};

pub use query::ListQuery;

/// The state that all operations share.
#[derive(Clone, Debug)]
pub struct App {
    /// The movies.
    pub store: Store,
    /// The configuration.
    pub config: Config,
}

/// Responds to a request within `budget`. Returns the route's name, for the log, and the response. A problem contains
/// `request_id`, so that a client can quote it.
pub async fn handle(
    app: &App,
    mut request: Request,
    request_id: &str,
    budget: Duration,
) -> (&'static str, Response<Body>) {
    request.strip_base_path(&app.config.base_path);
    let (name, result) = match route(app, &request) {
        Err(problem) => ("none", Err(problem)),
        Ok(route) => {
            // A listing ends its page at this deadline, so that it can still respond within the budget.
            let deadline = Instant::now() + budget / 5 * 4;
            let operation = AssertUnwindSafe(operate(app, &request, route, deadline)).catch_unwind();
            let result = match tokio::time::timeout(budget, operation).await {
                Ok(Ok(result)) => result,
                // A panic is a bug. The panic hook has logged its location.
                Ok(Err(_)) => Err(Problem::internal()),
                // A write may still happen after this. The problem says so.
                Err(_) => Err(Problem::unavailable(route.written())),
            };
            (route.name(), result)
        }
    };
    let mut response = result.unwrap_or_else(|problem| problem.into_response(&request.url_path, request_id));

    response.headers_mut().insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    cors::allow_origin(&app.config, &request, response.headers_mut());
    if request.method == "HEAD" {
        response::remove_body(&mut response);
    }
    (name, response)
}

fn route<'a>(app: &App, request: &'a Request) -> Result<Route<'a>, Problem> {
    let path = request.path.as_deref().ok_or_else(|| Problem::bad_request("The path is not UTF-8."))?;
    if !app.config.swagger_ui && vendored::owns(path) {
        return Err(Problem::no_such_path());
    }
    route::find(&request.method, path).map_err(|no_route| match no_route {
        NoRoute::NotFound => Problem::no_such_path(),
        NoRoute::MethodNotAllowed(allow) => Problem::method_not_allowed(allow),
    })
}

async fn operate(app: &App, request: &Request, route: Route<'_>, deadline: Instant) -> Result<Response<Body>, Problem> {
    let keyed = idempotency::read(app, request, route)?;
    match route {
        Route::Movies(Crud::List) => list::list(app, request, deadline).await,
        Route::Movies(Crud::Create) => create::create(app, request, keyed.as_ref()).await,
        Route::Movies(Crud::Read(id)) => read::read(app, request, id).await,
        Route::Movies(Crud::Update(id)) => update::update(app, request, id, keyed.as_ref()).await,
        Route::Movies(Crud::Delete(id)) => delete::delete(app, request, id, keyed.as_ref()).await,
        Route::Health => health::health(app, request).await,
        Route::OpenApi => openapi::openapi(request),
        Route::SwaggerUi => swagger_ui::page(request),
        Route::SwaggerUiFile(file) => swagger_ui::file(request, file),
        Route::Options(allow) => options::options(request, allow),
    }
}
