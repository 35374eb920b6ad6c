"""The ledger: which snapshots there are, and which objects each needs."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import programs
from .trouble import NO_STORE, NOTHING_DONE, UNTRUSTED, USAGE, RescueError, warn

OBJECT = re.compile(
    r"packs/([0-9a-f]{2})/\1[0-9a-f]{62}(\.header)?"
    r"|(indexes|manifests)/\d{8}T\d{6}Z-[0-9a-f]{8}\.[A-Za-z0-9_-]{1,64}\.age"
)
HOST = re.compile(r"[0-9A-F]{16}")
NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
SHA256 = re.compile(r"[0-9a-f]{64}")
SAVED = ("saved", "partly")
Needed = dict[str, tuple[int, str]]


@dataclass(frozen=True)
class Entry:
    """A ledger entry, and the SHA-256 of its file."""

    facts: dict[str, Any]
    sha256: str

    @property
    def snapshot(self) -> str:
        return str(self.facts["snapshot"])

    def sources(self, *states: str) -> dict[str, str]:
        """The sources in any of some states, with their compartments."""
        return {each["name"]: each["compartment"] for each in self.facts["sources"] if each["state"] in states}


@dataclass(frozen=True)
class Ledger:
    """One host's entries, oldest first, up to the first that does not hold."""

    store: str
    host: str
    entries: list[Entry]
    flaw: str
    is_verified: bool

    def needed(self, wanted: Entry) -> Needed:
        """The objects that a snapshot needs, with size and SHA-256: the chain replayed."""
        needed, said = Needed(), Needed()
        for entry in self.entries[: self.entries.index(wanted) + 1]:
            apply(entry, needed, said)
        return needed

    @property
    def newest(self) -> Entry:
        """The newest entry of a snapshot that can be restored: of some nothing was saved."""
        return next((entry for entry in reversed(self.entries) if entry.sources(*SAVED)), self.entries[-1])


def read_store(store: Path) -> str:
    """The id of a store."""
    try:
        found = json.loads((store / "coffer.json").read_bytes())
        if found["format"] == 1 and re.fullmatch("[0-9a-f]{32}", found["store"]):
            return str(found["store"])
    except FileNotFoundError:
        raise RescueError(NO_STORE, f"no store at {store}: it holds no coffer.json") from None
    except (OSError, ValueError, KeyError, TypeError):
        pass
    raise RescueError(NO_STORE, f"coffer.json at {store} cannot be read as that of a store of version 1")


def key_id(key: Path) -> str:
    """The id of a minisign public key, as minisign prints it."""
    try:
        decoded = base64.b64decode(key.read_text().strip().splitlines()[-1], validate=True)
    except (OSError, ValueError, IndexError):
        decoded = b""
    if len(decoded) != 42 or not decoded.startswith(b"Ed"):
        raise RescueError(USAGE, f"{key} is no minisign public key")
    return decoded[2:10][::-1].hex().upper()


def choose_host(store: Path, trusted: Path | None, wanted: str | None) -> str:
    """Whose ledger is read: the trusted key's, the one asked for, or the only one."""
    folder = store / "ledger"
    hosts = sorted(path.name for path in folder.iterdir() if HOST.fullmatch(path.name)) if folder.is_dir() else []
    host = key_id(trusted) if trusted else wanted
    if host is None:
        if len(hosts) > 1:
            raise RescueError(USAGE, "the store holds several hosts' ledgers", f"choose with --host: {', '.join(hosts)}")
        if not hosts:
            raise RescueError(NOTHING_DONE, "the store holds no ledger: nothing was ever saved in it")
        return hosts[0]
    if host not in hosts:
        raise RescueError(UNTRUSTED, f"the store holds no ledger of {host}", f"it holds those of {', '.join(hosts) or 'nobody'}")
    return host


def read_ledger(store: Path, host: str, trusted: Path | None, scratch: Path) -> Ledger:
    """Read a host's chain and check every link; every signature, too, where a key is given."""
    store_id = read_store(store)
    folder = store / "ledger" / host
    numbers = [int(path.stem) for path in folder.iterdir() if re.fullmatch(r"\d{8,10}\.(json|minisig)", path.name)]
    entries: list[Entry] = []
    needed, said = Needed(), Needed()
    flaw = ""
    for number in range(1, max(numbers, default=0) + 1):
        try:
            entry = read_entry(folder / f"{number:08}.json", number, entries, (store_id, host), trusted, scratch)
            apply(entry, needed, said)
            entries.append(entry)
        except ValueError as error:
            flaw = f"entry {number:08} of the ledger {error}"
            break
    if not entries and flaw:
        raise RescueError(UNTRUSTED, flaw)
    if not entries:
        raise RescueError(NOTHING_DONE, f"the ledger of {host} is empty: nothing was ever saved")
    return Ledger(store_id, host, entries, flaw, trusted is not None)


def read_entry(
    path: Path, number: int, before: list[Entry], place: tuple[str, str], trusted: Path | None, scratch: Path
) -> Entry:
    """Read one entry; raises ValueError, whose text continues 'entry N of the ledger'."""
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        raise ValueError("is missing") from None
    if trusted:
        check_signature(text, path.with_suffix(".minisig"), trusted, scratch)
    try:
        facts = json.loads(text)
        is_one = facts["type"] == "coffer-ledger-entry" and facts["format"] == 1 and well_formed(facts)
    except (ValueError, KeyError, TypeError, AttributeError):
        is_one = False
    if not is_one:
        raise ValueError("is not an entry of version 1")
    if (facts["store"], facts["host"], facts["sequence"]) != (*place, number):
        raise ValueError("belongs to another store, host or place")
    if facts.get("previous") != (before[-1].sha256 if before else None):
        raise ValueError("does not follow the entry before it")
    return Entry(facts, hashlib.sha256(text).hexdigest())


def check_signature(text: bytes, signature: Path, key: Path, scratch: Path) -> None:
    """Check the very bytes that are then read, not a file that could change in between."""
    if not signature.is_file():
        raise ValueError("has no signature")
    copy, copied = scratch / "entry", scratch / "signature"
    copy.write_bytes(text)
    copied.write_bytes(signature.read_bytes())
    if not programs.verify_signature(copy, copied, key):
        raise ValueError("is not signed by the trusted key, or was altered")


def well_formed(facts: dict[str, Any]) -> bool:
    """Whether the parts that are used have the form they should; no name can lead out of the store."""
    needed = facts["needed"]
    return (
        all(OBJECT.fullmatch(each["name"]) and each["size"] >= 0 and SHA256.fullmatch(each["sha256"]) for each in facts["added"])
        and all(OBJECT.fullmatch(name) for name in facts["unneeded"])
        and all(NAME.fullmatch(each["name"]) and NAME.fullmatch(each["compartment"]) for each in facts["sources"])
        and isinstance(needed["count"], int)
        and SHA256.fullmatch(needed["sha256"]) is not None
        and re.fullmatch(r"\d{8}T\d{6}Z-[0-9a-f]{8}", facts["snapshot"]) is not None
    )


def apply(entry: Entry, needed: Needed, said: Needed) -> None:
    """Turn the set that the entry before needed into the one that this entry needs.

    What was ever said of an object stays so: earlier snapshots need it as it was. Raises ValueError as `read_entry` does.
    """
    for name in entry.facts["unneeded"]:
        if needed.pop(name, None) is None:
            raise ValueError(f"drops {name}, which was not needed")
    for each in entry.facts["added"]:
        name, facts = each["name"], (each["size"], each["sha256"])
        if said.setdefault(name, facts) != facts:
            raise ValueError(f"says something else of {name} than an earlier one")
        needed[name] = facts
    digest = hashlib.sha256()
    for name in sorted(needed):
        digest.update(f"{name} {needed[name][0]} {needed[name][1]}\n".encode())
    stated = entry.facts["needed"]
    if digest.hexdigest() != stated["sha256"] or len(needed) != stated["count"]:
        raise ValueError("needs a set of another digest than it says")


def choose_snapshot(ledger: Ledger, wanted: str | None) -> Entry:
    """The newest snapshot, or the one whose id starts as asked for.

    A ledger that breaks off is accepted only by naming a snapshot that stands before the break.
    """
    if wanted is None:
        if ledger.flaw:
            raise RescueError(
                UNTRUSTED, ledger.flaw, f"the entries before it hold; the newest of them is --snapshot {ledger.newest.snapshot}"
            )
        return ledger.newest
    found = [entry for entry in ledger.entries if entry.snapshot.startswith(wanted)]
    if len(found) != 1:
        known = ", ".join(entry.snapshot for entry in ledger.entries[-5:])
        raise RescueError(USAGE, f"'{wanted}' names {len(found)} snapshots", f"the newest are {known}")
    if ledger.flaw:
        warn(f"{ledger.flaw}; going on with an older snapshot, as asked for")
    return found[0]
