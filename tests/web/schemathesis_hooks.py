"""What JSON Schema cannot say about a movie, kept out of the data that schemathesis takes for valid."""

import schemathesis


@schemathesis.hook
def filter_case(context, case) -> bool:
    """Title and year together make the id, which has a limit. An IPv6 host must be an address, of which the pattern has the
    characters alone: a whole pattern would be longer than the schema."""
    if not isinstance(case.body, dict):
        return True
    title, image = case.body.get("title"), case.body.get("image")
    is_too_long = isinstance(title, str) and len(f"{title}-9999".encode(errors="replace")) > 2048
    return not is_too_long and not (isinstance(image, str) and "://" in image and "[" in image)
