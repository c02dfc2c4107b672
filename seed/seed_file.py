"""Reads a seed file: {"movies_list": [movie, ...]}. Text that the API would not take as JSON is an error."""

import json
import math
import sys
from collections import Counter

from api import printable


class Object(dict):
    """A JSON object. Of a key that it has twice, Python keeps the last value; the API refuses it."""

    def __init__(self, pairs):
        super().__init__(pairs)
        self.repeated = [key for key, count in Counter(key for key, _ in pairs).items() if count > 1]


def read_movies(file):
    try:
        text = file.read_bytes().decode("utf-8-sig")
        document = json.loads(text, object_pairs_hook=Object, parse_constant=real, parse_float=real)
        movies = document.get("movies_list") if isinstance(document, dict) else None
        if not isinstance(movies, list):
            raise ValueError('it has no list of movies. It must look like {"movies_list": [movie, ...]}')
        for place, value in [("the document", document), *((name(*item), item[1]) for item in enumerate(movies, 1))]:
            for key in getattr(value, "repeated", []):
                raise ValueError(f"{place} has the key {json.dumps(key)} twice")
        return movies
    except UnicodeDecodeError as error:
        wrong = f"line {error.object.count(10, 0, error.start) + 1} is not UTF-8"
    except (OSError, ValueError, RecursionError) as error:
        wrong = getattr(error, "strerror", None) or error
    sys.exit(f"{file} cannot be used: {wrong}. Nothing was loaded.")


def real(text):
    if not math.isfinite(float(text)):
        raise ValueError(f"{text} is not a number that the API takes")
    return float(text)


def name(number, movie):
    title = movie.get("title") if isinstance(movie, dict) else None
    return f"movie {number} ({printable(title[:100]) if isinstance(title, str) else 'without a title'})"
