"""What watches over the service."""

import json
import re
import unittest

import cloudformation
from cloudformation import ROOT, translate


class MonitoringTest(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls) -> None:
        cls.template = cloudformation.template()
        cls.translated = translate(cls.template, {})

    def test_the_dashboard_and_the_formats_are_json(self) -> None:
        resources = self.translated["Resources"]
        body = resources["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
        dashboard = json.loads(re.sub(r"\$\{[\w.:]+\}", "x", body))
        self.assertEqual(len(dashboard["widgets"]), 7)
        telemetry = (ROOT / "src/telemetry/request.rs").read_text()
        for metric in ("Duration", "ColdStarts", "Conflicts", "Retries"):
            self.assertIn(f'"{metric}"', telemetry)
            self.assertIn(metric, body)
        access_log = json.loads(resources["MoviesApiStage"]["Properties"]["AccessLogSetting"]["Format"])
        self.assertTrue(all(value.startswith("$context.") for value in access_log.values()))
        responses = resources["MoviesApi"]["Properties"]["Body"]["x-amazon-apigateway-gateway-responses"]
        for response in responses.values():
            template = response["responseTemplates"]["application/json"]
            # messageString comes with its quotes.
            problem = json.loads(template.replace("$context.error.messageString", '"Forbidden"'))
            self.assertEqual(set(problem), {"type", "title", "detail", "request_id"})
