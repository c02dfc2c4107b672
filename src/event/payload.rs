//! The fields of all doors' events that matter, each read leniently: one of another type counts as absent.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, MapAccess, Visitor},
};
use serde_json::value::RawValue;

/// An event of any door.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Payload<'a> {
    #[serde(deserialize_with = "lenient")]
    pub(super) http_method: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(super) path: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(super) raw_path: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(super) raw_query_string: Option<String>,
    #[serde(borrow)]
    pub(super) query_string_parameters: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) multi_value_query_string_parameters: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) headers: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) multi_value_headers: Option<&'a RawValue>,
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

/// Headers or query parameters: the pairs of a single-value map, or a pair for each value of a multi-value map. What is
/// no such map has none.
#[derive(Debug, Default)]
pub(super) struct Values(pub(super) Vec<(String, String)>);

impl Values {
    /// Of two maps of the same pairs, the one that can repeat a name, if it was sent. The other one is not even read.
    pub(super) fn fuller(multi_value: Option<&RawValue>, single_value: Option<&RawValue>) -> Self {
        let read = |json: Option<&RawValue>| json.and_then(|json| serde_json::from_str::<Self>(json.get()).ok());
        read(multi_value).filter(|values| !values.0.is_empty()).or_else(|| read(single_value)).unwrap_or_default()
    }
}

impl<'de> Deserialize<'de> for Values {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Pairs)
    }
}

struct Pairs;

impl<'de> Visitor<'de> for Pairs {
    type Value = Values;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a map of names to texts, or to lists of texts")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Values, A::Error> {
        let mut pairs = Vec::new();
        while let Some(name) = map.next_key::<String>()? {
            let json = map.next_value::<&RawValue>()?.get();
            if json.starts_with('[') {
                let texts = serde_json::from_str::<Vec<&RawValue>>(json).unwrap_or_default();
                pairs.extend(texts.into_iter().filter_map(|json| text(json.get())).map(|text| (name.clone(), text)));
            } else {
                pairs.extend(text(json).map(|text| (name, text)));
            }
        }
        Ok(Values(pairs))
    }
}

/// A text; what is none, or cannot be read, as it stands: a condition must not become a write without condition.
fn text(json: &str) -> Option<String> {
    (json != "null").then(|| serde_json::from_str(json).unwrap_or_else(|_| json.to_owned()))
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
