"""Changes data that matches the JSON Schema of a movie but violates a rule that a schema cannot express."""

import re

import schemathesis


@schemathesis.hook
def map_case(context, case):
    """Gives each URL a host. The schema's pattern only checks the scheme, so most of the generated URLs have none."""
    for name, text in case.body.items() if isinstance(case.body, dict) else ():
        if isinstance(text, str) and re.fullmatch("https?://[^ ]+", text, re.IGNORECASE):
            case.body[name] = "https://example.org/a.jpg"
    return case


@schemathesis.hook
def filter_case(context, case) -> bool:
    """Removes a movie with a title that is too long for the id, or blank with other characters than spaces."""
    title = case.body.get("title") if isinstance(case.body, dict) else None
    if not isinstance(title, str):
        return True
    is_blank = not title.strip() and title.strip(" ")
    return not is_blank and len(f"{title}-9999".encode(errors="replace")) <= 2048
