"""Tests export.py as a program, against an API in memory."""

import json
import os
import signal
import time

import pytest
from conftest import FIXTURE, FakeApi, end, movies, new

TEXTS = ["Don't Click", "a/b?c#d%41+&", "..", '"q"\\', "-", "日本 🎬 \u202e", "e\u0301", "\u00e9", " x", "a\tb\u2028\x00", "x" * 2000,
         "\x07\n😀"]  # fmt: skip


def summary_of(count, file):
    return f"{count} movies written to {file} in T s"


@pytest.mark.parametrize("link", ["", "{path}", "//{host}{path}", "../ns_movies/"])
@pytest.mark.parametrize("root", ["", "/prod/v1"])
def test_every_page_is_followed_and_every_text_kept(load, export, tmp_path, link, root):
    listed = movies(200)
    for movie, text in zip(listed, TEXTS):
        movie[FIXTURE["large"]] = text
    with FakeApi(root=root) as api:
        api.link = link.replace("{host}", api.url.split("/")[2])
        api.movies = dict(enumerate(listed))
        file = tmp_path / "export.json"
        assert export(api.url) == (0, summary_of(len(listed), file), "")
        assert json.loads(file.read_text("utf-8")) == {"movies_list": listed}
        assert [path.name for path in tmp_path.iterdir()] == ["export.json"]
        api.movies = {}
        assert load(api.url, file.read_bytes())[0] == 0
        # Movies can arrive in any order, because the program sends several at once.
        assert api.movies == {new(number)["id"]: movie for number, movie in enumerate(listed)}


def test_movies_with_odd_titles_are_different_movies(load):
    odd = [movies(1)[0] | {"title": text} for text in TEXTS]
    with FakeApi() as api:
        assert load(api.url, odd)[0] == 0
    assert sorted(movie["title"] for movie in api.movies.values()) == sorted(TEXTS)


def test_the_export_of_an_empty_api_has_no_movies(export, tmp_path):
    with FakeApi() as api:
        assert export(api.url)[:2] == (0, summary_of(0, tmp_path / "export.json"))
    assert json.loads((tmp_path / "export.json").read_text()) == {"movies_list": []}


def test_a_link_to_a_file_remains_and_the_file_has_the_usual_permissions(export, tmp_path):
    (tmp_path / "link.json").symlink_to("target.json")
    with FakeApi() as api:
        assert export(api.url, file=tmp_path / "link.json")[0] == 0
    (tmp_path / "usual").touch()
    assert (tmp_path / "link.json").is_symlink()
    assert (tmp_path / "target.json").stat().st_mode == (tmp_path / "usual").stat().st_mode


def test_a_page_that_fails_once_is_requested_again(export, tmp_path):
    failed = []

    def mishap(_, start):
        if start and start not in failed:
            failed.append(start)
            return 503, {}

    with FakeApi(mishap) as api:
        api.movies = {str(number): movie for number, movie in enumerate(movies(120))}
        assert export(api.url) == (0, summary_of(120, tmp_path / "export.json"), "")
    assert failed == [50, 100]


@pytest.mark.parametrize("response, status", [((500, {"message": "Internal server error"}), 2), ((200, []), 2)])
def test_a_list_with_a_bad_page_does_not_change_the_file(export, tmp_path, response, status):
    (tmp_path / "export.json").write_text("before")
    with FakeApi(lambda _, start: response if start else None) as api:
        api.movies = {str(number): movie for number, movie in enumerate(movies(120))}
        result = export(api.url)
    assert result[:2] == (status, "") and "is not the list of movies: " in result[2]
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("export.json", "before")]


def test_an_api_that_stops_responding_does_not_change_the_file(export, tmp_path):
    (tmp_path / "export.json").write_text("before")
    with FakeApi(link="http://127.0.0.1:1/") as api:
        api.movies = {str(number): movie for number, movie in enumerate(movies(120))}
        status, summary, messages = export(api.url)
    message = f"{api.url}/ns_movies/ no longer responds: Connection refused. {tmp_path}/export.json was not changed.\n"
    assert (status, summary, messages) == (1, "", message)
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("export.json", "before")]


def test_an_interrupted_export_leaves_no_file(export, tmp_path):
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    with FakeApi(lambda _, start: time.sleep(5) if start else None) as api:
        api.movies = {str(number): movie for number, movie in enumerate(movies(120))}
        process = export(api.url, end=lambda process: process)
        while len(api.lists) < 3:
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        assert end(process) == (130, "", "Interrupted.\n")
    signal.signal(signal.SIGINT, before)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("file, message", [
    ("", "is not a file"), ("missing/x", "No such file or directory"), ("x" * 300, "File name too long"), ("fifo", "is not a file"),
    ("loop", "loop"),
])  # fmt: skip
def test_files_that_cannot_be_written(export, tmp_path, file, message):
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "loop").symlink_to("loop")
    with FakeApi() as api:
        status, summary, messages = export(api.url, file=tmp_path / file)
    assert (status, summary) == (2, "") and message in messages and len(messages.splitlines()) == 1


def test_requests_are_signed_if_a_region_is_given(load, export, monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    with FakeApi() as api:
        assert load(api.url, movies(120), "--sigv4", "eu-west-1")[0] == 0
        assert export(api.url, "--sigv4", "eu-west-1")[0] == 0
    for headers in api.lists:
        assert headers["Authorization"].startswith("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/")
        assert "/eu-west-1/execute-api/aws4_request, SignedHeaders=host;x-amz-date, " in headers["Authorization"]
    assert len(api.lists) > 3
