//! Lists items in pages.
//!
//! DynamoDB ends its own pages after 1 MB, and applies a limit before a filter. So its pages can be short or empty,
//! although more items follow.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{AttributeValue, ReturnConsumedCapacity::Total};
use tokio::time::{Instant, timeout_at};

use super::{
    Item, Page, StoreError,
    items::{Items, size_of},
    version::string,
};
use crate::telemetry;

/// A page with this many bytes is full, because the JSON of a page ends before 450 KB. A page of DynamoDB that ends at 1 MB
/// is larger, unless a filter left items out.
const FULL_BYTES: usize = 450_000;

/// Which items are listed.
pub(super) struct Selection {
    /// One partition of an index; `None` for the whole table.
    pub partition: Option<Partition>,
    /// The attributes that are read, in addition to the id and the version. `prior_etag` is not read, because only
    /// writes use it, and one attribute more can double the hash map of each item (measured: 12% of a page).
    pub attributes: &'static [&'static str],
}

/// The items of an index whose attribute has a value.
pub(super) struct Partition {
    pub index: &'static str,
    pub attribute: &'static str,
    pub value: AttributeValue,
}

impl Selection {
    /// The projection, and the names for its placeholders. Some attributes are reserved words of DynamoDB.
    fn projection(&self) -> (String, HashMap<String, String>) {
        let names: HashMap<_, _> =
            self.attributes.iter().map(|name| (format!("#{name}"), (*name).to_owned())).collect();
        let placeholders: Vec<_> = self.attributes.iter().map(|name| format!("#{name}")).collect();
        (format!("id, etag, {}", placeholders.join(", ")), names)
    }
}

/// What one call returns.
struct Chunk {
    items: Vec<Item>,
    /// The key of the last item that DynamoDB evaluated, if more follow.
    last_key: Option<Item>,
}

impl Items {
    /// Up to `limit` items after the id `after`. At the deadline, the page ends with the items found until then.
    ///
    /// The read of a table is strongly consistent. An index follows the table within moments.
    pub(super) async fn list(
        &self,
        selection: &Selection,
        limit: usize,
        after: Option<String>,
        deadline: Instant,
    ) -> Result<Page<Item>, StoreError> {
        let start = after.map(|id| {
            let partition = selection.partition.as_ref();
            let partition = partition.map(|partition| (partition.attribute.to_owned(), partition.value.clone()));
            partition.into_iter().chain([("id".to_owned(), string(&id))]).collect()
        });
        collect(limit, start, deadline, |start, limit| self.fetch(selection, start, limit)).await
    }

    async fn fetch(&self, selection: &Selection, start: Option<Item>, limit: i32) -> Result<Chunk, StoreError> {
        match &selection.partition {
            None => self.scan(selection, start, limit).await,
            Some(partition) => self.query(selection, partition, start, limit).await,
        }
    }

    async fn scan(&self, selection: &Selection, start: Option<Item>, limit: i32) -> Result<Chunk, StoreError> {
        let (projection, names) = selection.projection();
        let call = self
            .client
            .scan()
            .table_name(&self.table)
            .consistent_read(true)
            .projection_expression(projection)
            .set_expression_attribute_names(Some(names))
            .limit(limit)
            .set_exclusive_start_key(start)
            .return_consumed_capacity(Total);
        let page = Box::pin(call.send()).await.map_err(|error| StoreError::from_sdk("scan", &error))?;
        telemetry::add_read_units(page.consumed_capacity());
        Ok(Chunk { items: page.items.unwrap_or_default(), last_key: page.last_evaluated_key })
    }

    async fn query(
        &self,
        selection: &Selection,
        partition: &Partition,
        start: Option<Item>,
        limit: i32,
    ) -> Result<Chunk, StoreError> {
        let Partition { index, attribute, value } = partition;
        let (projection, names) = selection.projection();
        let call = self
            .client
            .query()
            .table_name(&self.table)
            .index_name(*index)
            .key_condition_expression(format!("#{attribute} = :{attribute}"))
            .projection_expression(projection)
            .set_expression_attribute_names(Some(names))
            .expression_attribute_names(format!("#{attribute}"), *attribute)
            .expression_attribute_values(format!(":{attribute}"), value.clone())
            .limit(limit)
            .set_exclusive_start_key(start)
            .return_consumed_capacity(Total);
        let page = Box::pin(call.send()).await.map_err(|error| StoreError::from_sdk("query", &error))?;
        telemetry::add_read_units(page.consumed_capacity());
        Ok(Chunk { items: page.items.unwrap_or_default(), last_key: page.last_evaluated_key })
    }
}

/// Fetches until the page is full, no items follow, or the deadline has passed. It reads one item more than the limit.
/// This item shows whether another page follows, so the last page is not empty.
async fn collect<F: Future<Output = Result<Chunk, StoreError>>>(
    limit: usize,
    start: Option<Item>,
    deadline: Instant,
    mut fetch: impl FnMut(Option<Item>, i32) -> F,
) -> Result<Page<Item>, StoreError> {
    let wanted = |found: usize| i32::try_from((limit - found).saturating_add(1)).unwrap_or(i32::MAX);
    let mut items: Vec<Item> = Vec::new();
    let mut fetched = fetch(start, wanted(0)).await?;
    loop {
        items.extend(fetched.items);
        if items.len() > limit {
            items.truncate(limit);
            let next = items.last().and_then(id);
            return Ok(Page { items, next });
        }
        let Some(last_key) = fetched.last_key else { return Ok(Page { items, next: None }) };
        let next = id(&last_key);
        if items.iter().map(size_of).sum::<usize>() >= FULL_BYTES {
            return Ok(Page { items, next });
        }
        fetched = match timeout_at(deadline, fetch(Some(last_key), wanted(items.len()))).await {
            Ok(fetched) => fetched?,
            Err(_) => return Ok(Page { items, next }),
        };
    }
}

/// The id in an item or a key.
fn id(item: &Item) -> Option<String> {
    item.get("id")?.as_s().ok().cloned()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn item(n: usize, bytes: usize) -> Item {
        let text = AttributeValue::S("x".repeat(bytes));
        Item::from([("id".to_owned(), string(&n.to_string())), ("text".to_owned(), text)])
    }

    /// DynamoDB's response to each call: the items, and the item after which it stopped.
    type Calls = Vec<(std::ops::Range<usize>, Option<usize>)>;

    /// Collects a page. Returns its ids, the id after which the next page starts, and the limits of the calls.
    async fn page(limit: usize, item_bytes: usize, calls: Calls) -> (Vec<String>, Option<String>, Vec<i32>) {
        let mut limits = Vec::new();
        let mut starts = Vec::new();
        let mut coming = calls.clone().into_iter();
        let deadline = Instant::now() + Duration::from_millis(50);
        let page = collect(limit, None, deadline, |start, limit| {
            limits.push(limit);
            starts.push(start.as_ref().and_then(id));
            let fetched = coming.next().map(|(items, last)| Chunk {
                items: items.map(|n| item(n, item_bytes)).collect(),
                last_key: last.map(|n| item(n, 0)),
            });
            async move { if let Some(fetched) = fetched { Ok(fetched) } else { std::future::pending().await } }
        });
        let page = page.await.unwrap();
        // Each call continues where the previous call stopped.
        let lasts: Vec<_> = calls.iter().map(|(_, last)| last.map(|n| n.to_string())).collect();
        assert_eq!(starts[1..], lasts[..starts.len() - 1]);
        (page.items.iter().filter_map(id).collect(), page.next, limits)
    }

    #[tokio::test]
    async fn a_page_is_filled_from_pages_that_are_short_or_empty() {
        for (what, limit, bytes, calls, count, next, limits) in [
            ("all at once", 3, 0, vec![(0..2, None)], 2, None, vec![4]),
            ("exactly as many", 3, 0, vec![(0..3, None)], 3, None, vec![4]),
            ("more", 3, 0, vec![(0..4, Some(3))], 3, Some("2"), vec![4]),
            ("as many, more may follow, none does", 3, 0, vec![(0..3, Some(2)), (3..3, None)], 3, None, vec![4, 1]),
            (
                "short pages",
                3,
                0,
                vec![(0..1, Some(5)), (6..8, Some(7)), (9..10, Some(9))],
                3,
                Some("7"),
                vec![4, 3, 1],
            ),
            ("empty pages", 3, 0, vec![(0..0, Some(5)), (6..6, Some(9)), (10..11, None)], 1, None, vec![4, 4, 4]),
            ("nothing", 3, 0, vec![(0..0, None)], 0, None, vec![4]),
            ("many bytes", 9, 300_000, vec![(0..1, Some(5)), (6..7, Some(6))], 2, Some("6"), vec![10, 9]),
            ("time is up", 3, 0, vec![(0..1, Some(5))], 1, Some("5"), vec![4, 3]),
            ("time is up, and nothing found", 3, 0, vec![(0..0, Some(5))], 0, Some("5"), vec![4, 4]),
        ] {
            let (ids, after, asked) = page(limit, bytes, calls).await;
            assert_eq!((ids.len(), after.as_deref(), asked), (count, next, limits), "{what}");
        }
    }
}
