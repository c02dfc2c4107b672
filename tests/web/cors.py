#!/usr/bin/env python3
"""Tests CORS in a real browser: pages of allowed origins can use the API.

The browser blocks all requests of pages with other origins, and they change nothing.
"""

import argparse
import json
import secrets
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urljoin, urlsplit
from urllib.request import urlopen

from chromium import launch
from playwright.sync_api import Browser, Error, Page, sync_playwright

SCRIPT = Path(__file__).with_name("cors.js").read_bytes()


class Site(BaseHTTPRequestHandler):
    """Serves a page and the script that it loads."""

    PAGE = b'<!doctype html><link rel="icon" href="data:,"><script src="/cors.js"></script>'

    def do_GET(self) -> None:
        is_script = self.path == "/cors.js"
        self.send_response(200)
        self.send_header("Content-Type", "text/javascript" if is_script else "text/html")
        self.end_headers()
        self.wfile.write(SCRIPT if is_script else self.PAGE)

    def log_message(self, *_) -> None:
        pass


def movies(url: str) -> str:
    with urlopen(urljoin(url, "ns_movies/?limit=1000")) as response:
        return response.read().decode()


def open_page(browser: Browser, origin: str, console: list[str]) -> Page:
    page = browser.new_context().new_page()
    page.on("console", lambda message: console.append(message.text))
    page.goto(f"{origin}/")
    actual = page.evaluate("location.origin")
    assert actual == origin, f"{actual}, not {origin}"
    return page


def expect_allowed(browser: Browser, origin: str, url: str) -> None:
    console: list[str] = []
    title = f"Page 50/50 & more? {secrets.token_hex(4)}"
    try:
        open_page(browser, origin, console).evaluate("([url, title]) => useEveryMethod(url, title)", [url, title])
    except Error as error:
        sys.exit("\n".join([f"{origin}: {error}", *console]))
    print(f"{url} allows {origin}")


def expect_blocked(browser: Browser, origin: str, url: str) -> None:
    console: list[str] = []
    movie = next(iter(json.loads(movies(url))))
    allowed = open_page(browser, origin, console).evaluate("([url, id]) => allowedMethods(url, id)", [url, movie])
    assert not allowed, f"the browser does not block {allowed} from {origin}"
    assert sum("CORS policy" in line for line in console) == 6, console
    print(f"{url} blocks {origin}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url", help="the service's root, with a trailing slash")
    parser.add_argument("--allowed", nargs="*", default=[], help="allowed origins, such as http://app.example.org")
    parser.add_argument("--blocked", nargs="*", default=[], help="origins that the API must block")
    parser.add_argument("--chromium", required=True, help="the path of the browser")
    arguments = parser.parse_args()

    site = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    threading.Thread(target=site.serve_forever, daemon=True).start()
    before = movies(arguments.url)
    with sync_playwright() as playwright:
        # In this browser, every host name except the service's resolves to the site above.
        rules = f"MAP * 127.0.0.1:{site.server_port}, EXCLUDE {urlsplit(arguments.url).hostname}"
        browser = launch(playwright, arguments.chromium, f"--host-resolver-rules={rules}")
        for origin in arguments.allowed:
            expect_allowed(browser, origin, arguments.url)
        for origin in arguments.blocked:
            expect_blocked(browser, origin, arguments.url)
        browser.close()
    after = movies(arguments.url)
    assert after == before, f"{before}\nbecame\n{after}"


if __name__ == "__main__":
    main()
