//! What a client requires of an item's version before a write (RFC 9110 §13), and the DynamoDB condition for it.

use aws_sdk_dynamodb::types::AttributeValue;

use super::{Item, StoreError, expression::Condition, version};

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
        if self.allows(&version::of(item)) { Ok(()) } else { Err(StoreError::Stale) }
    }

    /// Whether an item of this version may be changed.
    pub(super) fn allows(&self, version: &str) -> bool {
        self.if_match.as_ref().is_none_or(|required| required.contains(version))
            && !self.if_none_match.as_ref().is_some_and(|unwanted| unwanted.contains(version))
    }

    /// Whether it names a derived version, which a condition cannot compare.
    pub(super) fn names_derived(&self) -> bool {
        let lists = [&self.if_match, &self.if_none_match].into_iter().flatten();
        lists.into_iter().any(|versions| match versions {
            Versions::Any => false,
            Versions::OneOf(versions) => versions.iter().any(|version| version::is_derived(version)),
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
    let versions = versions.iter().filter(|version| version::is_opaque_tag(version)).enumerate();
    let mut placeholders = Vec::new();
    for (n, version) in versions {
        let placeholder = format!("{prefix}{n}");
        condition.values.insert(placeholder.clone(), AttributeValue::S(version.clone()));
        placeholders.push(placeholder);
    }
    (!placeholders.is_empty()).then(|| format!("etag IN ({})", placeholders.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

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
            assert_eq!(precondition.names_derived(), expected, "{precondition:?}");
        }
    }

    #[test]
    fn two_full_lists_stay_within_the_size_of_an_expression() {
        let versions = Versions::OneOf((0..100).map(|n| format!("version-{n}")).collect());
        let precondition = Precondition { if_match: Some(versions.clone()), if_none_match: Some(versions) };
        assert!(precondition.condition().expression.len() < 4096 / 2);
    }
}
