#!/usr/bin/env python3
"""Compares the deployed artifact with its peers, with a Lambda Runtime API on loopback. docs/performance.md has the results.

  movies   the function: the artifact of `sam build`
  hello    the baseline: a hello-world on the same runtime crate
  bare     a function that only calls GetItem, with a client that has no unneeded features
  usual    the same operations as the function, with default features, client and profile

hello and bare are built with the function's own profile and for the same processor.

One run alternates between all of them, so that other load on the machine affects all in the same way. CPU is the kernel's
count for all threads of the process (/proc/PID/task/*/schedstat), in nanoseconds. Unlike the times, it does not depend on
the speed of this program. A warm function has one processor to itself, and this program uses the others. Otherwise, the
placement of threads could change the CPU of a small request by a third. The DynamoDB endpoint is the emulator of a local
build. A proxy in this program terminates TLS, and the functions trust its CA in addition to the system's CAs.

`--instructions` counts the instructions of a start and a warm GET under valgrind instead. Other load does not change them. It fails
if a count exceeds that in results.json by more than a tenth, or if the binary or its zip exceeds its limit.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

from events import ROOT
from instructions import instructions
from measurements import Bench, sizes
from report import CHART, RESULTS, chart, save, show, size_targets


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", type=Path, default=ROOT / ".aws-sam/build/MoviesFunction/bootstrap")
    parser.add_argument("--peers", type=Path, default=ROOT / "target/bench", help="the target directory of hello, bare and usual")
    parser.add_argument("--arm64", type=Path, default=ROOT / "target/bench-arm64/movies/bootstrap", help="the function for arm64, to report its size")
    parser.add_argument("--emulator", type=Path, required=True, help="a local build of the function, which contains the emulator")
    parser.add_argument("--quick", action="store_true", help="fewer rounds, to try a change")
    parser.add_argument("--growth", type=int, default=0, metavar="MOVIES", help="also measure how CPU and memory grow, with up to this number of movies")
    parser.add_argument("--instructions", action="store_true", help="count instructions instead, and check them and the size")
    parser.add_argument("--save", action="store_true", help="write results.json and the chart of the README")
    options = parser.parse_args()
    binaries = {
        "hello": options.peers / "peers/hello/bootstrap", "bare": options.peers / "peers/bare/bootstrap",
        "movies": options.binary, "usual": options.peers / "release/usual",
    }
    last = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        bench = Bench(binaries, options.emulator, directory)
        try:
            if options.instructions:
                return compare_instructions(options, bench, directory, last)
            bench.fill(100)
            arm64 = {"movies_arm64": options.arm64} if options.arm64.exists() else {}
            result = {
                "size": sizes(binaries | arm64, directory),
                "cold": bench.cold(5 if options.quick else 40),
                "warm": bench.warm(*((2, 3) if options.quick else (10, 10))),
                "page": bench.page_of_1000(2 if options.quick else 12),
            }
            if options.growth:
                result["growth"] = bench.growth(options.growth)
        finally:
            bench.emulator.close()
    show(result, last)
    if options.save:
        save(last | result)
        CHART.write_text(chart(result))
    return 0


def compare_instructions(options: argparse.Namespace, bench: Bench, directory: Path, last: dict) -> int:
    counts = instructions(options.binary, bench.plain, directory)
    print(json.dumps(counts))
    if options.save:
        save(last | {"instructions": counts})
        return 0
    limits = [(f"instructions, {name}", count, last["instructions"][name] * 1.1) for name, count in counts.items()]
    limits += size_targets(sizes({"movies": options.binary}, directory)["movies"])
    missed = [f"{name}: {value:,.7g} is more than {limit:,.7g}" for name, value, limit in limits if value > limit]
    for line in missed:
        print(line, file=sys.stderr)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
