"""Counts instructions under valgrind. Other load on the machine does not change them."""

from __future__ import annotations

import shutil
from pathlib import Path
from urllib.parse import quote

from events import event
from measurements import check
from sandbox import Sandbox


def instructions(binary: Path, plain: dict[str, str], directory: Path) -> dict:
    """Instructions of a start, and of one warm request (from the difference between many requests and a few)."""
    if not shutil.which("valgrind"):
        raise SystemExit("valgrind is missing: install it (on Debian and Ubuntu, apt-get install valgrind)")

    def count(requests: int, request: bytes) -> int:
        out = directory / "callgrind.out"
        function = Sandbox(binary, plain, ("valgrind", "--quiet", "--tool=callgrind", f"--callgrind-out-file={out}"))
        for _ in range(requests):
            check("movies", function.invoke(request))
        function.process.terminate()
        function.process.wait(60)
        function.close()
        return int(next(line.split()[1] for line in out.read_text().splitlines() if line.startswith(("summary:", "totals:"))))

    get = event("GET", "/ns_movies/" + quote("The Dare-2020"))
    few, many = count(20, get), count(120, get)
    return {"init": count(0, get), "get": (many - few) // 100}
