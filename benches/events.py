"""The events of the benchmark."""

from __future__ import annotations

import json
from pathlib import Path

ROOT = Path(__file__).parent.parent


def movie_of(title: str, description: str = "About it.") -> dict:
    return {"title": title, "year": 1999, "cast": ["Ann", "Bob"], "image": "https://example.org/a.jpg", "description": description}


def event(method: str, path: str, body: dict | None = None, query: dict | None = None) -> bytes:
    """A complete event of a REST API, including the fields that the function does not read."""
    event = json.loads((ROOT / "events/rest-list.json").read_text())
    event |= {
        "httpMethod": method, "path": path, "pathParameters": {"proxy": path.strip("/")},
        "body": json.dumps(body) if body is not None else None, "isBase64Encoded": False,
        "queryStringParameters": query, "multiValueQueryStringParameters": query and {key: [value] for key, value in query.items()},
    }
    event["requestContext"] |= {"httpMethod": method, "path": f"/prod{path}", "stage": "prod"}
    return json.dumps(event).encode()
