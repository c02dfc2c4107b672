"""The other front doors: the template stays valid and complete after `make front-door` with each file of docs/front-doors/."""

import functools
import json
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import cloudformation
import tomlkit
from cloudformation import ROOT, lint, of_type, resolve, translate
from samtranslator.yaml_helper import yaml_parse

VARIANTS = ROOT / "docs/front-doors"


@functools.cache
def switched(name: str) -> tuple[str, str]:
    """template.yaml and samconfig.toml after `make front-door`."""
    with tempfile.TemporaryDirectory() as directory:
        copies = [Path(shutil.copy(ROOT / file, directory)) for file in ("template.yaml", "samconfig.toml")]
        shutil.copytree(VARIANTS, Path(directory, "docs/front-doors"))
        subprocess.run([sys.executable, ROOT / "tools/front_door.py", Path(name).stem], cwd=directory, check=True)
        template, config = [copy.read_text() for copy in copies]
        return template, config


def variant(name: str) -> dict:
    return yaml_parse(switched(name)[0])


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
                overrides = tomlkit.parse(switched(name)[1])["prod"]["deploy"]["parameters"]["parameter_overrides"]
                self.assertLessEqual({each.split("=")[0] for each in overrides}, set(variant(name)["Parameters"]))
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
