"""template.yaml as CloudFormation receives it: the result of SAM's transform, with resolved conditions and parameters."""

import copy
import json
import logging
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

ROOT = Path(__file__).parents[2]
TEMPLATE = ROOT / "template.yaml"
# A placeholder of Fn::Sub; ${!literal} is not one.
PLACEHOLDER = re.compile(r"\$\{([^!}][^}]*)\}")
os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")
# SAM's code logs warnings about features that the project does not use.
logging.disable(logging.WARNING)


def template() -> dict:
    return yaml_parse(TEMPLATE.read_text())


class NoManagedPolicies:
    """Replaces a call of the transform to IAM. The template uses no managed policies by name."""

    def load(self) -> dict:
        return {}


def translate(template: dict, parameters: dict[str, str]) -> dict:
    template = copy.deepcopy(template)
    template["Resources"]["MoviesFunction"]["Properties"]["CodeUri"] = "s3://bucket/key"
    return transform(template, dict(parameters), NoManagedPolicies())


def resolve(value, template: dict, parameters: dict[str, str]):
    """The value with resolved conditions and parameters; other intrinsic functions stay."""
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
    if "Fn::Sub" in value and isinstance(value["Fn::Sub"], str):
        filled = PLACEHOLDER.sub(lambda found: str(resolve({"Ref": found[1]}, template, parameters))
                                 if found[1] in template["Parameters"] else found[0], value["Fn::Sub"])
        return {"Fn::Sub": filled} if PLACEHOLDER.search(filled) else filled
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


def parameters_of(value, template: dict) -> set[str]:
    """The parameters on which the value depends, directly or through conditions."""
    if isinstance(value, list):
        return set().union(*(parameters_of(item, template) for item in value))
    if not isinstance(value, dict):
        return set()
    found = set()
    for key, item in value.items():
        if key == "Ref":
            found |= {item} & set(template["Parameters"])
        elif key == "Condition" and isinstance(item, str):
            found |= parameters_of(template["Conditions"][item], template)
        elif key == "Fn::If":
            found |= parameters_of([{"Condition": item[0]}, *item[1:]], template)
        elif key == "Fn::Sub":
            text, values = item if isinstance(item, list) else (item, {})
            found |= set(PLACEHOLDER.findall(text)) & set(template["Parameters"]) | parameters_of(values, template)
        else:
            found |= parameters_of(item, template)
    return found


def of_type(translated: dict, kind: str) -> dict[str, dict]:
    """The resources of a type, by logical id."""
    return {name: resource for name, resource in translated["Resources"].items() if resource["Type"] == kind}


def lint(translated: dict) -> list[str]:
    """The findings of cfn-lint. SAM copies an UpdateReplacePolicy without the DeletionPolicy that W3011 expects."""
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        file.write(json.dumps({key: value for key, value in translated.items() if key != "Transform"}))
        file.flush()
        command = [sys.executable, str(Path(sys.executable).parent / "cfn-lint"), "--ignore-checks", "W3011", "--format", "json", "--", file.name]
        found = subprocess.run(command, capture_output=True, text=True, check=False)
    return sorted({each["Message"] for each in json.loads(found.stdout or "[]")}) + found.stderr.splitlines()
