#!/usr/bin/env python3
"""Runs a load test for minutes, and monitors the memory, the file descriptors and the responses of the function.

The artifact runs under AWS's Runtime Interface Emulator, with the DynamoDB emulator in another process. It receives a mix of
all operations at a constant rate. The exit status is 1 if a response has an unexpected status, if memory grows by more than a
tenth after the first minute, or if the number of file descriptors grows.
"""

from __future__ import annotations

import argparse
import collections
import json
import os
import random
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from urllib.parse import quote

from events import ROOT, event, movie_of
from sandbox import Sandbox

# The share of each operation in percent, and its expected statuses.
MIX = {
    "read": (40, {200}), "read missing": (5, {404}), "list": (10, {200}), "list year": (5, {200}), "create": (12, {200}),
    "create again": (3, {409}), "update": (10, {200}), "rename": (4, {200}), "delete": (6, {200, 404}), "bad body": (3, {400}),
    "swagger ui": (2, {200})
}


class Client:
    """Creates the requests of the mix, and keeps track of the movies that exist."""

    def __init__(self) -> None:
        self.made: list[str] = []
        self.number = 0
        self.random = random.Random(1)

    def request(self, kind: str) -> bytes:
        title = self.random.choice(self.made[-500:]) if self.made else "The Dare"
        path = "/ns_movies/" + quote(f"{title}-{1999 if self.made else 2020}", safe="")
        match kind:
            case "create" | "create again" if kind == "create" or not self.made:
                self.number += 1
                self.made.append(f"Load {self.number} 50/50 é")
                return event("POST", "/ns_movies/", movie_of(self.made[-1], description="x" * self.random.randrange(2000)))
            case "create again":
                return event("POST", "/ns_movies/", movie_of(self.made[-1]))
            case "read missing":
                return event("GET", "/ns_movies/Nothing-1")
            case "list":
                return event("GET", "/ns_movies/", query={"limit": "100"})
            case "list year":
                return event("GET", "/ns_movies/", query={"year": "1999", "limit": "20"})
            case "update":
                return event("PUT", path, {"description": "y" * self.random.randrange(2000)})
            case "rename":
                self.number += 1
                new = f"Load {self.number} renamed"
                if self.made:
                    self.made[self.made.index(title)] = new
                    return event("PATCH", path, {"title": new})
                return event("GET", path)
            case "delete":
                if len(self.made) > 50:
                    self.made.remove(title)
                    return event("DELETE", path)
                return event("DELETE", "/ns_movies/Nothing-1")
            case "bad body":
                return event("POST", "/ns_movies/", {"title": " ", "year": "x"})
            case "swagger ui":
                return event("GET", "/")
        return event("GET", path)


def children(pid: int) -> list[int]:
    lists = [(task / "children").read_text() for task in Path(f"/proc/{pid}/task").iterdir()]
    return [int(child) for children in lists for child in children.split()]


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", type=Path, default=ROOT / ".aws-sam/build/MoviesFunction/bootstrap")
    parser.add_argument("--emulator", type=Path, required=True, help="a local build of the function, which contains the DynamoDB emulator")
    parser.add_argument("--rie", type=Path, required=True, help="AWS's Runtime Interface Emulator")
    parser.add_argument("--seconds", type=int, default=600)
    parser.add_argument("--rate", type=int, default=50, help="requests a second")
    options = parser.parse_args()

    with tempfile.TemporaryDirectory() as name:
        store = Sandbox(options.emulator, {"LOCAL_STORE_DIR": f"{name}/store", "AWS_LAMBDA_LOG_FORMAT": "Text"})
        port = (Path(name) / "store/port").read_text()
        ports = [free_port(), free_port()]
        environment = os.environ | {
            "AWS_ENDPOINT_URL_DYNAMODB": f"http://127.0.0.1:{port}", "TABLE_NAME": "movies", "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_LAMBDA_LOG_FORMAT": "JSON",
        }
        emulator = subprocess.Popen(
            [options.rie, "--runtime-interface-emulator-address", f"127.0.0.1:{ports[0]}", "--runtime-api-address", f"127.0.0.1:{ports[1]}",
             options.binary], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        try:
            return load(options, emulator, f"http://127.0.0.1:{ports[0]}/2015-03-31/functions/function/invocations")
        finally:
            os.killpg(emulator.pid, signal.SIGKILL)
            store.close()


def load(options: argparse.Namespace, emulator: subprocess.Popen, url: str) -> int:
    def invoke(request: bytes) -> dict:
        with urllib.request.urlopen(urllib.request.Request(url, request), timeout=30) as response:
            return json.load(response)

    for _ in range(100):
        try:
            invoke(event("GET", "/health"))
            break
        except OSError:
            time.sleep(0.1)
    (function,) = children(emulator.pid)
    client, kinds = Client(), [kind for kind, (parts, _) in MIX.items() for _ in range(parts)]
    milliseconds: dict[str, list[float]] = collections.defaultdict(list)
    wrong: collections.Counter[str] = collections.Counter()
    kept: list[tuple[int, int, int]] = []
    start, late = time.monotonic(), 0
    for number in range(options.seconds * options.rate):
        due = start + number / options.rate
        pause = due - time.monotonic()
        if pause > 0:
            time.sleep(pause)
        late += pause < -1
        kind = client.random.choice(kinds)
        request = client.request(kind)
        sent = time.perf_counter()
        status = invoke(request)["statusCode"]
        milliseconds[kind].append((time.perf_counter() - sent) * 1e3)
        if status not in MIX[kind][1] and not (kind == "create again" and status == 200):
            wrong[f"{kind}: {status}"] += 1
        if number % (options.rate * 10) == 0:
            resident = int(Path(f"/proc/{function}/status").read_text().split("VmRSS:")[1].split()[0])
            descriptors = len(list(Path(f"/proc/{function}/fd").iterdir()))
            kept.append((int(time.monotonic() - start), resident, descriptors))
            print(f"{kept[-1][0]:4} s  {number} requests  {resident / 1024:.2f} MB  {descriptors} file descriptors  {sum(wrong.values())} wrong responses", flush=True)
    every = sorted(value for values in milliseconds.values() for value in values)
    for kind, values in milliseconds.items():
        print(f"{kind:14} {len(values):6}  median {statistics.median(values):7.2f} ms  p99 {sorted(values)[len(values) * 99 // 100]:7.2f} ms")
    print(f"{'all':14} {len(every):6}  median {statistics.median(every):7.2f} ms  p99 {every[len(every) * 99 // 100]:7.2f} ms, {late} requests sent more than a second late")
    settled = [sample for sample in kept if sample[0] >= min(60, options.seconds // 4)] or kept
    (_, first, first_descriptors), (_, last, last_descriptors) = settled[0], settled[-1]
    print(f"memory {first / 1024:.2f} -> {last / 1024:.2f} MB, file descriptors {first_descriptors} -> {last_descriptors}, wrong responses: {dict(wrong)}")
    return 1 if wrong or last > first * 1.1 or last_descriptors > first_descriptors else 0


if __name__ == "__main__":
    sys.exit(main())
