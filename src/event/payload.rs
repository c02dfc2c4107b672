//! The fields of an event that the service reads, for all event sources.
//!
//! If a field should be a string, a value of another type counts as absent. If it should be an object, such a value
//! makes the event invalid, because otherwise a precondition could be lost.

use std::{borrow::Cow, collections::BTreeSet, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::value::RawValue;

use super::{Header, InvalidBody, caller};

/// An event of any source.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Payload<'a> {
    /// HTTP APIs and Function URLs only.
    #[serde(borrow, deserialize_with = "text")]
    pub(super) version: Option<Cow<'a, str>>,
    #[serde(borrow, deserialize_with = "text")]
    pub(super) http_method: Option<Cow<'a, str>>,
    #[serde(borrow, deserialize_with = "text")]
    pub(super) path: Option<Cow<'a, str>>,
    #[serde(borrow, deserialize_with = "text")]
    pub(super) raw_path: Option<Cow<'a, str>>,
    #[serde(borrow, deserialize_with = "text")]
    pub(super) raw_query_string: Option<Cow<'a, str>>,
    /// The template of a REST API's resource, or of an HTTP API's route in payload format version 1.0.
    #[serde(borrow, deserialize_with = "text")]
    pub(super) resource: Option<Cow<'a, str>>,
    #[serde(borrow, deserialize_with = "text")]
    pub(super) route_key: Option<Cow<'a, str>>,
    #[serde(borrow)]
    path_parameters: Option<Members<'a>>,
    #[serde(borrow)]
    query_string_parameters: Option<Members<'a>>,
    #[serde(borrow)]
    multi_value_query_string_parameters: Option<Members<'a>>,
    #[serde(borrow)]
    headers: Option<Members<'a>>,
    #[serde(borrow)]
    multi_value_headers: Option<Members<'a>>,
    #[serde(borrow)]
    body: Option<&'a RawValue>,
    #[serde(deserialize_with = "is_true")]
    pub(super) is_base64_encoded: bool,
    #[serde(borrow)]
    request_context: Option<Members<'a>>,
}

/// The fields that identify the event source, and what it says about the request.
pub(super) struct RequestContext<'a> {
    /// The path in the client's URL, from a REST API.
    pub(super) path: Option<Cow<'a, str>>,
    pub(super) stage: Option<Cow<'a, str>>,
    pub(super) domain_name: Option<Cow<'a, str>>,
    /// Payload format version 2.0 only.
    pub(super) http: Option<Http<'a>>,
    pub(super) is_alb: bool,
    pub(super) caller: Option<String>,
}

pub(super) struct Http<'a> {
    pub(super) method: Option<Cow<'a, str>>,
    pub(super) path: Option<Cow<'a, str>>,
    pub(super) user_agent: Option<Cow<'a, str>>,
}

/// The members of an object, such as a map of headers. This is a list, because building a map of an event's headers
/// takes longer than searching the list, and because a repeated name keeps both values.
#[derive(Default)]
struct Members<'a>(Vec<(Name<'a>, &'a RawValue)>);

/// A member's name. It is a field of a type, because serde's attribute `borrow` works only on fields.
#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;

        impl<'de> Visitor<'de> for Object {
            type Value = Members<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Members<'de>, A::Error> {
                let mut members = Vec::with_capacity(16);
                while let Some(member) = object.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(Object)
    }
}

impl<'a> Members<'a> {
    fn get(&self, name: &str) -> Option<&'a str> {
        self.0.iter().find(|(known, _)| known.0 == name).map(|(_, json)| json.get())
    }

    fn text(&self, name: &str) -> Option<Cow<'a, str>> {
        self.get(name).and_then(read_text)
    }

    /// An object that may be absent or `null`; an error if it is another value.
    fn object(&self, name: &str) -> serde_json::Result<Option<Self>> {
        self.get(name).map_or(Ok(None), serde_json::from_str)
    }
}

impl<'a> Payload<'a> {
    /// `None` if the JSON is not an object, or if a field that should be an object is not.
    pub(super) fn from_json(json: &'a str) -> Option<Self> {
        // Serde would also accept an array with the fields in order.
        json.starts_with('{').then(|| serde_json::from_str(json).ok())?
    }

    /// `None` if a member that should be an object is not.
    pub(super) fn request_context(&self) -> Option<RequestContext<'a>> {
        let none = Members::default();
        let context = self.request_context.as_ref().unwrap_or(&none);
        let http = context.object("http").ok()?.map(|http| Http {
            method: http.text("method"),
            path: http.text("path"),
            user_agent: http.text("userAgent"),
        });
        Some(RequestContext {
            path: context.text("path"),
            stage: context.text("stage"),
            domain_name: context.text("domainName"),
            http,
            is_alb: context.object("elb").ok()?.is_some(),
            caller: caller::read(context.get("identity"), context.get("authorizer")),
        })
    }

    pub(super) fn has_multi_value_headers(&self) -> bool {
        self.multi_value_headers.is_some()
    }

    pub(super) fn headers(&self) -> Vec<(Header, String)> {
        pairs(self.multi_value_headers.as_ref(), self.headers.as_ref(), Header::named)
    }

    pub(super) fn query_parameters(&self) -> Vec<(String, String)> {
        let multi_value = self.multi_value_query_string_parameters.as_ref();
        pairs(multi_value, self.query_string_parameters.as_ref(), |name| Some(name.to_owned()))
    }

    pub(super) fn path_parameters(&self) -> Vec<(String, String)> {
        pairs(None, self.path_parameters.as_ref(), |name| Some(name.to_owned()))
    }

    pub(super) fn body(&self) -> Result<Cow<'a, str>, InvalidBody> {
        self.body.map_or(Ok(Cow::Borrowed("")), |json| read_text(json.get()).ok_or(InvalidBody::NotText))
    }
}

/// Headers or parameters whose names `known` accepts. They come from the multi-value map. The single-value map adds
/// only names that the multi-value map does not contain.
fn pairs<N: Clone + Ord>(
    multi_value: Option<&Members<'_>>,
    single_value: Option<&Members<'_>>,
    known: impl Fn(&str) -> Option<N>,
) -> Vec<(N, String)> {
    let mut pairs = values(multi_value, &known);
    let mut others = values(single_value, &known);
    let names: BTreeSet<_> = pairs.iter().map(|(name, _)| name).collect();
    others.retain(|(name, _)| !names.contains(name));
    pairs.append(&mut others);
    pairs
}

fn values<N: Clone>(members: Option<&Members<'_>>, known: impl Fn(&str) -> Option<N>) -> Vec<(N, String)> {
    let mut values = Vec::new();
    for (name, json) in members.iter().flat_map(|members| &members.0) {
        let Some(name) = known(&name.0) else { continue };
        let json = json.get();
        if json.starts_with('[') {
            let list: Vec<&RawValue> = serde_json::from_str(json).unwrap_or_default();
            values.extend(list.into_iter().filter_map(|json| Some((name.clone(), read_value(json.get())?))));
        } else {
            values.extend(read_value(json).map(|value| (name, value)));
        }
    }
    values
}

/// The value of a header or parameter. A value that is not a string becomes its JSON text. So an invalid precondition
/// does not get lost: its JSON text does not match any version.
fn read_value(json: &str) -> Option<String> {
    (json != "null").then(|| read_text(json).map_or_else(|| json.to_owned(), Cow::into_owned))
}

/// The text in a JSON string; `None` for another JSON value, or for an invalid escape.
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
