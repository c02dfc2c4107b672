#!/usr/bin/env python3
"""Simulates a stage of a REST API for a local run: translates HTTP requests to events for `cargo lambda watch`.

A browser and a fuzzer can use the service as behind API Gateway. The URL contains a stage. Request bodies are base64, because in
the template all media types are binary. Binary bodies of replies are decoded. The program first prints its URL.
"""

import argparse
import base64
import http.client
import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

INVOCATIONS = "/2015-03-31/functions/_/invocations"


class Stage(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    name = "prod"
    function = ""

    def handle_request(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path, _, query = self.path.partition("?")
        inside = path.removeprefix(f"/{self.name}")
        if inside == path or not inside.startswith(("/", "?")) and inside:
            self.respond(403, {"content-type": "application/json"}, b'{"message":"Forbidden"}')
            return
        reply = self.invoke(self.event(inside or "/", path, query, body))
        content = reply.get("body") or ""
        data = base64.b64decode(content) if reply.get("isBase64Encoded") else content.encode()
        self.respond(reply["statusCode"], reply.get("headers") or {}, data)

    def event(self, inside: str, path: str, query: str, body: bytes) -> dict:
        headers: dict[str, list[str]] = {}
        for name, value in self.headers.items():
            headers.setdefault(name, []).append(value)
        values: dict[str, list[str]] = {}
        for name, value in parse_qsl(query, keep_blank_values=True):
            values.setdefault(name, []).append(value)
        is_root = inside == "/"
        resource = "/" if is_root else "/{proxy+}"
        return {
            "resource": resource,
            "path": inside,
            "httpMethod": self.command,
            "headers": {name: all_[-1] for name, all_ in headers.items()},
            "multiValueHeaders": headers,
            "queryStringParameters": {name: all_[-1] for name, all_ in values.items()} or None,
            "multiValueQueryStringParameters": values or None,
            "pathParameters": None if is_root else {"proxy": inside[1:].rstrip("/")},
            "stageVariables": None,
            "requestContext": {
                "resourcePath": resource,
                "httpMethod": self.command,
                "path": path,
                "stage": self.name,
                "protocol": "HTTP/1.1",
                "domainName": "local.execute-api.us-east-1.amazonaws.com",
            },
            "body": base64.b64encode(body).decode() if body else None,
            "isBase64Encoded": bool(body),
        }

    def invoke(self, event: dict) -> dict:
        connection = http.client.HTTPConnection(self.function, timeout=30)
        connection.request("POST", INVOCATIONS, json.dumps(event))
        reply = json.loads(connection.getresponse().read())
        connection.close()
        # API Gateway responds with this 502 if a function fails.
        return reply if "statusCode" in reply else {"statusCode": 502, "body": '{"message":"Internal server error"}'}

    def respond(self, status: int, headers: dict[str, str], data: bytes) -> None:
        self.send_response(status)
        length = headers.get("content-length") if self.command == "HEAD" else None
        for name, value in headers.items():
            if name != "content-length":
                self.send_header(name, value)
        if status not in (204, 304):
            self.send_header("Content-Length", length or str(len(data)))
        self.end_headers()
        if self.command != "HEAD" and status not in (204, 304):
            self.wfile.write(data)

    def __getattr__(self, name: str):
        # The server calls do_<method>. The function must also receive unknown methods.
        if name.startswith("do_"):
            return self.handle_request
        raise AttributeError(name)

    def log_message(self, *_) -> None:
        pass


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("function", help="the URL of cargo lambda watch, such as http://127.0.0.1:9000")
    parser.add_argument("--port", type=int, default=0)
    arguments = parser.parse_args()
    Stage.function = urlsplit(arguments.function).netloc
    server = ThreadingHTTPServer(("127.0.0.1", arguments.port), Stage)
    print(f"http://127.0.0.1:{server.server_port}/{Stage.name}/", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
