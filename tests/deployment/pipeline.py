"""The policies of the pipeline's stack of a stage (.github/deployment-role.yaml), as texts.

A reference to a resource becomes its logical ID, such as "Boundary" or "Artifacts.Arn". The tests read each statement as it is written.
"""

import re
from fnmatch import fnmatchcase

import cloudformation
from cloudformation import ROOT, yaml_parse

PIPELINE = ROOT / ".github/deployment-role.yaml"
REGION, ACCOUNT = "eu-west-1", "111122223333"
PSEUDO_PARAMETERS = {"AWS::Partition": "aws", "AWS::Region": REGION, "AWS::AccountId": ACCOUNT, "AWS::StackName": "pipeline"}
TEMPLATE = yaml_parse(PIPELINE.read_text())


def resources(stage: str = "dev", **parameters: str) -> dict[str, dict]:
    parameters = {"Stage": stage, "Repository": "owner/name", **parameters}
    return fill(cloudformation.resolve(TEMPLATE["Resources"], TEMPLATE, parameters))


def fill(value):
    match value:
        case {"Ref": str(name)}:
            return PSEUDO_PARAMETERS.get(name, name)
        case {"Fn::GetAtt": [*path]}:
            return ".".join(path)
        case {"Fn::Sub": str(text)}:
            return re.sub(r"\$\{([\w:.]+)\}", lambda found: PSEUDO_PARAMETERS.get(found[1], found[1]), text)
        case dict():
            return {key: fill(item) for key, item in value.items()}
        case list():
            return [fill(item) for item in value]
    return value


def policies(resources: dict[str, dict]) -> dict[str, list[dict]]:
    """The statements of each managed policy, and of the inline policies of each role, by the logical ID."""
    found = {}
    for name, resource in resources.items():
        properties = resource.get("Properties", {})
        if resource["Type"] == "AWS::IAM::ManagedPolicy":
            found[name] = properties["PolicyDocument"]["Statement"]
        if resource["Type"] == "AWS::IAM::Role":
            found[name] = [statement for policy in properties.get("Policies", []) for statement in policy["PolicyDocument"]["Statement"]]
    return found


def may_deploy(stage: str = "dev") -> list[dict]:
    """The statements of the workflow's role."""
    return policies(resources(stage))["DeployRole"]


def may_make(stage: str = "dev", **parameters: str) -> list[dict]:
    """The statements of CloudFormation's role."""
    found = resources(stage, **parameters)
    attached = found["ExecutionRole"]["Properties"]["ManagedPolicyArns"]
    return [statement for name in ("ExecutionRole", *attached) for statement in policies(found)[name]]


def statement(statements: list[dict], sid: str) -> dict:
    (found,) = (each for each in statements if each.get("Sid") == sid)
    return found


def as_list(value) -> list:
    return value if isinstance(value, list) else [value]


def includes(statement: dict, arn: str) -> bool:
    return any(fnmatchcase(arn, pattern) for pattern in as_list(statement["Resource"]))


def grants(statements: list[dict], action: str, arn: str) -> bool:
    """Whether a statement allows the action on the resource, with or without a condition."""
    return any(each["Effect"] == "Allow" and action in as_list(each["Action"]) and includes(each, arn) for each in statements)
