//! The Lambda function: configuration, the client, a first connection, then one event after another.

use std::{
    env,
    process::ExitCode,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use lambda_runtime::{Error, LambdaEvent, Runtime, service_fn};
use movies::{Invocation, api::App, config::Config, event::Event, http_client, store::Store, telemetry, tls};

/// How long Init waits for the first connection: with the longest answer after it, still less than 5 s.
const WARM_UP: Duration = Duration::from_secs(1);

// One thread: a sandbox has one request at a time, and less than one processor below 1,769 MB.
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    telemetry::init();
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(cause = %error, "the function cannot run");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Error> {
    if env::var_os("AWS_LAMBDA_RUNTIME_API").is_none() {
        return Err("this is a Lambda function: start it with `make run`, or with `cargo lambda watch`".into());
    }
    let app = connect().await?;
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

/// Lambda gives a function its region and its credentials in the environment, for as long as the sandbox lives. The SDK's
/// chain of other places to look for them would be a tenth of the binary.
#[cfg(not(feature = "local"))]
#[expect(clippy::unused_async, reason = "the local store is started here")]
async fn connect() -> Result<App, Error> {
    use aws_config::{Region, SdkConfig, environment::EnvironmentVariableCredentialsProvider};
    use aws_sdk_dynamodb::config::SharedCredentialsProvider;
    let variable = |name: &str| env::var(name).ok().filter(|value| !value.is_empty());
    let is_true = |name: &str| variable(name).is_some_and(|value| value.eq_ignore_ascii_case("true"));
    let config = Config::read(variable)?;
    let credentials = EnvironmentVariableCredentialsProvider::new();
    let mut sdk = SdkConfig::builder()
        .http_client(http_client::new(tls::client_config(&config)?))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .use_fips(is_true("AWS_USE_FIPS_ENDPOINT"))
        .use_dual_stack(is_true("AWS_USE_DUALSTACK_ENDPOINT"));
    sdk.set_region(variable("AWS_REGION").map(Region::new));
    sdk.set_endpoint_url(variable("AWS_ENDPOINT_URL_DYNAMODB").or_else(|| variable("AWS_ENDPOINT_URL")));
    Ok(App { store: Store::new(&sdk.build(), &config.table_name), config })
}

#[cfg(feature = "local")]
async fn connect() -> Result<App, Error> {
    use aws_config::BehaviorVersion;
    use movies::local;
    let default = |name: &str| (name == "TABLE_NAME").then(|| local::TABLE_NAME.to_owned());
    let config = Config::read(|name| local::variable(name).or_else(|| default(name)))?;
    let loader = aws_config::defaults(BehaviorVersion::v2026_01_12())
        .http_client(http_client::new(tls::client_config(&config)?));
    let sdk = local::connect(loader, &config.table_name).await?;
    Ok(App { store: Store::new(&sdk, &config.table_name), config })
}
