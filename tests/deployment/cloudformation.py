"""What CloudFormation gets of template.yaml: SAM's own transform of it, and the values of conditions and parameters."""

import copy
import os
from pathlib import Path

from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

ROOT = Path(__file__).parents[2]
TEMPLATE = ROOT / "template.yaml"
os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")


def template() -> dict:
    return yaml_parse(TEMPLATE.read_text())


class NoManagedPolicies:
    """The transform asks IAM for names that this template does not use."""

    def load(self) -> dict:
        return {}


def translate(template: dict, parameters: dict[str, str]) -> dict:
    template = copy.deepcopy(template)
    template["Resources"]["MoviesFunction"]["Properties"]["CodeUri"] = "s3://bucket/key"
    return transform(template, dict(parameters), NoManagedPolicies())


def resolve(value, template: dict, parameters: dict[str, str]):
    """The value with its conditions decided and its parameters filled in; other intrinsics stay."""
    if isinstance(value, list):
        return [resolve(item, template, parameters) for item in value]
    if not isinstance(value, dict):
        return value
    if "Fn::If" in value:
        condition, then, otherwise = value["Fn::If"]
        chosen = then if holds({"Condition": condition}, template, parameters) else otherwise
        return resolve(chosen, template, parameters)
    if "Ref" in value and value["Ref"] in template["Parameters"]:
        return parameters.get(value["Ref"], template["Parameters"][value["Ref"]].get("Default"))
    return {key: resolve(item, template, parameters) for key, item in value.items()}


def holds(condition, template: dict, parameters: dict[str, str]) -> bool:
    (function, operands), *_ = condition.items()
    if function == "Condition":
        return holds(template["Conditions"][operands], template, parameters)
    if function == "Fn::Equals":
        left, right = resolve(operands, template, parameters)
        return str(left) == str(right)
    decided = [holds(operand, template, parameters) for operand in operands]
    return {"Fn::Not": not decided[0], "Fn::And": all(decided), "Fn::Or": any(decided)}[function]
