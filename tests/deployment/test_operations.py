"""The commands in docs/ exist, and the resources in them are in the template."""

import json
import re
import shlex
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import botocore.session
import cloudformation
from botocore import xform_name
from cloudformation import ROOT, of_type, translate
from stub import Handler, serve

OPERATIONS = (ROOT / "docs/operations.md").read_text()
BLOCKS = re.findall(r"```sh\n(.*?)```", OPERATIONS, re.DOTALL)
# Options of every command of the AWS CLI, and names that differ between the AWS CLI and botocore.
GLOBAL = {"query", "output", "region"}
SERVICES = {"deploy": "codedeploy"}
RENAMED = {"notification-endpoint": "endpoint"}
# Commands that exist only in the AWS CLI.
OF_THE_CLI = {("configure", "export-credentials"), ("logs", "tail")}


def aws_commands() -> list[list[str]]:
    lines = [line for block in BLOCKS for line in block.replace("\\\n", " ").splitlines()]
    inline = re.findall(r"`([^`]+)`", re.sub(r"```.*?```", "", OPERATIONS, flags=re.DOTALL))
    found = [re.search(r"\baws [a-z].*", text.replace("\n", " ")) for text in lines + inline]
    commands = [match[0].split(" > ")[0].rstrip(")") for match in found if match and " configure`" not in match[0]]
    # A command in $(…) ends before the parenthesis, where a quote can still be open.
    return [shlex.split(command + ('"' if command.count('"') % 2 else "")) for command in commands]


class CommandsTest(unittest.TestCase):
    def test_each_command_of_the_aws_cli_exists(self) -> None:
        session = botocore.session.Session()
        commands = [command for command in aws_commands() if len(command) > 2 and tuple(command[1:3]) not in OF_THE_CLI]
        self.assertGreater(len(commands), 25)
        for _, service, operation, *arguments in commands:
            with self.subTest(" ".join([service, operation, *arguments])):
                client = session.create_client(SERVICES.get(service, service), region_name="eu-west-1")
                if operation == "wait":
                    waiter, *arguments = arguments
                    name = client.get_waiter(waiter.replace("-", "_")).config.operation
                else:
                    name = client.meta.method_to_api_mapping[operation.replace("-", "_")]
                model = client.meta.service_model.operation_model(name)
                members = {xform_name(member, "-"): member for member in model.input_shape.members}
                options = {RENAMED.get(argument[2:], argument[2:]) for argument in arguments if argument.startswith("--")}
                for option in options - GLOBAL:
                    self.assertTrue(option in members or option.removeprefix("no-") in members, f"--{option}")
                if options:
                    required = {xform_name(member, "-") for member in model.input_shape.required_members}
                    self.assertLessEqual(required, options)

    def test_each_target_of_make_exists(self) -> None:
        targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
        for document in (ROOT / "docs").glob("*.md"):
            named = set(re.findall(r"(?:^|`|\s)make ([a-z-]+) [A-Z]+=", document.read_text(), re.MULTILINE))
            self.assertLessEqual(named, targets, document.name)

    def test_the_logical_ids_exist(self) -> None:
        resources = translate(cloudformation.template(), {})["Resources"]
        named = set(re.findall(r"--logical-resource-id (\w+)", OPERATIONS))
        self.assertEqual(len(named), 3)
        self.assertLessEqual(named, set(resources))


class RestoreAndRemoveTest(unittest.TestCase):
    def test_the_restore_exports_every_page(self) -> None:
        movies = {f"Movie {number}-2000": {"title": f"Movie {number}", "year": 2000} for number in range(2500)}

        class StubHandler(Handler):
            def do_GET(self) -> None:
                query = parse_qs(urlsplit(self.path).query)
                start, limit = int(query.get("cursor", ["0"])[0]), int(query["limit"][0])
                page = dict(list(movies.items())[start:start + limit])
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                if start + limit < len(movies):
                    self.send_header("Link", f'</ns_movies/?limit={limit}&cursor={start + limit}>; rel="next"')
                self.end_headers()
                self.wfile.write(json.dumps(page).encode())

        export, file = re.search(r"^(make export URL=http://localhost:9000) FILE=(\S+)\nmake seed .* FILE=\2 ", OPERATIONS, re.M).groups()
        export = export.replace("http://localhost:9000", serve(self, StubHandler))
        with tempfile.TemporaryDirectory() as directory:
            target = Path(directory, file)
            command = [*export.split(), f"FILE={target}", f"PYTHON='{sys.executable}'", "--old-file=.tools/python"]
            subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
            self.assertEqual(json.loads(target.read_text()), {"movies_list": list(movies.values())})

    def test_the_stages_roles_may_use_a_restored_table(self) -> None:
        names = set(re.findall(r"movies-\w+-restored\w*", OPERATIONS.replace("restored-", "restored")))
        self.assertEqual(len(names), 1)
        self.assertTrue(re.search(r"--target-table-name movies-prod-restored-\d{8}\b", OPERATIONS))

    def test_the_document_lists_all_resources_that_remain(self) -> None:
        translated = translate(cloudformation.template(), {})
        left = {name for name, resource in translated["Resources"].items() if resource.get("DeletionPolicy") == "Retain"}
        # CloudFormation deletes the versions with the function.
        left -= set(of_type(translated, "AWS::Lambda::Version"))
        table = OPERATIONS.split("| resource |")[1].split("\n\n")[0]
        listed = {name for row in table.splitlines() for name in re.findall(r"`(\w+)`", row.split("|")[1] if "|" in row else "")}
        self.assertEqual(listed, left)

    def test_artifacts_for_a_rollback_do_not_expire(self) -> None:
        pipeline = cloudformation.yaml_parse((ROOT / ".github/deployment-role.yaml").read_text())
        for bucket in of_type(pipeline, "AWS::S3::Bucket").values():
            for rule in bucket["Properties"]["LifecycleConfiguration"]["Rules"]:
                self.assertFalse({"ExpirationInDays", "ExpirationDate", "Transitions"} & set(rule), rule)


class RecordsTest(unittest.TestCase):
    def test_each_check_on_aws_has_a_command(self) -> None:
        checks = re.split(r"^\d+\. ", OPERATIONS.split("## Check on AWS")[1], flags=re.MULTILINE)[1:]
        self.assertGreater(len(checks), 10)
        for check in checks:
            self.assertRegex(check, r"`(aws|make|curl|k6|python3|echo) |commands above", check)

    def test_each_decision_has_context_and_consequences(self) -> None:
        records = (ROOT / "docs/decisions.md").read_text().split("\n## ")[1:]
        for record in records:
            parts = re.findall(r"^\*\*(\w+)\.\*\* ", record, re.MULTILINE)
            self.assertEqual(parts, ["Context", "Decision", "Consequences"], record.splitlines()[0])
        # The template must follow this decision.
        self.assertIn("The API does not compress", [record.splitlines()[0] for record in records])
        (api,) = of_type(translate(cloudformation.template(), {}), "AWS::ApiGateway::RestApi").values()
        self.assertNotIn("MinimumCompressionSize", api["Properties"])
        self.assertNotIn("x-amazon-apigateway-minimum-compression-size", api["Properties"]["Body"])
