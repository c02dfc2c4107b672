"""Rules for single properties of template.yaml, after SAM's transform: those of cfn-lint, and those that a linter cannot know."""

import unittest

from cloudformation import RESOURCES, TRANSLATED, lint, of_type

ANY = object()
UNITS = {"MaxReadRequestUnits": {"Ref": "MaxReadUnits"}, "MaxWriteRequestUnits": {"Ref": "MaxWriteUnits"}}
# The type or the logical ID of resources, a path to a property, and its value: None if the property must be absent. A rule for a list
# applies to each of its elements.
RULES = [
    # The movies outlive the stack. The keys expire and go with the stack.
    ("MoviesTable", "DeletionPolicy", "Retain"),
    ("MoviesTable", "UpdateReplacePolicy", "Retain"),
    ("MoviesTable", "Properties.DeletionProtectionEnabled", {"Ref": "DeletionProtection"}),
    ("MoviesTable", "Properties.PointInTimeRecoverySpecification.PointInTimeRecoveryEnabled", True),
    ("KeysTable", "DeletionPolicy", "Delete"),
    ("KeysTable", "Properties.TimeToLiveSpecification", {"AttributeName": "expires_at", "Enabled": True}),
    # The cost has a limit.
    ("AWS::DynamoDB::Table", "Properties.BillingMode", "PAY_PER_REQUEST"),
    ("AWS::DynamoDB::Table", "Properties.OnDemandThroughput", UNITS),
    ("AWS::ApiGateway::Stage", "Properties.MethodSettings.MetricsEnabled", None),
    # DynamoDB encrypts with a key that AWS owns at no cost. SSEEnabled would select a key that AWS bills.
    ("AWS::DynamoDB::Table", "Properties.SSESpecification", None),
    # Clients need TLS 1.2 or newer, and get what the function compressed.
    ("AWS::ApiGateway::RestApi", "Properties.SecurityPolicy", "SecurityPolicy_TLS13_1_2_2021_06"),
    ("AWS::ApiGateway::DomainName", "Properties.SecurityPolicy", "TLS_1_2"),
    ("AWS::ApiGateway::RestApi", "Properties.MinimumCompressionSize", None),
    ("AWS::ApiGateway::RestApi", "Properties.Body.x-amazon-apigateway-minimum-compression-size", None),
    # API Gateway waits for 29 s.
    ("AWS::Lambda::Function", "Properties.Timeout", 10),
    ("AWS::Lambda::Function", "Properties.TracingConfig.Mode", "Active"),
    ("AWS::Lambda::Function", "Properties.LoggingConfig.LogFormat", "JSON"),
    ("AWS::Lambda::Function", "Properties.LoggingConfig.LogGroup", {"Ref": "MoviesLogs"}),
    ("AWS::Lambda::Alias", "Properties.Name", "live"),
    ("AWS::CodeDeploy::DeploymentGroup", "Properties.AutoRollbackConfiguration.Enabled", True),
    ("AWS::CodeDeploy::DeploymentGroup", "Properties.AlarmConfiguration.Alarms.Name", ANY),
    # Logs expire. API Gateway's execution logs never do, and outlive the stack. No log contains a body.
    ("AWS::Logs::LogGroup", "Properties.RetentionInDays", {"Ref": "LogRetentionDays"}),
    ("AWS::ApiGateway::Stage", "Properties.MethodSettings.LoggingLevel", "OFF"),
    ("AWS::ApiGateway::Stage", "Properties.MethodSettings.DataTraceEnabled", False),
    ("AWS::ApiGateway::Stage", "Properties.AccessLogSetting.DestinationArn", ANY),
    ("AWS::ApiGateway::Stage", "Properties.TracingEnabled", True),
    ("AWS::CloudWatch::Alarm", "Properties.TreatMissingData", "notBreaching"),
    ("AWS::CloudWatch::Alarm", "Properties.AlarmDescription", ANY),
    ("AWS::CloudWatch::Alarm", "Properties.AlarmActions", {"Fn::If": ["HasAlarmTopic", [{"Ref": "AlarmTopicArn"}], {"Ref": "AWS::NoValue"}]}),
    # Services of AWS assume the roles of the service, and only its API invokes the function.
    ("AWS::IAM::Role", "Properties.AssumeRolePolicyDocument.Statement.Principal.Service", ANY),
    ("AWS::IAM::Role", "Properties.PermissionsBoundary", {"Fn::If": ["HasBoundary", {"Ref": "PermissionsBoundaryArn"}, {"Ref": "AWS::NoValue"}]}),
    ("AWS::Lambda::Permission", "Properties.Principal", "apigateway.amazonaws.com"),
    ("AWS::Lambda::Permission", "Properties.SourceArn", ANY),
]


def values(value, path: list[str]):
    """The values at the path, or None where it does not exist."""
    if isinstance(value, list) and path:
        for element in value:
            yield from values(element, path)
    elif path:
        yield from values(value.get(path[0]) if isinstance(value, dict) else None, path[1:])
    else:
        yield value


def broken(resources: dict[str, dict], rules: list[tuple]) -> list[tuple]:
    """The rules that do not hold, with the values that were found. A rule without a resource does not hold."""
    result = []
    for resource, path, expected in rules:
        found = [value for name, each in resources.items() if resource in (name, each["Type"]) for value in values(each, path.split("."))]
        if not found or any(value is None if expected is ANY else value != expected for value in found):
            result.append((resource, path, found))
    return result


class RulesTest(unittest.TestCase):
    def test_the_rules_hold(self) -> None:
        self.assertEqual(broken(RESOURCES, RULES), [])
        for table in of_type("AWS::DynamoDB::Table").values():
            for index in table["Properties"].get("GlobalSecondaryIndexes", []):
                self.assertEqual(index["OnDemandThroughput"], UNITS)
        # In a template with a transform, cfn-lint does not look for unused parameters, circular references or wrong actions of IAM.
        # SAM's transform uses this parameter.
        self.assertEqual(lint(TRANSLATED), ["Parameter DeploymentStrategy not used."])
