"""Tests CORS in a real browser: pages of allowed origins can use the API.

The browser blocks all requests of pages with other origins, and they change nothing.
"""

import json
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote, urljoin, urlsplit
from urllib.request import urlopen

from browser import FIXTURE, launch, new, parser
from playwright.sync_api import Browser, sync_playwright

COLLECTION = FIXTURE["collection"].lstrip("/")
SEND = Path(__file__).with_name("cors.js").read_text()


class Origin:
    """A page of an origin, which sends requests to the API."""

    def __init__(self, browser: Browser, origin: str, url: str) -> None:
        self.url, self.console = url, []
        self.page = browser.new_context().new_page()
        self.page.on("console", lambda message: self.console.append(message.text))
        self.page.goto(f"{origin}/")
        assert self.page.evaluate("location.origin") == origin

    def send(self, method: str, path: str, body: dict | None = None, **headers: str) -> dict | None:
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.page.evaluate(SEND, {"url": urljoin(self.url, path), "method": method, "body": body, "headers": headers})

    def gets(self, status: int, *request, **headers: str) -> dict:
        response = self.send(*request, **headers)
        assert response and response["status"] == status, f"{request}: {response}, {self.console}"
        return response


def use_every_method(page: Origin) -> None:
    example = new(1)
    created = page.gets(200, "POST", COLLECTION, example["body"])
    own, etag = created["location"], created["etag"]
    read = page.gets(200, "GET", own)
    assert (read["body"], read["etag"]) == (example["body"], etag)
    page.gets(304, "GET", own, If_None_Match=etag)
    page.gets(200, "HEAD", own)
    first = page.gets(200, "GET", f"{COLLECTION}?limit=1")
    assert len(first["body"]) == 1 and page.gets(200, "GET", first["next"])["body"].keys() != first["body"].keys()
    changed = page.gets(200, "PUT", own, FIXTURE["change"], If_Match=etag)
    page.gets(412, "PUT", own, FIXTURE["other_change"], If_Match=etag)
    patched = page.gets(200, "PATCH", own, FIXTURE["other_change"], If_Match=changed["etag"], Content_Type="application/merge-patch+json")
    assert patched["body"] == example["body"] | FIXTURE["change"] | FIXTURE["other_change"]
    page.gets(200, "DELETE", own, If_Match=patched["etag"])
    page.gets(404, "GET", own)


def expect_blocked(page: Origin, stored: str) -> None:
    requests = [("GET", COLLECTION), ("HEAD", stored), ("POST", COLLECTION, new(2)["body"]),
                *((method, stored, FIXTURE["change"]) for method in ("PUT", "PATCH")), ("DELETE", stored)]  # fmt: skip
    allowed = [request for request in requests if page.send(*request)]
    assert not allowed, f"the browser does not block {allowed}"
    assert sum("CORS policy" in line for line in page.console) == len(requests), page.console


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--allowed", nargs="*", default=[], help="allowed origins, such as http://app.example.org")
    options.add_argument("--blocked", nargs="*", default=[], help="origins that the API must block")
    arguments = options.parse_args()

    def movies() -> str:
        with urlopen(urljoin(arguments.url, f"{COLLECTION}?limit=1000")) as response:
            return response.read().decode()

    # Any page does, because only its origin counts.
    site = ThreadingHTTPServer(("127.0.0.1", 0), partial(SimpleHTTPRequestHandler, directory=Path(__file__).parent))
    threading.Thread(target=site.serve_forever, daemon=True).start()
    before = movies()
    with sync_playwright() as playwright:
        # In this browser, every host name except the service's resolves to the site above.
        rules = f"MAP * 127.0.0.1:{site.server_port}, EXCLUDE {urlsplit(arguments.url).hostname}"
        browser = launch(playwright, arguments.chromium, f"--host-resolver-rules={rules}")
        for origin in arguments.allowed:
            use_every_method(Origin(browser, origin, arguments.url))
        for origin in arguments.blocked:
            expect_blocked(Origin(browser, origin, arguments.url), COLLECTION + quote(next(iter(json.loads(before)))))
        browser.close()
    assert movies() == before, f"{before}\nhas changed"
    print(f"{arguments.url} allows {arguments.allowed} and blocks {arguments.blocked}")


if __name__ == "__main__":
    main()
