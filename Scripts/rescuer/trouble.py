"""What can go wrong, with the exit codes of `docs/exit-codes.md`."""

from __future__ import annotations

import sys

DONE = 0
FAILED = 1
USAGE = 2
PARTLY = 3
MISMATCH = 4
NOTHING_DONE = 5
NO_STORE = 10
NO_IDENTITY = 12
UNTRUSTED = 13
REFUSED = 14
MISSING_PROGRAM = 20
INTERRUPTED = 130


class RescueError(Exception):
    """A failure that ends the rescue, with its exit code and what to do next."""

    def __init__(self, status: int, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.hint = hint


class Damage(Exception):
    """Something that was checked and does not match; the rescue names it and goes on with the rest."""


def say(text: str) -> None:
    """A result, for people."""
    print(text, flush=True)


def warn(text: str) -> None:
    """Something that must be known, and does not end the rescue."""
    print(f"rescue: warning: {text}", file=sys.stderr, flush=True)


def report(error: RescueError) -> int:
    """Print an error and give its exit code."""
    print(f"rescue: error: {error}", file=sys.stderr)
    if error.hint:
        print(f"rescue: hint: {error.hint}", file=sys.stderr)
    return error.status
