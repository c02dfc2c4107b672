"""An AWS account for tests of policies: its roles with resolved references, and the ARNs that CloudFormation would create."""

import functools
import re

import cloudformation
from cloudformation import ROOT, yaml_parse

PIPELINE = ROOT / ".github/deployment-role.yaml"
REGION = "eu-west-1"
ACCOUNT = "111122223333"
BUCKET = "pipeline-movies-dev-artifacts-1a2b3c4d5e6f"
PROVIDER = f"arn:aws:iam::{ACCOUNT}:oidc-provider/token.actions.githubusercontent.com"
PSEUDO_PARAMETERS = {"AWS::Partition": "aws", "AWS::Region": REGION, "AWS::AccountId": ACCOUNT, "AWS::URLSuffix": "amazonaws.com"}
# CloudFormation ends the name of a resource with up to 13 random characters.
RANDOM = "1A2B3C4D5E6FG"

ARNS = {
    "AWS::IAM::Role": f"arn:aws:iam::{ACCOUNT}:role{{path}}{{name}}",
    "AWS::IAM::OIDCProvider": PROVIDER,
    "AWS::IAM::ManagedPolicy": f"arn:aws:iam::{ACCOUNT}:policy{{path}}{{name}}",
    "AWS::Lambda::Function": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{{name}}",
    "AWS::DynamoDB::Table": f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{{name}}",
    "AWS::Logs::LogGroup": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{{name}}:*",
    "AWS::CloudWatch::Alarm": f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:{{name}}",
    "AWS::CodeDeploy::Application": f"arn:aws:codedeploy:{REGION}:{ACCOUNT}:application:{{name}}",
    "AWS::S3::Bucket": f"arn:aws:s3:::{BUCKET}",
}


def physical_name(stack: str, logical_id: str) -> str:
    return f"{stack}-{logical_id}-{RANDOM}"


def arn(stack: str, logical_id: str, resource: dict) -> str:
    path = resource.get("Properties", {}).get("Path", "/")
    return ARNS[resource["Type"]].format(name=physical_name(stack, logical_id), path=path)


class Stack:
    """A template's resources with resolved parameters, references and names, as CloudFormation resolves them."""

    def __init__(self, template: dict, name: str, parameters: dict[str, str]) -> None:
        defaults = {key: str(parameter.get("Default", "")) for key, parameter in template["Parameters"].items()}
        self.values = {**PSEUDO_PARAMETERS, "AWS::StackName": name, **defaults, **parameters}
        for logical_id, resource in template["Resources"].items():
            self.values[logical_id] = physical_name(name, logical_id)
            if resource["Type"] in ARNS:
                self.values[f"{logical_id}.Arn"] = arn(name, logical_id, resource)
                # Ref returns the ARN of these types.
                if resource["Type"] in ("AWS::IAM::ManagedPolicy", "AWS::IAM::OIDCProvider"):
                    self.values[logical_id] = self.values[f"{logical_id}.Arn"]
        self.resources = self.fill(cloudformation.resolve(template["Resources"], template, parameters))

    def fill(self, value):
        if isinstance(value, list):
            return [self.fill(item) for item in value]
        if not isinstance(value, dict):
            return value
        match value:
            case {"Ref": "AWS::NoValue"}:
                return None
            case {"Ref": name}:
                return self.values[name]
            case {"Fn::GetAtt": [*path]}:
                return self.values.get(".".join(path), "unknown")
            case {"Fn::Sub": str(text)}:
                return re.sub(r"\$\{([\w:.]+)\}", lambda found: self.values[found[1]], text)
        return {key: self.fill(item) for key, item in value.items()}

    def policies(self) -> dict[str, dict]:
        """All policy documents of the stack, including trust policies, by their place in the template."""
        found = {}
        for logical_id, resource in self.resources.items():
            properties = resource.get("Properties", {})
            if "PolicyDocument" in properties:
                found[logical_id] = properties["PolicyDocument"]
            if resource["Type"] == "AWS::IAM::Role":
                found[f"{logical_id}, trust"] = properties["AssumeRolePolicyDocument"]
                for policy in properties.get("Policies", []):
                    found[f"{logical_id}, {policy['PolicyName']}"] = policy["PolicyDocument"]
        return found

    def statements(self, *policies: str) -> list[dict]:
        return [statement for policy in policies for statement in self.policies()[policy]["Statement"]]


@functools.cache
def pipeline_template() -> dict:
    return yaml_parse(PIPELINE.read_text())


@functools.cache
def pipeline(stage: str = "dev", **parameters: str) -> Stack:
    return Stack(pipeline_template(), f"pipeline-movies-{stage}", {"Repository": "owner/name", "Stage": stage, **parameters})


def may_deploy(stack: Stack) -> list[dict]:
    """The permissions of the pipeline's workflow."""
    return stack.statements("DeployRole, deploy")


def may_make(stack: Stack) -> list[dict]:
    """The permissions of CloudFormation when it deploys for the pipeline."""
    role = stack.resources["ExecutionRole"]["Properties"]
    names = [name for name in stack.policies() if stack.values.get(name) in role["ManagedPolicyArns"]]
    return stack.statements(*names, *(f"ExecutionRole, {policy['PolicyName']}" for policy in role.get("Policies", [])))
