//! The fields of all doors' events that matter, each read leniently: one of another type counts as absent.

use serde::{Deserialize, Deserializer, de::DeserializeOwned};
use serde_json::{Map, Value, value::RawValue};

/// An event of any door.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Payload {
    #[serde(deserialize_with = "lenient")]
    pub(super) http_method: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(super) path: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(super) raw_path: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(super) raw_query_string: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(super) query_string_parameters: Option<Values>,
    #[serde(deserialize_with = "lenient")]
    pub(super) multi_value_query_string_parameters: Option<Values>,
    #[serde(deserialize_with = "lenient")]
    pub(super) headers: Option<Values>,
    #[serde(deserialize_with = "lenient")]
    pub(super) multi_value_headers: Option<Values>,
    #[serde(deserialize_with = "lenient")]
    pub(super) path_parameters: Option<PathParameters>,
    #[serde(deserialize_with = "lenient")]
    pub(super) resource: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(super) body: Option<String>,
    #[serde(deserialize_with = "lenient_or_default")]
    pub(super) is_base64_encoded: bool,
    #[serde(deserialize_with = "lenient")]
    pub(super) request_context: Option<RequestContext>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct RequestContext {
    /// REST API: the path with the stage.
    #[serde(deserialize_with = "lenient")]
    pub(super) path: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(super) stage: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(super) domain_name: Option<String>,
    /// Payload version 2.0 only.
    #[serde(deserialize_with = "lenient")]
    pub(super) http: Option<Http>,
    /// ALB only: whether it is there.
    #[serde(deserialize_with = "is_there")]
    pub(super) elb: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Http {
    #[serde(deserialize_with = "lenient")]
    pub(super) method: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(super) path: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(super) user_agent: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct PathParameters {
    #[serde(deserialize_with = "lenient")]
    pub(super) proxy: Option<String>,
}

/// Headers or query parameters: the pairs of a single-value map, or a pair for each value of a multi-value map.
#[derive(Debug, Default)]
pub(super) struct Values(pub(super) Vec<(String, String)>);

impl<'de> Deserialize<'de> for Values {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut pairs = Vec::new();
        for (name, value) in Map::deserialize(deserializer)? {
            match value {
                Value::String(value) => pairs.push((name, value)),
                Value::Array(values) => {
                    let values = values.into_iter().filter_map(|value| value.as_str().map(str::to_owned));
                    pairs.extend(values.map(|value| (name.clone(), value)));
                }
                Value::Null => {}
                other => pairs.push((name, other.to_string())),
            }
        }
        Ok(Self(pairs))
    }
}

fn lenient<'de, T: DeserializeOwned, D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    let json = <&RawValue>::deserialize(deserializer)?;
    Ok(serde_json::from_str(json.get()).ok())
}

fn lenient_or_default<'de, T: DeserializeOwned + Default, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    lenient(deserializer).map(Option::unwrap_or_default)
}

fn is_there<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    let json = <&RawValue>::deserialize(deserializer)?;
    Ok(json.get().starts_with('{'))
}
