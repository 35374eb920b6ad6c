"""What officers rewrapped of a host's objects since it signed for them: the chain `rewraps/<host>/`."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .ledger import HOST, OBJECT, SHA256, check_signature, key_id
from .trouble import warn

PAYLOAD = re.compile(r"packs/../[0-9a-f]{64}")


@dataclass(frozen=True)
class Generation:
    """An object as an entry says that it was from then on, and who signed the entry."""

    facts: tuple[int, str]
    officer: str
    is_vouched_for: bool


Rewraps = dict[str, list[Generation]]


def read_rewraps(store: Path, place: tuple[str, str], officers: list[Path], scratch: Path) -> Rewraps:
    """Read the chain about a host's objects and check every link, and the signatures of known officers.

    Anybody who can write to a store can break it. What stands before the break counts, for nothing of it is needed to trust the ledger.
    """
    folder = store / "rewraps" / place[1]
    known = {key_id(path): path for path in officers}
    numbers = [int(path.stem) for path in folder.glob("*.json") if re.fullmatch(r"\d{8,10}", path.stem)] if folder.is_dir() else []
    rewraps = Rewraps()
    previous = None
    for number in range(1, max(numbers, default=0) + 1):
        try:
            facts, previous = read_entry(folder / f"{number:08}.json", number, previous, place, known, scratch)
        except (OSError, ValueError) as error:
            warn(f"entry {number:08} about rewrapped objects {error}: what it and later ones say counts for nothing")
            break
        officer = facts["officer"]
        for each in (each for compartment in facts["compartments"] for each in compartment["objects"]):
            rewraps.setdefault(each["name"], []).append(Generation((each["size"], each["sha256"]), officer, officer in known))
    return rewraps


def read_entry(
    path: Path, number: int, previous: str | None, place: tuple[str, str], known: dict[str, Path], scratch: Path
) -> tuple[dict[str, Any], str]:
    """Read one entry, and hash it; raises ValueError, whose text continues 'entry N about rewrapped objects'."""
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        raise ValueError("is missing") from None
    try:
        facts = json.loads(text)
        is_one = facts["type"] == "coffer-rewrap-entry" and facts["format"] == 1 and well_formed(facts)
    except (ValueError, KeyError, TypeError, AttributeError):
        is_one = False
    if not is_one:
        raise ValueError("is not an entry of version 1")
    if (facts["store"], facts["host"], facts["sequence"]) != (*place, number):
        raise ValueError("belongs to another store, host or place")
    if facts.get("previous") != previous:
        raise ValueError("does not follow the entry before it")
    if key := known.get(facts["officer"]):
        check_signature(text, path.with_suffix(".minisig"), key, scratch)
    return facts, hashlib.sha256(text).hexdigest()


def well_formed(facts: dict[str, Any]) -> bool:
    """Whether the parts that are used have the form they should; payloads of packs are never rewrapped."""
    return HOST.fullmatch(facts["officer"]) is not None and all(
        OBJECT.fullmatch(each["name"]) and not PAYLOAD.fullmatch(each["name"]) and each["size"] >= 0 and SHA256.fullmatch(each["sha256"])
        for compartment in facts["compartments"]
        for each in compartment["objects"]
    )
