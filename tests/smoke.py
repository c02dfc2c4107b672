#!/usr/bin/env python3
"""Tests an API from outside, deployed or local, and leaves nothing behind.

Every movie is made under a random title in the year 9998 and removed again, also when a check fails or the run is
interrupted. Movies that were there are not touched, but for being listed.

Exit status: 0 all is as promised; 1 something is not, or was left behind; 2 the API cannot be reached or asked;
130 interrupted.
"""

from __future__ import annotations

import argparse
import gzip
import http.client
import json
import re
import secrets
import sys
import threading
import time
from pathlib import Path
from typing import Any, Callable, NamedTuple
from urllib.parse import quote, urlsplit

sys.path.insert(0, str(Path(__file__).parent.parent / "seed"))
from sigv4 import NoCredentials, Signer  # noqa: E402

YEAR = 9998
WRITES = ("POST", "PUT", "PATCH", "DELETE")
TITLES = ["50/50", "What?", "100% Wolf", "C#", "..", "a b", "a+b", "a&b=c", '"quoted"', "日本", "e\u0301", "-dash-", "emoji 🎬"]


class Answer(NamedTuple):
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


class Api:
    """The API at a URL, with a memory of the movies that were made there."""

    def __init__(self, url: str, signer: Signer | None, token: str | None) -> None:
        self.parts = urlsplit(url.rstrip("/"))
        self.signer, self.token = signer, token
        self.made: set[str] = set()
        self.lock = threading.Lock()

    def call(self, method: str, path: str, body: Any = None, *, anonymous: bool = False, **headers: str) -> Answer:
        """`path` begins behind the root, percent-encoded; a body that is no text is sent as JSON."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if body is not None and not isinstance(body, (str, bytes)):
            body = json.dumps(body)
            sent.setdefault("Content-Type", "application/json")
        data = body.encode() if isinstance(body, str) else body
        target = self.parts.path + path
        if method in WRITES and not anonymous:
            if self.signer:
                sent = self.signer.headers(method, f"{self.parts.scheme}://{self.parts.netloc}{target}", sent, data)
            elif self.token:
                sent["Authorization"] = self.token
        kind = http.client.HTTPSConnection if self.parts.scheme == "https" else http.client.HTTPConnection
        connection = kind(self.parts.hostname or "", self.parts.port, timeout=30)
        try:
            connection.request(method, target, data, sent)
            response = connection.getresponse()
            answer = Answer(response.status, response.headers, response.read())
        finally:
            connection.close()
        if method in WRITES and answer.headers.get("Location"):
            with self.lock:
                self.made.add(answer.headers["Location"])
        return answer

    def create(self, movie: dict) -> Answer:
        return self.call("POST", "/ns_movies/", movie)

    def inside(self, location: str) -> str:
        """The part of a link that `call` takes."""
        return location.removeprefix(self.parts.path)


def path_of(movie: dict) -> str:
    return "/ns_movies/" + quote(f"{movie['title']}-{movie['year']}", safe="")


class Smoke:
    """The checks: every method whose name begins with check_, in the order they stand."""

    def __init__(self, api: Api, with_every_title: bool) -> None:
        self.api = api
        self.mark = f"Smoke {secrets.token_hex(6)}"
        self.titles = [title for title in TITLES if with_every_title or not set(title) & set("?%")]

    def movie(self, title: str, **fields: Any) -> dict:
        movie = {"title": f"{self.mark} {title}", "year": YEAR, "cast": ["Ann", "Bob"],
                 "image": "https://example.org/a.jpg", "description": "About it."}
        return movie | fields

    def made(self, title: str) -> tuple[dict, str]:
        """A movie that is there, and its ETag."""
        movie = self.movie(title)
        answer = self.api.create(movie)
        equal("POST", answer.status, 200)
        return movie, answer.headers["ETag"]

    def check_health(self) -> None:
        answer = self.api.call("GET", "/health")
        equal("GET /health", (answer.status, answer.json()), (200, {"status": "ok"}))

    def check_document(self) -> None:
        document = self.api.call("GET", "/swagger.json").json()
        equal("openapi", document["openapi"][:3], "3.1")
        server = document["servers"][0]["url"].rstrip("/")
        equal("the server's URL", server, self.api.parts.path)

    def check_swagger_ui(self) -> str | None:
        page = self.api.call("GET", "/")
        if page.status == 404:
            return "it is turned off"
        equal("GET /", (page.status, page.headers.get_content_type()), (200, "text/html"))
        script = re.search(r'src="([^"]+bundle\.js)"', page.body.decode())
        asset = self.api.call("GET", f"/{script[1]}", Accept_Encoding="gzip", Accept="*/*")
        equal("its script", (asset.status, asset.headers["Content-Encoding"]), (200, "gzip"))
        contains("Cache-Control", asset.headers["Cache-Control"], "immutable")
        contains("its script", gzip.decompress(asset.body).decode(), "SwaggerUIBundle")
        return None

    def check_create_read_delete(self) -> None:
        movie = self.movie("whole")
        created = self.api.create(movie)
        equal("POST", (created.status, created.json()), (200, movie))
        path = self.api.inside(created.headers["Location"])
        read = self.api.call("GET", path)
        equal("GET", (read.status, read.json(), read.headers["ETag"]), (200, movie, created.headers["ETag"]))
        head = self.api.call("HEAD", path)
        equal("HEAD", (head.status, head.body), (200, b""))
        known = self.api.call("GET", path, If_None_Match=read.headers["ETag"])
        equal("GET of a known state", (known.status, known.body), (304, b""))
        again = self.api.create(movie | {"cast": ["Nobody"]})
        problem("a second POST", again, 409, "movie-exists")
        equal("what was there", self.api.call("GET", path).json(), movie)
        equal("DELETE", self.api.call("DELETE", path).status, 200)
        problem("a second DELETE", self.api.call("DELETE", path), 404, "no-such-movie")
        problem("GET of a deleted movie", self.api.call("GET", path), 404, "no-such-movie")

    def check_updates(self) -> None:
        movie, etag = self.made("updated")
        path = path_of(movie)
        put = self.api.call("PUT", path, {"cast": []})
        equal("PUT", (put.status, put.json()), (200, movie | {"cast": []}))
        patch = self.api.call("PATCH", path, json.dumps({"description": "New."}), Content_Type="application/merge-patch+json")
        equal("PATCH", (patch.status, patch.json()), (200, movie | {"cast": [], "description": "New."}))
        stale = self.api.call("PUT", path, {"description": "Stale."}, If_Match=etag)
        problem("PUT on an outdated state", stale, 412, "precondition-failed")
        equal("the movie after it", self.api.call("GET", path).json()["description"], "New.")
        fresh = self.api.call("PUT", path, {"description": "Fresh."}, If_Match=patch.headers["ETag"])
        equal("PUT on the present state", fresh.status, 200)

    def check_rename(self) -> None:
        movie, _ = self.made("old name")
        other, _ = self.made("taken")
        taken = self.api.call("PATCH", path_of(movie), {"title": other["title"]})
        problem("a rename onto another movie", taken, 409, "movie-exists")
        equal("both after it", [self.api.call("GET", path_of(each)).json() for each in (movie, other)], [movie, other])
        renamed = movie | {"title": f"{self.mark} new name"}
        answer = self.api.call("PATCH", path_of(movie), {"title": renamed["title"]})
        equal("PATCH", (answer.status, answer.json()), (200, renamed))
        equal("the new id", self.api.call("GET", self.api.inside(answer.headers["Location"])).json(), renamed)
        problem("the old id", self.api.call("GET", path_of(movie)), 404, "no-such-movie")

    def check_odd_titles(self) -> None:
        for title in self.titles:
            movie = self.movie("x") | {"title": f"{self.mark}{title}"}
            created = self.api.create(movie)
            equal(title, (created.status, created.json()), (200, movie))
            equal(title, self.api.call("GET", self.api.inside(created.headers["Location"])).json(), movie)
            equal(title, self.api.call("GET", path_of(movie)).status, 200)
            equal(title, self.api.call("DELETE", path_of(movie)).status, 200)

    def check_bad_input(self) -> None:
        bad = self.api.create({"title": " ", "year": "2020", "stars": 5})
        problem("bad fields", bad, 400, "bad-fields")
        pointers = {error["pointer"] for error in bad.json()["errors"]}
        equal("the fields named", pointers, {"/title", "/year", "/cast", "/image", "/description", "/stars"})
        post = lambda body, **headers: self.api.call("POST", "/ns_movies/", body, **headers)  # noqa: E731
        problem("half a body", post('{"title":', Content_Type="application/json"), 400, "bad-body")
        problem("a list", post("[1]", Content_Type="application/json"), 400, "bad-body")
        problem("XML", post("<movie/>", Content_Type="application/xml"), 415, "unsupported-type")
        equal("a body over 1 MB", post(self.movie("large", description="x" * 1_100_000)).status, 413)
        problem("a limit of 0", self.api.call("GET", "/ns_movies/?limit=0"), 400, "bad-request")
        problem("a cursor made up", self.api.call("GET", "/ns_movies/?cursor=AAAA"), 400, "bad-request")
        problem("an unknown path", self.api.call("GET", "/nowhere"), 404, "no-such-path")

    def check_other_methods(self) -> None:
        options = self.api.call("OPTIONS", "/ns_movies/", Origin="https://example.org", Access_Control_Request_Method="PUT")
        equal("OPTIONS", options.status, 204)
        contains("Allow", options.headers["Allow"], "POST")
        contains("Access-Control-Allow-Methods", options.headers["Access-Control-Allow-Methods"], "POST")
        problem("DELETE of the list", self.api.call("DELETE", "/ns_movies/"), 405, "method-not-allowed")

    def check_pages(self) -> None:
        made = {f"{movie['title']}-{YEAR}": movie for movie, _ in (self.made(f"page {number}") for number in range(5))}
        # The index of years follows the table within moments.
        for wait in (0, 0.5, 1.5, 3):
            time.sleep(wait)
            listed: list[tuple[str, dict]] = []
            path: str | None = f"/ns_movies/?year={YEAR}&limit=2"
            while path:
                page = self.api.call("GET", path)
                equal("a page", page.status, 200)
                listed += page.json().items()
                link = re.match('<([^>]*)>; rel="next"', page.headers.get("Link", ""))
                path = self.api.inside(link[1]) if link else None
            own = [entry for entry in listed if entry[0] in made]
            if len(own) >= len(made):
                break
        equal("movies listed", (len(own), dict(own)), (len(made), made))

    def check_writers_at_once(self) -> None:
        movie = self.movie("raced")
        statuses = at_once(*[lambda: self.api.create(movie).status] * 8)
        equal("eight POSTs of one movie", sorted(statuses), [200] + [409] * 7)
        path = path_of(movie)
        at_once(lambda: self.api.call("PUT", path, {"cast": ["Changed"]}), lambda: self.api.call("PUT", path, {"description": "Changed"}))
        equal("two changes", self.api.call("GET", path).json(), movie | {"cast": ["Changed"], "description": "Changed"})

    def check_writes_want_credentials(self) -> str | None:
        if not self.api.signer and not self.api.token:
            return "no credentials were given"
        refused = self.api.call("POST", "/ns_movies/", self.movie("anonymous"), anonymous=True)
        within("a POST without credentials", refused.status, (401, 403))
        return None


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    results: list[Any] = [None] * len(calls)

    def run(number: int) -> None:
        results[number] = calls[number]()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(calls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


class Wrong(Exception):
    """An answer that is not the one promised."""


def equal(what: str, found: Any, expected: Any) -> None:
    if found != expected:
        raise Wrong(f"{what}: expected {expected!r:.300}, got {found!r:.300}")


def within(what: str, found: Any, expected: tuple) -> None:
    if found not in expected:
        raise Wrong(f"{what}: expected one of {expected}, got {found!r:.300}")


def contains(what: str, found: str | None, part: str) -> None:
    if part not in (found or ""):
        raise Wrong(f"{what}: expected {part!r} in {found!r:.300}")


def problem(what: str, answer: Answer, status: int, kind: str) -> None:
    equal(what, answer.status, status)
    equal(f"{what}: its type", answer.headers.get_content_type(), "application/problem+json")
    document = answer.json()
    equal(f"{what}: its problem", (document["type"], document["status"]), (f"urn:problem-type:movies:{kind}", status))
    within(f"{what}: a request id", bool(document.get("request_id")), (True,))


def clean_up(api: Api, mark: str) -> list[str]:
    """Deletes what was made; gives what could not be."""
    left = []
    for location in sorted(api.made):
        if api.call("DELETE", api.inside(location)).status not in (200, 404):
            left.append(location)
    listed = api.call("GET", f"/ns_movies/?year={YEAR}&limit=1000")
    if listed.status == 200:
        # The index may still have what was deleted this moment.
        stray = [movie for movie in listed.json() if movie.startswith(mark)]
        left += [movie for movie in stray if api.call("GET", "/ns_movies/" + quote(movie, safe="")).status == 200]
    return left


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", required=True, help="the API's root, with its stage if it has one")
    parser.add_argument("--sigv4", metavar="REGION", help="sign writes, where they want AWS_IAM")
    parser.add_argument("--token", help="send this as Authorization with writes, where they want a Cognito user pool")
    parser.add_argument("--http-api", action="store_true", help="leave out titles with ? and %%, which an HTTP API cannot carry")
    options = parser.parse_args()
    if urlsplit(options.url).scheme not in ("http", "https"):
        parser.error("--url begins with http:// or https://")
    start = time.monotonic()
    try:
        api = Api(options.url, Signer(options.sigv4) if options.sigv4 else None, options.token)
        api.call("GET", "/health")
    except (NoCredentials, OSError, http.client.HTTPException) as error:
        print(f"{options.url} cannot be tested: {error}", file=sys.stderr)
        return 2

    smoke = Smoke(api, with_every_title=not options.http_api)
    failed, interrupted = 0, False
    checks = [name for name in vars(Smoke) if name.startswith("check_")]
    try:
        for name in checks:
            label = name.removeprefix("check_").replace("_", " ")
            try:
                skipped = getattr(smoke, name)()
                print(f"skip {label}: {skipped}" if skipped else f"ok   {label}", flush=True)
            except (Wrong, OSError, http.client.HTTPException, ValueError, KeyError, TypeError) as error:
                failed += 1
                print(f"FAIL {label}: {error if isinstance(error, Wrong) else repr(error)}", flush=True)
    except KeyboardInterrupt:
        interrupted = True
    left = clean_up(api, smoke.mark)
    for movie in left:
        print(f"left behind: {movie}", file=sys.stderr)
    print(f"{len(checks)} checks, {failed} failed, {len(api.made)} movies made and removed, {time.monotonic() - start:.1f} s")
    return 130 if interrupted else 1 if failed or left else 0


if __name__ == "__main__":
    sys.exit(main())
