"""CloudFormation's role has all permissions that AWS's resource schemas list for the types in the template, except those in
EXCEPTIONS. The schemas are in cfn-lint's package. Each schema lists all actions that its handlers can call.
"""

import unittest
from fnmatch import fnmatchcase
from typing import NamedTuple

import cloudformation
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER
from pipeline import REGION, as_list, may_make


class Without(NamedTuple):
    """Permissions that schemas list but the role lacks. The reason is valid as long as no resource has one of the `absent` properties."""

    why: str
    actions: str
    absent: str = ""


EXCEPTIONS = [
    Without("Only account scans and imports list resources. The pipeline does neither.",
            "cloudwatch:ListDashboards codedeploy:ListApplications codedeploy:ListDeploymentGroups dynamodb:ListTables iam:ListRoles "
            "lambda:ListAliases lambda:ListFunctions"),
    Without("AWS owns the encryption keys.", "kms:* logs:AssociateKmsKey logs:DisassociateKmsKey", "KmsKeyArn KmsKeyId SSESpecification"),
    Without("Roles decide who may use the API, the tables and the logs.",
            "apigateway:UpdateRestApiPolicy dynamodb:*ResourcePolicy logs:*ResourcePolicy", "Policy ResourcePolicy ResourcePolicyDocument"),
    Without("The group deploys a function, not machines.", "codedeploy:RegisterOnPremisesInstance", "OnPremisesInstanceTagFilters"),
    Without("Only replication copies items, and the tables have no replicas.",
            "dynamodb:AssociateTableReplica dynamodb:CreateTableReplica dynamodb:BatchWriteItem dynamodb:DeleteItem dynamodb:GetItem "
            "dynamodb:PutItem dynamodb:Query dynamodb:Scan dynamodb:UpdateItem", "Replicas"),
    Without("The tables are not imported from S3.",
            "dynamodb:ImportTable dynamodb:DescribeImport logs:CreateLogStream logs:DescribeLogStreams logs:PutLogEvents s3:ListBucket "
            "s3:GetObjectMetadata", "ImportSourceSpecification"),
    Without("The tables have no stream.", "dynamodb:*KinesisStreamingDestination kinesis:*", "KinesisStreamSpecification"),
    Without("Contributor Insights stays off.", "dynamodb:UpdateContributorInsights", "ContributorInsightsSpecification"),
    Without("The service's roles always keep their boundary.", "iam:DeleteRolePermissionsBoundary"),
    Without("Concurrency is not provisioned.", "lambda:*ProvisionedConcurrencyConfig", "ProvisionedConcurrencyConfig"),
    Without("The function is not in a VPC, and mounts no file system.", "ec2:* elasticfilesystem:* s3files:*", "VpcConfig FileSystemConfigs"),
    Without("The code is not signed.", "lambda:*CodeSigningConfig", "CodeSigningConfigArn"),
    Without("The function has no layers and no capacity provider.", "lambda:GetLayerVersion lambda:PassCapacityProvider",
            "Layers CapacityProviderConfig"),
    Without("Lambda's defaults apply to scaling, recursion and updates of the runtime.",
            "lambda:PutFunctionScalingConfig lambda:PutFunctionRecursionConfig lambda:PutRuntimeManagementConfig lambda:AssociateRuntimeAlias",
            "FunctionScalingConfig RecursiveLoop RuntimeManagementConfig RuntimePolicy"),
    Without("SAM names an artifact by its hash.", "s3:GetObjectVersion", "S3ObjectVersion"),
    Without("The logs contain no data that must be masked, and have no field index.", "logs:*DataProtectionPolicy logs:*IndexPolicy",
            "DataProtectionPolicy FieldIndexPolicies"),
    Without("CloudFormation deletes the logs with the stack.", "logs:PutLogGroupDeletionProtection"),
    Without("Only AWS services write the logs, with their roles.", "logs:PutBearerTokenAuthentication", "BearerTokenAuthenticationEnabled"),
    Without("CloudWatch does not deliver the logs to another service.",
            "firehose:TagDeliveryStream logs:CreateLogDelivery s3:REST.PUT.OBJECT", "LogGroupClass"),
    Without("The record refers to its zone by the id.", "route53:ListHostedZones", "HostedZoneName"),
    Without("The web ACL protects only an API of API Gateway, and has no rule group that accounts share.",
            "amplify:* apprunner:* appsync:* bedrock-agentcore:* cognito-idp:* elasticloadbalancing:* wafv2:*PermissionPolicy"),
]


def properties_of(value) -> set[str]:
    if isinstance(value, list):
        return set().union(*(properties_of(item) for item in value))
    return set(value).union(*(properties_of(item) for item in value.values())) if isinstance(value, dict) else set()


class RolePermissionsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.resources = cloudformation.translate(cloudformation.template(), {})["Resources"].values()
        granted = {action for statement in may_make() if statement["Effect"] == "Allow" for action in as_list(statement["Action"])}
        cls.lacking = {
            action
            for kind in {resource["Type"] for resource in cls.resources}
            for handler in PROVIDER_SCHEMA_MANAGER.get_resource_schema(REGION, kind).schema["handlers"].values()
            for action in handler.get("permissions", [])
        } - granted

    def test_the_role_lacks_only_what_an_exception_explains(self) -> None:
        patterns = {pattern for exception in EXCEPTIONS for pattern in exception.actions.split()}
        self.assertGreater(len(self.lacking), 80)
        self.assertEqual(sorted(action for action in self.lacking if not any(fnmatchcase(action, each) for each in patterns)), [])
        self.assertEqual(sorted(each for each in patterns if not any(fnmatchcase(action, each) for action in self.lacking)), [],
                         "The role has these permissions, or no schema lists them.")

    def test_the_reason_of_each_exception_holds(self) -> None:
        absent = {name for exception in EXCEPTIONS for name in exception.absent.split()}
        for resource in self.resources:
            self.assertEqual(properties_of(resource["Properties"]) & absent, set(), resource["Type"])
