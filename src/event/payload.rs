//! The fields of all doors' events that matter; what nobody reads, which is most of an event, is passed over.
//!
//! Where a text belongs, a value of another type counts as absent. Where an object belongs, it makes the event one that
//! cannot be read, lest a condition be lost with it.

use std::{borrow::Cow, fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeSeed, IgnoredAny, MapAccess, Visitor, value::MapAccessDeserializer},
};
use serde_json::value::RawValue;

use super::Header;

/// An event of any door.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Payload<'a> {
    #[serde(borrow, deserialize_with = "text")]
    pub(super) http_method: Option<Cow<'a, str>>,
    #[serde(borrow, deserialize_with = "text")]
    pub(super) path: Option<Cow<'a, str>>,
    #[serde(borrow, deserialize_with = "text")]
    pub(super) raw_path: Option<Cow<'a, str>>,
    #[serde(borrow, deserialize_with = "text")]
    pub(super) raw_query_string: Option<Cow<'a, str>>,
    pub(super) query_string_parameters: Option<Pairs<String>>,
    pub(super) multi_value_query_string_parameters: Option<Pairs<String>>,
    pub(super) headers: Option<Pairs<Header>>,
    pub(super) multi_value_headers: Option<Pairs<Header>>,
    #[serde(borrow, deserialize_with = "object")]
    pub(super) path_parameters: Option<PathParameters<'a>>,
    #[serde(borrow, deserialize_with = "text")]
    pub(super) resource: Option<Cow<'a, str>>,
    #[serde(borrow, deserialize_with = "text")]
    pub(super) body: Option<Cow<'a, str>>,
    #[serde(deserialize_with = "is_true")]
    pub(super) is_base64_encoded: bool,
    #[serde(borrow, deserialize_with = "object")]
    pub(super) request_context: Option<RequestContext<'a>>,
}

impl<'a> Payload<'a> {
    /// `None` for what is no object, or one that cannot be read.
    pub(super) fn from_json(json: &'a str) -> Option<Self> {
        object(&mut serde_json::Deserializer::from_str(json)).ok().flatten()
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct RequestContext<'a> {
    /// REST API: the path with the stage.
    #[serde(borrow, deserialize_with = "text")]
    pub(super) path: Option<Cow<'a, str>>,
    #[serde(borrow, deserialize_with = "text")]
    pub(super) stage: Option<Cow<'a, str>>,
    #[serde(borrow, deserialize_with = "text")]
    pub(super) domain_name: Option<Cow<'a, str>>,
    /// Payload version 2.0 only.
    #[serde(borrow, deserialize_with = "object")]
    pub(super) http: Option<Http<'a>>,
    /// ALB only.
    #[serde(deserialize_with = "object")]
    pub(super) elb: Option<IgnoredAny>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Http<'a> {
    #[serde(borrow, deserialize_with = "text")]
    pub(super) method: Option<Cow<'a, str>>,
    #[serde(borrow, deserialize_with = "text")]
    pub(super) path: Option<Cow<'a, str>>,
    #[serde(borrow, deserialize_with = "text")]
    pub(super) user_agent: Option<Cow<'a, str>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct PathParameters<'a> {
    #[serde(borrow, deserialize_with = "text")]
    pub(super) proxy: Option<Cow<'a, str>>,
}

/// Headers or query parameters: the pairs of a single-value map, or a pair for each value of a multi-value map.
#[derive(Debug)]
pub(super) struct Pairs<N>(Vec<(N, String)>);

impl<N> Pairs<N> {
    /// Of two maps of the same pairs, the one that can repeat a name, if it was sent.
    pub(super) fn fuller(multi_value: Option<Self>, single_value: Option<Self>) -> Vec<(N, String)> {
        let pairs = multi_value.filter(|pairs| !pairs.0.is_empty()).or(single_value);
        pairs.map(|pairs| pairs.0).unwrap_or_default()
    }
}

/// A name of a pair; one that is not known is passed over, with its value.
pub(super) trait Name: Clone {
    fn known(name: &str) -> Option<Self>;
}

impl Name for String {
    fn known(name: &str) -> Option<Self> {
        Some(name.to_owned())
    }
}

impl Name for Header {
    fn known(name: &str) -> Option<Self> {
        Self::named(name)
    }
}

struct NameOf<N>(PhantomData<N>);

impl<'de, N: Name> DeserializeSeed<'de> for NameOf<N> {
    type Value = Option<N>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<N>, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<N: Name> Visitor<'_> for NameOf<N> {
    type Value = Option<N>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a name")
    }

    fn visit_str<E>(self, name: &str) -> Result<Option<N>, E> {
        Ok(N::known(name))
    }
}

impl<'de, N: Name> Deserialize<'de> for Pairs<N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(PairsOf(PhantomData))
    }
}

struct PairsOf<N>(PhantomData<N>);

impl<'de, N: Name> Visitor<'de> for PairsOf<N> {
    type Value = Pairs<N>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a map of names to texts, or to lists of texts")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs<N>, A::Error> {
        // A condition that cannot be read must not become a write without condition: its value is then its JSON, which
        // matches nothing.
        let value = |json: &str| (json != "null").then(|| read_text(json).map_or(json.to_owned(), Cow::into_owned));
        let mut pairs = Vec::new();
        while let Some(name) = map.next_key_seed(NameOf::<N>(PhantomData))? {
            let Some(name) = name else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            let json = map.next_value::<&RawValue>()?.get();
            if json.starts_with('[') {
                let values = serde_json::from_str::<Vec<&RawValue>>(json).unwrap_or_default();
                pairs.extend(values.into_iter().filter_map(|json| Some((name.clone(), value(json.get())?))));
            } else {
                pairs.extend(value(json).map(|value| (name, value)));
            }
        }
        Ok(Pairs(pairs))
    }
}

/// The text that JSON says, if it is a text.
fn read_text(json: &str) -> Option<Cow<'_, str>> {
    let text = json.strip_prefix('"')?.strip_suffix('"')?;
    if text.contains('\\') { serde_json::from_str(json).ok().map(Cow::Owned) } else { Some(Cow::Borrowed(text)) }
}

fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Cow<'de, str>>, D::Error> {
    <&RawValue>::deserialize(deserializer).map(|json| read_text(json.get()))
}

fn is_true<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    <&RawValue>::deserialize(deserializer).map(|json| json.get() == "true")
}

fn object<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    deserializer.deserialize_option(ObjectOf(PhantomData))
}

/// An object or `null`: serde by itself would also read an array, as a struct's fields in order.
struct ObjectOf<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectOf<T> {
    type Value = Option<T>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_none<E>(self) -> Result<Option<T>, E> {
        Ok(None)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<T>, D::Error> {
        deserializer.deserialize_map(self)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Option<T>, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(Some)
    }
}
