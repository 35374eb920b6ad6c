"""Rows for the bridge databases: what bridges of a small organisation would have after some months.

A table is given as columns whose values are constants or functions of the row's number.
"""

import base64
import random
import secrets
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

Column = Any | Callable[[int], Any]
CONTACTS = 40
FIRST_NAMES = ("Mira", "Jonas", "Aylin", "Søren", "Chloé", "Bartek", "Yuki", "Noor", "Ilse", "Tomás")
LAST_NAMES = ("Okafor", "Lindqvist", "Martínez", "Böhm", "Novák", "Haddad", "Ferreira", "Weiß")


@dataclass(frozen=True)
class Table:
    """How to fill one table."""

    name: str
    count: int
    columns: Mapping[str, Column]

    def rows(self, first: int = 0) -> list[tuple[Any, ...]]:
        """The rows, numbered from `first`."""
        return [
            tuple(value(number) if callable(value) else value for value in self.columns.values())
            for number in range(first, first + self.count)
        ]


@dataclass(frozen=True)
class Neighbourhood:
    """What a bridge knows of the Matrix server: real users, a real room, real events."""

    bridge: str
    bot: str
    user: str
    portal_room: str
    events: list[str]
    messages: int
    contacts: list[str] = field(default_factory=lambda: [str(uuid.uuid4()) for _ in range(CONTACTS)])

    def contact(self, number: int) -> str:
        return self.contacts[number % len(self.contacts)]

    def ghost(self, number: int) -> str:
        server = self.bot.partition(":")[2]
        return f"@{self.bridge}_{self.contact(number)}:{server}"

    def event(self, number: int) -> str:
        """Real event ids as long as there are some, then ids of history that Synapse has purged."""
        return self.events[number] if number < len(self.events) else f"${secrets.token_urlsafe(32)}"


def key43(_number: int = 0) -> str:
    """A Curve25519 or Ed25519 key as Matrix writes it."""
    return base64.b64encode(secrets.token_bytes(32)).decode().rstrip("=")


def blob(least: int, most: int | None = None) -> Callable[[int], bytes]:
    """Key material of a size, or of a range of sizes."""
    return lambda _number: secrets.token_bytes(least if most is None else random.randint(least, most))


def moment(_number: int = 0) -> datetime:
    """Some time in the last months, without a zone as the bridges have it."""
    return datetime.fromtimestamp(time.time() - random.randint(0, 9_000_000), UTC).replace(tzinfo=None)


def milliseconds(number: int) -> int:
    """A message's time."""
    return int(time.time() * 1000) - 7_000_000_000 + number * 60_000


def person(number: int) -> str:
    """A display name."""
    return f"{FIRST_NAMES[number % len(FIRST_NAMES)]} {LAST_NAMES[number // 3 % len(LAST_NAMES)]}"


def phone(number: int) -> str:
    """A number from the range kept for fiction."""
    return f"+1555010{number:04d}"


def versions(names: dict[str, int]) -> list[Table]:
    """The one-row tables with schema versions."""
    return [Table(name, 1, {"version": version, "compat": version - 1}) for name, version in names.items()]
