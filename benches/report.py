"""Reports a result: the table, the limits, and the chart of the README."""

from __future__ import annotations

import json

from events import ROOT
from measurements import KINDS

RESULTS = ROOT / "benches/results.json"
CHART = ROOT / ".github/bench.svg"


def show(result: dict, last: dict) -> None:
    """Prints the result, and compares it with the limits and with the last result."""
    print(table(result))
    page = "a page of 1,000: {page_cpu_us} us of CPU, including {scan_cpu_us} us for the SDK's call; its serialization takes {serialisation_us} us"
    print(page.format(**result["page"]))
    print()
    before = {name: value for name, value, _ in targets(last)} if "unrouted" in last.get("warm", {}).get("hello", {}) else {}
    for name, value, limit in targets(result):
        earlier = f", {before[name]:.2f} in the last result" if name in before else ""
        print(f"{'met   ' if value <= limit else 'MISSED'}  {name}: {value:.2f} (at most {limit}){earlier}")
    for name, rows in result.get("growth", {}).items():
        print(f"\n{name}: CPU us (and CPU us of a page of 100), peak memory MB")
        for row in rows:
            print("  " + "  ".join(str(cell) for cell in row))


def save(results: dict) -> None:
    RESULTS.write_text(json.dumps(results, indent=1) + "\n")


def table(result: dict) -> str:
    rows = [("", *KINDS)]
    for label, name in [("Init, CPU ms", "init_cpu_ms"), ("Init, ms", "init_ms"), ("first response over TLS, CPU ms", "first_cpu_ms"),
                        ("first response over TLS, ms", "first_ms"), ("start to first response, CPU ms", "start_to_response_cpu_ms"),
                        ("start to first response, ms", "start_to_response_ms"), ("a warm response over TLS, CPU ms", "warm_tls_cpu_ms"),
                        ("a warm response over TLS, ms", "warm_tls_ms"), ("peak memory, MB", "peak_memory_mb")]:
        rows.append((label, *(both(result["cold"][kind][name], 2) for kind in KINDS)))
    for label, name in [("GET", "get"), ("POST", "post"), ("PUT", "put"), ("list of 100", "list_100"), ("404", "unrouted")]:
        for unit, key in [("CPU us", "cpu_us"), ("us", "us")]:
            warm = [result["warm"][kind].get(name) for kind in KINDS]
            rows.append((f"warm {label}, {unit}", *(both(each[key], 0) if each else "" for each in warm)))
    rows.append(("GETs a second", *(str(result["warm"][kind]["get"]["per_second"]) for kind in KINDS)))
    rows.append(("binary, MB", *(f"{result['size'][kind]['bytes'] / 1e6:.2f}" for kind in KINDS)))
    rows.append(("zip, MB", *(f"{result['size'][kind]['zip_bytes'] / 1e6:.2f}" for kind in KINDS)))
    if "movies_arm64" in result["size"]:
        arm64 = result["size"]["movies_arm64"]
        rows.append(("arm64: binary, zip, MB", "", "", f"{arm64['bytes'] / 1e6:.2f} {arm64['zip_bytes'] / 1e6:.2f}", ""))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ["  ".join(cell.ljust(width) if not at else cell.rjust(width) for at, (cell, width) in enumerate(zip(row, widths))) for row in rows]
    return "\n".join(lines)


def both(value: dict, digits: int) -> str:
    return f"{value['median']:.{digits}f} ({value['p99']:.{digits}f})"


def targets(result: dict) -> list[tuple[str, float, float]]:
    """Each target is a name, a ratio or size, and its limit."""
    cold, warm, size, page = result["cold"], result["warm"], result["size"], result["page"]
    cpu = lambda kind, name: warm[kind][name]["cpu_us"]["median"]  # noqa: E731
    return [
        ("CPU from start to first response over TLS / default settings", cold["movies"]["start_to_response_cpu_ms"]["median"] / cold["usual"]["start_to_response_cpu_ms"]["median"], 0.10),
        ("first response after Init / warm response, over TLS, CPU", cold["movies"]["first_cpu_ms"]["median"] / cold["movies"]["warm_tls_cpu_ms"]["median"], 2),
        ("warm GET / default settings, CPU", cpu("movies", "get") / cpu("usual", "get"), 0.50),
        ("warm GET / bare GetItem, CPU", cpu("movies", "get") / cpu("bare", "get"), 1.05),
        ("404 / hello-world, CPU", cpu("movies", "unrouted") / cpu("hello", "unrouted"), 1.2),
        ("own share of a page of 1,000 movies, as a multiple of serializing its JSON", (page["page_cpu_us"] - page["scan_cpu_us"]) / page["serialisation_us"], 5),
        ("peak memory over TLS, MB", cold["movies"]["peak_memory_mb"]["median"], 7),
        *size_targets(size["movies"]),
    ]


def size_targets(size: dict) -> list[tuple[str, float, float]]:
    return [("binary, MB", size["bytes"] / 1e6, 5.1), ("zip, MB", size["zip_bytes"] / 1e6, 2.65)]


def chart(result: dict) -> str:
    """The bar chart of the README."""
    cold, warm, size = result["cold"], result["warm"], result["size"]
    groups = [
        ("Start to first response over TLS, ms of CPU", lambda kind: cold[kind]["start_to_response_cpu_ms"]["median"], 1),
        ("Warm GET, microseconds of CPU", lambda kind: warm[kind]["get"]["cpu_us"]["median"], 0),
        ("Peak memory, MB", lambda kind: cold[kind]["peak_memory_mb"]["median"], 1),
        ("Binary, MB", lambda kind: size[kind]["bytes"] / 1e6, 1),
    ]
    names = {"hello": "hello-world", "bare": "bare GetItem", "movies": "this function", "usual": "default settings"}
    lines, y = [], 24
    for title, value, digits in groups:
        lines.append(f'<text x="16" y="{y}" class="title">{title}</text>')
        longest = max(value(kind) for kind in KINDS)
        for kind in KINDS:
            y += 22
            width = max(2, 420 * value(kind) / longest)
            lines.append(f'<text x="130" y="{y + 4}" text-anchor="end">{names[kind]}</text>')
            lines.append(f'<rect x="140" y="{y - 9}" width="{width:.0f}" height="16" rx="2" class="{"own" if kind == "movies" else "other"}"/>')
            lines.append(f'<text x="{146 + width:.0f}" y="{y + 4}">{value(kind):.{digits}f}</text>')
        y += 40
    style = "text{font:13px sans-serif;fill:#57606a}.title{font-weight:bold}.own{fill:#2f81f7}.other{fill:#8c959f}"
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 640 {y - 24}" role="img"><title>This function compared with its peers</title>'
            f"<style>{style}</style>{''.join(lines)}</svg>\n")
