"""What the commands share: their packages, options, messages and exit status."""

import argparse
import contextlib
import os
import subprocess
import sys
from pathlib import Path

try:
    from tqdm import tqdm
except ImportError:
    # Continues with the packages that make installs. The owner of a virtual environment installs its packages.
    project = Path(__file__).resolve().parents[1]
    if sys.prefix == sys.base_prefix and not subprocess.call([project / "tools/install.sh", "python"], stdout=sys.stderr):
        python = project / ".tools/venv/bin/python3"
        os.execv(python, [python, *sys.argv])
    print("This Python lacks packages. Use make seed or make export, which install them.", file=sys.stderr)
    sys.exit(2)


class Parser(argparse.ArgumentParser):
    def _print_message(self, message, file=None):
        """As in newer versions, does not fail if nobody reads the message. Python 3.10 would."""
        with contextlib.suppress(OSError):
            super()._print_message(message, file)


def options(description, **file):
    parser = Parser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", required=True, help="the API's root or its list of movies, with the stage if there is one")
    parser.add_argument("--file", type=Path, **file)
    parser.add_argument("--sigv4", metavar="REGION", help="sign requests, for an API in this region with the authorization AWS_IAM")
    return parser.parse_args()


def say(message, stream=None):
    """Prints one line above the progress, without control characters. The program continues if nobody reads it."""
    line = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in str(message))
    with contextlib.suppress(OSError):
        tqdm.write(line, file=stream or sys.stderr)


def run(main):
    """Exits with the status that `main` returns. If `main` exits with a message, prints the message and exits with 2."""
    # If the shell has closed a stream, Python sets it to None.
    sys.stdout, sys.stderr = (stream or open(os.devnull, "w") for stream in (sys.stdout, sys.stderr))
    try:
        status = main()
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else say(end.code) or 2
    except KeyboardInterrupt:
        status = say("Interrupted.") or 130
    with contextlib.suppress(OSError):
        sys.stdout.flush()
    # A regular exit would wait for pending requests, and fail if nobody reads the output.
    os._exit(status)
