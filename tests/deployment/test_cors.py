"""CloudFormation rejects the usual misspellings of an origin, with which the function would not start. FUNCTION is a local build."""

import os
import re
import subprocess
import tempfile
import unittest

import cloudformation
from cloudformation import ROOT

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
REJECTED = [
    "https://Example.org",
    "HTTPS://example.org",
    "https://example.org/path",
    "https://example.org/",
    "https://example.org//",
    "https://example.org/,https://a.example",
    "",
    " ",
    ",",
    "https://example.org,",
    ",https://example.org",
    "https://example.org,,https://a.example",
    "*,https://example.org",
    "https://a.example;https://b.example",
    "https://a.example https://b.example",
    "example.org",
    "https://",
    "https://*.example.org",
    "https://example.org?a=b",
    "https://user@example.org",
    "https://bücher.example",
    "ftp://example.org",
    "null",
]


def error_at_start(**variables: str) -> str:
    """The log of a function that cannot start."""
    with tempfile.TemporaryDirectory() as directory:
        environment = {**os.environ, "LOCAL_STORE_DIR": directory, "AWS_LAMBDA_RUNTIME_API": "127.0.0.1:9", **variables}
        function = subprocess.run([os.environ["FUNCTION"]], env=environment, capture_output=True, text=True, check=False, timeout=60)
    assert function.returncode == 1, function
    return function.stdout + function.stderr


class CorsTest(unittest.TestCase):
    def test_the_pattern_rejects_misspellings(self) -> None:
        parameter = cloudformation.template()["Parameters"]["CorsAllowOrigins"]
        pattern = re.compile(parameter["AllowedPattern"])
        # CloudFormation matches a pattern against the whole value.
        self.assertEqual([value for value in ACCEPTED if not pattern.fullmatch(value)], [])
        self.assertEqual([value for value in REJECTED if pattern.fullmatch(value)], [])
        self.assertIn("ConstraintDescription", parameter)
        self.assertLessEqual(max(map(len, ACCEPTED)), parameter["MaxLength"])

    def test_the_function_gets_the_variables_that_it_reads(self) -> None:
        template = cloudformation.template()
        variables = template["Resources"]["MoviesFunction"]["Properties"]["Environment"]["Variables"]
        self.assertEqual(variables.get("CORS_ALLOW_ORIGINS"), {"Ref": "CorsAllowOrigins"})
        read = (ROOT / "src/config.rs").read_text()
        self.assertEqual([name for name in variables if f'variable("{name}")' not in read], [])

    def test_the_function_accepts_what_the_pattern_accepts(self) -> None:
        for origins in ACCEPTED:
            # The function reads the other variable later.
            self.assertIn("SWAGGER_UI", error_at_start(CORS_ALLOW_ORIGINS=origins, SWAGGER_UI="wrong"), origins)

    def test_the_function_says_what_the_right_form_is(self) -> None:
        error = error_at_start(CORS_ALLOW_ORIGINS="https://app.example.org/,https://Admin.Example.org")
        self.assertIn("CORS_ALLOW_ORIGINS", error)
        self.assertRegex(error, r"browsers send https://app\.example\.org(?!/)")
