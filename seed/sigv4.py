"""Signs requests to an API that wants them signed: `WriteAuthorization` AWS_IAM (AWS Signature Version 4).

Credentials come from where AWS's own tools look for them: the environment, profiles, single sign-on, roles. That takes
botocore, which `make` has among its tools; elsewhere, `pip install botocore`.
"""

from __future__ import annotations


class NoCredentials(Exception):
    """Requests cannot be signed: what is missing."""


class Signer:
    """Signs as whoever AWS's own tools would act for, in one region."""

    def __init__(self, region: str) -> None:
        try:
            import botocore.session
        except ImportError:
            raise NoCredentials("Signing needs botocore: run it by make, or pip install botocore.") from None
        self.credentials = botocore.session.Session().get_credentials()
        self.region = region
        if self.credentials is None:
            raise NoCredentials("There are no AWS credentials: run aws configure, or set AWS_PROFILE.")

    def headers(self, method: str, url: str, headers: dict[str, str], body: str | bytes | None) -> dict[str, str]:
        """The headers with which the request is to be sent. `url` is as it goes out, percent-encoded once."""
        from botocore.auth import SigV4Auth
        from botocore.awsrequest import AWSRequest

        request = AWSRequest(method=method, url=url, headers=headers, data=body)
        SigV4Auth(self.credentials.get_frozen_credentials(), "execute-api", self.region).add_auth(request)
        return dict(request.headers)
