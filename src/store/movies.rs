//! Stores movies as items of the table.

use std::{time::Instant, vec};

use aws_config::SdkConfig;
use aws_sdk_dynamodb::types::AttributeValue;

use super::{
    Item, Keys, StoreError,
    items::{Items, Updated},
    paging::{Partition, Selection},
    plan::{Plan, carry_out},
    precondition::Precondition,
    record::{self, NotAMovie},
    size, version,
};
use crate::{
    api::ListQuery,
    movie::{Movie, MovieId, MoviePatch},
};

/// The index that lists the movies of one year.
pub const YEAR_INDEX: &str = "by-year";

/// A movie with its version.
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
    /// The movies with their ids, in the order of the table. The iterator parses each movie on demand, so that a page
    /// is not in memory twice.
    #[must_use]
    pub fn into_movies(self) -> Movies {
        Movies { items: self.items.into_iter(), others: Vec::new() }
    }
}

/// The maximum number of items that a log line lists.
const MAX_NAMED: usize = 10;

/// The movies of a page. It leaves out items that are not movies, and logs them all in one line at the end.
#[derive(Debug)]
pub struct Movies {
    items: vec::IntoIter<Item>,
    others: Vec<NotAMovie>,
}

impl Iterator for Movies {
    type Item = (String, VersionedMovie);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            match record::read(self.items.next()?) {
                Ok(movie) => return Some(movie),
                Err(other) => self.others.push(other),
            }
        }
    }
}

impl Drop for Movies {
    fn drop(&mut self) {
        if !self.others.is_empty() {
            let named: Vec<_> = self.others.iter().take(MAX_NAMED).map(ToString::to_string).collect();
            let (count, items) = (self.others.len(), named.join(", "));
            tracing::error!(count, items, "items in the table are not movies");
        }
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

    /// The table of remembered requests that has this name.
    #[must_use]
    pub fn keys(&self, table: &str) -> Keys {
        Keys { client: self.items.client.clone(), table: table.to_owned() }
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
    /// [`StoreError::NotFound`], [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    pub async fn get(&self, id: &MovieId) -> Result<VersionedMovie, StoreError> {
        record::from_item(self.items.get(id.as_str()).await?)
    }

    /// Stores a new movie.
    ///
    /// # Errors
    /// [`StoreError::Exists`], [`StoreError::TooLarge`], [`StoreError::Unavailable`].
    pub async fn create(&self, id: &MovieId, movie: Movie) -> Result<VersionedMovie, StoreError> {
        let version = version::new()?;
        let item = record::to_item(id.as_str(), &movie, Movie::FIELDS, &version, Item::new())?;
        self.items.create(item, &version).await?;
        Ok(VersionedMovie { movie, version })
    }

    /// Changes fields of a movie, and keeps other clients' changes to other fields. If `new_id` differs from `id`,
    /// moves the movie there in one atomic step.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::Exists`] if the new id is taken, [`StoreError::Stale`],
    /// [`StoreError::TooLarge`], [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    pub async fn update(
        &self,
        id: &MovieId,
        new_id: &MovieId,
        patch: &MoviePatch,
        precondition: &Precondition,
    ) -> Result<VersionedMovie, StoreError> {
        if id == new_id && !precondition.names_derived() {
            let changes = record::changes(patch)?;
            let mut condition = precondition.condition();
            record::require_movie(&mut condition, id, &changes);
            match self.items.update(id.as_str(), changes, condition).await? {
                Updated::Done(item) => return record::from_item(item),
                // If the item says why, a read would say the same.
                Updated::Refused(item) => changed(&item, new_id, patch, precondition)?,
            };
        }
        carry_out(|| self.plan_update(id, new_id, patch, precondition)).await
    }

    /// Deletes a movie.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::Stale`], [`StoreError::Unavailable`].
    pub async fn delete(&self, id: &MovieId, precondition: &Precondition) -> Result<(), StoreError> {
        carry_out(|| self.plan_delete(id, precondition)).await
    }

    /// Checks that the fields of a patch fit into an item, whatever else the item has.
    ///
    /// # Errors
    /// [`StoreError::TooLarge`].
    pub fn check_size(&self, patch: &MoviePatch) -> Result<(), StoreError> {
        let set = record::changes(patch)?.set;
        if size::of(&set) > size::MAX_ITEM_BYTES { Err(StoreError::TooLarge) } else { Ok(()) }
    }

    /// A plan that does the same as [`Self::create`].
    ///
    /// # Errors
    /// [`StoreError::TooLarge`].
    pub fn plan_create(&self, id: &MovieId, movie: &Movie) -> Result<Plan<VersionedMovie>, StoreError> {
        let version = version::new()?;
        let item = record::to_item(id.as_str(), movie, Movie::FIELDS, &version, Item::new())?;
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
        let change = |current: &Item| changed(current, new_id, patch, precondition);
        self.items.plan_change(id.as_str(), change).await
    }

    /// A plan that does the same as [`Self::delete`].
    ///
    /// # Errors
    /// Those errors of [`Self::delete`] that a read shows, if one is needed.
    pub async fn plan_delete(&self, id: &MovieId, precondition: &Precondition) -> Result<Plan<()>, StoreError> {
        self.items.plan_delete(id.as_str(), precondition).await
    }

    /// A page of movies. At the deadline, it ends with the movies found until then, even if more follow. The movies of
    /// one year come from an index, which follows the table within moments.
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
        let (projection, names) = (record::projection(Movie::FIELDS), record::projection_names(Movie::FIELDS));
        let selection = Selection { partition, projection, names };
        let page = self.items.list(&selection, *limit, cursor.clone(), deadline.into()).await?;
        Ok(Page { items: page.items, next: page.next })
    }
}

/// The item after a patch, and the movie in it. Only a movie is stored, at the id of its title and year.
fn changed(
    current: &Item,
    new_id: &MovieId,
    patch: &MoviePatch,
    precondition: &Precondition,
) -> Result<(Option<Item>, VersionedMovie), StoreError> {
    // An item that does not become a movie counts as absent, whatever the precondition.
    let movie = record::patched(current, new_id, patch)?;
    precondition.check(current)?;
    let version = version::new()?;
    let item = record::to_item(new_id.as_str(), &movie, Movie::FIELDS, &version, current.clone())?;
    Ok((Some(item), VersionedMovie { movie, version }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::captured::Log;

    #[test]
    fn one_line_names_the_items_of_a_page_that_are_not_movies() {
        let item = |id: String| Item::from([("id".to_owned(), AttributeValue::S(id))]);
        for (count, named) in [(0, 0), (1, 1), (12, MAX_NAMED)] {
            let log = Log::default();
            let writer = log.clone();
            let subscriber = tracing_subscriber::fmt().with_writer(move || writer.clone()).finish();
            let page = Page { items: (0..count).map(|n| item(format!("Row {n}-1"))).collect(), next: None };
            tracing::subscriber::with_default(subscriber, || assert_eq!(page.into_movies().count(), 0));
            let log = log.text();
            assert_eq!(log.lines().count(), count.min(1), "{log}");
            assert_eq!(log.matches("-1' (missing field `title`)").count(), named, "{log}");
            assert_eq!(log.contains(&format!("count={count}")), count > 0, "{log}");
        }
    }
}
