"""Who can assume the pipeline's roles."""

import re
import unittest

from account import PROVIDER, pipeline, pipeline_template
from iam import as_list

FORMER = "octo-org/movies.service"
IMMUTABLE = "octo-org@123456/movies.service@456789"


class RoleTrustTest(unittest.TestCase):
    def test_exactly_one_environment_of_one_repository_deploys(self) -> None:
        for repository in (FORMER, IMMUTABLE):
            for stage in ("dev", "prod"):
                document = pipeline(stage, Repository=repository, OidcProviderArn=PROVIDER).policies()["DeployRole, trust"]
                self.assertEqual(document["Statement"], [{
                    "Effect": "Allow",
                    "Principal": {"Federated": PROVIDER},
                    "Action": "sts:AssumeRoleWithWebIdentity",
                    "Condition": {"StringEquals": {
                        "token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
                        "token.actions.githubusercontent.com:sub": f"repo:{repository}:environment:{stage}",
                    }},
                }])

    def test_the_parameter_accepts_only_the_two_forms_of_a_subject(self) -> None:
        pattern = re.compile(pipeline_template()["Parameters"]["Repository"]["AllowedPattern"])
        for repository in (FORMER, IMMUTABLE, "octocat_corp@1/.github@2"):
            self.assertIsNotNone(pattern.fullmatch(repository), repository)
        for repository in ("octo-org/*", "*/movies", "octo-org@*/movies@*", "octo-org@123456/movies", "octo-org/movies@456789",
                           "octo-org@id/movies@id", "octo-org@123456", f"repo:{IMMUTABLE}", f"{IMMUTABLE}:ref", "a/b/c", ""):
            self.assertIsNone(pattern.fullmatch(repository), repository)

    def test_cloudformation_needs_no_condition_key_to_assume_its_role(self) -> None:
        # According to AWS's documentation, CloudFormation sends no condition key when it assumes a service role.
        (statement,) = pipeline().policies()["ExecutionRole, trust"]["Statement"]
        self.assertEqual(statement, {
            "Effect": "Allow", "Principal": {"Service": "cloudformation.amazonaws.com"}, "Action": "sts:AssumeRole",
        })

    def test_roles_can_be_passed_only_to_their_services(self) -> None:
        passed = [statement for statement in pipeline().statements("MakeTheService", "DeployRole, deploy")
                  if "iam:PassRole" in as_list(statement["Action"])]
        for statement in passed:
            self.assertIn("iam:PassedToService", statement["Condition"]["StringEquals"])
