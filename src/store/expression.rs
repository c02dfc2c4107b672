//! DynamoDB expressions: the condition of a write, and the update of an item.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

use super::{Item, version};

/// The maximum number of attributes that a condition compares. DynamoDB accepts 300 operators, and a comparison and its
/// `AND` are two.
const MAX_COMPARED: usize = 100;

/// An expression, and the values of the call's placeholders. Names have placeholders, because some are reserved words.
pub(super) struct Condition {
    pub expression: String,
    pub names: HashMap<String, String>,
    pub values: HashMap<String, AttributeValue>,
}

impl Condition {
    pub(super) fn new(expression: impl Into<String>) -> Self {
        Self { expression: expression.into(), names: HashMap::new(), values: HashMap::new() }
    }

    /// The condition that an item has not changed since it was read. It compares the stored version, or else the
    /// attributes.
    pub(super) fn unchanged(item: &Item) -> Self {
        if let Some(version) = version::stored(item) {
            let mut condition = Self::new("etag = :version");
            condition.values.insert(":version".to_owned(), AttributeValue::S(version.to_owned()));
            return condition;
        }
        // An invalid `etag` is compared like any other attribute.
        let mut condition = Self::new(if item.contains_key("etag") { "" } else { "attribute_not_exists(etag)" });
        let mut attributes: Vec<_> = item.iter().collect();
        attributes.sort_unstable_by_key(|(name, _)| *name);
        for (n, (name, value)) in attributes.into_iter().take(MAX_COMPARED).enumerate() {
            condition.and(format!("#read{n} = :read{n}"));
            condition.names.insert(format!("#read{n}"), name.clone());
            condition.values.insert(format!(":read{n}"), value.clone());
        }
        condition
    }

    /// Adds a clause.
    pub(super) fn and(&mut self, clause: impl AsRef<str>) {
        if !self.expression.is_empty() {
            self.expression.push_str(" AND ");
        }
        self.expression.push_str(clause.as_ref());
    }

    /// Adds the clause that the attribute has this value.
    pub(super) fn and_equal(&mut self, name: &str, value: AttributeValue) {
        self.and(format!("#{name} = :{name}"));
        self.names.insert(format!("#{name}"), name.to_owned());
        self.values.insert(format!(":{name}"), value);
    }

    /// Adds the clause that the attribute has this DynamoDB type.
    pub(super) fn and_type(&mut self, name: &str, of_type: &str) {
        self.and(format!("attribute_type(#{name}, :type_{of_type})"));
        self.names.insert(format!("#{name}"), name.to_owned());
        self.values.insert(format!(":type_{of_type}"), AttributeValue::S(of_type.to_owned()));
    }
}

/// What an update sets and removes.
pub(super) struct Changes {
    pub set: Item,
    pub remove: Vec<String>,
}

impl Changes {
    /// The changes that turn `current` into `new`.
    pub(super) fn between(current: &Item, new: Item) -> Self {
        let remove = current.keys().filter(|name| !new.contains_key(*name)).cloned().collect();
        Self { set: new.into_iter().filter(|(name, value)| current.get(name) != Some(value)).collect(), remove }
    }

    /// The update expression, with additional `clauses` that set attributes. Adds its placeholders to `condition`.
    pub(super) fn expression(self, clauses: &[&str], condition: &mut Condition) -> String {
        let mut clauses: Vec<_> = clauses.iter().map(|clause| (*clause).to_owned()).collect();
        for (n, (name, value)) in self.set.into_iter().enumerate() {
            clauses.push(format!("#set{n} = :set{n}"));
            condition.names.insert(format!("#set{n}"), name);
            condition.values.insert(format!(":set{n}"), value);
        }
        let mut expression = format!("SET {}", clauses.join(", "));
        let mut removed = Vec::new();
        for (n, name) in self.remove.into_iter().enumerate() {
            removed.push(format!("#remove{n}"));
            condition.names.insert(format!("#remove{n}"), name);
        }
        if !removed.is_empty() {
            expression = format!("{expression} REMOVE {}", removed.join(", "));
        }
        expression
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(attributes: &[(&str, &str)]) -> Item {
        let string = |(name, text): &(&str, &str)| ((*name).to_owned(), AttributeValue::S((*text).to_owned()));
        attributes.iter().map(string).collect()
    }

    #[test]
    fn an_item_is_unchanged_if_its_version_or_all_its_attributes_are() {
        for (attributes, expression) in [
            (&[("id", "A-1"), ("etag", "v1")][..], "etag = :version"),
            (&[("id", "A-1")], "attribute_not_exists(etag) AND #read0 = :read0"),
            (&[("id", "A-1"), ("etag", "")], "#read0 = :read0 AND #read1 = :read1"),
        ] {
            let condition = Condition::unchanged(&item(attributes));
            assert_eq!(condition.expression, expression);
            assert_eq!(condition.values.len(), expression.matches(':').count());
            assert_eq!(condition.names.len(), expression.matches('#').count());
        }
    }

    #[test]
    fn an_item_of_many_attributes_stays_within_the_limits_of_an_expression() {
        let many = (0..1000).map(|n| (format!("attribute {n}"), AttributeValue::Null(true))).collect();
        let Condition { expression, names, .. } = Condition::unchanged(&many);
        assert!(expression.len() < 4096 && names.len() == MAX_COMPARED, "{expression}");
    }

    #[test]
    fn an_update_turns_one_item_into_the_other() {
        let changes = |current: &[_], new: &[_]| {
            let mut condition = Condition::new("c");
            let expression = Changes::between(&item(current), item(new)).expression(&["x = y"], &mut condition);
            (expression, condition.names.len(), condition.values.len())
        };
        let keep = ("id", "A-1");
        assert_eq!(changes(&[keep], &[keep]), ("SET x = y".to_owned(), 0, 0));
        assert_eq!(changes(&[keep], &[keep, ("a", "1")]), ("SET x = y, #set0 = :set0".to_owned(), 1, 1));
        assert_eq!(changes(&[keep, ("a", "1")], &[keep, ("a", "2")]), ("SET x = y, #set0 = :set0".to_owned(), 1, 1));
        assert_eq!(changes(&[keep, ("a", "1")], &[keep]), ("SET x = y REMOVE #remove0".to_owned(), 1, 0));
        let (expression, names, values) = changes(&[keep, ("a", "1"), ("b", "2")], &[keep, ("c", "3")]);
        assert_eq!((expression.as_str(), names, values), ("SET x = y, #set0 = :set0 REMOVE #remove0, #remove1", 3, 1));
    }
}
