"""CloudFormation's role has all permissions that AWS's resource schemas list for the types in the template, except those in
EXCEPTIONS. The schemas are in cfn-lint's package. Each schema lists all actions that its handlers can call.

parliament, a linter for IAM policies, finds no action that ignores its resource or its condition. cfn-lint does not compare these.
"""

import json
import re
import unittest
import warnings
from fnmatch import fnmatchcase

import pipeline
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER
from cloudformation import RESOURCES, policies
from pipeline import ACCOUNT, MAY_MAKE, POLICIES, REGION

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import parliament

ARNS = {"Artifacts": "arn:aws:s3:::x", "Function": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:x",
        "Logs": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:x:*", "Role": f"arn:aws:iam::{ACCOUNT}:role/x",
        "Table": f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/x"}


# Permissions that schemas list but the role lacks. Each reason holds as long as no resource has one of the properties at the right.
EXCEPTIONS = {
    # AWS owns the encryption keys.
    "kms:* logs:AssociateKmsKey logs:DisassociateKmsKey": "KmsKeyArn KmsKeyId SSESpecification",
    # Roles decide who may use the API, the tables and the logs.
    "apigateway:UpdateRestApiPolicy dynamodb:*ResourcePolicy logs:*ResourcePolicy": "Policy ResourcePolicy ResourcePolicyDocument",
    # The group deploys a function, not machines.
    "codedeploy:RegisterOnPremisesInstance": "OnPremisesInstanceTagFilters",
    # Only replication copies items, and the tables have no replicas.
    "dynamodb:AssociateTableReplica dynamodb:CreateTableReplica dynamodb:BatchWriteItem dynamodb:DeleteItem dynamodb:GetItem "
    "dynamodb:PutItem dynamodb:Query dynamodb:Scan dynamodb:UpdateItem": "Replicas",
    # The tables are not imported from S3.
    "dynamodb:ImportTable dynamodb:DescribeImport logs:CreateLogStream logs:DescribeLogStreams logs:PutLogEvents s3:ListBucket "
    "s3:GetObjectMetadata": "ImportSourceSpecification",
    # The tables have no stream, and Contributor Insights stays off.
    "dynamodb:*KinesisStreamingDestination kinesis:*": "KinesisStreamSpecification",
    "dynamodb:UpdateContributorInsights": "ContributorInsightsSpecification",
    # The service's roles always keep their boundary.
    "iam:DeleteRolePermissionsBoundary": "",
    # Concurrency is not provisioned.
    "lambda:*ProvisionedConcurrencyConfig": "ProvisionedConcurrencyConfig",
    # The function is not in a VPC, and mounts no file system.
    "ec2:* elasticfilesystem:* s3files:*": "VpcConfig FileSystemConfigs",
    # The code is not signed, and has no layers and no capacity provider.
    "lambda:*CodeSigningConfig": "CodeSigningConfigArn",
    "lambda:GetLayerVersion lambda:PassCapacityProvider": "Layers CapacityProviderConfig",
    # Lambda's defaults apply to scaling, recursion and updates of the runtime.
    "lambda:PutFunctionScalingConfig lambda:PutFunctionRecursionConfig lambda:PutRuntimeManagementConfig lambda:AssociateRuntimeAlias":
        "FunctionScalingConfig RecursiveLoop RuntimeManagementConfig RuntimePolicy",
    # SAM names an artifact by its hash.
    "s3:GetObjectVersion": "S3ObjectVersion",
    # The logs contain no data that must be masked, and have no field index. CloudFormation deletes them with the stack.
    "logs:*DataProtectionPolicy logs:*IndexPolicy": "DataProtectionPolicy FieldIndexPolicies",
    "logs:PutLogGroupDeletionProtection": "",
    # Only AWS services write the logs, with their roles, and CloudWatch does not deliver them to another service.
    "logs:PutBearerTokenAuthentication": "BearerTokenAuthenticationEnabled",
    "firehose:TagDeliveryStream logs:CreateLogDelivery s3:REST.PUT.OBJECT": "LogGroupClass",
    # The record refers to its zone by the id.
    "route53:ListHostedZones": "HostedZoneName",
    # The web ACL protects only an API of API Gateway, and has no rule group that accounts share.
    "amplify:* apprunner:* appsync:* bedrock-agentcore:* cognito-idp:* elasticloadbalancing:* wafv2:*PermissionPolicy": "",
}


def findings(statements: list[dict]) -> list[tuple[str, str]]:
    document = json.dumps({"Version": "2012-10-17", "Statement": statements})
    document = re.sub(r"\w*?(Artifacts|Function|Logs|Role|Table)\.Arn", lambda found: ARNS[found[1]], document)
    document = document.replace('"Boundary"', f'"arn:aws:iam::{ACCOUNT}:policy/x"')
    kinds = ("RESOURCE_MISMATCH", "UNKNOWN_CONDITION_FOR_ACTION", "MISMATCHED_TYPE")
    return [(each.issue, str(each.detail)) for each in parliament.analyze_policy_string(document).findings if each.issue in kinds]


class RolePermissionsTest(unittest.TestCase):
    def test_the_role_lacks_only_what_an_exception_explains(self) -> None:
        granted = {action for statement in MAY_MAKE if statement["Effect"] == "Allow" for action in statement["Action"]}
        lacking = {
            action
            for kind in {resource["Type"] for resource in RESOURCES.values()}
            for name, handler in PROVIDER_SCHEMA_MANAGER.get_resource_schema(REGION, kind).schema["handlers"].items()
            # Only account scans and imports list resources. The pipeline does neither.
            if name != "list"
            for action in handler.get("permissions", [])
        } - granted
        patterns = " ".join(EXCEPTIONS).split()
        self.assertGreater(len(lacking), 80)
        self.assertEqual(sorted(action for action in lacking if not any(fnmatchcase(action, each) for each in patterns)), [])
        self.assertEqual(sorted(each for each in patterns if not any(fnmatchcase(action, each) for action in lacking)), [],
                         "The role has these permissions, or no schema lists them.")

    def test_the_reason_of_each_exception_holds(self) -> None:
        template = json.dumps(RESOURCES)
        absent = " ".join(EXCEPTIONS.values()).split()
        self.assertEqual([name for name in absent if f'"{name}":' in template], [])

    def test_each_action_supports_its_resource_and_its_condition(self) -> None:
        found = POLICIES | policies(pipeline.fill(RESOURCES))
        self.assertEqual(len(found), 8)
        for name, statements in found.items():
            self.assertEqual(findings(statements) if statements else [], [], name)
