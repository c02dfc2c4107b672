"""Each parameter takes effect, and a change of it takes effect with the next deployment, even if nothing else has changed."""

import itertools
import time
import unittest
import unittest.mock

from cloudformation import RESOURCES, TEMPLATE, holds, of_type, parameters_of, resolve, translate

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
FUNCTION, API = RESOURCES["MoviesFunction"], RESOURCES["MoviesApi"]
(VERSION,) = of_type("AWS::Lambda::Version").values()


class ParametersTest(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls) -> None:
        # Gives each deployment its own second.
        clock = unittest.mock.patch.object(time, "time", itertools.count().__next__)
        clock.start()
        cls.addClassCleanup(clock.stop)

    def changed(self, name: str) -> dict[str, str]:
        parameter = TEMPLATE["Parameters"][name]
        allowed = [value for value in parameter.get("AllowedValues", [OTHER.get(name)]) if value != parameter["Default"]]
        return {name: str(allowed[0])}

    def test_every_parameter_has_a_description_and_a_default(self) -> None:
        for name, parameter in TEMPLATE["Parameters"].items():
            self.assertGreater(len(parameter["Description"]), 20, name)
            self.assertIn("Default", parameter, f"{name}: a first deployment must not need parameters")

    def test_a_parameter_of_the_api_makes_a_new_deployment(self) -> None:
        names = parameters_of(API["Properties"])
        self.assertLessEqual({"WriteAuthorization", "ReadAuthorization", "CorsAllowOrigins"}, names)
        for name in sorted(names):
            with self.subTest(name):
                translated = translate(self.changed(name))
                (before,) = of_type("AWS::ApiGateway::Deployment")
                (after,) = of_type("AWS::ApiGateway::Deployment", translated)
                self.assertNotEqual(before, after)
                (stage,) = of_type("AWS::ApiGateway::Stage", translated).values()
                self.assertEqual(stage["Properties"]["DeploymentId"], {"Ref": after})

    def test_a_parameter_of_the_function_publishes_a_version(self) -> None:
        names = parameters_of({name: value for name, value in FUNCTION["Properties"].items() if name not in NOT_OF_A_VERSION})
        self.assertLessEqual({"MemorySize", "SwaggerUi", "LogLevel", "CorsAllowOrigins", "BasePath"}, names)
        # A changed description creates a new version. Lambda rejects it if nothing else has changed.
        description = VERSION["Properties"]["Description"]
        self.assertEqual(parameters_of(description), names)
        for name in sorted(names):
            with self.subTest(name):
                before, after = (resolve(description, given) for given in ({}, self.changed(name)))
                self.assertNotEqual(before, after)
        # The previous version stays, so that the alias can move back to it.
        self.assertEqual({VERSION["DeletionPolicy"], VERSION["UpdateReplacePolicy"]}, {"Retain"})

    def test_the_longest_description_of_a_version_fits(self) -> None:
        longest = {}
        for name in parameters_of(VERSION["Properties"]):
            parameter = TEMPLATE["Parameters"][name]
            values = parameter.get("AllowedValues") or [parameter.get("MaxValue") or "x" * parameter["MaxLength"]]
            longest[name] = max(map(str, values), key=len)
        self.assertTrue(0 < len(resolve(VERSION["Properties"]["Description"], longest)) <= LONGEST_DESCRIPTION)

    def test_parameters_control_the_optional_resources(self) -> None:
        optional = {name: resource["Condition"] for name, resource in RESOURCES.items() if "Condition" in resource}
        everything = {"WebAclArn": "arn", "DomainName": "api.example.org", "HostedZoneId": "Z1", "RateLimitAlarm": "on"}
        for parameters, created in (
            ({}, {"ApiGatewayAccount", "ApiGatewayLogs"}), (everything, set(optional)), ({"ApiGatewayLogsRole": "exists"}, set()),
        ):
            found = {name for name, condition in optional.items() if holds({"Condition": condition}, parameters)}
            self.assertEqual(found, created)
        concurrency = FUNCTION["Properties"]["ReservedConcurrentExecutions"]
        self.assertEqual(resolve(concurrency, {}), {"Ref": "AWS::NoValue"})
        self.assertEqual(resolve(concurrency, {"ReservedConcurrency": "5"}), "5")

    def test_each_method_has_the_limits_of_its_parameters(self) -> None:
        (stage,) = of_type("AWS::ApiGateway::Stage").values()
        settings = {(each["ResourcePath"], each["HttpMethod"]): each for each in stage["Properties"]["MethodSettings"]}
        paths = API["Properties"]["Body"]["paths"]
        named = {("/~1" + path.removeprefix("/"), method.upper()) for path, item in paths.items() for method in item
                 if method not in ("x-amazon-apigateway-any-method", "parameters")}
        # API Gateway rejects a setting for ANY, and accepts an asterisk only for all methods of all paths.
        self.assertEqual(set(settings) - {("/*", "*")}, named)
        parameters = {"RateLimit": 1, "BurstLimit": 2, "WriteRateLimit": 3, "WriteBurstLimit": 4}
        for (path, method), setting in settings.items():
            found = resolve(setting, parameters)
            limits = (found["ThrottlingRateLimit"], found["ThrottlingBurstLimit"])
            self.assertEqual(limits, {"*": (10, 20), "GET": (1, 2)}.get(method, (3, 4)), (path, method))
