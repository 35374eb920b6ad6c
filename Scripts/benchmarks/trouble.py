"""Failures of a benchmark, with the exit codes of `docs/exit-codes.md`."""

import sys

FAILED = 1
PARTLY = 3
NOTHING_DONE = 5
INTERRUPTED = 130


class BenchError(Exception):
    """Ends the benchmark, or takes one contender out of it."""

    def __init__(self, message: str, status: int = FAILED) -> None:
        super().__init__(message)
        self.status = status


def tell(text: str) -> None:
    """Progress and troubles: standard error, so that the table stands alone."""
    print(f"bench: {text}", file=sys.stderr, flush=True)
