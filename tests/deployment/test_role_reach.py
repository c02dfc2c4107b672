"""The pipeline of a stage can access all resources of the stage's stack, and nothing else that docs/pipeline.md does not list."""

import re
import unittest

import pipeline
from cloudformation import RESOURCES, ROOT
from pipeline import ACCOUNT, BOUNDARY, MAY_DEPLOY, MAY_MAKE, REGION, ZONE, grants

GUIDE = ROOT / "docs/pipeline.md"
LOCAL = f"{REGION}:{ACCOUNT}"
FUNCTION, APPLICATION = f"{LOCAL}:function:movies-dev-MoviesFunction-1A", "movies-dev-ServerlessDeploymentApplication-1A"
API = f"apigateway:{REGION}::/restapis/a1b2c3d4e5"
# For each type of resource whose ARN does not contain its logical ID: the call that creates or changes one, and the ARN after "arn:aws:".
CALLS = {
    "AWS::ApiGateway::Account": ("apigateway:PATCH", f"apigateway:{REGION}::/account"),
    "AWS::ApiGateway::BasePathMapping": ("apigateway:POST", f"apigateway:{REGION}::/domainnames/api.example.org/basepathmappings"),
    "AWS::ApiGateway::Deployment": ("apigateway:POST", f"{API}/deployments"),
    "AWS::ApiGateway::DomainName": ("apigateway:POST", f"apigateway:{REGION}::/domainnames"),
    "AWS::ApiGateway::RestApi": ("apigateway:POST", f"apigateway:{REGION}::/restapis"),
    "AWS::ApiGateway::Stage": ("apigateway:PATCH", f"{API}/stages/dev"),
    "AWS::CloudWatch::Dashboard": ("cloudwatch:PutDashboard", f"cloudwatch::{ACCOUNT}:dashboard/movies-dev"),
    "AWS::CodeDeploy::DeploymentGroup": ("codedeploy:CreateDeploymentGroup", f"codedeploy:{LOCAL}:deploymentgroup:{APPLICATION}/x"),
    "AWS::Lambda::Alias": ("lambda:UpdateAlias", f"lambda:{FUNCTION}:live"),
    "AWS::Lambda::Permission": ("lambda:AddPermission", f"lambda:{FUNCTION}:live"),
    "AWS::Lambda::Version": ("lambda:PublishVersion", f"lambda:{FUNCTION}"),
    "AWS::Logs::MetricFilter": ("logs:PutMetricFilter", f"logs:{LOCAL}:log-group:movies-dev-AccessLogs-1A:*"),
    "AWS::Logs::QueryDefinition": ("logs:PutQueryDefinition", "*"),
    "AWS::Route53::RecordSet": ("route53:ChangeResourceRecordSets", f"route53:::hostedzone/{ZONE}"),
    "AWS::WAFv2::WebACLAssociation": ("wafv2:AssociateWebACL", f"{API}/stages/dev"),
}
# Statements with a resource that does not contain the stage's name, and the description of their effect in docs/pipeline.md.
IN_REACH = {
    "Api": "APIs and custom domains without the tag",
    "TryItOut": "APIs that have a stage of the same name",
    "StopDeployments": "CodeDeploy deployments",
    "Deployments": "CodeDeploy configurations",
    "SavedQueries": "Saved queries of Logs Insights",
    "Firewall": "Web ACLs",
    "DomainRecord": "The Route 53 zone",
    "DomainRecordIsThere": "the status of DNS changes",
    "FindAlarms": "Lists of alarms",
    "Logs": "Logs of all log groups",
    "TracesAndAlarms": "X-Ray traces",
}
# SAM's transform, and a role that only API Gateway can assume.
AWS_OWN = {"UseTheTransform", "FirstDomain"}
# The stage's stack, its resources and the tables that an operator restored, and what belongs to the pipeline's stack itself. The stack
# movies-dev-x belongs to another stage.
OWN = re.compile(r"[/:]movies-dev(/\*|$|-[A-Z]\w*-\*|-restored-\*)|^Artifacts\.Arn(/\*)?$|^ExecutionRole\.Arn$")


class RoleReachTest(unittest.TestCase):
    def test_a_stage_reaches_every_resource_of_its_stack(self) -> None:
        types, named = {name: resource["Type"] for name, resource in RESOURCES.items()}, set()
        for each in MAY_MAKE:
            listed = set(re.findall(r"movies-dev-([A-Z]\w*)-\*", " ".join(each["Resource"])))
            kinds = {types[name] for name in listed}
            named |= kinds
            if each["Sid"] != "DeleteKeys":
                self.assertEqual(listed, {name for name, kind in types.items() if kind in kinds}, each["Sid"])
        self.assertEqual(set(types.values()) - named, set(CALLS), "these types need a statement")
        for action, arn in CALLS.values():
            self.assertTrue(grants(MAY_MAKE, action, arn if arn == "*" else f"arn:aws:{arn}"), f"{action} {arn}")

    def test_cloudformation_does_not_truncate_a_name(self) -> None:
        # CloudFormation truncates the name of a role or a function to 64 characters. The policies would not match a truncated name.
        for name, resource in RESOURCES.items():
            if resource["Type"] in ("AWS::IAM::Role", "AWS::Lambda::Function"):
                self.assertLessEqual(len(f"movies-{20 * 'x'}-{name}-1A2B3C4D5E6FG"), 64)

    def test_the_document_lists_all_access_beyond_the_stage(self) -> None:
        wide = {each["Sid"] for each in MAY_MAKE + MAY_DEPLOY + BOUNDARY if each["Effect"] == "Allow" and not all(map(OWN.search, each["Resource"]))}
        self.assertEqual(wide, {*IN_REACH, *AWS_OWN})
        documented = " ".join(GUIDE.read_text().split())
        for sid, words in IN_REACH.items():
            self.assertIn(words, documented, sid)

    def test_no_stage_has_a_name_that_another_one_reaches(self) -> None:
        pattern = re.compile(pipeline.TEMPLATE["Parameters"]["Stage"]["AllowedPattern"])
        for stage, is_allowed in {"dev": True, "dev-x": True, "dev-restored": False, "Dev": False, "dev_x": False, "*": False}.items():
            self.assertEqual(bool(pattern.fullmatch(stage)), is_allowed, stage)
        for place in (pipeline.PIPELINE, GUIDE):
            self.assertIn("--stack-name pipeline-movies-", place.read_text())
            self.assertNotRegex(place.read_text(), r"aws cloudformation deploy [^`]*--stack-name movies-")

    def test_the_smoke_test_may_call_what_it_signs(self) -> None:
        api = f"arn:aws:execute-api:{LOCAL}:a1b2c3d4e5"
        for call in ("POST/ns_movies/", "PUT/ns_movies/", "PATCH/ns_movies/a%2Fb-1", "DELETE/ns_movies/A-1", "POST/health"):
            self.assertTrue(grants(MAY_DEPLOY, "execute-api:Invoke", f"{api}/dev/{call}"), call)
        for call in ("dev/POST/orders", "dev-x/POST/ns_movies/", "prod/DELETE/ns_movies/A-1", "prod/POST/health"):
            self.assertFalse(grants(MAY_DEPLOY, "execute-api:Invoke", f"{api}/{call}"), call)

    def test_a_stage_uses_restored_tables_and_deletes_only_the_table_of_keys(self) -> None:
        table = f"arn:aws:dynamodb:{LOCAL}:table/movies-dev-"
        self.assertTrue(grants(MAY_MAKE, "dynamodb:UpdateTable", f"{table}restored-20260701"))
        for name, may_delete in {"KeysTable-1A2B": True, "MoviesTable-1A2B": False, "restored-20260701": False}.items():
            self.assertEqual(grants(MAY_MAKE, "dynamodb:DeleteTable", table + name), may_delete, name)
