"""Tests of load.py as a program, against an API that misbehaves as it is told: python3 seed/test_load.py"""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Callable
from urllib.parse import parse_qs, urlsplit

PROGRAM = Path(__file__).with_name("load.py")
PAGE = 50


class Api:
    """The list route in memory. A POST may meet a mishap: an answer of its own, or a connection that is dropped before
    the movie is stored, or lost after."""

    def __init__(self, mishap: Callable[[Any, int], Any] = lambda movie, tries: None, root: str = "") -> None:
        self.movies: dict[str, Any] = {}
        self.tries: list[str] = []
        self.lock = threading.Lock()
        self.mishap = mishap
        self.route = f"{root}/ns_movies/"
        api = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_GET(self) -> None:
                url = urlsplit(self.path)
                if url.path != api.route:
                    return self.answer(404, {"detail": "Nothing is at this path."})
                ids = list(api.movies)
                query = parse_qs(url.query)
                start = int(query.get("cursor", ["0"])[0])
                end = start + min(PAGE, int(query["limit"][0]))
                more = {"Link": f'<{url.path}?limit=9&cursor={end}>; rel="next"'} if end < len(ids) else {}
                return self.answer(200, {id: api.movies[id] for id in ids[start:end]}, **more)

            def do_POST(self) -> None:
                movie = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                if self.path != api.route or self.headers["Content-Type"] != "application/json":
                    return self.answer(404, {})
                id = f"{movie.get('title')}-{movie.get('year')}"
                with api.lock:
                    api.tries.append(id)
                    mishap = api.mishap(movie, api.tries.count(id))
                    is_new = id not in api.movies
                    if is_new and mishap in (None, "lose"):
                        api.movies[id] = movie
                if mishap in ("drop", "lose"):
                    self.close_connection = True
                    return None
                if mishap:
                    return self.answer(*mishap[:2], **mishap[2] if len(mishap) > 2 else {})
                return self.answer(200 if is_new else 409, movie)

            def answer(self, status: int, document: Any, **headers: str) -> None:
                body = json.dumps(document).encode()
                headers = {"Content-Type": "application/json", "Content-Length": str(len(body)), **headers}
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name.replace("_", "-"), value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def __enter__(self) -> Api:
        threading.Thread(target=self.server.serve_forever, args=[0.01], daemon=True).start()
        return self

    def __exit__(self, *_: Any) -> None:
        self.server.shutdown()
        self.server.server_close()


def movies(count: int) -> list[Any]:
    rest = {"year": 2000, "cast": [], "image": "https://x.org", "description": ""}
    return [{"title": f"Movie {i}", **rest} for i in range(count)]


def summary_of(total: int, created: int, there: int, refused: int = 0, failed: int = 0, not_done: int = 0) -> str:
    counts = f"{created:d} created, {there:d} already there, {refused} refused, {failed} failed"
    return f"{total} movies: {counts}{f', {not_done} not done' if not_done else ''} in T s"


class LoadTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.file = Path(folder.name, "film.json")

    def start(self, url: str, content: Any, *options: str) -> subprocess.Popen[str]:
        if isinstance(content, list):
            content = json.dumps({"movies_list": content}).encode()
        self.file.write_bytes(content)
        command = [sys.executable, str(PROGRAM), "--url", url, "--file", str(self.file), *options]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def load(self, url: str, content: Any, *options: str) -> tuple[int, str, str]:
        with self.start(url, content, *options) as process:
            summary, messages = process.communicate(timeout=60)
            return process.returncode, re.sub(r"in [0-9.]+ s", "in T s", summary.strip()), messages

    def test_every_form_of_the_url(self) -> None:
        for root in ("", "/Prod", "/a b/v1"):
            with Api(root=root.replace(" ", "%20")) as api:
                for form in ("", "/", "/ns_movies", "/ns_movies/"):
                    status, summary, messages = self.load(api.url + root + form, movies(1))
                    is_first = form == ""
                    expected = summary_of(1, created=is_first, there=not is_first)
                    self.assertEqual((status, summary, messages), (0, expected, ""))

    def test_what_exists_is_left_alone_and_not_sent_again(self) -> None:
        with Api() as api:
            api.movies["Movie 0-2000"] = {"title": "Movie 0", "year": 2000, "description": "another"}
            status, summary, _ = self.load(api.url, movies(300) + movies(1))
            self.assertEqual((status, summary), (0, summary_of(301, created=299, there=2)))
            self.assertEqual(api.movies["Movie 0-2000"]["description"], "another")
            api.tries.clear()
            status, summary, _ = self.load(api.url, movies(110), "--concurrency", "1")
            self.assertEqual((status, summary), (0, summary_of(110, created=0, there=110)))
            # A page of the listing is all that so short a file is worth.
            self.assertEqual(len(api.tries), 110 - PAGE + 1)

    def test_refused_movies_are_named_and_the_rest_goes_on(self) -> None:
        problem = {"detail": "No movie.", "errors": [{"pointer": "/year", "detail": "must be\x1b[1m a year"}]}
        with Api(lambda movie, _: (400, problem) if movie["title"] == "Movie 1" else None) as api:
            status, summary, messages = self.load(api.url, movies(3))
        self.assertEqual((status, summary), (1, summary_of(3, created=2, there=0, refused=1)))
        self.assertEqual(messages, "movie 2 (Movie 1) refused: 400 No movie\n    /year must be\\x1b[1m a year\n")

    def test_what_passes_is_tried_again(self) -> None:
        mishaps = ["drop", "lose", (503, {}, {"Retry_After": "1"}), (429, {})]
        mishap_of = dict(zip([movie["title"] for movie in movies(4)], mishaps))
        with Api(lambda movie, tries: mishap_of.get(movie["title"]) if tries == 1 else None) as api:
            start = time.monotonic()
            status, summary, messages = self.load(api.url, movies(5))
            took = time.monotonic() - start
        # The one whose answer was lost is there; by whom, nobody can tell.
        self.assertEqual(summary, summary_of(5, created=4, there=1))
        self.assertEqual((status, messages), (0, ""))
        self.assertGreater(took, 1)
        self.assertEqual(len(api.tries), 9)

    def test_an_api_that_dies_is_given_up(self) -> None:
        error = (500, {"message": "Internal server error"})
        with Api(lambda movie, _: error if movie["title"] > "Movie 1" else None) as api:
            status, summary, messages = self.load(api.url, movies(10), "--concurrency", "3")
        self.assertEqual((status, summary), (1, summary_of(10, created=2, there=0, failed=3, not_done=5)))
        self.assertIn("movie 3 (Movie 2) failed: 500 Internal server error\n", messages)
        self.assertIn("The API does not answer any more; the rest is not tried.\n", messages)

    def test_no_access(self) -> None:
        with Api(lambda *_: (403, {"message": "Missing Authentication Token"})) as api:
            status, summary, messages = self.load(api.url, movies(10))
        self.assertEqual((status, summary), (2, summary_of(10, created=0, there=0, not_done=10)))
        self.assertIn("refuses access: 403 Missing Authentication Token. The URL lacks its stage", messages)

    def test_an_interrupted_load_resumes(self) -> None:
        def slow(*_: Any) -> None:
            time.sleep(0.005)

        # A shell that runs these tests in the background has them ignore the signal, and all that they start.
        self.addCleanup(signal.signal, signal.SIGINT, signal.signal(signal.SIGINT, signal.default_int_handler))
        with Api(slow) as api:
            process = self.start(api.url, movies(500))
            while len(api.movies) < 100:
                time.sleep(0.01)
            process.send_signal(signal.SIGINT)
            summary, messages = process.communicate(timeout=10)
            done = len(api.movies)
            self.assertEqual(process.returncode, 130)
            self.assertRegex(summary, f"^500 movies: {done} created, 0 .*, {500 - done} not done in ")
            self.assertEqual(messages, "Interrupted. Running it again resumes: what is there is left alone.\n")
            status, summary, _ = self.load(api.url, movies(500))
            self.assertEqual((status, summary), (0, summary_of(500, created=500 - done, there=done)))

    def test_two_loads_at_once_share_the_work(self) -> None:
        with Api() as api, self.start(api.url, movies(500)) as other:
            status, summary, _ = self.load(api.url, movies(500))
            counts = [list(map(int, re.findall(r"\d+", text)))[1:5] for text in (summary, other.communicate()[0])]
        self.assertEqual((status, other.returncode), (0, 0))
        self.assertEqual([sum(pair) for pair in zip(*counts)], [500, 500, 0, 0])

    def test_progress(self) -> None:
        with Api(lambda *_: time.sleep(0.05)) as api:
            _, _, messages = self.load(api.url, movies(50))
        self.assertRegex(messages, r"^\d+ of 50 movies, \d+/s, \d+ s left\n$")

    def test_unusable_files(self) -> None:
        with Api() as api:
            for content, message in [
                (b'{"movies_list": [\n  {"title" "A"}]}', ": line 2 column 12: "),
                (b"", ": line 1 column 1: "),
                (b'{"movies_list": [\n"caf\xe9"]}', ": line 2 is not UTF-8"),
                (b"[" * 100_000, "Correct the JSON"),
                (b"[]", ": has no list of movies. It must look like "),
                (b'{"movies_list": {}}', ": has no list of movies"),
            ]:
                status, summary, messages = self.load(api.url, content)
                self.assertEqual((status, summary), (2, ""), content[:40])
                self.assertIn(message, messages)
                self.assertTrue(messages.startswith(str(self.file)), messages)
            self.file.unlink()
            status, _, messages = self.load(api.url, b'\xef\xbb\xbf{"movies_list": []}')
            self.assertEqual((status, messages), (0, ""))

    def test_unusable_urls(self) -> None:
        with Api() as api:
            nowhere = f"{api.url}/nowhere"
            for url, message in [
                ("localhost:9000", "is no http or https URL. Write it as http://"),
                ("http://h:x", "is no URL"),
                ("http://h/?x", "has a user name, a query or a fragment"),
                ("http://127.0.0.1:1", "http://127.0.0.1:1/ns_movies/ does not answer: "),
                (nowhere, f"{nowhere}/ns_movies/ is not the list of movies: GET answers 404 Nothing is at this path. "),
            ]:
                status, summary, messages = self.load(url, movies(1))
                self.assertEqual((status, summary), (2, ""))
                self.assertIn(message, messages)
        self.assertEqual(api.tries, [])


if __name__ == "__main__":
    unittest.main()
