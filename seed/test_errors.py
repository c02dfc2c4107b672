"""For each wrong input, the programs print one line and return an exit status, but never a traceback."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import FakeApi, end, movies, new

FILES = [
    (b'{"movies_list": [\n  {"a" "A"}]}', ": Expecting ':' delimiter: line 2 column 8 "),
    (b"", "line 1 column 1"),
    (b'["caf\xe9"]', "codec can't decode byte 0xe9 in position 5"),
    ('{"movies_list": []}'.encode("utf-16"), "codec can't decode byte 0xff in position 0"),
    (b"[" * 100_000, "recursion"),
    (b'{"movies_list": [' + b"[" * 100_000 + b"]" * 100_000 + b"]}", "recursion"),
    (b"[]", 'it must look like {"movies_list": [movie, ...]}, and each movie must be an object'),
    (b"{}", "it must look like"),
    (b"null", "it must look like"),
    (b'{"movies_list": {}}', "it must look like"),
    (b'{"movies_list": [{}, "A"]}', "each movie must be an object"),
    (b'{"movies_list": [{"a": NaN}]}', "Out of range float values are not JSON compliant"),
    (b'{"movies_list": [{"a": -Infinity}]}', "not JSON compliant"),
    (b'{"movies_list": [{"a": 1e999}]}', "not JSON compliant"),
    (b'{"movies_list": [{"a": ' + b"1" * 5000 + b"}]}", "Exceeds the limit"),
    (b'{"movies_list": [], "movies_list": []}', "'movies_list' occurs 2 times in {"),
    (b'{"movies_list": [{}, {"a": "A\\u001b", "b": 1, "b": 1}]}', "'b' occurs 2 times in {'a': 'A\\x1b', 'b': 1}"),
    (b'{"movies_list": [{"a": "A", "a": "B"}]}', "'a' occurs 2 times in {'a': 'B'}"),
    (b'{"movies_list": [{"": 1, "": 1}]}', "'' occurs 2 times in {'': 1}"),
    (b'{"movies_list": []} {}', "Extra data"),
]  # fmt: skip


@pytest.mark.parametrize("content, message", FILES)
def test_files_that_cannot_be_read(load, tmp_path, content, message):
    with FakeApi() as api:
        status, summary, messages = load(api.url, content)
    assert (status, summary) == (2, "")
    assert messages.startswith(f"{tmp_path}/data.json cannot be used: ") and message in messages
    assert messages.endswith(". Nothing was loaded.\n") and len(messages.splitlines()) == 1
    assert (api.attempts, api.lists) == ([], [])


@pytest.mark.parametrize("file, message", [
    ("missing", "No such file or directory. Nothing was loaded. Name another file: FILE=… (--file)"), (".", "Is a directory"),
    ("x" * 300, "File name too long"), ("loop", "Too many levels"),
])  # fmt: skip
def test_files_that_do_not_exist(load, tmp_path, file, message):
    (tmp_path / "loop").symlink_to("loop")
    status, summary, messages = load("http://127.0.0.1:1", [], "--file", tmp_path / file)
    assert (status, summary) == (2, "") and message in messages and len(messages.splitlines()) == 1


def test_a_file_may_have_a_byte_order_mark_or_be_a_pipe(load, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with FakeApi() as api:
        process = load(api.url, [], "--file", tmp_path / "pipe", end=lambda process: process)
        (tmp_path / "pipe").write_bytes(b"\xef\xbb\xbf" + json.dumps({"movies_list": movies(1)}).encode())
        assert end(process)[0] == 0
    assert api.movies == {new(0)["id"]: new(0)["body"]}


URLS = [
    ("http://loc al:9300", "http://loc al:9300/ns_movies/ cannot be used: Failed to parse: Host 'loc al' contains invalid character ' '. "),
    ("http://h\x01\x1b[1m", r"invalid character '\x01'"),
    ("http://h\n/x", r"invalid character '\n'"),
    ("localhost:9000", "localhost:9000 is not a URL, because its scheme is missing: write http://localhost:9000"),
    ("ftp://example.org", "No connection adapters were found for 'ftp://example.org/"),
    ("", "its scheme is missing"),
    ("https://", "No host supplied"),
    ("http:///prod", "No host supplied"),
    ("http://h:x", "'h:x' is not a valid host or port"),
    ("http://h:99999", "Failed to parse"),
    ("http://[::1", "not a valid host or port"),
    ("http://[zz]", "not a valid host or port"),
    ("http://ⅰ.example", "not allowed"),
    ("http://\udcff/", "cannot be used: "),
    ("http://u:p@127.0.0.1:1/?x#y", "cannot be used: Connection refused. "),
    ("http://127.0.0.1:1", "http://127.0.0.1:1/ns_movies/ cannot be used: Connection refused. Check that the API runs there.\n"),
    ("http://[::1]:1/prod", "http://[::1]:1/prod/ns_movies/ cannot be used: "),
    ("http://nowhere.invalid", "http://nowhere.invalid/ns_movies/ cannot be used: "),
    ("http://bücher.invalid", "http://bücher.invalid/ns_movies/ cannot be used: "),
    ("http://a..invalid", "cannot be used: label empty or too long. "),
    (f"http://{'a' * 64}.invalid", "cannot be used: label empty or too long. "),
    ("http://a'b<c\"", "cannot be used: "),
]  # fmt: skip


def is_one_line_about(result, message):
    status, summary, messages = result
    assert (status, summary) == (2, "")
    # A user who did not name a region should not have to wonder what it is.
    assert "REGION" not in messages or "credentials" in message
    return message in messages and messages.endswith("\n") and messages[:-1].isprintable()


@pytest.mark.parametrize("url, message", URLS)
def test_urls_that_cannot_be_used(load, url, message):
    assert is_one_line_about(load(url, movies(1)), message)


@pytest.mark.parametrize("url, message", URLS[:3])
def test_urls_that_cannot_be_exported(export, url, message):
    assert is_one_line_about(export(url), message)


def test_a_signature_without_credentials(load, monkeypatch, tmp_path):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    result = load("http://127.0.0.1:1", movies(1), "--sigv4", "eu-west-1")
    assert is_one_line_about(result, "cannot be used: Unable to locate credentials. ")


@pytest.mark.parametrize("response, message", [
    ((404, {"detail": "Nothing is at this path."}), "404 Not Found. Check the URL, and its stage, such as /prod."),
    ((200, [{}]), "200 OK. "),
    ((200, {"id": 5}), "200 OK. "),
    ((301, {}, {"Location": "https://x.org/"}), "301 Moved Permanently. "),
    ((503, {}), "503 Service Unavailable. "),
])  # fmt: skip
def test_urls_that_are_not_the_list_of_movies(load, response, message):
    with FakeApi(lambda *_: response) as api:
        status, summary, messages = load(api.url, movies(1))
    assert (status, summary) == (2, "")
    assert messages.startswith(f"{api.url}/ns_movies/?limit=1 is not the list of movies: {message}") and messages.count("\n") == 1
    assert api.attempts == []


@pytest.mark.parametrize("kind, stream, status, arguments", [
    *((kind, stream, 0, []) for kind in ("closed pipe", "full", "closed") for stream in ("stdout", "stderr", "both")),
    *(("closed pipe", "both", status, arguments) for status, arguments in (
        (1, []), (2, ["--file", "missing"]), (0, ["--help"]), (2, ["--nonsense"]))),
    ("closed pipe", "stdout", 0, ["--help"]),
    ("closed pipe", "stderr", 1, []),
])  # fmt: skip
def test_output_that_nobody_reads(load, kind, stream, status, arguments):
    reader, writer = os.pipe()
    os.close(reader)
    full = open("/dev/full", "w")
    streams = ["stdout", "stderr"] if stream == "both" else [stream]
    closed = {1, 2} if stream == "both" else {1 if stream == "stdout" else 2}
    if kind == "closed":
        pipes = {"preexec_fn": lambda: [os.close(number) for number in closed]}
    else:
        pipes = {name: writer if kind == "closed pipe" else full for name in streams}
    rejection = (400, {"errors": 5})
    with FakeApi(lambda movie, _: rejection if movie and status == 1 else None) as api:
        result = load(api.url, movies(3), *arguments, **pipes)
    os.close(writer)
    assert result[0] == status
    assert "Traceback" not in f"{result}" and "Exception" not in f"{result}" and "Error" not in f"{result}"


def test_a_pipe_that_closes_early_in_a_shell(tmp_path):
    with FakeApi() as api:
        command = f"'{sys.executable}' -B seed/load.py --url {api.url} | true"
        process = subprocess.run(["sh", "-c", command], capture_output=True, text=True)
    assert (process.stdout, process.stderr) == ("", "")
    assert len(api.movies) == len(json.loads(Path(__file__).with_name("movies.json").read_text())["movies_list"])


def test_a_python_without_the_packages_reports_it_or_finds_them(tmp_path):
    base = Path(sys.executable).resolve()
    for name in ("load.py", "export.py"):
        command = [base, "-B", Path(__file__).with_name(name), "--url", "http://loc al:9300", "--file", tmp_path / "x"]
        process = subprocess.run(command, capture_output=True, text=True)
        assert is_one_line_about((process.returncode, process.stdout, process.stderr), "")
