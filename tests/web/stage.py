"""Simulates a stage of a REST API for a local run: translates HTTP requests to events for `cargo lambda watch`.

A browser and a fuzzer can use the service as behind API Gateway. The URL contains the stage `prod`. Request bodies are base64, because
in the template all media types are binary. Binary bodies of replies are decoded. `stage.py http://127.0.0.1:9000 8000`
"""

import base64
import http.client
import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit


class Stage(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def handle_request(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path, _, query = self.path.partition("?")
        inside = path.removeprefix("/prod")
        if inside == path or not inside.startswith("/") and inside:
            return self.respond(403, {"content-type": "application/json"}, b'{"message":"Forbidden"}')
        reply = self.invoke(self.event(inside or "/", path, query, body))
        content = reply.get("body") or ""
        data = base64.b64decode(content) if reply.get("isBase64Encoded") else content.encode()
        self.respond(reply["statusCode"], reply.get("headers") or {}, data)

    def event(self, inside: str, path: str, query: str, body: bytes) -> dict:
        headers = {name: self.headers.get_all(name) for name in self.headers}
        values = parse_qs(query, keep_blank_values=True)
        resource = "/" if inside == "/" else "/{proxy+}"
        return {
            "resource": resource,
            "path": inside,
            "httpMethod": self.command,
            "headers": {name: all_[-1] for name, all_ in headers.items()},
            "multiValueHeaders": headers,
            "queryStringParameters": {name: all_[-1] for name, all_ in values.items()} or None,
            "multiValueQueryStringParameters": values or None,
            "requestContext": {"resourcePath": resource, "httpMethod": self.command, "path": path, "stage": "prod"},
            "body": base64.b64encode(body).decode() if body else None,
            "isBase64Encoded": bool(body),
        }

    def invoke(self, event: dict) -> dict:
        connection = http.client.HTTPConnection(urlsplit(sys.argv[1]).netloc, timeout=30)
        connection.request("POST", "/2015-03-31/functions/_/invocations", json.dumps(event))
        reply = json.loads(connection.getresponse().read())
        connection.close()
        # API Gateway responds with this 502 if a function fails.
        return reply if "statusCode" in reply else {"statusCode": 502, "body": '{"message":"Internal server error"}'}

    def respond(self, status: int, headers: dict[str, str], data: bytes) -> None:
        # Only the reply to HEAD has a length without a body.
        length = headers.pop("content-length", None) if self.command == "HEAD" else None
        headers.pop("content-length", None)
        if status not in (204, 304):
            headers["Content-Length"] = length or str(len(data))
        self.send_response(status)
        for header in headers.items():
            self.send_header(*header)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def __getattr__(self, name: str):
        # The server calls do_<method>. The function must also receive unknown methods.
        if name.startswith("do_"):
            return self.handle_request
        raise AttributeError(name)

    def log_message(self, *_) -> None:
        pass


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[2])), Stage).serve_forever()
