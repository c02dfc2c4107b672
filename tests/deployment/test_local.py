"""Compares the local tables with those of the template. FUNCTION is a local build of the function."""

import json
import os
import subprocess
import threading
import unittest
from http.server import BaseHTTPRequestHandler, HTTPServer

from cloudformation import template

# Properties of the template's tables and indexes that a local table does without.
DEPLOYED_ONLY = {"DeletionProtectionEnabled", "OnDemandThroughput", "PointInTimeRecoverySpecification", "TimeToLiveSpecification"}


class TablesTest(unittest.TestCase):
    maxDiff = None

    def test_local_tables_have_the_keys_and_indexes_of_the_template(self) -> None:
        created = {}

        class DynamoDb(BaseHTTPRequestHandler):
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

            def log_message(self, *_: object) -> None:
                pass

        server = HTTPServer(("127.0.0.1", 0), DynamoDb)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.shutdown)
        # The function ends after it has created the tables, because there is no Runtime API on this port.
        variables = {
            "AWS_LAMBDA_RUNTIME_API": "127.0.0.1:1", "AWS_LAMBDA_FUNCTION_NAME": "movies", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128",
            "AWS_LAMBDA_FUNCTION_VERSION": "1", "AWS_LAMBDA_LOG_GROUP_NAME": "movies", "AWS_LAMBDA_LOG_STREAM_NAME": "movies",
            "AWS_ENDPOINT_URL_DYNAMODB": f"http://127.0.0.1:{server.server_port}",
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
