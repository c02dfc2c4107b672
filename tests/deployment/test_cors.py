"""CorsAllowOrigins: CloudFormation refuses what the function would refuse at every start."""

import re
import unittest

import cloudformation

ACCEPTED = [
    "*",
    "https://example.org",
    "http://localhost:3000",
    "https://example.org,http://127.0.0.1:8080",
    "https://example.org, http://localhost:3000",
    # The function compares origins as a browser writes them, so these are the same as without capitals, port and slash.
    "HTTPS://Example.ORG",
    "https://example.org:443",
    "https://example.org/",
    "http://[::1]:8080",
    "https://xn--bcher-kva.example",
    "https://a-b.c1.example.org",
]
REFUSED = [
    "",
    " ",
    ",",
    "**",
    "*,https://example.org",
    "https://example.org,*",
    "https://example.org,",
    ",https://example.org",
    "https://a.example;https://b.example",
    "https://a.example https://b.example",
    "example.org",
    "//example.org",
    "https://",
    "https://*.example.org",
    "https://example.org/path",
    "https://example.org//",
    "https://example.org?a=b",
    "https://example.org#a",
    "https://user@example.org",
    "https://example.org:",
    "https://example.org:port",
    "ftp://example.org",
    "null",
    "https://bücher.example",
    "https://example.org\n",
]


class CorsTest(unittest.TestCase):
    def test_the_pattern_takes_origins_and_nothing_else(self) -> None:
        parameter = cloudformation.template()["Parameters"]["CorsAllowOrigins"]
        pattern = re.compile(parameter["AllowedPattern"])
        # CloudFormation compares a pattern with the whole value.
        self.assertEqual([value for value in ACCEPTED if not pattern.fullmatch(value)], [])
        self.assertEqual([value for value in REFUSED if pattern.fullmatch(value)], [])
        self.assertIn("ConstraintDescription", parameter)
        self.assertLessEqual(max(map(len, ACCEPTED)), parameter["MaxLength"])
