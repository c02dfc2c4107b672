"""The function gets the variables that it reads, and starts with every value that the template accepts. FUNCTION is a local build."""

import os
import re
import subprocess
import tempfile
import unittest

import cloudformation
from cloudformation import ROOT, resolve

ACCEPTED = [
    "*",
    "https://example.org",
    "http://localhost:3000",
    "https://example.org,http://127.0.0.1:8080",
    "https://example.org, http://localhost:3000",
    "http://[::1]:8080",
    "https://xn--bcher-kva.example",
    "https://a-b.c1.my_app.example.org:8443",
]
# Capitals, paths, slashes at the end, empty entries, and texts that are not origins.
REJECTED = """https://Example.org|HTTPS://example.org|https://example.org/path|https://example.org/|https://example.org//
    https://example.org/,https://a.example|| |,|https://example.org,|,https://example.org|https://example.org,,https://a.example
    *,https://example.org|https://a.example;https://b.example|https://a.example https://b.example|example.org|https://
    https://*.example.org|https://example.org?a=b|https://user@example.org|https://bücher.example|ftp://example.org|null"""


def error_at_start(**variables: str) -> str:
    """The log of a function that cannot start."""
    with tempfile.TemporaryDirectory() as directory:
        environment = {**os.environ, "LOCAL_STORE_DIR": directory, "AWS_LAMBDA_RUNTIME_API": "127.0.0.1:9", **variables}
        function = subprocess.run([os.environ["FUNCTION"]], env=environment, capture_output=True, text=True, check=False, timeout=60)
    assert function.returncode, function
    return function.stdout + function.stderr


class VariablesTest(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls) -> None:
        cls.template = cloudformation.template()

    def test_the_function_gets_the_variables_that_it_reads(self) -> None:
        variables = self.template["Resources"]["MoviesFunction"]["Properties"]["Environment"]["Variables"]
        resolved = lambda parameters: resolve(variables, self.template, parameters)  # noqa: E731
        expected = {"TABLE_NAME": {"Ref": "MoviesTable"}, "IDEMPOTENCY_TABLE_NAME": {"Ref": "KeysTable"}}
        given = {"CorsAllowOrigins": "https://a.example", "SwaggerUi": "off", "BasePath": "v1"}
        self.assertEqual(resolved(given), {**expected, "CORS_ALLOW_ORIGINS": "https://a.example", "SWAGGER_UI": "off", "BASE_PATH": "/v1"})
        self.assertEqual(resolved({})["BASE_PATH"], {"Ref": "AWS::NoValue"})
        read = (ROOT / "src/config.rs").read_text()
        self.assertEqual(set(re.findall(r'variable\("(\w+)"\)', read)), set(variables))

    def test_the_pattern_of_origins_rejects_misspellings(self) -> None:
        parameter = self.template["Parameters"]["CorsAllowOrigins"]
        pattern = re.compile(parameter["AllowedPattern"])
        # CloudFormation matches a pattern against the whole value.
        self.assertEqual([value for value in ACCEPTED if not pattern.fullmatch(value)], [])
        self.assertEqual([value for value in re.split(r"\||\n +", REJECTED) if pattern.fullmatch(value)], [])
        self.assertLessEqual(max(map(len, ACCEPTED)), parameter["MaxLength"])

    def test_the_function_accepts_the_origins_that_the_pattern_accepts(self) -> None:
        for origins in ACCEPTED:
            # The function reads the other variable later.
            self.assertIn("SWAGGER_UI", error_at_start(CORS_ALLOW_ORIGINS=origins, SWAGGER_UI="wrong"), origins)

    def test_a_base_path_is_not_a_path_of_the_service(self) -> None:
        parameter = self.template["Parameters"]["BasePath"]
        accepted = lambda value: bool(re.fullmatch(parameter["AllowedPattern"], value))  # noqa: E731
        own = re.search(r"FIRST_SEGMENTS: .*? = \[(.*?)\]", (ROOT / "src/route.rs").read_text())[1]
        own = re.findall(r'"(.+?)"', own)
        self.assertIn("ns_movies", own)
        for value in [*own, "v1/api", "/v1", "v1/", ".", "my%20api"]:
            self.assertFalse(accepted(value), value)
        for value in ["", "v1", "ns_movies2", "my-health", "swagger", "Health"]:
            self.assertTrue(accepted(value), value)
