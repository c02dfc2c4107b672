"""A changed parameter takes effect with the next deployment, even if nothing else has changed."""

import itertools
import time
import unittest
import unittest.mock

import cloudformation
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER
from cloudformation import of_type, parameters_of, resolve, translate

# A changed value of each parameter without AllowedValues.
OTHER = {
    "BasePath": "v1",
    "CorsAllowOrigins": "https://example.org",
    "MemorySize": "512",
    "ReadAuthorization": "AWS_IAM",
    "WriteAuthorization": "NONE",
}
# Properties of the function that are not properties of a version. Lambda rejects a version in which only these have changed.
NOT_OF_A_VERSION = {"ReservedConcurrentExecutions", "Tags"}
LONGEST_DESCRIPTION = 256


class ChangesTest(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls) -> None:
        cls.template = cloudformation.template()
        # Gives each deployment its own second.
        clock = unittest.mock.patch.object(time, "time", itertools.count(1_800_000_000).__next__)
        clock.start()
        cls.addClassCleanup(clock.stop)
        cls.translated = translate(cls.template, {})

    def changed(self, name: str) -> dict[str, str]:
        parameter = self.template["Parameters"][name]
        allowed = [value for value in parameter.get("AllowedValues", [OTHER.get(name)]) if value != parameter["Default"]]
        return {name: str(allowed[0])}

    def test_a_parameter_of_the_api_makes_a_new_deployment(self) -> None:
        (api,) = of_type(self.translated, "AWS::ApiGateway::RestApi").values()
        names = parameters_of(api["Properties"], self.template)
        self.assertLessEqual({"WriteAuthorization", "ReadAuthorization", "CorsAllowOrigins"}, names)
        for name in sorted(names):
            with self.subTest(name):
                translated = translate(self.template, self.changed(name))
                (before,) = of_type(self.translated, "AWS::ApiGateway::Deployment")
                (after,) = of_type(translated, "AWS::ApiGateway::Deployment")
                self.assertNotEqual(before, after)
                (stage,) = of_type(translated, "AWS::ApiGateway::Stage").values()
                self.assertEqual(stage["Properties"]["DeploymentId"], {"Ref": after})

    def test_a_parameter_of_the_function_publishes_a_version(self) -> None:
        (function,) = of_type(self.translated, "AWS::Lambda::Function").values()
        (version,) = of_type(self.translated, "AWS::Lambda::Version").values()
        properties = {name: value for name, value in function["Properties"].items() if name not in NOT_OF_A_VERSION}
        names = parameters_of(properties, self.template)
        self.assertLessEqual({"MemorySize", "SwaggerUi", "LogLevel", "CorsAllowOrigins", "BasePath"}, names)
        # A changed description creates a new version. Lambda rejects it if nothing else has changed.
        schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", "AWS::Lambda::Version").schema
        self.assertIn("/properties/Description", schema["createOnlyProperties"])
        self.assertEqual(parameters_of(version["Properties"], self.template), names)
        for name in sorted(names):
            with self.subTest(name):
                before = resolve(version["Properties"]["Description"], self.template, {})
                after = resolve(version["Properties"]["Description"], self.template, self.changed(name))
                self.assertNotEqual(before, after)
        # The previous version stays, so that the alias can move back to it.
        self.assertEqual({version["DeletionPolicy"], version["UpdateReplacePolicy"]}, {"Retain"})

    def test_the_longest_description_of_a_version_fits(self) -> None:
        (version,) = of_type(self.translated, "AWS::Lambda::Version").values()
        longest = {}
        for name in parameters_of(version["Properties"], self.template):
            parameter = self.template["Parameters"][name]
            if "AllowedValues" in parameter:
                longest[name] = max(map(str, parameter["AllowedValues"]), key=len)
            elif parameter["Type"] == "Number":
                longest[name] = str(parameter["MaxValue"])
            else:
                longest[name] = "x" * parameter["MaxLength"]
        description = resolve(version["Properties"].get("Description", ""), self.template, longest)
        self.assertIsInstance(description, str)
        self.assertTrue(0 < len(description) <= LONGEST_DESCRIPTION, description)
