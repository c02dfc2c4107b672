//! Movies as items of the table.

use std::time::Instant;

use aws_config::SdkConfig;
use aws_sdk_dynamodb::types::AttributeValue;

use super::{
    Item, StoreError,
    items::Items,
    paging::{Partition, Selection},
    precondition::Precondition,
    record::{self, Record},
    version,
};
use crate::{
    api::ListQuery,
    movie::{Movie, MovieId, MoviePatch},
};

/// The index that lists the movies of one year.
pub const YEAR_INDEX: &str = "by-year";

/// A movie as the table has it.
#[derive(Clone, Debug, PartialEq)]
pub struct VersionedMovie {
    /// The movie.
    pub movie: Movie,
    /// Identifies the last write: the movie's `ETag`.
    pub version: String,
}

/// A page of a listing.
#[derive(Debug)]
pub struct Page {
    items: Vec<Item>,
    /// The id after which the next page starts, if more movies may follow.
    pub next: Option<String>,
}

impl Page {
    /// The movies, each with its id, in the table's own order. Each is made when it is asked for, so that no page is in
    /// memory twice. An item that is not a movie is left out, and logged: it must not hide all others.
    pub fn into_movies(self) -> impl Iterator<Item = (String, VersionedMovie)> {
        self.items.into_iter().filter_map(|item| Record::from_item(item).and_then(Record::into_entry).ok())
    }
}

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

    /// The table's name.
    #[must_use]
    pub fn table(&self) -> &str {
        &self.items.table
    }

    /// Whether the table responds.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.items.ping().await
    }

    /// The movie with this id, as of all writes completed so far.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    pub async fn get(&self, id: &MovieId) -> Result<VersionedMovie, StoreError> {
        Record::from_item(self.items.get(id.as_str()).await?)?.into_movie()
    }

    /// Stores a movie that is not there yet.
    ///
    /// # Errors
    /// [`StoreError::Exists`], [`StoreError::TooLarge`], [`StoreError::Unavailable`].
    pub async fn create(&self, id: &MovieId, movie: Movie) -> Result<VersionedMovie, StoreError> {
        let version = version::new()?;
        let record = Record::new(id, movie, version.clone());
        self.items.create(record.to_item()?, &version).await?;
        record.into_movie()
    }

    /// Changes fields of a movie that keeps its id, other clients' changes to other fields kept.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::Stale`], [`StoreError::TooLarge`], [`StoreError::Unavailable`],
    /// [`StoreError::Corrupt`].
    pub async fn update(
        &self,
        id: &MovieId,
        patch: &MoviePatch,
        precondition: &Precondition,
    ) -> Result<VersionedMovie, StoreError> {
        let item = self.items.update(id.as_str(), record::changes(patch)?, precondition).await?;
        Record::from_item(item)?.into_movie()
    }

    /// Moves a movie to the id that the patch gives it, in one atomic step, with the patch's other changes.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::Exists`] when the new id is taken, [`StoreError::Stale`],
    /// [`StoreError::TooLarge`], [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    pub async fn rename(
        &self,
        id: &MovieId,
        new_id: &MovieId,
        patch: &MoviePatch,
        precondition: &Precondition,
    ) -> Result<VersionedMovie, StoreError> {
        let renamed = |current| {
            let movie = Record::from_item(current)?.into_movie()?.movie;
            let renamed = Record::new(new_id, patch.apply(movie), version::new()?);
            Ok((renamed.to_item()?, renamed.into_movie()?))
        };
        self.items.rename(id.as_str(), precondition, renamed).await
    }

    /// Removes a movie.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::Stale`], [`StoreError::Unavailable`].
    pub async fn delete(&self, id: &MovieId, precondition: &Precondition) -> Result<(), StoreError> {
        self.items.delete(id.as_str(), precondition).await
    }

    /// A page of movies. It is complete by the deadline, and may then have fewer movies than its limit although more
    /// follow. Those of one year come from an index, which follows the table within moments.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn list(&self, query: &ListQuery, deadline: Instant) -> Result<Page, StoreError> {
        let ListQuery { limit, year, cursor } = query;
        let partition = year.map(|year| Partition {
            index: YEAR_INDEX,
            attribute: "year",
            value: AttributeValue::N(year.to_string()),
        });
        let selection = Selection { partition, projection: record::projection(), names: record::projection_names() };
        let page = self.items.list(&selection, *limit, cursor.clone(), deadline.into()).await?;
        Ok(Page { items: page.items, next: page.next })
    }
}
