#!/usr/bin/env python3
"""Loads movies from a file into a running or deployed API, through the API.

The file looks like seed/movies.json: {"movies_list": [movie, ...]}. Each movie is
sent in a POST of its own, so the API checks it like any client's:

  created        the movie is new
  already there  its id exists, in the API or earlier in the file; the stored movie
                 stays as it is, even if it differs
  refused        the API does not accept it; the movie and its bad fields are named
  failed         no response, or none but 429 and 5xx, in six attempts

Requests are sent again later and later, or when Retry-After says. Each movie has an
Idempotency-Key, so one whose first response was lost counts as created. An API that
ignores the key makes it count as already there.

To resume a load that was interrupted, or to send what failed, run it again. If the
first movie is there already, movies that the API lists unchanged are not sent again.

Messages and progress go to stderr, the summary to stdout, as one line:

  10000 movies: 9998 created, 2 already there, 0 refused, 0 failed in 12.3 s

Exit status: 0 all movies are there; 1 some were refused or failed; 2 the file or the
URL cannot be used; 130 interrupted.
"""

import packages  # noqa: F401 - first, since it finds what is imported below
import argparse
import contextlib
import itertools
import json
import sys
import time
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor, as_completed, wait
from pathlib import Path

from api import ERRORS, Api, Retries, access_denied, cause, reason
from seed_file import name, read_movies
from terminal import Unusable, progress, run, say

OUTCOMES = CREATED, THERE, REFUSED, FAILED = "created", "already there", "refused", "failed"


class Load:
    """Movies on their way, several at once."""

    def __init__(self, api: Api, movies: list, concurrency: int) -> None:
        self.api, self.movies, self.concurrency = api, movies, concurrency
        self.start, self.counts = time.monotonic(), Counter()

    def run(self) -> None:
        with progress(len(self.movies)) as self.bar:
            first, *rest = [*enumerate(self.movies, 1)] or [()]
            # The first movie tells whether a load is resumed.
            self.send([first] if first else [])
            known = self.listed() if self.counts[THERE] else set()
            missing = [(number, movie) for number, movie in rest if fingerprint(movie) not in known]
            self.counts[THERE] += len(rest) - len(missing)
            self.bar.update(len(rest) - len(missing))
            self.send(missing)

    def send(self, movies: list) -> None:
        pool = ThreadPoolExecutor(self.concurrency)
        futures, failed_in_a_row = [], 0
        try:
            futures.extend(pool.submit(self.create, number, movie) for number, movie in movies)
            for future in as_completed(futures):
                self.bar.update()
                failed_in_a_row = failed_in_a_row + 1 if future.result() == FAILED else 0
                # One movie may bring the API down; so many in a row, and it is down for all of them.
                if failed_in_a_row == max(3, self.concurrency):
                    say("The API no longer responds. The remaining movies were not tried.")
                    Retries.stop.set()
                    break
        except BaseException:
            Retries.stop.set()
            raise
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
            # What is on its way arrives, and is counted.
            done = wait([future for future in futures if not future.cancelled()], timeout=5).done
            self.counts.update(future.result() for future in done if not future.exception())

    def create(self, number: int, movie: object) -> str | None:
        """What became of a movie; `None` if the load stopped before that was known."""
        try:
            response = self.api.send("POST", json=movie, headers={"Idempotency-Key": str(uuid.uuid4())})
            failure = reason(response)
        except ERRORS as error:
            response, failure = None, cause(error)
        if response is None or response.status_code == 429 or response.status_code >= 500:
            if Retries.stop.is_set():
                return None
            say(f"{name(number, movie)} failed: {failure}")
            return FAILED
        if response.status_code in (200, 201):
            return CREATED
        if response.status_code == 409:
            return THERE
        if response.status_code in (401, 403):
            raise Unusable(access_denied(response))
        say(f"{name(number, movie)} refused: {failure}")
        return REFUSED

    def listed(self) -> set[str]:
        """Movies that the API lists as the file has them. The API decides about all others."""
        wanted, listed = set(map(fingerprint, self.movies)), set()
        with contextlib.suppress(Unusable, *ERRORS):
            # Where thousands of others are listed too, sending is faster.
            for page in itertools.islice(self.api.pages(), len(self.movies) // 100):
                listed |= wanted.intersection(map(fingerprint, page.values()))
                if listed == wanted:
                    break
        return listed

    def summary(self) -> str:
        outcomes = [f"{self.counts[outcome]} {outcome}" for outcome in OUTCOMES]
        if not_done := len(self.movies) - sum(self.counts[outcome] for outcome in OUTCOMES):
            outcomes.append(f"{not_done} not done")
        return f"{len(self.movies)} movies: {', '.join(outcomes)} in {time.monotonic() - self.start:.1f} s"


def fingerprint(movie: object) -> str:
    return json.dumps(movie, sort_keys=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", required=True, help="the API's root or its list of movies, with the stage if there is one")
    parser.add_argument("--file", type=Path, default=Path(__file__).with_name("movies.json"), help="default: %(default)s")
    parser.add_argument("--sigv4", metavar="REGION", help="sign requests, for an API in this region that wants AWS_IAM")
    parser.add_argument("--concurrency", type=int, default=8, metavar="N", help="requests at a time, 1 to 256, default 8")
    options = parser.parse_args()
    if not 1 <= options.concurrency <= 256:
        parser.error("--concurrency must be from 1 to 256")
    movies = read_movies(options.file)
    load = Load(Api(options.url, options.sigv4), movies, options.concurrency)
    stopped = None
    try:
        load.run()
    except (KeyboardInterrupt, Unusable) as error:
        stopped = error
    say(load.summary(), sys.stdout)
    if isinstance(stopped, KeyboardInterrupt):
        say("Interrupted. Running it again resumes: what is there is left alone.")
        return 130
    if stopped:
        raise stopped
    if load.counts[FAILED]:
        say("Running it again sends what is missing.")
    return 0 if load.counts[CREATED] + load.counts[THERE] == len(load.movies) else 1


if __name__ == "__main__":
    run(main)
