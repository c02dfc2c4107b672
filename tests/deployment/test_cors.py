"""CloudFormation rejects exactly those values of CorsAllowOrigins with which the function would not start. FUNCTION is a local
build."""

import os
import re
import subprocess
import tempfile
import threading
import time
import unittest
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import cloudformation
from cloudformation import ROOT

ACCEPTED = [
    "*",
    "https://example.org",
    "http://localhost:3000",
    "https://example.org,http://127.0.0.1:8080",
    "https://example.org, http://localhost:3000",
    # The function normalizes origins as browsers do, so it accepts capitals, the default port and a slash at the end.
    "HTTPS://Example.ORG",
    "https://example.org:443",
    "https://example.org/",
    "http://[::1]:8080",
    "https://xn--bcher-kva.example",
    "https://a-b.c1.example.org",
    "https://my_app.example.org.",
    " https://example.org\n",
    "http://192.0.2.255:65535",
    "http://[2001:db8::1]",
    "http://[0:0:0:0:0:0:0:1]",
]
REJECTED = [
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
    "https://example.org:99999",
    "https://example.org:65536",
    "https://192.0.2.256",
    "https://example.1",
    "http://::1",
    "http://[::1",
    "http://[1]",
    "http://[:::]",
    "http://[1:2:3:4:5:6:7:8:9]",
]


class CorsTest(unittest.TestCase):
    def test_the_pattern_accepts_only_origins(self) -> None:
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

    def test_the_function_agrees_with_the_pattern(self) -> None:
        self.assertEqual([value for value in ACCEPTED if not starts(value)], [])
        self.assertEqual([value for value in REJECTED if starts(value)], [])


def starts(origins: str) -> bool:
    """Whether the function requests its first event. Otherwise it ends with an error."""
    asked, done = threading.Event(), threading.Event()

    class RuntimeApi(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.set()
            done.wait(20)

        def do_POST(self) -> None:
            self.send_response(202)
            self.end_headers()

        def log_message(self, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), RuntimeApi)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory() as directory:
        environment = {
            **os.environ, "CORS_ALLOW_ORIGINS": origins, "LOCAL_STORE_DIR": directory,
            "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{server.server_port}", "AWS_LAMBDA_FUNCTION_NAME": "movies",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128", "AWS_LAMBDA_FUNCTION_VERSION": "1",
            "AWS_LAMBDA_LOG_GROUP_NAME": "movies", "AWS_LAMBDA_LOG_STREAM_NAME": "movies",
        }
        function = subprocess.Popen([os.environ["FUNCTION"]], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 20
        while not asked.wait(0.05) and function.poll() is None and time.monotonic() < deadline:
            pass
        started = asked.is_set()
        function.kill()
        function.wait()
    done.set()
    server.shutdown()
    server.server_close()
    return started
