#!/usr/bin/env python3
"""Loads movies from a file into a running or deployed API. Each movie is a POST of its own, so the API checks it.

  created        the movie is new
  already there  its id exists, in the API or earlier in the file; the stored movie stays as it is, even if it differs
  refused        the API does not accept it; the movie and its bad fields are named
  failed         no response, or none but 429 and 5xx, in six attempts

Requests are sent again later and later, or when Retry-After says. Each movie has an Idempotency-Key, so one whose first
response was lost counts as created. An API that ignores the key makes it count as already there.

To resume a load that was interrupted, or to send what failed, run it again. If the first movie is there already, movies
that the API lists unchanged are not sent again.

Exit status: 0 all movies are there; 1 some were refused or failed; 2 the file or the URL cannot be used; 130 interrupted.
"""

import command  # isort: skip - first, since it finds the packages that are imported below
import contextlib
import itertools
import json
import sys
import time
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor, as_completed, wait
from pathlib import Path

from api import ERRORS, Api, Retries, cause, check_access, reason
from command import say
from seed_file import name, read_movies

OUTCOMES = CREATED, THERE, REFUSED, FAILED = "created", "already there", "refused", "failed"


def load(api, movies, concurrency, outcomes):
    """Sends movies, several at once. `outcomes` gets what became of each."""
    with command.progress(len(movies)) as bar:
        first, *rest = [*enumerate(movies, 1)] or [()]
        # The first movie tells whether a load is resumed.
        send(api, [first] if first else [], concurrency, outcomes, bar)
        known = listed(api, movies) if THERE in outcomes else set()
        missing = [(number, movie) for number, movie in rest if fingerprint(movie) not in known]
        outcomes.extend([THERE] * (len(rest) - len(missing)))
        bar.update(len(rest) - len(missing))
        send(api, missing, concurrency, outcomes, bar)


def send(api, movies, concurrency, outcomes, bar):
    pool, futures, many = ThreadPoolExecutor(concurrency), [], max(3, concurrency)
    try:
        futures.extend(pool.submit(create, api, number, movie, outcomes) for number, movie in movies)
        for future in as_completed(futures):
            future.result()
            bar.update()
            # One movie may bring the API down; so many in a row, and it is down for all of them.
            if outcomes[-many:] == [FAILED] * many:
                say("The API no longer responds. The remaining movies were not tried.")
                Retries.stop.set()
                break
    except BaseException:
        Retries.stop.set()
        raise
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        # What is on its way arrives, and is counted.
        wait([future for future in futures if not future.cancelled()], timeout=5)


def create(api, number, movie, outcomes):
    """What became of a movie is not known if the load stops before that."""
    try:
        response = api.send("POST", json=movie, headers={"Idempotency-Key": str(uuid.uuid4())})
        failure = reason(response)
    except ERRORS as error:
        response, failure = None, cause(error)
    if response is None or response.status_code == 429 or response.status_code >= 500:
        if Retries.stop.is_set():
            return
        outcome = FAILED
    else:
        check_access(response)
        outcome = {200: CREATED, 201: CREATED, 409: THERE}.get(response.status_code, REFUSED)
    if outcome in (FAILED, REFUSED):
        say(f"{name(number, movie)} {outcome}: {failure}")
    outcomes.append(outcome)


def listed(api, movies):
    """Movies that the API lists as the file has them. The API decides about all others."""
    wanted, found = set(map(fingerprint, movies)), set()
    with contextlib.suppress(SystemExit, *ERRORS):
        # Where thousands of others are listed too, sending is faster.
        for page in itertools.islice(api.pages(), len(movies) // 100):
            found |= wanted.intersection(map(fingerprint, page.values()))
            if found == wanted:
                break
    return found


def fingerprint(movie):
    return json.dumps(movie, sort_keys=True)


def main():
    parser = command.options(__doc__, default=Path(__file__).with_name("movies.json"), help="default: %(default)s")
    parser.add_argument("--concurrency", type=int, default=8, metavar="N", help="requests at a time, 1 to 256, default 8")
    options = parser.parse_args()
    if not 1 <= options.concurrency <= 256:
        parser.error("--concurrency must be from 1 to 256")
    movies, outcomes, stopped = read_movies(options.file), [], None
    api, start = Api(options.url, options.sigv4), time.monotonic()
    try:
        load(api, movies, options.concurrency, outcomes)
    except (KeyboardInterrupt, SystemExit) as error:
        stopped = error
    counts, not_done = Counter(outcomes), len(movies) - len(outcomes)
    summary = [f"{counts[outcome]} {outcome}" for outcome in OUTCOMES] + ([f"{not_done} not done"] if not_done else [])
    say(f"{len(movies)} movies: {', '.join(summary)} in {time.monotonic() - start:.1f} s", sys.stdout)
    if isinstance(stopped, KeyboardInterrupt):
        say("Interrupted. Running it again resumes: what is there is left alone.")
        return 130
    if stopped:
        raise stopped
    if counts[FAILED]:
        say("Running it again sends what is missing.")
    return 0 if counts[CREATED] + counts[THERE] == len(movies) else 1


if __name__ == "__main__":
    command.run(main)
