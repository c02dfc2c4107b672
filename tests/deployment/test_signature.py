"""Signatures match the specification of Signature Version 4 (AWS IAM User Guide, "Create a signed AWS API request")."""

import hashlib
import hmac
import os
import re
import subprocess
import sys
import unittest
import unittest.mock

import requests
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from cloudformation import ROOT
from stub import Handler, serve

sys.path.insert(0, str(ROOT / "seed"))
from api import SigV4  # noqa: E402


KEYS = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_SESSION_TOKEN": "to/k+en=="}


class SignatureTest(unittest.TestCase):
    def test_a_path_is_signed_as_api_gateway_reads_it(self) -> None:
        keys = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_SESSION_TOKEN": "token"}
        url = "https://x.execute-api.eu-west-1.amazonaws.com/prod/ns_movies/50%2F50%20%C3%A9-2011?limit=1&cursor=a"
        with unittest.mock.patch.dict(os.environ, keys):
            content = {"headers": {"Content-Type": "application/json"}, "data": '{"cast":[]}'}
            sent = requests.Request("PUT", url, auth=SigV4("eu-west-1"), **content).prepare().headers
        scheme, credential, signed, signature = re.fullmatch(
            r"(\S+) Credential=(\S+), SignedHeaders=(\S+), Signature=(\w+)", sent["Authorization"]).groups()
        date = sent["X-Amz-Date"]
        scope = f"{date[:8]}/eu-west-1/execute-api/aws4_request"
        self.assertEqual((scheme, credential), ("AWS4-HMAC-SHA256", f"AKIDEXAMPLE/{scope}"))
        values = {name.lower(): value for name, value in sent.items()} | {"host": "x.execute-api.eu-west-1.amazonaws.com"}
        digest = lambda data: hashlib.sha256(data.encode()).hexdigest()  # noqa: E731
        # For all services except S3, the signature encodes the sent path once more.
        canonical = "\n".join([
            "PUT", "/prod/ns_movies/50%252F50%2520%25C3%25A9-2011", "cursor=a&limit=1",
            *(f"{name}:{values[name]}" for name in signed.split(";")), "", signed, digest('{"cast":[]}'),
        ])
        key = b"AWS4secret"
        for part in scope.split("/"):
            key = hmac.digest(key, part.encode(), "sha256")
        to_sign = "\n".join([scheme, date, scope, digest(canonical)])
        self.assertEqual(signature, hmac.digest(key, to_sign.encode(), "sha256").hex())

    def test_the_documented_curl_commands_sign_like_botocore(self) -> None:
        document = (ROOT / "docs/operations.md").read_text().replace("\\\n", " ")
        commands = re.findall(r"^curl --aws-sigv4 .*$", document, re.MULTILINE)
        self.assertEqual(len(commands), 2)
        for command in commands:
            with self.subTest(command):
                # curl before 8.14 (Debian 12, Ubuntu 24.04) signs a path with % incorrectly, and a query unsorted.
                url = re.search(r"https://[^\s\"]*amazonaws\.com(\S*?)\"", command)[1]
                self.assertNotRegex(url, r"[%?]")
                received = self.run_against_a_server(command)
                self.assertEqual(received["authorization"].rpartition("Signature=")[2], signature_of(received))

    def run_against_a_server(self, command: str) -> dict[str, str]:
        """The received request: headers with lower-case names, method, path and body."""
        received: dict[str, str] = {}

        class StubHandler(Handler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                received.update({name.lower(): value for name, value in self.headers.items()})
                received.update(method=self.command, path=self.path, body=body)
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            do_PUT = do_POST

        command = re.sub(r"https://\S*amazonaws\.com", serve(self, StubHandler), command)
        subprocess.run(["sh", "-c", f"{command} --silent --noproxy '*'"], env={**os.environ, **KEYS}, check=True)
        return received


def signature_of(received: dict[str, str]) -> str:
    """Botocore's signature of the same request."""
    names = re.search(r"SignedHeaders=([\w;-]+)", received["authorization"])[1].split(";")
    request = AWSRequest(
        method=received["method"], url=f"http://{received['host']}{received['path']}", data=received["body"].encode(),
        headers={name: received[name] for name in names},
    )
    request.context["timestamp"] = received["x-amz-date"]
    signer = SigV4Auth(Credentials(KEYS["AWS_ACCESS_KEY_ID"], KEYS["AWS_SECRET_ACCESS_KEY"]), "execute-api", "eu-west-1")
    return signer.signature(signer.string_to_sign(request, signer.canonical_request(request)), request)
