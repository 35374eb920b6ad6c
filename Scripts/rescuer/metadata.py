"""Owner, attributes, mode, ACLs and times, in the order that lets each of them last."""

from __future__ import annotations

import grp
import os
import pwd
from functools import lru_cache

from .filelist import Record

ACLS = (b"system.posix_acl_access", b"system.posix_acl_default")


class Notes:
    """What could not be put back, counted by kind with one example each."""

    def __init__(self) -> None:
        self._found: dict[str, tuple[int, str]] = {}

    def add(self, what: str, record: Record) -> None:
        count, example = self._found.get(what, (0, str(record)))
        self._found[what] = (count + 1, example)

    def lines(self) -> list[str]:
        """One line a kind."""
        return [f"{what}: {count} files, {example} for one" for what, (count, example) in self._found.items()]


@lru_cache(maxsize=None)
def number_of(name: str, is_user: bool) -> int | None:
    """The number that an account has on this host, for numbers differ between hosts."""
    try:
        return pwd.getpwnam(name).pw_uid if is_user else grp.getgrnam(name).gr_gid
    except KeyError:
        return None


def owner_of(record: Record, notes: Notes) -> tuple[int, int]:
    """By name where this host knows it, else by number."""
    numbers = []
    for (number, name), is_user in ((record.user, True), (record.group, False)):
        known = number_of(name, is_user) if name else None
        if name and known is None:
            notes.add(f"account '{name}' is not known here, its number was used", record)
        numbers.append(number if known is None else known)
    return numbers[0], numbers[1]


def put_back(record: Record, place: int | bytes, notes: Notes) -> None:
    """Everything but the content, at an open file or folder, or at the path of a link or pipe."""
    is_open = isinstance(place, int)
    plain = {} if is_open else {"follow_symlinks": False}
    mode = record.mode
    if os.geteuid() != 0:
        notes.add("owner not put back, for that takes root", record)
        mode &= ~0o6000
    else:
        try:
            os.chown(place, *owner_of(record, notes), **plain)
        except OSError as error:
            notes.add(f"owner not put back ({error.strerror})", record)
            mode &= ~0o6000
    put_attributes(record, place, False, notes)
    if record.kind != "link":
        try:
            os.chmod(place, mode)  # of a pipe by name: it lies in a folder that only we may enter
        except OSError as error:
            notes.add(f"mode not put back ({error.strerror})", record)
    put_attributes(record, place, True, notes)
    try:
        os.utime(place, ns=(record.time, record.time), **plain)
    except (OSError, OverflowError) as error:
        notes.add(f"time not put back ({error})", record)


def put_attributes(record: Record, place: int | bytes, acls: bool, notes: Notes) -> None:
    """The ACLs, or all other extended attributes."""
    plain = {} if isinstance(place, int) else {"follow_symlinks": False}
    for name, value in record.attributes:
        if (name in ACLS) != acls:
            continue
        try:
            os.setxattr(place, name, value, **plain)
        except OSError as error:
            notes.add(f"attribute {name.decode(errors='replace')} not put back ({error.strerror})", record)
