"""Proofs and their tally: one line each, and an error in a proof is a failed proof."""

from collections.abc import Awaitable

import aiohttp
import psycopg2
from nio.exceptions import LocalProtocolError

from .reporting import LabError, say

EXPECTED = (LabError, aiohttp.ClientError, OSError, TimeoutError, psycopg2.Error, LocalProtocolError, ExceptionGroup, KeyError, ValueError)


class Proofs:
    """What held and what did not."""

    def __init__(self) -> None:
        self.held = 0
        self.failed = 0

    @property
    def all_hold(self) -> bool:
        """Nothing proven is no proof."""
        return self.failed == 0 and self.held > 0

    def check(self, holds: bool, claim: str, otherwise: str = "") -> None:
        """Report one proof."""
        if holds:
            self.held += 1
            say(f"ok: {claim}")
        else:
            self.failed += 1
            say(f"FAILED: {claim}" + (f" ({otherwise[:500]})" if otherwise else ""))

    async def attempt(self, claim: str, step: Awaitable[None]) -> None:
        """Run a step that proves a claim; what goes wrong in it counts as failed, and the next step still runs."""
        try:
            await step
        except EXPECTED as error:
            self.check(False, claim, f"{type(error).__name__}: {error}")

    def summary(self) -> str:
        """The last line."""
        return f"{self.held} proofs hold, {self.failed} failed"
