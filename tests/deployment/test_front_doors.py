"""The other front doors that README describes: each variant of the template is valid."""

import copy
import json
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import cloudformation
from cloudformation import ROOT, translate
from samtranslator.yaml_helper import yaml_parse


class FrontDoorsTest(unittest.TestCase):
    maxDiff = None

    def test_the_readmes_other_doors_are_valid(self) -> None:
        template = cloudformation.template()
        readme = (ROOT / "README.md").read_text()
        section = readme.split("### Switch doors")[1].split("\n## ")[0]
        variants = re.findall(r"Delete (.*?);.*?```yaml\n(.*?)```", section, re.DOTALL)
        self.assertEqual(len(variants), 2, section)
        for deleted, snippet in variants:
            variant = copy.deepcopy(template)
            for name in re.findall(r"`(\w+)`", deleted):
                places = [part for part in ("Resources", "Outputs", "Parameters", "Conditions") if name in variant.get(part, {})]
                self.assertTrue(places, f"{name} is nowhere in the template")
                for place in places:
                    del variant[place][name]
            merge(variant, yaml_parse(snippet))
            with tempfile.TemporaryDirectory() as directory:
                path = Path(directory) / "template.json"
                path.write_text(json.dumps(variant))
                # README says that what nothing uses any more can go.
                lint = [sys.executable, str(Path(sys.executable).parent / "cfn-lint"), "-i", "W2001", "W8001", "--", str(path)]
                result = subprocess.run(lint, capture_output=True, text=True, check=False)
                self.assertEqual(result.returncode, 0, result.stdout)
            translate(variant, {})


def merge(target: dict, patch: dict) -> None:
    for key, value in patch.items():
        is_intrinsic = isinstance(value, dict) and any(name == "Ref" or name.startswith("Fn::") for name in value)
        if isinstance(value, dict) and isinstance(target.get(key), dict) and not is_intrinsic:
            merge(target[key], value)
        else:
            target[key] = value
