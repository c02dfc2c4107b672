"""The calculations of docs/cost.md, repeated with its prices, the limits of samconfig.toml and the template."""

import re
import unittest

import cloudformation
import tomlkit
from cloudformation import ROOT, of_type, translate
from samcli.cli.types import CfnParameterOverridesType

SECONDS_A_MONTH = 2_628_000
# Groups of methods that have the default limit: the root, and HEAD and unknown methods elsewhere.
OTHERS = 2
TABLES = 2
READ_UNIT_OF_TABLE_KB, READ_UNIT_OF_INDEX_KB = 4, 8


def rows(text: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("|")]


class CostTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.document = (ROOT / "docs/cost.md").read_text()
        cls.price = {name: float(price) for row in rows(cls.document) if len(row) == 4
                     for name, price in (row[:2], row[2:]) if re.fullmatch(r"[\d.]+", price)}
        logs = float(re.search(r"for ([\d.]+) KB of logs", cls.document)[1]) * cls.price["CloudWatch Logs, a GB ingested"]
        cls.fixed = cls.price["REST API requests"] + logs + cls.price["X-Ray traces"] / 20
        cls.template = cloudformation.template()
        cls.resources = translate(cls.template, {})

    def compute(self, milliseconds: float, megabytes: int) -> float:
        gigabyte_seconds = milliseconds / 1000 * megabytes / 1024
        return self.price["Lambda requests"] + gigabyte_seconds * self.price["Lambda, arm64, a GB-second"] * 1e6

    def is_about(self, found: str, expected: float, about: str) -> None:
        number = float(found.replace("$", "").replace(",", ""))
        self.assertAlmostEqual(number, expected, delta=0.006 if number < 100 else 0.6, msg=about)

    def test_a_million_requests_of_each_route(self) -> None:
        routes = [row for row in rows(self.document) if len(row) == 7 and "/" in row[1] and "ms" in row[3]]
        self.assertEqual(len(routes), 11)
        for route, units, table, *functions, everything in routes:
            read, write = (float(each) for each in units.split("/"))
            dynamodb = read * self.price["DynamoDB read units"] + write * self.price["DynamoDB write units"]
            self.is_about(table, dynamodb, route)
            sums = []
            for cell, megabytes in zip(functions, (128, 256, 512)):
                milliseconds, price = re.fullmatch(r"(\d+) ms, ([\d.]+)", cell).groups()
                sums.append(self.compute(float(milliseconds), megabytes))
                self.is_about(price, sums[-1], f"{route}, {megabytes} MB")
            self.is_about(everything, dynamodb + sums[1] + self.fixed, route)

    def test_the_maximum_of_a_month(self) -> None:
        worst = {row[0]: row[1:] for row in rows(self.document.split("## Maximum")[1].split("\n## ")[0])}
        (stage,) = of_type(self.resources, "AWS::ApiGateway::Stage").values()
        settings = {each["HttpMethod"]: each["ThrottlingRateLimit"] for each in stage["Properties"]["MethodSettings"]}
        a_million = self.compute(19, 256) + self.fixed
        self.assertTrue(f"at {a_million:.2f} a million" in self.document, f"{a_million:.2f}")
        for column, name in enumerate(("prod", "dev")):
            section = tomlkit.parse((ROOT / "samconfig.toml").read_text())[name]["deploy"]["parameters"]
            given = CfnParameterOverridesType().convert(section["parameter_overrides"], None, None)
            rate = {method: int(given[value["Ref"]] if isinstance(value, dict) else value) for method, value in settings.items()}
            signed = rate["GET"] + rate["OPTIONS"] + OTHERS * rate["*"]
            # API Gateway does not charge for an unauthorized request.
            opened = signed + sum(rate[method] for method in ("POST", "PUT", "PATCH", "DELETE"))
            reads, writes = (int(given[limit]) for limit in ("MaxReadUnits", "MaxWriteUnits"))
            sent = reads * (TABLES * READ_UNIT_OF_TABLE_KB + READ_UNIT_OF_INDEX_KB) * SECONDS_A_MONTH / 1e6
            stored = writes * SECONDS_A_MONTH / 1e6
            storage = 2 * self.price["table and index, a GB-month each"] + self.price["point-in-time recovery, a GB-month"]
            for row, expected in {
                "requests a second, writes signed": signed,
                "requests a second, writes open": opened,
                "requests, writes signed": signed * SECONDS_A_MONTH / 1e6 * a_million,
                "requests, writes open": opened * SECONDS_A_MONTH / 1e6 * a_million,
                "read units, of tables and index": (TABLES + 1) * reads * SECONDS_A_MONTH / 1e6 * self.price["DynamoDB read units"],
                "sent to the internet": sent * self.price["a GB sent to the internet"],
                "write units, of tables and index": (TABLES + 1) * writes * SECONDS_A_MONTH / 1e6 * self.price["DynamoDB write units"],
                "storage of the written items, in the next month": stored * storage,
            }.items():
                self.is_about(worst[row][column], expected, f"{name}: {row}")

    def test_there_are_as_many_tables(self) -> None:
        tables = of_type(self.resources, "AWS::DynamoDB::Table").values()
        self.assertEqual(len(tables), TABLES)
        for table in tables:
            limits = {"MaxReadRequestUnits": {"Ref": "MaxReadUnits"}, "MaxWriteRequestUnits": {"Ref": "MaxWriteUnits"}}
            self.assertEqual(table["Properties"]["OnDemandThroughput"], limits)

    def test_the_alarms(self) -> None:
        watched = 0
        for alarm in of_type(self.resources, "AWS::CloudWatch::Alarm").values():
            metrics = alarm["Properties"].get("Metrics", [{"MetricStat": {}}])
            watched += sum("MetricStat" in metric for metric in metrics)
        expected = watched * self.price["an alarm, a month for each metric"]
        self.assertTrue(f"- {expected:.2f} for alarms" in self.document, f"{expected:.2f}")
