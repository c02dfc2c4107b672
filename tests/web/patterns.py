"""Tries each pattern of the OpenAPI document with the regular expression engines that clients use.

A generated client searches for a pattern, or matches it against the whole text. Each engine must accept every good value and reject
every bad one, also a long one, because some engines limit how often a group repeats.
"""

import json
import re
import subprocess
import sys
from pathlib import Path

import pcre2
import re2

DOCUMENT = Path(__file__).parents[2] / "src/openapi.json"

# The good and the bad values of each component with a pattern.
SAMPLES = {
    "Title": (["x" * 2046, "a " * 1023, " " * 2045 + "x", "x" + " " * 2045, "日" * 682, "🎬", " a b ", "a\n"], ["", " ", " " * 2046]),
    "ImageUrl": (["https://example.org/a.jpg", "HTTP://[::1]:80/é?q=1#f"], ["", "http://", " http://h", "http://h/a b", "ftp://h", "x\nhttp://h"]),
    "Id": (["x" * 2046 + "-1", "-" * 2047 + "1", "a " * 1023 + "-1", "日" * 681 + "-2020", "a\n-9999", "\n-b-10"],
           ["", "-", "1", "x-", "x-0", "x-02020", "x-10000", "x-2020/", "x-２"]),
    "EntityTags": (["*", '""', '"a", W/"b","c,d"', ' , "a" ,, W/"b" , ', '"é"'], ["", "a", '"a", "open', "**", "*, *", ' "']),
    "Cursor": (["AZaz09_-"], ["", " ", "a b", "é", "a\tb"]),
    "IdempotencyKey": (["!~", '"quoted"', "k" * 255], ["", "a b", "é", "a\tb", "k" * 256]),
    "ETag": (['"a"', '"!#~"'], ["", "a", '"a', '""', 'W/"a"', '"a b"', '"é"']),
    "Link": (['<?limit=1&cursor=A_-b>; rel="next"'], ["", '<>; rel="next"', '<a>; rel="prev"', 'x<a>; rel="next"']),
}  # fmt: skip

# Reads pairs of a pattern and texts, and prints for each flag which texts are accepted.
JAVASCRIPT = """
const pairs = JSON.parse(require("fs").readFileSync(0, "utf8"));
const accepts = (flag) => pairs.map(([pattern, texts]) => texts.map((text) => new RegExp(pattern, flag).test(text)));
console.log(JSON.stringify(Object.fromEntries(["", "u", "v"].map((flag) => [`JavaScript/${flag}`, accepts(flag)]))));
"""


def patterns(value, component="", depth=0):
    """Each pattern, with the name of its component."""
    for name, member in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        if name == "pattern" and isinstance(member, str):
            yield component, member
        yield from patterns(member, name if depth == 2 else component, depth + 1)


def main() -> None:
    found = list(patterns(json.loads(DOCUMENT.read_text())))
    assert sorted(name for name, _ in found) == sorted(SAMPLES), f"samples and patterns differ: {found}"
    pairs = [(pattern, [*SAMPLES[name][0], *SAMPLES[name][1]]) for name, pattern in found]
    node = subprocess.run(["node", "-e", JAVASCRIPT], input=json.dumps(pairs), stdout=subprocess.PIPE, text=True, check=True)
    results = json.loads(node.stdout)
    for engine in (re, re2, pcre2):
        for use in ("search", "fullmatch"):
            accepts = [[bool(getattr(engine.compile(pattern), use)(text)) for text in texts] for pattern, texts in pairs]
            results[f"{engine.__name__}.{use}"] = accepts
    expected = [[text in good for text in good + bad] for good, bad in (SAMPLES[name] for name, _ in found)]
    wrong = [f"{engine}: {name} {pairs[at]}: {accepts[at]}" for engine, accepts in results.items()
             for at, (name, _) in enumerate(found) if accepts[at] != expected[at]]  # fmt: skip
    if wrong:
        sys.exit("\n".join(wrong))
    print(f"{len(found)} patterns accept the same values in {', '.join(results)}")


if __name__ == "__main__":
    main()
