"""The monitoring of the service: alarms, the dashboard, logs and saved queries."""

import json
import re
import unittest

from cloudformation import RESOURCES, ROOT, TEMPLATE, holds, of_type

DASHBOARD = json.loads(re.sub(r"\$\{([\w.:]+)\}", r"\1", RESOURCES["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]))
(STAGE,) = of_type("AWS::ApiGateway::Stage").values()
ACCESS_LOG = json.loads(STAGE["Properties"]["AccessLogSetting"]["Format"])
# The dimensions of each table, and of each of its indexes.
THROTTLED = [
    {"TableName": {"Ref": name}} | index for name, table in of_type("AWS::DynamoDB::Table").items()
    for index in [{}, *({"GlobalSecondaryIndexName": each["IndexName"]} for each in table["Properties"].get("GlobalSecondaryIndexes", []))]
]


class MonitoringTest(unittest.TestCase):
    maxDiff = None

    def test_the_dashboard_shows_what_the_function_measures(self) -> None:
        self.assertEqual(len(DASHBOARD["widgets"]), 7)
        shown = json.dumps(DASHBOARD)
        telemetry = "".join(path.read_text() for path in (ROOT / "src").rglob("telemetry*/*.rs"))
        for metric in ("Duration", "ColdStarts", "Conflicts", "Retries"):
            self.assertIn(f'"{metric}"', telemetry)
            self.assertIn(metric, shown)

    def test_the_alarm_and_the_dashboard_include_throttles_of_the_tables_and_the_index(self) -> None:
        metrics = RESOURCES["TableThrottles"]["Properties"]["Metrics"]
        (summed,) = (each["Expression"] for each in metrics if "Expression" in each)
        watched = []
        for each in metrics:
            if "MetricStat" in each:
                metric = each["MetricStat"]["Metric"]
                watched.append((metric["MetricName"], {dimension["Name"]: dimension["Value"] for dimension in metric["Dimensions"]}))
                self.assertIn(f"({each['Id']},", summed)
        shown = [metric for widget in DASHBOARD["widgets"] for metric in spelled_out(widget)]
        for name in ("ReadThrottleEvents", "WriteThrottleEvents"):
            for dimensions in THROTTLED:
                self.assertIn((name, dimensions), watched)
                texts = [text for key, value in dimensions.items() for text in (key, value["Ref"] if isinstance(value, dict) else value)]
                self.assertIn(["AWS/DynamoDB", name, *texts], shown)

    def test_prod_needs_a_topic_for_alarms(self) -> None:
        topic = "arn:aws:sns:eu-west-1:111122223333:movies-alarms"
        for parameters, allowed in [({"Stage": "prod"}, False), ({"Stage": "prod", "AlarmTopicArn": topic}, True), ({}, True)]:
            rules = [rule for rule in TEMPLATE["Rules"].values() if holds(rule["RuleCondition"], parameters)]
            kept = [holds(each["Assert"], parameters) for rule in rules for each in rule["Assertions"]]
            self.assertEqual(all(kept), allowed, parameters)

    def test_the_alarm_matches_the_api_after_an_update(self) -> None:
        api = RESOURCES["MoviesApi"]["Properties"]
        # When API Gateway imports the body, it sets the name of the API to the title.
        self.assertEqual(api["Body"]["info"]["title"], api["Name"])
        dimensions = RESOURCES["ApiFaults"]["Properties"]["Dimensions"]
        self.assertIn({"Name": "ApiName", "Value": api["Name"]}, dimensions)

    def test_queries_of_clients_use_fields_of_both_logs(self) -> None:
        line = set(re.findall(r"pub (\w+)[:,]", (ROOT / "src/telemetry/request.rs").read_text())) | {"request_id"}
        writers = RESOURCES["QueryWriters"]["Properties"]["QueryString"]["Fn::Sub"]
        for log, fields in (("api", set(ACCESS_LOG)), ("function", line)):
            self.assertLessEqual(set(re.findall(rf"\b{log}\.(\w+)", writers)), fields, log)
        grouped = RESOURCES["QueryTurnedAway"]["Properties"]["QueryString"].split(" by ")[1].split("\n")[0]
        self.assertLessEqual(set(grouped.split(", ")), set(ACCESS_LOG))
        self.assertLessEqual({"principal", "subject", "ip"}, set(ACCESS_LOG))

    def test_the_alarm_of_rate_limited_clients_counts_the_429s_of_the_access_log(self) -> None:
        log, alarm = (RESOURCES[name]["Properties"] for name in ("RateLimitedRequests", "RateLimited"))
        (metric,) = log["MetricTransformations"]
        self.assertEqual((metric["MetricNamespace"], metric["MetricName"]), (alarm["Namespace"], alarm["MetricName"]))
        self.assertEqual((log["LogGroupName"], log["FilterPattern"]), ({"Ref": "AccessLogs"}, '{ $.status = "429" }'))
        self.assertEqual((alarm["Period"], alarm["EvaluationPeriods"], alarm["Threshold"]), (60, 5, 0))

    def test_the_access_log_has_the_errors_and_no_credentials(self) -> None:
        self.assertTrue(all(re.fullmatch(r"\$context(\.\w+)+", value) for value in ACCESS_LOG.values()), ACCESS_LOG)
        logged = {value.removeprefix("$context.") for value in ACCESS_LOG.values()}
        errors = {"error.responseType", "integration.error", "integration.status", "authenticate.error", "authorize.error",
                  "authorizer.error", "waf.error"}
        self.assertLessEqual(errors, logged)
        # These fields can repeat an Authorization header.
        self.assertFalse(logged & {"error.message", "error.messageString"})


def spelled_out(widget: dict) -> list[list[str]]:
    """The metrics of a widget, without options. "." is replaced by the value of the previous metric."""
    found: list[list[str]] = []
    for metric in widget["properties"].get("metrics", []):
        parts = [part for part in metric if isinstance(part, str)]
        found.append([found[-1][place] if part == "." else part for place, part in enumerate(parts)])
    return found
