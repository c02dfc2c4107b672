#!/usr/bin/env python3
"""Loads movies from a file into a running or deployed API, through the API.

The file has the shape of seed/movies.json: {"movies_list": [movie, ...]}. Each
movie is created by a POST of its own, so the API checks it as any client's.

  created        the movie is new
  already there  its id exists, in the API or earlier in the file; what is there
                 is left alone, even where it differs
  refused        the API does not take it; the movie and its bad fields are named
  failed         no answer after several tries

Since movies that exist are left alone, running it again resumes a load that was
interrupted, and sends what has failed. Of a long file, once its first movie turns
out to be there, movies that the API lists unchanged are not sent again. No
answer, 429 and 5xx are tried again, later and later, or when the API's
Retry-After says; a movie whose first answer was lost on the way then counts as
already there.

Messages and progress go to stderr, the summary to stdout, as one line:

  10000 movies: 9998 created, 2 already there, 0 refused, 0 failed in 12.3 s

Exit status: 0 all movies are there now; 1 some were refused or failed; 2 the
file or the URL cannot be used; 130 interrupted.
"""

from __future__ import annotations

import argparse
import http.client
import itertools
import json
import random
import re
import sys
import threading
import time
from collections import Counter
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, Callable, Iterator, NamedTuple
from urllib.parse import quote, urlsplit

from sigv4 import NoCredentials, Signer

ROUTE = "/ns_movies"
TRIES = 6
FIRST_PAUSE, LONGEST_PAUSE = 0.25, 30.0
CONNECT_TIMEOUT = 10
# API Gateway gives up on a function after 29 s.
ANSWER_TIMEOUT = 35
# A local run compiles the service at its first request.
FIRST_ANSWER_TIMEOUT = 600
WAITING = "Waiting for the API's first answer; a local one may be compiling."

CREATED, THERE, REFUSED, FAILED = "created", "already there", "refused", "failed"


class Unusable(Exception):
    """The file or the URL cannot be used: what is wrong, and what to do."""


class NoAnswer(Exception):
    """The last of all tries got no answer, or one that asks to come back later."""


class Answer(NamedTuple):
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    def document(self) -> dict[str, Any]:
        try:
            document = json.loads(self.body)
        except (ValueError, RecursionError):
            document = None
        return document if isinstance(document, dict) else {}

    def reason(self) -> str:
        """The problem's detail, and a line for each bad field."""
        problem = self.document()
        standard = http.client.responses.get(self.status, "")
        detail = str(problem.get("detail") or problem.get("message") or standard)
        lines = [f"{self.status} {detail.rstrip('.')}"]
        errors = problem.get("errors")
        for error in errors if isinstance(errors, list) else []:
            if isinstance(error, dict):
                lines.append(f"    {error.get('pointer')} {error.get('detail')}")
        return "\n".join(map(printable, lines))


class Connection:
    """A connection to the API's list route, kept open from one request to the next."""

    # Signs every request, if the API wants that.
    signer: Signer | None = None

    def __init__(self, url: str, stop: threading.Event) -> None:
        parts = split_url(url)
        secure = parts.scheme == "https"
        kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        self.http = kind(parts.hostname or "", parts.port, timeout=CONNECT_TIMEOUT)
        self.path = parts.path
        self.origin = f"{parts.scheme}://{parts.netloc}"
        self.stop = stop

    def ask(self, method: str, query: str = "", body: str | None = None, timeout: float = ANSWER_TIMEOUT) -> Answer:
        headers = {"Accept": "application/json", "User-Agent": "movies-seed"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        if self.signer:
            headers = self.signer.headers(method, self.origin + self.path + query, headers, body)
        try:
            if self.http.sock is None:
                self.http.connect()
            self.http.sock.settimeout(timeout)
            self.http.request(method, self.path + query, body, headers)
            response = self.http.getresponse()
            return Answer(response.status, response.headers, response.read())
        except BaseException:
            self.http.close()
            raise

    def ask_patiently(self, method: str, query: str = "", body: str | None = None) -> Answer:
        pause = FIRST_PAUSE
        for last in [False] * (TRIES - 1) + [True]:
            wanted = 0.0
            try:
                answer = self.ask(method, query, body)
                if answer.status != 429 and answer.status < 500:
                    return answer
                reason = answer.reason()
                wanted = retry_after(answer.headers.get("Retry-After"))
            except (OSError, http.client.HTTPException) as error:
                reason = describe(error)
            # At random, so that the connections do not all come back at once.
            if last or self.stop.wait(max(wanted, pause * random.uniform(0.5, 1))):
                break
            pause *= 2
        raise NoAnswer(reason)


class Terminal:
    """Messages on stderr, and below them how far it is."""

    def __init__(self) -> None:
        self.rewrites = sys.stderr.isatty()
        self.lock = threading.Lock()
        # What takes less than two seconds needs no progress.
        self.next_progress = time.monotonic() + 2

    def say(self, message: str) -> None:
        with self.lock:
            self._write(f"{message}\n")

    def progress(self, line: Callable[[], str]) -> None:
        now = time.monotonic()
        if now >= self.next_progress:
            self.next_progress = now + (0.2 if self.rewrites else 5)
            with self.lock:
                self._write(line() if self.rewrites else f"{line()}\n")

    def clear(self) -> None:
        with self.lock:
            self._write("")

    def _write(self, text: str) -> None:
        # Back to the start of the line, and delete it: a message takes the place of the progress.
        sys.stderr.write(f"\r\x1b[K{text}" if self.rewrites else text)
        sys.stderr.flush()


class Load:
    """Movies on their way, over several connections at once."""

    def __init__(self, movies: list[Any], url: str, concurrency: int) -> None:
        self.movies = movies
        self.url = url
        self.concurrency = min(concurrency, len(movies))
        self.start = time.monotonic()
        self.terminal = Terminal()
        self.queue = iter(enumerate(movies[:1], 1))
        self.lock = threading.Lock()
        self.counts: Counter[str] = Counter()
        self.failed_in_a_row = 0
        self.sending_since = self.start
        self.done_before = 0
        self.stop = threading.Event()
        self.unusable = ""

    def run(self) -> None:
        ends: list[threading.Event] = []
        try:
            self._work()
            # The first movie of a load that is resumed is there.
            self._queue_rest(without_known=bool(self.counts[THERE]))
            for _ in range(self.concurrency):
                end = threading.Event()
                ends.append(end)
                threading.Thread(target=self._work_to, args=[end], daemon=True).start()
            self._watch(ends)
        except KeyboardInterrupt:
            self.stop.set()
            # What is on its way arrives, and is counted.
            self._watch(ends, at_most=5)
            raise
        finally:
            self.terminal.clear()

    def _queue_rest(self, without_known: bool) -> None:
        rest = list(enumerate(self.movies, 1))[1:]
        if without_known:
            known = self._known()
            missing = [(number, movie) for number, movie in rest if fingerprint(movie) not in known]
            self.counts[THERE] += len(rest) - len(missing)
            rest = missing
        self.queue = iter(rest)
        self.sending_since, self.done_before = time.monotonic(), sum(self.counts.values())

    def _known(self) -> set[str]:
        """Movies that a listing has exactly as the file does; of any other, the API says what becomes of it."""
        wanted = {fingerprint(movie) for movie in self.movies}
        known: set[str] = set()
        listed = 0
        # Where thousands of others are there too, a listing is soon of no use.
        for movies in itertools.islice(pages(self.url), len(self.movies) // 100):
            known.update(wanted.intersection(map(fingerprint, movies)))
            listed += len(movies)
            self.terminal.progress(lambda: f"{listed} movies listed, to see which are there already")
            if len(known) == len(wanted):
                break
        return known

    def _watch(self, ends: list[threading.Event], at_most: float = float("inf")) -> None:
        latest = time.monotonic() + at_most
        # Events, since before Python 3.13 a join that is interrupted takes a thread for ended that is not.
        for end in ends:
            while not end.wait(0.1) and time.monotonic() < latest:
                self.terminal.progress(self._progress)

    def _progress(self) -> str:
        done = sum(self.counts.values())
        rate = (done - self.done_before) / (time.monotonic() - self.sending_since)
        left = duration((len(self.movies) - done) / rate) if rate else "?"
        return f"{done} of {len(self.movies)} movies, {rate:.0f}/s, {left} left"

    def _work_to(self, end: threading.Event) -> None:
        try:
            self._work()
        finally:
            end.set()

    def _work(self) -> None:
        connection = Connection(self.url, self.stop)
        while not self.stop.is_set():
            with self.lock:
                number, movie = next(self.queue, (0, None))
            if not number:
                return
            outcome = self._create(connection, number, movie)
            if outcome is None:
                return
            with self.lock:
                self.counts[outcome] += 1
                self.failed_in_a_row = self.failed_in_a_row + 1 if outcome == FAILED else 0
                # One movie may bring the API down; so many in a row, and it is down for all of them.
                if self.failed_in_a_row >= max(3, self.concurrency) and not self.stop.is_set():
                    self.stop.set()
                    self.terminal.say("The API does not answer any more; the rest is not tried.")

    def _create(self, connection: Connection, number: int, movie: Any) -> str | None:
        """What became of a movie; `None` when that is not known, or the rest would fare alike."""
        try:
            answer = connection.ask_patiently("POST", body=json.dumps(movie))
        except NoAnswer as error:
            if self.stop.is_set():
                return None
            self.terminal.say(f"{name(number, movie)} failed: {error}")
            return FAILED
        if answer.status in (200, 201):
            return CREATED
        if answer.status == 409:
            return THERE
        if answer.status in (401, 403):
            self.unusable = unwanted(self.url, answer)
            self.stop.set()
            return None
        self.terminal.say(f"{name(number, movie)} refused: {answer.reason()}")
        return REFUSED

    def summary(self) -> str:
        outcomes = [f"{self.counts[outcome]} {outcome}" for outcome in (CREATED, THERE, REFUSED, FAILED)]
        not_done = len(self.movies) - sum(self.counts.values())
        if not_done:
            outcomes.append(f"{not_done} not done")
        return f"{len(self.movies)} movies: {', '.join(outcomes)} in {time.monotonic() - self.start:.1f} s"


def read_movies(file: Path) -> list[Any]:
    try:
        document = json.loads(file.read_bytes().decode("utf-8-sig"))
    except OSError as error:
        raise Unusable(f"{file}: {error.strerror}. Name a file that can be read with --file.") from None
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise Unusable(f"{file}: line {line} is not UTF-8. Save the file in UTF-8.") from None
    except json.JSONDecodeError as error:
        place = f"line {error.lineno} column {error.colno}"
        raise Unusable(f"{file}: {place}: {error.msg}. Correct the JSON there; nothing was loaded.") from None
    except (ValueError, RecursionError) as error:
        raise Unusable(f"{file}: {error}. Correct the JSON; nothing was loaded.") from None
    movies = document.get("movies_list") if isinstance(document, dict) else None
    if not isinstance(movies, list):
        raise Unusable(f'{file}: has no list of movies. It must look like {{"movies_list": [movie, ...]}}.')
    return movies


def list_route(url: str) -> str:
    """The URL of the list of movies, from that or the API's root, stage and base path included."""
    try:
        parts = split_url(url)
    except ValueError as error:
        raise Unusable(f"{url!r} is no URL: {error}. Write it as http://localhost:9000") from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise Unusable(f"{url!r} is no http or https URL. Write it as http://localhost:9000")
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise Unusable(f"{url!r} has a user name, a query or a fragment. Leave it out.")
    path = parts.path.rstrip("/")
    path = path if path.endswith(ROUTE) else path + ROUTE
    return parts._replace(path=quote(path, safe="/%:@!$&'()*+,;=~") + "/").geturl()


def split_url(url: str):  # type: ignore[no-untyped-def]  # the type's name is private before Python 3.9
    parts = urlsplit(url.strip())
    _ = parts.port  # raises ValueError for one that is none
    return parts


def check_api(url: str) -> None:
    """Makes sure that movies are at the URL, before thousands are sent to it."""
    connection = Connection(url, threading.Event())
    notice = threading.Timer(2, print, [WAITING], {"file": sys.stderr})
    notice.daemon = True
    notice.start()
    try:
        answer = connection.ask("GET", "?limit=1", timeout=FIRST_ANSWER_TIMEOUT)
        if answer.status == 429 or answer.status >= 500:
            answer = connection.ask_patiently("GET", "?limit=1")
    except NoAnswer as error:
        raise Unusable(f"{url} is not in order: {error}. Try again later.") from None
    # A host's name may be one that cannot be encoded.
    except (OSError, http.client.HTTPException, UnicodeError) as error:
        raise Unusable(f"{url} does not answer: {describe(error)}. Check the URL, and that the API runs.") from None
    finally:
        notice.cancel()
        connection.http.close()
    if answer.status in (401, 403):
        raise Unusable(unwanted(url, answer))
    if 300 <= answer.status < 400:
        raise Unusable(f"{url} redirects to {answer.headers.get('Location')}. Use the URL it leads to.")
    if answer.status != 200 or not is_list_of_movies(answer):
        raise Unusable(
            f"{url} is not the list of movies: GET answers {answer.reason()}. "
            "Check the URL: the API's root, with its stage if it has one, such as https://example.org/prod"
        )


def pages(url: str) -> Iterator[list[Any]]:
    """The list of movies, page after page, as far as the API gives it."""
    connection = Connection(url, threading.Event())
    query = "?limit=1000"
    while query:
        try:
            answer = connection.ask("GET", query)
        except (OSError, http.client.HTTPException):
            break
        if answer.status != 200:
            break
        yield list(answer.document().values())
        next_page = re.match('<([^>]*)>; rel="next"', answer.headers.get("Link", ""))
        query = f"?{urlsplit(next_page[1]).query}" if next_page else ""
    connection.http.close()


def fingerprint(movie: Any) -> str:
    return json.dumps(movie, sort_keys=True)


def is_list_of_movies(answer: Answer) -> bool:
    is_json = answer.headers.get_content_type() == "application/json"
    movies = answer.document()
    is_object = bool(movies) or answer.body.strip() == b"{}"
    return is_json and is_object and all(isinstance(movie, dict) for movie in movies.values())


def unwanted(url: str, answer: Answer) -> str:
    return (
        f"{url} refuses access: {answer.reason()}. The URL lacks its stage (such as /prod), "
        "or the API wants signed requests: make seed REGION=…, or --sigv4 REGION."
    )


def retry_after(header: str | None) -> float:
    """Seconds to wait, from a number of them or a date (RFC 9110 section 10.2.3)."""
    if header is None:
        return 0
    try:
        seconds = float(header)
    except ValueError:
        try:
            seconds = (parsedate_to_datetime(header) - datetime.now(timezone.utc)).total_seconds()
        except (TypeError, ValueError):
            return 0
    # Not a number compares as false.
    return min(seconds, LONGEST_PAUSE) if seconds > 0 else 0


def name(number: int, movie: Any) -> str:
    title = movie.get("title") if isinstance(movie, dict) else None
    return f"movie {number} ({printable(title[:100]) if isinstance(title, str) else 'without a title'})"


def printable(text: str) -> str:
    """Text that cannot steer a terminal."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def describe(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


def duration(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    return f"{minutes} min {seconds} s" if minutes else f"{seconds} s"


def connections(text: str) -> int:
    if not 1 <= int(text) <= 256:
        raise argparse.ArgumentTypeError("must be from 1 to 256")
    return int(text)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--url", required=True, help="the API's root or its list of movies, with the stage if there is one")
    default_file = Path(__file__).with_name("movies.json")
    add("--file", type=Path, default=default_file, help="default: movies.json beside this program")
    add("--sigv4", metavar="REGION", help="sign requests, for an API that wants AWS_IAM; its region, such as eu-west-1")
    add("--concurrency", type=connections, default=8, metavar="N", help="requests at a time, default: %(default)s")
    return parser.parse_args()


def main() -> int:
    options = arguments()
    try:
        movies = read_movies(options.file)
        url = list_route(options.url)
        if options.sigv4:
            Connection.signer = Signer(options.sigv4)
        check_api(url)
    except (Unusable, NoCredentials) as error:
        print(error, file=sys.stderr)
        return 2

    load = Load(movies, url, options.concurrency)
    interrupted = False
    try:
        load.run()
    except KeyboardInterrupt:
        interrupted = True
    print(load.summary(), flush=True)
    if interrupted:
        print("Interrupted. Running it again resumes: what is there is left alone.", file=sys.stderr)
        return 130
    if load.unusable:
        print(load.unusable, file=sys.stderr)
        return 2
    if load.counts[FAILED]:
        print("Running it again sends what is missing.", file=sys.stderr)
    return 0 if load.counts[CREATED] + load.counts[THERE] == len(movies) else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        print("Interrupted before anything was loaded.", file=sys.stderr)
        sys.exit(130)
