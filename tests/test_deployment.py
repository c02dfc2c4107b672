#!/usr/bin/env python3
"""What template.yaml promises, held against what CloudFormation would get, SAM's own transform of it; and the function
against the events that `sam local` would send, made by the SAM CLI's own code, under the Runtime Interface Emulator.

Runs in the project's own tools (`make template`). FUNCTION is a local build of the function, AWS_LAMBDA_RIE the emulator.
"""

import copy
import hashlib
import hmac
import json
import logging
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
import unittest
import unittest.mock
import urllib.request
from pathlib import Path

import cfn_guard_rs
import flask
import tomlkit
from samcli.local.apigw.event_constructor import construct_v1_event, construct_v2_event_http
from samcli.lib.providers.api_provider import ApiProvider
from samcli.lib.providers.sam_stack_provider import SamLocalStackProvider
from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "seed"))
from sigv4 import Signer  # noqa: E402
TEMPLATE = ROOT / "template.yaml"
POOL = "arn:aws:cognito-idp:eu-west-1:111122223333:userpool/eu-west-1_Example"
os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")


class NoManagedPolicies:
    """The transform asks IAM for names that this template does not use."""

    def load(self) -> dict:
        return {}


def translate(template: dict, parameters: dict[str, str]) -> dict:
    template = copy.deepcopy(template)
    template["Resources"]["MoviesFunction"]["Properties"]["CodeUri"] = "s3://bucket/key"
    return transform(template, dict(parameters), NoManagedPolicies())


def resolve(value, template: dict, parameters: dict[str, str]):
    """The value with its conditions decided and its parameters filled in; other intrinsics stay."""
    if isinstance(value, list):
        return [resolve(item, template, parameters) for item in value]
    if not isinstance(value, dict):
        return value
    if "Fn::If" in value:
        condition, then, otherwise = value["Fn::If"]
        chosen = then if holds({"Condition": condition}, template, parameters) else otherwise
        return resolve(chosen, template, parameters)
    if "Ref" in value and value["Ref"] in template["Parameters"]:
        return parameters.get(value["Ref"], template["Parameters"][value["Ref"]].get("Default"))
    return {key: resolve(item, template, parameters) for key, item in value.items()}


def holds(condition, template: dict, parameters: dict[str, str]) -> bool:
    (function, operands), *_ = condition.items()
    if function == "Condition":
        return holds(template["Conditions"][operands], template, parameters)
    if function == "Fn::Equals":
        left, right = resolve(operands, template, parameters)
        return str(left) == str(right)
    decided = [holds(operand, template, parameters) for operand in operands]
    return {"Fn::Not": not decided[0], "Fn::And": all(decided), "Fn::Or": any(decided)}[function]


class TemplateTest(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls) -> None:
        cls.template = yaml_parse(TEMPLATE.read_text())
        cls.translated = translate(cls.template, {})

    def test_the_rules_of_cfn_guard_hold(self) -> None:
        rules = (ROOT / "tests/template.guard").read_text()
        names = set(re.findall(r"^rule (\w+)", rules, re.MULTILINE))
        report = cfn_guard_rs.run_checks(self.translated, rules)
        self.assertEqual([failed.Rule.name for failed in report.not_compliant], [])
        self.assertEqual(set(report.compliant), names, "each rule found something to check")
        broken = copy.deepcopy(self.translated)
        broken["Resources"]["MoviesTable"]["Properties"]["SSESpecification"]["SSEEnabled"] = False
        report = cfn_guard_rs.run_checks(broken, rules)
        self.assertEqual(len(report.not_compliant), 1, "a rule that is broken is found")

    def test_the_function_may_do_exactly_what_the_store_does(self) -> None:
        calls = set(re.findall(r"\bsend::<[^>]*>\((\w+)::new\(\)", (ROOT / "src/store.rs").read_text()))
        # A transaction is authorised as the writes that are in it.
        transacted = {"PutItem", "DeleteItem"} if "TransactWriteItems" in calls else set()
        wanted = {f"dynamodb:{call}" for call in (calls | transacted) - {"TransactWriteItems"}}
        role = self.translated["Resources"]["MoviesRole"]["Properties"]
        statements = role["Policies"][0]["PolicyDocument"]["Statement"]
        actions = [action for statement in statements for action in as_list(statement["Action"])]
        self.assertEqual(sorted(action for action in actions if action.startswith("dynamodb:")), sorted(wanted))
        self.assertNotIn("ManagedPolicyArns", role)
        for statement in statements:
            if statement["Resource"] == "*":
                self.assertEqual({action.split(":")[0] for action in statement["Action"]}, {"xray"})

    def test_who_may_call_what(self) -> None:
        sigv4 = {"type": "apiKey", "name": "Authorization", "in": "header", "x-amazon-apigateway-authtype": "awsSigv4"}
        for write, read in [("AWS_IAM", "NONE"), ("NONE", "NONE"), (POOL, "NONE"), (POOL, "AWS_IAM"), ("AWS_IAM", POOL)]:
            parameters = {"WriteAuthorization": write, "ReadAuthorization": read}
            translated = translate(self.template, parameters)
            body = resolve(translated["Resources"]["MoviesApi"]["Properties"]["Body"], self.template, parameters)
            schemes = body["components"]["securitySchemes"]
            for path, item in body["paths"].items():
                for method, operation in item.items():
                    if method == "parameters":
                        continue
                    needed = {"options": "NONE", "x-amazon-apigateway-any-method": read}.get(method, write)
                    found = operation["security"]
                    with self.subTest(path=path, method=method, needed=needed):
                        if needed == "NONE":
                            self.assertEqual(found, [])
                            continue
                        scheme = schemes[next(iter(found[0]))]
                        if needed == "AWS_IAM":
                            self.assertEqual(scheme, sigv4)
                        else:
                            authorizer = scheme["x-amazon-apigateway-authorizer"]
                            self.assertEqual(authorizer, {"type": "cognito_user_pools", "providerARNs": [POOL]})
            self.assertEqual(set(body["paths"]["/{proxy+}"]) - {"parameters"},
                             {"post", "put", "patch", "delete", "options", "x-amazon-apigateway-any-method"})

    def test_only_what_a_parameter_asks_for_is_made(self) -> None:
        optional = {name: resource["Condition"] for name, resource in self.translated["Resources"].items()
                    if "Condition" in resource}
        made = lambda parameters: sorted(  # noqa: E731
            name for name, condition in optional.items() if holds({"Condition": condition}, self.template, parameters))
        self.assertEqual(made({}), ["ApiGatewayAccount", "ApiGatewayLogs"])
        everything = {"WebAclArn": "arn", "DomainName": "api.example.org", "HostedZoneId": "Z1"}
        self.assertEqual(made(everything), sorted(optional))
        self.assertEqual(made({"ApiGatewayLogsRole": "exists"}), [])
        function = self.translated["Resources"]["MoviesFunction"]["Properties"]["ReservedConcurrentExecutions"]
        self.assertEqual(resolve(function, self.template, {"ReservedConcurrency": "5"}), "5")
        self.assertEqual(resolve(function, self.template, {}), {"Ref": "AWS::NoValue"})

    def test_every_parameter_says_why(self) -> None:
        for name, parameter in self.template["Parameters"].items():
            self.assertGreater(len(parameter["Description"]), 20, name)
            self.assertIn("Default", parameter, f"{name}: a first deployment asks for nothing")

    def test_samconfig_names_parameters_that_exist(self) -> None:
        config = tomlkit.parse((ROOT / "samconfig.toml").read_text())
        for stage in ("dev", "prod"):
            deploy = config[stage]["deploy"]["parameters"]
            self.assertEqual(deploy["stack_name"], f"movies-{stage}")
            for override in deploy["parameter_overrides"]:
                name, _, value = override.partition("=")
                parameter = self.template["Parameters"][name]
                self.assertIn(value, [str(allowed) for allowed in parameter.get("AllowedValues", [value])], override)

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

    def test_sam_local_finds_the_routes(self) -> None:
        stacks, _ = SamLocalStackProvider.get_stacks(str(TEMPLATE))
        routes = {(route.path, method) for route in ApiProvider(stacks).api.routes for method in route.methods}
        self.assertLessEqual({("/{proxy+}", method) for method in ("GET", "POST", "PUT", "PATCH", "DELETE")}, routes)
        self.assertIn(("/", "GET"), routes)

    def test_the_readmes_other_doors_are_valid(self) -> None:
        readme = (ROOT / "README.md").read_text()
        section = readme.split("### Switch doors")[1].split("\n## ")[0]
        variants = re.findall(r"Delete (.*?);.*?```yaml\n(.*?)```", section, re.DOTALL)
        self.assertEqual(len(variants), 2, section)
        for deleted, snippet in variants:
            variant = copy.deepcopy(self.template)
            for name in re.findall(r"`(\w+)`", deleted):
                places = [part for part in ("Resources", "Outputs", "Parameters", "Conditions") if name in variant.get(part, {})]
                self.assertTrue(places, f"{name} is nowhere in the template")
                for place in places:
                    del variant[place][name]
            merge(variant, yaml_parse(snippet))
            with tempfile.TemporaryDirectory() as directory:
                path = Path(directory) / "template.json"
                path.write_text(json.dumps(variant))
                # README says that what nothing uses any more can go.
                lint = [sys.executable, str(Path(sys.executable).parent / "cfn-lint"), "-i", "W2001", "W8001", "--", str(path)]
                result = subprocess.run(lint, capture_output=True, text=True, check=False)
                self.assertEqual(result.returncode, 0, result.stdout)
            translate(variant, {})


@unittest.skipUnless(sys.platform == "linux", "the Runtime Interface Emulator is a Linux program")
class SamLocalTest(unittest.TestCase):
    """`sam local start-api` needs Docker; the events it would send do not."""

    @classmethod
    def setUpClass(cls) -> None:
        cls.directory = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.directory.cleanup)
        ports = [free_port(), free_port()]
        cls.invocations = f"http://127.0.0.1:{ports[0]}/2015-03-31/functions/function/invocations"
        cls.emulator = subprocess.Popen(
            [os.environ["AWS_LAMBDA_RIE"], "--runtime-interface-emulator-address", f"127.0.0.1:{ports[0]}",
             "--runtime-api-address", f"127.0.0.1:{ports[1]}", os.environ["FUNCTION"]],
            env={**os.environ, "LOCAL_STORE_DIR": cls.directory.name}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        cls.addClassCleanup(cls.emulator.wait)
        cls.addClassCleanup(cls.emulator.kill)
        deadline = time.monotonic() + 20
        while socket.socket().connect_ex(("127.0.0.1", ports[0])) and time.monotonic() < deadline:
            time.sleep(0.1)

    def call(self, door: str, method: str, path: str, body: dict | None = None) -> tuple[int, dict]:
        app = flask.Flask(__name__)
        for rule in ("/", "/<path:proxy>"):
            app.add_url_rule(rule, endpoint=rule, methods=[method])
        with app.test_request_context(path, method=method, json=body):
            if door == "rest":
                event = construct_v1_event(flask.request, 3000, ["*/*"], stage_name="prod")
            else:
                event = construct_v2_event_http(flask.request, 3000, [], stage_name="$default", route_key="$default")
        request = urllib.request.Request(self.invocations, json.dumps(event).encode())
        with urllib.request.urlopen(request, timeout=20) as answer:
            reply = json.load(answer)
        return reply["statusCode"], json.loads(reply["body"] or "null")

    def test_a_whole_round_through_each_door(self) -> None:
        for door in ("rest", "http"):
            for title, path in [("50/50", "50%2F50"), ("100% Wolf", "100%25%20Wolf"), ("日本", "%E6%97%A5%E6%9C%AC")]:
                movie = {"title": title, "year": 2011, "cast": ["Ann"], "image": "https://example.org/a.jpg", "description": ""}
                path = f"/ns_movies/{path}-2011"
                with self.subTest(door=door, title=title):
                    self.assertEqual(self.call(door, "POST", "/ns_movies/", movie), (200, movie))
                    self.assertEqual(self.call(door, "POST", "/ns_movies/", movie)[0], 409)
                    self.assertEqual(self.call(door, "GET", path), (200, movie))
                    self.assertEqual(self.call(door, "PUT", path, {"cast": []}), (200, movie | {"cast": []}))
                    self.assertEqual(self.call(door, "GET", "/ns_movies/?year=2011&limit=5")[1], {f"{title}-2011": movie | {"cast": []}})
                    self.assertEqual(self.call(door, "DELETE", path)[0], 200)
                    self.assertEqual(self.call(door, "GET", path)[0], 404)


class SignatureTest(unittest.TestCase):
    """Signature Version 4 done by the book (AWS IAM User Guide, "Create a signed AWS API request")."""

    def test_a_path_is_signed_as_api_gateway_reads_it(self) -> None:
        keys = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_SESSION_TOKEN": "token"}
        url = "https://x.execute-api.eu-west-1.amazonaws.com/prod/ns_movies/50%2F50%20%C3%A9-2011?limit=1&cursor=a"
        with unittest.mock.patch.dict(os.environ, keys):
            sent = Signer("eu-west-1").headers("PUT", url, {"Content-Type": "application/json"}, '{"cast":[]}')
        scheme, credential, signed, signature = re.fullmatch(
            r"(\S+) Credential=(\S+), SignedHeaders=(\S+), Signature=(\w+)", sent["Authorization"]).groups()
        date = sent["X-Amz-Date"]
        scope = f"{date[:8]}/eu-west-1/execute-api/aws4_request"
        self.assertEqual((scheme, credential), ("AWS4-HMAC-SHA256", f"AKIDEXAMPLE/{scope}"))
        values = {name.lower(): value for name, value in sent.items()} | {"host": "x.execute-api.eu-west-1.amazonaws.com"}
        digest = lambda data: hashlib.sha256(data.encode()).hexdigest()  # noqa: E731
        # Every service but S3 encodes the path as it was sent once more.
        canonical = "\n".join([
            "PUT", "/prod/ns_movies/50%252F50%2520%25C3%25A9-2011", "cursor=a&limit=1",
            *(f"{name}:{values[name]}" for name in signed.split(";")), "", signed, digest('{"cast":[]}'),
        ])
        key = b"AWS4secret"
        for part in scope.split("/"):
            key = hmac.digest(key, part.encode(), "sha256")
        to_sign = "\n".join([scheme, date, scope, digest(canonical)])
        self.assertEqual(signature, hmac.digest(key, to_sign.encode(), "sha256").hex())


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def merge(target: dict, patch: dict) -> None:
    for key, value in patch.items():
        is_intrinsic = isinstance(value, dict) and any(name == "Ref" or name.startswith("Fn::") for name in value)
        if isinstance(value, dict) and isinstance(target.get(key), dict) and not is_intrinsic:
            merge(target[key], value)
        else:
            target[key] = value


def as_list(value) -> list:
    return value if isinstance(value, list) else [value]


if __name__ == "__main__":
    logging.disable(logging.WARNING)
    unittest.main(warnings="ignore")
