//! Lambda function URLs: [request payload format][format], which is that of an HTTP API, except for the path.
//!
//! `rawPath` is percent-encoded. There is no stage. `cargo lambda watch` sends the same events.
//!
//! [format]: https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html#urls-payloads

use super::{
    Parts,
    path::{EventPath, Form},
    payload::{Payload, RequestContext},
    query,
};

pub(super) fn read<'a>(payload: &'a Payload<'_>, context: &'a RequestContext<'_>) -> Option<Parts<'a>> {
    let http = context.http.as_ref()?;
    let path = payload.raw_path.as_deref().or(http.path.as_deref())?;
    Some(Parts {
        method: http.method.as_deref()?,
        path: EventPath { text: path, form: Form::Encoded, starts: vec![0], client_path: path },
        query: query::from_query_string(payload),
    })
}
