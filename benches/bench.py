#!/usr/bin/env python3
"""Measures the function as it is deployed, over the Lambda Runtime API on loopback, beside what it is to be compared with.

  movies   the function, from `sam build`'s own artefact
  hello    a hello-world on the same runtime crate: the floor
  bare     one GetItem by a client without anything it does not need
  usual    the same operations in the usual way: default features, client and profile

All take turns in one run, so that what else the machine does meets each alike. CPU is the kernel's count for the process
and all its threads (/proc/PID/task/*/schedstat), in nanoseconds; it does not depend on this program's own speed, as
times do. A warm function has a processor to itself, and what feeds it the others: where the system wakes a thread would
else decide over a third of a small request's cost. DynamoDB is the emulator of a local build; TLS ends in a proxy here,
whose CA is added to the system's.

`--instructions` counts instructions of a warm GET under valgrind instead, which no noise reaches.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import queue
import random
import shutil
import socket
import ssl
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from pathlib import Path
from typing import Callable, Iterable, Iterator, NamedTuple
from urllib.parse import quote

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "benches/results.json"
CHART = ROOT / ".github/bench.svg"
KINDS = ("hello", "bare", "movies", "usual")
SYSTEM_ROOTS = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem")


class Response(NamedTuple):
    seconds: float
    cpu: float
    body: dict


class Sandbox:
    """One process of a function, and the Runtime API that it talks to."""

    def __init__(self, binary: Path, variables: dict[str, str], wrapper: tuple[str, ...] = ()) -> None:
        self.events: queue.Queue = queue.Queue()
        self.responses: queue.Queue = queue.Queue()
        self.idle = threading.Event()
        self.idle_since = 0.0
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        threading.Thread(target=self._accept, daemon=True).start()
        environment = {
            "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{self.listener.getsockname()[1]}",
            "AWS_LAMBDA_FUNCTION_NAME": "movies", "AWS_LAMBDA_FUNCTION_VERSION": "1", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
            "AWS_LAMBDA_LOG_GROUP_NAME": "g", "AWS_LAMBDA_LOG_STREAM_NAME": "s", "AWS_LAMBDA_LOG_FORMAT": "JSON",
            "AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret", "TABLE_NAME": "movies",
            "PATH": os.environ["PATH"], **variables,
        }
        self.start = time.perf_counter()
        self.process = subprocess.Popen([*wrapper, str(binary)], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        if not self.idle.wait(120):
            raise SystemExit(f"{binary} does not ask for an event")
        self.init_seconds = self.idle_since - self.start
        self.init_cpu = self.cpu()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        buffer = b""
        try:
            while True:
                while b"\r\n\r\n" not in buffer:
                    received = connection.recv(1 << 20)
                    if not received:
                        return
                    buffer += received
                head, _, buffer = buffer.partition(b"\r\n\r\n")
                line, *fields = head.split(b"\r\n")
                headers = dict(field.lower().split(b": ", 1) for field in fields)
                chunks = b""
                if headers.get(b"transfer-encoding") == b"chunked":
                    while not buffer.endswith(b"0\r\n\r\n"):
                        buffer += connection.recv(1 << 20)
                    while buffer:
                        size, _, buffer = buffer.partition(b"\r\n")
                        chunks, buffer = chunks + buffer[: int(size, 16)], buffer[int(size, 16) + 2 :]
                length = int(headers.get(b"content-length", 0))
                while len(buffer) < length:
                    buffer += connection.recv(1 << 20)
                body, buffer = chunks or buffer[:length], buffer[length:]
                if line.startswith(b"GET"):
                    self.idle_since = time.perf_counter()
                    self.idle.set()
                    event = self.events.get()
                    if event is None:
                        return
                    deadline = int(time.time() * 1000) + 10_000
                    connection.sendall(
                        b"HTTP/1.1 200 OK\r\nLambda-Runtime-Aws-Request-Id: 8476a536-e9f4-11e8-9739-2dfe598c3fcd\r\n"
                        b"Lambda-Runtime-Deadline-Ms: %d\r\nLambda-Runtime-Invoked-Function-Arn: arn:aws:lambda:us-east-1:1:function:f\r\n"
                        b"Lambda-Runtime-Trace-Id: Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Sampled=0\r\n"
                        b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (deadline, len(event), event)
                    )
                else:
                    self.responses.put((time.perf_counter(), line, body))
                    connection.sendall(b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n")
        except OSError:
            pass

    def invoke(self, event: bytes) -> Response:
        self.idle.wait(60)
        self.idle.clear()
        cpu, start = self.cpu(), time.perf_counter()
        self.events.put(event)
        end, line, body = self.responses.get(timeout=120)
        # What it does after its response, before it asks for the next event, is the request's cost too.
        self.idle.wait(60)
        if not line.split()[1].endswith(b"/response"):
            raise SystemExit(f"the function failed: {body[:500]!r}")
        return Response(end - start, self.cpu() - cpu, json.loads(body))

    def cpu(self) -> float:
        total = 0
        for task in Path(f"/proc/{self.process.pid}/task").iterdir():
            try:
                total += int((task / "schedstat").read_text().split()[0])
            except (OSError, IndexError):
                continue
        return total / 1e9

    def peak_memory(self) -> float:
        """In MB."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.split("VmHWM:")[1].split()[0]) / 1024

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        self.listener.close()
        self.events.put(None)

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Bench:
    def __init__(self, binaries: dict[str, Path], emulator: Path, directory: Path) -> None:
        self.binaries = binaries
        self.emulator = Sandbox(emulator, {"LOCAL_STORE_DIR": str(directory / "store"), "AWS_LAMBDA_LOG_FORMAT": "Text"})
        self.port = int((directory / "store/port").read_text())
        self.plain = {"AWS_ENDPOINT_URL_DYNAMODB": f"http://127.0.0.1:{self.port}"}
        roots, tls_port = tls_proxy(self.port, directory)
        # The function trusts Mozilla's roots; the variable names others.
        self.tls = {"AWS_ENDPOINT_URL_DYNAMODB": f"https://localhost:{tls_port}", "SSL_CERT_FILE": str(roots),
                    "AWS_CA_BUNDLE": str(directory / "ca.pem")}
        self.movies = 0

    @contextlib.contextmanager
    def apart(self, functions: Iterable[Sandbox]) -> Iterator[None]:
        """Functions on the last processor, this program and the emulator on the others, if there are any."""
        everywhere = os.sched_getaffinity(0)
        others = {*sorted(everywhere)[:-1]} or everywhere
        feeders = (os.getpid(), self.emulator.process.pid)
        for pid in feeders:
            place(pid, others)
        for function in functions:
            place(function.process.pid, {max(everywhere)})
        try:
            yield
        finally:
            for pid in feeders:
                place(pid, everywhere)

    def fill(self, count: int, bytes_each: int = 400) -> None:
        """Makes sure that there are so many movies of a size."""
        with Sandbox(self.binaries["movies"], self.plain) as function:
            for number in progress(range(self.movies, count), f"filling the table to {count} movies"):
                movie = movie_of(f"Bench {number}", description="x" * max(0, bytes_each - 200))
                response = function.invoke(event("POST", "/ns_movies/", movie))
                assert response.body["statusCode"] == 200, response.body
        self.movies = max(self.movies, count)

    def cold(self, rounds: int) -> dict:
        """From start to the first response, over TLS; the response after it is a warm one."""
        found: dict[str, dict[str, list[float]]] = {kind: {} for kind in KINDS}
        for _ in progress(range(rounds), "cold starts over TLS"):
            for kind in KINDS:
                with Sandbox(self.binaries[kind], self.tls) as function:
                    get = event("GET", "/ns_movies/" + quote("The Dare-2020"))
                    first = function.invoke(get)
                    check(kind, first)
                    # What is started for later settles, too.
                    warm = [function.invoke(get) for _ in range(5)][2:]
                    sample = {
                        "init_ms": function.init_seconds * 1e3,
                        "init_cpu_ms": function.init_cpu * 1e3,
                        "first_ms": first.seconds * 1e3,
                        "first_cpu_ms": first.cpu * 1e3,
                        "start_to_answer_ms": (function.init_seconds + first.seconds) * 1e3,
                        "start_to_answer_cpu_ms": (function.init_cpu + first.cpu) * 1e3,
                        "warm_tls_ms": statistics.median(response.seconds for response in warm) * 1e3,
                        "warm_tls_cpu_ms": statistics.median(response.cpu for response in warm) * 1e3,
                        "peak_memory_mb": function.peak_memory(),
                    }
                    for name, value in sample.items():
                        found[kind].setdefault(name, []).append(value)
        return {kind: {name: summary(values) for name, values in samples.items()} for kind, samples in found.items()}

    def warm(self, processes: int, rounds: int) -> dict:
        """Requests one after the other over plain HTTP, a few of each kind at a time."""
        number = iter(range(10**9))
        requests: dict[str, Callable[[], bytes]] = {
            "get": lambda: event("GET", "/ns_movies/" + quote("The Dare-2020")),
            "post": lambda: event("POST", "/ns_movies/", movie_of(f"Posted {next(number)} {time.time_ns()}")),
            "put": lambda: event("PUT", "/ns_movies/" + quote("The Dare-2020"), {"description": f"New {next(number)}."}),
            "list_100": lambda: event("GET", "/ns_movies/"),
            "unrouted": lambda: event("GET", "/nowhere"),
        }
        # The floor gets the same events as what it is the floor of.
        wanted = {"hello": ["get", "unrouted"], "bare": ["get"], "movies": list(requests), "usual": list(requests)}
        found: dict[str, dict[str, list[Response]]] = {kind: {name: [] for name in wanted[kind]} for kind in KINDS}
        # Several processes, since where memory lies makes one faster than another for as long as it lives.
        for _ in progress(range(processes), "warm requests"):
            with contextlib.ExitStack() as alive:
                functions = {kind: alive.enter_context(Sandbox(self.binaries[kind], self.plain)) for kind in KINDS}
                alive.enter_context(self.apart(functions.values()))
                for round_ in range(rounds + 1):
                    # One kind of request at a time, by all in turns, in any order: what the machine does then, and what the one
                    # before has left in its caches, meets each alike.
                    for name in requests:
                        for kind in random.sample(KINDS, len(KINDS)):
                            if name not in wanted[kind]:
                                continue
                            # The first ten are slower by what was asked before, of this process or of another; it is not their cost.
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
        """How cost grows with the table, the page and the movie: CPU of the function for one request, and its peak memory."""
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


def place(pid: int, processors: set[int]) -> None:
    """Keeps all threads of a process on these processors."""
    for task in Path(f"/proc/{pid}/task").iterdir():
        os.sched_setaffinity(int(task.name), processors)


def page_of_1000(bench: Bench, processes: int) -> dict:
    """What a page of 1,000 movies costs beyond the SDK's own call, in JSON serialisations of it."""
    bench.fill(1_000)
    ours = event("GET", "/ns_movies/", query={"limit": "1000"})
    # One more tells whether there is a next page.
    scan = event("GET", "/ns_movies/", query={"limit": "1001"})
    serialise = event("GET", "/ns_movies/", query={"serialise": "1000"})
    found = []
    # Several processes, since where memory lies makes one faster than another for as long as it lives.
    for _ in progress(range(processes), "pages of 1,000"):
        with Sandbox(bench.binaries["movies"], bench.plain) as function, Sandbox(bench.binaries["bare"], bench.plain) as bare, bench.apart([function, bare]):
            rows = [(function.invoke(ours).cpu, bare.invoke(scan).cpu, bare.invoke(serialise).body["us"]) for _ in range(25)]
            found += rows[10:]
    page, call, json_us = (statistics.median(column) for column in zip(*found))
    return {"page_cpu_us": round(page * 1e6), "scan_cpu_us": round(call * 1e6), "serialisation_us": round(json_us)}


def median_cpu(function: Sandbox, request: bytes, count: int) -> float:
    """Microseconds."""
    function.invoke(request)
    return round(statistics.median(function.invoke(request).cpu for _ in range(count)) * 1e6)


def check(kind: str, response: Response, status: int = 200) -> None:
    if response.body["statusCode"] != status:
        raise SystemExit(f"{kind} returned {json.dumps(response.body):.500}")


def movie_of(title: str, description: str = "About it.") -> dict:
    return {"title": title, "year": 1999, "cast": ["Ann", "Bob"], "image": "https://example.org/a.jpg", "description": description}


def event(method: str, path: str, body: dict | None = None, query: dict | None = None) -> bytes:
    """As a REST API sends it: a real event, with all that nobody reads."""
    event = json.loads((ROOT / "events/rest-read.json").read_text())
    event |= {
        "httpMethod": method, "path": path, "pathParameters": {"proxy": path.strip("/")},
        "body": json.dumps(body) if body is not None else None, "isBase64Encoded": False,
        "queryStringParameters": query, "multiValueQueryStringParameters": query and {key: [value] for key, value in query.items()},
    }
    event["requestContext"] |= {"httpMethod": method, "path": f"/prod{path}", "stage": "prod"}
    return json.dumps(event).encode()


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


def tls_proxy(port: int, directory: Path) -> tuple[Path, int]:
    """Ends TLS before the emulator; gives a file of the system's roots with this proxy's own, and its port."""
    if not shutil.which("openssl"):
        raise SystemExit("openssl is missing: install it, the benchmark makes a CA of its own with it")
    run = lambda *words: subprocess.run(["openssl", *words], cwd=directory, check=True, capture_output=True)  # noqa: E731
    run("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=Bench CA",
        "-addext", "keyUsage=critical,keyCertSign", "-keyout", "ca.key", "-out", "ca.pem")
    run("req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-keyout", "tls.key", "-out", "tls.csr")
    (directory / "tls.ext").write_text("subjectAltName=DNS:localhost\nbasicConstraints=CA:FALSE\n")
    run("x509", "-req", "-in", "tls.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-extfile", "tls.ext", "-out", "tls.pem")
    system = next((Path(path) for path in SYSTEM_ROOTS if Path(path).exists()), None)
    roots = directory / "roots.pem"
    roots.write_text((system.read_text() if system else "") + (directory / "ca.pem").read_text())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(directory / "tls.pem", directory / "tls.key")
    listener = socket.create_server(("127.0.0.1", 0), backlog=64)

    def pump(source: socket.socket, sink: socket.socket) -> None:
        try:
            while data := source.recv(1 << 16):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def serve(raw: socket.socket) -> None:
        try:
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            client = context.wrap_socket(raw, server_side=True)
            server = socket.create_connection(("127.0.0.1", port))
            server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError:
            return
        threading.Thread(target=pump, args=(server, client), daemon=True).start()
        pump(client, server)

    def accept() -> None:
        while True:
            raw, _ = listener.accept()
            threading.Thread(target=serve, args=(raw,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    return roots, listener.getsockname()[1]


def sizes(binaries: dict[str, Path], directory: Path) -> dict:
    found = {}
    for kind, binary in binaries.items():
        archive = directory / f"{kind}.zip"
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as zipped:
            zipped.write(binary, "bootstrap")
        found[kind] = {"bytes": binary.stat().st_size, "zip_bytes": archive.stat().st_size}
    return found


def instructions(binary: Path, plain: dict[str, str], directory: Path) -> dict:
    """Instructions of one warm request, by the difference between many and a few."""
    if not shutil.which("valgrind"):
        raise SystemExit("valgrind is missing: install it (on Debian and Ubuntu, apt-get install valgrind)")

    def count(requests: int, request: bytes) -> int:
        out = directory / "callgrind.out"
        function = Sandbox(binary, plain, ("valgrind", "--quiet", "--tool=callgrind", f"--callgrind-out-file={out}"))
        for _ in range(requests):
            check("movies", function.invoke(request))
        function.process.terminate()
        function.process.wait(60)
        function.close()
        return int(next(line.split()[1] for line in out.read_text().splitlines() if line.startswith(("summary:", "totals:"))))

    get = event("GET", "/ns_movies/" + quote("The Dare-2020"))
    few, many = count(20, get), count(120, get)
    return {"init": count(0, get), "get": (many - few) // 100}


def table(result: dict) -> str:
    rows = [("", *KINDS)]
    for label, name in [("Init, CPU ms", "init_cpu_ms"), ("Init, ms", "init_ms"), ("first response over TLS, CPU ms", "first_cpu_ms"),
                        ("first response over TLS, ms", "first_ms"), ("start to first response, CPU ms", "start_to_answer_cpu_ms"),
                        ("start to first response, ms", "start_to_answer_ms"), ("a warm response over TLS, CPU ms", "warm_tls_cpu_ms"),
                        ("a warm response over TLS, ms", "warm_tls_ms"), ("peak memory, MB", "peak_memory_mb")]:
        rows.append((label, *(both(result["cold"][kind][name], 2) for kind in KINDS)))
    for label, name in [("GET", "get"), ("POST", "post"), ("PUT", "put"), ("list of 100", "list_100"), ("404", "unrouted")]:
        for unit, key in [("CPU us", "cpu_us"), ("us", "us")]:
            warm = [result["warm"][kind].get(name) for kind in KINDS]
            rows.append((f"warm {label}, {unit}", *(both(each[key], 0) if each else "" for each in warm)))
    rows.append(("GETs a second", *(str(result["warm"][kind]["get"]["per_second"]) for kind in KINDS)))
    rows.append(("binary, MB", *(f"{result['size'][kind]['bytes'] / 1e6:.2f}" for kind in KINDS)))
    rows.append(("zip, MB", *(f"{result['size'][kind]['zip_bytes'] / 1e6:.2f}" for kind in KINDS)))
    if "movies_arm64" in result["size"]:
        arm64 = result["size"]["movies_arm64"]
        rows.append(("arm64: binary, zip, MB", "", "", f"{arm64['bytes'] / 1e6:.2f} {arm64['zip_bytes'] / 1e6:.2f}", ""))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ["  ".join(cell.ljust(width) if not at else cell.rjust(width) for at, (cell, width) in enumerate(zip(row, widths))) for row in rows]
    return "\n".join(lines)


def both(value: dict, digits: int) -> str:
    return f"{value['median']:.{digits}f} ({value['p99']:.{digits}f})"


def targets(result: dict) -> list[tuple[str, float, float]]:
    """What is aimed at: a ratio or a size, and its limit."""
    cold, warm, size, page = result["cold"], result["warm"], result["size"], result["page"]
    cpu = lambda kind, name: warm[kind][name]["cpu_us"]["median"]  # noqa: E731
    floor = cpu("hello", "get")
    return [
        ("CPU from start to first response over TLS / usual", cold["movies"]["start_to_answer_cpu_ms"]["median"] / cold["usual"]["start_to_answer_cpu_ms"]["median"], 0.25),
        ("first response after Init over TLS / a warm one, CPU", cold["movies"]["first_cpu_ms"]["median"] / cold["movies"]["warm_tls_cpu_ms"]["median"], 3),
        ("warm GET / usual, CPU", cpu("movies", "get") / cpu("usual", "get"), 0.6),
        ("warm GET net of the floor / bare GetItem, CPU", (cpu("movies", "get") - floor) / (cpu("bare", "get") - floor), 0.8),
        ("unrouted 404 / floor, CPU", cpu("movies", "unrouted") / cpu("hello", "unrouted"), 1.25),
        ("a page of 1,000 beyond the SDK's call / its serialisation", (page["page_cpu_us"] - page["scan_cpu_us"]) / page["serialisation_us"], 3),
        ("peak memory over TLS, MB", cold["movies"]["peak_memory_mb"]["median"], 8),
        ("binary, MB", size["movies"]["bytes"] / 1e6, 5.0),
        ("zip, MB", size["movies"]["zip_bytes"] / 1e6, 2.4),
    ]


def chart(result: dict) -> str:
    """Bars, for README: what a user feels, each in relation to the usual way."""
    cold, warm, size = result["cold"], result["warm"], result["size"]
    groups = [
        ("Start to first response over TLS, ms of CPU", lambda kind: cold[kind]["start_to_answer_cpu_ms"]["median"], 1),
        ("Warm GET, microseconds of CPU", lambda kind: warm[kind]["get"]["cpu_us"]["median"], 0),
        ("Peak memory, MB", lambda kind: cold[kind]["peak_memory_mb"]["median"], 1),
        ("Binary, MB", lambda kind: size[kind]["bytes"] / 1e6, 1),
    ]
    names = {"hello": "hello-world", "bare": "bare GetItem", "movies": "this function", "usual": "the usual way"}
    lines, y = [], 24
    for title, value, digits in groups:
        lines.append(f'<text x="16" y="{y}" class="title">{title}</text>')
        longest = max(value(kind) for kind in KINDS)
        for kind in KINDS:
            y += 22
            width = max(2, 420 * value(kind) / longest)
            lines.append(f'<text x="130" y="{y + 4}" text-anchor="end">{names[kind]}</text>')
            lines.append(f'<rect x="140" y="{y - 9}" width="{width:.0f}" height="16" rx="2" class="{"own" if kind == "movies" else "other"}"/>')
            lines.append(f'<text x="{146 + width:.0f}" y="{y + 4}">{value(kind):.{digits}f}</text>')
        y += 40
    style = "text{font:13px sans-serif;fill:#57606a}.title{font-weight:bold}.own{fill:#2f81f7}.other{fill:#8c959f}"
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 640 {y - 24}" role="img"><title>Measured against the usual way</title>'
            f"<style>{style}</style>{''.join(lines)}</svg>\n")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", type=Path, default=ROOT / ".aws-sam/build/MoviesFunction/bootstrap")
    parser.add_argument("--peers", type=Path, default=ROOT / "target/bench", help="where hello, bare and usual were built")
    parser.add_argument("--arm64", type=Path, default=ROOT / "target/bench-arm64/movies/bootstrap", help="the same for arm64, for its size")
    parser.add_argument("--emulator", type=Path, required=True, help="a local build of the function, for its emulator")
    parser.add_argument("--quick", action="store_true", help="fewer rounds, to try a change")
    parser.add_argument("--growth", type=int, default=0, metavar="MOVIES", help="measure also how cost grows, up to so many movies")
    parser.add_argument("--instructions", action="store_true", help="count instructions instead, and fail if there are over a tenth more")
    parser.add_argument("--save", action="store_true", help="write results.json and the chart")
    options = parser.parse_args()
    binaries = {
        "hello": options.peers / "deployed/hello", "bare": options.peers / "deployed/bare",
        "movies": options.binary, "usual": options.peers / "release/usual",
    }
    last = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        bench = Bench(binaries, options.emulator, directory)
        try:
            if options.instructions:
                counts = instructions(options.binary, bench.plain, directory)
                print(json.dumps(counts))
                if options.save:
                    RESULTS.write_text(json.dumps(last | {"instructions": counts}, indent=1) + "\n")
                    return 0
                worse = [name for name, count in counts.items() if count > last["instructions"][name] * 1.1]
                for name in worse:
                    print(f"{name}: {counts[name]} instructions, over a tenth more than {last['instructions'][name]}", file=sys.stderr)
                return 1 if worse else 0
            bench.fill(100)
            arm64 = {"movies_arm64": options.arm64} if options.arm64.exists() else {}
            result = {"size": sizes(binaries | arm64, directory), "cold": bench.cold(5 if options.quick else 40), "warm": bench.warm(*((2, 3) if options.quick else (10, 10)))}
            result["page"] = page_of_1000(bench, 2 if options.quick else 12)
            if options.growth:
                result["growth"] = bench.growth(options.growth)
        finally:
            bench.emulator.close()
    print(table(result))
    print("a page of 1,000: {page_cpu_us} us of CPU, of it {scan_cpu_us} the SDK's own call; {serialisation_us} us to serialise".format(**result["page"]))
    print()
    before = {name: value for name, value, _ in targets(last)} if "unrouted" in last.get("warm", {}).get("hello", {}) else {}
    for name, value, limit in targets(result):
        earlier = f", {before[name]:.2f} in the last result" if name in before else ""
        print(f"{'met   ' if value <= limit else 'MISSED'}  {name}: {value:.2f} (at most {limit}){earlier}")
    for name, rows in result.get("growth", {}).items():
        print(f"\n{name}: CPU us (and CPU us of a page of 100), peak memory MB")
        for row in rows:
            print("  " + "  ".join(str(cell) for cell in row))
    if options.save:
        RESULTS.write_text(json.dumps(last | result, indent=1) + "\n")
        CHART.write_text(chart(result))
    return 0


if __name__ == "__main__":
    sys.exit(main())
