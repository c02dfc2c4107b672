"""Starts Chromium for the tests: without a sandbox, because root cannot use it, and without connections to the internet."""

from playwright.sync_api import Browser, Playwright

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def launch(playwright: Playwright, program: str, *arguments: str) -> Browser:
    return playwright.chromium.launch(executable_path=program, args=[*ARGUMENTS, *arguments])
