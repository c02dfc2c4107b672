"""Runs a function with a Lambda Runtime API on loopback."""

from __future__ import annotations

import json
import os
import queue
import socket
import subprocess
import threading
import time
from pathlib import Path
from typing import NamedTuple


class Response(NamedTuple):
    seconds: float
    cpu: float
    body: dict


class Sandbox:
    """One process of a function, and its Runtime API."""

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
            raise SystemExit(f"{binary} does not request an event")
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
        # The CPU of a request includes the work between the response and the request for the next event.
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
        """In megabytes."""
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


def place(pid: int, processors: set[int]) -> None:
    """Restricts all threads of a process to these processors."""
    for task in Path(f"/proc/{pid}/task").iterdir():
        os.sched_setaffinity(int(task.name), processors)
