"""Tests the programs with the real service under `cargo lambda watch`: an export can restore every movie, and the service repeats
a lost response."""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import requests
from conftest import FIXTURE, REJECTED, movies
from test_export import TEXTS

# Three pages.
COUNT = 2_500
# The first start can include a build.
PATIENCE = 600


@contextlib.contextmanager
def service(store):
    """Runs the service with its data in the directory `store`. Yields its URL."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = ["cargo", "lambda", "watch", "--invoke-address", "127.0.0.1", "--invoke-port", str(port)]
    environment = os.environ | {"LOCAL_STORE_DIR": str(store)}
    log = store.with_suffix(".log").open("w")
    process = subprocess.Popen(
        command, env=environment, cwd=Path(__file__).parents[1], start_new_session=True, stdout=log, stderr=log)  # fmt: skip
    try:
        url, latest = f"http://127.0.0.1:{port}", time.monotonic() + PATIENCE
        while True:
            with contextlib.suppress(requests.ConnectionError):
                if requests.get(f"{url}/health", timeout=PATIENCE).ok:
                    break
            assert time.monotonic() < latest and process.poll() is None, Path(log.name).read_text()
            time.sleep(0.1)
        yield url
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


class LosingProxy(BaseHTTPRequestHandler):
    """Forwards requests to `target`. For each body, it does not forward the response to the first POST."""

    protocol_version = "HTTP/1.1"
    target, attempts = None, {}

    def do_GET(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        response = requests.request(self.command, self.target + self.path, data=body, headers=dict(self.headers))
        attempts = self.attempts.setdefault(body, []) if body else []
        if self.command == "POST" and not attempts:
            self.close_connection = True
        else:
            self.send_response(response.status_code)
            self.send_header("Content-Length", str(len(response.content)))
            self.end_headers()
            self.wfile.write(response.content)
        attempts.append((response.status_code, self.headers["Idempotency-Key"], response.headers.get("Idempotency-Replayed")))

    do_POST = do_GET

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def losing_proxy(target):
    """Yields the proxy's URL, and what it received: for each body, the status, the key and whether the response is a replay."""
    handler = type("Handler", (LosingProxy,), {"target": target, "attempts": {}})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, args=[0.01], daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", handler.attempts
        server.shutdown()


def test_a_movie_whose_first_response_was_lost_counts_as_created(load, tmp_path):
    with service(tmp_path / "store") as target, losing_proxy(target) as (url, attempts):
        summary = "20 movies: 20 created, 0 already there, 0 rejected, 0 failed, 0 not done"
        assert load(url, movies(20)) == (0, summary, "")
        again = "20 movies: 0 created, 20 already there, 0 rejected, 0 failed, 0 not done"
        assert load(target, movies(20)) == (0, again, "")
        rejected = f"{2 * len(REJECTED)} movies: 0 created, 0 already there, {2 * len(REJECTED)} rejected, 0 failed, 0 not done"
        assert load(target, REJECTED * 2)[:2] == (1, rejected)
    assert len(attempts) == 20
    for (first, key, is_replay), (second, same_key, is_second_replay) in attempts.values():
        assert (first, is_replay, second, is_second_replay) == (200, None, 200, "true") and key == same_key


def test_export_and_load_restore_every_movie(load, export, tmp_path):
    originals = movies(COUNT)
    for movie, text in zip(originals, TEXTS):
        movie.update(FIXTURE["other_change"] | {FIXTURE["large"]: text})
    store, file, again = tmp_path / "store", tmp_path / "export.json", tmp_path / "again.json"
    with service(store) as url:
        # A new store contains the movies of the seed file.
        seeded = list(requests.get(f"{url}/ns_movies/").json().values())
        assert load(url, originals)[0] == 0
        assert export(url, file=file)[:2] == (0, f"{COUNT + len(seeded)} movies written to {file} in T s")
    exported = json.loads(file.read_text("utf-8"))["movies_list"]
    assert sorted(map(json.dumps, exported)) == sorted(map(json.dumps, originals + seeded))
    # Does the same as `make reset`.
    shutil.rmtree(store)
    with service(store) as url:
        assert load(url, file.read_bytes())[0] == 0
        assert export(url, file=again)[0] == 0
    restored = json.loads(again.read_text("utf-8"))["movies_list"]
    assert sorted(map(json.dumps, restored)) == sorted(map(json.dumps, originals + seeded))
