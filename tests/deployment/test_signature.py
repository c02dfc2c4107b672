"""Signature Version 4 done by the book (AWS IAM User Guide, "Create a signed AWS API request")."""

import hashlib
import hmac
import os
import re
import sys
import unittest
import unittest.mock

from cloudformation import ROOT

sys.path.insert(0, str(ROOT / "seed"))
from sigv4 import Signer  # noqa: E402


class SignatureTest(unittest.TestCase):
    def test_a_path_is_signed_as_api_gateway_reads_it(self) -> None:
        keys = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_SESSION_TOKEN": "token"}
        url = "https://x.execute-api.eu-west-1.amazonaws.com/prod/ns_movies/50%2F50%20%C3%A9-2011?limit=1&cursor=a"
        with unittest.mock.patch.dict(os.environ, keys):
            sent = Signer("eu-west-1").headers("PUT", url, {"Content-Type": "application/json"}, '{"cast":[]}')
        scheme, credential, signed, signature = re.fullmatch(
            r"(\S+) Credential=(\S+), SignedHeaders=(\S+), Signature=(\w+)", sent["Authorization"]).groups()
        date = sent["X-Amz-Date"]
        scope = f"{date[:8]}/eu-west-1/execute-api/aws4_request"
        self.assertEqual((scheme, credential), ("AWS4-HMAC-SHA256", f"AKIDEXAMPLE/{scope}"))
        values = {name.lower(): value for name, value in sent.items()} | {"host": "x.execute-api.eu-west-1.amazonaws.com"}
        digest = lambda data: hashlib.sha256(data.encode()).hexdigest()  # noqa: E731
        # Every service but S3 encodes the path as it was sent once more.
        canonical = "\n".join([
            "PUT", "/prod/ns_movies/50%252F50%2520%25C3%25A9-2011", "cursor=a&limit=1",
            *(f"{name}:{values[name]}" for name in signed.split(";")), "", signed, digest('{"cast":[]}'),
        ])
        key = b"AWS4secret"
        for part in scope.split("/"):
            key = hmac.digest(key, part.encode(), "sha256")
        to_sign = "\n".join([scheme, date, scope, digest(canonical)])
        self.assertEqual(signature, hmac.digest(key, to_sign.encode(), "sha256").hex())
