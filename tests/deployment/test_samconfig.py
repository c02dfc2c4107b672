"""The parameters that `make deploy` sends to CloudFormation: those of the stage's section of samconfig.toml."""

import os
import re
import subprocess
import sys
import tempfile
import unittest

import tomlkit
from cloudformation import ROOT, TEMPLATE, of_type, parameters_of

STAGES = tomlkit.parse((ROOT / "samconfig.toml").read_text())


def sent(stage: str) -> dict[str, str]:
    return dict(each.split("=", 1) for each in STAGES[stage]["deploy"]["parameters"]["parameter_overrides"])


class SamconfigTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        section = (ROOT / "template.yaml").read_text().split("- access\n")[1].split("# ---")[0]
        cls.access = set(re.findall(r"^  (\w+):$", section, re.MULTILINE))

    def test_the_parameters_exist(self) -> None:
        for stage in ("dev", "prod"):
            self.assertEqual(STAGES[stage]["deploy"]["parameters"]["stack_name"], f"movies-{stage}")
            for name, value in sent(stage).items():
                parameter = TEMPLATE["Parameters"][name]
                self.assertIn(value, [str(allowed) for allowed in parameter.get("AllowedValues", [value])], name)
                self.assertRegex(value, rf"\A(?:{parameter.get('AllowedPattern', '.*')})\Z", name)

    def test_the_section_access_has_all_parameters_that_control_access(self) -> None:
        for kind in ("AWS::ApiGateway::RestApi", "AWS::WAFv2::WebACLAssociation"):
            for name, resource in of_type(kind).items():
                deciding = parameters_of([resource["Properties"], {"Condition": resource.get("Condition")}])
                self.assertLessEqual(deciding - {"Stage"}, self.access, name)

    def test_each_deployment_sends_the_access_parameters(self) -> None:
        # CloudFormation keeps the value of a parameter that is not sent, so access that was opened for one deployment would stay open.
        self.assertLessEqual(self.access, set(sent("dev")))
        self.assertEqual(set(sent("dev")), set(sent("prod")))

    def test_make_deploy_needs_credentials_and_a_region_before_it_builds(self) -> None:
        keys = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret"}
        with tempfile.TemporaryDirectory() as home:
            for variables, missing in (({}, "No AWS credentials were found"), (keys, "No region was found")):
                deploy = subprocess.run(
                    ["make", "--assume-old=.tools/sam", "deploy", f"PYTHON={sys.executable}"], cwd=ROOT, capture_output=True, text=True,
                    env={"PATH": os.environ["PATH"], "HOME": home, "AWS_EC2_METADATA_DISABLED": "true"} | variables,
                )  # fmt: skip
                self.assertEqual(deploy.returncode, 2)
                self.assertIn(missing, deploy.stderr)
                self.assertNotIn("Compiling", deploy.stdout)
