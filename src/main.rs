//! The Lambda function: configuration, the client, a first connection, then one event after another.

use std::{
    env,
    process::ExitCode,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use aws_config::{BehaviorVersion, ConfigLoader};
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use lambda_runtime::{Error, LambdaEvent, Runtime, service_fn};
use movies::{
    Invocation,
    api::App,
    config::Config,
    event::Event,
    store::Store,
    telemetry::{Level, log},
};
use serde_json::json;

/// How long Init waits for the first connection: with the longest answer after it, still less than 5 s.
const WARM_UP: Duration = Duration::from_secs(1);

// One thread: a sandbox has one request at a time, and less than one processor below 1,769 MB.
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            log(Level::Error, "the function cannot run", json!({"cause": error.to_string()}));
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Error> {
    if env::var_os("AWS_LAMBDA_RUNTIME_API").is_none() {
        return Err("this is a Lambda function: start it with `make run`, or with `cargo lambda watch`".into());
    }
    let https = aws_smithy_http_client::Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https();
    let app = connect(aws_config::defaults(BehaviorVersion::v2026_01_12()).http_client(https)).await?;
    // The TLS handshake is the slowest part of a first request, and Init has more CPU than an invocation. A table that
    // does not answer now may do so later: that is no reason not to start. (A local store has been talked to already.)
    if cfg!(not(feature = "local")) {
        let _ = tokio::time::timeout(WARM_UP, app.store.ping()).await;
    }

    let is_first = AtomicBool::new(true);
    let handler = service_fn(async |event: LambdaEvent<Event>| {
        let LambdaEvent { payload, context } = event;
        let invocation = Invocation {
            request_id: context.request_id,
            trace_header: context.xray_trace_id,
            deadline: context.deadline,
            cold_start: is_first.swap(false, Ordering::Relaxed),
        };
        Ok::<_, Error>(movies::serve(&app, payload, &invocation).await)
    });
    Runtime::new(handler).run().await
}

#[cfg(not(feature = "local"))]
async fn connect(loader: ConfigLoader) -> Result<App, Error> {
    let config = Config::read(|name| env::var(name).ok())?;
    let sdk = loader.load().await;
    Ok(App { store: Store::new(&sdk, &config.table_name), config })
}

#[cfg(feature = "local")]
async fn connect(loader: ConfigLoader) -> Result<App, Error> {
    use movies::local;
    let default = |name: &str| (name == "TABLE_NAME").then(|| local::TABLE_NAME.to_owned());
    let config = Config::read(|name| local::variable(name).or_else(|| default(name)))?;
    let sdk = local::connect(loader, &config.table_name).await?;
    Ok(App { store: Store::new(&sdk, &config.table_name), config })
}
