"""Counts the places of tests/changes/own.patch by folder, and fails if docs/own.md has another table, or if there are more than 160."""

import re
import sys
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PATCH, PAGE = ROOT / "tests/changes/own.patch", ROOT / "docs/own.md"
MAX_PLACES = 160


def folder_of(name):
    first, *rest = Path(name).parts
    return f"{first}/{rest[0]}" if first == "tests" and len(rest) > 1 else first


def main():
    places = Counter()
    for line in PATCH.read_text().splitlines():
        if found := re.match("diff --git a/(.*) b/.*", line):
            folder = folder_of(found[1])
        # A file that is only deleted or renamed is a place, too.
        if line.startswith(("@@ ", "rename to ")):
            places[folder] += 1
    rows = [f"| `{folder}` | {count} |\n" for folder, count in sorted(places.items())]
    table = "".join([*rows, f"| **all** | **{places.total()}** |\n"])
    if table not in PAGE.read_text():
        return f"{PAGE.name} needs this table:\n{table}"
    return f"{places.total()} places are more than {MAX_PLACES}" if places.total() > MAX_PLACES else 0


if __name__ == "__main__":
    sys.exit(main())
