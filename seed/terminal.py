"""What a program does as a command: messages, progress and the exit status, but never a traceback."""

import contextlib
import os
import sys

from tqdm import tqdm


class Unusable(Exception):
    """The command cannot do what was asked: what is wrong, and what to do."""


def say(message, stream=None):
    """Prints above the progress, on stderr by default. The program goes on if nobody reads it."""
    with contextlib.suppress(OSError):
        tqdm.write(str(message), file=stream or sys.stderr)


class Log:
    """Makes a line of each redrawing of the progress, where stderr is not a terminal."""

    def write(self, text):
        if text.strip():
            say(text.strip())

    def flush(self):
        pass


def progress(total=None):
    place = {} if sys.stderr.isatty() else {"file": Log(), "mininterval": 5}
    return tqdm(total=total, unit=" movies", delay=2, leave=False, **place)


def printable(text):
    """Text that cannot control a terminal."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in str(text))


def run(main):
    sys.stdout, sys.stderr = (stream or open(os.devnull, "w") for stream in (sys.stdout, sys.stderr))
    sys.stdout.reconfigure(errors="backslashreplace")
    try:
        status = main()
    except Unusable as error:
        say(error)
        status = 2
    except KeyboardInterrupt:
        say("Interrupted; nothing was done.")
        status = 130
    except SystemExit as end:
        status = end.code
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError):
            stream.flush()
    # Exits at once, because a pending request or a pipe that nobody reads would delay the regular exit.
    os._exit(status)
