//! DELETE `/ns_movies/{id}`: delete a movie.

use lambda_http::{Body, Response};

use super::{App, conditional, idempotency::KeyedRequest};
use crate::{
    event::Request,
    movie::{Movie, MovieId},
    problem::Problem,
    store::RecordedResponse,
    store::carry_out,
};

pub(super) async fn delete(
    app: &App,
    request: &Request,
    id: &str,
    keyed: Option<&KeyedRequest<'_>>,
) -> Result<Response<Body>, Problem> {
    let id = MovieId::parse(id).ok_or_else(|| Problem::from_invalid_id(Movie::NOUN, id))?;
    let precondition = conditional::precondition(request)?;
    let respond = |(): &()| Ok(RecordedResponse::default());
    let refuse = |error| Problem::from_store(Movie::NOUN, error, id.as_str(), true);
    match keyed {
        None => {
            carry_out(|| app.store.plan_delete(&id, &precondition)).await.map_err(refuse)?;
            Ok(Response::new(Body::Empty))
        }
        Some(keyed) => keyed.write(|| app.store.plan_delete(&id, &precondition), respond, refuse).await,
    }
}
