"""What the programs here share as commands: packages, options, messages, progress and exit status, but never a traceback."""

import argparse
import contextlib
import io
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

if not find_spec("tqdm"):
    # Started as `python3 seed/…`, they go on in make's own Python. In a virtual environment, packages are its owner's business.
    project = Path(__file__).resolve().parents[1]
    if sys.prefix == sys.base_prefix and not subprocess.call([project / "tools/install.sh", "python"], stdout=sys.stderr):
        python = str(project / ".tools/venv/bin/python3")
        os.execv(python, [python, *sys.argv])
    print("This Python lacks packages. Use make seed or make export, which install them.", file=sys.stderr)
    sys.exit(2)

from tqdm import tqdm  # noqa: E402


class Log(io.StringIO):
    """Makes a line of each redrawing of the progress, where stderr is not a terminal."""

    def write(self, text):
        if text.strip():
            say(text.strip())


def say(message, stream=None):
    """Prints above the progress, on stderr by default. The program goes on if nobody reads it."""
    with contextlib.suppress(OSError):
        tqdm.write(str(message), file=stream or sys.stderr)


def progress(total=None):
    place = {} if sys.stderr.isatty() else {"file": Log(), "mininterval": 5}
    return tqdm(total=total, unit=" movies", delay=2, leave=False, **place)


def options(description, **file):
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", required=True, help="the API's root or its list of movies, with the stage if there is one")
    parser.add_argument("--file", type=Path, **file)
    parser.add_argument("--sigv4", metavar="REGION", help="sign requests, for an API in this region that wants AWS_IAM")
    return parser


def run(main):
    """Runs `main`, which returns the exit status, or exits with a message: then, the status is 2."""
    sys.stdout, sys.stderr = (stream or open(os.devnull, "w") for stream in (sys.stdout, sys.stderr))
    sys.stdout.reconfigure(errors="backslashreplace")
    try:
        status = main()
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else say(end.code) or 2
    except KeyboardInterrupt:
        status = say("Interrupted; nothing was done.") or 130
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError):
            stream.flush()
    # Exits at once, because a pending request or a pipe that nobody reads would delay the regular exit.
    os._exit(status)
