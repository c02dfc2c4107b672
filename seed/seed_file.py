"""Reads a seed file: {"movies_list": [movie, ...]}. Text that the API would not take as JSON is an error."""

import json
import math
from collections import Counter
from pathlib import Path

from terminal import Unusable, printable


class Object(dict):
    """A JSON object. Of a key that it has twice, Python keeps the last value; the API refuses it."""

    def __init__(self, pairs: list) -> None:
        super().__init__(pairs)
        self.repeated = [key for key, count in Counter(key for key, _ in pairs).items() if count > 1]


def read_movies(file: Path) -> list:
    try:
        content = file.read_bytes()
        document = json.loads(content.decode("utf-8-sig"), object_pairs_hook=Object, parse_constant=real, parse_float=real)
        movies = document.get("movies_list") if isinstance(document, dict) else None
        if not isinstance(movies, list):
            raise ValueError('it has no list of movies. It must look like {"movies_list": [movie, ...]}')
        for place, value in [("the document", document), *((name(*item), item[1]) for item in enumerate(movies, 1))]:
            for key in getattr(value, "repeated", []):
                raise ValueError(f"{place} has the key {json.dumps(key)} twice")
        return movies
    except UnicodeDecodeError as error:
        wrong = f"line {content[: error.start].count(10) + 1} is not UTF-8"
    except (ValueError, RecursionError) as error:
        wrong = str(error)
    except OSError as error:
        wrong = error.strerror
    raise Unusable(f"{file} cannot be used: {wrong}. Nothing was loaded.")


def real(text: str) -> float:
    if not math.isfinite(float(text)):
        raise ValueError(f"{text} is not a number that the API takes")
    return float(text)


def name(number: int, movie: object) -> str:
    title = movie.get("title") if isinstance(movie, dict) else None
    return f"movie {number} ({printable(title[:100]) if isinstance(title, str) else 'without a title'})"
