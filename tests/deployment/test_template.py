"""The result of SAM's transform has the properties that template.yaml and docs/ promise."""

import unittest

import cloudformation
from cloudformation import holds, lint, of_type, resolve, translate


class TemplateTest(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls) -> None:
        cls.template = cloudformation.template()
        cls.translated = translate(cls.template, {})

    def test_cfn_lint_accepts_the_result_of_the_transform(self) -> None:
        # In a template with a transform, cfn-lint does not look for unused parameters, circular references or wrong actions of IAM.
        # SAM's transform uses this parameter.
        self.assertEqual(lint(self.translated), ["Parameter DeploymentStrategy not used."])

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

    def test_every_parameter_has_a_description_and_a_default(self) -> None:
        for name, parameter in self.template["Parameters"].items():
            self.assertGreater(len(parameter["Description"]), 20, name)
            self.assertIn("Default", parameter, f"{name}: a first deployment must not need parameters")

    def test_each_method_has_the_limits_of_its_parameters(self) -> None:
        (stage,) = of_type(self.translated, "AWS::ApiGateway::Stage").values()
        settings = {(each["ResourcePath"], each["HttpMethod"]): each for each in stage["Properties"]["MethodSettings"]}
        paths = self.translated["Resources"]["MoviesApi"]["Properties"]["Body"]["paths"]
        named = {("/~1" + path.removeprefix("/"), method.upper()) for path, item in paths.items() for method in item
                 if method not in ("x-amazon-apigateway-any-method", "parameters")}
        # API Gateway rejects a setting for ANY, and accepts an asterisk only for all methods of all paths.
        self.assertEqual(set(settings) - {("/*", "*")}, named)
        parameters = {"RateLimit": 1, "BurstLimit": 2, "WriteRateLimit": 3, "WriteBurstLimit": 4}
        for (path, method), setting in settings.items():
            found = resolve(setting, self.template, parameters)
            limits = (found["ThrottlingRateLimit"], found["ThrottlingBurstLimit"])
            self.assertEqual(limits, {"*": (10, 20), "GET": (1, 2)}.get(method, (3, 4)), (path, method))
