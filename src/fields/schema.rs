//! The JSON Schemas of an entity and of its patch, from the table of fields.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value};

use super::{FieldErrors, Member, Sent};

/// The description of a field in the OpenAPI document.
pub(crate) struct Description {
    name: &'static str,
    text: String,
    is_required: bool,
    /// The schema of its values.
    value: fn(&mut SchemaGenerator) -> Schema,
    /// The schema of its values in a patch, which include null if the field is optional.
    change: fn(&mut SchemaGenerator) -> Schema,
}

impl Description {
    pub(crate) fn of<M>(name: &'static str, lines: &[&str]) -> Self
    where
        M: Member<Value: JsonSchema> + JsonSchema,
    {
        Self {
            name,
            text: lines.iter().map(|line| line.trim()).collect::<Vec<_>>().join(" "),
            is_required: M::of_whole(Sent::Absent, name, &mut FieldErrors::default()).is_none(),
            value: SchemaGenerator::subschema_for::<M::Value>,
            change: SchemaGenerator::subschema_for::<M>,
        }
    }

    fn with_text(&self, mut schema: Schema) -> (String, Value) {
        schema.insert("description".to_owned(), self.text.clone().into());
        (self.name.to_owned(), schema.to_value())
    }
}

/// The schema of an entity.
pub(crate) fn of_whole(title: &str, summary: &str, fields: &[Description], generator: &mut SchemaGenerator) -> Schema {
    let properties: Map<_, _> = fields.iter().map(|field| field.with_text((field.value)(generator))).collect();
    let required: Vec<_> = fields.iter().filter(|field| field.is_required).map(|field| field.name).collect();
    json_schema!({
        "type": "object", "title": title, "description": summary.trim(),
        "properties": properties, "required": required, "additionalProperties": false,
    })
}

/// The schema of a patch.
pub(crate) fn of_patch(title: &str, fields: &[Description], generator: &mut SchemaGenerator) -> Schema {
    let properties: Map<_, _> = fields.iter().map(|field| field.with_text((field.change)(generator))).collect();
    json_schema!({
        "type": "object", "title": title,
        "description": "The fields to change, as a JSON Merge Patch (RFC 7396). The other fields stay as they are.",
        "properties": properties, "minProperties": 1, "additionalProperties": false,
    })
}
