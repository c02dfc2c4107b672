"""Measures cold and warm requests, a page of 1,000 movies, growth and sizes."""

from __future__ import annotations

import contextlib
import json
import os
import random
import statistics
import sys
import time
import zipfile
from pathlib import Path
from typing import Callable, Iterable, Iterator
from urllib.parse import quote

from events import event, movie_of
from sandbox import Response, Sandbox, place
from tls import tls_proxy

KINDS = ("hello", "bare", "movies", "usual")


class Bench:
    def __init__(self, binaries: dict[str, Path], emulator: Path, directory: Path) -> None:
        self.binaries = binaries
        self.emulator = Sandbox(emulator, {"LOCAL_STORE_DIR": str(directory / "store"), "AWS_LAMBDA_LOG_FORMAT": "Text"})
        self.port = int((directory / "store/port").read_text())
        self.plain = {"AWS_ENDPOINT_URL_DYNAMODB": f"http://127.0.0.1:{self.port}"}
        roots, tls_port = tls_proxy(self.port, directory)
        # By default, the function trusts only Mozilla's roots. AWS_CA_BUNDLE replaces them.
        self.tls = {"AWS_ENDPOINT_URL_DYNAMODB": f"https://localhost:{tls_port}", "SSL_CERT_FILE": str(roots),
                    "AWS_CA_BUNDLE": str(directory / "ca.pem")}
        self.movies = 0

    @contextlib.contextmanager
    def apart(self, functions: Iterable[Sandbox]) -> Iterator[None]:
        """Moves the functions to the last processor, and this program and the emulator to the others, if there are any."""
        everywhere = os.sched_getaffinity(0)
        others = {*sorted(everywhere)[:-1]} or everywhere
        own_pids = (os.getpid(), self.emulator.process.pid)
        for pid in own_pids:
            place(pid, others)
        for function in functions:
            place(function.process.pid, {max(everywhere)})
        try:
            yield
        finally:
            for pid in own_pids:
                place(pid, everywhere)

    def fill(self, count: int, bytes_each: int = 400) -> None:
        """Adds movies of this size until the table has `count` movies."""
        with Sandbox(self.binaries["movies"], self.plain) as function:
            for number in progress(range(self.movies, count), f"adding movies up to {count}"):
                movie = movie_of(f"Bench {number}", description="x" * max(0, bytes_each - 200))
                response = function.invoke(event("POST", "/ns_movies/", movie))
                assert response.body["statusCode"] == 200, response.body
        self.movies = max(self.movies, count)

    def cold(self, rounds: int) -> dict:
        """Measures starts, first responses and warm responses over TLS."""
        found: dict[str, dict[str, list[float]]] = {kind: {} for kind in KINDS}
        for _ in progress(range(rounds), "cold starts over TLS"):
            for kind in KINDS:
                with Sandbox(self.binaries[kind], self.tls) as function:
                    get = event("GET", "/ns_movies/" + quote("The Dare-2020"))
                    first = function.invoke(get)
                    check(kind, first)
                    # The first two warm requests still include work that the first response started.
                    warm = [function.invoke(get) for _ in range(5)][2:]
                    sample = {
                        "init_ms": function.init_seconds * 1e3,
                        "init_cpu_ms": function.init_cpu * 1e3,
                        "first_ms": first.seconds * 1e3,
                        "first_cpu_ms": first.cpu * 1e3,
                        "start_to_response_ms": (function.init_seconds + first.seconds) * 1e3,
                        "start_to_response_cpu_ms": (function.init_cpu + first.cpu) * 1e3,
                        "warm_tls_ms": statistics.median(response.seconds for response in warm) * 1e3,
                        "warm_tls_cpu_ms": statistics.median(response.cpu for response in warm) * 1e3,
                        "peak_memory_mb": function.peak_memory(),
                    }
                    for name, value in sample.items():
                        found[kind].setdefault(name, []).append(value)
        return {kind: {name: summary(values) for name, values in samples.items()} for kind, samples in found.items()}

    def warm(self, processes: int, rounds: int) -> dict:
        """Measures sequential requests over plain HTTP."""
        number = iter(range(10**9))
        requests: dict[str, Callable[[], bytes]] = {
            "get": lambda: event("GET", "/ns_movies/" + quote("The Dare-2020")),
            "post": lambda: event("POST", "/ns_movies/", movie_of(f"Posted {next(number)} {time.time_ns()}")),
            "put": lambda: event("PUT", "/ns_movies/" + quote("The Dare-2020"), {"description": f"New {next(number)}."}),
            "list_100": lambda: event("GET", "/ns_movies/"),
            "unrouted": lambda: event("GET", "/nowhere"),
        }
        # The baseline receives the same events as the function.
        wanted = {"hello": ["get", "unrouted"], "bare": ["get"], "movies": list(requests), "usual": list(requests)}
        found: dict[str, dict[str, list[Response]]] = {kind: {name: [] for name in wanted[kind]} for kind in KINDS}
        # Several processes, because the memory layout makes some processes faster than others.
        for _ in progress(range(processes), "warm requests"):
            with contextlib.ExitStack() as alive:
                functions = {kind: alive.enter_context(Sandbox(self.binaries[kind], self.plain)) for kind in KINDS}
                alive.enter_context(self.apart(functions.values()))
                for round_ in range(rounds + 1):
                    # For each kind of request, the functions run in a random order, so that other load and the state of the
                    # caches affect all functions in the same way.
                    for name in requests:
                        for kind in random.sample(KINDS, len(KINDS)):
                            if name not in wanted[kind]:
                                continue
                            # The first ten requests are slower, because the caches still contain data of the previous requests.
                            responses = [functions[kind].invoke(requests[name]()) for _ in range(20)][10:]
                            check(kind, responses[-1], 404 if name == "unrouted" and kind != "hello" else 200)
                            if round_:
                                found[kind][name] += responses
        return {
            kind: {
                name: {
                    "us": summary([response.seconds * 1e6 for response in responses]),
                    "cpu_us": summary([response.cpu * 1e6 for response in responses]),
                    "per_second": round(1 / statistics.median(response.seconds for response in responses)),
                }
                for name, responses in names.items()
            }
            for kind, names in found.items()
        }

    def growth(self, most: int) -> dict:
        """Measures how CPU and peak memory grow with the size of the table, the page and the movie."""
        found: dict[str, list] = {"movies_in_table": [], "movies_on_page": [], "bytes_of_movie": []}
        for count in [2, 100, 1_000, 10_000, 100_000]:
            if count > most:
                break
            self.fill(count)
            with Sandbox(self.binaries["movies"], self.plain) as function:
                get = median_cpu(function, event("GET", "/ns_movies/" + quote("The Dare-2020")), 60)
                page = median_cpu(function, event("GET", "/ns_movies/", query={"limit": "100"}), 20)
                found["movies_in_table"].append([count, get, page, round(function.peak_memory(), 2)])
        for size in [1, 10, 100, 300, 1_000]:
            if size <= self.movies:
                with Sandbox(self.binaries["movies"], self.plain) as function:
                    page = median_cpu(function, event("GET", "/ns_movies/", query={"limit": str(size)}), 20)
                    found["movies_on_page"].append([size, page, round(function.peak_memory(), 2)])
        for size in [1_000, 10_000, 100_000, 390_000]:
            with Sandbox(self.binaries["movies"], self.plain) as function:
                movie = movie_of(f"Large {size} {time.time_ns()}", description="x" * (size - 300))
                check("movies", function.invoke(event("POST", "/ns_movies/", movie)))
                get = median_cpu(function, event("GET", "/ns_movies/" + quote(f"{movie['title']}-{movie['year']}")), 20)
                delete = event("DELETE", "/ns_movies/" + quote(f"{movie['title']}-{movie['year']}"))
                found["bytes_of_movie"].append([size, get, round(function.peak_memory(), 2)])
                check("movies", function.invoke(delete))
        return found

    def page_of_1000(self, processes: int) -> dict:
        """Measures a page of 1,000 movies, the SDK's call in it, and its JSON serialization."""
        self.fill(1_000)
        ours = event("GET", "/ns_movies/", query={"limit": "1000"})
        # The function reads one more item to see whether there is a next page.
        scan = event("GET", "/ns_movies/", query={"limit": "1001"})
        serialize = event("GET", "/ns_movies/", query={"serialise": "1000"})
        found = []
        # Several processes, because the memory layout makes some processes faster than others.
        for _ in progress(range(processes), "pages of 1,000"):
            with Sandbox(self.binaries["movies"], self.plain) as function, Sandbox(self.binaries["bare"], self.plain) as bare, self.apart([function, bare]):
                rows = [(function.invoke(ours).cpu, bare.invoke(scan).cpu, bare.invoke(serialize).body["us"]) for _ in range(25)]
                found += rows[10:]
        whole, call, json_us = (statistics.median(column) for column in zip(*found))
        return {"page_cpu_us": round(whole * 1e6), "scan_cpu_us": round(call * 1e6), "serialisation_us": round(json_us)}


def median_cpu(function: Sandbox, request: bytes, count: int) -> float:
    """In microseconds."""
    function.invoke(request)
    return round(statistics.median(function.invoke(request).cpu for _ in range(count)) * 1e6)


def check(kind: str, response: Response, status: int = 200) -> None:
    if response.body["statusCode"] != status:
        raise SystemExit(f"unexpected response of {kind}: {json.dumps(response.body):.500}")


def summary(values: list[float]) -> dict:
    ordered = sorted(values)
    return {"median": round(statistics.median(ordered), 3), "p99": round(ordered[min(len(ordered) - 1, len(ordered) * 99 // 100)], 3)}


def progress(items: range, what: str) -> Iterator:
    start = shown = time.monotonic()
    for done, item in enumerate(items):
        if time.monotonic() - shown > 2:
            shown = time.monotonic()
            left = (shown - start) / done * (len(items) - done)
            print(f"{what}: {done} of {len(items)}, {left:.0f} s left", file=sys.stderr, flush=True)
        yield item


def sizes(binaries: dict[str, Path], directory: Path) -> dict:
    found = {}
    for kind, binary in binaries.items():
        archive = directory / f"{kind}.zip"
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as zipped:
            zipped.write(binary, "bootstrap")
        found[kind] = {"bytes": binary.stat().st_size, "zip_bytes": archive.stat().st_size}
    return found
