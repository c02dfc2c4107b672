"""Who may assume the pipeline's roles, what these roles are denied, the boundary of the roles that they create, and their bucket."""

import json
import re
import unittest

import cloudformation
import pipeline
from pipeline import ACCOUNT, BOUNDARY, MAY_DEPLOY, MAY_MAKE, REGION
from test_rules import broken

TRUST = "Properties.AssumeRolePolicyDocument.Statement"
ISSUER = "token.actions.githubusercontent.com"
RULES = [
    # Exactly one environment of one repository deploys.
    ("DeployRole", f"{TRUST}.Principal", {"Federated": "Provider"}),
    ("DeployRole", f"{TRUST}.Action", "sts:AssumeRoleWithWebIdentity"),
    ("DeployRole", f"{TRUST}.Condition", {"StringEquals": {
        f"{ISSUER}:aud": "sts.amazonaws.com", f"{ISSUER}:sub": "repo:owner/name:environment:dev"}}),
    # According to AWS's documentation, CloudFormation sends no condition key when it assumes a service role.
    ("ExecutionRole", f"{TRUST}.Principal", {"Service": "cloudformation.amazonaws.com"}),
    ("ExecutionRole", f"{TRUST}.Condition", None),
    # No template changes the pipeline's own roles and policies.
    ("AWS::IAM::Role", "Properties.Path", "/movies-pipeline/"),
    ("AWS::IAM::ManagedPolicy", "Properties.Path", "/movies-pipeline/"),
    # The bucket is private, and keeps the previous artifact for a rollback, however old it is.
    *(("AWS::S3::Bucket", f"Properties.PublicAccessBlockConfiguration.{name}", True)
      for name in ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")),
    ("AWS::S3::Bucket", "Properties.VersioningConfiguration.Status", "Enabled"),
    ("AWS::S3::Bucket", "DeletionPolicy", "Retain"),
    *(("AWS::S3::Bucket", f"Properties.LifecycleConfiguration.Rules.{name}", None)
      for name in ("ExpirationInDays", "ExpirationDate", "Transitions")),
    ("AWS::S3::BucketPolicy", "Properties.PolicyDocument.Statement.Effect", "Deny"),
    ("AWS::S3::BucketPolicy", "Properties.PolicyDocument.Statement.Condition", {"Bool": {"aws:SecureTransport": "false"}}),
]
TAG = "aws:ResourceTag/aws:cloudformation:stack-name"
DENIED = {
    "LeaveThePipelineAlone": {
        "Action": ["iam:*"],
        "Resource": [f"arn:aws:iam::{ACCOUNT}:{kind}/movies-pipeline/*" for kind in ("role", "policy")],
    },
    "LeaveTheApisOfOtherStacksAlone": {
        "Action": ["apigateway:*", "wafv2:*"],
        "Resource": [f"arn:aws:apigateway:{REGION}::/{kind}/*" for kind in ("restapis", "domainnames")],
        # Before CloudFormation adds the tag, there is none.
        "Condition": {"StringNotEquals": {TAG: "movies-dev"}, "Null": {TAG: "false"}},
    },
    "DoNotImport": {
        "Action": ["cloudformation:CreateChangeSet"],
        "Resource": ["*"],
        "Condition": {"ForAnyValue:StringLike": {"cloudformation:ImportResourceTypes": "*"}},
    },
}


class BoundaryTest(unittest.TestCase):
    maxDiff = None

    def test_the_roles_of_the_service_keep_the_boundary(self) -> None:
        changes = {"iam:CreateRole", "iam:PutRolePolicy", "iam:DeleteRolePolicy", "iam:AttachRolePolicy", "iam:DetachRolePolicy",
                   "iam:PutRolePermissionsBoundary"}
        for each in MAY_MAKE:
            if each["Effect"] == "Allow":
                actions = set(each["Action"])
                self.assertFalse({action for action in actions if "*" in action or action == "iam:DeleteRolePermissionsBoundary"})
                if actions & changes:
                    self.assertEqual((actions, each["Condition"]), (changes, {"StringEquals": {"iam:PermissionsBoundary": "Boundary"}}))

    def test_the_boundary_allows_what_the_services_roles_may_do(self) -> None:
        service = cloudformation.policies(cloudformation.RESOURCES)
        for table_or_function in ("MoviesTable", "KeysTable", "MoviesFunction", ""):
            needed, allowed = set(), set()
            for each in service["MoviesRole"] + service["DeploymentRole"]:
                # Logs, traces and alarms are allowed for all resources.
                if table_or_function == re.search(r"\w+(?:Table|Function)|$", json.dumps(each["Resource"]))[0]:
                    needed |= set(each["Action"])
            for each in BOUNDARY:
                if any(f"-{table_or_function}-" in resource or resource == "*" for resource in each["Resource"]):
                    allowed |= set(each["Action"])
            with self.subTest(table_or_function):
                self.assertTrue(needed and needed <= allowed, needed - allowed)
                # The boundary allows no other access to the data.
                self.assertEqual({action for action in allowed - needed if action.startswith("dynamodb:")}, set())

    def test_the_rules_hold(self) -> None:
        self.assertEqual(broken(pipeline.RESOURCES, RULES), [])

    def test_the_parameter_accepts_only_the_two_forms_of_a_subject(self) -> None:
        pattern = re.compile(pipeline.TEMPLATE["Parameters"]["Repository"]["AllowedPattern"])
        for repository in ("octo-org/movies.service", "octo-org@123456/movies.service@456789", "octocat_corp@1/.github@2"):
            self.assertIsNotNone(pattern.fullmatch(repository), repository)
        for repository in ("octo-org/*", "*/movies", "octo-org@*/movies@*", "octo-org@123456/movies", "octo-org/movies@456789",
                           "octo-org@id/movies@id", "repo:octo-org@1/movies@2", "octo-org@1/movies@2:ref", "a/b/c", ""):
            self.assertIsNone(pattern.fullmatch(repository), repository)

    def test_roles_can_be_passed_only_to_their_services(self) -> None:
        passed = [each for each in MAY_MAKE + MAY_DEPLOY if "iam:PassRole" in each["Action"]]
        self.assertEqual(len(passed), 2)
        for each in passed:
            self.assertIn("iam:PassedToService", each["Condition"]["StringEquals"])

    def test_the_pipeline_cannot_change_itself_or_take_over_other_stacks(self) -> None:
        denied = {each["Sid"]: each for each in MAY_MAKE + MAY_DEPLOY if each["Effect"] == "Deny"}
        self.assertEqual(denied, {sid: {"Sid": sid, "Effect": "Deny", **statement} for sid, statement in DENIED.items()})
