"""How the tests start Chromium: without a sandbox, which root may not use, and without calls to the network."""

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
