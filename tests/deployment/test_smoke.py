"""The smoke test waits for a new stage, but does not wait after any other error."""

import argparse
import itertools
import socket
import sys
import unittest
import unittest.mock

from cloudformation import ROOT
from stub import Handler, serve

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
        """Connects to an API that sends these responses and repeats the last one. Each is a status, and whether the service (and
        not API Gateway) sends it."""
        remaining = itertools.chain(responses, itertools.repeat(responses[-1] if responses else None))

        class StubHandler(Handler):
            def do_GET(self) -> None:
                status, by_service = next(remaining)
                self.send_response(status)
                if by_service:
                    self.send_header("X-Content-Type-Options", "nosniff")
                self.end_headers()
                self.wfile.write(b'{"paths": {}}')

        url = url or f"{serve(self, StubHandler)}/dev"
        return smoke.connect(argparse.Namespace(url=url, sigv4=None, token=None, reads_signed=False))

    def test_it_waits_for_a_new_stage(self) -> None:
        self.connect((403, False), (403, False), (500, False), (200, True))
        self.assertTrue(0 < self.now < 60, self.now)

    def test_it_waits_for_a_new_host_name(self) -> None:
        resolve, failures = socket.getaddrinfo, iter([socket.gaierror("unknown name"), socket.gaierror("unknown name")])

        def late(*arguments: object) -> list[object]:
            for failure in failures:
                raise failure
            return resolve(*arguments)

        with unittest.mock.patch.object(socket, "getaddrinfo", late):
            self.connect((200, True))
        self.assertTrue(0 < self.now < 60, self.now)

    def test_it_waits_at_most_one_minute(self) -> None:
        with self.assertRaisesRegex(Exit, "access is refused or fails: 403"):
            self.connect((403, False))
        self.assertTrue(60 <= self.now <= 65, self.now)

    def test_it_does_not_wait_after_other_errors(self) -> None:
        for status in (404, 503):
            with self.assertRaisesRegex(Exit, f"returned {status}"):
                self.connect((status, True))
        with self.assertRaisesRegex(Exit, "Connection refused"):
            self.connect(url="http://127.0.0.1:1")
        with self.assertRaisesRegex(Exit, "contains invalid character"):
            self.connect(url="http://loc al")
        self.assertEqual(self.now, 0)
