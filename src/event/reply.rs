//! A [`Response`] in the shape that each front door reads.

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

/// What the Lambda runtime sends back: one of AWS's own reply types. (`lambda_http` has such an enum, but keeps it
/// private.)
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Reply {
    /// To a REST API.
    V1(ApiGatewayProxyResponse),
    /// To an HTTP API or a Function URL.
    V2(ApiGatewayV2httpResponse),
    /// To a load balancer.
    Alb(AlbTargetGroupResponse),
}

/// Headers go into `headers` alone but for an ALB with multi-value headers on: a REST API merges both maps, and would
/// send each header twice. No response of this service repeats one.
pub(super) fn reply(door: EventSource, response: Response<Body>) -> Reply {
    let (parts, body) = response.into_parts();
    let status_code = i64::from(parts.status.as_u16());
    let is_base64_encoded = matches!(body, Body::Binary(_));
    let body = Some(body);
    match door {
        EventSource::RestApi => {
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
