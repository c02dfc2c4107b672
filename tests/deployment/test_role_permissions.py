"""CloudFormation's role has all permissions that AWS's resource schemas list for the types in the template, except those in
EXCEPTIONS. The schemas are in cfn-lint's package. Each schema lists all actions that its handlers can call.
"""

import unittest
from typing import NamedTuple

import cloudformation
from account import REGION, may_make, pipeline
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER
from iam import as_list, matches


class Without(NamedTuple):
    """Permissions that the schema of a type lists but the role lacks. If `absent` names a property, the reason is valid as long as
    no resource has this property."""

    kind: str
    actions: str
    why: str
    absent: str = ""


LISTING = "Only account scans and imports list resources. The pipeline does neither."
NO_KEY = "AWS owns the encryption key."
EXCEPTIONS = [
    Without("AWS::ApiGateway::RestApi", "apigateway:UpdateRestApiPolicy", "The API has no resource policy.", "Policy"),
    Without("AWS::CloudWatch::Dashboard", "cloudwatch:ListDashboards", LISTING),
    Without("AWS::CodeDeploy::Application", "codedeploy:ListApplications", LISTING),
    Without("AWS::CodeDeploy::DeploymentGroup", "codedeploy:ListDeploymentGroups", LISTING),
    Without("AWS::CodeDeploy::DeploymentGroup", "codedeploy:RegisterOnPremisesInstance",
            "The group deploys a function, not machines.", "OnPremisesInstanceTagFilters"),
    Without("AWS::DynamoDB::Table", "dynamodb:ListTables", LISTING),
    Without("AWS::DynamoDB::Table",
            "dynamodb:AssociateTableReplica dynamodb:CreateTableReplica dynamodb:BatchWriteItem dynamodb:DeleteItem "
            "dynamodb:GetItem dynamodb:PutItem dynamodb:Query dynamodb:Scan dynamodb:UpdateItem",
            "Only replication copies items, and the table has no replicas.", "Replicas"),
    Without("AWS::DynamoDB::Table",
            "dynamodb:ImportTable dynamodb:DescribeImport logs:CreateLogStream logs:DescribeLogStreams logs:PutLogEvents "
            "s3:ListBucket s3:GetObjectMetadata kms:Decrypt kms:Encrypt",
            "The table is not imported from S3.", "ImportSourceSpecification"),
    Without("AWS::DynamoDB::Table",
            "dynamodb:EnableKinesisStreamingDestination dynamodb:DisableKinesisStreamingDestination "
            "dynamodb:UpdateKinesisStreamingDestination kinesis:DescribeStream kinesis:PutRecords",
            "The table has no stream.", "KinesisStreamSpecification"),
    Without("AWS::DynamoDB::Table", "dynamodb:UpdateContributorInsights", "Contributor Insights stays off.",
            "ContributorInsightsSpecification"),
    Without("AWS::DynamoDB::Table", "dynamodb:PutResourcePolicy dynamodb:DeleteResourcePolicy",
            "Roles decide who may use the table.", "ResourcePolicy"),
    Without("AWS::DynamoDB::Table", "kms:CreateGrant kms:DescribeKey kms:ListAliases kms:RevokeGrant", NO_KEY, "SSESpecification"),
    Without("AWS::IAM::Role", "iam:ListRoles", LISTING),
    Without("AWS::IAM::Role", "iam:DeleteRolePermissionsBoundary", "The service's roles always keep their boundary."),
    Without("AWS::Lambda::Alias", "lambda:ListAliases", LISTING),
    Without("AWS::Lambda::Alias", "lambda:PutProvisionedConcurrencyConfig lambda:DeleteProvisionedConcurrencyConfig",
            "Concurrency is not provisioned.", "ProvisionedConcurrencyConfig"),
    Without("AWS::Lambda::Function", "lambda:ListFunctions", LISTING),
    Without("AWS::Lambda::Function",
            "ec2:DescribeSecurityGroups ec2:DescribeSubnets ec2:DescribeVpcs ec2:DescribeNetworkInterfaces",
            "The function is not in a VPC.", "VpcConfig"),
    Without("AWS::Lambda::Function", "elasticfilesystem:DescribeMountTargets s3files:ListMountTargets",
            "The function mounts no file system.", "FileSystemConfigs"),
    Without("AWS::Lambda::Function", "kms:CreateGrant kms:Decrypt kms:DescribeKey kms:Encrypt kms:GenerateDataKey", NO_KEY,
            "KmsKeyArn"),
    Without("AWS::Lambda::Function",
            "lambda:GetCodeSigningConfig lambda:PutFunctionCodeSigningConfig lambda:DeleteFunctionCodeSigningConfig",
            "The code is not signed.", "CodeSigningConfigArn"),
    Without("AWS::Lambda::Function", "lambda:GetLayerVersion", "The function has no layers.", "Layers"),
    Without("AWS::Lambda::Function", "lambda:PassCapacityProvider", "The function does not use a capacity provider.",
            "CapacityProviderConfig"),
    Without("AWS::Lambda::Function", "lambda:PutFunctionScalingConfig", "The function has no scaling configuration.",
            "FunctionScalingConfig"),
    Without("AWS::Lambda::Function", "lambda:PutFunctionRecursionConfig", "Lambda's default stops recursion.", "RecursiveLoop"),
    Without("AWS::Lambda::Function", "lambda:PutRuntimeManagementConfig lambda:AssociateRuntimeAlias",
            "Lambda updates the runtime automatically, which is the default.", "RuntimeManagementConfig"),
    Without("AWS::Lambda::Function", "s3:GetObjectVersion", "SAM names an artifact by its hash.", "Code.S3ObjectVersion"),
    Without("AWS::Lambda::Version", "lambda:PutProvisionedConcurrencyConfig", "Concurrency is not provisioned.",
            "ProvisionedConcurrencyConfig"),
    Without("AWS::Lambda::Version", "lambda:PutFunctionScalingConfig", "The function has no scaling configuration.", "FunctionScalingConfig"),
    Without("AWS::Lambda::Version", "lambda:PutRuntimeManagementConfig", "Lambda updates the runtime automatically.", "RuntimePolicy"),
    Without("AWS::Logs::LogGroup", "logs:AssociateKmsKey logs:DisassociateKmsKey", NO_KEY, "KmsKeyId"),
    Without("AWS::Logs::LogGroup", "logs:PutDataProtectionPolicy logs:DeleteDataProtectionPolicy",
            "The logs contain no data that must be masked.", "DataProtectionPolicy"),
    Without("AWS::Logs::LogGroup", "logs:PutIndexPolicy logs:DeleteIndexPolicy", "The logs have no field index.", "FieldIndexPolicies"),
    Without("AWS::Logs::LogGroup", "logs:PutResourcePolicy logs:DeleteResourcePolicy",
            "Roles decide who may write the logs.", "ResourcePolicyDocument"),
    Without("AWS::Logs::LogGroup", "logs:PutLogGroupDeletionProtection", "CloudFormation deletes the logs with the stack.",
            "DeletionProtectionEnabled"),
    Without("AWS::Logs::LogGroup", "logs:PutBearerTokenAuthentication", "Only AWS services write the logs, with their roles.",
            "BearerTokenAuthenticationEnabled"),
    Without("AWS::Logs::LogGroup", "firehose:TagDeliveryStream logs:CreateLogDelivery s3:REST.PUT.OBJECT",
            "CloudWatch does not deliver the logs to another service.", "LogGroupClass"),
    Without("AWS::Route53::RecordSet", "route53:ListHostedZones", "The record refers to its zone by the id.", "HostedZoneName"),
    Without("AWS::WAFv2::WebACLAssociation",
            "amplify:* apprunner:* appsync:* bedrock-agentcore:* cognito-idp:* ec2:* elasticloadbalancing:*",
            "The web ACL protects only an API of API Gateway."),
    Without("AWS::WAFv2::WebACLAssociation", "wafv2:GetPermissionPolicy wafv2:PutPermissionPolicy",
            "Only a rule group that accounts share has such a policy."),
]


class RolePermissionsTest(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls) -> None:
        cls.resources = list(cloudformation.translate(cloudformation.template(), {})["Resources"].values())
        granted = {action for statement in may_make(pipeline()) if statement["Effect"] == "Allow"
                   for action in as_list(statement["Action"])}
        cls.lacking = {
            (kind, action)
            for kind in {resource["Type"] for resource in cls.resources}
            for handler in PROVIDER_SCHEMA_MANAGER.get_resource_schema(REGION, kind).schema["handlers"].values()
            for action in handler.get("permissions", [])
            if action not in granted
        }

    def test_the_role_lacks_only_what_an_exception_explains(self) -> None:
        unexplained = sorted((kind, action) for kind, action in self.lacking if not any(
            exception.kind == kind and any(matches(pattern, action) for pattern in exception.actions.split())
            for exception in EXCEPTIONS))
        self.assertEqual(unexplained, [])

    def test_no_exception_is_stale(self) -> None:
        for exception in EXCEPTIONS:
            for pattern in exception.actions.split():
                with self.subTest(exception.kind, action=pattern):
                    self.assertTrue(any(kind == exception.kind and matches(pattern, action) for kind, action in self.lacking),
                                    "The role has this permission, or the schema does not list it.")

    def test_the_reason_of_each_exception_holds(self) -> None:
        for exception in EXCEPTIONS:
            for resource in self.resources:
                if exception.absent and resource["Type"] == exception.kind:
                    self.assertIsNone(within(resource["Properties"], exception.absent), exception)

    def test_the_schemas_are_found(self) -> None:
        self.assertGreater(len(self.lacking), 100)
        self.assertIn(("AWS::DynamoDB::Table", "dynamodb:ListTables"), self.lacking)


def within(properties: dict, path: str):
    for key in path.split("."):
        properties = properties.get(key, {}) if isinstance(properties, dict) else {}
    return properties or None
