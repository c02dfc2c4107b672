"""Signs requests with AWS Signature Version 4, for an API whose authorization is AWS_IAM."""

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.exceptions import BotoCoreError
from botocore.session import Session
from requests import PreparedRequest, RequestException
from requests.auth import AuthBase


class SigV4(AuthBase):
    """Signs with the credentials that AWS's own tools find: environment, profile, single sign-on or role."""

    def __init__(self, region: str) -> None:
        self.region = region
        try:
            self.credentials = Session().get_credentials()
        except BotoCoreError as error:
            raise RequestException(f"Requests cannot be signed: {error}") from None
        if self.credentials is None:
            raise RequestException("Requests cannot be signed: run aws configure, or set AWS_PROFILE.")

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        # Only what must be: a proxy, such as CloudFront, may change the other headers.
        headers = {name: value for name, value in request.headers.items() if name == "Content-Type"}
        unsigned = AWSRequest(request.method, request.url, headers, request.body)
        try:
            SigV4Auth(self.credentials.get_frozen_credentials(), "execute-api", self.region).add_auth(unsigned)
        except BotoCoreError as error:
            raise RequestException(f"Requests cannot be signed: {error}") from None
        request.headers.update(dict(unsigned.headers))
        return request
