"""The smoke test waits for a stage that was just created, and for nothing else."""

import argparse
import itertools
import socket
import sys
import threading
import unittest
import unittest.mock
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from cloudformation import ROOT

sys.path.insert(0, str(ROOT / "tests/smoke"))
import conftest as smoke  # noqa: E402

Exit = smoke.pytest.exit.Exception


class NewStageTest(unittest.TestCase):
    def setUp(self) -> None:
        self.now = 0.0
        clock = unittest.mock.patch.multiple(smoke.time, monotonic=lambda: self.now, sleep=self.sleep)
        clock.start()
        self.addCleanup(clock.stop)

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def connect(self, *responses: tuple[int, bool], url: str = "") -> smoke.Api:
        """Connects to an API that gives these responses, each a status and whether it is the service's own, the last of them
        again and again."""
        coming = itertools.chain(responses, itertools.repeat(responses[-1] if responses else None))

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                status, by_service = next(coming)
                self.send_response(status)
                if by_service:
                    self.send_header("X-Content-Type-Options", "nosniff")
                self.end_headers()
                self.wfile.write(b'{"paths": {}}')

            def log_message(self, *arguments: object) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        url = url or f"http://127.0.0.1:{server.server_port}/dev"
        return smoke.connect(argparse.Namespace(url=url, sigv4=None, token=None, reads_signed=False))

    def test_a_new_stage_is_waited_for(self) -> None:
        self.connect((403, False), (403, False), (500, False), (200, True))
        self.assertTrue(0 < self.now < 60, self.now)

    def test_a_new_name_is_waited_for(self) -> None:
        resolve, failures = socket.getaddrinfo, iter([socket.gaierror("unknown name"), socket.gaierror("unknown name")])

        def late(*arguments: object) -> list[object]:
            for failure in failures:
                raise failure
            return resolve(*arguments)

        with unittest.mock.patch.object(socket, "getaddrinfo", late):
            self.connect((200, True))
        self.assertTrue(0 < self.now < 60, self.now)

    def test_patience_ends_after_a_minute(self) -> None:
        with self.assertRaisesRegex(Exit, "access is refused or fails: 403"):
            self.connect((403, False))
        self.assertTrue(60 <= self.now <= 65, self.now)

    def test_nothing_else_is_waited_for(self) -> None:
        for status in (404, 503):
            with self.assertRaisesRegex(Exit, f"gets {status}"):
                self.connect((status, True))
        with self.assertRaisesRegex(Exit, "Connection refused"):
            self.connect(url="http://127.0.0.1:1")
        with self.assertRaisesRegex(Exit, "contains invalid character"):
            self.connect(url="http://loc al")
        self.assertEqual(self.now, 0)
