"""Fixtures of the tests: an API in memory that can inject faults, and the programs that access it."""

import json
import re
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from api import ID_FIELDS, ID_SCHEMA, id_of

FIXTURE = json.loads((Path(__file__).parents[1] / "tests/fixture.json").read_text())
PAGE = 50


def new(number):
    """The new movie of this number: its `id`, `path` and `body`."""
    return json.loads(json.dumps(FIXTURE["new"]).replace("{n}", str(number)))


def movies(count):
    return [new(number)["body"] for number in range(count)]


# Values that no field of an id accepts.
BAD = [None, " ", "A" * (ID_SCHEMA["minLength"] - 1), "A" * (ID_SCHEMA["maxLength"] + 1), "\ud800", ["A"], [2000], True, 1e30, 0, 10_000, 2000.5]
# Movies that the API rejects. The names of fields do not begin with a capital.
REJECTED = [{}, {name.capitalize(): value for name, value in new(0)["body"].items()},
            *(new(0)["body"] | {name: value} for name in ID_FIELDS for value in [*BAD, FIXTURE["invalid"]["body"][name]])]  # fmt: skip


class FakeApi:
    """An API in memory. `mishap` can return another response to a POST, or a fault: `drop` closes the connection before the movie
    is stored, `lose` closes it afterwards, and `cut` truncates the response."""

    def __init__(self, mishap=lambda movie, attempt: None, root="", link="{path}", has_keys=True):
        self.mishap, self.root, self.link, self.has_keys = mishap, root, link, has_keys
        self.movies, self.keys, self.attempts, self.lists = {}, {}, [], []
        self.lock = threading.Lock()
        handler = type("Handler", (Handler,), {"api": self})
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        # Prints no error if a client closes the connection, because some tests do that.
        self.server.handle_error = lambda *_: None
        self.url = f"http://127.0.0.1:{self.server.server_port}{root}"

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, args=[0.01], daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self):
        url = urlsplit(self.path)
        self.api.lists.append(dict(self.headers))
        if url.path != self.api.root + FIXTURE["collection"]:
            return self.respond(404, {"detail": "Nothing is at this path."})
        ids, query = list(self.api.movies), parse_qs(url.query)
        start = int(query.get("cursor", ["0"])[0])
        end = start + min(PAGE, int(query["limit"][0]))
        reference = self.api.link.format(path=url.path) + f"?limit=1000&cursor={end}"
        more = {"Link": f'<{reference}>; rel="next"'} if end < len(ids) else {}
        mishap = self.api.mishap(None, start)
        if mishap:
            return self.respond(*mishap[:2], **mishap[2] if len(mishap) > 2 else {})
        return self.respond(200, {id: self.api.movies[id] for id in ids[start:end]}, **more)

    def do_POST(self):
        movie = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path != self.api.root + FIXTURE["collection"] or self.headers["Content-Type"] != "application/json":
            return self.respond(404, {})
        id, key = id_of(movie), self.headers["Idempotency-Key"]
        if key and not self.api.has_keys:
            return self.respond(400, {"detail": "This deployment does not remember requests. Send the request without `Idempotency-Key`."})
        with self.api.lock:
            self.api.attempts.append(id)
            mishap = self.api.mishap(movie, self.api.attempts.count(id)) or None
            is_new = id not in self.api.movies
            is_replay = key and self.api.keys.get(key) == id
            if is_new and mishap in (None, "lose", "cut"):
                self.api.movies[id], self.api.keys[key] = movie, id
        if mishap in ("drop", "lose"):
            self.close_connection = True
        elif mishap == "cut":
            self.close_connection = True
            self.respond(200, movie, Content_Length="10000")
        elif mishap:
            self.respond(*mishap[:2], **mishap[2] if len(mishap) > 2 else {})
        elif is_replay:
            self.respond(200, movie, Idempotency_Replayed="true")
        else:
            self.respond(200 if is_new else 409, movie)

    def respond(self, status, document, **headers):
        body = json.dumps(document).encode()
        self.send_response(status)
        for name, value in {"Content_Type": "application/json", "Content_Length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def start(program, *arguments, **options):
    command = [sys.executable, "-B", str(Path(__file__).with_name(program)), *map(str, arguments)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
    return subprocess.Popen(command, **pipes)


def end(process):
    """Returns the exit status, stdout and stderr, as a terminal shows them: a carriage return removes what is before it."""
    summary, messages = ((output or b"").decode() for output in process.communicate(timeout=600))
    return process.returncode, re.sub(r"in [0-9.]+ s", "in T s", summary).strip(), re.sub(r"[^\n]*\r", "", messages)


@pytest.fixture
def load(tmp_path):
    """Runs load.py with a file of these movies, or these bytes."""

    def run(url, content, *options, end=end, **pipes):
        file = tmp_path / "data.json"
        file.write_bytes(content if isinstance(content, bytes) else json.dumps({"movies_list": content}).encode())
        return end(start("load.py", "--url", url, "--file", file, *options, **pipes))

    return run


@pytest.fixture
def export(tmp_path):
    def run(url, *options, file=tmp_path / "export.json", end=end, **pipes):
        return end(start("export.py", "--url", url, "--file", file, *options, **pipes))

    return run
