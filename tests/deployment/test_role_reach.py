"""The pipeline of a stage can access all resources of the stage's stack, and nothing else that docs/pipeline.md does not list."""

import unittest

import cloudformation
import pipeline
from cloudformation import ROOT
from pipeline import ACCOUNT, REGION, as_list, grants, includes, may_deploy, may_make, policies, statement

GUIDE = ROOT / "docs/pipeline.md"
LOCAL = f"{REGION}:{ACCOUNT}"
API = f"arn:aws:apigateway:{REGION}::/restapis/a1b2c3d4e5"
ZONE = "Z0123456789"
# For each type of resource, the call that creates or changes one, and its ARN.
CALLS = {
    # CloudFormation gives these a name that contains the stack's.
    "AWS::CloudWatch::Alarm": ("cloudwatch:PutMetricAlarm", f"arn:aws:cloudwatch:{LOCAL}:alarm:{{name}}"),
    "AWS::CloudWatch::Dashboard": ("cloudwatch:PutDashboard", f"arn:aws:cloudwatch::{ACCOUNT}:dashboard/{{stack}}"),
    "AWS::CodeDeploy::Application": ("codedeploy:CreateApplication", f"arn:aws:codedeploy:{LOCAL}:application:{{name}}"),
    "AWS::CodeDeploy::DeploymentGroup": (
        "codedeploy:CreateDeploymentGroup", f"arn:aws:codedeploy:{LOCAL}:deploymentgroup:{{stack}}-ServerlessDeploymentApplication-1A/{{name}}"),
    "AWS::DynamoDB::Table": ("dynamodb:CreateTable", f"arn:aws:dynamodb:{LOCAL}:table/{{name}}"),
    "AWS::IAM::Role": ("iam:CreateRole", f"arn:aws:iam::{ACCOUNT}:role/{{name}}"),
    "AWS::Lambda::Alias": ("lambda:UpdateAlias", f"arn:aws:lambda:{LOCAL}:function:{{stack}}-MoviesFunction-1A:live"),
    "AWS::Lambda::Function": ("lambda:CreateFunction", f"arn:aws:lambda:{LOCAL}:function:{{name}}"),
    "AWS::Lambda::Permission": ("lambda:AddPermission", f"arn:aws:lambda:{LOCAL}:function:{{stack}}-MoviesFunction-1A:live"),
    "AWS::Lambda::Version": ("lambda:PublishVersion", f"arn:aws:lambda:{LOCAL}:function:{{stack}}-MoviesFunction-1A"),
    "AWS::Logs::LogGroup": ("logs:CreateLogGroup", f"arn:aws:logs:{LOCAL}:log-group:{{name}}:*"),
    "AWS::Logs::MetricFilter": ("logs:PutMetricFilter", f"arn:aws:logs:{LOCAL}:log-group:{{stack}}-AccessLogs-1A:*"),
    # The ARNs of the others do not contain the name of the stack.
    "AWS::ApiGateway::Account": ("apigateway:PATCH", f"arn:aws:apigateway:{REGION}::/account"),
    "AWS::ApiGateway::BasePathMapping": ("apigateway:POST", f"arn:aws:apigateway:{REGION}::/domainnames/api.example.org/basepathmappings"),
    "AWS::ApiGateway::Deployment": ("apigateway:POST", f"{API}/deployments"),
    "AWS::ApiGateway::DomainName": ("apigateway:POST", f"arn:aws:apigateway:{REGION}::/domainnames"),
    "AWS::ApiGateway::RestApi": ("apigateway:POST", f"arn:aws:apigateway:{REGION}::/restapis"),
    "AWS::ApiGateway::Stage": ("apigateway:PATCH", f"{API}/stages/dev"),
    "AWS::Logs::QueryDefinition": ("logs:PutQueryDefinition", "*"),
    "AWS::Route53::RecordSet": ("route53:ChangeResourceRecordSets", f"arn:aws:route53:::hostedzone/{ZONE}"),
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
# SAM's transform, a role that only API Gateway can assume, and what belongs to the pipeline's stack itself.
AWS_OWN = {"UseTheTransform", "FirstDomain"}
ITS_OWN = {"ReadArtifacts", "HandOverArtifacts", "FindArtifacts", "LetCloudFormationWork"}


class RoleReachTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.resources = cloudformation.translate(cloudformation.template(), {})["Resources"]

    def calls(self, stage: str):
        """The call that creates each resource of the stage's stack. CloudFormation ends a name with up to 13 random characters."""
        for logical_id, resource in self.resources.items():
            action, arn = CALLS[resource["Type"]]
            yield logical_id, action, arn.format(stack=f"movies-{stage}", name=f"movies-{stage}-{logical_id}-1A2B3C4D5E6FG")

    def test_a_stage_reaches_every_resource_of_its_stack(self) -> None:
        for stage in ("dev", "dev-x", "abcdefghij0123456789"):
            statements = may_make(stage, HostedZoneId=ZONE)
            for resource, action, arn in self.calls(stage):
                with self.subTest(stage=stage, resource=resource):
                    self.assertTrue(grants(statements, action, arn), f"{action} {arn}")

    def test_no_statement_of_a_stage_includes_a_resource_of_another_stage(self) -> None:
        documented = {*IN_REACH, "LeaveThePipelineAlone", "LeaveTheApisOfOtherStacksAlone", "DoNotImport"}
        for stage, other in [("dev", "dev-x"), ("dev-x", "dev"), ("dev", "dev-pipeline"), ("dev", "dev-moviesfunction")]:
            arns = [arn for resource, _, arn in self.calls(other) if f"movies-{other}" in arn]
            arns += [f"arn:aws:cloudformation:{LOCAL}:stack/movies-{other}/1a2b", f"arn:aws:dynamodb:{LOCAL}:table/movies-{other}-restored-1"]
            self.assertGreater(len(arns), 15)
            boundary = policies(pipeline.resources(stage))["Boundary"]
            for each in [*may_make(stage), *may_deploy(stage), *boundary]:
                if each["Sid"] not in documented:
                    self.assertEqual([arn for arn in arns if includes(each, arn)], [], f"{stage}: {each['Sid']}")

    def test_the_document_lists_all_other_access(self) -> None:
        statements = [*may_make(), *may_deploy(), *policies(pipeline.resources())["Boundary"]]
        wide = {each["Sid"] for each in statements if each["Effect"] == "Allow"
                for resource in as_list(each["Resource"]) if "movies-dev" not in resource}
        self.assertEqual(wide, {*IN_REACH, *AWS_OWN, *ITS_OWN})
        documented = " ".join(GUIDE.read_text().split())
        for sid, words in IN_REACH.items():
            self.assertIn(words, documented, sid)
        for sid in ITS_OWN:
            for resource in as_list(statement(statements, sid)["Resource"]):
                self.assertRegex(resource, r"\A(Artifacts\.Arn(/\*)?|ExecutionRole\.Arn)\Z")

    def test_a_stage_restores_only_its_own_table(self) -> None:
        self.assertTrue(grants(may_make(), "dynamodb:UpdateTable", f"arn:aws:dynamodb:{LOCAL}:table/movies-dev-restored-20260701"))
        pattern = pipeline.TEMPLATE["Parameters"]["Stage"]["AllowedPattern"]
        for stage in ("dev", "prod", "dev-x"):
            self.assertRegex(stage, f"^(?:{pattern})$")
        for stage in ("dev-restored", "restored-2", "Dev", "dev_x", "*", ""):
            self.assertNotRegex(stage, f"^(?:{pattern})$")

    def test_the_pipelines_own_roles_and_policies_are_out_of_reach(self) -> None:
        own = [each for each in pipeline.resources().values() if each["Type"] in ("AWS::IAM::Role", "AWS::IAM::ManagedPolicy")]
        self.assertEqual({each["Properties"]["Path"] for each in own}, {"/movies-pipeline/"})
        self.assertEqual(statement(may_make(), "LeaveThePipelineAlone"), {
            "Sid": "LeaveThePipelineAlone", "Effect": "Deny", "Action": "iam:*",
            "Resource": [f"arn:aws:iam::{ACCOUNT}:{kind}/movies-pipeline/*" for kind in ("role", "policy")]})
        for place in (pipeline.PIPELINE, GUIDE):
            # A stage's own stack is movies-STAGE, so no stage can have this name.
            self.assertIn("--stack-name pipeline-movies-", place.read_text())
            self.assertNotRegex(place.read_text(), r"aws cloudformation deploy [^`]*--stack-name movies-")

    def test_apis_with_the_tag_of_another_stack_are_out_of_reach(self) -> None:
        tag = "aws:ResourceTag/aws:cloudformation:stack-name"
        self.assertEqual(statement(may_make(), "LeaveTheApisOfOtherStacksAlone"), {
            "Sid": "LeaveTheApisOfOtherStacksAlone", "Effect": "Deny", "Action": ["apigateway:*", "wafv2:*"],
            "Resource": [f"arn:aws:apigateway:{REGION}::/{kind}/*" for kind in ("restapis", "domainnames")],
            # Before CloudFormation adds the tag, there is none.
            "Condition": {"StringNotEquals": {tag: "movies-dev"}, "Null": {tag: "false"}}})

    def test_the_pipeline_cannot_import_resources(self) -> None:
        self.assertEqual(statement(may_deploy(), "DoNotImport"), {
            "Sid": "DoNotImport", "Effect": "Deny", "Action": "cloudformation:CreateChangeSet", "Resource": "*",
            "Condition": {"ForAnyValue:StringLike": {"cloudformation:ImportResourceTypes": "*"}}})

    def test_the_smoke_test_may_call_what_it_signs(self) -> None:
        api = f"arn:aws:execute-api:{LOCAL}:a1b2c3d4e5"
        for call in ("POST/ns_movies/", "PUT/ns_movies/", "PATCH/ns_movies/50%2F50-2011", "DELETE/ns_movies/Dune-2021", "POST/health"):
            self.assertTrue(grants(may_deploy(), "execute-api:Invoke", f"{api}/dev/{call}"), call)
        for call in ("dev/POST/orders", "dev-x/POST/ns_movies/", "prod/DELETE/ns_movies/Dune-2021", "prod/POST/health"):
            self.assertFalse(grants(may_deploy(), "execute-api:Invoke", f"{api}/{call}"), call)

    def test_only_the_table_of_keys_is_deleted_with_the_stack(self) -> None:
        for name, policy in {"MoviesTable": "Retain", "KeysTable": "Delete"}.items():
            self.assertEqual(self.resources[name]["DeletionPolicy"], policy)
            table = f"arn:aws:dynamodb:{LOCAL}:table/movies-dev-{name}-1A2B"
            self.assertEqual(grants(may_make(), "dynamodb:DeleteTable", table), policy == "Delete", name)

    def test_cloudformation_does_not_truncate_a_name(self) -> None:
        # CloudFormation truncates the name of a role or a function to 64 characters. The policies would not match a truncated name.
        for logical_id, resource in self.resources.items():
            if resource["Type"] in ("AWS::IAM::Role", "AWS::Lambda::Function"):
                self.assertLessEqual(len(f"movies-{20 * 'x'}-{logical_id}-1A2B3C4D5E6FG"), 64)
