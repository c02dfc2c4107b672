"""The commands in docs/: they are valid in a shell, and their calls of AWS, targets of make and parameters exist.

`aws` is a stub. Its calls are checked against AWS's service models, as the AWS CLI checks them before it sends a request: the operation,
its options and their types, and the members that --query selects.
"""

import json
import os
import re
import subprocess
import tempfile
import unittest
from pathlib import Path

import botocore.session
import cloudformation
import jmespath
import tomlkit
from botocore import xform_name
from botocore.validate import validate_parameters
from cloudformation import ROOT

PAGES = {page.stem: page.read_text() for page in (ROOT / "docs").glob("*.md") if re.search(r"\baws [a-z]", page.read_text())}
SESSION = botocore.session.Session()
# Names that differ between the CLI and the models, and commands that exist only in the CLI.
SERVICES, RENAMED = {"deploy": "codedeploy"}, {"notification-endpoint": "endpoint"}
OF_THE_CLI = {("configure", "export-credentials"), ("logs", "tail"), ("s3", "cp"), ("cloudformation", "deploy")}
STUB = r"""#!/bin/sh
printf '%s\037' "$@" >> "$LOG" && printf '\036' >> "$LOG"
case $1 in configure) echo "export AWS_ACCESS_KEY_ID=A AWS_SECRET_ACCESS_KEY=S AWS_SESSION_TOKEN=T" ;; *) echo example ;; esac
"""


def commands(text: str) -> list[str]:
    """The blocks of shell commands, and the commands of the AWS CLI in the text."""
    block = re.compile(r"^ *```sh\n(.*?)^ *```", re.DOTALL | re.MULTILINE)
    return block.findall(text) + [each.replace("\n", " ") for each in re.findall(r"`(aws [a-z0-9-]+ [^`]+)`", block.sub("", text))]


def value_of(texts: list[str], shape):
    """The value of an option: JSON, or the CLI's shorthand (Name=a,Value=b)."""
    first, kind = texts[0] if texts else "true", shape.type_name
    if first.startswith("file://"):
        return example(shape)
    if kind in ("structure", "map", "list") and first[0] in "[{":
        return json.loads(first)
    if kind == "list":
        return [value_of([text], shape.member) for text in (first.split(",") if shape.member.type_name == "string" else texts)]
    if kind in ("structure", "map"):
        pairs = [pair.split("=", 1) for pair in re.split(r",(?=\w+=)", first)]
        return {key: value_of([text], shape.members[key] if kind == "structure" else shape.value) for key, text in pairs}
    if kind == "string":
        # The stub prints a short string, and an ARN is long.
        return first.ljust(shape.metadata.get("min", 0), "0")
    return {"boolean": {"true": True, "false": False}.get, "integer": int, "long": int, "timestamp": str}.get(kind, float)(first)


def example(shape, parents: tuple = ()):
    """A value of the shape with all members, so that a query can select each of them."""
    match shape.type_name:
        case "structure":
            return {name: example(member, (*parents, shape.name)) for name, member in shape.members.items() if shape.name not in parents}
        case "list":
            return [example(shape.member, parents)]
        case "map":
            return {"key": example(shape.value, parents)}
    return {"boolean": True, "integer": 1, "long": 1, "double": 1.0, "float": 1.0}.get(shape.type_name, "example")


def check(service: str, operation: str, *arguments: str) -> None:
    model = SESSION.get_service_model(SERVICES.get(service, service))
    names = {xform_name(name, "-"): name for name in model.operation_names}
    if operation == "wait":
        waiters = SESSION.get_waiter_model(SERVICES.get(service, service))
        operation, *arguments = arguments
        names = {xform_name(name, "-"): waiters.get_waiter(name).operation for name in waiters.waiter_names}
    call = model.operation_model(names[operation])
    members = {xform_name(name, "-"): name for name in call.input_shape.members}
    options: dict[str, list[str]] = {}
    for argument in arguments:
        if argument.startswith("--"):
            option = RENAMED.get(argument[2:], argument[2:])
            negated = option.startswith("no-") and option not in members
            options[option.removeprefix("no-") if negated else option] = current = ["false"] if negated else []
        else:
            current.append(argument)
    query = options.pop("query", [""])[0]
    options = {option: texts for option, texts in options.items() if option not in ("output", "region")}
    parameters = {members[option]: value_of(texts, call.input_shape.members[members[option]]) for option, texts in options.items()}
    # The text can name an operation without its options.
    if parameters:
        validate_parameters(parameters, call.input_shape)
    outputs = re.compile(r"\[\?OutputKey=='(\w+)'\]")
    assert set(outputs.findall(query)) <= set(cloudformation.TEMPLATE["Outputs"]), query
    assert not query or jmespath.search(outputs.sub("[]", query), example(call.output_shape)) is not None, query


class CommandsTest(unittest.TestCase):
    def test_every_command_can_be_called(self) -> None:
        with tempfile.TemporaryDirectory() as directory:
            programs, log = Path(directory, "bin"), Path(directory, "log")
            programs.mkdir()
            make = f'#!/bin/sh\nPATH="{os.environ["PATH"]}" exec make --dry-run --directory="{ROOT}" "$@"\n'
            for name, script in {"aws": STUB, "make": make, **dict.fromkeys(("curl", "gh", "git"), "#!/bin/sh\n")}.items():
                (programs / name).write_text(script)
                (programs / name).chmod(0o755)
            # No other program runs, whatever the pages say.
            environment = {"PATH": str(programs), "HOME": directory, "LOG": str(log)}
            for page, text in PAGES.items():
                script = "\n".join(commands(text))
                result = subprocess.run(["/bin/bash", "-euo", "pipefail", "-c", script], cwd=directory, env=environment,
                                        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
                self.assertEqual(result.returncode, 0, f"{page}: {result.stderr}")
            calls = [tuple(call.split("\037")[:-1]) for call in log.read_text().split("\036")[:-1]]
        self.assertGreater(len(calls), 50)
        for call in calls:
            with self.subTest(" ".join(call)):
                if call[:2] not in OF_THE_CLI:
                    check(*call)

    def test_the_logical_ids_exist(self) -> None:
        named = set(re.findall(r"--logical-resource-id (\w+)", "".join(PAGES.values())))
        self.assertTrue(named and named <= set(cloudformation.RESOURCES), named)

    def test_the_parameters_exist(self) -> None:
        parameters = set(cloudformation.TEMPLATE["Parameters"])
        for given in re.findall(r"PARAMETERS=('[^']*'|\"[^\"]*\"|\S+)", "".join(PAGES.values())):
            self.assertLessEqual(set(re.findall(r"([A-Z]\w+)=", given)), parameters, given)
        listed = PAGES["operations"].split("| keeps its last value")[0].splitlines()[-1]
        stage = tomlkit.parse((ROOT / "samconfig.toml").read_text())["prod"]["deploy"]["parameters"]["parameter_overrides"]
        self.assertEqual(set(re.findall(r"`(\w+)`", listed)), parameters - {each.split("=")[0] for each in stage} - {"Architecture"})
