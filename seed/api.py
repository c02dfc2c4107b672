"""A session with the API, which retries requests, and signs them if a region is given."""

import contextlib
import json
import re
import sys
from pathlib import Path

import requests
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.exceptions import BotoCoreError, NoCredentialsError
from botocore.session import Session
from requests.adapters import HTTPAdapter
from urllib3 import Retry
from urllib3.exceptions import HTTPError

# Six attempts of at most 35 s (API Gateway stops after 29 s), with at most 15 s between them, end before a signature expires
# (300 s).
RETRIES = Retry(5, allowed_methods=None, status_forcelist={429, *range(500, 600)}, raise_on_status=False,
                backoff_factor=0.25, backoff_jitter=0.25, retry_after_max=15)  # fmt: skip
# The errors that a request can raise. The package requests does not wrap all errors of the libraries that it uses.
ERRORS = (OSError, ValueError, HTTPError, BotoCoreError)
# What to do about 401 and 403, without and with a region.
DENIED = "If it needs a signature, add the API's region: REGION=… (--sigv4).", "Check the credentials and REGION."

DOCUMENT = json.loads((Path(__file__).parents[1] / "src/openapi.json").read_text("utf-8"))
SCHEMAS = DOCUMENT["components"]["schemas"]
# How the fields of a movie form its id. In the expression of a link, the field NAME is `{$response.body#/NAME}`.
ID = DOCUMENT["paths"]["/ns_movies/"]["post"]["responses"]["200"]["links"]["read"]["parameters"]["id"]
ID_PARTS = re.split(r"{\$response\.body#/(\w+)}", ID)
ID_FIELDS = ID_PARTS[1::2]
ID_SCHEMA = DOCUMENT["components"]["parameters"]["Id"]["schema"]


class SigV4(requests.auth.AuthBase):
    """Signs requests, for an API with the authorization AWS_IAM. Finds the credentials as AWS's own tools do."""

    def __init__(self, region):
        self.region, self.credentials = region, Session().get_credentials()
        if self.credentials is None:
            raise NoCredentialsError

    def __call__(self, request):
        # Signs only this header, because a proxy, such as CloudFront, may change the others.
        headers = {name: value for name, value in request.headers.items() if name == "Content-Type"}
        unsigned = AWSRequest(request.method, request.url, headers, request.body)
        SigV4Auth(self.credentials.get_frozen_credentials(), "execute-api", self.region).add_auth(unsigned)
        request.headers.update(dict(unsigned.headers))
        return request


class Api(requests.Session):
    def __init__(self, url, region):
        """Checks that the URL leads to the list of movies, before thousands of movies are sent to it."""
        super().__init__()
        if "://" not in url:
            sys.exit(f"{url} is not a URL, because its scheme is missing: write http://{url}")
        self.url = url.strip().rstrip("/").removesuffix("/ns_movies") + "/ns_movies/"
        try:
            self.auth = SigV4(region) if region else None
            page = self.get(f"{self.url}?limit=1", timeout=(10, 600))  # A local run compiles the service first.
        except ERRORS as error:
            sys.exit(f"{self.url} cannot be used: {cause(error)}. {'REGION needs credentials.' if region else 'Check that the API runs there.'}")
        if page.status_code in (401, 403):
            sys.exit(f"{page.url} denies access: {explanation(page)}. {DENIED[bool(region)]}")
        movies_of(page)
        for scheme in ("http://", "https://"):
            self.mount(scheme, HTTPAdapter(max_retries=RETRIES))

    def request(self, method, url, **options):
        options = {"timeout": (10, 35), **options, "allow_redirects": False}
        # Retry does not cover a response whose body is cut off.
        with contextlib.suppress(requests.exceptions.ChunkedEncodingError):
            return super().request(method, url, **options)
        return super().request(method, url, **options)


def movies_of(page):
    """The movies by id on a page of the list."""
    with contextlib.suppress(ValueError, RecursionError, AttributeError):
        if page.status_code == 200 and all(isinstance(movie, dict) for movie in page.json().values()):
            return page.json()
    sys.exit(f"{page.url} is not the list of movies: {page.status_code} {page.reason}. Check the URL, and its stage, such as /prod.")


def explanation(response):
    """The status, and what a problem (RFC 9457) says: its invalid fields, or its detail."""
    text = response.text
    with contextlib.suppress(ValueError, RecursionError, AttributeError, TypeError, KeyError):
        problem = response.json()
        fields = [f"{error['pointer'].removeprefix('/')}: {error['detail']}" for error in problem.get("errors", [])]
        text = "; ".join(fields) or str(problem["detail"])
    return f"{response.status_code} {text[:1000]}"


def id_of(movie):
    """The movie's id, or None if the API does not accept the fields that form it."""
    parts = [*ID_PARTS]
    parts[1::2] = (text_of(name, movie.get(name)) for name in ID_FIELDS)
    id = None if None in parts else "".join(parts)
    fits = id and ID_SCHEMA["minLength"] <= len(id) and len(id.encode()) <= ID_SCHEMA["maxLength"]
    return id if fits and re.search(ID_SCHEMA["pattern"], id) else None


def text_of(name, value):
    """The text of a field in an id, or None if its value is invalid. To the API, 2020 and 2020.0 are the same number."""
    schema = SCHEMAS["Movie"]["properties"][name]
    schema = SCHEMAS.get(schema.get("$ref", "").rpartition("/")[2], schema)
    if schema["type"] == "integer":
        return str(int(value)) if type(value) in (int, float) and value == int(value) else None
    # JSON can contain half of a surrogate pair, which is not a character.
    is_text = isinstance(value, str) and value.strip() and not re.search("[\ud800-\udfff]", value)
    return value if is_text else None


def cause(error):
    """Returns the innermost error. The outer errors only describe connection pools and retries."""
    while inner := error.__cause__ or error.__context__ or next((arg for arg in error.args if isinstance(arg, Exception)), None):
        error = inner
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
