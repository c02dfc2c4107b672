//! API Gateway REST APIs: [input format of a Lambda function for proxy integration][format].
//!
//! `path` is percent-encoded and does not include the stage. It includes a custom domain's base path.
//! `requestContext.path` is the path in the client's URL.
//!
//! [format]: https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html#api-gateway-simple-proxy-for-lambda-input-format

use super::{
    Parts,
    path::{EventPath, Form, Resource},
    payload::{Payload, RequestContext},
    query,
};

pub(super) fn read<'a>(payload: &'a Payload<'_>, context: &'a RequestContext<'_>) -> Option<Parts<'a>> {
    let path = payload.path.as_deref()?;
    let client_path = context.path.as_deref().filter(|full| full.ends_with(path) || path == "/");
    let parameters = payload.path_parameters();
    let resource = Resource::new(payload.resource.as_deref(), &parameters);
    Some(Parts {
        method: payload.http_method.as_deref()?,
        path: EventPath {
            text: path,
            form: Form::Encoded,
            starts: resource.starts(path, Form::Encoded, 0),
            client_path: client_path.unwrap_or(path),
        },
        query: query::decoded(payload),
    })
}
