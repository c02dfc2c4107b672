"""One test for each promise to clients: first the service and listings, then single movies."""

import re
import time
import unicodedata
from urllib.parse import urljoin

import pytest
from conftest import FILTER, FIXTURE, MARK, MOVIES, expect, id_of, is_by_service, path_of, problem

CHANGE, OTHER_CHANGE, TEXT = FIXTURE["change"], FIXTURE["other_change"], FIXTURE["large"]
JSON = "application/json"
REJECTED = [
    ("GET", "/nowhere", None, JSON, 404, "no-such-path"),
    ("PUT", "{movie}", {}, JSON, 400, "bad-request"),
    ("PATCH", "{movie}", dict.fromkeys(CHANGE), JSON, 400, "bad-fields"),
    ("POST", MOVIES, FIXTURE["invalid"]["body"], JSON, 400, "bad-fields"),
    ("POST", MOVIES, "{}", "application/xml", 415, "unsupported-type"),
    *(("GET", f"{MOVIES}?{query}", None, JSON, 400, "bad-request") for query in (
        "limit=0", "limit=1001", f"{FILTER}&{FILTER}", "cursor=AAAA")),
    *(("POST", MOVIES, body, JSON, 400, "bad-body") for body in ("", "{", "[{}]")),
    *((method, "{missing}", CHANGE, JSON, 404, "no-such-movie") for method in ("GET", "PUT", "PATCH", "DELETE")),
    *((method, at, None, JSON, 405, "method-not-allowed") for method, at in (
        ("PUT", MOVIES), ("POST", "{movie}"), ("POST", "/health"), ("BREW", MOVIES))),
]  # fmt: skip
METHODS = pytest.mark.parametrize("method, kind", [("PUT", JSON), ("PATCH", "application/merge-patch+json")])
PRECONDITIONS = pytest.mark.parametrize("name, false, true", [
    ("If_Match", '"other"', "{etag}"), ("If_Match", "W/{etag}", "*"),
    ("If_None_Match", "*", '"other"'), ("If_None_Match", 'W/{etag}, "other"', 'W/"other"')])  # fmt: skip


def test_the_service_is_healthy_and_its_document_describes_this_api(api):
    assert expect(api.call("GET", "/health"), 200).json() == {"status": "ok"}
    response = expect(api.call("GET", "/swagger.json"), 200)
    assert response.headers["Content-Type"] == JSON and response.json()["openapi"].startswith("3.1.")
    assert urljoin(response.url, response.json()["servers"][0]["url"]).rstrip("/") == api.root


def test_swagger_ui_loads_its_script(api):
    page = api.call("GET", "/")
    if page.status_code == 404:
        pytest.skip(problem(page, 404, "no-such-path")["detail"])
    base = re.search(r'<base href="([^"]*)"', page.text)
    [script] = re.findall(r'<script src="([^"]+)"', expect(page, 200).text)
    asset = api.follow(urljoin(urljoin(page.url, base[1] if base else ""), script), page)
    assert asset.headers["Content-Encoding"] == "gzip" and "immutable" in asset.headers["Cache-Control"]
    assert page.headers["Content-Type"].startswith("text/html") and "SwaggerUIBundle" in asset.text


def test_a_page_of_an_allowed_origin_may_send_any_header(api):
    origin, path, headers = "https://example.org", api.made()[1], "content-type,if-match,traceparent,x-requested-with,authorization,X-Any_1"
    for at, method in ((MOVIES, "POST"), (path, "PUT"), (path, "PATCH"), (path, "DELETE")):
        asks = {"Access_Control_Request_Method": method, "Access_Control_Request_Headers": headers}
        response = api.call("OPTIONS", at, Origin=origin, **asks)
        assert response.status_code in (200, 204) and method in response.headers["Allow"]
        # Allowed origins are a setting. If a response depends on the origin, it has `Vary: Origin`.
        if "Access-Control-Allow-Origin" in response.headers or "Origin" not in response.headers.get("Vary", ""):
            origins, methods, names = (response.headers[f"Access-Control-Allow-{what}"] for what in ("Origin", "Methods", "Headers"))
            assert origins in ("*", origin) and method in methods
            allowed = {*re.split(", *", names.lower())}
            assert {*headers.lower().split(",")} <= allowed or {"*", "authorization"} <= allowed


def test_writes_without_credentials_are_rejected(api):
    if not api.auth:
        pytest.skip("the test has no credentials")
    movie, path, _ = api.made()
    for method, at in (("POST", MOVIES), ("PUT", path), ("PATCH", path), ("DELETE", path)):
        assert api.call(method, at, api.new()[0], anonymous=True).status_code in (401, 403)
    api.is_now(path, movie)


@pytest.mark.parametrize("method, path, body, content_type, status, kind", REJECTED)
def test_a_wrong_request_gets_a_problem(api, method, path, body, content_type, status, kind):
    path = path.format(missing=api.new()[1], movie=api.made()[1])
    response = api.call(method, path, body, Content_Type=content_type)
    if method != "BREW" or is_by_service(response):  # API Gateway itself rejects a method that it does not support.
        problem(response, status, kind)
        assert status != 405 or "GET" in response.headers["Allow"] and method not in response.headers["Allow"]


def test_following_the_links_gives_each_movie_once(api):
    made = {id_of(movie): movie for movie, *_ in (api.made() for _ in range(5))}
    listed, latest = [], time.monotonic() + 5
    while len(listed) < len(made) and time.monotonic() < latest:  # An index is eventually consistent.
        pages = [expect(api.call("GET", f"{MOVIES}?{FILTER}&limit=2"), 200)]
        while "Link" in pages[-1].headers:
            pages.append(api.follow(pages[-1].links["next"]["url"], pages[-1]))
        movies = [item for page in pages for item in page.json().items()]
        listed = [item for item in movies if item[0] in made]
    assert len(listed) == len(made) and dict(listed) == made and all(movie | MARK == movie for _, movie in movies)
    assert len(pages) >= 3 and all(len(page.json()) <= 2 for page in pages)
    cursor = pages[1].url.rpartition("cursor=")[2]
    for changed in (f"{FILTER}&cursor={'B' if cursor[0] == 'A' else 'A'}{cursor[1:]}", f"cursor={cursor}"):
        problem(api.call("GET", f"{MOVIES}?limit=2&{changed}"), 400, "bad-request")


@pytest.mark.parametrize("text", [
    "50/50", "What?", "100% Wolf", "%41", "C#", "..", "a b", "a+b", "a&b=c", '"q"', "-dash-", "日本", "e\u0301"])  # fmt: skip
def test_a_movie_with_any_text_is_created_once_read_changed_and_deleted(api, pytestconfig, text):
    if pytestconfig.option.http_api and set(text) & set("?%"):
        pytest.skip("an HTTP API does not support this text in a path")
    movie, path = api.new(title="{n} " + text)
    created, id = expect(api.call("POST", MOVIES, movie), 200), id_of(movie)
    assert created.json() == movie and re.fullmatch(r'"[!#-~]+"', created.headers["ETag"])
    assert id in problem(api.call("POST", MOVIES, movie | CHANGE), 409, "movie-exists")["detail"]
    for read in (api.follow(created.headers["Location"], created), expect(api.call("GET", path), 200)):
        assert [read.json(), *map(read.headers.get, ("ETag", "Content-Type"))] == [movie, created.headers["ETag"], JSON]
    assert expect(api.call("HEAD", path), 200).headers["ETag"] == read.headers["ETag"]
    composed = unicodedata.normalize("NFC", id)
    expect(api.call("GET", path_of(composed)), 200 if composed == id else 404)
    assert expect(api.call("PUT", path, {TEXT: text}), 200).json() == movie | {TEXT: text}
    expect(api.call("DELETE", path), 200)
    assert id in problem(api.call("DELETE", path), 404, "no-such-movie")["detail"]
    expect(api.call("HEAD", path), 404)


@METHODS
def test_an_update_changes_the_fields_that_it_has(api, method, kind):
    movie, path, etag = api.made()
    updated = expect(api.call(method, path, CHANGE, Content_Type=kind), 200)
    assert updated.json() == movie | CHANGE and updated.headers["ETag"] != etag
    assert api.is_now(path, movie | CHANGE) == updated.headers["ETag"]


@pytest.mark.parametrize("size", [500_000, 1_100_000])
def test_a_movie_that_is_too_large_is_413(api, size):
    movie, path = api.new(**{TEXT: "x" * size})
    response = expect(api.call("POST", MOVIES, movie), 413)
    # A load balancer itself rejects a body of more than 1 MB.
    assert not is_by_service(response) and size > 1_000_000 or problem(response, 413, "too-large")
    expect(api.call("GET", path), 404)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_read_evaluates_its_precondition(api, method):
    _, path, etag = api.made()
    known = expect(api.call(method, path, If_None_Match=f'"other", W/{etag}'), 304)
    assert known.content == b"" and known.headers["ETag"] == etag
    expect(api.call(method, path, If_None_Match='"other"', If_Match=etag), 200)
    expect(api.call(method, path, If_Match='"other"'), 412)


@PRECONDITIONS
@pytest.mark.parametrize("method, change", [("PUT", CHANGE), ("PATCH", CHANGE), ("DELETE", None)])
def test_a_write_evaluates_its_precondition(api, method, change, name, false, true):
    movie, path, etag = api.made()
    problem(api.call(method, path, change, **{name: false.format(etag=etag)}), 412, "precondition-failed")
    api.is_now(path, movie)
    expect(api.call(method, path, change, **{name: true.format(etag=etag)}), 200)


def test_a_request_that_is_sent_again_with_its_key_is_not_carried_out_again(api):
    movie, path = api.new()  # The path is random, so it can also be the key.
    first = expect(api.call("POST", MOVIES, movie, Idempotency_Key=path), 200)
    changed = expect(api.call("PUT", path, CHANGE), 200)
    again = expect(api.call("POST", MOVIES, movie, Idempotency_Key=path), 200)
    assert "Idempotency-Replayed" not in first.headers and again.headers["Idempotency-Replayed"] == "true"
    assert again.json() == movie and all(again.headers[name] == first.headers[name] for name in ("ETag", "Location"))
    assert api.is_now(path, movie | CHANGE) == changed.headers["ETag"]
    problem(api.call("PUT", path, CHANGE, Idempotency_Key=path), 422, "idempotency-key-reused")
    problem(api.call("POST", MOVIES, movie, Idempotency_Key="not a key"), 400, "bad-request")


def test_of_creates_at_once_one_wins_and_updates_of_different_fields_all_take_effect(api):
    movie, path = api.new()
    responses = api.at_once([("POST", MOVIES, movie | {TEXT: f"By {n}."}) for n in range(8)])
    first, *rest = sorted(responses, key=lambda response: response.status_code)
    assert first.status_code == 200 and {response.status_code for response in rest} == {409}
    api.is_now(path, first.json())
    responses = api.at_once([("PUT", path, change) for change in (CHANGE, OTHER_CHANGE)])
    assert [response.status_code for response in responses] == [200, 200]
    api.is_now(path, first.json() | CHANGE | OTHER_CHANGE)


# A service without a rename does not need this test.
@PRECONDITIONS
@METHODS
def test_a_rename_moves_the_movie_to_a_free_id_if_its_precondition_is_true(api, method, kind, name, false, true):
    (movie, path, etag), (other, taken, other_etag), (free, new_path) = api.made(), api.made(), api.new()

    def send(to, condition):
        patch = {field: value for field, value in to.items() if field != TEXT}
        return api.call(method, path, patch, Content_Type=kind, **{name: condition.format(etag=etag)})

    problem(send(free, false), 412, "precondition-failed")
    problem(send(other, true), 409, "movie-exists")
    assert (api.is_now(path, movie), api.is_now(taken, other)) == (etag, other_etag)
    expect(api.call("GET", new_path), 404)
    moved = expect(send(free, true), 200)
    assert moved.json() == free | {TEXT: movie[TEXT]} == api.follow(moved.headers["Location"], moved).json()
    assert api.is_now(new_path, moved.json()) == moved.headers["ETag"]
    problem(api.call("GET", path), 404, "no-such-movie")
