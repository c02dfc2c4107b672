"""Runs the tests of tests/api with moto as DynamoDB.

The table in CONTRIBUTING.md lists the tests that fail with moto, each with the reason. This program also checks that
each of them still fails.
"""

import logging
import os
import re
import subprocess
import sys
import threading
from pathlib import Path

from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

PROJECT = Path(__file__).resolve().parents[1]
PAGE = PROJECT / "CONTRIBUTING.md"
TESTS = ["cargo", "test", "--locked", "--test", "api", "--", "--exact"]


def serve() -> str:
    """Serves one request at a time, because moto does not lock its tables."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    # Each test uses its own region.
    os.environ["MOTO_ALLOW_NONEXISTENT_REGION"] = "true"
    server = make_server("127.0.0.1", 0, DomainDispatcherApplication(create_backend_app), threaded=False)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.port}"


def main() -> int:
    excepted = re.findall(r"^\| `(\w+(?:::\w+)+)` \|", PAGE.read_text(), re.MULTILINE)
    # One random input that fails is enough, so proptest does not search for a smaller one.
    environment = os.environ | {"DYNAMODB_ENDPOINT": serve(), "PROPTEST_MAX_SHRINK_ITERS": "0"}
    skips = [argument for test in excepted for argument in ("--skip", test)]
    if subprocess.run([*TESTS, *skips], cwd=PROJECT, env=environment).returncode:
        return 1
    tried = subprocess.run([*TESTS, *excepted], cwd=PROJECT, env=environment, capture_output=True, text=True)
    failed = set(re.findall(r"^test (\S+) \.\.\. FAILED$", tried.stdout, re.MULTILINE))
    for test in set(excepted) - failed:
        print(f"{test} is in {PAGE.relative_to(PROJECT)}, but passes with moto or does not exist.", file=sys.stderr)
    return 0 if failed == set(excepted) else 1


if __name__ == "__main__":
    sys.exit(main())
