"""parliament, a linter for IAM policies, reports only the findings that are explained below."""

import json
import unittest
from typing import NamedTuple

import cloudformation
import parliament
from account import Stack, pipeline


class Finding(NamedTuple):
    policy: str
    issue: str
    detail: str


TRANSFORM = "AWS owns the transform, so its ARN contains aws instead of an account."
ANY_ALARM = "CodeDeploy and CloudFormation need DescribeAlarms for all alarms."
GITHUB = "parliament knows only the claims in the tokens of Amazon, Facebook and Google."
EXPECTED = {
    Finding("DeployRole, trust", "UNKNOWN_FEDERATION_SOURCE",
            "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com"): GITHUB,
    Finding("DeployRole, trust", "UNKNOWN_CONDITION_FOR_ACTION",
            "Unknown condition token.actions.githubusercontent.com:aud for action sts:AssumeRoleWithWebIdentity"): GITHUB,
    Finding("DeployRole, trust", "UNKNOWN_CONDITION_FOR_ACTION",
            "Unknown condition token.actions.githubusercontent.com:sub for action sts:AssumeRoleWithWebIdentity"): GITHUB,
    Finding("DeployRole, deploy", "INVALID_ARN", "Account expected to be of form like 123456789012"): TRANSFORM,
    Finding("MakeTheService", "INVALID_ARN", "Account expected to be of form like 123456789012"): TRANSFORM,
    Finding("MakeTheService", "UNKNOWN_ACTION", "Unknown action lambda:GetFunctionScalingConfig"):
        "The schema of AWS::Lambda::Function contains this action. parliament's list is older.",
    Finding("MakeTheService", "MISMATCHED_TYPE_BUT_USABLE", "Type mismatch: StringEquals requires a value of type String but given Arn"):
        "The boundary is exactly one policy. ArnEquals would match wildcards.",
    Finding("MakeItsSurroundings", "RESOURCE_STAR", "['cloudwatch:DescribeAlarms']"): ANY_ALARM,
    Finding("Boundary", "RESOURCE_STAR", "['cloudwatch:DescribeAlarms']"): ANY_ALARM,
    Finding("Boundary", "RESOURCE_STAR", "['logs:CreateLogGroup', 'logs:CreateLogStream', 'logs:DescribeLogStreams', "
            "'logs:FilterLogEvents', 'logs:GetLogEvents', 'logs:PutLogEvents']"):
        "API Gateway's logging role belongs to the account and writes to all log groups. A boundary does not grant permissions.",
    Finding("DeploymentRole, move-alias", "RESOURCE_STAR", "['cloudwatch:DescribeAlarms']"): ANY_ALARM,
}


class PoliciesTest(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls) -> None:
        translated = cloudformation.translate(cloudformation.template(), {})
        cls.policies = pipeline().policies() | Stack(translated, "movies-dev", {"Stage": "dev"}).policies()

    def test_parliament_reports_only_explained_findings(self) -> None:
        self.assertGreater(len(self.policies), 10)
        found = {finding for name, document in self.policies.items() for finding in findings(name, document)}
        self.assertEqual(found, set(EXPECTED), "Fix each new finding, and delete explanations of findings that no longer occur.")

    def test_parliament_reports_an_action_that_does_not_support_its_resource(self) -> None:
        statement = {"Effect": "Allow", "Action": "codedeploy:StopDeployment",
                     "Resource": "arn:aws:codedeploy:eu-west-1:111122223333:application:movies"}
        (finding,) = findings("", {"Version": "2012-10-17", "Statement": [statement]})
        self.assertEqual(finding.issue, "RESOURCE_MISMATCH")

    def test_every_policy_fits_iams_quotas(self) -> None:
        for name, document in self.policies.items():
            # IAM does not count white space. The quotas apply to a trust policy, the inline policies of a role, and a managed policy.
            quota = 2048 if name.endswith("trust") else 10240 if "," in name else 6144
            self.assertLessEqual(len(json.dumps(document, separators=(",", ":"))), quota, name)


def findings(name: str, document: dict) -> set[Finding]:
    if name.endswith("trust"):
        # parliament requires a resource, but a trust policy has none.
        document = document | {"Statement": [statement | {"Resource": "*"} for statement in document["Statement"]]}
    found = {Finding(name, finding.issue, str(finding.detail)) for finding in parliament.analyze_policy_string(json.dumps(document)).findings}
    if name.endswith("trust"):
        found = {finding for finding in found if finding.issue != "RESOURCE_STAR"}
    return found
