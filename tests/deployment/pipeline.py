"""The policies of the pipeline's stack of the stage dev (.github/deployment-role.yaml), as texts.

A reference to a resource becomes its logical ID, such as "Boundary" or "Artifacts.Arn". The tests read each statement as it is written.
"""

import re
from fnmatch import fnmatchcase

from cloudformation import ROOT, policies, resolve, yaml_parse

PIPELINE = ROOT / ".github/deployment-role.yaml"
REGION, ACCOUNT, ZONE = "eu-west-1", "111122223333", "Z0123456789"
PSEUDO_PARAMETERS = {"AWS::Partition": "aws", "AWS::Region": REGION, "AWS::AccountId": ACCOUNT, "AWS::StackName": "pipeline"}
TEMPLATE = yaml_parse(PIPELINE.read_text())


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


RESOURCES = fill(resolve(TEMPLATE["Resources"], {"Stage": "dev", "Repository": "owner/name", "HostedZoneId": ZONE}, TEMPLATE))
POLICIES = policies(RESOURCES)
# The statements of the workflow's role, of CloudFormation's role and of the boundary.
MAY_DEPLOY = POLICIES["DeployRole"]
MAY_MAKE = [each for name in ("ExecutionRole", *RESOURCES["ExecutionRole"]["Properties"]["ManagedPolicyArns"]) for each in POLICIES[name]]
BOUNDARY = POLICIES["Boundary"]


def grants(statements: list[dict], action: str, arn: str) -> bool:
    """Whether a statement allows the action on the resource, with or without a condition."""
    return any(each["Effect"] == "Allow" and action in each["Action"] and any(fnmatchcase(arn, pattern) for pattern in each["Resource"])
               for each in statements)
