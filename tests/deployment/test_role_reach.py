"""The pipeline of a stage can access all resources of the stage's stack, and as little else as AWS's permissions allow."""

import re
import unittest

import cloudformation
from account import ACCOUNT, ARNS, PIPELINE, REGION, arn, may_deploy, may_make, physical_name, pipeline, pipeline_template
from iam import allows, as_list

PIPELINE_GUIDE = cloudformation.ROOT / "docs/pipeline.md"
API = f"arn:aws:apigateway:{REGION}::/restapis/a1b2c3d4e5"
DOMAIN = f"arn:aws:apigateway:{REGION}::/domainnames/api.example.org"
ZONE = "Z0123456789"
WEB_ACL = f"arn:aws:wafv2:{REGION}:{ACCOUNT}:regional/webacl/movies/1a2b"
SERVICE_LINKED_ROLE = f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/ops.apigateway.amazonaws.com/AWSServiceRoleForAPIGateway"
# CloudFormation sets this tag, and users cannot change it.
STACK_TAG = "aws:ResourceTag/aws:cloudformation:stack-name"

# Calls that create or change a resource of each type in the template. {arn} is the ARN of the resource.
CALLS = {
    "AWS::ApiGateway::Account": [("apigateway:PATCH", f"arn:aws:apigateway:{REGION}::/account", {})],
    "AWS::ApiGateway::BasePathMapping": [("apigateway:POST", f"{DOMAIN}/basepathmappings", {STACK_TAG: "{stack}"})],
    "AWS::ApiGateway::Deployment": [("apigateway:POST", f"{API}/deployments", {STACK_TAG: "{stack}"})],
    "AWS::ApiGateway::DomainName": [
        ("apigateway:POST", f"arn:aws:apigateway:{REGION}::/domainnames", {}),
        ("apigateway:PATCH", DOMAIN, {STACK_TAG: "{stack}"}),
        ("iam:CreateServiceLinkedRole", SERVICE_LINKED_ROLE, {"iam:AWSServiceName": "ops.apigateway.amazonaws.com"}),
    ],
    "AWS::ApiGateway::RestApi": [
        ("apigateway:POST", f"arn:aws:apigateway:{REGION}::/restapis", {}),
        # Before CloudFormation adds the tags, and afterwards.
        ("apigateway:PUT", API, {}),
        ("apigateway:PUT", API, {STACK_TAG: "{stack}"}),
    ],
    "AWS::ApiGateway::Stage": [("apigateway:PATCH", f"{API}/stages/dev", {STACK_TAG: "{stack}"})],
    "AWS::CloudWatch::Alarm": [("cloudwatch:PutMetricAlarm", "{arn}", {}),
                               ("cloudwatch:DescribeAlarms", f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:*", {})],
    "AWS::CloudWatch::Dashboard": [("cloudwatch:PutDashboard", f"arn:aws:cloudwatch::{ACCOUNT}:dashboard/{{stack}}", {})],
    "AWS::CodeDeploy::Application": [("codedeploy:CreateApplication", "{arn}", {})],
    "AWS::CodeDeploy::DeploymentGroup": [("codedeploy:CreateDeploymentGroup", "{arn}", {}), ("codedeploy:StopDeployment", "*", {})],
    "AWS::DynamoDB::Table": [("dynamodb:CreateTable", "{arn}", {}), ("dynamodb:UpdateTable", "{arn}/index/by-year", {})],
    "AWS::IAM::Role": [
        ("iam:CreateRole", "{arn}", {"iam:PermissionsBoundary": "{boundary}"}),
        ("iam:PutRolePolicy", "{arn}", {"iam:PermissionsBoundary": "{boundary}"}),
        ("iam:UpdateAssumeRolePolicy", "{arn}", {}),
        ("iam:PassRole", "{arn}", {"iam:PassedToService": "lambda.amazonaws.com"}),
    ],
    "AWS::Lambda::Alias": [("lambda:UpdateAlias", "{arn}:live", {})],
    "AWS::Lambda::Function": [("lambda:CreateFunction", "{arn}", {}), ("lambda:UpdateFunctionConfiguration", "{arn}", {})],
    "AWS::Lambda::Permission": [("lambda:AddPermission", "{arn}:live", {})],
    "AWS::Lambda::Version": [("lambda:PublishVersion", "{arn}", {}), ("lambda:GetProvisionedConcurrencyConfig", "{arn}:1", {})],
    "AWS::Logs::LogGroup": [("logs:CreateLogGroup", "{arn}", {}), ("logs:DescribeIndexPolicies", "*", {})],
    "AWS::Logs::MetricFilter": [("logs:PutMetricFilter", f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{{stack}}-AccessLogs-1A2B3C4D5E6FG:*", {})],
    "AWS::Logs::QueryDefinition": [("logs:PutQueryDefinition", "*", {})],
    "AWS::Route53::RecordSet": [("route53:ChangeResourceRecordSets", f"arn:aws:route53:::hostedzone/{ZONE}", {})],
    "AWS::WAFv2::WebACLAssociation": [("wafv2:AssociateWebACL", WEB_ACL, {}),
                                      ("wafv2:AssociateWebACL", f"{API}/stages/dev", {STACK_TAG: "{stack}"})],
}
# The ARNs of these types start with the ARN of the function.
PARTS = ("AWS::Lambda::Alias", "AWS::Lambda::Permission", "AWS::Lambda::Version")
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
ALLOW_EVERYTHING = {"Effect": "Allow", "Action": "*", "Resource": "*"}


class RoleReachTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.resources = cloudformation.translate(cloudformation.template(), {})["Resources"]

    def calls(self, stage: str):
        """All calls of a deployment of the stage."""
        stack = f"movies-{stage}"
        boundary = pipeline(stage).values["Boundary"]
        application = physical_name(stack, "ServerlessDeploymentApplication")
        for logical_id, resource in self.resources.items():
            kind = resource["Type"]
            owner = "MoviesFunction" if kind in PARTS else logical_id
            own = arn(stack, owner, self.resources[owner]) if self.resources[owner]["Type"] in ARNS else None
            if kind == "AWS::CodeDeploy::DeploymentGroup":
                own = f"arn:aws:codedeploy:{REGION}:{ACCOUNT}:deploymentgroup:{application}/{physical_name(stack, logical_id)}"
            for action, target, context in CALLS[kind]:
                context = {key: value.format(stack=stack, boundary=boundary) for key, value in context.items()}
                yield logical_id, action, target.format(arn=own, stack=stack), context

    def test_a_stage_reaches_every_resource_of_its_stack(self) -> None:
        for stage in ("dev", "dev-x", "abcdefghij0123456789"):
            statements = may_make(pipeline(stage, HostedZoneId=ZONE))
            for resource, action, target, context in self.calls(stage):
                with self.subTest(stage=stage, resource=resource, action=action):
                    self.assertTrue(allows(statements, action, target, context), target)

    def test_a_stage_cannot_access_another_stage(self) -> None:
        for stage, other in [("dev", "dev-x"), ("dev-x", "dev"), ("dev", "dev-pipeline"), ("dev", "dev-moviesfunction")]:
            statements = may_make(pipeline(stage, HostedZoneId=ZONE))
            named = {action for statement in statements if statement["Effect"] == "Allow" and statement["Resource"] != "*"
                     for action in as_list(statement["Action"])}
            for resource, _, target, context in self.calls(other):
                # The target contains neither the name nor the tag of a stack. docs/pipeline.md lists these targets.
                if f"movies-{other}" not in target + context.get(STACK_TAG, ""):
                    continue
                for action in named:
                    with self.subTest(stage=stage, other=other, resource=resource, action=action):
                        self.assertFalse(allows(statements, action, target, context), target)

    def test_a_stage_restores_only_its_own_table(self) -> None:
        tables = {stage: f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/movies-{stage}-restored-2026-07-01" for stage in ("dev", "dev-x")}
        statements = may_make(pipeline("dev"))
        self.assertTrue(allows(statements, "dynamodb:UpdateTable", tables["dev"]))
        self.assertFalse(allows(statements, "dynamodb:UpdateTable", tables["dev-x"]))
        pattern = pipeline_template()["Parameters"]["Stage"]["AllowedPattern"]
        for stage in ("dev", "prod", "dev-x"):
            self.assertRegex(stage, f"^(?:{pattern})$")
        for stage in ("dev-restored", "restored-2", "Dev", "dev_x", "*", ""):
            self.assertNotRegex(stage, f"^(?:{pattern})$")

    def test_a_stage_cannot_access_the_pipelines_roles_and_boundary(self) -> None:
        for stage in ("dev", "pipeline"):
            for stack in (f"pipeline-movies-{stage}", f"movies-{stage}-pipeline", f"movies-{stage}-MoviesRole"):
                for logical_id in ("DeployRole", "ExecutionRole", "MakeTheService", "Boundary"):
                    target = arn(stack, logical_id, pipeline_template()["Resources"][logical_id])
                    for action in ("iam:UpdateAssumeRolePolicy", "iam:PutRolePolicy", "iam:AttachRolePolicy", "iam:DeleteRole",
                                   "iam:PassRole", "iam:CreatePolicyVersion", "iam:DeletePolicy"):
                        with self.subTest(stage=stage, target=target, action=action):
                            # Must hold even if a later statement allows everything.
                            self.assertFalse(allows([*may_make(pipeline(stage)), ALLOW_EVERYTHING], action, target))

    def test_no_stage_matches_the_name_of_the_pipelines_stack(self) -> None:
        for place in (PIPELINE, PIPELINE_GUIDE):
            named = re.findall(r"--stack-name (\S*pipeline\S*)", place.read_text())
            self.assertTrue(named, place)
            for stack in named:
                self.assertFalse(stack.startswith("movies-"), f"{place}: a stage could have this name: {stack}")
                # Must hold for the name alone, without the path.
                role = f"arn:aws:iam::{ACCOUNT}:role/{physical_name(stack, 'ExecutionRole')}"
                for stage in ("dev", "pipeline", "dev-pipeline", "pipeline-movies-dev"):
                    self.assertFalse(allows(may_make(pipeline(stage)), "iam:UpdateAssumeRolePolicy", role))
                    self.assertFalse(allows(may_deploy(pipeline(stage)), "cloudformation:CreateChangeSet",
                                            f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/{stack}/1a2b"))

    def test_a_stage_cannot_access_the_apis_of_other_stacks(self) -> None:
        statements = may_make(pipeline("dev"))
        for stack in ("movies-dev-x", "movies-prod", "shop"):
            for action in ("apigateway:PUT", "apigateway:PATCH", "apigateway:DELETE", "apigateway:GET", "apigateway:SetWebACL",
                           "wafv2:DisassociateWebACL"):
                for target in (API, f"{API}/stages/dev", f"{API}/resources/1a2b/methods/GET", DOMAIN):
                    with self.subTest(stack=stack, action=action, target=target):
                        self.assertFalse(allows(statements, action, target, {STACK_TAG: stack}))

    def test_the_pipeline_cannot_import_resources(self) -> None:
        stack = f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/movies-dev/1a2b"
        statements = may_deploy(pipeline("dev"))
        self.assertTrue(allows(statements, "cloudformation:CreateChangeSet", stack))
        imported = {"cloudformation:ImportResourceTypes": "AWS::ApiGateway::RestApi"}
        self.assertFalse(allows(statements, "cloudformation:CreateChangeSet", stack, imported))

    def test_the_smoke_test_may_call_what_it_signs(self) -> None:
        statements = may_deploy(pipeline("dev"))
        api = f"arn:aws:execute-api:{REGION}:{ACCOUNT}:a1b2c3d4e5"
        signed = ("POST/ns_movies/", "PUT/ns_movies/", "PATCH/ns_movies/50%2F50-2011", "DELETE/ns_movies/Dune-2021", "POST/health")
        for call in signed:
            self.assertTrue(allows(statements, "execute-api:Invoke", f"{api}/dev/{call}"), call)
        for call in ("dev/POST/orders", "dev-x/POST/ns_movies/", "prod/DELETE/ns_movies/Dune-2021"):
            self.assertFalse(allows(statements, "execute-api:Invoke", f"{api}/{call}"), call)

    def test_the_document_lists_all_other_access(self) -> None:
        stack = pipeline("dev", HostedZoneId=ZONE)
        statements = [*may_make(stack), *may_deploy(stack), *stack.statements("Boundary")]
        wide = {statement["Sid"] for statement in statements if statement["Effect"] == "Allow"
                for resource in as_list(statement["Resource"]) if "movies-dev" not in resource}
        self.assertEqual(wide, {*IN_REACH, *AWS_OWN})
        documented = " ".join(PIPELINE_GUIDE.read_text().split())
        for statement, words in IN_REACH.items():
            self.assertIn(words, documented, statement)

    def test_the_roles_of_the_service_keep_the_boundary(self) -> None:
        statements = may_make(pipeline("dev"))
        role = arn("movies-dev", "MoviesRole", self.resources["MoviesRole"])
        for action in ("iam:CreateRole", "iam:PutRolePolicy", "iam:AttachRolePolicy", "iam:PutRolePermissionsBoundary"):
            self.assertFalse(allows(statements, action, role))
            self.assertFalse(allows(statements, action, role, {"iam:PermissionsBoundary": "arn:aws:iam::aws:policy/AdministratorAccess"}))
        self.assertFalse(allows(statements, "iam:DeleteRolePermissionsBoundary", role))

    def test_the_boundary_limits_a_role_to_its_own_stage(self) -> None:
        boundary = pipeline("dev").statements("Boundary")
        for stage in ("dev", "dev-x"):
            table = arn(f"movies-{stage}", "MoviesTable", self.resources["MoviesTable"])
            function = arn(f"movies-{stage}", "MoviesFunction", self.resources["MoviesFunction"])
            for action, target in [("dynamodb:PutItem", table), ("dynamodb:Query", f"{table}/index/by-year"),
                                   ("lambda:UpdateAlias", f"{function}:live")]:
                with self.subTest(stage=stage, action=action):
                    self.assertEqual(allows(boundary, action, target), stage == "dev")

    def test_the_boundary_allows_each_action_of_the_function_on_its_tables(self) -> None:
        boundary = pipeline("dev").statements("Boundary")
        tables = {name: arn("movies-dev", name, each) for name, each in self.resources.items() if each["Type"] == "AWS::DynamoDB::Table"}
        self.assertEqual(len(tables), 2)
        role = self.resources["MoviesRole"]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]
        for name, table in tables.items():
            actions = {action for statement in role if name in str(statement["Resource"]) for action in as_list(statement["Action"])}
            self.assertGreaterEqual(len(actions), 2, name)
            for action in actions:
                target = f"{table}/index/by-year" if action == "dynamodb:Query" else table
                self.assertTrue(allows(boundary, action, target), f"{action} on {name}")
        # The function writes a key once, and DynamoDB deletes it later.
        for action in ("dynamodb:UpdateItem", "dynamodb:DeleteItem", "dynamodb:Scan"):
            self.assertFalse(allows(boundary, action, tables["KeysTable"]), action)

    def test_only_the_table_of_keys_is_deleted_with_the_stack(self) -> None:
        statements = may_make(pipeline("dev"))
        for name, policy in {"MoviesTable": "Retain", "KeysTable": "Delete"}.items():
            self.assertEqual(self.resources[name]["DeletionPolicy"], policy)
            table = arn("movies-dev", name, self.resources[name])
            self.assertEqual(allows(statements, "dynamodb:DeleteTable", table), policy == "Delete", name)

    def test_cloudformation_does_not_truncate_a_name(self) -> None:
        # CloudFormation truncates the name of a role or a function to 64 characters. The policies would not match a truncated name.
        for logical_id, resource in self.resources.items():
            if resource["Type"] in ("AWS::IAM::Role", "AWS::Lambda::Function"):
                self.assertLessEqual(len(physical_name("movies-" + 20 * "x", logical_id)), 64)
