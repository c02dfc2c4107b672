//! Finds where the service's own path begins in the path of an event.
//!
//! A stage, a custom domain's base path, or a prefix of the API's resources can precede it. An event does not contain
//! the length of these parts. But it contains the resource or route that API Gateway matched (`/ns_movies/{id}`) and
//! the values of its parameters. The resource with these values is the end of the path.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};

/// The maximum number of places in a resource at which the service's own path may begin.
const MAX_PLACES: usize = 16;

/// The form in which an event source passes a path on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Form {
    /// As the client sent it. An invalid escape (`%zz`) is literal text.
    Encoded,
    /// Decoded by the event source. A percent sign stands for itself.
    Decoded,
}

impl Form {
    pub(super) fn decode(self, path: &str) -> Cow<'_, [u8]> {
        match self {
            Self::Encoded => percent_decode_str(path).into(),
            Self::Decoded => Cow::Borrowed(path.as_bytes()),
        }
    }

    /// The path as it is in a URL. Characters that a URL's path cannot contain are escaped.
    pub(super) fn encode(self, path: &str) -> String {
        const NOT_IN_A_PATH: &AsciiSet =
            &CONTROLS.add(b' ').add(b'"').add(b'<').add(b'>').add(b'\\').add(b'?').add(b'#');
        const NOT_ENCODED_YET: &AsciiSet = &NOT_IN_A_PATH.add(b'%');
        let set = if self == Self::Encoded { NOT_IN_A_PATH } else { NOT_ENCODED_YET };
        utf8_percent_encode(path, set).to_string()
    }
}

/// The path in an event.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct EventPath<'a> {
    pub(super) text: &'a str,
    pub(super) form: Form,
    /// Offsets in `text` at which the service's own path may begin, the most likely first.
    pub(super) starts: Vec<usize>,
    /// The path in the client's URL, in the same form.
    pub(super) client_path: &'a str,
}

/// What API Gateway matched: a resource or route such as `/ns_movies/{id}` or `/{proxy+}`, and its parameters' values.
pub(super) struct Resource<'a> {
    template: &'a str,
    parameters: &'a [(String, String)],
}

impl<'a> Resource<'a> {
    /// If the event has no template, this uses the most common one.
    pub(super) fn new(template: Option<&'a str>, parameters: &'a [(String, String)]) -> Self {
        Self { template: template.unwrap_or("/{proxy+}"), parameters }
    }

    /// The offsets in `path` at which the service's own path may begin, the most likely first. `stage_length` is the
    /// length of the stage at the beginning of the path.
    pub(super) fn starts(&self, path: &str, form: Form, stage_length: usize) -> Vec<usize> {
        let mut starts = self.matches(path, form);
        // A handwritten event can have a resource that does not match its path.
        let unmatched = [stage_length, 0];
        // The resource `/` matches the end of every path, so these offsets are more likely.
        let is_root = self.template.trim_matches('/').is_empty();
        starts.splice(if is_root { 0..0 } else { starts.len()..starts.len() }, unmatched);
        starts.dedup();
        starts
    }

    /// The offsets at which the service's own path may begin, if `path` ends with this resource. Usually, it begins
    /// with the resource. If the API's resources have a prefix (`/api/{proxy+}`), it begins with a later segment.
    fn matches(&self, path: &str, form: Form) -> Vec<usize> {
        let decoded = form.decode(path);
        let decoded = without_slashes_at_end(&decoded);
        let fits = |strips_slash: bool| {
            let segments = self.segments(strips_slash)?;
            let as_is: Vec<_> = segments.iter().map(|segment| Cow::Borrowed(segment.as_bytes())).collect();
            fit(path, form, decoded, &as_is).or_else(|| {
                // Some event sources decode a path but not its parameters, others the reverse.
                let unescaped: Vec<_> = segments.iter().map(|segment| percent_decode_str(segment).into()).collect();
                fit(path, form, decoded, &unescaped)
            })
        };
        // The value of a greedy parameter begins with a slash if the title does. In the console's test event, it begins
        // with an additional slash, which the second try removes.
        fits(false).or_else(|| fits(true)).unwrap_or_default()
    }

    /// The template's segments with the values of the parameters; `None` if a parameter has no value.
    fn segments(&self, strips_slash: bool) -> Option<Vec<&str>> {
        let template = self.template.trim_matches('/');
        let segments = template.split('/').filter(|_| !template.is_empty());
        segments
            .map(|segment| segment.strip_prefix('{').map_or(Some(segment), |name| self.value(name, strips_slash)))
            .collect()
    }

    /// The value of a parameter. `name` is the rest of its segment after `{`, such as `id}` or `proxy+}`.
    fn value(&self, name: &str, strips_slash: bool) -> Option<&str> {
        let name = name.strip_suffix('}')?;
        let value_of = |name| self.parameters.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
        match name.strip_suffix('+') {
            Some(greedy) => {
                value_of(greedy).map(|value| value.strip_prefix('/').filter(|_| strips_slash).unwrap_or(value))
            }
            None => value_of(name),
        }
    }
}

fn fit(path: &str, form: Form, decoded: &[u8], segments: &[Cow<'_, [u8]>]) -> Option<Vec<usize>> {
    let mut filled = Vec::with_capacity(path.len());
    for segment in segments {
        filled.push(b'/');
        filled.extend_from_slice(segment);
    }
    let mut at = decoded.strip_suffix(without_slashes_at_end(&filled))?.len();
    let mut places = vec![at];
    for segment in segments {
        at += 1 + segment.len();
        places.push(at);
    }
    // The service's own path can begin at the end of the resource only if the resource is `/`.
    places.truncate(segments.len().clamp(1, MAX_PLACES));
    let starts: Vec<_> = places.into_iter().filter_map(|place| offset(path, form, place)).collect();
    (!starts.is_empty()).then_some(starts)
}

/// Removes slashes from the end. API Gateway does the same with a parameter, but not with the path.
fn without_slashes_at_end(path: &[u8]) -> &[u8] {
    let slashes = path.iter().rev().take_while(|byte| **byte == b'/').count();
    path.get(..path.len().saturating_sub(slashes)).unwrap_or_default()
}

/// Converts an offset in the decoded path to an offset in `path`; `None` if it is not at the end of a segment.
fn offset(path: &str, form: Form, place: usize) -> Option<usize> {
    let (mut offset, mut decoded) = (0, 0);
    for segment in path.split('/') {
        offset += segment.len();
        decoded += form.decode(segment).len();
        if decoded >= place {
            return Some(offset).filter(|_| decoded == place);
        }
        (offset, decoded) = (offset + 1, decoded + 1);
    }
    None
}

/// The length of a stage at the beginning of a path, with the slash before it; 0 if the path does not begin with it.
pub(super) fn stage_length(path: &str, stage: Option<&str>) -> usize {
    let rest = stage.and_then(|stage| path.strip_prefix('/')?.strip_prefix(stage));
    let rest = rest.filter(|rest| rest.is_empty() || rest.starts_with('/'));
    rest.map_or(0, |rest| path.len() - rest.len())
}

/// Removes the base path from a percent-encoded path. `length` is the number of bytes of the decoded base path.
pub(super) fn below(encoded: &str, length: usize) -> String {
    let start = offset(encoded, Form::Encoded, length).unwrap_or_default();
    rooted(encoded.get(start..).unwrap_or_default()).into_owned()
}

/// The path with a slash at its beginning.
pub(super) fn rooted(path: &str) -> Cow<'_, str> {
    if path.starts_with('/') { Cow::Borrowed(path) } else { Cow::Owned(format!("/{path}")) }
}
