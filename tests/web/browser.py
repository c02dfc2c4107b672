"""Tests Swagger UI in a real browser: executes every operation and checks the displayed response.

A console message, a failed request, or a request to another server fails the test.
"""

import argparse
import json
from pathlib import Path

from playwright.sync_api import Browser, Page, Playwright, Response, expect, sync_playwright

FIXTURE = json.loads(Path(__file__).parent.with_name("fixture.json").read_text())
SLOW = 30_000
# Root cannot use the sandbox, and a test needs no connections to the internet.
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
             "--disable-component-update", "--disable-sync"]  # fmt: skip


def parser(description: str | None) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("url", help="the service's root, with a trailing slash")
    parser.add_argument("--chromium", required=True, help="the path of the browser")
    return parser


def launch(playwright: Playwright, program: str, *arguments: str) -> Browser:
    return playwright.chromium.launch(executable_path=program, args=[*ARGUMENTS, *arguments])


def new(n: int) -> dict:
    return json.loads(json.dumps(FIXTURE["new"]).replace("{n}", str(n)))


def try_out(page: Page, operation: str, parameters: dict[str, str] | None = None, body: dict | None = None) -> str:
    """Executes an operation with Swagger UI's form, and returns the displayed response."""
    block = page.locator(f"#operations-{operation}")
    block.locator(".opblock-summary-control").click()
    block.locator(".try-out__btn").click()
    for name, value in (parameters or {}).items():
        block.locator(f'tr[data-param-name="{name}"] input').fill(value)
    if body:
        block.locator("textarea.body-param__text").fill(json.dumps(body))
    block.locator("button.execute").click()
    table = block.locator(".live-responses-table")
    expect(table.locator(".response-col_status").nth(1)).to_contain_text("200", timeout=SLOW)
    return table.inner_text()


def use_every_operation(page: Page) -> None:
    example, change = new(1), FIXTURE["change"]
    at = {"id": example["id"]}
    assert example["id"] not in try_out(page, "movies-listMovies", {"limit": "1000"})
    assert example["path"].rpartition("/")[2] in try_out(page, "movies-createMovie", body=example["body"])
    [text] = change.values()
    assert text not in try_out(page, "movies-readMovie", at)
    assert text in try_out(page, "movies-updateMovie", at, change)
    assert text in try_out(page, "movies-patchMovie", at, FIXTURE["other_change"])
    try_out(page, "movies-deleteMovie", at)
    page.locator("#operations-tag-service").click()
    assert "ok" in try_out(page, "service-readHealth")
    assert "3.1" in try_out(page, "service-readOpenApi")


def main() -> None:
    arguments = parser(__doc__).parse_args()
    wrong: list[str] = []
    responses: list[Response] = []
    with sync_playwright() as playwright:
        browser = launch(playwright, arguments.chromium)
        # The size of a phone, then that of a desktop.
        for width, height in [(390, 844), (1280, 900)]:
            page = browser.new_page(viewport={"width": width, "height": height})
            page.on("console", lambda message: wrong.append(f"console {message.type}: {message.text}"))
            page.on("pageerror", lambda error: wrong.append(f"page error: {error}"))
            page.on("requestfailed", lambda request: wrong.append(f"failed: {request.url} {request.failure}"))
            page.on("response", lambda response: responses.append(response))
            page.goto(arguments.url)
            expect(page.locator("#operations-movies-deleteMovie")).to_be_visible(timeout=SLOW)
            groups = page.locator('.opblock-tag[data-is-open="true"]').all()
            assert [group.get_attribute("data-tag") for group in groups] == ["movies"], groups
            overflow = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            assert overflow <= 0, f"{overflow} pixels wider than the window of {width}"
        use_every_operation(page)
        wrong += [f"{each.status} {each.url}" for each in responses if each.status >= 400 or not each.url.startswith(arguments.url)]
        assets = {each.url: each.headers.get("content-encoding") for each in responses if "/swagger-ui/" in each.url}
        browser.close()
    assert not wrong, "\n".join(wrong)
    assert list(assets.values()) == ["gzip"] * 3, assets
    print(f"{arguments.url}: all operations work, {len(assets)} files are compressed, the console is empty")


if __name__ == "__main__":
    main()
