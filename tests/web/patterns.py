#!/usr/bin/env python3
"""Compiles each pattern of the OpenAPI document with the regular expression engines that clients use, and tries it.

Generated clients search for a pattern or match it, in text or in bytes, with or without JavaScript's flags. Each of them must
accept every good value and reject every bad one.
"""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, Callable, Iterator

import pcre2
import re2

DOCUMENT = Path(__file__).parents[2] / "src/openapi.json"

# The good and the bad values of each component with a pattern.
SAMPLES = {
    "Title": (
        # The longest titles, for the engines that limit the number of repetitions.
        ["x" * 2046, "a " * 1023, " " * 2045 + "x", "x" + " " * 2045, "日" * 682]
        + ["Dune", "Amélie", "映画", "🎬", "  Case lead", "a ", " a b ", "a\n", "\na", "a\nb\n", "\u2028a", "\0", "a b c d"],
        ["", " ", " " * 2046],
    ),
    "ImageUrl": (
        ["https://example.org/a.jpg", "http://h", "HTTPS://user:pw@h:65535/x", "http://[::1]:80/x", "http://映画.example/é?q=1#f"],
        ["", "http://", " http://h", "http://h/a b", "x http://h", "ftp://h", "javascript:alert(1)//http://h", "x\nhttp://h"],
    ),
    "Id": (
        # The longest ids, for the engines that limit the number of repetitions.
        ["x" * 2046 + "-1", "-" * 2047 + "1", "a " * 1023 + "-1", " " * 2045 + "x-1", "日" * 681 + "-2020"]
        + ["The Dare-2020", "映画-1", "a\n-9999", "\n-b-10"],
        ["", "-", "1", "x-", "x-0", "x-02020", "x-10000", "x-2020/", "x-２"],
    ),
    "EntityTags": (
        ["*", '"a"', '""', 'W/"a"', '"a", W/"b","c,d"', ' , "a" ,, W/"b" , ', '"a",\t"b"', '"é"'],
        ["", "a", ",", '"a', '"a", "open', "**", "*, *", ' "'],
    ),
    "Cursor": (["AZaz09_-"], ["", " ", "a b", "é", "a\tb"]),
    "IdempotencyKey": (
        ["k", "!~", '"quoted"', "8e03978e-40d5-43dd-bc93-6894a57f9324", "k" * 255],
        ["", " ", "a b", "é", "a\tb", "k" * 256],
    ),
    "ETag": (['"a"', '"!#~"', '"08ce1b9cb1d04a2a"'], ["", "a", '"a', '""', 'W/"a"', '"a b"', '"é"']),
    "Link": (['<?limit=1&cursor=A_-b>; rel="next"'], ["", "<>", '<>; rel="next"', '<a>; rel="prev"', 'x<a>; rel="next"']),
}

# Reads pairs of a pattern and texts. Prints for each way to use a pattern which texts it accepts.
JAVASCRIPT = """
const pairs = JSON.parse(require("fs").readFileSync(0, "utf8"));
const ways = [];
for (const flags of ["", "u", "v"]) {
  for (const whole of [false, true]) {
    const source = (pattern) => (whole ? `^(?:${pattern})$` : pattern);
    const accepted = pairs.map(([pattern, texts]) => texts.map((text) => new RegExp(source(pattern), flags).test(text)));
    ways.push([`JavaScript, flags "${flags}", ${whole ? "whole" : "searched"}`, accepted]);
  }
}
console.log(JSON.stringify(ways));
"""


def patterns(value: Any, owner: str, depth: int = 0) -> Iterator[tuple[str, str]]:
    """Each pattern, with the name of its component."""
    for name, member in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        if name == "pattern" and isinstance(member, str):
            yield owner, member
        yield from patterns(member, str(name) if depth == 2 else owner, depth + 1)


def ways_in_python() -> Iterator[tuple[str, Callable[[str, str], bool]]]:
    """Each engine, and how it uses a pattern on a text."""
    latin1 = re2.Options()
    latin1.encoding = re2.Options.Encoding.LATIN1
    engines = {
        "Python": (re.compile, lambda pattern: re.compile(pattern.encode())),
        "RE2": (re2.compile, lambda pattern: re2.compile(pattern.encode(), latin1)),
        "PCRE2": (pcre2.compile, lambda pattern: pcre2.compile(pattern.encode())),
    }
    for name, (of_text, of_bytes) in engines.items():
        for use in ("search", "match", "fullmatch"):
            yield f"{name}, text, {use}", lambda pattern, text, c=of_text, u=use: bool(getattr(c(pattern), u)(text))
            yield f"{name}, bytes, {use}", lambda pattern, text, c=of_bytes, u=use: bool(getattr(c(pattern), u)(text.encode()))


def result(use: Callable[[str, str], bool], pattern: str, text: str) -> bool | str:
    """Whether the text is accepted, or the engine's error."""
    try:
        return use(pattern, text)
    except Exception as error:
        return str(error)


def main() -> None:
    found = list(patterns(json.loads(DOCUMENT.read_text()), ""))
    assert sorted({owner for owner, _ in found}) == sorted(SAMPLES), f"samples and patterns differ: {found}"
    pairs = [(pattern, [text for texts in SAMPLES[owner] for text in texts]) for owner, pattern in found]
    ways = [(name, [[result(use, pattern, text) for text in texts] for pattern, texts in pairs]) for name, use in ways_in_python()]
    node = subprocess.run(["node", "-e", JAVASCRIPT], input=json.dumps(pairs), capture_output=True, text=True)
    if node.returncode:
        sys.exit(node.stderr)
    ways += json.loads(node.stdout)
    wrong = []
    for name, results in ways:
        for (owner, pattern), (_, texts), accepted in zip(found, pairs, results, strict=True):
            expected = [text in SAMPLES[owner][0] for text in texts]
            different = [(text, a) for text, a, e in zip(texts, accepted, expected, strict=True) if a != e]
            wrong += [f"{name}: {owner} {pattern} on {text[:60]!r}: {what}" for text, what in different]
    if wrong:
        sys.exit("\n".join(wrong))
    print(f"{len(found)} patterns compile in {len(ways)} ways and accept the same values")


if __name__ == "__main__":
    main()
