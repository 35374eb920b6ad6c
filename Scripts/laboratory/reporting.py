"""How the laboratory speaks: a few calm lines with timings, and errors that say what to do."""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class LabError(Exception):
    """Something that the person at the terminal can act on; shown without a traceback."""


def say(text: str) -> None:
    """Print one line at once, also into a pipe; work goes on when nobody reads it any more."""
    try:
        print(text, flush=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def fail(error: LabError) -> int:
    """Show an error on stderr and give the exit code that goes with it."""
    print(f"lab: error: {error}", file=sys.stderr, flush=True)
    return 1


@contextmanager
def timed(what: str) -> Iterator[list[str]]:
    """Say `what` with its duration when the block has ended; details may be appended to the list it gives."""
    begin = time.monotonic()
    details: list[str] = []
    yield details
    suffix = f" ({', '.join(details)})" if details else ""
    say(f"{time.monotonic() - begin:6.1f} s  {what}{suffix}")


def last_lines(log: Path, count: int = 15) -> str:
    """The end of a log file, for an error message; empty if there is none."""
    try:
        lines = log.read_text(errors="replace").splitlines()
    except OSError:
        return ""
    return "\n".join(f"    {line}" for line in lines[-count:])
