#!/usr/bin/env python3
"""Writes all movies of a running or deployed API into a file that seed/load.py can load.

The API lists its movies page by page; each page links to the next one, and the export
follows these links to the end. The file appears when it is complete: until then, and
if the export fails, the file that was there before stays as it is.

What the API does not list is not exported: items of the table that are not movies.
Behind a load balancer, the export fails at a movie that does not fit into a reply of
1 MB. Export such an API by another URL. Movies that change meanwhile are written as they were listed.

Exit status: 0 all movies are in the file; 1 the API no longer responds; 2 the file or
the URL cannot be used; 130 interrupted.
"""

import command  # isort: skip - first, because it finds the packages that are imported below
import json
import os
import sys
import time
from urllib.parse import urljoin

import requests
from tqdm import tqdm
from urllib3.exceptions import HTTPError

from api import Api, cause, movies_of
from command import say


def pages(api):
    """The list of movies, page by page. Each page is a map from ids to movies."""
    url = f"{api.url}?limit=1000"
    while url:
        page = api.get(url)
        yield movies_of(page)
        url = urljoin(url, page.links["next"]["url"]) if "next" in page.links else None


def write(pages, output):
    """Writes one movie per line. Returns the number of movies."""
    count = 0
    with tqdm(unit=" movies", disable=None, leave=False) as bar:
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


def export(api, file):
    """Writes to a temporary file in the same directory, which then replaces the file in one step."""
    part = file.with_name(f".{file.name[:50]}.{os.getpid()}")
    try:
        with part.open("w", encoding="utf-8") as output:
            count = write(pages(api), output)
        part.replace(file)
        return count
    finally:
        part.unlink(missing_ok=True)


def main():
    options = command.options(__doc__, required=True, help="the file to write; replaces an existing one")
    sys.stdout.reconfigure(errors="backslashreplace")
    api, start = Api(options.url, options.sigv4), time.monotonic()
    try:
        # Replaces the file that a symbolic link leads to, not the link.
        file = options.file.resolve()
        if file.exists() and not file.is_file():
            sys.exit(f"{options.file} is not a file. Name another one: FILE=… (--file)")
        count = export(api, file)
    except (requests.RequestException, HTTPError) as error:
        say(f"{api.url} no longer responds: {cause(error)}. {options.file} was not changed.")
        return 1
    except (OSError, RuntimeError) as error:
        sys.exit(f"{options.file} cannot be written: {cause(error)}. Name another one: FILE=… (--file)")
    say(f"{count} movies written to {options.file} in {time.monotonic() - start:.1f} s", sys.stdout)
    return 0


if __name__ == "__main__":
    command.run(main)
