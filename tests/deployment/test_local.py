"""Compares the local tables with those of the template. Invokes the function with the events of `sam local`, which the code of the
SAM CLI creates, under the Runtime Interface Emulator. FUNCTION is a local build of the function, AWS_LAMBDA_RIE the emulator."""

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.request

import flask
from cloudformation import TEMPLATE, template
from samcli.lib.providers.api_provider import ApiProvider
from samcli.lib.providers.sam_stack_provider import SamLocalStackProvider
from samcli.local.apigw.event_constructor import construct_v1_event, construct_v2_event_http
from stub import Handler, serve

# Properties of the template's tables and indexes that a local table does without.
DEPLOYED_ONLY = {"DeletionProtectionEnabled", "OnDemandThroughput", "PointInTimeRecoverySpecification", "TimeToLiveSpecification"}


class TablesTest(unittest.TestCase):
    maxDiff = None

    def test_local_tables_have_the_keys_and_indexes_of_the_template(self) -> None:
        created = {}

        class DynamoDb(Handler):
            """Has no tables, and records those that the function creates."""

            def do_POST(self) -> None:
                request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                operation = self.headers["X-Amz-Target"].partition(".")[2]
                if operation == "CreateTable":
                    created[request.pop("TableName")] = request
                body = json.dumps({"TableNames": []} if operation == "ListTables" else {}).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        # The function ends after it has created the tables, because there is no Runtime API on this port.
        variables = {
            "AWS_LAMBDA_RUNTIME_API": "127.0.0.1:1", "AWS_LAMBDA_FUNCTION_NAME": "movies", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128",
            "AWS_LAMBDA_FUNCTION_VERSION": "1", "AWS_LAMBDA_LOG_GROUP_NAME": "movies", "AWS_LAMBDA_LOG_STREAM_NAME": "movies",
            "AWS_ENDPOINT_URL_DYNAMODB": serve(self, DynamoDb),
        }
        function = subprocess.run([os.environ["FUNCTION"]], env={**os.environ, **variables}, capture_output=True, text=True, timeout=60)
        resources = template()["Resources"]
        expected = {name: without(resources[resource]["Properties"]) for name, resource in
                    (("movies", "MoviesTable"), ("movies-keys", "KeysTable"))}
        self.assertEqual(created, expected, function.stdout + function.stderr)


def without(value):
    """The value without the properties of deployed tables, at any depth."""
    if isinstance(value, list):
        return [without(item) for item in value]
    if isinstance(value, dict):
        return {key: without(item) for key, item in value.items() if key not in DEPLOYED_ONLY}
    return value


class RoutesTest(unittest.TestCase):
    def test_sam_local_finds_the_routes(self) -> None:
        stacks, _ = SamLocalStackProvider.get_stacks(str(TEMPLATE))
        routes = {(route.path, method) for route in ApiProvider(stacks).api.routes for method in route.methods}
        self.assertLessEqual({("/{proxy+}", method) for method in ("GET", "POST", "PUT", "PATCH", "DELETE")}, routes)
        self.assertIn(("/", "GET"), routes)


@unittest.skipUnless(sys.platform == "linux", "the Runtime Interface Emulator is a Linux program")
class SamLocalTest(unittest.TestCase):
    """`sam local start-api` needs Docker. Its events do not."""

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

    def call(self, source: str, method: str, path: str, body: dict | None = None) -> tuple[int, dict]:
        app = flask.Flask(__name__)
        for rule in ("/", "/<path:proxy>"):
            app.add_url_rule(rule, endpoint=rule, methods=[method])
        with app.test_request_context(path, method=method, json=body):
            if source == "rest":
                event = construct_v1_event(flask.request, 3000, ["*/*"], stage_name="prod")
            else:
                event = construct_v2_event_http(flask.request, 3000, [], stage_name="$default", route_key="$default")
        request = urllib.request.Request(self.invocations, json.dumps(event).encode())
        with urllib.request.urlopen(request, timeout=20) as response:
            reply = json.load(response)
        return reply["statusCode"], json.loads(reply.get("body") or "null")

    def test_all_operations_work_with_each_event_source(self) -> None:
        for source in ("rest", "http"):
            for title, path in [("50/50", "50%2F50"), ("100% Wolf", "100%25%20Wolf"), ("日本", "%E6%97%A5%E6%9C%AC")]:
                movie = {"title": title, "year": 2011, "cast": ["Ann"], "image": "https://example.org/a.jpg", "description": ""}
                path = f"/ns_movies/{path}-2011"
                with self.subTest(source=source, title=title):
                    self.assertEqual(self.call(source, "POST", "/ns_movies/", movie), (200, movie))
                    self.assertEqual(self.call(source, "POST", "/ns_movies/", movie)[0], 409)
                    self.assertEqual(self.call(source, "GET", path), (200, movie))
                    self.assertEqual(self.call(source, "PUT", path, {"cast": []}), (200, movie | {"cast": []}))
                    self.assertEqual(self.call(source, "GET", "/ns_movies/?year=2011&limit=5")[1], {f"{title}-2011": movie | {"cast": []}})
                    self.assertEqual(self.call(source, "DELETE", path)[0], 200)
                    self.assertEqual(self.call(source, "GET", path)[0], 404)


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]
