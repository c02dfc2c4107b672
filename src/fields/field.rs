//! The fields of an entity: their valid values, what a client can send for them, and how a patch changes them.

use serde::{Serialize, de::DeserializeOwned};
use serde_json::value::RawValue;

use super::errors::FieldErrors;

/// The value of a field. Every value of a type that implements this trait is valid.
pub(crate) trait Field: DeserializeOwned + Serialize {
    /// The error for a client that sent an invalid value.
    const RULE: &'static str;

    /// Parses a value that a client sent, or adds an error.
    fn read(json: &RawValue, pointer: &str, errors: &mut FieldErrors) -> Option<Self> {
        let value = serde_json::from_str(json.get()).ok();
        if value.is_none() {
            errors.add(pointer, Self::RULE);
        }
        value
    }
}

impl Field for String {
    const RULE: &'static str = "must be a string";
}

impl Field for Vec<String> {
    const RULE: &'static str = "must be an array of strings";

    /// Adds an error for each invalid entry.
    fn read(json: &RawValue, pointer: &str, errors: &mut FieldErrors) -> Option<Self> {
        let Ok(entries) = serde_json::from_str::<Vec<&RawValue>>(json.get()) else {
            errors.add(pointer, Self::RULE);
            return None;
        };
        let mut texts = Self::with_capacity(entries.len());
        for (index, entry) in entries.iter().enumerate() {
            match serde_json::from_str(entry.get()) {
                Ok(text) => texts.push(text),
                Err(_) => errors.add_other(&format!("{pointer}/{index}"), String::RULE),
            }
        }
        (texts.len() == entries.len()).then_some(texts)
    }
}

/// What a client sent for a field.
#[derive(Debug, Default)]
pub(crate) enum Sent<T> {
    #[default]
    Absent,
    Null,
    Value(T),
    /// An invalid value, whose error was added.
    Invalid,
}

impl<T: Field> Sent<T> {
    /// Parses what was sent for the field. A repeated field is an error.
    pub(crate) fn receive(&mut self, json: &RawValue, pointer: &str, errors: &mut FieldErrors) {
        match self {
            Self::Absent if json.get() == "null" => *self = Self::Null,
            Self::Absent => *self = T::read(json, pointer, errors).map_or(Self::Invalid, Self::Value),
            Self::Null | Self::Value(_) | Self::Invalid => errors.add_other(pointer, "is given more than once"),
        }
    }

    /// The value, if there is one.
    pub(crate) fn value(&self) -> Option<&T> {
        match self {
            Self::Value(value) => Some(value),
            Self::Absent | Self::Null | Self::Invalid => None,
        }
    }
}

/// What a patch does to a field: it keeps the value or sets another. An optional field is an [`Option`], so `Set(None)`
/// removes it, and a required field cannot be removed.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Change<T> {
    /// The field stays as it is.
    #[default]
    Keep,
    /// The field gets this value.
    Set(T),
}

impl<T> Change<T> {
    /// Whether the field stays as it is.
    pub(crate) fn is_keep(&self) -> bool {
        matches!(self, Self::Keep)
    }

    /// The field's value after the change.
    pub(crate) fn apply(self, current: T) -> T {
        match self {
            Self::Keep => current,
            Self::Set(value) => value,
        }
    }
}

/// The type of a field in the table of fields: `T` if every entity has the field, `Option<T>` if it is optional. This
/// trait contains everything that depends on the difference.
pub(crate) trait Member: Sized + Serialize {
    /// The type of the field's values.
    type Value: Field;

    /// Whether this entity lacks the field.
    fn is_absent(&self) -> bool;

    /// Turns what was sent into a field of a whole entity. If it is invalid, adds an error and returns `None`.
    fn of_whole(sent: Sent<Self::Value>, pointer: &str, errors: &mut FieldErrors) -> Option<Self>;

    /// Turns what was sent into a change of a patch. If it is invalid, adds an error and returns `None`.
    fn of_patch(sent: Sent<Self::Value>, pointer: &str, errors: &mut FieldErrors) -> Option<Change<Self>>;
}

impl<T: Field> Member for T {
    type Value = T;

    fn is_absent(&self) -> bool {
        false
    }

    fn of_whole(sent: Sent<T>, pointer: &str, errors: &mut FieldErrors) -> Option<T> {
        match sent {
            Sent::Value(value) => return Some(value),
            Sent::Absent => errors.add(pointer, "is required"),
            Sent::Null => errors.add(pointer, T::RULE),
            Sent::Invalid => {}
        }
        None
    }

    fn of_patch(sent: Sent<T>, pointer: &str, errors: &mut FieldErrors) -> Option<Change<T>> {
        match sent {
            Sent::Absent => Some(Change::Keep),
            Sent::Value(value) => Some(Change::Set(value)),
            Sent::Null => {
                errors.add(pointer, T::RULE);
                None
            }
            Sent::Invalid => None,
        }
    }
}

impl<T: Field> Member for Option<T> {
    type Value = T;

    fn is_absent(&self) -> bool {
        self.is_none()
    }

    /// A whole entity omits an optional field. Only a patch can contain `null`, which removes the field.
    fn of_whole(sent: Sent<T>, pointer: &str, errors: &mut FieldErrors) -> Option<Option<T>> {
        match sent {
            Sent::Absent => Some(None),
            Sent::Value(value) => Some(Some(value)),
            Sent::Null => {
                errors.add(pointer, T::RULE);
                None
            }
            Sent::Invalid => None,
        }
    }

    fn of_patch(sent: Sent<T>, _: &str, _: &mut FieldErrors) -> Option<Change<Option<T>>> {
        match sent {
            Sent::Absent => Some(Change::Keep),
            Sent::Null => Some(Change::Set(None)),
            Sent::Value(value) => Some(Change::Set(Some(value))),
            Sent::Invalid => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::Invalid, *};

    /// Reads `json` as a field of an entity, and as a change in a patch. Returns both, each with its error.
    fn read<M: Member>(json: Option<&str>) -> [(Option<String>, String); 2] {
        let sent = |errors: &mut FieldErrors| {
            let mut sent = Sent::default();
            if let Some(json) = json {
                sent.receive(&RawValue::from_string(json.to_owned()).unwrap(), "/field", errors);
            }
            sent
        };
        let read = |value: Option<String>, errors: FieldErrors| match errors.or(Some(())) {
            Ok(()) => (value, String::new()),
            Err(Invalid::Fields(errors)) => (value, errors.into_iter().map(|error| error.detail).collect()),
            Err(other) => panic!("{other:?}"),
        };
        let mut errors = FieldErrors::default();
        let whole = M::of_whole(sent(&mut errors), "/field", &mut errors);
        let whole = read(whole.map(|value| format!("{} {}", json_of(&value), value.is_absent())), errors);
        let mut errors = FieldErrors::default();
        let change = M::of_patch(sent(&mut errors), "/field", &mut errors);
        [whole, read(change.map(|change| if change.is_keep() { "keep".to_owned() } else { json_of(&change) }), errors)]
    }

    fn json_of(value: &impl Serialize) -> String {
        serde_json::to_string(value).unwrap()
    }

    #[test]
    fn a_required_field_must_be_there_and_an_optional_one_can_be_removed() {
        let rule = String::RULE;
        let value = Some(r#""x""#);
        for (json, whole, whole_error, patch, patch_error) in [
            (None, None, "is required", Some("keep"), ""),
            (Some("null"), None, rule, None, rule),
            (value, Some(r#""x" false"#), "", value, ""),
            (Some("7"), None, rule, None, rule),
        ] {
            let expected = [(whole, whole_error), (patch, patch_error)];
            let expected = expected.map(|(value, error)| (value.map(str::to_owned), error.to_owned()));
            assert_eq!(read::<String>(json), expected, "required: {json:?}");
        }
        for (json, whole, whole_error, patch, patch_error) in [
            (None, Some("null true"), "", Some("keep"), ""),
            (Some("null"), None, rule, Some("null"), ""),
            (value, Some(r#""x" false"#), "", value, ""),
            (Some("7"), None, rule, None, rule),
        ] {
            let expected = [(whole, whole_error), (patch, patch_error)];
            let expected = expected.map(|(value, error)| (value.map(str::to_owned), error.to_owned()));
            assert_eq!(read::<Option<String>>(json), expected, "optional: {json:?}");
        }
    }
}
