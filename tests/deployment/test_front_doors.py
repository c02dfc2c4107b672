"""The other front doors: the template stays valid and complete after `make front-door` with each file of docs/front-doors/."""

import functools
import json
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import tomlkit
from cloudformation import ROOT, TEMPLATE, lint, of_type, resolve, translate
from samtranslator.yaml_helper import yaml_parse

VARIANTS = ROOT / "docs/front-doors"


@functools.cache
def switched(name: str) -> tuple[dict, list[str]]:
    """template.yaml and the parameters in samconfig.toml after `make front-door`."""
    with tempfile.TemporaryDirectory() as directory:
        template, config = [Path(shutil.copy(ROOT / file, directory)) for file in ("template.yaml", "samconfig.toml")]
        shutil.copytree(VARIANTS, Path(directory, "docs/front-doors"))
        subprocess.run([sys.executable, ROOT / "tools/front_door.py", name], cwd=directory, check=True)
        overrides = tomlkit.parse(config.read_text())["prod"]["deploy"]["parameters"]["parameter_overrides"]
        return yaml_parse(template.read_text()), overrides


def dashboard(template: dict) -> dict:
    return json.loads(template["Resources"]["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"])


class FrontDoorsTest(unittest.TestCase):
    def test_each_variant_is_valid_and_leaves_nothing_unused(self) -> None:
        names = sorted(path.stem for path in VARIANTS.iterdir())
        self.assertEqual(names, ["function-url", "http-api"])
        document = (ROOT / "docs/front-doors.md").read_text()
        for name in names:
            with self.subTest(name):
                self.assertIn(f"(front-doors/{name}.yaml)", document)
                template, overrides = switched(name)
                translated = translate({}, template)
                self.assertEqual(lint(translated), ["Parameter DeploymentStrategy not used."])
                self.assertLessEqual({each.split("=")[0] for each in overrides}, set(template["Parameters"]))
                self.assertNotIn("AWS::ApiGateway::RestApi", {each["Type"] for each in translated["Resources"].values()})
                base_path = template["Resources"]["MoviesFunction"]["Properties"]["Environment"]["Variables"]["BASE_PATH"]
                self.assertEqual(resolve(base_path, {"BasePath": "v1"}, template), "/v1")

    def test_the_dashboard_of_the_http_api_shows_its_own_metrics(self) -> None:
        own, rest = dashboard(switched("http-api")[0]), dashboard(TEMPLATE)
        clients = [widget["properties"]["title"] for widget in rest["widgets"]].index("What clients see")
        metrics = own["widgets"].pop(clients)["properties"]["metrics"]
        rest["widgets"].pop(clients)
        self.assertEqual(own, rest, "all other widgets are as in template.yaml")
        # The metrics of a REST API are Count, 4XXError, 5XXError and Latency, with the dimension ApiName.
        self.assertEqual(metrics[0], ["AWS/ApiGateway", "Count", "ApiId", "${MoviesHttpApi}"])
        self.assertEqual([metric[1] for metric in metrics], ["Count", "4xx", "5xx", "Latency"])

    def test_each_write_of_the_http_api_has_its_own_limits(self) -> None:
        (stage,) = of_type("AWS::ApiGatewayV2::Stage", translate({}, switched("http-api")[0])).values()
        routes = {f"{method} /{{proxy+}}" for method in ("POST", "PUT", "PATCH", "DELETE")}
        self.assertEqual(set(stage["Properties"]["RouteSettings"]), routes)
