"""The smoke test waits for a stage that was just created, and for nothing else."""

import contextlib
import io
import itertools
import socket
import sys
import threading
import unittest
import unittest.mock
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from cloudformation import ROOT

sys.path.insert(0, str(ROOT / "tests"))
import smoke  # noqa: E402


class NewStageTest(unittest.TestCase):
    def setUp(self) -> None:
        self.now = 0.0
        clock = unittest.mock.patch.multiple(smoke.time, monotonic=lambda: self.now, sleep=self.sleep)
        clock.start()
        self.addCleanup(clock.stop)
        self.said = io.StringIO()
        redirect = contextlib.redirect_stderr(self.said)
        redirect.__enter__()
        self.addCleanup(redirect.__exit__, None, None, None)

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def api(self, *answers: tuple[int, bool]) -> smoke.Api:
        """An API that gives these answers, each a status and whether it is the service's own, the last of them again and
        again."""
        coming = itertools.chain(answers, itertools.repeat(answers[-1]))

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                status, by_service = next(coming)
                self.send_response(status)
                if by_service:
                    self.send_header("X-Content-Type-Options", "nosniff")
                self.end_headers()

            def log_message(self, *arguments: object) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        return smoke.Api(f"http://127.0.0.1:{server.server_port}/dev", None, None, False)

    def test_a_new_stage_is_waited_for(self) -> None:
        self.api((403, False), (403, False), (500, False), (200, True)).reach()
        self.assertTrue(0 < self.now < 60, self.now)
        self.assertIn("answers 403: waiting", self.said.getvalue())

    def test_a_new_name_is_waited_for(self) -> None:
        api = self.api((200, True))
        send, failures = api.send, iter([socket.gaierror("unknown name"), socket.gaierror("unknown name")])

        def late(*arguments: object) -> smoke.Answer:
            for failure in failures:
                raise failure
            return send(*arguments)

        with unittest.mock.patch.object(api, "send", late):
            api.reach()
        self.assertTrue(0 < self.now < 60, self.now)

    def test_patience_ends_after_a_minute(self) -> None:
        with self.assertRaisesRegex(smoke.Unusable, "refuses access"):
            self.api((403, False)).reach()
        self.assertTrue(60 <= self.now <= 65, self.now)

    def test_nothing_else_is_waited_for(self) -> None:
        with self.assertRaisesRegex(smoke.Unusable, "Nothing is at"):
            self.api((404, True)).reach()
        self.api((503, True)).reach()
        with self.assertRaisesRegex(smoke.Unusable, "does not answer"):
            smoke.Api("http://127.0.0.1:1", None, None, False).reach()
        self.assertEqual(self.now, 0)
