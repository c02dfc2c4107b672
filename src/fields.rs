//! Reads the fields of a JSON object that a client sent, and collects the errors of all of them.
//!
//! Each field parses its own part of the text. So a value that a parser of the whole object would refuse, such as the
//! number 1e400, is an error of that field.

mod values;

use std::{collections::HashMap, fmt};

use serde::{
    Deserializer as _, Serialize,
    de::{DeserializeOwned, MapAccess, Visitor},
};
use serde_json::value::RawValue;

pub use values::{Integer, Text, WebUrl};

/// The maximum number of errors in a response, in addition to one for each known field. A hostile body can cause a
/// hundred thousand.
const MAX_OTHER_ERRORS: usize = 100;

/// The maximum length of an unknown field's name in an error, in bytes.
const MAX_NAME_BYTES: usize = 200;

/// Why a document is not a movie or a patch. The texts are for clients.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Invalid {
    /// Not one JSON object: what is wrong, and where.
    Json(String),
    /// A patch that changes nothing.
    Empty,
    /// An object with invalid fields: all of them.
    Fields(Vec<FieldError>),
}

/// One invalid field.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct FieldError {
    /// JSON Pointer (RFC 6901) to the field, or to the entry of an array.
    pub pointer: String,
    /// What a valid value is.
    pub detail: String,
}

/// The value of a field. Every value of a type that implements this trait is valid.
pub trait Field: DeserializeOwned {
    /// The error for a client that sent an invalid value.
    fn rule() -> String;

    /// Parses a value that a client sent, or adds an error.
    fn read(json: &RawValue, pointer: &str, fields: &mut Fields) -> Option<Self> {
        let value = serde_json::from_str(json.get()).ok();
        if value.is_none() {
            fields.add_error(pointer, Self::rule());
        }
        value
    }
}

impl Field for String {
    fn rule() -> String {
        "must be a string".to_owned()
    }
}

impl Field for Vec<String> {
    fn rule() -> String {
        "must be an array of strings".to_owned()
    }

    /// Adds an error for each invalid entry.
    fn read(json: &RawValue, pointer: &str, fields: &mut Fields) -> Option<Self> {
        let Ok(entries) = serde_json::from_str::<Vec<&RawValue>>(json.get()) else {
            fields.add_error(pointer, Self::rule());
            return None;
        };
        let mut texts = Self::with_capacity(entries.len());
        for (index, entry) in entries.iter().enumerate() {
            match serde_json::from_str(entry.get()) {
                Ok(text) => texts.push(text),
                Err(_) => fields.add_other_error(&format!("{pointer}/{index}"), String::rule()),
            }
        }
        (texts.len() == entries.len()).then_some(texts)
    }
}

/// The change of an optional field in a patch: `null`, which is `None`, removes it.
impl<T: Field> Field for Option<T> {
    fn rule() -> String {
        T::rule()
    }

    fn read(json: &RawValue, pointer: &str, fields: &mut Fields) -> Option<Self> {
        if json.get() == "null" { Some(None) } else { T::read(json, pointer, fields).map(Some) }
    }
}

/// The fields of one object, and the errors found so far.
#[derive(Debug)]
pub struct Fields<'a> {
    known: &'static [&'static str],
    values: HashMap<String, &'a RawValue>,
    errors: Vec<FieldError>,
    /// The number of errors from [`Self::add_other_error`].
    others: usize,
}

impl<'a> Fields<'a> {
    /// Reads a JSON document. A field that is not `known` or is repeated is an error.
    pub(crate) fn read(json: &'a [u8], known: &'static [&'static str]) -> Result<Self, Invalid> {
        let empty = Self { known, values: HashMap::new(), errors: Vec::new(), others: 0 };
        let mut json = serde_json::Deserializer::from_slice(json);
        let read = json.deserialize_map(empty).and_then(|fields| json.end().map(|()| fields));
        read.map_err(|error| Invalid::Json(error.to_string()))
    }

    fn add(&mut self, name: String, value: &'a RawValue) {
        let pointer = pointer_to(&name);
        if !self.known.contains(&name.as_str()) {
            let (last, others) = self.known.split_last().unwrap_or((&"", &[]));
            let detail = format!("unknown field; the fields are {} and {last}", others.join(", "));
            self.add_other_error(&pointer, detail);
        } else if self.values.insert(name, value).is_some() {
            self.add_other_error(&pointer, "is given more than once");
        }
    }

    /// The value of a field that every object has. If it is absent or invalid, adds an error.
    pub(crate) fn required<T: Field>(&mut self, name: &str) -> Option<T> {
        if !self.values.contains_key(name) {
            self.add_error(&pointer_to(name), "is required");
        }
        self.optional(name)
    }

    /// The value of a field that can be absent. All fields of a patch are optional. If it is invalid, adds an error.
    pub(crate) fn optional<T: Field>(&mut self, name: &str) -> Option<T> {
        let value = self.values.get(name).copied()?;
        T::read(value, &pointer_to(name), self)
    }

    /// Adds an error of a known field.
    pub(crate) fn add_error(&mut self, pointer: &str, detail: impl Into<String>) {
        self.errors.push(FieldError { pointer: pointer.to_owned(), detail: detail.into() });
    }

    /// Adds an error of which a body can cause any number, such as one for an unknown field. Ignores it after
    /// [`MAX_OTHER_ERRORS`].
    fn add_other_error(&mut self, pointer: &str, detail: impl Into<String>) {
        if self.others < MAX_OTHER_ERRORS {
            self.others += 1;
            self.add_error(pointer, detail);
        }
    }

    /// Returns what was read, or the errors if there are any.
    pub(crate) fn finish<T>(self, read: Option<T>) -> Result<T, Invalid> {
        read.filter(|_| self.errors.is_empty()).ok_or(Invalid::Fields(self.errors))
    }
}

impl<'de> Visitor<'de> for Fields<'de> {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<Self, A::Error> {
        while let Some((name, value)) = map.next_entry()? {
            self.add(name, value);
        }
        Ok(self)
    }
}

/// A JSON Pointer to a field. A long name is cut.
fn pointer_to(name: &str) -> String {
    let shown = name.get(..name.floor_char_boundary(MAX_NAME_BYTES)).unwrap_or_default();
    let more = if shown.len() < name.len() { "…" } else { "" };
    format!("/{}{more}", shown.replace('~', "~0").replace('/', "~1"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: &[&str] = &["name", "tags", "rank"];

    /// Reads an object with `read`. Returns what was read, or the errors.
    fn outcome<T>(json: &str, read: impl FnOnce(&mut Fields) -> Option<T>) -> Result<T, Vec<(String, String)>> {
        let mut fields = Fields::read(json.as_bytes(), KNOWN).unwrap();
        let value = read(&mut fields);
        fields.finish(value).map_err(|invalid| match invalid {
            Invalid::Fields(errors) => errors.into_iter().map(|error| (error.pointer, error.detail)).collect(),
            other => panic!("{other:?}"),
        })
    }

    fn error<T>(pointer: &str, detail: &str) -> Result<T, Vec<(String, String)>> {
        Err(vec![(pointer.to_owned(), detail.to_owned())])
    }

    #[test]
    fn a_required_field_must_be_there_and_only_an_optional_one_can_be_absent() {
        let required = |json: &str| outcome(json, |fields| fields.required::<String>("name"));
        let optional = |json: &str| outcome(json, |fields| Some(fields.optional::<String>("name")));
        let change = |json: &str| outcome(json, |fields| Some(fields.optional::<Option<String>>("name")));
        assert_eq!(required("{}"), error("/name", "is required"));
        assert_eq!((optional("{}"), change("{}")), (Ok(None), Ok(None)));
        let (null, value) = (r#"{"name":null}"#, r#"{"name":"x"}"#);
        assert_eq!(required(null), error("/name", "must be a string"));
        assert_eq!(optional(null), error("/name", "must be a string"));
        assert_eq!(change(null), Ok(Some(None)));
        assert_eq!(Option::<String>::rule(), String::rule());
        let x = "x".to_owned();
        assert_eq!((required(value), optional(value)), (Ok(x.clone()), Ok(Some(x.clone()))));
        assert_eq!(change(value), Ok(Some(Some(x))));
        for bad in ["7", "[null]", "1e400", "\"\\ud800\""] {
            let json = format!("{{\"name\":{bad}}}");
            assert_eq!(required(&json), error("/name", "must be a string"), "{bad}");
            assert_eq!(optional(&json), error("/name", "must be a string"), "{bad}");
            assert_eq!(change(&json), error("/name", "must be a string"), "{bad}");
        }
    }

    #[test]
    fn each_invalid_entry_of_an_array_is_an_error() {
        let tags = |json: &str| outcome(json, |fields| fields.required::<Vec<String>>("tags"));
        assert_eq!(tags(r#"{"tags":[]}"#), Ok(Vec::new()));
        assert_eq!(tags(r#"{"tags":["a","",null]}"#), error("/tags/2", "must be a string"));
        assert_eq!(tags(r#"{"tags":{"0":"a"}}"#), error("/tags", "must be an array of strings"));
        let three = tags(r#"{"tags":[1,"a",["b"],null]}"#).unwrap_err();
        let pointers: Vec<_> = three.iter().map(|(pointer, _)| pointer.as_str()).collect();
        assert_eq!(pointers, ["/tags/0", "/tags/2", "/tags/3"]);
    }

    #[test]
    fn an_unknown_or_repeated_field_is_an_error() {
        let name = |json: &str| outcome(json, |fields| fields.required::<String>("name"));
        let detail = "unknown field; the fields are name, tags and rank";
        assert_eq!(name(r#"{"name":"x","Name":"y"}"#), error("/Name", detail));
        assert_eq!(name(r#"{"a/b~c":null,"name":"x"}"#), error("/a~1b~0c", detail));
        assert_eq!(name(r#"{"name":"x","name":"y"}"#), error("/name", "is given more than once"));
        assert_eq!(name(r#"{"name":"x","name":"x","name":"x"}"#).unwrap_err().len(), 2);
    }

    #[test]
    fn only_one_json_object_has_fields() {
        for bad in
            ["", " ", "{", "[]", "7", "null", "\"x\"", "{} x", "\u{feff}{}", "{\"name\":\"\\x\"}", "{\"rank\":01}"]
        {
            assert!(matches!(Fields::read(bad.as_bytes(), KNOWN), Err(Invalid::Json(_))), "{bad:?}");
        }
        assert!(matches!(Fields::read(b"{\"name\":\"\xff\"}", KNOWN), Err(Invalid::Json(_))));
        let array = Fields::read(b"[]", KNOWN).unwrap_err();
        let detail = "invalid type: sequence, expected a JSON object at line 1 column 0";
        assert_eq!(array, Invalid::Json(detail.to_owned()));
    }

    #[test]
    fn at_most_100_errors_are_not_of_known_fields() {
        for (unknown, errors) in [(99, 100), (100, 101), (101, 101), (50_000, 101)] {
            let members: Vec<_> = (0..unknown).map(|n| format!("\"{n}\":0")).collect();
            let json = format!("{{{}}}", members.join(","));
            let found = outcome(&json, |fields| fields.required::<String>("name")).unwrap_err();
            assert_eq!(found.len(), errors, "{unknown}");
        }
        let json = format!("{{\"tags\":[{}0],\"x\":0}}", "0,".repeat(50_000));
        let found = outcome(&json, |fields| fields.required::<Vec<String>>("tags")).unwrap_err();
        assert_eq!(found.len(), 100);
    }

    #[test]
    fn a_pointer_shows_up_to_200_bytes_of_a_name() {
        for (name, pointer) in [
            ("a/b~c".to_owned(), "/a~1b~0c".to_owned()),
            ("~1".to_owned(), "/~01".to_owned()),
            ("x".repeat(200), format!("/{}", "x".repeat(200))),
            ("x".repeat(201), format!("/{}…", "x".repeat(200))),
            // The character that the cut would split is left out.
            (format!("x{}", "é".repeat(100)), format!("/x{}…", "é".repeat(99))),
        ] {
            assert_eq!(pointer_to(&name), pointer);
        }
    }
}
