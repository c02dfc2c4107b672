"""The list of movies at a URL. Requests are sent again if they fail, and signed if a region is given."""

import contextlib
import sys
import threading
from http import client
from urllib.parse import urljoin

import requests
from botocore.exceptions import BotoCoreError
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError
from urllib3.util import Retry, parse_url

ATTEMPTS = 6
# Seconds to connect and to respond. API Gateway gives up on a function after 29 s; a local run compiles the service first.
TIMEOUT, FIRST_TIMEOUT = (10, 35), (10, 600)
# What a request raises: requests does not wrap every error of the libraries below it.
ERRORS = (OSError, HTTPError, client.HTTPException, ValueError, BotoCoreError)


class Retries(Retry):
    """Retries that end when `stop` is set. Six attempts end within the five minutes that a signature is valid."""

    stop = threading.Event()

    def sleep(self, response=None):
        wanted = response and self.get_retry_after(response)
        if self.stop.wait(min(wanted or self.get_backoff_time(), 15)):
            raise requests.RequestException("stopped")


class Api:
    def __init__(self, url, region):
        self.url, self.session = list_url(url), requests.Session()
        self.session.headers.update({"Accept": "application/json", "User-Agent": "movies-seed"})
        retries = Retries(ATTEMPTS - 1, allowed_methods=None, status_forcelist={429, *range(500, 600)}, raise_on_status=False)
        retries.backoff_factor = retries.backoff_jitter = 0.25
        # Makes sure that movies are at the URL, before thousands are sent to it. A server that is not there is not tried again.
        adapter = HTTPAdapter(pool_maxsize=256, max_retries=retries.new(connect=0, read=0, other=0))
        self.session.mount("http://", adapter)
        self.session.mount("https://", adapter)
        try:
            self.session.auth = signer(region) if region else None
            movies_of(self.send("GET", f"{self.url}?limit=1", timeout=FIRST_TIMEOUT))
        except ERRORS as error:
            sys.exit(f"{self.url} does not respond: {cause(error)}. Check the URL, and that the API runs.")
        adapter.max_retries = retries

    def send(self, method, url=None, attempts=ATTEMPTS, **options):
        options = {"timeout": TIMEOUT, "allow_redirects": False, **options}
        try:
            return self.session.request(method, url or self.url, **options)
        except requests.exceptions.ChunkedEncodingError:
            # The response broke off in its body. Retry covers only what comes before.
            if attempts == 1:
                raise
            return self.send(method, url, attempts - 1, **options)

    def pages(self):
        """The list of movies, page after page, each as a map from ids to movies."""
        url = f"{self.url}?limit=1000"
        while url:
            page = self.send("GET", url)
            yield movies_of(page)
            url = urljoin(url, page.links["next"]["url"]) if "next" in page.links else None


def signer(region):
    # Only where it is needed: botocore takes a while to load.
    from auth import SigV4

    try:
        return SigV4(region)
    except BotoCoreError as error:
        sys.exit(f"Requests cannot be signed: {error}. Run aws configure, or set AWS_PROFILE.")


def movies_of(page):
    check_access(page)
    movies = document(page)
    if page.status_code == 200 and movies is not None and all(isinstance(movie, dict) for movie in movies.values()):
        return movies
    message = f"{page.url.partition('?')[0]} is not the list of movies: GET returned {reason(page)}. Check the URL: "
    sys.exit(message + "the API's root, with its stage if it has one, such as https://example.org/prod")


def check_access(response):
    if response.status_code in (401, 403):
        message = f"{response.url} refuses access: {reason(response)}. The URL lacks its stage (such as /prod), "
        sys.exit(message + "or the API wants signed requests: make seed REGION=…, or --sigv4 REGION.")


def document(response):
    """The JSON object in a response, if there is one."""
    with contextlib.suppress(ValueError, RecursionError):
        return found if isinstance(found := response.json(), dict) else None


def reason(response):
    """The status, the problem's detail, and a line for each bad field."""
    problem = document(response) or {}
    detail = problem.get("detail") or problem.get("message") or client.responses.get(response.status_code, "")
    detail = f"{detail}".rstrip(".") + (f", to {response.headers['Location']}" if response.is_redirect else "")
    errors = problem.get("errors") if isinstance(problem.get("errors"), list) else []
    lines = [f"    {error.get('pointer')} {error.get('detail')}" for error in errors if isinstance(error, dict)]
    return "\n".join(map(printable, [f"{response.status_code} {detail}", *lines]))


def cause(error):
    """The innermost error: those around it name connection pools and retries."""
    while inner := error.__cause__ or error.__context__ or next((arg for arg in error.args if isinstance(arg, Exception)), None):
        error = inner
    return printable(getattr(error, "strerror", None) or str(error) or type(error).__name__)


def printable(text):
    """Text that cannot control a terminal."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in str(text))


def list_url(url):
    """The URL of the list, from that or the API's root, with stage and base path."""
    try:
        parts = parse_url(url.strip())
        if parts.scheme not in ("http", "https") or not parts.host:
            raise ValueError("it must start with http:// or https:// and a host")
        if parts.auth or parts.query is not None or parts.fragment is not None:
            raise ValueError("it must not have a user name, a query or a fragment")
    except ValueError as error:
        sys.exit(f"{url!r} cannot be used: {printable(error)}. Write it like http://localhost:9000")
    path = (parts.path or "").rstrip("/").removesuffix("/ns_movies")
    return parts._replace(path=f"{path}/ns_movies/").url
