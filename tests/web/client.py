#!/usr/bin/env python3
"""Tests a client that openapi-generator generates from /swagger.json: calls all operations, and uses each title in titles.json.

The test accesses the API only through generated functions and types. The generated package must be on PYTHONPATH.
"""

import argparse
import json
import re
import uuid
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator
from urllib.parse import parse_qs, urljoin, urlsplit

from openapi_client import ApiClient, ApiException, ApiResponse, Configuration, Movie, MoviePatch, MoviesApi, ServiceApi

TESTS = Path(__file__).parents[1]
FIXTURE = json.loads((TESTS / "fixture.json").read_text())


@contextmanager
def rejected(status: int) -> Iterator[None]:
    """Expects that a call in the block fails with this status and a problem."""
    try:
        yield
    except ApiException as error:
        assert error.status == status, error
        if status >= 400:
            assert json.loads(error.body)["status"] == status, error
    else:
        raise AssertionError(f"not rejected with {status}")


def header(response: ApiResponse, name: str) -> str:
    """The generated client stores headers in a case-sensitive dictionary."""
    return next((value for key, value in response.headers.items() if key.lower() == name.lower()), "")


def list_all(movies: MoviesApi, url: str, limit: int, year: int | None = None) -> dict[str, Movie]:
    found: dict[str, Movie] = {}
    cursor = None
    while True:
        page = movies.list_movies_with_http_info(limit=limit, year=year, cursor=cursor)
        assert len(page.data) <= limit, len(page.data)
        found |= page.data
        link = re.match(r'<(.*)>; rel="next"$', header(page, "Link"))
        if not link:
            return found
        query = parse_qs(urlsplit(urljoin(url + FIXTURE["collection"], link[1])).query)
        assert (query["limit"], query.get("year")) == ([str(limit)], year and [str(year)]), query
        cursor = query["cursor"][0]


def use_every_operation(movies: MoviesApi, url: str) -> None:
    """Creates, reads, updates and deletes a movie, each with a false and a true precondition."""
    example = json.loads(json.dumps(FIXTURE["new"]).replace("{n}", "1"))
    at, movie = example["id"], Movie.from_dict(example["body"])
    created = movies.create_movie_with_http_info(movie, if_none_match="*")
    etag = header(created, "ETag")
    with rejected(409):
        movies.create_movie(movie, if_none_match="*")
    read = movies.read_movie_with_http_info(at)
    assert (read.data, header(read, "ETag"), created.data) == (movie, etag, movie), read
    assert list_all(movies, url, 1)[at] == movie
    with rejected(304):
        movies.read_movie(at, if_none_match=etag)
    with rejected(412):
        movies.read_movie(at, if_match='"outdated"')

    change, other = MoviePatch.from_dict(FIXTURE["change"]), MoviePatch.from_dict(FIXTURE["other_change"])
    for precondition in [{"if_match": '"outdated"'}, {"if_none_match": "*"}, {"if_none_match": etag}]:
        with rejected(412):
            movies.update_movie(at, change, **precondition)
        with rejected(412):
            movies.patch_movie(at, other, **precondition)
        with rejected(412):
            movies.delete_movie(at, **precondition)
    key = str(uuid.uuid4())
    conditions = {"if_match": etag, "if_none_match": '"outdated"', "idempotency_key": key}
    changed = movies.update_movie_with_http_info(at, change, **conditions)
    movie = Movie.from_dict(example["body"] | FIXTURE["change"])
    assert changed.data == movie and not header(changed, "Idempotency-Replayed"), changed
    # If a response was lost, a client can send the same request again, even though the update has changed the ETag.
    again = movies.update_movie_with_http_info(at, change, **conditions)
    assert again.data == movie and header(again, "Idempotency-Replayed") == "true", again
    assert header(again, "ETag") == header(changed, "ETag"), again
    with rejected(422):
        movies.delete_movie(at, idempotency_key=key)
    patched = movies.patch_movie_with_http_info(at, other, if_match=header(changed, "ETag"))
    assert patched.data == Movie.from_dict(example["body"] | FIXTURE["change"] | FIXTURE["other_change"]), patched.data
    movies.delete_movie(at, if_match=header(patched, "ETag"), if_none_match='"outdated"')
    with rejected(404):
        movies.delete_movie(at)


def use_every_title(movies: MoviesApi, url: str) -> int:
    """Creates, reads, lists, renames and deletes a movie with each title."""
    titles = [*json.loads((TESTS / "titles.json").read_text()), "x" * 1_900, "日" * 680]
    image, cast = "https://example.org/a.jpg?b=%20c#d", ["Ann", " ", ""]
    expected = {}
    for title in titles:
        movie = Movie(title=title, year=2003, cast=cast, image=image, description=title)
        assert movies.create_movie(movie) == movies.read_movie(f"{title}-2003") == movie, title
        expected[f"{title}-2003"] = movie
    for limit in (1000, 7):
        listed = list_all(movies, url, limit, 2003)
        assert listed == expected, f"limit {limit}: {listed.keys() ^ expected.keys()}"
    for title in titles:
        renamed = movies.patch_movie(f"{title}-2003", MoviePatch(year=2004))
        assert renamed == movies.read_movie(f"{title}-2004") == expected[f"{title}-2003"].model_copy(update={"year": 2004}), title
        with rejected(404):
            movies.read_movie(f"{title}-2003")
        movies.delete_movie(f"{title}-2004")
    assert list_all(movies, url, 1000, 2003) == {}
    return len(titles)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url", help="the service's root, without a trailing slash")
    arguments = parser.parse_args()
    with ApiClient(Configuration(host=arguments.url)) as client:
        use_every_operation(MoviesApi(client), arguments.url)
        count = use_every_title(MoviesApi(client), arguments.url)
        ServiceApi(client).read_health()
    print(f"{arguments.url}: the generated client works with {count} titles")


if __name__ == "__main__":
    main()
