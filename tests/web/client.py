"""Tests a client that openapi-generator generates from /swagger.json: calls all operations, and lists many movies.

The test accesses the API only through generated functions and types. The generated package must be on PYTHONPATH.
`python3 client.py http://localhost:9000`
"""

import json
import re
import sys
import uuid
from pathlib import Path
from typing import Callable
from urllib.parse import parse_qs, urljoin, urlsplit

from openapi_client import ApiClient, ApiException, ApiResponse, Configuration, Movie, MoviePatch, MoviesApi, ServiceApi

TESTS = Path(__file__).parents[1]
FIXTURE = json.loads((TESTS / "fixture.json").read_text())


def rejection(call: Callable, *arguments: object, **options: str) -> int:
    """The status with which the call fails, and with a problem if it is an error."""
    try:
        call(*arguments, **options)
    except ApiException as error:
        assert error.status < 400 or json.loads(error.body)["status"] == error.status, error
        return error.status
    return 200


def header(response: ApiResponse, name: str) -> str:
    """The generated client stores headers in a case-sensitive dictionary."""
    return next((value for key, value in response.headers.items() if key.lower() == name.lower()), "")


def list_all(movies: MoviesApi, url: str, limit: int, **filters: object) -> dict[str, Movie]:
    found: dict[str, Movie] = {}
    cursor = None
    while True:
        page = movies.list_movies_with_http_info(limit=limit, cursor=cursor, **filters)
        assert len(page.data) <= limit, len(page.data)
        found |= page.data
        link = re.match(r'<(.*)>; rel="next"$', header(page, "Link"))
        if not link:
            return found
        cursor = parse_qs(urlsplit(urljoin(url + FIXTURE["collection"], link[1])).query)["cursor"][0]


def use_every_operation(movies: MoviesApi, url: str) -> None:
    example = json.loads(json.dumps(FIXTURE["new"]).replace("{n}", "1"))
    at, movie = example["id"], Movie.from_dict(example["body"])
    created = movies.create_movie_with_http_info(movie, if_none_match="*")
    etag = header(created, "ETag")
    assert rejection(movies.create_movie, movie) == 409
    read = movies.read_movie_with_http_info(at)
    assert (read.data, header(read, "ETag"), created.data) == (movie, etag, movie), read
    assert list_all(movies, url, 1)[at] == movie
    assert rejection(movies.read_movie, at, if_none_match=etag) == 304

    change, other = MoviePatch.from_dict(FIXTURE["change"]), MoviePatch.from_dict(FIXTURE["other_change"])
    conditions = {"if_match": etag, "if_none_match": '"outdated"', "idempotency_key": str(uuid.uuid4())}
    changed, again = (movies.update_movie_with_http_info(at, change, **conditions) for _ in range(2))
    assert changed.data == again.data == Movie.from_dict(example["body"] | FIXTURE["change"]), (changed, again)
    assert [header(each, "Idempotency-Replayed") for each in (changed, again)] == ["", "true"], (changed, again)
    assert rejection(movies.patch_movie, at, other, if_match=etag) == 412
    patched = movies.patch_movie_with_http_info(at, other, if_match=header(changed, "ETag"))
    assert patched.data == Movie.from_dict(example["body"] | FIXTURE["change"] | FIXTURE["other_change"]), patched.data
    movies.delete_movie(at, if_match=header(patched, "ETag"))
    assert rejection(movies.delete_movie, at) == 404


def use_many_movies(movies: MoviesApi, url: str) -> None:
    """Creates, reads, lists and deletes movies that one filter selects."""
    filters = {"year": 2003}
    titles = [*json.loads((TESTS / "titles.json").read_text()), "x" * 1_900, "日" * 680]
    example = filters | {"cast": ["Ann", " ", ""], "image": "https://example.org/a.jpg?b=%20c#d"}
    expected = {f"{title}-2003": Movie(**example, title=title, description=title) for title in titles}
    for id, movie in expected.items():
        assert movies.create_movie(movie) == movies.read_movie(id) == movie, id
    for limit in (1000, 7):
        listed = list_all(movies, url, limit, **filters)
        assert listed == expected, f"limit {limit}: {listed.keys() ^ expected.keys()}"
    for id in expected:
        # The generated client repeats a DELETE that gets 503.
        movies.delete_movie(id, idempotency_key=str(uuid.uuid4()))
    assert list_all(movies, url, 1000, **filters) == {}


if __name__ == "__main__":
    url = sys.argv[1]
    with ApiClient(Configuration(host=url)) as client:
        use_every_operation(MoviesApi(client), url)
        use_many_movies(MoviesApi(client), url)
        ServiceApi(client).read_health()
    print(f"{url}: the generated client works")
