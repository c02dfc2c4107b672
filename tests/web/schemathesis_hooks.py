"""What JSON Schema cannot say about a movie, kept out of the data that schemathesis takes for valid."""

import schemathesis


@schemathesis.hook
def filter_body(context, body) -> bool:
    """To JSON Schema 2020.0 is an integer; a year is only one that is written as one. An IPv6 host must be an address,
    of which the pattern has the characters alone: a whole pattern would be longer than the schema."""
    if not isinstance(body, dict):
        return True
    image = body.get("image")
    return not isinstance(body.get("year"), float) and not (isinstance(image, str) and "://" in image and "[" in image)
