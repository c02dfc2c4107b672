"""CloudFormation's own role has each permission that AWS's resource schemas list for the types in the template, but for the
exceptions below.

The schemas are the ones in cfn-lint's package. A schema lists what its handlers may ever call, whatever a template sets.
"""

import unittest
from typing import NamedTuple

import cloudformation
from account import may_make, pipeline
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER
from iam import as_list, matches


class Exception_(NamedTuple):
    """Actions of a type that the role lacks, and why. The reason holds while the template does not set the property."""

    type: str
    actions: str
    why: str
    unset: str = ""


LISTS = "Only a scan of the account or an import lists."
EXCEPTIONS = [
]
