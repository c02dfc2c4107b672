//! Configures the AWS SDK: TLS, HTTP/1.1, timeouts, retries, and the standard environment variables of the AWS SDKs.
//! `docs/decisions.md` gives the reasons for ring, the roots and the SDK's client.

use std::{error::Error, io, iter, sync::Arc, time::Duration};

use aws_config::{BehaviorVersion, Region, SdkConfig, retry::RetryConfig, timeout::TimeoutConfig};
use aws_sdk_dynamodb::config::http::{HttpRequest, HttpResponse};
use aws_sdk_dynamodb::config::{Credentials, SharedCredentialsProvider, StalledStreamProtectionConfig};
use aws_sdk_dynamodb::error::ConnectorError;
use aws_smithy_runtime_api::client::connection::{CaptureSmithyConnection, ConnectionMetadata};
use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn};
use aws_smithy_types::body::SdkBody;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::{self, connect as tcp};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::pki_types::{CertificateDer, pem::PemObject as _};
use rustls::{ClientConfig, RootCertStore, crypto::ring};

use crate::config::ConfigError;

/// The time limits of an attempt, and of its TCP connection. By default, the SDK sets no limit for an attempt.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(1);
const CONNECT_TIMEOUT: Duration = Duration::from_millis(500);
/// A NAT gateway silently drops a connection that is idle for 350 s.
const IDLE_TIMEOUT: Duration = Duration::from_mins(5);

/// Creates the configuration of all AWS clients. `variable` returns the value of an environment variable. Credentials
/// are read once, because Lambda sets them once for the lifetime of a sandbox.
///
/// # Errors
/// A [`ConfigError`] if `AWS_CA_BUNDLE` does not name a usable file.
pub fn connect(variable: impl Fn(&str) -> Option<String>) -> Result<SdkConfig, Box<dyn Error + Send + Sync>> {
    let variable = |name: &str| variable(name).filter(|value| !value.is_empty());
    let is_true = |name: &str| variable(name).is_some_and(|value| value.eq_ignore_ascii_case("true"));
    let http = SharedHttpConnector::new(Http::new(roots(variable("AWS_CA_BUNDLE"))?)?);
    let mut sdk = SdkConfig::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .http_client(http_client_fn(move |_, _| http.clone()))
        .timeout_config(TimeoutConfig::builder().operation_attempt_timeout(ATTEMPT_TIMEOUT).build())
        // By default, the SDK waits up to a second before the second attempt.
        .retry_config(RetryConfig::standard().with_max_attempts(4).with_initial_backoff(Duration::from_millis(25)))
        // The time limit of an attempt ends earlier than this protection could detect a stalled response.
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .use_fips(is_true("AWS_USE_FIPS_ENDPOINT"))
        .use_dual_stack(is_true("AWS_USE_DUALSTACK_ENDPOINT"));
    let key = variable("AWS_ACCESS_KEY_ID").zip(variable("AWS_SECRET_ACCESS_KEY"));
    let token = variable("AWS_SESSION_TOKEN");
    let credentials = key.map(|(id, secret)| Credentials::new(id, secret, token, None, "environment"));
    sdk.set_credentials_provider(credentials.map(SharedCredentialsProvider::new));
    sdk.set_region(variable("AWS_REGION").map(Region::new));
    sdk.set_endpoint_url(variable("AWS_ENDPOINT_URL_DYNAMODB").or_else(|| variable("AWS_ENDPOINT_URL")));
    Ok(sdk.build())
}

/// Mozilla's root certificates, or those of the PEM file `bundle`. A proxy that terminates TLS needs its own
/// certificates.
fn roots(bundle: Option<String>) -> Result<RootCertStore, ConfigError> {
    let Some(path) = bundle else { return Ok(webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect()) };
    let wrong = |problem: &str| ConfigError::new("AWS_CA_BUNDLE", format!("is wrong: {path}: {problem}"));
    let certificates = CertificateDer::pem_file_iter(&path).map_err(|error| wrong(&error.to_string()))?;
    let mut roots = RootCertStore::empty();
    let certificates: Result<Vec<_>, _> = certificates.collect();
    // A system's bundle can contain certificates that rustls cannot parse. They are skipped, and so not trusted.
    roots.add_parsable_certificates(certificates.map_err(|error| wrong(&error.to_string()))?);
    if roots.is_empty() { Err(wrong("it has no certificate in PEM")) } else { Ok(roots) }
}

/// Lets the SDK use hyper-util's pooled client. The SDK's own client adds HTTP/2 and proxies, half a megabyte.
#[derive(Debug)]
struct Http(legacy::Client<HttpsConnector<tcp::HttpConnector>, SdkBody>);

impl Http {
    fn new(roots: RootCertStore) -> Result<Self, rustls::Error> {
        let mut tcp = tcp::HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(CONNECT_TIMEOUT));
        // The first connection takes 3 ms of CPU with ring, and 25 ms with the default provider.
        let tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let tls = HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http().enable_http1().wrap_connector(tcp);
        let mut pool = legacy::Client::builder(TokioExecutor::new());
        Ok(Self(pool.pool_timer(TokioTimer::new()).pool_idle_timeout(IDLE_TIMEOUT).build(tls)))
    }
}

impl HttpConnector for Http {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let client = self.0.clone();
        HttpConnectorFuture::new(async move {
            let mut request = request.try_into_http1x().map_err(|error| ConnectorError::user(error.into()))?;
            // This lets the SDK close a connection on which an attempt failed.
            let connection = tcp::capture_connection(&mut request);
            if let Some(capture) = request.extensions().get::<CaptureSmithyConnection>() {
                capture.set_connection_retriever(move || Some(metadata(connection.clone())));
            }
            let response = client.request(request).await.map_err(classify)?.map(SdkBody::from_body_1_x);
            HttpResponse::try_from(response).map_err(|error| ConnectorError::other(error.into(), None))
        })
    }
}

fn metadata(captured: tcp::CaptureConnection) -> ConnectionMetadata {
    let poison = move || captured.connection_metadata().iter().for_each(tcp::Connected::poison);
    ConnectionMetadata::builder().proxied(false).poison_fn(poison).build()
}

/// Without a connection, the request was certainly not carried out. After any other error, it may have been.
fn classify(error: legacy::Error) -> ConnectorError {
    if !error.is_connect() {
        return ConnectorError::io(error.into());
    }
    let mut causes = iter::successors(error.source(), |cause| (*cause).source());
    let is_timeout = causes.any(|cause| cause.downcast_ref().map(io::Error::kind) == Some(io::ErrorKind::TimedOut));
    let kind = if is_timeout { ConnectorError::timeout } else { ConnectorError::io };
    kind(error.into()).never_connected()
}
