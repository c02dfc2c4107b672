#!/usr/bin/env python3
"""Tests Swagger UI in a real browser: executes every operation and checks the displayed response.

A console message, a failed request, or a request to another server fails the test.
"""

import argparse
import gzip
import json
import secrets
import sys
from pathlib import Path
from urllib.parse import quote, urljoin
from urllib.request import Request, urlopen

from chromium import launch
from playwright.sync_api import Page, expect, sync_playwright

SLOW = 30_000


def try_out(page: Page, operation: str, status: str, parameters: dict[str, str] | None = None, body: str = "") -> str:
    """Executes an operation with Swagger UI's form, and returns the displayed response."""
    block = page.locator(f"#operations-{operation}")
    block.locator(".opblock-summary-control").click()
    block.locator(".try-out__btn").click()
    for name, value in (parameters or {}).items():
        block.locator(f'tr[data-param-name="{name}"] input').fill(value)
    if body:
        block.locator("textarea.body-param__text").fill(body)
    block.locator("button.execute").click()
    table = block.locator(".live-responses-table")
    expect(table.locator(".response-col_status").nth(1)).to_contain_text(status, timeout=SLOW)
    return table.inner_text()


def use_every_operation(page: Page, screenshots: Path | None, label: str) -> None:
    title = f"UI 50/50 & more? {secrets.token_hex(4)}"
    movie = {"title": title, "year": 2011, "cast": ["Ann"], "image": "https://example.org/a.jpg", "description": "ü"}
    old, new = f"{title}-2011", f"{title}-2012"
    assert "The Dare-2020" in try_out(page, "movies-listMovies", "200", {"limit": "1000"})
    assert title in try_out(page, "movies-createMovie", "200", body=json.dumps(movie))
    if screenshots:
        page.locator("#operations-movies-createMovie").screenshot(path=screenshots / f"{label}-operation.png")
    assert "Ann" in try_out(page, "movies-readMovie", "200", {"id": old})
    changed = try_out(page, "movies-updateMovie", "200", {"id": old}, '{"description":"Seen twice."}')
    assert "Seen twice." in changed
    renamed = try_out(page, "movies-patchMovie", "200", {"id": old}, '{"year":2012}')
    assert quote(new, safe="-._~") in renamed, renamed
    try_out(page, "movies-deleteMovie", "200", {"id": new})
    page.locator("#operations-tag-service").click()
    assert "ok" in try_out(page, "service-readHealth", "200")
    assert "3.1" in try_out(page, "service-readOpenApi", "200")


def check_assets(url: str, assets: list[str]) -> None:
    """The files are gzip, whatever a client accepts."""
    assert len(assets) == 3, assets
    for asset in assets:
        for accepted in ["*", "identity"]:
            with urlopen(Request(asset, headers={"Accept-Encoding": accepted})) as response:
                assert response.headers["Content-Encoding"] == "gzip", asset
                assert "immutable" in response.headers["Cache-Control"], asset
                assert gzip.decompress(response.read()), asset
    with urlopen(urljoin(url, "swagger.json")) as response:
        assert json.load(response)["openapi"].startswith("3.1")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url", help="the service's root, with a trailing slash")
    parser.add_argument("--chromium", required=True, help="the path of the browser")
    parser.add_argument("--screenshots", type=Path, help="a directory for screenshots")
    arguments = parser.parse_args()
    wrong: list[str] = []
    assets: set[str] = set()

    def check_response(response) -> None:
        if not response.url.startswith(arguments.url):
            wrong.append(f"a request to another server: {response.url}")
        if response.status >= 400:
            wrong.append(f"{response.status} {response.url}")
        if "/swagger-ui/" in response.url:
            assets.add(response.url)
            if response.headers.get("content-encoding") != "gzip":
                wrong.append(f"not compressed: {response.url}")

    with sync_playwright() as playwright:
        browser = launch(playwright, arguments.chromium)
        for label, width, height in [("desktop", 1280, 900), ("phone", 390, 844)]:
            page = browser.new_page(viewport={"width": width, "height": height})
            page.on("console", lambda message: wrong.append(f"console {message.type}: {message.text}"))
            page.on("pageerror", lambda error: wrong.append(f"page error: {error}"))
            page.on("requestfailed", lambda request: wrong.append(f"failed: {request.url} {request.failure}"))
            page.on("response", check_response)
            page.goto(arguments.url)
            expect(page.locator("#operations-movies-deleteMovie")).to_be_visible(timeout=SLOW)
            groups = page.locator('.opblock-tag[data-is-open="true"]').all()
            assert [group.get_attribute("data-tag") for group in groups] == ["movies"], groups
            if arguments.screenshots:
                page.screenshot(path=arguments.screenshots / f"{label}.png")
            overflow = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            if overflow > 0:
                wrong.append(f"{label}: {overflow} pixels wider than the window")
            use_every_operation(page, arguments.screenshots, label)
            page.close()
        browser.close()
    check_assets(arguments.url, sorted(assets))
    if wrong:
        sys.exit("\n".join(wrong))
    print(f"{arguments.url}: all operations work, {len(assets)} files are compressed, the console is empty")


if __name__ == "__main__":
    main()
