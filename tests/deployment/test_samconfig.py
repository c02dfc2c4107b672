"""What `make deploy` passes to `sam deploy`."""

import unittest

import cloudformation
import tomlkit
from cloudformation import ROOT


class SamconfigTest(unittest.TestCase):
    def test_samconfig_names_parameters_that_exist(self) -> None:
        template = cloudformation.template()
        config = tomlkit.parse((ROOT / "samconfig.toml").read_text())
        for stage in ("dev", "prod"):
            deploy = config[stage]["deploy"]["parameters"]
            self.assertEqual(deploy["stack_name"], f"movies-{stage}")
            for override in deploy["parameter_overrides"]:
                name, _, value = override.partition("=")
                parameter = template["Parameters"][name]
                self.assertIn(value, [str(allowed) for allowed in parameter.get("AllowedValues", [value])], override)
