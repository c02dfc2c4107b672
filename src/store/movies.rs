//! Stores movies as items of the table.
//!
//! An item is a movie if all its fields are valid, and if the id is theirs.

use std::{cell::Cell, time::Instant};

use aws_config::SdkConfig;
use aws_sdk_dynamodb::types::AttributeValue;
use serde::{
    Deserialize as _, Serialize,
    de::{IntoDeserializer, value::MapDeserializer},
};

use super::{
    Item, KeyTable, Page, StoreError, VersionedMovie,
    condition::{Condition, Precondition},
    items::{Changes, Items, MAX_ITEM_BYTES, Updated, size_of},
    paging::{Partition, Selection},
    plan::{Plan, carry_out},
    version::{new_version, stored_version, string, take_version},
};
use crate::movie::{Movie, MovieId, MoviePatch, Year};

/// The index that lists the movies of one year.
pub const YEAR_INDEX: &str = "by-year";

/// The DynamoDB types of the attributes that every movie has, in addition to the title and the year.
const TYPES: [(&str, &str); 3] = [("cast", "L"), ("image", "S"), ("description", "S")];

/// The maximum number of items that a log line lists.
const MAX_NAMED: usize = 10;

/// The movies table.
#[derive(Clone, Debug)]
pub struct Store {
    items: Items,
}

impl Store {
    /// A store on `table`.
    #[must_use]
    pub fn new(sdk: &SdkConfig, table: &str) -> Self {
        Self { items: Items::new(sdk, table) }
    }

    /// The table of keys that has this name.
    #[must_use]
    pub fn keys(&self, table: &str) -> KeyTable {
        KeyTable { client: self.items.client.clone(), table: table.to_owned() }
    }

    /// Whether the table responds.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.items.ping().await
    }

    /// The movie with this id. The read is strongly consistent.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::Unavailable`].
    pub async fn get(&self, id: &MovieId) -> Result<VersionedMovie, StoreError> {
        read(id.as_str(), self.items.get(id.as_str()).await?).map_err(|reason| not_a_movie(id, &reason))
    }

    /// Stores a new movie.
    ///
    /// # Errors
    /// [`StoreError::Exists`], [`StoreError::TooLarge`], [`StoreError::Unavailable`].
    pub async fn create(&self, id: &MovieId, movie: Movie) -> Result<VersionedMovie, StoreError> {
        let version = new_version()?;
        self.items.create(item_of(id, &movie, &version, Item::new())?, &version).await?;
        Ok(VersionedMovie { movie, version })
    }

    /// Changes fields of a movie, and keeps other clients' changes to other fields. If `new_id` differs from `id`,
    /// moves the movie there in one atomic step.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::Exists`] if the new id is taken, [`StoreError::PreconditionFailed`],
    /// [`StoreError::TooLarge`], [`StoreError::Unavailable`].
    pub async fn update(
        &self,
        id: &MovieId,
        new_id: &MovieId,
        patch: &MoviePatch,
        precondition: &Precondition,
    ) -> Result<VersionedMovie, StoreError> {
        if id == new_id && !precondition.has_derived_version() {
            let changes = changes_of(patch)?;
            let mut condition = precondition.condition();
            require_movie(&mut condition, id, &changes);
            match self.items.update(id.as_str(), changes, condition).await? {
                Updated::Done(item) => return read(id.as_str(), item).map_err(|reason| not_a_movie(id, &reason)),
                // If the item shows the reason, no read is necessary.
                Updated::Refused(item) => changed(&item, id, new_id, patch, precondition)?,
            };
        }
        carry_out(|| self.plan_update(id, new_id, patch, precondition)).await
    }

    /// Checks that the fields of a patch fit into an item, whatever else the item has.
    ///
    /// # Errors
    /// [`StoreError::TooLarge`].
    pub fn check_size(&self, patch: &MoviePatch) -> Result<(), StoreError> {
        if size_of(&changes_of(patch)?.set) > MAX_ITEM_BYTES { Err(StoreError::TooLarge) } else { Ok(()) }
    }

    /// A plan that does the same as [`Self::create`].
    ///
    /// # Errors
    /// [`StoreError::TooLarge`].
    pub fn plan_create(&self, id: &MovieId, movie: &Movie) -> Result<Plan<VersionedMovie>, StoreError> {
        let version = new_version()?;
        let item = item_of(id, movie, &version, Item::new())?;
        self.items.plan_create(item, VersionedMovie { movie: movie.clone(), version })
    }

    /// A plan that does the same as [`Self::update`]. It needs a read.
    ///
    /// # Errors
    /// Those errors of [`Self::update`] that the read shows.
    pub async fn plan_update(
        &self,
        id: &MovieId,
        new_id: &MovieId,
        patch: &MoviePatch,
        precondition: &Precondition,
    ) -> Result<Plan<VersionedMovie>, StoreError> {
        self.items.plan_change(id.as_str(), |current| changed(current, id, new_id, patch, precondition)).await
    }

    /// A plan to delete a movie, or an item that is not a movie.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] and [`StoreError::PreconditionFailed`], if a read is needed.
    pub async fn plan_delete(&self, id: &MovieId, precondition: &Precondition) -> Result<Plan<()>, StoreError> {
        self.items.plan_delete(id.as_str(), precondition).await
    }

    /// Up to `limit` movies after the id `after`, of one year or of all years. At the deadline, the page ends with the
    /// movies found until then. The movies of one year come from an index, which follows the table within moments.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn list(
        &self,
        year: Option<Year>,
        limit: usize,
        after: Option<String>,
        deadline: Instant,
    ) -> Result<Page<(String, VersionedMovie)>, StoreError> {
        let partition = year.map(|year| Partition { index: YEAR_INDEX, attribute: "year", value: number(year) });
        let selection = Selection { partition, attributes: Movie::FIELDS };
        let page = self.items.list(&selection, limit, after, deadline.into()).await?;
        Ok(Page { items: movies_in(page.items), next: page.next })
    }
}

/// The movies in the items of a page. One log line names the items that are not movies.
fn movies_in(items: Vec<Item>) -> Vec<(String, VersionedMovie)> {
    let mut others = Vec::new();
    let mut movies = Vec::with_capacity(items.len());
    for mut item in items {
        // The id is the key of the table, so every item has one.
        let Some(AttributeValue::S(id)) = item.remove("id") else { continue };
        match read(&id, item) {
            Ok(movie) => movies.push((id, movie)),
            Err(reason) => others.push(format!("'{id}' ({reason})")),
        }
    }
    if !others.is_empty() {
        let (count, items) = (others.len(), others.get(..MAX_NAMED).unwrap_or(&others).join(", "));
        tracing::error!(count, items, "items in the table are not movies");
    }
    movies
}

/// Logs an item that is not a movie, which counts as absent.
fn not_a_movie(id: &MovieId, reason: &str) -> StoreError {
    tracing::error!(id = id.as_str(), reason, "an item in the table is not a movie");
    StoreError::NotFound
}

/// The item after a patch, and the movie in it. The current item can have invalid fields, if the patch sets all of them.
fn changed(
    current: &Item,
    id: &MovieId,
    new_id: &MovieId,
    patch: &MoviePatch,
    precondition: &Precondition,
) -> Result<(Option<Item>, VersionedMovie), StoreError> {
    let Changes { set, remove } = changes_of(patch)?;
    let mut item = current.clone();
    item.extend(set);
    item.retain(|name, _| !remove.contains(name));
    // An item that does not become a movie counts as absent, whatever the precondition.
    let movie = read(new_id.as_str(), item).map_err(|reason| not_a_movie(id, &reason))?.movie;
    precondition.check(current)?;
    let version = new_version()?;
    let item = item_of(new_id, &movie, &version, current.clone())?;
    Ok((Some(item), VersionedMovie { movie, version }))
}

/// Adds to the condition of an update that the item at `id` is a movie. It does not cover the fields that the update
/// sets. It cannot show each invalid value: an image can begin like a URL, and a cast can contain other values.
fn require_movie(condition: &mut Condition, id: &MovieId, changes: &Changes) {
    for (name, value) in [("title", string(id.title().as_ref())), ("year", number(id.year()))] {
        if !changes.set.contains_key(name) {
            condition.and_equal(name, value);
        }
    }
    for (name, of_type) in TYPES.iter().filter(|(name, _)| !changes.set.contains_key(*name)) {
        condition.and_type(name, of_type);
    }
    if !changes.set.contains_key("image") {
        condition.and("begins_with(#image, :http)");
        condition.values.insert(":http".to_owned(), string("http"));
    }
}

/// The item of a movie that replaces `current`, whose other attributes it keeps.
fn item_of(id: &MovieId, movie: &Movie, version: &str, current: Item) -> Result<Item, StoreError> {
    let prior = stored_version(&current).unwrap_or_default().to_owned();
    let mut item = current;
    item.retain(|name, _| !Movie::FIELDS.contains(&name.as_str()));
    item.extend(attributes(movie)?);
    // Reserves room for `prior_etag`, which a later update fills.
    let later = version.len().saturating_sub(prior.len());
    for (name, text) in [("id", id.as_str()), ("etag", version), ("prior_etag", &prior)] {
        item.insert(name.to_owned(), string(text));
    }
    if size_of(&item) + later > MAX_ITEM_BYTES { Err(StoreError::TooLarge) } else { Ok(item) }
}

/// The changes in a patch, which is a JSON Merge Patch: null removes a field.
fn changes_of(patch: &MoviePatch) -> Result<Changes, StoreError> {
    let (removed, set): (Item, Item) = attributes(patch)?.into_iter().partition(|(_, value)| value.is_null());
    Ok(Changes { set, remove: removed.into_keys().collect() })
}

/// A movie or a patch as attributes. An error is a bug, because every value of a field can be serialized.
fn attributes(fields: &impl Serialize) -> Result<Item, StoreError> {
    serde_dynamo::to_item(fields).map_err(|error: serde_dynamo::Error| {
        tracing::error!(cause = %error, "a movie cannot be written");
        StoreError::Corrupt
    })
}

fn number(year: Year) -> AttributeValue {
    AttributeValue::N(year.to_string())
}

/// Parses the movie in the item at `id`, or says why it is not a movie.
///
/// The item is parsed in one pass. [`serde_dynamo::from_item`] first copies it into another map. For a page of a
/// thousand items, that costs as much as everything in this function.
fn read(id: &str, mut item: Item) -> Result<VersionedMovie, String> {
    let version = take_version(&mut item);
    let current = Cell::new("");
    // A set of binary values counts as absent, because serde would read its bytes as strings.
    let fields = item.into_iter().filter(|(_, value)| !value.is_bs()).filter_map(|(name, value)| {
        let field = Movie::FIELDS.iter().find(|field| **field == name)?;
        current.set(field);
        Some((*field, Attribute(value)))
    });
    match Movie::deserialize(MapDeserializer::new(fields)) {
        Ok(movie) if movie.has_id(id) => Ok(VersionedMovie { movie, version }),
        Ok(_) => Err(format!("id: must be {}", MovieId::DESCRIPTION)),
        Err(error) => {
            let error = serde_dynamo::Error::to_string(&error);
            // The text for a missing field contains the name, the others do not.
            Err(if error.starts_with("missing field") { error } else { format!("{}: {error}", current.get()) })
        }
    }
}

/// A value that serde deserializes in the same way as `serde_dynamo`.
struct Attribute(AttributeValue);

impl IntoDeserializer<'_, serde_dynamo::Error> for Attribute {
    type Deserializer = serde_dynamo::Deserializer;

    fn into_deserializer(self) -> Self::Deserializer {
        serde_dynamo::Deserializer::from_attribute_value(self.0.into())
    }
}

#[cfg(test)]
mod tests;
