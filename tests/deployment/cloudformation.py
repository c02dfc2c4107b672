"""template.yaml as CloudFormation receives it: the result of SAM's transform, with resolved conditions and parameters."""

import copy
import json
import logging
import os
import re
from pathlib import Path
from types import SimpleNamespace

import cfnlint
from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

ROOT = Path(__file__).parents[2]
TEMPLATE = yaml_parse((ROOT / "template.yaml").read_text())
# A placeholder of Fn::Sub; ${!literal} is not one.
PLACEHOLDER = re.compile(r"\$\{([^!}][^}]*)\}")
os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")
# SAM's code logs warnings about features that the project does not use.
logging.disable(logging.WARNING)


def translate(parameters: dict[str, str], template: dict = TEMPLATE) -> dict:
    template = copy.deepcopy(template)
    template["Resources"]["MoviesFunction"]["Properties"]["CodeUri"] = "s3://bucket/key"
    # The template uses no managed policies by name, so the transform need not ask IAM for them.
    return transform(template, dict(parameters), SimpleNamespace(load=dict))


TRANSLATED = translate({})
RESOURCES = TRANSLATED["Resources"]


def resolve(value, parameters: dict[str, str], template: dict = TEMPLATE):
    """The value with resolved conditions and parameters; other intrinsic functions stay."""
    if isinstance(value, list):
        return [resolve(item, parameters, template) for item in value]
    if not isinstance(value, dict):
        return value
    if "Fn::If" in value:
        condition, then, otherwise = value["Fn::If"]
        chosen = then if holds({"Condition": condition}, parameters, template) else otherwise
        return resolve(chosen, parameters, template)
    if "Ref" in value and value["Ref"] in template["Parameters"]:
        return parameters.get(value["Ref"], template["Parameters"][value["Ref"]].get("Default"))
    if "Fn::Sub" in value and isinstance(value["Fn::Sub"], str):
        filled = PLACEHOLDER.sub(lambda found: str(resolve({"Ref": found[1]}, parameters, template))
                                 if found[1] in template["Parameters"] else found[0], value["Fn::Sub"])
        return {"Fn::Sub": filled} if PLACEHOLDER.search(filled) else filled
    return {key: resolve(item, parameters, template) for key, item in value.items()}


def holds(condition, parameters: dict[str, str], template: dict = TEMPLATE) -> bool:
    (function, operands), *_ = condition.items()
    if function == "Condition":
        return holds(template["Conditions"][operands], parameters, template)
    if function == "Fn::Equals":
        left, right = resolve(operands, parameters, template)
        return str(left) == str(right)
    decided = [holds(operand, parameters, template) for operand in operands]
    return {"Fn::Not": not decided[0], "Fn::And": all(decided), "Fn::Or": any(decided)}[function]


def parameters_of(value) -> set[str]:
    """The parameters on which the value depends, directly or through conditions."""
    text = json.dumps(value)
    found = set(re.findall(r'(?:"Ref": "|\$\{)(\w+)["}]', text)) & set(TEMPLATE["Parameters"])
    conditions = re.findall(r'(?:"Fn::If": \[|"Condition": )"(\w+)"', text)
    return found.union(*(parameters_of(TEMPLATE["Conditions"][name]) for name in conditions))


def of_type(kind: str, translated: dict = TRANSLATED) -> dict[str, dict]:
    """The resources of a type, by logical id."""
    return {name: resource for name, resource in translated["Resources"].items() if resource["Type"] == kind}


def policies(resources: dict[str, dict]) -> dict[str, list[dict]]:
    """The statements of each managed policy, and of the inline policies of each role. Each action and each resource is in a list."""
    found = {}
    for name, resource in resources.items():
        if resource["Type"] in ("AWS::IAM::ManagedPolicy", "AWS::IAM::Role"):
            properties = resource["Properties"]
            documents = [properties] if "PolicyDocument" in properties else properties.get("Policies", [])
            statements = [each for document in documents for each in document["PolicyDocument"]["Statement"]]
            found[name] = [each | {name: as_list(each[name]) for name in ("Action", "Resource")} for each in statements]
    return found


def as_list(value) -> list:
    return value if isinstance(value, list) else [value]


def lint(translated: dict) -> list[str]:
    """The findings of cfn-lint. SAM copies an UpdateReplacePolicy without the DeletionPolicy that W3011 expects."""
    content = json.dumps({key: value for key, value in translated.items() if key != "Transform"})
    return sorted({each.message for each in cfnlint.lint(content, config={"ignore_checks": ["W3011"]})})
