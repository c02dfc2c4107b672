//! Turns a [`Response`] into a reply in the format of the event source.

use lambda_http::{
    Body, Response,
    aws_lambda_events::{
        alb::AlbTargetGroupResponse,
        apigw::{ApiGatewayProxyResponse, ApiGatewayV2httpResponse},
    },
    http::HeaderMap,
};

use serde::Serialize;

use super::EventSource;

/// What the function returns to Lambda: one of AWS's own reply types. (`lambda_http` has such an enum, but keeps it
/// private.)
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Reply {
    /// To a REST API, or an HTTP API with payload format version 1.0.
    V1(ApiGatewayProxyResponse),
    /// To an HTTP API with payload format version 2.0, or a Function URL.
    V2(ApiGatewayV2httpResponse),
    /// To a load balancer.
    Alb(AlbTargetGroupResponse),
}

/// Headers are in `headers` only, except for a load balancer with multi-value headers: a REST API merges both maps and
/// would send each header twice. A response of this service never repeats a header.
pub(super) fn reply(source: EventSource, response: Response<Body>) -> Reply {
    let (parts, body) = response.into_parts();
    let status_code = i64::from(parts.status.as_u16());
    let is_base64_encoded = matches!(body, Body::Binary(_));
    // An empty body would become `null`. A load balancer rejects that, and the client gets a 502.
    let body = Some(body).filter(|body| !matches!(body, Body::Empty));
    match source {
        EventSource::RestApi | EventSource::HttpApiVersion1 => {
            let mut reply = ApiGatewayProxyResponse::default();
            reply.status_code = status_code;
            reply.headers = parts.headers;
            reply.body = body;
            reply.is_base64_encoded = is_base64_encoded;
            Reply::V1(reply)
        }
        EventSource::HttpApi | EventSource::FunctionUrl => {
            let mut reply = ApiGatewayV2httpResponse::default();
            reply.status_code = status_code;
            reply.headers = parts.headers;
            reply.body = body;
            reply.is_base64_encoded = is_base64_encoded;
            Reply::V2(reply)
        }
        EventSource::Alb { multi_value } => {
            let mut reply = AlbTargetGroupResponse::default();
            reply.status_code = status_code;
            reply.status_description = Some(parts.status.to_string());
            (reply.headers, reply.multi_value_headers) =
                if multi_value { (HeaderMap::new(), parts.headers) } else { (parts.headers, HeaderMap::new()) };
            reply.body = body;
            reply.is_base64_encoded = is_base64_encoded;
            Reply::Alb(reply)
        }
    }
}
