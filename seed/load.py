#!/usr/bin/env python3
"""Loads movies from a file into a running or deployed API. Each movie is sent in one POST, so the API checks it.

  created        the movie is new
  already there  the API has its id; the stored movie does not change, even if it differs
  rejected       the API does not accept it; a message names the movie and its bad fields
  failed         no response, or only 429 and 5xx, in six attempts

Each movie has an Idempotency-Key. If its first response was lost, it still counts as created, unless the API has no table of
keys. To resume an interrupted load, or to send movies that failed, run the same command again.
Exit status: 0 all movies are there; 1 some were rejected or failed; 2 the file or the URL cannot be used; 130 interrupted.
"""

import command  # isort: skip - first, because it finds the packages that are imported below
import json
import sys
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor, as_completed, wait
from pathlib import Path

from tqdm import tqdm

from api import DENIED, ERRORS, Api, cause, explanation, id_of
from command import say

CONCURRENCY = 8
OUTCOMES = CREATED, THERE, REJECTED, FAILED = "created", "already there", "rejected", "failed"


def read_movies(file):
    """Reads {"movies_list": [movie, ...]}. The API checks the fields of each movie."""
    try:
        document = json.loads(file.read_text("utf-8-sig"), object_pairs_hook=unique)
        json.dumps(document, allow_nan=False)  # Python reads NaN and 1e999, but they are not JSON.
        movies = document.get("movies_list") if isinstance(document, dict) else None
        if not isinstance(movies, list) or not all(isinstance(movie, dict) for movie in movies):
            raise ValueError('it must look like {"movies_list": [movie, ...]}, and each movie must be an object')
        numbers = {}
        for number, movie in enumerate(movies, 1):
            id = id_of(movie)
            if id and numbers.setdefault(id, number) != number:
                raise ValueError(f"movies {numbers[id]} and {number} have the same id, {id[:100]!r}")
        return movies
    except OSError as error:
        sys.exit(f"{file} cannot be read: {error.strerror}. Nothing was loaded. Name another file: FILE=… (--file)")
    except (ValueError, RecursionError) as error:
        sys.exit(f"{file} cannot be used: {error}. Nothing was loaded.")


def unique(pairs):
    """Turns pairs into a dict, but rejects a key that occurs twice, as the API does. Python would keep the last value."""
    for key, count in Counter(key for key, _ in pairs).most_common(1):
        if count > 1:
            raise ValueError(f"{key[:100]!r} occurs {count} times in {str(dict(pairs))[:100]}")
    return dict(pairs)


def load(api, movies, outcomes):
    pool, futures = ThreadPoolExecutor(CONCURRENCY), []
    try:
        futures.extend(pool.submit(create, api, number, movie, outcomes) for number, movie in enumerate(movies, 1))
        for future in tqdm(as_completed(futures), total=len(movies), unit=" movies", disable=None, leave=False):
            future.result()
            if outcomes[-CONCURRENCY:] == [FAILED] * CONCURRENCY:
                say("The API no longer responds. The remaining movies were not tried.")
                break
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        # Waits for requests that were already sent, so that their outcomes are counted.
        wait([future for future in futures if not future.cancelled()], timeout=5)


def create(api, number, movie, outcomes):
    try:
        response = api.post(api.url, json=movie, headers={"Idempotency-Key": str(uuid.uuid4())})
        if response.status_code in (400, 413):
            # The movie is invalid, or the API has no table of keys, or the movie is too large for it. Nothing was changed.
            response = api.post(api.url, json=movie)
        status, why = response.status_code, explanation(response)
    except ERRORS as error:
        status, why = 503, cause(error)
    if status in (401, 403):
        sys.exit(f"{api.url} denies access: {why}. {DENIED[api.auth is not None]}")
    outcome = {200: CREATED, 409: THERE}.get(status, FAILED if status == 429 or status >= 500 else REJECTED)
    if outcome in (REJECTED, FAILED):
        say(f"movie {number} ({str(id_of(movie) or movie)[:100]}) {outcome}: {why}")
    outcomes.append(outcome)


def main():
    options = command.options(__doc__, default=Path(__file__).with_name("movies.json"), help="default: %(default)s")
    movies, api, outcomes = read_movies(options.file), Api(options.url, options.sigv4), []
    try:
        load(api, movies, outcomes)
    finally:
        counts = Counter(outcomes)
        summary = [f"{counts[outcome]} {outcome}" for outcome in OUTCOMES]
        say(f"{len(movies)} movies: {', '.join(summary)}, {len(movies) - len(outcomes)} not done", sys.stdout)
    return 0 if counts[CREATED] + counts[THERE] == len(movies) else 1


if __name__ == "__main__":
    command.run(main)
