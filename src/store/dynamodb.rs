//! Calls of DynamoDB's API, put together from the SDK's own parts: its operations with their serializers, its signer,
//! endpoints, retries, and the orchestrator that runs them.
//!
//! `aws_sdk_dynamodb::Client` is made of the same parts and of a dozen interceptors more, which cannot be taken out of it and
//! are a ninth of a warm GET's CPU: for metrics that nobody collects, headers in which the SDK speaks of itself, the correction
//! of a clock that Lambda keeps, and connections and lengths, which [`crate::http_client`] sees to. After an upgrade of the
//! SDK, compare [`DynamoDb::new`] with its `ServiceRuntimePlugin` and `default_plugins`: what they gain may be needed here.
//!
//! Not here: what is called and what an answer means, which is [`super`]'s.

use std::{fmt::Debug, time::Duration};

use aws_config::{SdkConfig, retry::RetryConfig, timeout::TimeoutConfig};
use aws_runtime::auth::sigv4::{self, SigV4AuthScheme};
use aws_sdk_dynamodb::{
    config::{
        auth::{DefaultAuthSchemeResolver, ResolveAuthScheme as _},
        endpoint::{DefaultResolver, ResolveEndpoint as _},
    },
    error::{BuildError, SdkError},
};
use aws_smithy_async::{rt::sleep::TokioSleep, time::SystemTimeSource};
use aws_smithy_runtime::client::{
    identity::IdentityCache,
    orchestrator::{self, AuthSchemeAndEndpointOrchestrationV2},
    retries::{TokenBucket, classifiers::HttpStatusCodeClassifier, strategy::StandardRetryStrategy},
};
use aws_smithy_runtime_api::client::{
    interceptors::{SharedInterceptor, context::Input},
    result::CreateUnhandledError,
    runtime_components::RuntimeComponentsBuilder,
    runtime_plugin::{RuntimePlugin, RuntimePlugins, StaticRuntimePlugin},
};
use aws_smithy_types::config_bag::Layer;
use aws_types::{
    SigningName,
    endpoint_config::{EndpointUrl, UseDualStack, UseFips},
    region::SigningRegion,
};

use super::attempts::{Contention, LostResponses, Meter};
use crate::telemetry::scope;

/// What is the same for all calls.
#[derive(Clone, Debug)]
pub(super) struct DynamoDb(RuntimePlugins);

/// How long an attempt may take. By the SDK's default, for ever.
pub fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(1))
        .operation_attempt_timeout(Duration::from_secs(1))
        .build()
}

/// How many attempts there are, and how soon. By the SDK's default, the second waits up to a second.
pub fn retries() -> RetryConfig {
    RetryConfig::standard().with_max_attempts(4).with_initial_backoff(Duration::from_millis(25))
}

impl DynamoDb {
    pub(super) fn new(sdk: &SdkConfig) -> Self {
        let region = sdk.region().cloned();
        let mut config = Layer::new("movies");
        config
            .store_put(timeouts())
            .store_put(retries())
            .store_put(TokenBucket::default())
            .store_put(AuthSchemeAndEndpointOrchestrationV2)
            .store_put(SigningName::from_static("dynamodb"))
            .store_or_unset(region.clone().map(SigningRegion::from))
            .store_or_unset(region)
            .store_or_unset(sdk.endpoint_url().map(|url| EndpointUrl(url.to_owned())))
            .store_or_unset(sdk.use_fips().map(UseFips))
            .store_or_unset(sdk.use_dual_stack().map(UseDualStack));

        let mut components = RuntimeComponentsBuilder::new("movies")
            .with_http_client(sdk.http_client())
            .with_sleep_impl(Some(TokioSleep::new()))
            .with_time_source(Some(SystemTimeSource::new()))
            .with_identity_cache(Some(IdentityCache::lazy().build()))
            .with_auth_scheme(SigV4AuthScheme::new())
            .with_auth_scheme_option_resolver(Some(DefaultAuthSchemeResolver::default().into_shared_resolver()))
            .with_endpoint_resolver(Some(DefaultResolver::new().into_shared_resolver()))
            .with_retry_strategy(Some(StandardRetryStrategy::new()))
            .with_retry_classifier(HttpStatusCodeClassifier::default())
            .with_retry_classifier(Contention)
            // Permanent, as the other one below, so that no step of a call looks up whether it is disabled.
            .with_interceptor(SharedInterceptor::permanent(Meter));
        if let Some(credentials) = sdk.credentials_provider() {
            components.set_identity_resolver(sigv4::SCHEME_ID, credentials);
        }
        let plugin = StaticRuntimePlugin::new().with_config(config.freeze()).with_runtime_components(components);
        Self(RuntimePlugins::new().with_client_plugin(plugin))
    }

    /// Calls an operation, whose output and error are `O` and `E`, with as many attempts as it takes and is allowed;
    /// `lost` learns of each that may have been carried out although no answer says so.
    ///
    /// # Errors
    /// The SDK's own, as its client gives them.
    pub(super) async fn send<O, E>(
        &self,
        operation: impl RuntimePlugin + 'static,
        input: Result<impl Debug + Send + Sync + 'static, BuildError>,
        lost: Option<&LostResponses>,
    ) -> Result<O, SdkError<E>>
    where
        O: Debug + Send + Sync + 'static,
        E: CreateUnhandledError + std::error::Error + Send + Sync + 'static,
    {
        scope::call();
        let input = Input::erase(input.map_err(SdkError::construction_failure)?);
        let mut plugins = self.0.clone().with_operation_plugin(operation);
        if let Some(lost) = lost {
            let watch = RuntimeComponentsBuilder::new("lost answers")
                .with_interceptor(SharedInterceptor::permanent(lost.clone()));
            plugins = plugins.with_operation_plugin(StaticRuntimePlugin::new().with_runtime_components(watch));
        }
        // On the heap, since the state of a call is some kilobytes that would be moved around.
        let call = Box::pin(orchestrator::invoke("DynamoDB", "", input, &plugins));
        match call.await {
            Ok(output) => {
                output.downcast().map_err(|_| SdkError::construction_failure("the operation has another output"))
            }
            Err(error) => Err(error.map_service_error(|error| {
                error.downcast().unwrap_or_else(|error| E::create_unhandled_error(Box::new(error), None))
            })),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use aws_config::Region;
    use aws_sdk_dynamodb::{
        config::{Credentials, SharedCredentialsProvider},
        operation::get_item::{GetItem, GetItemError, GetItemInput, GetItemOutput},
        types::AttributeValue,
    };
    use aws_smithy_runtime_api::client::{
        http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn},
        orchestrator::HttpRequest,
        result::ConnectorError,
    };

    use super::*;

    /// Takes requests, and answers none.
    #[derive(Clone, Debug, Default)]
    struct Recorder(Arc<Mutex<Vec<HttpRequest>>>);

    impl HttpConnector for Recorder {
        fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
            self.0.lock().unwrap().push(request);
            HttpConnectorFuture::ready(Err(ConnectorError::user("recorded".into())))
        }
    }

    /// The request that a call makes: its host, and its `Authorization`.
    async fn request(fips: bool, dual_stack: bool, endpoint: Option<&str>) -> (String, String) {
        let recorder = Recorder::default();
        let connector = SharedHttpConnector::new(recorder.clone());
        let mut sdk = SdkConfig::builder()
            .region(Region::new("eu-west-1"))
            .credentials_provider(SharedCredentialsProvider::new(Credentials::new(
                "id",
                "key",
                Some("token".into()),
                None,
                "",
            )))
            .use_fips(fips)
            .use_dual_stack(dual_stack)
            .http_client(http_client_fn(move |_, _| connector.clone()));
        sdk.set_endpoint_url(endpoint.map(str::to_owned));
        let key = AttributeValue::S("A-1".to_owned());
        let input = GetItemInput::builder().table_name("movies").key("id", key).build();
        let answer = DynamoDb::new(&sdk.build()).send::<GetItemOutput, GetItemError>(GetItem::new(), input, None).await;
        assert!(matches!(answer, Err(SdkError::DispatchFailure(_))), "{answer:?}");
        let requests = recorder.0.lock().unwrap();
        let [request] = requests.as_slice() else { panic!("{requests:?}") };
        let host = request.uri().split('/').nth(2).unwrap().to_owned();
        (host, request.headers().get("authorization").unwrap().to_owned())
    }

    #[tokio::test]
    async fn a_call_goes_to_the_endpoint_of_its_region_and_is_signed_for_it() {
        for (fips, dual_stack, endpoint, host) in [
            (false, false, None, "dynamodb.eu-west-1.amazonaws.com"),
            (true, false, None, "dynamodb-fips.eu-west-1.amazonaws.com"),
            (false, true, None, "dynamodb.eu-west-1.api.aws"),
            (true, true, None, "dynamodb-fips.eu-west-1.api.aws"),
            (false, false, Some("http://127.0.0.1:8000"), "127.0.0.1:8000"),
        ] {
            let (found, authorization) = request(fips, dual_stack, endpoint).await;
            assert_eq!(found, host);
            let credential = authorization.strip_prefix("AWS4-HMAC-SHA256 Credential=id/").unwrap();
            assert!(credential.contains("/eu-west-1/dynamodb/aws4_request, SignedHeaders="), "{authorization}");
            assert!(credential.contains("host;x-amz-date;x-amz-security-token;x-amz-target"), "{authorization}");
        }
    }
}
