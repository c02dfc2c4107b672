"""The other front doors: the template stays valid and complete after a merge with each file of docs/front-doors/."""

import json
import re
import unittest

import cloudformation
from cloudformation import ROOT, lint, of_type, resolve, translate
from samtranslator.yaml_helper import yaml_parse

VARIANTS = ROOT / "docs/front-doors"


def variant(name: str) -> dict:
    """The template after the deletions in the first lines of the file, and after a merge with the file."""
    text = (VARIANTS / name).read_text()
    template = cloudformation.template()
    for section, names in re.findall(r"^# delete (\w+): (.+)$", text, re.MULTILINE):
        for deleted in names.split():
            del template[section.title()][deleted]
    merge(template, yaml_parse(text))
    return {section: content for section, content in template.items() if content}


def merge(target: dict, patch: dict) -> None:
    for key, value in patch.items():
        is_intrinsic = isinstance(value, dict) and any(name == "Ref" or name.startswith("Fn::") for name in value)
        if isinstance(value, dict) and isinstance(target.get(key), dict) and not is_intrinsic:
            merge(target[key], value)
        else:
            target[key] = value


def dashboard(template: dict) -> dict:
    return json.loads(template["Resources"]["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"])


class FrontDoorsTest(unittest.TestCase):
    def test_each_variant_is_valid_and_leaves_nothing_unused(self) -> None:
        names = sorted(path.name for path in VARIANTS.iterdir())
        self.assertEqual(names, ["function-url.yaml", "http-api.yaml"])
        document = (ROOT / "docs/front-doors.md").read_text()
        for name in names:
            with self.subTest(name):
                self.assertIn(f"(front-doors/{name})", document)
                translated = translate(variant(name), {})
                self.assertEqual(lint(translated), ["Parameter DeploymentStrategy not used."])
                self.assertNotIn("AWS::ApiGateway::RestApi", {each["Type"] for each in translated["Resources"].values()})

    def test_each_variant_passes_the_base_path(self) -> None:
        for name in ("function-url.yaml", "http-api.yaml"):
            template = variant(name)
            variables = template["Resources"]["MoviesFunction"]["Properties"]["Environment"]["Variables"]
            self.assertEqual(resolve(variables["BASE_PATH"], template, {"BasePath": "v1"}), "/v1", name)

    def test_the_dashboard_of_the_http_api_shows_its_own_metrics(self) -> None:
        own, rest = dashboard(variant("http-api.yaml")), dashboard(cloudformation.template())
        clients = [widget["properties"]["title"] for widget in rest["widgets"]].index("What clients see")
        metrics = own["widgets"].pop(clients)["properties"]["metrics"]
        rest["widgets"].pop(clients)
        self.assertEqual(own, rest, "all other widgets are as in template.yaml")
        # The metrics of a REST API are Count, 4XXError, 5XXError and Latency, with the dimension ApiName.
        self.assertEqual(metrics[0], ["AWS/ApiGateway", "Count", "ApiId", "${MoviesHttpApi}"])
        self.assertEqual([metric[1] for metric in metrics], ["Count", "4xx", "5xx", "Latency"])

    def test_each_write_of_the_http_api_has_its_own_limits(self) -> None:
        (stage,) = of_type(translate(variant("http-api.yaml"), {}), "AWS::ApiGatewayV2::Stage").values()
        routes = {f"{method} /{{proxy+}}" for method in ("POST", "PUT", "PATCH", "DELETE")}
        self.assertEqual(set(stage["Properties"]["RouteSettings"]), routes)
