"""The rate limits of the API, which bound its cost."""

import re
import unittest

import cloudformation
import tomlkit
from cloudformation import ROOT, of_type, resolve, translate

ANY = "x-amazon-apigateway-any-method"


class LimitsTest(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls) -> None:
        cls.template = cloudformation.template()
        translated = translate(cls.template, {})
        (stage,) = of_type(translated, "AWS::ApiGateway::Stage").values()
        cls.settings = {(each["ResourcePath"], each["HttpMethod"]): each for each in stage["Properties"]["MethodSettings"]}
        cls.paths = translated["Resources"]["MoviesApi"]["Properties"]["Body"]["paths"]

    def test_each_method_has_its_own_limits(self) -> None:
        named = {
            ("/~1" + path.removeprefix("/"), method.upper())
            for path, item in self.paths.items() for method in item if method not in (ANY, "parameters")
        }
        # API Gateway rejects a setting for ANY, and accepts an asterisk only for all methods of all paths.
        self.assertEqual(set(self.settings) - {("/*", "*")}, named)

    def test_limits_are_those_of_the_parameters(self) -> None:
        parameters = {"RateLimit": 1, "BurstLimit": 2, "WriteRateLimit": 3, "WriteBurstLimit": 4}
        for (path, method), setting in self.settings.items():
            found = resolve(setting, self.template, parameters)
            limits = (found["ThrottlingRateLimit"], found["ThrottlingBurstLimit"])
            expected = {"*": (10, 20), "GET": (1, 2)}.get(method, (3, 4))
            self.assertEqual(limits, expected, (path, method))

    def test_the_load_fits_the_stage(self) -> None:
        config = tomlkit.parse((ROOT / "samconfig.toml").read_text())
        commands = []
        for name in ("docs/operations.md", "benches/load.js"):
            # A command that exceeds the limits on purpose mentions 429.
            text = re.sub(r"[^.]*sees 429[^.]*", "", (ROOT / name).read_text())
            commands += re.findall(r"k6 run -e URL=\S+/(\w+) -e RATE=(\d+)", text)
        self.assertEqual(len(commands), 2)
        for stage, rate in commands:
            overrides = dict(each.split("=", 1) for each in config[stage]["deploy"]["parameters"]["parameter_overrides"])
            self.assertLessEqual(int(rate), int(overrides["RateLimit"]), stage)
