//! A request, and the event that each event source creates from it.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{Function, Response, merged, send_event};

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum EventFormat {
    Rest,
    Http,
    HttpVersion1,
    Url,
    Alb,
    AlbMulti,
}

impl EventFormat {
    pub const ALL: [Self; 6] = [Self::Rest, Self::Http, Self::HttpVersion1, Self::Url, Self::Alb, Self::AlbMulti];
}

/// The host of an API.
pub const AT_API: &str = "x1.execute-api.us-east-1.amazonaws.com";

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
        let headers: Map<_, _> = self.headers.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
        let multi: Map<_, _> = self.headers.iter().map(|(name, value)| (name.clone(), json!([value]))).collect();
        let (path, body) = (&self.path, &self.body);
        // An HTTP API decodes the path.
        let plain = percent_encoding::percent_decode_str(path).decode_utf8_lossy();
        let decoded: Vec<_> = form_urlencoded::parse(self.query.as_bytes()).into_owned().collect();
        let pairs = self.query.split('&').filter_map(|pair| pair.split_once('='));
        let raw: Vec<_> = pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        // What load balancers send, except for headers and parameters.
        let balanced = json!({
            "httpMethod": self.method, "path": path, "body": body.clone().unwrap_or_default(), "isBase64Encoded": false,
            "requestContext": {"elb": {"targetGroupArn": "arn:aws:elasticloadbalancing:x"}},
        });
        match self.source {
            EventFormat::Rest => json!({
                "resource": "/{proxy+}", "httpMethod": self.method, "path": path,
                "pathParameters": {"proxy": path.trim_matches('/')},
                "headers": headers, "multiValueHeaders": multi, "multiValueQueryStringParameters": values(decoded),
                "requestContext": {"path": path, "stage": "Prod", "httpMethod": self.method},
                "body": body, "isBase64Encoded": false,
            }),
            // The path ends at a question mark.
            EventFormat::Http => self.version_2(plain.split('?').next().unwrap(), AT_API),
            EventFormat::HttpVersion1 => json!({
                "version": "1.0", "resource": "$default", "httpMethod": self.method, "path": plain,
                "headers": headers, "multiValueHeaders": multi, "multiValueQueryStringParameters": values(decoded),
                "requestContext": {
                    "path": plain, "stage": "$default", "domainName": AT_API, "httpMethod": self.method,
                },
                "body": body, "isBase64Encoded": false,
            }),
            EventFormat::Url => self.version_2(path, "x1.lambda-url.us-east-1.on.aws"),
            EventFormat::Alb => {
                let query: Map<_, _> = raw.into_iter().map(|(name, value)| (name, json!(value))).collect();
                merged(&balanced, &json!({"headers": headers, "queryStringParameters": query}))
            }
            EventFormat::AlbMulti => {
                merged(&balanced, &json!({"multiValueHeaders": multi, "multiValueQueryStringParameters": values(raw)}))
            }
        }
    }

    fn version_2(&self, raw_path: &str, domain: &str) -> Value {
        let headers: Map<_, _> = self.headers.iter().map(|(name, value)| (name.to_lowercase(), json!(value))).collect();
        json!({
            "version": "2.0", "routeKey": "$default", "rawPath": raw_path, "rawQueryString": self.query,
            "headers": headers,
            "requestContext": {
                "domainName": domain, "stage": "$default", "http": {"method": self.method, "path": raw_path},
            },
            "body": self.body, "isBase64Encoded": false,
        })
    }

    pub async fn send(self) -> Response {
        send_event(self.function, self.event().to_string().as_bytes()).await
    }
}

fn values(pairs: Vec<(String, String)>) -> Value {
    let mut map: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, value) in pairs {
        map.entry(name).or_default().push(value);
    }
    json!(map)
}
