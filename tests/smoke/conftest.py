"""Tests a deployed API. All movies have a random number and the fields of MARK, and are always deleted at the end."""

import json
import secrets
import signal
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import quote, urljoin

import pytest
import requests

sys.path.insert(0, str(Path(__file__).parents[2] / "seed"))
from api import ERRORS, SigV4, cause, id_of  # noqa: E402

FIXTURE = json.loads(Path(__file__).parent.with_name("fixture.json").read_text())
MOVIES = FIXTURE["collection"]
# Fields that no other movie has, and the filter that lists only the movies that have them.
MARK, FILTER = {"year": 9998}, "year=9998"


def pytest_addoption(parser):
    parser.addoption("--url", default="", help="the API's root, with its stage: https://….amazonaws.com/prod")
    parser.addoption("--sigv4", metavar="REGION", help="sign writes, for an API in this region with the authorization AWS_IAM")
    parser.addoption("--token", help="send this token in Authorization with writes, for an API with a Cognito user pool")
    parser.addoption("--reads-signed", action="store_true", help="also send credentials with reads")
    parser.addoption("--http-api", action="store_true", help="skip texts that an HTTP API does not support in a path (with ? or %%)")


@pytest.fixture(scope="session")
def api(pytestconfig):
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # A cancelled pipeline must also clean up.
    api = connect(pytestconfig.option)
    yield api
    api.clean_up()


def connect(options):
    latest = time.monotonic() + 60
    while True:
        try:
            return Api(options)
        except (*ERRORS, AssertionError) as error:
            is_new = isinstance(error, ConnectionError) or "Failed to resolve" in str(error)
            if not is_new or time.monotonic() >= latest:
                pytest.exit(f"{options.url!r}: {cause(error)}. Check the URL, its stage, and the API itself.", 2)
            time.sleep(2)  # A new stage and its DNS name become available only after some time.


class Api:
    def __init__(self, options):
        self.root = requests.Request("GET", options.url.strip()).prepare().url.rstrip("/")
        bearer = options.token and (lambda request: request.headers.update(Authorization=options.token) or request)
        self.auth = SigV4(options.sigv4) if options.sigv4 else bearer
        self.unsigned = ("OPTIONS",) if options.reads_signed else ("OPTIONS", "GET", "HEAD")
        self.first, self.paths = secrets.randbelow(10**12), []
        health = self.call("GET", "/health")
        if not is_by_service(health) and (health.status_code == 403 or health.status_code >= 500):
            raise ConnectionError(f"access is refused or fails: {health.status_code} {health.text[:300]}")
        expect(self.call("GET", "/swagger.json"), 200)

    def call(self, method, path, body=None, anonymous=False, **headers):
        """`path` is percent-encoded and relative to the root. A body that is not a string is sent as JSON."""
        content = {"data": body} if isinstance(body, str) else {"json": body}
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        auth = None if anonymous or method in self.unsigned else self.auth
        auth = auth or (lambda request: request)  # Without a function, requests would read a password from ~/.netrc.
        content |= {"headers": headers, "auth": auth, "timeout": 30, "allow_redirects": False}
        return requests.request(method, self.root + path, **content)

    def follow(self, reference, response):
        target = urljoin(response.url, reference)
        assert target.startswith(f"{self.root}/"), f"{reference} is not below {self.root}/"
        return expect(self.call("GET", target.removeprefix(self.root)), 200)

    def new(self, **fields):
        """A movie that does not exist yet. It is deleted at the end, even if the response to its POST is lost."""
        movie = json.loads(json.dumps(FIXTURE["new"]["body"] | MARK | fields).replace("{n}", str(self.first + len(self.paths))))
        self.paths.append(path_of(id_of(movie)))
        return movie, self.paths[-1]

    def made(self):
        movie, path = self.new()
        return movie, path, expect(self.call("POST", MOVIES, movie), 200).headers["ETag"]

    def is_now(self, path, movie):
        response = expect(self.call("GET", path), 200)
        assert response.json() == movie
        return response.headers["ETag"]

    def at_once(self, calls):
        with ThreadPoolExecutor(8) as pool:
            return [future.exception() or future.result() for future in [pool.submit(self.call, *call) for call in calls]]

    def clean_up(self):
        for pause in (0, 1, 2, 4):  # At least twice, because an aborted request can arrive later.
            time.sleep(pause)
            responses = self.at_once([("DELETE", path) for path in self.paths])
            left = [path for path, response in zip(self.paths, responses) if getattr(response, "status_code", 0) != 404]
            if pause and not left:
                break
        assert not left, f"not deleted: {left}"


def path_of(id):
    return MOVIES + quote(id, safe="")


def is_by_service(response):
    """Whether the front door (API Gateway, WAF) has passed the request on. Its own problems have no type."""
    return response.headers.get("X-Content-Type-Options") == "nosniff" and '"about:blank"' not in response.text


def expect(response, status):
    got = f"{response.request.method} {response.url[:300]} returned {response.status_code} {response.text[:300]}"
    assert response.status_code == status, f"expected {status}, but {got}"
    return response


def problem(response, status, kind):
    document = expect(response, status).json()
    assert response.headers["Content-Type"].startswith("application/problem+json") and document["status"] == status
    assert document["type"].endswith(f":{kind}") and {"title", "detail", "instance", "request_id"} < set(document)
    return document
