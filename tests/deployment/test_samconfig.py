"""The parameters that `make deploy` sends to CloudFormation: the stage's section of samconfig.toml, and PARAMETERS."""

import json
import os
import re
import stat
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import cloudformation
import tomlkit
from cloudformation import ROOT, TEMPLATE, of_type, parameters_of, translate
from samcli.cli.types import CfnParameterOverridesType
from samcli.commands.deploy.deploy_context import DeployContext

STAGES = ("dev", "prod")
# Replaces the project's Python, and records the arguments of `sam deploy`.
RECORDER = """#!/bin/sh
case "$1" in -c) exec '{python}' "$@";; esac
for argument; do printf '%s\\n' "$argument"; done > {record}
"""


def sent_by_make(*arguments: str) -> dict[str, str]:
    """The parameters that `make deploy` passes to the SAM CLI, as the SAM CLI parses them."""
    with tempfile.TemporaryDirectory() as directory:
        recorder, record = Path(directory) / "python", Path(directory) / "record"
        recorder.write_text(RECORDER.format(python=sys.executable, record=record))
        recorder.chmod(recorder.stat().st_mode | stat.S_IXUSR)
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
        subprocess.run(
            ["make", "--silent", "--assume-old=credentials", "--assume-old=build", "deploy", f"PYTHON={recorder}", *arguments],
            cwd=ROOT, env=environment, check=True, capture_output=True,
        )
        called = record.read_text().splitlines()
    return CfnParameterOverridesType().convert(called[called.index("--parameter-overrides") + 1:], None, None)


class SamconfigTest(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls) -> None:
        cls.template = cloudformation.template()
        section = TEMPLATE.read_text().split("- access\n")[1].split("# ---")[0]
        cls.access = set(re.findall(r"^  (\w+):$", section, re.MULTILINE))

    def test_the_parameters_of_samconfig_exist(self) -> None:
        config = tomlkit.parse((ROOT / "samconfig.toml").read_text())
        for stage in STAGES:
            deploy = config[stage]["deploy"]["parameters"]
            self.assertEqual(deploy["stack_name"], f"movies-{stage}")
            for name, value in CfnParameterOverridesType().convert(deploy["parameter_overrides"], None, None).items():
                with self.subTest(stage=stage, name=name):
                    parameter = self.template["Parameters"][name]
                    self.assertIn(value, [str(allowed) for allowed in parameter.get("AllowedValues", [value])])
                    self.assertRegex(value, rf"\A(?:{parameter.get('AllowedPattern', '.*')})\Z")

    def test_the_section_access_has_all_parameters_that_control_access(self) -> None:
        translated = translate(self.template, {})
        for kind in ("AWS::ApiGateway::RestApi", "AWS::WAFv2::WebACLAssociation"):
            for name, resource in of_type(translated, kind).items():
                deciding = parameters_of([resource["Properties"], {"Condition": resource.get("Condition")}], self.template)
                self.assertLessEqual(deciding - {"Stage"}, self.access, name)

    def test_each_deployment_sends_the_access_parameters(self) -> None:
        for stage in STAGES:
            parameters = DeployContext.merge_parameters(self.template, sent_by_make(f"STAGE={stage}"))
            kept = {parameter["ParameterKey"] for parameter in parameters if parameter.get("UsePreviousValue")}
            self.assertEqual(kept & self.access, set(), f"{stage}: access that was opened for one deployment stays open")

    def test_an_override_lasts_for_one_deployment(self) -> None:
        opened = sent_by_make("STAGE=dev", "PARAMETERS=WriteAuthorization=NONE MemorySize=512")
        self.assertEqual((opened["WriteAuthorization"], opened["MemorySize"]), ("NONE", "512"))
        after = sent_by_make("STAGE=dev")
        self.assertEqual(after["WriteAuthorization"], "AWS_IAM")
        # A parameter in no section keeps its last value.
        self.assertNotIn("MemorySize", after)

    def test_all_stages_send_the_same_parameters(self) -> None:
        dev, prod = (set(sent_by_make(f"STAGE={stage}")) for stage in STAGES)
        self.assertEqual(dev, prod, json.dumps(sorted(dev ^ prod)))
