//! HTTP/1.1 to DynamoDB, beneath the SDK: one request at a time on a connection, and the connection kept for the next.
//!
//! The SDK's own client is made for every service there is: HTTP/2, proxies, a pool that many tasks share, bodies that
//! stream. Of that, a sandbox that asks one DynamoDB one thing at a time uses nothing, but each start and each call pay
//! for it. hyper and rustls do the same work here as they do there.
//!
//! Not here: retries, timeouts and signatures, which are the SDK's, and the trust in certificates, which is [`crate::tls`]'s.

use std::{
    fmt, io,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use aws_sdk_dynamodb::{config::SharedHttpClient, error::ConnectorError};
use aws_smithy_runtime_api::client::{
    http::{HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector},
    orchestrator::{HttpRequest, HttpResponse},
    runtime_components::RuntimeComponents,
};
use aws_smithy_types::body::SdkBody;
use http_body_util::BodyExt as _;
use hyper::{
    body::Incoming,
    client::conn::http1::{self, SendRequest},
};
use hyper_util::rt::TokioIo;
use lambda_http::http::{
    HeaderValue, Request, Response, Uri, header,
    uri::{PathAndQuery, Scheme},
};
use rustls::{ClientConfig, pki_types::ServerName};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};
use tokio_rustls::TlsConnector;

/// How many idle connections are kept. A sandbox needs one; tests and local runs ask several things at once.
const MAX_IDLE: usize = 16;

const USER_AGENT: &str = concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION"));

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// The client that the SDK is given.
#[must_use]
pub fn new(tls: Arc<ClientConfig>) -> SharedHttpClient {
    SharedHttpClient::new(Client(Arc::new(Connections { tls, idle: Mutex::default() })))
}

#[derive(Debug)]
struct Client(Arc<Connections>);

impl HttpClient for Client {
    /// Reading has no timeout of its own: the SDK's timeout of an attempt covers it.
    fn http_connector(&self, settings: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        let connect_timeout = settings.connect_timeout().unwrap_or(Duration::MAX);
        SharedHttpConnector::new(Connector { connections: self.0.clone(), connect_timeout })
    }
}

/// What is the same for all calls.
struct Connections {
    tls: Arc<ClientConfig>,
    idle: Mutex<Vec<Connection>>,
}

/// For one call of the SDK, with its settings.
#[derive(Clone, Debug)]
struct Connector {
    connections: Arc<Connections>,
    connect_timeout: Duration,
}

/// An open connection without a request on it.
struct Connection {
    origin: Uri,
    sender: SendRequest<SdkBody>,
}

impl fmt::Debug for Connections {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Connections")
    }
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let connector = self.clone();
        HttpConnectorFuture::new(async move { connector.exchange(request).await })
    }
}

impl Connector {
    async fn exchange(&self, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let mut request = request.try_into_http1x().map_err(|error| ConnectorError::user(error.into()))?;
        let origin = to_origin_form(&mut request).map_err(ConnectorError::user)?;
        let (connection, response) = self.send(origin, request).await?;

        let (parts, body) = response.into_parts();
        // Whole, since DynamoDB's answers are parsed as a whole, and a broken one is then the connection's fault.
        let body = body.collect().await.map_err(|error| ConnectorError::io(error.into()))?.to_bytes();
        // A server with a fault of its own may be one that is going; another connection may lead to another one.
        if !parts.status.is_server_error() {
            self.connections.keep(connection);
        }
        let response = Response::from_parts(parts, SdkBody::from(body));
        HttpResponse::try_from(response).map_err(|error| ConnectorError::other(error.into(), None))
    }

    /// Sends on a kept connection, or a new one. A kept one may have ended while nobody looked, as it does when a sandbox
    /// is frozen; a request of which nothing was sent then goes to the next.
    async fn send(
        &self,
        origin: Uri,
        mut request: Request<SdkBody>,
    ) -> Result<(Connection, Response<Incoming>), ConnectorError> {
        let io = |error: hyper::Error| ConnectorError::io(error.into());
        while let Some(mut kept) = self.connections.take(&origin) {
            if kept.sender.ready().await.is_err() {
                continue;
            }
            match kept.sender.try_send_request(request).await {
                Ok(response) => return Ok((kept, response)),
                Err(mut error) => match error.take_message() {
                    Some(unsent) => request = unsent,
                    None => return Err(io(error.into_error())),
                },
            }
        }
        let connect = tokio::time::timeout(self.connect_timeout, self.connections.connect(&origin)).await;
        let sender = connect.map_err(|elapsed| ConnectorError::timeout(elapsed.into()))?.map_err(ConnectorError::io)?;
        let mut new = Connection { origin, sender };
        let response = new.sender.send_request(request).await.map_err(io)?;
        Ok((new, response))
    }
}

impl Connections {
    fn take(&self, origin: &Uri) -> Option<Connection> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let at = idle.iter().rposition(|connection| connection.origin == *origin)?;
        Some(idle.swap_remove(at))
    }

    fn keep(&self, connection: Connection) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain(|connection| !connection.sender.is_closed());
        if idle.len() < MAX_IDLE {
            idle.push(connection);
        }
    }

    async fn connect(&self, origin: &Uri) -> Result<SendRequest<SdkBody>, Failure> {
        let host = origin.host().unwrap_or_default();
        let is_tls = origin.scheme() == Some(&Scheme::HTTPS);
        let port = origin.port_u16().unwrap_or(if is_tls { 443 } else { 80 });
        // An IPv6 address stands in brackets in a URL only.
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let tcp = TcpStream::connect((host, port)).await?;
        tcp.set_nodelay(true)?;
        let stream: Box<dyn Stream> = if is_tls {
            let name = ServerName::try_from(host.to_owned())?;
            Box::new(TlsConnector::from(self.tls.clone()).connect(name, tcp).await?)
        } else {
            Box::new(tcp)
        };
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(sender)
    }
}

/// TCP or TLS, behind one type so that HTTP is compiled once.
trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// Takes the origin off the request's URI, and says it in `Host` (RFC 9112 §3.2.1), where a default port is left out, as
/// it is in the signature.
fn to_origin_form(request: &mut Request<SdkBody>) -> Result<Uri, Failure> {
    let mut parts = std::mem::take(request.uri_mut()).into_parts();
    let path = parts.path_and_query.replace(PathAndQuery::from_static("/"));
    let origin = Uri::from_parts(parts)?;
    let host = origin.host().ok_or_else(|| io::Error::other("the endpoint has no host"))?;
    let is_default =
        matches!((origin.scheme_str(), origin.port_u16()), (Some("https"), Some(443)) | (Some("http"), Some(80)));
    let host = match origin.port().filter(|_| !is_default) {
        Some(port) => HeaderValue::try_from(format!("{host}:{port}"))?,
        None => HeaderValue::from_str(host)?,
    };
    request.headers_mut().insert(header::HOST, host);
    request.headers_mut().insert(header::USER_AGENT, HeaderValue::from_static(USER_AGENT));
    *request.uri_mut() = path.map_or_else(Uri::default, Uri::from);
    Ok(origin)
}

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        net::TcpListener,
    };

    use super::*;
    use crate::{config::Config, tls};

    const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";

    #[derive(Clone, Copy, PartialEq)]
    enum Then {
        End,
        Stay,
    }

    /// A server that gives these answers, each list on a connection of its own, and then ends it or not. What it was asked
    /// comes out when all are given.
    async fn server(
        connections: Vec<(&'static [&'static str], Then)>,
    ) -> (String, tokio::task::JoinHandle<Vec<String>>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let serve = async move {
            let (mut heads, mut open) = (Vec::new(), Vec::new());
            for (answers, then) in connections {
                let (mut stream, _) = listener.accept().await.unwrap();
                for answer in answers {
                    let mut head = Vec::new();
                    while !head.ends_with(b"\r\n\r\n") {
                        head.push(stream.read_u8().await.unwrap());
                    }
                    heads.push(String::from_utf8(head).unwrap());
                    stream.write_all(answer.as_bytes()).await.unwrap();
                }
                if then == Then::Stay {
                    open.push(stream);
                }
            }
            heads
        };
        (url, tokio::spawn(serve))
    }

    fn connector() -> Connector {
        let config = Config::read(|name| (name == "TABLE_NAME").then(|| "movies".to_owned())).unwrap();
        let tls = tls::client_config(&config).unwrap();
        Connector { connections: Arc::new(Connections { tls, idle: Mutex::default() }), connect_timeout: Duration::MAX }
    }

    async fn get(connector: &Connector, url: &str) -> Result<u16, ConnectorError> {
        let call = connector.call(HttpRequest::get(url).unwrap());
        let response = tokio::time::timeout(Duration::from_secs(5), call).await.expect("the server is not asked");
        response.map(|response| response.status().as_u16())
    }

    #[tokio::test]
    async fn a_connection_is_kept_and_the_host_named() {
        let (url, asked) = server(vec![(&[OK, OK, OK], Then::Stay)]).await;
        let connector = connector();
        for _ in 0..3 {
            assert_eq!(get(&connector, &url).await.unwrap(), 200);
        }
        let host = url.trim_start_matches("http://").trim_end_matches('/');
        for head in asked.await.unwrap() {
            assert!(head.starts_with("GET / HTTP/1.1\r\n"), "{head}");
            assert!(head.contains(&format!("host: {host}\r\n")), "{head}");
        }
    }

    #[tokio::test]
    async fn a_kept_connection_that_has_ended_costs_no_request() {
        let (url, asked) = server(vec![(&[OK], Then::End), (&[OK, OK], Then::End), (&[OK], Then::End)]).await;
        let connector = connector();
        for _ in 0..4 {
            assert_eq!(get(&connector, &url).await.unwrap(), 200);
            // The end takes a moment to arrive.
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert_eq!(asked.await.unwrap().len(), 4);
    }

    #[tokio::test]
    async fn a_fault_of_the_server_ends_the_connection() {
        const FAULT: &str = "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n";
        let (url, asked) = server(vec![(&[FAULT], Then::Stay), (&[OK], Then::Stay)]).await;
        let connector = connector();
        assert_eq!(get(&connector, &url).await.unwrap(), 503);
        assert_eq!(get(&connector, &url).await.unwrap(), 200);
        assert_eq!(asked.await.unwrap().len(), 2);
    }

    #[tokio::test]
    async fn what_may_have_been_done_is_an_error_and_not_sent_again() {
        const CUT: &str = "HTTP/1.1 200 OK\r\ncontent-length: 200\r\n\r\n{";
        let (url, asked) = server(vec![(&[OK, ""], Then::End), (&[CUT], Then::End)]).await;
        let connector = connector();
        assert_eq!(get(&connector, &url).await.unwrap(), 200);
        for _ in 0..2 {
            assert!(get(&connector, &url).await.unwrap_err().is_io());
        }
        assert_eq!(asked.await.unwrap().len(), 3);
        assert!(get(&connector, &url).await.unwrap_err().is_io(), "nobody listens");
    }

    #[test]
    fn a_default_port_is_not_in_the_host() {
        for (url, host) in [
            ("https://dynamodb.eu-west-1.amazonaws.com", "dynamodb.eu-west-1.amazonaws.com"),
            ("https://localhost:443/", "localhost"),
            ("http://localhost:80/", "localhost"),
            ("http://localhost:443/", "localhost:443"),
            ("http://[::1]:8000/", "[::1]:8000"),
        ] {
            let mut request = Request::get(url).body(SdkBody::empty()).unwrap();
            to_origin_form(&mut request).unwrap();
            assert_eq!(
                (request.uri().to_string().as_str(), &request.headers()["host"]),
                ("/", &HeaderValue::from_static(host))
            );
        }
    }
}
