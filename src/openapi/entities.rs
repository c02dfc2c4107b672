//! The entities in the OpenAPI document, with their schemas, examples and paths.

use schemars::SchemaGenerator;
use serde_json::{Value, json};

use super::describe::schema;
use crate::{
    fields::Noun,
    movie::{Movie, MoviePatch},
    route,
};

/// The description of an entity in the document.
pub(crate) struct Entity {
    /// The name of its schema. The schema of its patch adds `Patch`.
    pub name: &'static str,
    /// The name of its collection.
    pub plural: &'static str,
    pub noun: Noun,
    /// The path of its collection.
    pub path: &'static str,
    /// The parts of an id.
    pub id: &'static str,
    /// The id of an entity in the seed, so that a reader can try the operations.
    pub stored_id: &'static str,
    /// An entity that a reader can create, and its id.
    pub example: fn() -> (&'static str, Value),
    /// Adds the schemas.
    pub schemas: fn(&mut SchemaGenerator),
}

/// Every entity, in the order of the document.
pub(super) const ENTITIES: [&Entity; 1] = [&MOVIE];

pub(crate) const MOVIE: Entity = Entity {
    name: "Movie",
    plural: "Movies",
    noun: Movie::NOUN,
    path: route::MOVIES,
    id: "Title, dash, year.",
    stored_id: "The Dare-2020",
    example: || {
        let movie = json!({
            "title": "The Third Man", "year": 1949, "cast": ["Joseph Cotten", "Alida Valli", "Orson Welles"],
            "image": "https://example.org/the-third-man.jpg", "description": "A writer looks for a friend in Vienna.",
        });
        ("The Third Man-1949", movie)
    },
    schemas: |generator| {
        generator.subschema_for::<Movie>();
        generator.subschema_for::<MoviePatch>();
    },
};

/// The names of all entities, joined by "or", for texts about any of them.
pub(super) fn any() -> String {
    ENTITIES.map(|entity| entity.noun.one).join(" or ")
}

impl Entity {
    /// The content of a request or response with an entity.
    pub(crate) fn content(&self) -> Value {
        json!({"application/json": self.media()})
    }

    /// An entity as JSON.
    pub(crate) fn media(&self) -> Value {
        json!({"schema": schema(self.name), "example": (self.example)().1})
    }

    /// The content of a page: a map of ids to entities.
    pub(crate) fn page(&self) -> Value {
        let (id, example) = (self.example)();
        json!({"application/json": {
            "schema": {
                "type": "object", "maxProperties": crate::api::query::MAX_LIMIT,
                "additionalProperties": schema(self.name),
            },
            "example": {id: example},
        }})
    }
}
