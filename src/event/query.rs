//! Reads the query parameters of an event, in each of the forms that events have, and decodes them once.

use super::payload::Payload;

type Query = Vec<(String, String)>;

/// Parameters that the event source has decoded.
pub(super) fn decoded(payload: &Payload<'_>) -> Query {
    payload.query_parameters()
}

/// Parameters whose names and values are percent-encoded.
pub(super) fn from_encoded_parameters(payload: &Payload<'_>) -> Query {
    let pairs: Vec<_> = payload.query_parameters().iter().map(|(name, value)| format!("{name}={value}")).collect();
    parse(&pairs.join("&"))
}

/// A query string as the client sent it. A handwritten event can have decoded parameters instead.
pub(super) fn from_query_string(payload: &Payload<'_>) -> Query {
    payload.raw_query_string.as_deref().filter(|raw| !raw.is_empty()).map_or_else(|| decoded(payload), parse)
}

fn parse(query: &str) -> Query {
    form_urlencoded::parse(query.as_bytes()).into_owned().collect()
}
