#!/usr/bin/env python3
"""Tests an API from outside, deployed or local: does it keep what it promises to its clients?

All movies are made under a random title in the year 9998, and all of them are deleted at the end, also when checks
fail or the run is interrupted. No other movie is touched; those of that year are listed, as far as there are any.

Each check is a line on stdout, then a summary:

  ok   create
  FAIL read: expected 200, got 404 {"type":…} (GET)
  skip Swagger UI: it is turned off
  40 checks, 1 failed, 4.2 s

An answer without `x-content-type-options: nosniff` is not the service's but its front door's (API Gateway, WAF). Where
that may answer in the service's place, its answer counts, and the line says so.

Exit status: 0 all is as promised; 1 something is not, or a movie is left behind; 2 the API cannot be reached, or
the tests cannot be run as asked; 130 interrupted.
"""

from __future__ import annotations

import argparse
import gzip
import http.client
import json
import re
import secrets
import signal
import socket
import sys
import threading
import time
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Callable, Collection, Iterator, NamedTuple
from urllib.parse import quote, urljoin, urlsplit

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "seed"))
from sigv4 import NoCredentials, Signer  # noqa: E402

YEAR = 9998
TIMEOUT = 30
# An index follows its table within moments.
PATIENCE = 5
# API Gateway serves a stage, and DNS its name, only some time after the stage was created.
NEW_STAGE_PATIENCE = 60
NEW_STAGE_PAUSE = 2
READS = ("GET", "HEAD")
WRITES = ("POST", "PUT", "PATCH", "DELETE")
ODD_TITLES = ["50/50", "What?", "100% Wolf", "C#", "..", "a b", "a+b", "a&b=c", '"quoted"', "-dash-", "日本", "e\u0301"]
MOVIES = "/ns_movies/"


class Unusable(Exception):
    """The tests cannot be run: why, and what to do."""


class Wrong(Exception):
    """An answer is not the one promised."""


class Skip(Exception):
    """A check does not apply to this API: why."""


class Answer(NamedTuple):
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def by_service(self) -> bool:
        return self.headers.get("X-Content-Type-Options") == "nosniff"

    def json(self) -> Any:
        try:
            return json.loads(self.body)
        except ValueError:
            raise Wrong(f"expected JSON, got {self}") from None

    def __str__(self) -> str:
        # One line, which cannot steer a terminal.
        text = "".join(c if c.isprintable() else " " for c in self.body.decode(errors="replace"))
        return f"{self.status} {text if len(text) <= 300 else text[:300] + '…'}".rstrip()


class Seen(NamedTuple):
    """An answer, for the comparison with the API's document."""

    method: str
    path: str
    status: int
    by_service: bool


class Api:
    """The API at a URL: requests to it, with credentials where they are wanted."""

    def __init__(self, url: str, signer: Signer | None, token: str | None, reads_signed: bool) -> None:
        try:
            self.parts = urlsplit(url.strip().rstrip("/"))
            _ = self.parts.port  # raises ValueError for one that is none
        except ValueError as error:
            raise Unusable(f"{url!r} is no URL: {error}. Write it as http://localhost:9000") from None
        if self.parts.scheme not in ("http", "https") or not self.parts.hostname:
            raise Unusable(f"{url!r} is no http or https URL. Write it as http://localhost:9000")
        if "@" in self.parts.netloc or self.parts.query or self.parts.fragment:
            raise Unusable(f"{url!r} has a user name, a query or a fragment. Leave it out.")
        self.origin = f"{self.parts.scheme}://{self.parts.netloc}"
        self.base = quote(self.parts.path, safe="/%:@!$&'()*+,;=~")
        self.signer, self.token = signer, token
        self.with_credentials = WRITES + READS if reads_signed else WRITES
        self.seen: set[Seen] = set()

    def call(self, method: str, path: str, body: Any = None, *, anonymous: bool = False, **headers: str) -> Answer:
        """`path` begins below the root, percent-encoded. A body that is neither text nor bytes is sent as JSON."""
        sent = {"Accept": "*/*", "User-Agent": "movies-smoke"}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        if body is not None and not isinstance(body, (str, bytes)):
            body = json.dumps(body, ensure_ascii=False)
            sent.setdefault("Content-Type", "application/json")
        data = body.encode() if isinstance(body, str) else body
        if method in self.with_credentials and not anonymous:
            sent |= self.credentials(method, path, sent, data)
        answer = self.send(method, self.base + path, data, sent)
        self.seen.add(Seen(method, path.partition("?")[0], answer.status, answer.by_service))
        return answer

    def credentials(self, method: str, path: str, headers: dict[str, str], data: bytes | None) -> dict[str, str]:
        if self.signer:
            # No more than must be: what is in between, such as CloudFront, may change the other headers.
            signed = {name: value for name, value in headers.items() if name == "Content-Type"}
            return self.signer.headers(method, self.origin + self.base + path, signed, data)
        return {"Authorization": self.token} if self.token else {}

    def send(self, method: str, target: str, data: bytes | None, headers: dict[str, str]) -> Answer:
        """One request on a connection of its own. Redirects are not followed."""
        secure = self.parts.scheme == "https"
        kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        connection = kind(self.parts.hostname or "", self.parts.port, timeout=TIMEOUT)
        try:
            connection.connect()
            try:
                connection.request(method, target, data, headers)
            except (BrokenPipeError, ConnectionResetError):
                # A body that is too large may be answered before all of it is sent.
                pass
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read())
        finally:
            connection.close()

    def inside(self, reference: str | None, at: str = MOVIES) -> str:
        """The path below the root that a link in the document at `at` leads to."""
        if not reference:
            raise Wrong(f"expected a link below {self.base or '/'}, got {reference!r}")
        root = self.origin + self.base
        target = urljoin(root + at, reference)
        if not target.startswith(f"{root}/"):
            raise Wrong(f"expected a link below {root}/, got {reference}")
        return target.removeprefix(root)

    def first_answer(self) -> Answer:
        """The answer of /health; of a stage that was just created, after up to a minute."""
        deadline = time.monotonic() + NEW_STAGE_PATIENCE
        while True:
            try:
                answer = self.call("GET", "/health")
                if answer.by_service or answer.status != 403 and answer.status < 500 or time.monotonic() >= deadline:
                    return answer
                reason = f"answers {answer.status}"
            except socket.gaierror:
                if time.monotonic() >= deadline:
                    raise
                reason = "has no address"
            print(f"{self.origin} {reason}: waiting, as its stage may be new", file=sys.stderr, flush=True)
            time.sleep(NEW_STAGE_PAUSE)

    def reach(self) -> None:
        """Makes sure that there is an API, before each check says that there is none."""
        try:
            answer = self.first_answer()
        except (OSError, http.client.HTTPException, UnicodeError) as error:
            raise Unusable(
                f"{self.origin} does not answer: {error or type(error).__name__}. "
                "Check the URL, and that the API runs; a local one may still be compiling."
            ) from None
        if answer.status in (401, 403):
            raise Unusable(
                f"{self.origin}{self.base} refuses access: {answer}. The URL lacks its stage (such as /prod), "
                "or reads want credentials too: --reads-signed."
            )
        if 300 <= answer.status < 400:
            raise Unusable(f"{self.origin} redirects to {answer.headers.get('Location')}. Use the URL it leads to.")
        if answer.status == 404:
            raise Unusable(f"Nothing is at {self.origin}{self.base}/health. Check the URL: the API's root.")


class Smoke:
    """The checks, and a memory of what they made."""

    def __init__(self, api: Api, http_api: bool) -> None:
        self.api = api
        self.mark = f"Smoke {secrets.token_hex(6)}"
        self.may_exist: set[str] = set()
        self.document: dict[str, Any] = {}
        self.titles = [title for title in ODD_TITLES if not (http_api and set(title) & set("?%"))]

    # ---------------------------------------------------------------- what checks are made of

    def movie(self, title: str, **fields: Any) -> dict[str, Any]:
        """A movie that is not there yet. It is remembered from now on, since the answer to its POST may get lost."""
        movie = {
            "title": f"{self.mark} {title}",
            "year": YEAR,
            "cast": ["Ann", "Bob"],
            "image": "https://example.org/a.jpg",
            "description": "About it.",
        } | fields
        self.may_exist.add(path_of(movie))
        return movie

    def create(self, movie: dict[str, Any]) -> Answer:
        return self.api.call("POST", MOVIES, movie)

    def made(self, title: str) -> tuple[dict[str, Any], str, str]:
        """A movie that is there, with its path and its ETag."""
        movie = self.movie(title)
        created = answered(self.create(movie), 200, "POST")
        return movie, path_of(movie), created.headers["ETag"]

    def is_now(self, path: str, movie: dict[str, Any], about: str) -> Answer:
        read = answered(self.api.call("GET", path), 200, about)
        expect(read.json(), movie, about)
        return read

    def pages(self, query: str) -> Iterator[dict[str, Any]]:
        """A listing, page by page, to its end."""
        path: str | None = f"{MOVIES}?{query}"
        paths: set[str] = set()
        while path:
            expect(path in paths, False, "whether the listing goes in a circle")
            paths.add(path)
            page = answered(self.api.call("GET", path), 200, f"GET {path}")
            yield page.json()
            path = self.next_page(page)

    def next_page(self, page: Answer) -> str | None:
        header = page.headers.get("Link")
        if header is None:
            return None
        link = re.fullmatch('<([^>]+)>; rel="next"', header)
        if not link:
            raise Wrong(f'expected <…>; rel="next", got {header} (Link)')
        return self.api.inside(link[1])

    # ---------------------------------------------------------------- the service itself

    def health(self) -> None:
        answer = answered(self.api.call("GET", "/health"), 200, "GET /health")
        expect(answer.json(), {"status": "ok"}, "GET /health")

    def openapi(self) -> None:
        answer = answered(self.api.call("GET", "/swagger.json"), 200, "GET /swagger.json")
        expect(answer.headers.get_content_type(), "application/json", "Content-Type")
        self.document = answer.json()
        expect(self.document["openapi"][:4], "3.1.", "openapi")
        server = self.document["servers"][0]["url"].rstrip("/")
        path = self.api.inside(f"{server}/swagger.json", at="/swagger.json")
        expect(path, "/swagger.json", "the document by its server's URL")

    def swagger_ui(self) -> None:
        page = self.api.call("GET", "/")
        if page.status == 404:
            problem(page, 404, "no-such-path", "GET /")
            raise Skip("it is turned off")
        answered(page, 200, "GET /")
        expect(page.headers.get_content_type(), "text/html", "Content-Type")
        html = page.body.decode()
        base = re.search(r'<base href="([^"]*)"', html)
        at = self.api.inside(base[1], "/") if base else "/"
        scripts = re.findall(r'<script src="([^"]+)"', html)
        expect(bool(scripts), True, "whether the page has a script")
        for script in scripts:
            path = self.api.inside(script, at)
            asset = answered(self.api.call("GET", path, Accept_Encoding="gzip"), 200, f"GET {path}")
            expect(asset.headers.get("Content-Encoding"), "gzip", "Content-Encoding")
            has(asset.headers.get("Cache-Control"), "immutable", "Cache-Control")
            has(gzip.decompress(asset.body).decode(), "SwaggerUIBundle", "the script")

    def unknown_path(self) -> None:
        problem(self.api.call("GET", "/nowhere"), 404, "no-such-path", "GET /nowhere")

    def other_methods(self) -> str | None:
        _, path, _ = self.made("not for POST")
        requests = [("PUT", MOVIES), ("POST", path), ("POST", "/health"), ("BREW", MOVIES)]
        notes = set()
        for method, at in requests:
            answer = self.api.call(method, at)
            about = f"{method} {at}"
            # API Gateway has no such method at all, and says so by itself, in its own way.
            door = range(400, 500) if method == "BREW" else ()
            notes.add(problem(answer, 405, "method-not-allowed", about, door=door))
            if answer.by_service:
                has(answer.headers.get("Allow"), "GET", f"Allow, {about}")
                expect(method in answer.headers["Allow"], False, f"whether Allow has the method, {about}")
        return next(filter(None, notes), None)

    def preflight(self) -> None:
        origin = "https://example.org"
        _, movie_path, _ = self.made("for a browser")
        for path, method in ((MOVIES, "POST"), (movie_path, "PUT"), (movie_path, "PATCH"), (movie_path, "DELETE")):
            about = f"OPTIONS {path}"
            ask = {"Access_Control_Request_Method": method, "Access_Control_Request_Headers": "content-type,if-match"}
            answer = self.api.call("OPTIONS", path, Origin=origin, **ask)
            expect(answer.status in (200, 204), True, f"whether {answer.status} is a success, {about}")
            for name in ("Allow", "Access-Control-Allow-Methods"):
                has(answer.headers.get(name), method, f"{name}, {about}")
            for header in ("content-type", "if-match"):
                allowed_headers = answer.headers.get("Access-Control-Allow-Headers", "").lower()
                has(allowed_headers, header, f"Access-Control-Allow-Headers, {about}")
            # Which origins may call is a setting; answers that depend on the origin must say so.
            allowed, vary = answer.headers.get("Access-Control-Allow-Origin"), answer.headers.get_all("Vary") or []
            is_told = allowed in ("*", origin) or allowed is None and "Origin" in ",".join(vary)
            expect(is_told, True, f"whether {allowed!r} is an answer to the origin, {about}")

    # ---------------------------------------------------------------- one movie

    def creation(self) -> None:
        movie = self.movie("created")
        created = answered(self.create(movie), 200, "POST")
        expect(created.json(), movie, "POST")
        expect(created.headers.get_content_type(), "application/json", "Content-Type")
        expect(bool(re.fullmatch(r'"[!#-~]+"', created.headers.get("ETag", ""))), True, "whether ETag is a strong one")
        read = self.is_now(self.api.inside(created.headers["Location"]), movie, "GET of Location")
        expect(read.headers["ETag"], created.headers["ETag"], "ETag of POST and GET")

    def create_again(self) -> None:
        movie, path, etag = self.made("created twice")
        problem(self.create(movie | {"cast": ["Nobody"]}), 409, "movie-exists", "the second POST")
        read = self.is_now(path, movie, "the movie after it")
        expect(read.headers["ETag"], etag, "its ETag")

    def read(self) -> None:
        movie, path, _ = self.made("read")
        read = self.is_now(path, movie, "GET")
        expect(read.headers.get_content_type(), "application/json", "Content-Type")
        head = answered(self.api.call("HEAD", path), 200, "HEAD")
        expect(head.body, b"", "HEAD")
        for name in ("ETag", "Content-Type"):
            expect(head.headers.get(name), read.headers.get(name), f"{name} of HEAD and GET")
        missing = path_of(self.movie("never made"))
        problem(self.api.call("GET", missing), 404, "no-such-movie", "GET of another")
        answered(self.api.call("HEAD", missing), 404, "HEAD of another")

    def known_state(self) -> None:
        _, path, etag = self.made("known")
        known = answered(self.api.call("GET", path, If_None_Match=etag), 304, "GET with If-None-Match")
        expect((known.body, known.headers["ETag"]), (b"", etag), "body and ETag of the 304")
        answered(self.api.call("GET", path, If_None_Match='"another"'), 200, "GET with another If-None-Match")

    def put(self) -> None:
        movie, path, etag = self.made("put")
        changed = movie | {"cast": []}
        answer = answered(self.api.call("PUT", path, {"cast": []}), 200, "PUT")
        expect(answer.json(), changed, "PUT")
        expect(answer.headers["ETag"] != etag, True, "whether ETag is a new one")
        read = self.is_now(path, changed, "GET")
        expect(read.headers["ETag"], answer.headers["ETag"], "ETag of PUT and GET")
        answered(self.api.call("PUT", path, movie), 200, "PUT of all fields")
        self.is_now(path, movie, "GET")
        problem(self.api.call("PUT", path, {}), 400, "bad-request", "PUT of no field")
        missing = path_of(self.movie("never put"))
        problem(self.api.call("PUT", missing, {"cast": []}), 404, "no-such-movie", "PUT of no movie")

    def merge_patch(self) -> None:
        movie, path, _ = self.made("patched")
        patch = {"Content_Type": "application/merge-patch+json"}
        changed = movie | {"description": "New."}
        answer = answered(self.api.call("PATCH", path, {"description": "New."}, **patch), 200, "PATCH")
        expect(answer.json(), changed, "PATCH")
        removal = self.api.call("PATCH", path, {"cast": None}, **patch)
        problem(removal, 400, "bad-fields", "PATCH of null", pointers={"/cast"})
        self.is_now(path, changed, "GET")

    def stale_if_match(self) -> None:
        movie, path, etag = self.made("changed meanwhile")
        answered(self.api.call("PUT", path, {"description": "New."}), 200, "PUT")
        for method, body in (("PUT", {"cast": []}), ("PATCH", {"cast": []}), ("DELETE", None)):
            problem(self.api.call(method, path, body, If_Match=etag), 412, "precondition-failed", method)
        renamed = self.movie("never renamed")
        rename = self.api.call("PATCH", path, {"title": renamed["title"]}, If_Match=etag)
        problem(rename, 412, "precondition-failed", "a rename")
        self.is_now(path, movie | {"description": "New."}, "the movie after it")
        answered(self.api.call("GET", path_of(renamed)), 404, "the new id after it")

    def present_if_match(self) -> None:
        movie, path, etag = self.made("not changed meanwhile")
        put = answered(self.api.call("PUT", path, {"cast": []}, If_Match=etag), 200, "PUT")
        patch = self.api.call("PATCH", path, {"description": "New."}, If_Match=put.headers["ETag"])
        answered(patch, 200, "PATCH")
        self.is_now(path, movie | {"cast": [], "description": "New."}, "GET")
        answered(self.api.call("DELETE", path, If_Match=patch.headers["ETag"]), 200, "DELETE")
        answered(self.api.call("GET", path), 404, "GET after it")

    def rename(self) -> None:
        for method in ("PUT", "PATCH"):
            _, path, _ = self.made(f"old name {method}")
            renamed = self.movie(f"new name {method}")
            answer = answered(self.api.call(method, path, {"title": renamed["title"]}), 200, method)
            expect(answer.json(), renamed, method)
            read = self.is_now(self.api.inside(answer.headers["Location"]), renamed, "GET of Location")
            expect(read.headers["ETag"], answer.headers["ETag"], f"ETag of {method} and GET")
            self.is_now(path_of(renamed), renamed, "the new id")
            problem(self.api.call("GET", path), 404, "no-such-movie", "the old id")

    def rename_onto_another(self) -> None:
        movie, path, _ = self.made("free")
        other, taken, _ = self.made("taken")
        problem(self.api.call("PATCH", path, {"title": other["title"], "cast": []}), 409, "movie-exists", "PATCH")
        self.is_now(path, movie, "the one after it")
        self.is_now(taken, other, "the other after it")

    def deletion(self) -> None:
        movie, path, _ = self.made("deleted")
        answered(self.api.call("DELETE", path), 200, "DELETE")
        again = self.api.call("DELETE", path)
        problem(again, 404, "no-such-movie", "the second DELETE")
        movie_id = f"{movie['title']}-{YEAR}"
        has(again.json()["detail"], movie_id, "its detail")
        problem(self.api.call("GET", path), 404, "no-such-movie", "GET")

    def odd_title(self, title: str) -> None:
        movie = self.movie(title)
        path = path_of(movie)
        created = answered(self.create(movie), 200, "POST")
        expect(created.json(), movie, "POST")
        self.is_now(self.api.inside(created.headers["Location"]), movie, "GET of Location")
        self.is_now(path, movie, "GET")
        composed = unicodedata.normalize("NFC", movie["title"])
        if composed != movie["title"]:
            answered(self.api.call("GET", path_of(movie | {"title": composed})), 404, "GET of the composed title")
        changed = movie | {"description": title}
        expect(answered(self.api.call("PUT", path, {"description": title}), 200, "PUT").json(), changed, "PUT")
        answered(self.api.call("DELETE", path), 200, "DELETE")
        answered(self.api.call("GET", path), 404, "GET after it")

    # ---------------------------------------------------------------- what is refused

    def bad_fields(self) -> None:
        bad = {"title": [self.mark], "year": "9998", "cast": "Ann", "image": "example.org/a.jpg", "stars": 5}
        pointers = {f"/{name}" for name in (*bad, "description")}
        problem(self.create(bad), 400, "bad-fields", "POST", pointers=pointers)
        movie, path, _ = self.made("with bad fields")
        bad = {"year": 10000, "cast": ["Ann", 5], "description": 1}
        pointers = {"/year", "/cast/1", "/description"}
        problem(self.api.call("PUT", path, bad), 400, "bad-fields", "PUT", pointers=pointers)
        self.is_now(path, movie, "the movie after it")

    def malformed_json(self) -> None:
        text = json.dumps(self.movie("malformed"))
        bodies = {"half of it": text[:-10], "more behind it": text + "}", "nothing": "", "a list": f"[{text}]"}
        for about, body in bodies.items():
            problem(self.api.call("POST", MOVIES, body, Content_Type="application/json"), 400, "bad-body", about)

    def other_content_type(self) -> None:
        movie = self.movie("of another type")
        _, path, _ = self.made("changed by another type")
        for method, at, kind in (("POST", MOVIES, "application/xml"), ("PUT", path, "text/plain")):
            answer = self.api.call(method, at, movie, Content_Type=kind)
            problem(answer, 415, "unsupported-type", f"{method} of {kind}")
            has(answer.headers.get("Accept"), "application/json", "Accept")
        answered(self.api.call("GET", path_of(movie)), 404, "GET after it")

    def too_large(self) -> str | None:
        notes = []
        for size in (500_000, 1_100_000):
            movie = self.movie(f"of {size} bytes", description="x" * size)
            # A load balancer takes 1 MB at most.
            door = (413,) if size > 1_000_000 else ()
            notes.append(problem(self.create(movie), 413, "too-large", f"POST of {size:,} bytes", door=door))
            answered(self.api.call("GET", path_of(movie)), 404, "GET after it")
        return next(filter(None, notes), None)

    def without_credentials(self) -> None:
        if not self.api.signer and not self.api.token:
            raise Skip("no credentials were given")
        movie, path, _ = self.made("protected")
        new = self.movie("anonymous")
        change = {"cast": []}
        requests = (("POST", MOVIES, new), ("PUT", path, change), ("PATCH", path, change), ("DELETE", path, None))
        for method, at, body in requests:
            refused = self.api.call(method, at, body, anonymous=True)
            if refused.status not in (401, 403):
                raise Wrong(f"expected 401 or 403, got {refused} ({method})")
        self.is_now(path, movie, "the movie after it")
        answered(self.api.call("GET", path_of(new)), 404, "the new one after it")

    # ---------------------------------------------------------------- listings

    def listing(self) -> None:
        made = {f"{movie['title']}-{YEAR}": movie for movie, _, _ in (self.made(f"listed {n}") for n in range(5))}
        deadline = time.monotonic() + PATIENCE
        while True:
            listed: list[tuple[str, Any]] = []
            pages = 0
            for page in self.pages(f"year={YEAR}&limit=2"):
                expect(len(page) <= 2, True, f"whether {len(page)} movies are within the limit")
                listed += page.items()
                pages += 1
            own = [movie_id for movie_id, _ in listed if movie_id in made]
            if len(own) >= len(made) or time.monotonic() > deadline:
                break
            time.sleep(0.5)
        expect(sorted(own), sorted(made), "the movies listed")
        expect({movie_id: dict(listed)[movie_id] for movie_id in made}, made, "the movies listed")
        expect({movie["year"] for _, movie in listed}, {YEAR}, "the years listed")
        expect(pages >= 3, True, f"whether {pages} pages are enough")

    def bad_parameters(self) -> None:
        for query in ("limit=0", "limit=1001", "limit=-1", "limit=2.5", "limit=all", "year=0", "year=10000", "year=x"):
            problem(self.api.call("GET", f"{MOVIES}?{query}"), 400, "bad-request", query)

    def changed_cursor(self) -> None:
        self.made("first of two")
        self.made("second of two")
        page = answered(self.api.call("GET", f"{MOVIES}?limit=1"), 200, "GET")
        path = self.next_page(page)
        # Of all movies, since this listing lags behind no index: two movies are two pages.
        expect(path is not None, True, "whether there is a next page")
        before, name, cursor = str(path).partition("cursor=")
        answered(self.api.call("GET", before + name + cursor), 200, "GET of the next page")
        other = "B" if cursor[0] == "A" else "A"
        problem(self.api.call("GET", before + name + other + cursor[1:]), 400, "bad-request", "a changed cursor")
        problem(self.api.call("GET", before + name + "AAAA"), 400, "bad-request", "a cursor made up")
        other_query = f"{MOVIES}?limit=1&year={YEAR}&cursor={cursor}"
        problem(self.api.call("GET", other_query), 400, "bad-request", "another listing's cursor")

    # ---------------------------------------------------------------- at once

    def creates_at_once(self) -> None:
        movies = [self.movie("raced", description=f"By {n}.") for n in range(8)]
        answers = at_once([lambda movie=movie: self.create(movie) for movie in movies])
        expect(sorted(answer.status for answer in answers), [200] + [409] * 7, "statuses of eight POSTs")
        winner = next(movie for movie, answer in zip(movies, answers) if answer.status == 200)
        self.is_now(path_of(winner), winner, "the movie that was created")

    def updates_at_once(self) -> None:
        movie, path, _ = self.made("changed at once")
        for turn in range(3):
            changes = [{"cast": [f"{turn}"]}, {"image": f"https://example.org/{turn}.jpg"}, {"description": f"{turn}."}]
            answers = at_once([lambda change=change: self.api.call("PUT", path, change) for change in changes])
            expect([answer.status for answer in answers], [200] * len(changes), "statuses of PUTs of different fields")
            for change in changes:
                movie |= change
            self.is_now(path, movie, "the movie after them")

    # ---------------------------------------------------------------- in the end

    def documented(self) -> None:
        """Holds the status of every answer of this run against the API's document."""
        if "paths" not in self.document:
            raise Wrong("expected the API's document, got none")
        templates = {
            template: re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(template)) for template in self.document["paths"]
        }
        wrong = []
        for seen in sorted(self.api.seen):
            method, path, status, by_service = seen
            template = next((name for name, pattern in templates.items() if re.fullmatch(pattern, path)), None)
            operation = self.document["paths"].get(template, {}).get(method.lower())
            expected = {404} if template is None else {405}
            if operation is not None:
                expected = {int(code) for code in operation["responses"] if code.isdigit()}
            if by_service:
                if status not in expected:
                    wrong.append(f"{status} of {method} {template or path}")
            # A front door has nothing of its own to give, but for preflights.
            elif status < 400 and method != "OPTIONS":
                wrong.append(f"{status} of {method} {template or path}, not nosniff")
        expect(sorted(set(wrong)), [], "statuses that are not documented")

    def checks(self) -> Iterator[tuple[str, Callable[[], str | None]]]:
        yield "health", self.health
        yield "document", self.openapi
        yield "Swagger UI", self.swagger_ui
        yield "create", self.creation
        yield "create again", self.create_again
        yield "read, HEAD", self.read
        yield "If-None-Match", self.known_state
        yield "PUT of some fields", self.put
        yield "PATCH, a merge patch", self.merge_patch
        yield "If-Match, stale", self.stale_if_match
        yield "If-Match, present", self.present_if_match
        yield "rename", self.rename
        yield "rename onto another", self.rename_onto_another
        yield "delete", self.deletion
        for title in self.titles:
            yield f"title {title}", lambda title=title: self.odd_title(title)
        yield "bad fields", self.bad_fields
        yield "malformed JSON", self.malformed_json
        yield "other content type", self.other_content_type
        yield "too large", self.too_large
        yield "unknown path", self.unknown_path
        yield "other methods", self.other_methods
        yield "OPTIONS, CORS", self.preflight
        yield "listing", self.listing
        yield "bad limit and year", self.bad_parameters
        yield "changed cursor", self.changed_cursor
        yield "creates at once", self.creates_at_once
        yield "updates at once", self.updates_at_once
        yield "write without credentials", self.without_credentials
        yield "documented statuses", self.documented

    def clean_up(self) -> None:
        """Deletes what this run made, then looks whether something of it is left."""
        failed = self.delete(self.may_exist)
        deadline = time.monotonic() + PATIENCE
        while True:
            # The index may still show what is deleted, a read of the movie itself does not.
            listed = [movie_id for page in self.pages(f"year={YEAR}&limit=1000") for movie_id in page]
            own = {path_of_id(movie_id) for movie_id in listed if movie_id.startswith(self.mark)} | failed
            left = {path for path in own if self.api.call("GET", path).status != 404}
            if not left or time.monotonic() > deadline:
                break
            failed = self.delete(left)
            time.sleep(0.5)
        expect(sorted(left), [], "movies left behind")

    def delete(self, paths: Collection[str]) -> set[str]:
        """Deletes several at once; gives those for which no answer says that they are gone."""
        pool = ThreadPoolExecutor(8)
        try:
            ordered = sorted(paths)
            return {path for path, is_gone in zip(ordered, pool.map(self.is_deleted, ordered)) if not is_gone}
        finally:
            pool.shutdown(cancel_futures=True)

    def is_deleted(self, path: str) -> bool:
        for pause in (0, 0.5, 1.5):
            time.sleep(pause)
            try:
                answer = self.api.call("DELETE", path)
            except (OSError, http.client.HTTPException):
                continue
            if answer.status in (200, 404):
                return True
            if answer.status != 429 and answer.status < 500:
                break
        return False


def path_of(movie: dict[str, Any]) -> str:
    return path_of_id(f"{movie['title']}-{movie['year']}")


def path_of_id(movie_id: str) -> str:
    return MOVIES + quote(movie_id, safe="")


def expect(found: Any, expected: Any, about: str) -> None:
    if found != expected:
        raise Wrong(f"expected {expected!r:.400}, got {found!r:.400} ({about})")


def has(found: str | None, part: str, about: str) -> None:
    if part not in (found or ""):
        raise Wrong(f"expected {part!r} in it, got {found!r:.400} ({about})")


def answered(answer: Answer, status: int, about: str) -> Answer:
    if answer.status != status:
        raise Wrong(f"expected {status}, got {answer} ({about})")
    return answer


def problem(
    answer: Answer,
    status: int,
    kind: str,
    about: str,
    *,
    pointers: set[str] | None = None,
    door: Collection[int] = (),
) -> str | None:
    """Checks an error; says so if the front door gave it, with one of the statuses in `door`."""
    if not answer.by_service and answer.status in door:
        return f"the front door itself answers {answer.status} to {about}"
    answered(answer, status, about)
    expect(answer.headers.get_content_type(), "application/problem+json", f"Content-Type, {about}")
    document = answer.json()
    expect(document.get("type"), f"urn:problem-type:movies:{kind}", f"type, {about}")
    expect(document.get("status"), status, f"status in the body, {about}")
    for name in ("title", "detail", "instance", "request_id"):
        text = document.get(name)
        expect(isinstance(text, str) and text != "", True, f"whether {name} is there, {about}")
    if pointers is not None:
        expect(sorted(error["pointer"] for error in document["errors"]), sorted(pointers), f"pointers, {about}")
    return None


def at_once(calls: list[Callable[[], Answer]]) -> list[Answer]:
    # With a timeout, so that no thread waits for one that an interruption kept from starting.
    gate = threading.Barrier(len(calls), timeout=10)

    def run(call: Callable[[], Answer]) -> Answer:
        gate.wait()
        return call()

    # Also when interrupted, it ends when all answers are there: nothing is created behind the cleaning's back.
    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def is_passed(name: str, check: Callable[[], str | None]) -> bool | None:
    """Runs a check and prints what came of it; `None` for one that was skipped."""
    try:
        note = check()
    except Skip as reason:
        print(f"skip {name}: {reason}", flush=True)
        return None
    except Wrong as error:
        print(f"FAIL {name}: {error}", flush=True)
        return False
    except (OSError, http.client.HTTPException) as error:
        print(f"FAIL {name}: expected an answer, got {error!r}", flush=True)
        return False
    # An answer that has another shape than promised is as wrong as any other.
    except Exception as error:
        print(f"FAIL {name}: expected another kind of answer, got {error!r}", flush=True)
        return False
    print(f"ok   {name} ({note})" if note else f"ok   {name}", flush=True)
    return True


def make_signer(region: str) -> Signer:
    try:
        signer = Signer(region)
        signer.headers("GET", "https://example.org/", {}, None)
        return signer
    except NoCredentials as error:
        raise Unusable(str(error)) from None
    # Botocore has many: a profile that is not there, a session that has ended.
    except Exception as error:
        raise Unusable(f"Requests cannot be signed: {error}") from None


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--url", required=True, help="the API's root, with its stage if it has one: https://….amazonaws.com/prod")
    credentials = parser.add_mutually_exclusive_group()
    signing = "sign writes, for an API that wants AWS_IAM; its region, such as eu-west-1"
    credentials.add_argument("--sigv4", metavar="REGION", help=signing)
    bearing = "send this as Authorization with writes, for an API that wants a Cognito user pool"
    credentials.add_argument("--token", help=bearing)
    add("--reads-signed", action="store_true", help="send credentials with reads too")
    add("--http-api", action="store_true", help="leave out titles with ? and %%, which an HTTP API cannot carry")
    options = parser.parse_args()
    if options.reads_signed and not options.sigv4 and not options.token:
        parser.error("--reads-signed needs --sigv4 or --token")
    return options


def main() -> int:
    # A log's encoding may lack what titles are made of.
    sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    options = arguments()
    start = time.monotonic()
    try:
        signer = make_signer(options.sigv4) if options.sigv4 else None
        api = Api(options.url, signer, options.token, options.reads_signed)
        api.reach()
    except Unusable as error:
        print(error, file=sys.stderr)
        return 2

    # A pipeline that is cancelled cleans up as well.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    smoke = Smoke(api, options.http_api)
    results: list[bool | None] = []
    interrupted = False
    try:
        for name, check in smoke.checks():
            results.append(is_passed(name, check))
    except KeyboardInterrupt:
        interrupted = True
        print("Interrupted; what was made is deleted.", file=sys.stderr, flush=True)
        # A request that was cut off may still be on its way to the table.
        time.sleep(1)
    finally:
        try:
            results.append(is_passed("nothing is left behind", smoke.clean_up))
        except KeyboardInterrupt:
            interrupted = True
            print(f"Not all was deleted: see {MOVIES}?year={YEAR} for {smoke.mark!r}.", file=sys.stderr)

    done = [result for result in results if result is not None]
    print(f"{len(done)} checks, {done.count(False)} failed, {time.monotonic() - start:.1f} s")
    return 130 if interrupted else 1 if False in done else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        print("Interrupted before anything was made.", file=sys.stderr)
        sys.exit(130)
