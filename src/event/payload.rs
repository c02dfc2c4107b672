//! The fields of an event that the service reads, for all event sources.
//!
//! `null` counts as absent. A field of a wrong type makes the event unreadable, because otherwise a precondition could get
//! lost. Only a body and what an authorizer returns can have any type.

use std::{borrow::Cow, fmt, marker::PhantomData, ops::Deref};

use base64::prelude::{BASE64_STANDARD, Engine as _};
use lambda_http::http::HeaderMap;
use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, Visitor, value::MapAccessDeserializer},
};
use serde_json::{Value, json, value::RawValue};

use super::request::{InvalidBody, header_name};

/// An event of any source.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Payload<'a> {
    /// HTTP APIs and Function URLs only.
    #[serde(borrow)]
    pub(super) version: Option<Text<'a>>,
    pub(super) http_method: Option<Text<'a>>,
    pub(super) path: Option<Text<'a>>,
    pub(super) raw_path: Option<Text<'a>>,
    pub(super) raw_query_string: Option<Text<'a>>,
    query_string_parameters: Option<SingleValues<'a>>,
    multi_value_query_string_parameters: Option<MultiValues<'a>>,
    headers: Option<SingleValues<'a>>,
    pub(super) multi_value_headers: Option<MultiValues<'a>>,
    body: Option<&'a RawValue>,
    is_base64_encoded: Option<bool>,
    #[serde(default, deserialize_with = "object")]
    pub(super) request_context: RequestContext<'a>,
}

/// The fields that identify the event source, and what it says about the request.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RequestContext<'a> {
    /// The path in the client's URL, from a REST API.
    #[serde(borrow)]
    pub(super) path: Option<Text<'a>>,
    pub(super) stage: Option<Text<'a>>,
    pub(super) domain_name: Option<Text<'a>>,
    #[serde(default, deserialize_with = "object")]
    pub(super) http: Http<'a>,
    identity: Option<&'a RawValue>,
    authorizer: Option<&'a RawValue>,
    /// Load balancers only.
    pub(super) elb: Option<Members<'a, IgnoredAny>>,
}

/// Payload format version 2.0 only.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Http<'a> {
    #[serde(borrow)]
    pub(super) method: Option<Text<'a>>,
    pub(super) user_agent: Option<Text<'a>>,
}

/// A string. It borrows from the event, unless it has an escape. Serde's attribute `borrow` does this only in a field. In
/// the other structs, `borrow` on one field lets all fields borrow.
#[derive(Deserialize)]
pub(super) struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

impl Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

type SingleValues<'a> = Members<'a, Option<Text<'a>>>;
type MultiValues<'a> = Members<'a, Option<Vec<Option<Text<'a>>>>>;

/// The members of an object. A list keeps each value of a repeated name, and takes less time than a map.
pub(super) struct Members<'a, V>(Vec<(Text<'a>, V)>);

impl<'de: 'a, 'a, V: Deserialize<'de>> Deserialize<'de> for Members<'a, V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object<V>(PhantomData<V>);

        impl<'de, V: Deserialize<'de>> Visitor<'de> for Object<V> {
            type Value = Vec<(Text<'de>, V)>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::with_capacity(16);
                while let Some(member) = object.next_entry()? {
                    members.push(member);
                }
                Ok(members)
            }
        }

        deserializer.deserialize_map(Object(PhantomData)).map(Self)
    }
}

/// Reads an object, or `null` as an empty one. Serde alone would also read an array, as the values of the fields in order.
fn object<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(deserializer: D) -> Result<T, D::Error> {
    struct Object<T>(PhantomData<T>);

    impl<'de, T: Deserialize<'de> + Default> Visitor<'de> for Object<T> {
        type Value = T;

        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str("an object")
        }

        fn visit_unit<E>(self) -> Result<T, E> {
            Ok(Default::default())
        }

        fn visit_map<A: MapAccess<'de>>(self, object: A) -> Result<T, A::Error> {
            T::deserialize(MapAccessDeserializer::new(object))
        }
    }

    deserializer.deserialize_any(Object(PhantomData))
}

impl<'a> Payload<'a> {
    pub(super) fn from_json(json: &'a str) -> serde_json::Result<Self> {
        object(&mut serde_json::Deserializer::from_str(json))
    }

    pub(super) fn headers(&self) -> HeaderMap<String> {
        pairs(self.multi_value_headers.as_ref(), self.headers.as_ref(), header_name).into_iter().collect()
    }

    pub(super) fn query_parameters(&self) -> Vec<(String, String)> {
        let multi_value = self.multi_value_query_string_parameters.as_ref();
        pairs(multi_value, self.query_string_parameters.as_ref(), |name| Some(name.to_owned()))
    }

    /// See [`super::Request::caller`].
    pub(super) fn caller(&self) -> Option<String> {
        let context = &self.request_context;
        read_caller(context.identity.map(RawValue::get), context.authorizer.map(RawValue::get))
    }

    pub(super) fn body(&self) -> Result<Vec<u8>, InvalidBody> {
        let Some(json) = self.body else { return Ok(Vec::new()) };
        let text: Text<'_> = serde_json::from_str(json.get()).map_err(|_| InvalidBody::NotText)?;
        if self.is_base64_encoded == Some(true) {
            BASE64_STANDARD.decode(&*text).map_err(|_| InvalidBody::NotBase64)
        } else {
            Ok(text.0.into_owned().into_bytes())
        }
    }
}

/// Headers or parameters whose names `known` accepts. The single-value map adds only names that the multi-value map does
/// not contain.
fn pairs<N: Clone + PartialEq>(
    multi_value: Option<&MultiValues<'_>>,
    single_value: Option<&SingleValues<'_>>,
    known: impl Fn(&str) -> Option<N>,
) -> Vec<(N, String)> {
    let mut pairs = Vec::new();
    for (name, values) in multi_value.iter().flat_map(|members| &members.0) {
        if let (Some(name), Some(values)) = (known(name), values) {
            pairs.extend(values.iter().flatten().map(|value| (name.clone(), value.to_string())));
        }
    }
    let from_multi_value = pairs.len();
    for (name, value) in single_value.iter().flat_map(|members| &members.0) {
        if let (Some(name), Some(value)) = (known(name), value)
            && pairs.iter().take(from_multi_value).all(|(other, _)| *other != name)
        {
            pairs.push((name, value.to_string()));
        }
    }
    pairs
}

/// A text that identifies the caller: a client that signs its requests (IAM), a user of a user pool or of another issuer
/// of tokens, or the principal that a Lambda authorizer returns. Two callers never have the same text. Claims and an
/// authorizer's context can have any shape, so a member of another shape counts as absent.
///
/// | | REST API, or HTTP API with payload format 1.0 | HTTP API with payload format 2.0, or Function URL |
/// | --- | --- | --- |
/// | Cognito identity | `identity.cognitoIdentityId` | `authorizer.iam.cognitoIdentity.identityId` |
/// | IAM | `identity.userArn` | `authorizer.iam.userArn` |
/// | token | `authorizer.claims` | `authorizer.jwt.claims` |
/// | Lambda authorizer | `authorizer.principalId` | `authorizer.lambda.principalId` |
fn read_caller(identity: Option<&str>, authorizer: Option<&str>) -> Option<String> {
    let parse = |json: Option<&str>| json.and_then(|json| serde_json::from_str::<Value>(json).ok()).unwrap_or_default();
    let (identity, authorizer) = (parse(identity), parse(authorizer));
    let at = |pointer: &str| authorizer.pointer(pointer).and_then(text);

    let cognito = || identity.get("cognitoIdentityId").and_then(text).or_else(|| at("/iam/cognitoIdentity/identityId"));
    let arn = || identity.get("userArn").and_then(text).or_else(|| at("/iam/userArn"));
    let subject = |claims: &str| Some(json!(["token", at(&format!("{claims}/iss")), at(&format!("{claims}/sub"))?]));
    let principal = || at("/principalId").or_else(|| at("/lambda/principalId"));

    let caller = cognito()
        .map(|id| json!(["cognito", id]))
        .or_else(|| arn().map(|arn| json!(["iam", without_session(&arn)])))
        .or_else(|| subject("/claims").or_else(|| subject("/jwt/claims")))
        .or_else(|| principal().map(|id| json!(["principal", id])));
    caller.map(|caller| caller.to_string())
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()).filter(|text| !text.is_empty()),
        other => Some(other.to_string()),
    }
}

/// The ARN of a role instead of that of its session, because each task of a client can have a session of its own.
fn without_session(arn: &str) -> &str {
    let role = arn.splitn(6, ':').nth(5).and_then(|resource| resource.strip_prefix("assumed-role/"));
    match role.and_then(|role| role.split_once('/')) {
        Some((_, session)) => arn.strip_suffix(session).unwrap_or(arn),
        None => arn,
    }
}

#[cfg(test)]
mod tests;
