"""An export restores every movie. The tests use the real service under `cargo lambda watch`."""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

import requests
from conftest import movies
from test_export import TITLES

COUNT = 10_000
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


def test_export_and_load_restore_every_movie(load, export, tmp_path):
    odd = [title for title in TITLES if "\x00" not in title]
    texts = {"description": "\u0007\ud83d\ude00".encode("utf-16", "surrogatepass").decode("utf-16") + '\\"\n', "cast": ["", "é", "日本"]}
    originals = movies(COUNT - 2 * len(odd))
    originals += [movie | {"title": title, "year": year} | texts for title in odd for year, movie in zip((1, 9999), movies(2))]
    store, file, again = tmp_path / "store", tmp_path / "export.json", tmp_path / "again.json"
    with service(store) as url:
        # A new store contains the tutorial's movies.
        tutorial = list(requests.get(f"{url}/ns_movies/").json().values())
        assert load(url, originals)[0] == 0
        assert export(url, file=file)[:2] == (0, f"{COUNT + len(tutorial)} movies written to {file} in T s")
    exported = json.loads(file.read_text("utf-8"))["movies_list"]
    assert sorted(map(json.dumps, exported)) == sorted(map(json.dumps, originals + tutorial))
    # Does the same as `make reset`.
    shutil.rmtree(store)
    with service(store) as url:
        assert load(url, file.read_bytes())[0] == 0
        assert export(url, file=again)[0] == 0
    restored = json.loads(again.read_text("utf-8"))["movies_list"]
    assert sorted(map(json.dumps, restored)) == sorted(map(json.dumps, originals + tutorial))
