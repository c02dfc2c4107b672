//! A request, and the event that each event source creates from it.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Function, Response, send_event};

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum EventFormat {
    Rest,
    Http,
    HttpVersion1,
    Url,
    Alb,
    AlbMulti,
    CargoLambda,
}

impl EventFormat {
    pub const ALL: [Self; 7] =
        [Self::Rest, Self::Http, Self::HttpVersion1, Self::Url, Self::Alb, Self::AlbMulti, Self::CargoLambda];
}

/// A request, as the client sends it: the path percent-encoded.
pub struct Call<'a> {
    function: &'a Function,
    source: EventFormat,
    method: String,
    path: String,
    query: String,
    headers: Vec<(String, String)>,
    body: Option<String>,
}

impl<'a> Call<'a> {
    pub fn new(function: &'a Function, source: EventFormat, method: &str, path: &str) -> Self {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        Self {
            function,
            source,
            method: method.to_owned(),
            path: path.to_owned(),
            query: query.to_owned(),
            headers: Vec::new(),
            body: None,
        }
    }

    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn body(mut self, body: &str) -> Self {
        self.body = Some(body.to_owned());
        self
    }

    pub fn json(self, body: &Value) -> Self {
        self.header("Content-Type", "application/json").body(&body.to_string())
    }

    /// The event that an event source with this format creates from the request.
    pub fn event(&self) -> Value {
        let headers: serde_json::Map<_, _> = self.headers.iter().map(|(n, v)| (n.clone(), json!(v))).collect();
        let multi: serde_json::Map<_, _> = self.headers.iter().map(|(n, v)| (n.clone(), json!([v]))).collect();
        let decoded: Vec<(String, String)> = form_urlencoded::parse(self.query.as_bytes()).into_owned().collect();
        let raw: Vec<_> = self.query.split('&').filter_map(|pair| pair.split_once('=')).collect();
        let (path, body) = (&self.path, &self.body);
        let plain = percent_encoding::percent_decode_str(path).decode_utf8_lossy().into_owned();
        match self.source {
            EventFormat::Rest => json!({
                "resource": "/{proxy+}", "httpMethod": self.method, "path": path,
                "pathParameters": {"proxy": path.trim_matches('/')},
                "headers": headers, "multiValueHeaders": multi,
                "multiValueQueryStringParameters": values(&decoded),
                "requestContext": {"path": format!("/Prod{path}"), "stage": "Prod", "httpMethod": self.method},
                "body": body, "isBase64Encoded": false,
            }),
            // An HTTP API decodes the path, then cuts it at a question mark.
            EventFormat::Http => {
                self.version_2(plain.split('?').next().unwrap(), "x1.execute-api.us-east-1.amazonaws.com", "curl/8")
            }
            EventFormat::HttpVersion1 => json!({
                "version": "1.0", "resource": "$default", "httpMethod": self.method, "path": format!("/Prod{plain}"),
                "headers": headers, "multiValueHeaders": multi, "multiValueQueryStringParameters": values(&decoded),
                "requestContext": {
                    "path": format!("/Prod{plain}"), "stage": "Prod", "httpMethod": self.method,
                    "domainName": "x1.execute-api.us-east-1.amazonaws.com",
                },
                "body": body, "isBase64Encoded": false,
            }),
            EventFormat::Url => self.version_2(path, "x1.lambda-url.us-east-1.on.aws", "curl/8"),
            // Only a local build decodes the path of `cargo lambda watch`.
            EventFormat::CargoLambda if Function::is_artifact() => {
                self.version_2(path, "x1.lambda-url.us-east-1.on.aws", "cargo-lambda")
            }
            EventFormat::CargoLambda => self.version_2(path, "localhost", "cargo-lambda"),
            EventFormat::Alb => json!({
                "httpMethod": self.method, "path": path, "headers": headers, "body": body.clone().unwrap_or_default(),
                "queryStringParameters": raw.iter().map(|(n, v)| ((*n).to_owned(), json!(v))).collect::<serde_json::Map<_, _>>(),
                "requestContext": {"elb": {"targetGroupArn": "arn:aws:elasticloadbalancing:x"}}, "isBase64Encoded": false,
            }),
            EventFormat::AlbMulti => json!({
                "httpMethod": self.method, "path": path, "multiValueHeaders": multi, "body": body.clone().unwrap_or_default(),
                "multiValueQueryStringParameters": values(&raw.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect::<Vec<_>>()),
                "requestContext": {"elb": {"targetGroupArn": "arn:aws:elasticloadbalancing:x"}}, "isBase64Encoded": false,
            }),
        }
    }

    fn version_2(&self, raw_path: &str, domain: &str, agent: &str) -> Value {
        let headers: serde_json::Map<_, _> = self.headers.iter().map(|(n, v)| (n.to_lowercase(), json!(v))).collect();
        json!({
            "version": "2.0", "routeKey": "$default", "rawPath": raw_path, "rawQueryString": self.query,
            "headers": headers,
            "requestContext": {
                "domainName": domain, "stage": "$default",
                "http": {"method": self.method, "path": raw_path, "userAgent": agent},
            },
            "body": self.body, "isBase64Encoded": false,
        })
    }

    pub async fn send(self) -> Response {
        send_event(self.function, self.event().to_string().as_bytes()).await
    }
}

fn values(pairs: &[(String, String)]) -> Value {
    let mut map: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (name, value) in pairs {
        map.entry(name).or_default().push(value);
    }
    json!(map)
}
