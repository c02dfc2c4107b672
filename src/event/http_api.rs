//! API Gateway HTTP APIs: [payload format versions 2.0 and 1.0][format].
//!
//! In both, API Gateway has decoded the path. If it were decoded again, `100% Wolf` would be invalid and `%2541` would
//! become `A`. The path includes the name of the stage, unless that is `$default`. The client's URL includes the stage
//! only at the API's own host; a custom domain's URL does not, and an event never contains the API mapping key of the
//! domain.
//!
//! [format]: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html#http-api-develop-integrations-lambda.proxy-format

use super::{
    Parts,
    path::{self, EventPath, Form, Resource},
    payload::{Payload, RequestContext},
    query,
};

/// Payload format version 2.0. API Gateway cuts the decoded path at a question mark.
pub(super) fn read<'a>(payload: &'a Payload<'_>, context: &'a RequestContext<'_>) -> Option<Parts<'a>> {
    let http = context.http.as_ref()?;
    let path = payload.raw_path.as_deref().or(http.path.as_deref())?;
    Some(Parts {
        method: http.method.as_deref()?,
        path: event_path(payload, context, path, payload.route_key.as_deref()),
        query: query::from_query_string(payload),
    })
}

/// Payload format version 1.0. It has the fields of a REST API's event, and `version`.
pub(super) fn read_version_1<'a>(payload: &'a Payload<'_>, context: &'a RequestContext<'_>) -> Option<Parts<'a>> {
    let path = payload.path.as_deref()?;
    Some(Parts {
        method: payload.http_method.as_deref()?,
        path: event_path(payload, context, path, payload.resource.as_deref()),
        query: query::decoded(payload),
    })
}

/// `route` is a route key such as `GET /ns_movies/{id}`, or only its path, or `$default`.
fn event_path<'a>(
    payload: &Payload<'_>,
    context: &RequestContext<'_>,
    path: &'a str,
    route: Option<&str>,
) -> EventPath<'a> {
    let template = route.map(|route| route.split_once(' ').map_or(route, |(_, path)| path));
    let parameters = payload.path_parameters();
    let resource = Resource::new(template.filter(|template| template.starts_with('/')), &parameters);
    let stage_length = path::stage_length(path, context.stage.as_deref());
    let is_custom_domain = context.domain_name.as_deref().is_some_and(|domain| !domain.contains(".execute-api."));
    EventPath {
        text: path,
        form: Form::Decoded,
        starts: resource.starts(path, Form::Decoded, stage_length),
        client_path: Some(path).filter(|_| !is_custom_domain).or(path.get(stage_length..)).unwrap_or(path),
    }
}
