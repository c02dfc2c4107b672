//! The conditions of writes, as DynamoDB expressions: what a client requires of an item's version (RFC 9110 §13), and
//! that an item has not changed since it was read.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

use super::{
    Item, StoreError,
    version::{is_derived, is_opaque_tag, stored_version, string, version_of},
};

/// The maximum number of attributes that a condition compares. DynamoDB accepts 300 operators, and a comparison and its
/// `AND` are two.
const MAX_COMPARED: usize = 100;

/// An expression, and the values of the call's placeholders. Names have placeholders, because some are reserved words.
#[derive(Default)]
pub(super) struct Condition {
    pub expression: String,
    pub names: Names,
    pub values: Values,
}

type Names = HashMap<String, String>;
type Values = HashMap<String, AttributeValue>;

impl Condition {
    pub(super) fn new(expression: impl Into<String>) -> Self {
        Self { expression: expression.into(), ..Self::default() }
    }

    /// The condition that an item has not changed since it was read. It compares the stored version, or else the
    /// attributes.
    pub(super) fn unchanged(item: &Item) -> Self {
        if let Some(version) = stored_version(item) {
            let mut condition = Self::new("etag = :version");
            condition.values.insert(":version".to_owned(), string(version));
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

    /// The expression, and the names and values of its placeholders. DynamoDB rejects an empty map.
    pub(super) fn into_parts(self) -> (String, Option<Names>, Option<Values>) {
        let Self { expression, names, values } = self;
        (expression, Some(names).filter(|names| !names.is_empty()), Some(values).filter(|values| !values.is_empty()))
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
        self.values.insert(format!(":type_{of_type}"), string(of_type));
    }
}

/// What a client requires of an item's current version. Both parts must hold.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Precondition {
    /// `If-Match`: the version is one of these.
    pub if_match: Option<Versions>,
    /// `If-None-Match`: the version is not one of these.
    pub if_none_match: Option<Versions>,
}

/// The versions that a precondition names.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Versions {
    /// `*`: the version of any item that exists.
    Any,
    /// A list of versions. DynamoDB compares with up to 100.
    OneOf(Vec<String>),
}

impl Versions {
    /// Whether `version` is one of these.
    #[must_use]
    pub fn contains(&self, version: &str) -> bool {
        match self {
            Self::Any => true,
            Self::OneOf(versions) => versions.iter().any(|one| one == version),
        }
    }
}

/// A clause that makes the whole condition false: the other clauses require that the item exists.
const NEVER: &str = "attribute_not_exists(id)";

impl Precondition {
    /// Checks that this item may be changed.
    pub(super) fn check(&self, item: &Item) -> Result<(), StoreError> {
        if self.allows(&version_of(item)) { Ok(()) } else { Err(StoreError::PreconditionFailed) }
    }

    /// Why a transaction that requires this precondition was refused. `found` is the item that DynamoDB returned.
    pub(super) fn error(&self, found: Option<&Item>) -> StoreError {
        match found.filter(|item| !item.is_empty()).map(|item| self.check(item)) {
            None => StoreError::NotFound,
            Some(Err(error)) => error,
            // The item meets the precondition, so it is not the reason.
            Some(Ok(())) => StoreError::Unavailable,
        }
    }

    /// Whether an item of this version may be changed.
    pub(super) fn allows(&self, version: &str) -> bool {
        self.if_match.as_ref().is_none_or(|required| required.contains(version))
            && !self.if_none_match.as_ref().is_some_and(|unwanted| unwanted.contains(version))
    }

    /// Whether it names a version that is derived from an item's content, which a condition cannot compare.
    pub(super) fn has_derived_version(&self) -> bool {
        let lists = [&self.if_match, &self.if_none_match].into_iter().flatten();
        lists.into_iter().any(|versions| match versions {
            Versions::Any => false,
            Versions::OneOf(versions) => versions.iter().any(|version| is_derived(version)),
        })
    }

    /// The condition of a write: the item exists, and its version meets the precondition.
    pub(super) fn condition(&self) -> Condition {
        let mut condition = Condition::new("attribute_exists(id)");
        if let Some(Versions::OneOf(versions)) = &self.if_match {
            let clause = one_of(versions, ":match", &mut condition).unwrap_or_else(|| NEVER.to_owned());
            condition.and(clause);
        }
        match &self.if_none_match {
            None => {}
            Some(Versions::Any) => condition.and(NEVER),
            Some(Versions::OneOf(versions)) => {
                if let Some(clause) = one_of(versions, ":none", &mut condition) {
                    condition.and(format!("NOT ({clause})"));
                }
            }
        }
        condition
    }
}

/// The clause that the stored version is one of these; `None` if an item cannot have any of them.
fn one_of(versions: &[String], prefix: &str, condition: &mut Condition) -> Option<String> {
    let versions = versions.iter().filter(|version| is_opaque_tag(version)).enumerate();
    let mut placeholders = Vec::new();
    for (n, version) in versions {
        let placeholder = format!("{prefix}{n}");
        condition.values.insert(placeholder.clone(), string(version));
        placeholders.push(placeholder);
    }
    (!placeholders.is_empty()).then(|| format!("etag IN ({})", placeholders.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(attributes: &[(&str, &str)]) -> Item {
        let string = |(name, text): &(&str, &str)| ((*name).to_owned(), super::string(text));
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

    fn list(versions: &[&str]) -> Versions {
        Versions::OneOf(versions.iter().map(|version| (*version).to_owned()).collect())
    }

    #[test]
    fn a_condition_says_what_the_headers_say() {
        for (if_match, if_none_match, expression, allows) in [
            (None, None, "attribute_exists(id)", true),
            (Some(Versions::Any), None, "attribute_exists(id)", true),
            (Some(list(&["a", "b"])), None, "attribute_exists(id) AND etag IN (:match0, :match1)", true),
            (Some(list(&["b"])), None, "attribute_exists(id) AND etag IN (:match0)", false),
            (Some(list(&[])), None, "attribute_exists(id) AND attribute_not_exists(id)", false),
            (Some(list(&[""])), None, "attribute_exists(id) AND attribute_not_exists(id)", false),
            (None, Some(Versions::Any), "attribute_exists(id) AND attribute_not_exists(id)", false),
            (None, Some(list(&["a", "b"])), "attribute_exists(id) AND NOT (etag IN (:none0, :none1))", false),
            (None, Some(list(&["", "b"])), "attribute_exists(id) AND NOT (etag IN (:none0))", true),
            (None, Some(list(&[""])), "attribute_exists(id)", true),
            (Some(list(&["a b", "a\u{e9}"])), None, "attribute_exists(id) AND attribute_not_exists(id)", false),
            (
                Some(list(&["a"])),
                Some(list(&["b"])),
                "attribute_exists(id) AND etag IN (:match0) AND NOT (etag IN (:none0))",
                true,
            ),
        ] {
            let precondition = Precondition { if_match, if_none_match };
            let condition = precondition.condition();
            assert_eq!(condition.expression, expression, "{precondition:?}");
            assert_eq!(condition.values.len(), expression.matches(':').count(), "{precondition:?}");
            assert_eq!(precondition.allows("a"), allows, "{precondition:?}");
        }
    }

    #[test]
    fn a_derived_version_is_named_by_either_header() {
        for (if_match, if_none_match, expected) in [
            (None, None, false),
            (Some(Versions::Any), Some(Versions::Any), false),
            (Some(list(&["a"])), Some(list(&["b"])), false),
            (Some(list(&["a", "content.b"])), None, true),
            (None, Some(list(&["content."])), true),
        ] {
            let precondition = Precondition { if_match, if_none_match };
            assert_eq!(precondition.has_derived_version(), expected, "{precondition:?}");
        }
    }

    #[test]
    fn two_full_lists_stay_within_the_size_of_an_expression() {
        let versions = Versions::OneOf((0..100).map(|n| format!("version-{n}")).collect());
        let precondition = Precondition { if_match: Some(versions.clone()), if_none_match: Some(versions) };
        assert!(precondition.condition().expression.len() < 4096 / 2);
    }

    #[test]
    fn a_failed_precondition_is_explained_by_the_item_that_failed_it() {
        let item = item(&[("id", "A-1"), ("etag", "v1")]);
        for (item, if_match, expected) in [
            (None, "v1", StoreError::NotFound),
            (Some(Item::new()), "v1", StoreError::NotFound),
            (Some(item.clone()), "v0", StoreError::PreconditionFailed),
            (Some(item), "v1", StoreError::Unavailable),
        ] {
            let precondition = Precondition { if_match: Some(list(&[if_match])), if_none_match: None };
            assert_eq!(precondition.error(item.as_ref()), expected, "{item:?}, {precondition:?}");
        }
    }
}
