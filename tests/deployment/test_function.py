"""The function gets the variables that it reads, and starts with every value that the template accepts. A local run makes the tables of
the template. FUNCTION is a local build."""

import os
import re
import subprocess
import tempfile
import unittest

import boto3
from cloudformation import ROOT, TEMPLATE, resolve
from moto.server import ThreadedMotoServer

ACCEPTED = [
    "*",
    "https://example.org,http://127.0.0.1:8080",
    "https://example.org, http://localhost:3000",
    "http://[::1]:8080",
    "https://a-b.c1.my_app.example.org:8443",
]
# Capitals, paths, slashes at the end, empty entries, and texts that are not origins.
REJECTED = """https://Example.org|HTTPS://example.org|https://example.org/path|https://example.org/|https://example.org/,https://a.example
    |,|https://example.org,|,https://example.org|https://example.org,,https://a.example|*,https://example.org
    https://a.example;https://b.example|https://a.example https://b.example|example.org|https://|https://*.example.org
    https://example.org?a=b|https://user@example.org|https://bücher.example|ftp://example.org|null"""


def log_of_start(**variables: str) -> str:
    """The log of a function that ends at the start, because there is no Runtime API."""
    names = {name: "1" for name in ("FUNCTION_NAME", "FUNCTION_MEMORY_SIZE", "FUNCTION_VERSION", "LOG_GROUP_NAME", "LOG_STREAM_NAME")}
    with tempfile.TemporaryDirectory() as directory:
        environment = {**os.environ, "LOCAL_STORE_DIR": directory, "AWS_LAMBDA_RUNTIME_API": "127.0.0.1:9",
                       **{f"AWS_LAMBDA_{name}": value for name, value in names.items()}, **variables}
        function = subprocess.run([os.environ["FUNCTION"]], env=environment, capture_output=True, text=True, check=False, timeout=60)
    assert function.returncode, function
    return function.stdout + function.stderr


def keys_and_indexes(table: dict) -> list:
    """What a deployed table and a local table have in common."""
    indexes = [[index[part] for part in ("IndexName", "KeySchema", "Projection")] for index in table.get("GlobalSecondaryIndexes", [])]
    return [table["AttributeDefinitions"], table["KeySchema"], indexes]


class FunctionTest(unittest.TestCase):
    maxDiff = None

    def test_it_gets_the_variables_that_it_reads(self) -> None:
        variables = TEMPLATE["Resources"]["MoviesFunction"]["Properties"]["Environment"]["Variables"]
        read = (ROOT / "src/config.rs").read_text()
        self.assertEqual(set(re.findall(r'variable\("(\w+)"\)', read)), set(variables))
        tables = {"TABLE_NAME": {"Ref": "MoviesTable"}, "IDEMPOTENCY_TABLE_NAME": {"Ref": "KeysTable"}}
        given = {"CorsAllowOrigins": "https://a.example", "SwaggerUi": "off", "BasePath": "v1"}
        expected = {**tables, "CORS_ALLOW_ORIGINS": "https://a.example", "SWAGGER_UI": "off", "BASE_PATH": "/v1"}
        self.assertEqual(resolve(variables, given), expected)
        self.assertEqual(resolve(variables, {})["BASE_PATH"], {"Ref": "AWS::NoValue"})

    def test_the_pattern_of_origins_rejects_misspellings(self) -> None:
        parameter = TEMPLATE["Parameters"]["CorsAllowOrigins"]
        # CloudFormation matches a pattern against the whole value.
        pattern = re.compile(parameter["AllowedPattern"])
        self.assertEqual([value for value in ACCEPTED if not pattern.fullmatch(value)], [])
        self.assertEqual([value for value in re.split(r"\||\n +", REJECTED) if pattern.fullmatch(value)], [])
        self.assertLessEqual(max(map(len, ACCEPTED)), parameter["MaxLength"])

    def test_it_accepts_the_origins_that_the_pattern_accepts(self) -> None:
        for origins in ACCEPTED:
            # The function reads the other variable later.
            self.assertIn("SWAGGER_UI", log_of_start(CORS_ALLOW_ORIGINS=origins, SWAGGER_UI="wrong"), origins)

    def test_a_base_path_is_not_a_path_of_the_service(self) -> None:
        pattern = re.compile(TEMPLATE["Parameters"]["BasePath"]["AllowedPattern"])
        own = re.search(r"FIRST_SEGMENTS: .*? = \[(.*?)\]", (ROOT / "src/route.rs").read_text())[1]
        own = re.findall(r'"(.+?)"', own)
        self.assertIn("ns_movies", own)
        for value in [*own, "v1/api", "/v1", "v1/", ".", "my%20api"]:
            self.assertIsNone(pattern.fullmatch(value), value)
        for value in ["", "v1", "ns_movies2", "my-health", "swagger", "Health"]:
            self.assertIsNotNone(pattern.fullmatch(value), value)

    def test_local_tables_have_the_keys_and_indexes_of_the_template(self) -> None:
        server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
        server.start()
        self.addCleanup(server.stop)
        url = f"http://127.0.0.1:{server.get_host_and_port()[1]}"
        log = log_of_start(AWS_ENDPOINT_URL_DYNAMODB=url)
        keys = {"aws_access_key_id": "local", "aws_secret_access_key": "local"}
        dynamodb = boto3.client("dynamodb", "us-east-1", endpoint_url=url, **keys)
        self.assertCountEqual(dynamodb.list_tables()["TableNames"], ["movies", "movies-keys"], log)
        for name, resource in (("movies", "MoviesTable"), ("movies-keys", "KeysTable")):
            local, deployed = dynamodb.describe_table(TableName=name)["Table"], TEMPLATE["Resources"][resource]["Properties"]
            self.assertEqual(keys_and_indexes(local), keys_and_indexes(deployed), name)
