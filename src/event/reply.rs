//! A [`Response`] in the shape that each event source reads.

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

/// Headers are in `headers` only, except for a load balancer with multi-value headers on: a REST API merges both maps
/// and would send each header twice. The service repeats no header in a response.
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

/// The size of the JSON that [`reply`] makes of a response, for the event source whose reply is largest.
#[must_use]
pub fn reply_bytes(response: &Response<Body>) -> usize {
    // The members' names and the status with its description.
    const ENVELOPE: usize = 200;
    // Quotes, a colon, brackets and a comma.
    const PUNCTUATION: usize = 8;
    let headers: usize = response
        .headers()
        .iter()
        .map(|(name, value)| name.as_str().len() + string_bytes(value.as_bytes()) + PUNCTUATION)
        .sum();
    let body = match response.body() {
        Body::Binary(bytes) => bytes.len().div_ceil(3) * 4,
        body => string_bytes(body.as_ref()),
    };
    ENVELOPE + headers + body
}

/// The size of a text in a JSON string.
fn string_bytes(text: &[u8]) -> usize {
    let escape = |byte: &u8| match byte {
        b'"' | b'\\' | b'\n' | b'\r' | b'\t' | 0x08 | 0x0c => 2,
        0..=0x1f => 6,
        _ => 1,
    };
    text.iter().map(escape).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_size_of_a_reply_is_known_before_it_is_written() {
        let all: String = (0..=0x7f).map(char::from).chain("é日\u{2028}😀".chars()).collect();
        for body in [Body::Empty, Body::Text(all.repeat(500)), Body::Binary(vec![0xff; 100_001])] {
            let response = || {
                let response = Response::builder().status(412).header("etag", "\"a\"").header("link", "<?a=\"b\">");
                response.body(body.clone()).unwrap()
            };
            let size = reply_bytes(&response());
            for source in [
                EventSource::RestApi,
                EventSource::HttpApi,
                EventSource::HttpApiVersion1,
                EventSource::FunctionUrl,
                EventSource::Alb { multi_value: false },
                EventSource::Alb { multi_value: true },
            ] {
                let json = serde_json::to_string(&source.reply(response())).unwrap();
                assert!(json.len() <= size && size < json.len() + 200, "{source:?} {body:.20?}: {} {size}", json.len());
                assert!(!json.contains("null"), "{source:?}: {json:.200}");
            }
        }
    }
}
