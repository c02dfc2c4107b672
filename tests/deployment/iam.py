"""IAM's decision about a call, for the part of the policy language that the project's policies use.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

import functools
import re
from collections.abc import Iterable, Mapping

Statement = Mapping
Context = Mapping[str, str]


def allows(statements: Iterable[Statement], action: str, resource: str, context: Context | None = None) -> bool:
    """One statement allows the call, and no statement denies it."""
    effects = {statement["Effect"] for statement in statements if applies(statement, action, resource, context or {})}
    return effects == {"Allow"}


def applies(statement: Statement, action: str, resource: str, context: Context) -> bool:
    return (
        # The case of letters matters in resources, but not in actions.
        any(matches(pattern.lower(), action.lower()) for pattern in as_list(statement["Action"]))
        and any(matches(pattern, resource) for pattern in as_list(statement["Resource"]))
        and all(
            holds(operator, context.get(key), as_list(wanted))
            for operator, keys in statement.get("Condition", {}).items()
            for key, wanted in keys.items()
        )
    )


def holds(operator: str, value: str | None, wanted: list[str]) -> bool:
    match operator:
        case "Null":
            return wanted == [str(value is None).lower()]
        case "StringEquals" | "Bool":
            return value in wanted
        # A negated operator is true for a missing key.
        case "StringNotEquals":
            return value not in wanted
        case "StringLike" | "ForAnyValue:StringLike":
            return value is not None and any(matches(pattern, value) for pattern in wanted)
    raise NotImplementedError(operator)


def matches(pattern: str, text: str) -> bool:
    return regex(pattern).fullmatch(text) is not None


@functools.cache
def regex(pattern: str) -> re.Pattern:
    """`*` matches any characters, including `/` and `:`; `?` matches one character."""
    return re.compile("".join({"*": ".*", "?": "."}.get(character, re.escape(character)) for character in pattern), re.DOTALL)


def as_list(value) -> list:
    return value if isinstance(value, list) else [value]
