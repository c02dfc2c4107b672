#!/usr/bin/env python3
"""Tests a client that openapi-generator generates from /swagger.json: calls all operations with each title in titles.json.

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

YEAR, NEXT_YEAR = 2003, 2004


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


def list_all(movies: MoviesApi, url: str, year: int, limit: int) -> dict[str, Movie]:
    found: dict[str, Movie] = {}
    cursor = None
    while True:
        page = movies.list_movies_with_http_info(limit=limit, year=year, cursor=cursor)
        assert len(page.data) <= limit, len(page.data)
        found |= page.data
        link = re.match(r'<(.*)>; rel="next"$', header(page, "Link"))
        if not link:
            return found
        query = parse_qs(urlsplit(urljoin(f"{url}/ns_movies/", link[1])).query)
        assert (query["limit"], query["year"]) == ([str(limit)], [str(year)]), query
        cursor = query["cursor"][0]


def use_every_operation(movies: MoviesApi, movie: Movie, etag: str) -> None:
    """Reads, updates, renames and deletes a movie, each with a false and a true precondition."""
    old, new = f"{movie.title}-{YEAR}", f"{movie.title}-{NEXT_YEAR}"
    read = movies.read_movie_with_http_info(old)
    assert (read.data, header(read, "ETag")) == (movie, etag), read
    with rejected(304):
        movies.read_movie(old, if_none_match=etag)
    with rejected(412):
        movies.read_movie(old, if_match='"outdated"')

    change = MoviePatch(description="Changed.", cast=[])
    for precondition in [{"if_match": '"outdated"'}, {"if_none_match": "*"}, {"if_none_match": etag}]:
        with rejected(412):
            movies.update_movie(old, change, **precondition)
        with rejected(412):
            movies.patch_movie(old, MoviePatch(year=NEXT_YEAR), **precondition)
        with rejected(412):
            movies.delete_movie(old, **precondition)
    with rejected(409):
        movies.create_movie(movie, if_none_match="*")
    key = str(uuid.uuid4())
    conditions = {"if_match": etag, "if_none_match": '"outdated"', "idempotency_key": key}
    changed = movies.update_movie_with_http_info(old, change, **conditions)
    movie = movie.model_copy(update={"description": "Changed.", "cast": []})
    assert changed.data == movie and not header(changed, "Idempotency-Replayed"), changed
    # If a response was lost, a client can send the same request again, even though the update has changed the ETag.
    again = movies.update_movie_with_http_info(old, change, **conditions)
    assert again.data == movie and header(again, "Idempotency-Replayed") == "true", again
    assert header(again, "ETag") == header(changed, "ETag"), again
    with rejected(422):
        movies.delete_movie(old, idempotency_key=key)
    renamed = movies.patch_movie_with_http_info(old, MoviePatch(year=NEXT_YEAR), if_match=header(changed, "ETag"))
    movie = movie.model_copy(update={"year": NEXT_YEAR})
    assert renamed.data == movie, renamed.data
    with rejected(404):
        movies.read_movie(old)
    assert movies.read_movie(new) == movie
    movies.delete_movie(new, if_match=header(renamed, "ETag"), if_none_match='"outdated"')
    with rejected(404):
        movies.delete_movie(new)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url", help="the service's root, without a trailing slash")
    arguments = parser.parse_args()
    titles = json.loads(Path(__file__).parent.with_name("titles.json").read_text())
    titles += ["x" * 1_900, "日" * 680]
    image, cast = "https://example.org/a.jpg?b=%20c#d", ["Ann", " ", ""]
    with ApiClient(Configuration(host=arguments.url)) as client:
        movies = MoviesApi(client)
        expected, etags = {}, {}
        for title in titles:
            movie = Movie(title=title, year=YEAR, cast=cast, image=image, description=title)
            created = movies.create_movie_with_http_info(movie)
            assert created.data == movie, f"{title!r} became {created.data}"
            expected[f"{title}-{YEAR}"], etags[title] = movie, header(created, "ETag")
        for limit in (1000, 7):
            listed = list_all(movies, arguments.url, YEAR, limit)
            assert listed == expected, f"limit {limit}: {listed.keys() ^ expected.keys()}"
        for title in titles:
            try:
                use_every_operation(movies, expected[f"{title}-{YEAR}"], etags[title])
            except Exception as error:
                raise AssertionError(f"the title {title[:50]!r}") from error
        assert list_all(movies, arguments.url, YEAR, 1000) == {}
        ServiceApi(client).read_health()
    print(f"{arguments.url}: the generated client works with {len(titles)} titles")


if __name__ == "__main__":
    main()
