"""Signs requests with AWS Signature Version 4, for an API whose authorization is AWS_IAM."""

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.exceptions import NoCredentialsError
from botocore.session import Session
from requests.auth import AuthBase


class SigV4(AuthBase):
    """Signs with the credentials that AWS's own tools find: environment, profile, single sign-on or role."""

    def __init__(self, region):
        self.region, self.credentials = region, Session().get_credentials()
        if self.credentials is None:
            raise NoCredentialsError

    def __call__(self, request):
        # Only what must be: a proxy, such as CloudFront, may change the other headers.
        headers = {name: value for name, value in request.headers.items() if name == "Content-Type"}
        unsigned = AWSRequest(request.method, request.url, headers, request.body)
        SigV4Auth(self.credentials.get_frozen_credentials(), "execute-api", self.region).add_auth(unsigned)
        request.headers.update(dict(unsigned.headers))
        return request
