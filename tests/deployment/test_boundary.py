"""Who may assume the pipeline's roles, and the boundary of the roles that the pipeline creates."""

import json
import re
import unittest

import cloudformation
import pipeline
from pipeline import ACCOUNT, REGION, as_list, grants, may_deploy, may_make, policies

PROVIDER = f"arn:aws:iam::{ACCOUNT}:oidc-provider/token.actions.githubusercontent.com"
FORMER = "octo-org/movies.service"
IMMUTABLE = "octo-org@123456/movies.service@456789"


class BoundaryTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.resources = cloudformation.translate(cloudformation.template(), {})["Resources"]
        cls.boundary = policies(pipeline.resources())["Boundary"]

    def test_the_roles_of_the_service_keep_the_boundary(self) -> None:
        changes = {"iam:CreateRole", "iam:PutRolePolicy", "iam:DeleteRolePolicy", "iam:AttachRolePolicy", "iam:DetachRolePolicy",
                   "iam:PutRolePermissionsBoundary"}
        for each in may_make():
            actions = set(as_list(each["Action"]))
            if each["Effect"] == "Allow" and actions & changes:
                self.assertEqual((actions, each["Condition"]), (changes, {"StringEquals": {"iam:PermissionsBoundary": "Boundary"}}))
            if each["Effect"] == "Allow":
                self.assertFalse({action for action in actions if "*" in action or action == "iam:DeleteRolePermissionsBoundary"})
        created = [each for each in self.resources.values() if each["Type"] == "AWS::IAM::Role"]
        self.assertEqual(len(created), 3)
        for role in created:
            self.assertEqual(role["Properties"]["PermissionsBoundary"]["Fn::If"][:2], ["HasBoundary", {"Ref": "PermissionsBoundaryArn"}])

    def test_the_boundary_allows_each_action_of_the_services_roles(self) -> None:
        arns = {"Table": f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/movies-dev-{{}}-1A2B",
                "Function": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:movies-dev-{{}}-1A2B"}
        tried = 0
        for role in ("MoviesRole", "DeploymentRole"):
            for each in policies({role: self.resources[role]})[role]:
                for resource in as_list(each["Resource"]):
                    name = re.search(r"\w+(?:Table|Function)|$", json.dumps(resource))[0]
                    kind = re.search("Table|Function|$", name)[0]
                    # Logs, traces and alarms are allowed for all resources.
                    arn = arns[kind].format(name) if kind else "*"
                    for action in as_list(each["Action"]):
                        self.assertTrue(grants(self.boundary, action, arn), f"{role}: {action} on {arn}")
                        tried += 1
        self.assertGreaterEqual(tried, 15)

    def test_the_function_writes_a_key_once_and_dynamodb_deletes_it(self) -> None:
        (keys,) = (each for each in self.boundary if "KeysTable" in str(each["Resource"]))
        self.assertEqual(keys["Action"], ["dynamodb:GetItem", "dynamodb:PutItem"])

    def test_exactly_one_environment_of_one_repository_deploys(self) -> None:
        for repository in (FORMER, IMMUTABLE):
            for stage in ("dev", "prod"):
                role = pipeline.resources(stage, Repository=repository, OidcProviderArn=PROVIDER)["DeployRole"]["Properties"]
                self.assertEqual(role["AssumeRolePolicyDocument"]["Statement"], [{
                    "Effect": "Allow",
                    "Principal": {"Federated": PROVIDER},
                    "Action": "sts:AssumeRoleWithWebIdentity",
                    "Condition": {"StringEquals": {
                        "token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
                        "token.actions.githubusercontent.com:sub": f"repo:{repository}:environment:{stage}",
                    }},
                }])

    def test_the_parameter_accepts_only_the_two_forms_of_a_subject(self) -> None:
        pattern = re.compile(pipeline.TEMPLATE["Parameters"]["Repository"]["AllowedPattern"])
        for repository in (FORMER, IMMUTABLE, "octocat_corp@1/.github@2"):
            self.assertIsNotNone(pattern.fullmatch(repository), repository)
        for repository in ("octo-org/*", "*/movies", "octo-org@*/movies@*", "octo-org@123456/movies", "octo-org/movies@456789",
                           "octo-org@id/movies@id", "octo-org@123456", f"repo:{IMMUTABLE}", f"{IMMUTABLE}:ref", "a/b/c", ""):
            self.assertIsNone(pattern.fullmatch(repository), repository)

    def test_cloudformation_needs_no_condition_key_to_assume_its_role(self) -> None:
        # According to AWS's documentation, CloudFormation sends no condition key when it assumes a service role.
        (statement,) = pipeline.resources()["ExecutionRole"]["Properties"]["AssumeRolePolicyDocument"]["Statement"]
        self.assertEqual(statement, {
            "Effect": "Allow", "Principal": {"Service": "cloudformation.amazonaws.com"}, "Action": "sts:AssumeRole",
        })

    def test_roles_can_be_passed_only_to_their_services(self) -> None:
        passed = [each for each in may_make() + may_deploy() if "iam:PassRole" in as_list(each["Action"])]
        self.assertEqual(len(passed), 2)
        for each in passed:
            self.assertIn("iam:PassedToService", each["Condition"]["StringEquals"])
