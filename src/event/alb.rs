//! Application Load Balancers: [receive events from the load balancer][format].
//!
//! The path is percent-encoded, and so are the names and values of query parameters.
//!
//! [format]: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/lambda-functions.html#receive-event-from-load-balancer

use super::{
    Parts,
    path::{EventPath, Form},
    payload::Payload,
    query,
};

pub(super) fn read<'a>(payload: &'a Payload<'_>) -> Option<Parts<'a>> {
    let path = payload.path.as_deref()?;
    Some(Parts {
        method: payload.http_method.as_deref()?,
        path: EventPath { text: path, form: Form::Encoded, starts: vec![0], client_path: path },
        query: query::from_encoded_parameters(payload),
    })
}
