"""Tests load.py as a program, against an API in memory."""

import re
import signal
import time

import pytest
from conftest import PAGE, FakeApi, end, movies


def summary_of(total, created, there, refused=0, failed=0, not_done=0):
    counts = f"{created} created, {there} already there, {refused} refused, {failed} failed"
    return f"{total} movies: {counts}{f', {not_done} not done' if not_done else ''} in T s"


@pytest.mark.parametrize("root", ["", "/Prod", "/a b/v1"])
@pytest.mark.parametrize("form", ["", "/", "/ns_movies", "/ns_movies/", " "])
def test_the_url_may_be_the_root_or_the_list(load, root, form):
    with FakeApi(root=root.replace(" ", "%20")) as api:
        url = api.url.replace("%20", " ") + form
        assert load(url, movies(1)) == (0, summary_of(1, created=1, there=0), "")


@pytest.mark.parametrize("link", ["", "{path}", "http://127.0.0.1:1"])
def test_existing_movies_are_neither_changed_nor_sent_again(load, link):
    with FakeApi(link=link) as api:
        api.movies["Movie 0-2000"] = {"title": "Movie 0", "year": 2000, "description": "another"}
        status, summary, _ = load(api.url, movies(300) + movies(1))
        assert (status, summary) == (0, summary_of(301, created=299, there=2))
        assert api.movies["Movie 0-2000"]["description"] == "another"
        api.attempts.clear()
        status, summary, _ = load(api.url, movies(110), "--concurrency", "1")
        assert (status, summary) == (0, summary_of(110, created=0, there=110))
        # For a short file, the program reads only one page of the list.
        assert len(api.attempts) == 110 - PAGE + 1
        api.attempts.clear()
        # For this file, it reads three pages, if their links lead to the API.
        assert load(api.url, movies(300))[:2] == (0, summary_of(300, created=0, there=300))
        assert len(api.attempts) == 300 - (1 if link.startswith("http") else 3) * PAGE + 1


def test_the_program_reports_rejected_movies_and_continues(load):
    problem = {"detail": "Validation failed.", "errors": [{"pointer": "/year", "detail": "must be\x1b[1m a year"}]}
    with FakeApi(lambda movie, _: (400, problem) if movie and movie["title"] == "Movie 1" else None) as api:
        status, summary, messages = load(api.url, movies(3))
    assert (status, summary) == (1, summary_of(3, created=2, there=0, refused=1))
    assert messages == "movie 2 (Movie 1) refused: 400 Validation failed\n    /year must be\\x1b[1m a year\n"


@pytest.mark.parametrize("has_keys", [True, False])
def test_the_key_identifies_a_movie_whose_response_was_lost(load, has_keys):
    mishaps = {"Movie 0": "drop", "Movie 1": "lose", "Movie 2": "cut", "Movie 3": "lose"}
    with FakeApi(lambda movie, n: n == 1 and mishaps.get(movie["title"]) if movie else None, has_keys=has_keys) as api:
        status, summary, messages = load(api.url, movies(5))
    lost = 0 if has_keys else 3
    assert (status, summary, messages) == (0, summary_of(5, created=5 - lost, there=lost), "")
    assert len(api.attempts) == 9 and len(api.keys) == 5


def test_temporary_errors_are_retried(load):
    mishaps = {"Movie 1": (503, {}, {"Retry_After": "1"}), "Movie 2": (429, {}), "Movie 3": (500, {}, {"Retry_After": "0"})}
    with FakeApi(lambda movie, n: n == 1 and mishaps.get(movie["title"]) if movie else None) as api:
        start = time.monotonic()
        assert load(api.url, movies(5)) == (0, summary_of(5, created=5, there=0), "")
        assert time.monotonic() - start > 1
    assert len(api.attempts) == 8


def test_the_program_stops_if_the_api_stops_responding(load):
    error = (500, {"message": "Internal server error"})
    with FakeApi(lambda movie, _: error if movie and movie["title"] > "Movie 1" else None) as api:
        status, summary, messages = load(api.url, movies(10), "--concurrency", "3")
    assert (status, summary) == (1, summary_of(10, created=2, there=0, failed=3, not_done=5))
    assert "movie 3 (Movie 2) failed: 500 Internal server error\n" in messages
    assert "The API no longer responds. The remaining movies were not tried.\n" in messages


def test_without_access_no_movie_is_loaded(load):
    with FakeApi(lambda movie, _: (403, {"message": "Missing Authentication Token"}) if movie else None) as api:
        status, summary, messages = load(api.url, movies(10))
    assert (status, summary) == (2, summary_of(10, created=0, there=0, not_done=10))
    assert "refuses access: 403 Missing Authentication Token. The URL lacks its stage" in messages
    assert len(messages.splitlines()) == 1


@pytest.fixture
def interruptible():
    # If a shell runs the tests in the background, the tests and their child processes ignore SIGINT by default.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_an_interrupted_load_resumes(load, interruptible):
    with FakeApi(lambda *_: time.sleep(0.005)) as api:
        process = load(api.url, movies(500), end=lambda process: process)
        while len(api.movies) < 100:
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        status, summary, messages = end(process)
        done = len(api.movies)
        assert (status, summary) == (130, summary_of(500, created=done, there=0, not_done=500 - done))
        assert messages == "Interrupted. Running it again resumes: what is there is left alone.\n"
        assert load(api.url, movies(500)) == (0, summary_of(500, created=500 - done, there=done), "")


@pytest.mark.parametrize("seconds, mishap", [(7, lambda movie, _: time.sleep(60) if movie else None),
                                             (2, lambda movie, _: (503, {}, {"Retry_After": "9"}) if movie else None)])  # fmt: skip
def test_an_interrupted_load_does_not_wait_for_an_api_that_hangs(load, interruptible, seconds, mishap):
    with FakeApi(mishap) as api:
        process = load(api.url, movies(5), end=lambda process: process)
        while not api.attempts:
            time.sleep(0.01)
        start = time.monotonic()
        process.send_signal(signal.SIGINT)
        status, summary, _ = end(process)
        assert (status, summary) == (130, summary_of(5, created=0, there=0, not_done=5))
        assert time.monotonic() - start < seconds


def test_two_loads_at_once_share_the_work(load):
    with FakeApi() as api:
        other = load(api.url, movies(500), end=lambda process: process)
        results = [load(api.url, movies(500)), end(other)]
    counts = [[int(number) for number in re.findall(r"\d+", summary)][1:5] for _, summary, _ in results]
    assert [status for status, *_ in results] == [0, 0]
    assert [sum(pair) for pair in zip(*counts)] == [500, 500, 0, 0]


def test_in_a_log_progress_is_a_line_every_few_seconds(load):
    with FakeApi(lambda movie, _: time.sleep(0.11) if movie else None) as api:
        status, _, messages = load(api.url, movies(60))
    assert status == 0
    assert re.fullmatch(r" *\d+%\|[# \d]*\| \d+/60 \[00:0\d<00:0\d, +\d\.\d+ movies/s\]\n", messages), messages
