"""Tests load.py as a program, against an API in memory."""

import json
import re
import signal
import time

import pytest
from api import id_of
from conftest import FIXTURE, REJECTED, FakeApi, end, movies, new


def summary_of(total, created, there, rejected=0, failed=0, not_done=0):
    counts = f"{created} created, {there} already there, {rejected} rejected, {failed} failed, {not_done} not done"
    return f"{total} movies: {counts}"


@pytest.mark.parametrize("root", ["", "/Prod", "/a b/v1"])
@pytest.mark.parametrize("form", ["", "/", "/ns_movies", "/ns_movies/", " "])
def test_the_url_may_be_the_root_or_the_list(load, root, form):
    with FakeApi(root=root.replace(" ", "%20")) as api:
        url = api.url.replace("%20", " ") + form
        assert load(url, movies(1)) == (0, summary_of(1, created=1, there=0), "")


def test_existing_movies_do_not_change(load):
    with FakeApi() as api:
        api.movies[new(0)["id"]] = other = movies(1)[0] | FIXTURE["change"]
        assert load(api.url, movies(300)) == (0, summary_of(300, created=299, there=1), "")
        assert api.movies[new(0)["id"]] == other
        assert load(api.url, movies(310)) == (0, summary_of(310, created=10, there=300), "")


def test_the_program_reports_rejected_movies_and_continues(load):
    errors = [{"pointer": "/a", "detail": "must not be blank"}, {"pointer": "/b/0", "detail": "must be a string"}]
    problem, second = {"detail": "Validation failed.", "errors": errors}, new(1)["body"]
    with FakeApi(lambda movie, _: (400, problem) if movie == second else None) as api:
        status, summary, messages = load(api.url, movies(3))
    assert (status, summary) == (1, summary_of(3, created=2, there=0, rejected=1))
    assert messages == f"movie 2 ({new(1)['id']}) rejected: 400 a: must not be blank; b/0: must be a string\n"


def test_only_movies_that_the_api_would_accept_are_duplicates(load):
    problem = {"detail": "Validation failed."}
    content = [movie for movie in REJECTED for _ in range(2)] + movies(2)
    with FakeApi(lambda movie, _: (400, problem) if movie in REJECTED else None) as api:
        status, summary, messages = load(api.url, content)
    assert (status, summary) == (1, summary_of(len(content), created=2, there=0, rejected=len(content) - 2))
    for number, movie in enumerate(content[:-2], 1):
        assert f"movie {number} ({str(movie)[:100]}) rejected: 400 Validation failed.\n" in messages


# To the API, 2020 and 2020.0 are the same number.
@pytest.mark.parametrize("number", [int, float])
def test_a_file_with_two_movies_of_one_id_is_not_loaded(load, number):
    first, second = movies(2)
    same = {name: number(value) if type(value) is int else value for name, value in first.items()} | FIXTURE["change"]
    with FakeApi() as api:
        status, summary, messages = load(api.url, [first, second, same])
    assert (status, summary, api.attempts) == (2, "", [])
    assert messages.endswith(f"movies 1 and 3 have the same id, {new(0)['id']!r}. Nothing was loaded.\n")


def test_messages_have_no_control_characters(load):
    with FakeApi(lambda movie, _: (400, {"detail": "A\x1b[1m\n\ud800"}) if movie else None) as api:
        assert load(api.url, [{"a": "\x1b\u202e"}])[2] == "movie 1 ({'a': '\\x1b\\u202e'}) rejected: 400 A\\x1b[1m\\n\\ud800\n"


LOST = {new(number)["id"]: mishap for number, mishap in enumerate(["drop", "lose", "cut", "lose"])}


def test_a_movie_whose_first_response_was_lost_counts_as_created(load):
    with FakeApi(lambda movie, n: n == 1 and LOST.get(id_of(movie)) if movie else None) as api:
        assert load(api.url, movies(5)) == (0, summary_of(5, created=5, there=0), "")
    # All attempts for a movie have the same key.
    assert len(api.attempts) == 9 and len(api.keys) == 5


def test_an_api_without_a_table_of_keys_gets_movies_without_keys(load):
    with FakeApi(lambda movie, n: n == 1 and LOST.get(id_of(movie)) if movie else None, has_keys=False) as api:
        assert load(api.url, movies(5)) == (0, summary_of(5, created=2, there=3), "")
    assert len(api.movies) == 5


def test_temporary_errors_are_retried(load):
    mishaps = [(503, {}, {"Retry_After": "1"}), (429, {}), (500, {}, {"Retry_After": "0"})]
    mishaps = {new(number)["id"]: mishap for number, mishap in enumerate(mishaps)}
    with FakeApi(lambda movie, n: n == 1 and mishaps.get(id_of(movie)) if movie else None) as api:
        start = time.monotonic()
        assert load(api.url, movies(5)) == (0, summary_of(5, created=5, there=0), "")
        assert time.monotonic() - start > 1
    assert len(api.attempts) == 8


def test_the_program_stops_if_the_api_stops_responding(load):
    error, first = (500, {"message": "Internal server error"}), movies(2)
    with FakeApi(lambda movie, _: error if movie and movie not in first else None) as api:
        status, summary, messages = load(api.url, movies(30))
    assert (status, summary) == (1, summary_of(30, created=2, there=0, failed=8, not_done=20))
    assert f'movie 3 ({new(2)["id"]}) failed: 500 {{"message": "Internal server error"}}\n' in messages
    assert "The API no longer responds. The remaining movies were not tried.\n" in messages


def test_without_access_no_movie_is_loaded(load):
    with FakeApi(lambda movie, _: (403, {"message": "Missing Authentication Token"}) if movie else None) as api:
        status, summary, messages = load(api.url, movies(10))
    assert (status, summary) == (2, summary_of(10, created=0, there=0, not_done=10))
    denied = f'{api.url}/ns_movies/ denies access: 403 {{"message": "Missing Authentication Token"}}.'
    advice = "If it needs a signature, add the API's region: REGION=… (--sigv4).\n"
    assert messages == f"{denied} {advice}"
    with FakeApi(lambda *_: (403, {"detail": "Forbidden"})) as api:
        assert load(api.url, movies(1))[::2] == (2, f"{api.url}/ns_movies/?limit=1 denies access: 403 Forbidden. {advice}")


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
        assert messages == "Interrupted.\n"
        assert load(api.url, movies(500)) == (0, summary_of(500, created=500 - done, there=done), "")


@pytest.mark.parametrize("mishap", [lambda movie, _: time.sleep(60) if movie else None,
                                    lambda movie, _: (503, {}, {"Retry_After": "9"}) if movie else None])  # fmt: skip
def test_an_interrupted_load_does_not_wait_for_an_api_that_hangs(load, interruptible, mishap):
    with FakeApi(mishap) as api:
        process = load(api.url, movies(5), end=lambda process: process)
        while not api.attempts:
            time.sleep(0.01)
        start = time.monotonic()
        process.send_signal(signal.SIGINT)
        status, summary, _ = end(process)
        assert (status, summary) == (130, summary_of(5, created=0, there=0, not_done=5))
        assert time.monotonic() - start < 7


def test_two_loads_at_once_share_the_work(load):
    with FakeApi() as api:
        other = load(api.url, movies(500), end=lambda process: process)
        results = [load(api.url, movies(500)), end(other)]
    counts = [[int(number) for number in re.findall(r"\d+", summary)][1:5] for _, summary, _ in results]
    assert [status for status, *_ in results] == [0, 0]
    assert [sum(pair) for pair in zip(*counts)] == [500, 500, 0, 0]
