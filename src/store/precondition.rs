//! What a client requires of an item's version before a write (RFC 9110 §13), and the DynamoDB condition that says it.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

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

/// A condition expression, and the values of its placeholders.
pub(super) struct Condition {
    pub expression: String,
    pub values: HashMap<String, AttributeValue>,
}

impl Condition {
    /// Demands this very version too.
    pub(super) fn and_version(mut self, version: String) -> Self {
        self.expression.push_str(" AND etag = :version");
        self.values.insert(":version".to_owned(), AttributeValue::S(version));
        self
    }
}

/// False for every item that exists, which the expression demands before.
const NEVER: &str = "attribute_not_exists(id)";

impl Precondition {
    /// Whether an item of this version may be changed.
    pub(super) fn allows(&self, version: &str) -> bool {
        self.if_match.as_ref().is_none_or(|required| required.contains(version))
            && !self.if_none_match.as_ref().is_some_and(|unwanted| unwanted.contains(version))
    }

    /// The condition under which an item that exists may be changed.
    pub(super) fn condition(&self) -> Condition {
        let mut values = HashMap::new();
        let mut clauses = vec!["attribute_exists(id)".to_owned()];
        if let Some(Versions::OneOf(versions)) = &self.if_match {
            clauses.push(one_of(versions, ":match", &mut values).unwrap_or_else(|| NEVER.to_owned()));
        }
        match &self.if_none_match {
            None => {}
            Some(Versions::Any) => clauses.push(NEVER.to_owned()),
            Some(Versions::OneOf(versions)) => {
                clauses.extend(one_of(versions, ":none", &mut values).map(|one_of| format!("NOT ({one_of})")));
            }
        }
        Condition { expression: clauses.join(" AND "), values }
    }
}

/// The clause that the version is one of these, if there are any. No item has an empty version.
fn one_of(versions: &[String], prefix: &str, values: &mut HashMap<String, AttributeValue>) -> Option<String> {
    let versions = versions.iter().filter(|version| !version.is_empty()).enumerate();
    let mut placeholders = Vec::new();
    for (n, version) in versions {
        let placeholder = format!("{prefix}{n}");
        values.insert(placeholder.clone(), AttributeValue::S(version.clone()));
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
    fn two_full_lists_stay_within_the_size_of_an_expression() {
        let versions = Versions::OneOf((0..100).map(|n| format!("version-{n}")).collect());
        let precondition = Precondition { if_match: Some(versions.clone()), if_none_match: Some(versions) };
        assert!(precondition.condition().expression.len() < 4096 / 2);
    }
}
