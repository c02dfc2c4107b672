//! Starts the function: reads the configuration, creates the client, opens a connection, then handles events.

use std::{
    env,
    process::ExitCode,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use lambda_runtime::{Error, LambdaEvent, Runtime, service_fn};
use movies::{api::App, aws, config::Config, event::Event, store::Store, telemetry};

/// How long Init waits for the first connection. This wait and the longest response together take less than 5 s.
const WARM_UP: Duration = Duration::from_secs(1);

// One thread is enough. A sandbox handles one request at a time, and has less than one vCPU below 1,769 MB.
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let plain = tracing_subscriber::fmt::format();
    #[cfg(feature = "local")]
    let plain = movies::local::TerminalLine::instead_of(&plain);
    telemetry::init(plain);
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(cause = %error, "the function cannot run");
            #[cfg(feature = "local")]
            movies::local::respond_with(&error).await;
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Error> {
    if env::var_os("AWS_LAMBDA_RUNTIME_API").is_none() {
        return Err("this is a Lambda function: start it with `make run`, or with `cargo lambda watch`".into());
    }
    let app = connect().await?;
    let is_first = AtomicBool::new(true);
    let handler = service_fn(async |event: LambdaEvent<Event>| {
        let LambdaEvent { payload, context } = event;
        let cold_start = is_first.swap(false, Ordering::Relaxed);
        Ok::<_, Error>(movies::serve(&app, payload, &context, cold_start).await)
    });
    Runtime::new(handler).run().await
}

/// Creates the service from environment variables. A local build has defaults for missing and empty variables.
async fn connect() -> Result<App, Error> {
    #[cfg(feature = "local")]
    let local = movies::local::Local::start()?;
    let variable = |name: &str| {
        // A value that is not UTF-8 must count as invalid, not as absent.
        let value = env::var_os(name).map(|value| value.to_string_lossy().into_owned());
        #[cfg(feature = "local")]
        let value =
            if value.as_deref().unwrap_or_default().is_empty() { local.variable(name).or(value) } else { value };
        value
    };
    let config = Config::read(variable)?;
    let sdk = aws::connect(variable)?;
    #[cfg(feature = "local")]
    local.prepare(&sdk, &config).await;
    let store = Store::new(&sdk, &config.table_name);
    // The TLS handshake is the slowest part of a first request, and Init has more CPU than an invocation. The function
    // starts even if the table does not respond, because the table may respond later.
    let _ = tokio::time::timeout(WARM_UP, store.ping()).await;
    Ok(App { store, config })
}
