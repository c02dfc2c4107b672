"""The result of SAM's transform has the properties that template.yaml and docs/ promise."""

import copy
import re
import unittest

import cfn_guard_rs
import cloudformation
from cloudformation import ROOT, holds, resolve, translate


class TemplateTest(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls) -> None:
        cls.template = cloudformation.template()
        cls.translated = translate(cls.template, {})

    def test_the_rules_of_cfn_guard_hold(self) -> None:
        rules = (ROOT / "tests/deployment/template.guard").read_text()
        names = set(re.findall(r"^rule (\w+)", rules, re.MULTILINE))
        report = cfn_guard_rs.run_checks(self.translated, rules)
        self.assertEqual([failed.Rule.name for failed in report.not_compliant], [])
        self.assertEqual(set(report.compliant), names, "each rule applies to a resource")
        broken = copy.deepcopy(self.translated)
        broken["Resources"]["MoviesTable"]["Properties"]["SSESpecification"] = {"SSEEnabled": True}
        report = cfn_guard_rs.run_checks(broken, rules)
        self.assertEqual(len(report.not_compliant), 1, "a violation of a rule is reported")

    def test_parameters_control_the_optional_resources(self) -> None:
        optional = {name: resource["Condition"] for name, resource in self.translated["Resources"].items()
                    if "Condition" in resource}
        created = lambda parameters: sorted(  # noqa: E731
            name for name, condition in optional.items() if holds({"Condition": condition}, self.template, parameters))
        self.assertEqual(created({}), ["ApiGatewayAccount", "ApiGatewayLogs"])
        everything = {"WebAclArn": "arn", "DomainName": "api.example.org", "HostedZoneId": "Z1", "RateLimitAlarm": "on"}
        self.assertEqual(created(everything), sorted(optional))
        self.assertEqual(created({"ApiGatewayLogsRole": "exists"}), [])
        function = self.translated["Resources"]["MoviesFunction"]["Properties"]["ReservedConcurrentExecutions"]
        self.assertEqual(resolve(function, self.template, {"ReservedConcurrency": "5"}), "5")
        self.assertEqual(resolve(function, self.template, {}), {"Ref": "AWS::NoValue"})

    def test_the_function_gets_the_base_path(self) -> None:
        variables = self.translated["Resources"]["MoviesFunction"]["Properties"]["Environment"]["Variables"]
        self.assertEqual(resolve(variables["BASE_PATH"], self.template, {"BasePath": "v1"}), "/v1")
        self.assertEqual(resolve(variables["BASE_PATH"], self.template, {}), {"Ref": "AWS::NoValue"})

    def test_a_base_path_is_not_a_path_of_the_service(self) -> None:
        parameter = self.template["Parameters"]["BasePath"]
        # CloudFormation matches a pattern against the whole value.
        accepted = lambda value: bool(re.fullmatch(parameter["AllowedPattern"], value))  # noqa: E731
        own = re.search(r"FIRST_SEGMENTS: .*? = \[(.*?)\]", (ROOT / "src/route.rs").read_text())[1]
        own = re.findall(r'"(.+?)"', own)
        self.assertIn("ns_movies", own)
        for value in [*own, "v1/api", "/v1", "v1/", ".", "my%20api"]:
            self.assertFalse(accepted(value), value)
        for value in ["", "v1", "ns_movies2", "my-health", "swagger", "Health"]:
            self.assertTrue(accepted(value), value)

    def test_every_parameter_has_a_description_and_a_default(self) -> None:
        for name, parameter in self.template["Parameters"].items():
            self.assertGreater(len(parameter["Description"]), 20, name)
            self.assertIn("Default", parameter, f"{name}: a first deployment must not need parameters")
