"""parliament, a linter for IAM policies, finds no action that ignores its resource or its condition. cfn-lint does not compare these."""

import json
import re
import unittest
import warnings

import cloudformation
import pipeline
from pipeline import ACCOUNT, REGION

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import parliament

ARNS = {"Artifacts": "arn:aws:s3:::x", "Function": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:x", "Role": f"arn:aws:iam::{ACCOUNT}:role/x",
        "Logs": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:x:*", "Table": f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/x"}
KINDS = {"RESOURCE_MISMATCH", "UNKNOWN_CONDITION_FOR_ACTION", "MISMATCHED_TYPE"}


def findings(statements: list[dict]) -> list[tuple[str, str]]:
    document = json.dumps({"Version": "2012-10-17", "Statement": statements})
    document = re.sub(r"\w*?(Artifacts|Function|Logs|Role|Table)\.Arn", lambda found: ARNS[found[1]], document)
    document = document.replace('"Boundary"', f'"arn:aws:iam::{ACCOUNT}:policy/x"')
    return [(each.issue, str(each.detail)) for each in parliament.analyze_policy_string(document).findings if each.issue in KINDS]


class PoliciesTest(unittest.TestCase):
    def test_each_action_supports_its_resource_and_its_condition(self) -> None:
        service = pipeline.fill(cloudformation.translate(cloudformation.template(), {})["Resources"])
        policies = pipeline.policies(pipeline.resources()) | pipeline.policies(service)
        self.assertEqual(len(policies), 8)
        for name, statements in policies.items():
            self.assertEqual(findings(statements) if statements else [], [], name)
