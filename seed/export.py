#!/usr/bin/env python3
"""Writes all movies of a running or deployed API into a file that seed/load.py can load.

The API lists its movies page by page; each page links to the next one, and the export
follows these links to the end. The file appears when it is complete: until then, and
if the export fails, the file that was there before stays as it is.

What the API does not list is not exported: items of the table that are not movies,
and, behind a load balancer, movies that do not fit into a reply of 1 MB. Export such
an API by another URL. Movies that change meanwhile are written as they were listed.

Messages and progress go to stderr, the summary to stdout, as one line:

  10000 movies written to backup.json in 12.3 s

Exit status: 0 all movies are in the file; 1 the API no longer responds; 2 the file or
the URL cannot be used; 130 interrupted.
"""

import packages  # noqa: F401 - first, since it finds what is imported below
import argparse
import json
import os
import sys
import time
from pathlib import Path
from typing import Iterator, TextIO

import requests
from urllib3.exceptions import HTTPError

from api import Api, cause
from terminal import Unusable, progress, run, say


def write(pages: Iterator[dict], output: TextIO) -> int:
    """Writes one movie a line, and gives their number."""
    count = 0
    with progress() as bar:
        output.write('{"movies_list": [')
        for page in pages:
            for movie in page.values():
                output.write((",\n" if count else "\n") + json.dumps(movie, ensure_ascii=False))
                count += 1
            bar.update(len(page))
        output.write("\n]}\n")
    output.flush()
    os.fsync(output.fileno())
    return count


def export(api: Api, file: Path) -> int:
    """Writes beside the file first, so that it is replaced in one step."""
    part = file.with_name(f".{file.name[:50]}.{os.getpid()}")
    try:
        with part.open("w", encoding="utf-8") as output:
            count = write(api.pages(), output)
        part.replace(file)
        return count
    finally:
        part.unlink(missing_ok=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", required=True, help="the API's root or its list of movies, with the stage if there is one")
    parser.add_argument("--file", type=Path, required=True, help="the file to write; replaces an existing one")
    parser.add_argument("--sigv4", metavar="REGION", help="sign requests, for an API in this region that wants AWS_IAM")
    options = parser.parse_args()
    start = time.monotonic()
    api = Api(options.url, options.sigv4)
    try:
        # A link remains one; the file that it leads to is replaced.
        file = options.file.resolve()
        if file.exists() and not file.is_file():
            raise Unusable(f"{options.file} is not a file. Name one with --file.")
        count = export(api, file)
    except (requests.RequestException, HTTPError) as error:
        say(f"{api.url} no longer responds: {cause(error)}. {options.file} was not changed.")
        return 1
    except (OSError, RuntimeError) as error:
        raise Unusable(f"{options.file} cannot be written: {cause(error)}. Name another file with --file.") from None
    say(f"{count} movies written to {options.file} in {time.monotonic() - start:.1f} s", sys.stdout)
    return 0


if __name__ == "__main__":
    run(main)
