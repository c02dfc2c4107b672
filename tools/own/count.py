"""Counts the places of tests/changes/own.patch by folder and step, and fails if docs/own.md has another table, or if there are more than 160."""

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


def places(patch):
    """How many hunks each folder has in each step. A file that is only deleted or renamed is a place, too."""
    found = Counter()
    step = folder = ""
    for line in patch.splitlines():
        if subject := re.match(r"Subject: \[PATCH \d/\d\] (\d)\. ", line):
            step = subject[1]
        elif file := re.match("diff --git a/(.*) b/.*", line):
            folder = folder_of(file[1])
        elif line.startswith(("@@ ", "rename to ")):
            found[folder, step] += 1
    return found


def main():
    found = places(PATCH.read_text())
    steps = sorted({step for _, step in found})

    def row(name, folders):
        counts = [sum(found[folder, step] for folder in folders) for step in steps]
        return f"| {name} | {' | '.join(str(count or '') for count in counts)} | {sum(counts)} |\n"

    folders = sorted({folder for folder, _ in found})
    head = f"| folder | {' | '.join(f'step {step}' for step in steps)} | all |\n|{' --- |' * (len(steps) + 2)}\n"
    table = "".join([head, *(row(f"`{folder}`", [folder]) for folder in folders), row("**all**", folders)])
    if table not in PAGE.read_text():
        return f"{PAGE.name} needs this table:\n{table}"
    return f"{found.total()} places are more than {MAX_PLACES}" if found.total() > MAX_PLACES else 0


if __name__ == "__main__":
    sys.exit(main())
