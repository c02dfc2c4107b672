"""The list of movies at a URL. Requests are sent again if they fail, and signed if a region is given."""

import contextlib
import threading
from http import client
from typing import Iterator
from urllib.parse import urljoin

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError
from urllib3.util import Retry, parse_url

from terminal import Unusable, printable, say

ATTEMPTS = 6
# Seconds to connect and to respond. API Gateway gives up on a function after 29 s; a local run compiles the service first.
TIMEOUT, FIRST_TIMEOUT = (10, 35), (10, 600)
# Six attempts end within the five minutes that a signature is valid.
LONGEST_PAUSE = 15
# What a request raises: requests does not wrap every error of the libraries below it.
ERRORS = (OSError, HTTPError, client.HTTPException, ValueError)


class Retries(Retry):
    """Retries that end when `stop` is set."""

    stop = threading.Event()

    def sleep(self, response=None) -> None:
        wanted = response and self.get_retry_after(response)
        if self.stop.wait(min(wanted or self.get_backoff_time(), LONGEST_PAUSE)):
            raise requests.RequestException("stopped")


class Api:
    def __init__(self, url: str, region: str | None) -> None:
        self.url, self.session = list_url(url), requests.Session()
        self.session.headers.update({"Accept": "application/json", "User-Agent": "movies-seed"})
        if region:
            # Only where it is needed: botocore takes a while to load.
            from auth import SigV4

            self.session.auth = SigV4(region)
        notice = threading.Timer(2, say, ["Waiting for the API's first response; a local one may be compiling."])
        notice.daemon = True
        notice.start()
        try:
            # Makes sure that movies are at the URL, before thousands are sent to it.
            self.retry(lost=0)
            movies_of(self.send("GET", f"{self.url}?limit=1", FIRST_TIMEOUT))
        except ERRORS as error:
            raise Unusable(f"{self.url} does not respond: {cause(error)}. Check the URL, and that the API runs.") from None
        finally:
            notice.cancel()
        self.retry(lost=ATTEMPTS)

    def retry(self, lost: int) -> None:
        retries = Retries(ATTEMPTS - 1, lost, lost, other=lost, allowed_methods=None, raise_on_status=False)
        retries = retries.new(status_forcelist={429, *range(500, 600)}, backoff_factor=0.25, backoff_jitter=0.25)
        for scheme in ("http://", "https://"):
            self.session.mount(scheme, HTTPAdapter(pool_maxsize=256, max_retries=retries))

    def send(self, method: str, url: str = "", timeout=TIMEOUT, **options) -> requests.Response:
        for attempts_left in reversed(range(ATTEMPTS)):
            try:
                return self.session.request(method, url or self.url, timeout=timeout, allow_redirects=False, **options)
            except requests.exceptions.ChunkedEncodingError:
                # The response broke off in its body. Retry covers only what comes before.
                if not attempts_left:
                    raise

    def pages(self) -> Iterator[dict]:
        """The list of movies, page after page, each as a map from ids to movies."""
        url = f"{self.url}?limit=1000"
        while url:
            page = self.send("GET", url)
            yield movies_of(page)
            url = urljoin(url, page.links["next"]["url"]) if "next" in page.links else None


def movies_of(page: requests.Response) -> dict:
    movies, url = document(page), page.url.partition("?")[0]
    if page.status_code in (401, 403):
        raise Unusable(access_denied(page))
    if page.status_code != 200 or not isinstance(movies, dict) or not all(isinstance(m, dict) for m in movies.values()):
        message = f"{url} is not the list of movies: GET returned {reason(page)}. Check the URL: the API's root, "
        raise Unusable(message + "with its stage if it has one, such as https://example.org/prod")
    return movies


def access_denied(response: requests.Response) -> str:
    message = f"{response.url} refuses access: {reason(response)}. The URL lacks its stage (such as /prod), "
    return message + "or the API wants signed requests: make seed REGION=…, or --sigv4 REGION."


def document(response: requests.Response) -> object:
    with contextlib.suppress(ValueError, RecursionError):
        return response.json()


def reason(response: requests.Response) -> str:
    """The problem's detail, and a line for each bad field."""
    problem = document(response)
    problem = problem if isinstance(problem, dict) else {}
    detail = problem.get("detail") or problem.get("message") or client.responses.get(response.status_code, "")
    detail = f"{detail}".rstrip(".") + (f", to {response.headers['Location']}" if response.is_redirect else "")
    errors = problem.get("errors") if isinstance(problem.get("errors"), list) else []
    lines = [f"    {error.get('pointer')} {error.get('detail')}" for error in errors if isinstance(error, dict)]
    return "\n".join(map(printable, [f"{response.status_code} {detail}", *lines]))


def cause(error: BaseException) -> str:
    """The innermost error: those around it name connection pools and retries."""
    while inner := error.__cause__ or error.__context__ or next(filter(is_error, error.args), None):
        error = inner
    return printable(getattr(error, "strerror", None) or str(error) or type(error).__name__)


def is_error(value: object) -> bool:
    return isinstance(value, BaseException)


def list_url(url: str) -> str:
    """The URL of the list, from that or the API's root, with stage and base path."""
    try:
        parts = parse_url(url.strip())
        if parts.scheme not in ("http", "https") or not parts.host:
            raise ValueError("it must start with http:// or https:// and a host")
        if parts.auth or parts.query is not None or parts.fragment is not None:
            raise ValueError("it must not have a user name, a query or a fragment")
    except ValueError as error:
        raise Unusable(f"{url!r} cannot be used: {printable(error)}. Write it like http://localhost:9000") from None
    path = (parts.path or "").rstrip("/").removesuffix("/ns_movies")
    return parts._replace(path=f"{path}/ns_movies/").url
