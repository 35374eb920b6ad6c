#!/usr/bin/python3
"""Says what a folder, an SQLite file or a PostgreSQL dump holds, as JSON: a witness that knows nothing of Coffer.

    describe.py files DIR | sqlite FILE | dump FILE

`Scripts/make-golden` describes with it what it saves, and GoldenTests what it restores.
"""

import base64
import hashlib
import json
import os
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterable
from contextlib import closing


def printable(path: bytes) -> str:
    """A path in ASCII, every other byte as a backslash and three octal digits."""
    return "".join(chr(byte) if 0x21 <= byte <= 0x7E and byte != 0x5C else f"\\{byte:03o}" for byte in path)


def digest(parts: Iterable[bytes]) -> str:
    """SHA-256 of bytes that come in parts."""
    whole = hashlib.sha256()
    for part in parts:
        whole.update(part)
    return whole.hexdigest()


def kind(mode: int) -> str:
    names = {stat.S_IFREG: "file", stat.S_IFDIR: "dir", stat.S_IFLNK: "link", stat.S_IFIFO: "fifo"}
    return names.get(stat.S_IFMT(mode), "other")


def files(root: bytes) -> dict[str, dict[str, object]]:
    """Every file below a folder, and the folder itself as `.`: path -> what it is."""
    found: dict[str, dict[str, object]] = {}
    first: dict[int, str] = {}

    def describe(path: bytes, name: str) -> None:
        status = os.lstat(path)
        facts: dict[str, object] = {"type": kind(status.st_mode), "mode": f"{stat.S_IMODE(status.st_mode):04o}"}
        facts["time"] = f"{status.st_mtime_ns // 10**9}.{status.st_mtime_ns % 10**9:09}"
        if stat.S_ISLNK(status.st_mode):
            facts["target"] = printable(os.readlink(path))
        if stat.S_ISREG(status.st_mode):
            with open(path, "rb") as file:
                facts |= {"size": status.st_size, "sha256": digest([file.read()])}
            facts["holes"] = status.st_blocks * 512 < status.st_size
        attributes = {
            printable(os.fsencode(key)): base64.b64encode(os.getxattr(path, key, follow_symlinks=False)).decode()
            for key in os.listxattr(path, follow_symlinks=False)
            if key.startswith("user.")
        }
        if attributes:
            facts["attributes"] = attributes
        if status.st_nlink > 1 and not stat.S_ISDIR(status.st_mode):
            facts["sameAs"] = first.setdefault(status.st_ino, name)
        found[name] = facts

    def walk(folder: bytes, prefix: bytes) -> None:
        for name in sorted(os.listdir(folder)):
            path, full = os.path.join(folder, name), prefix + b"/" + name
            describe(path, printable(full))
            if stat.S_ISDIR(os.lstat(path).st_mode):
                walk(path, full)

    describe(root, ".")
    walk(root, b".")
    return found


def table(lines: list[bytes]) -> dict[str, object]:
    """Rows in any order."""
    return {"rows": len(lines), "sha256": digest(line + b"\n" for line in sorted(lines))}


def sqlite(path: str) -> dict[str, dict[str, object]]:
    """Every table of an SQLite file, each value as SQL writes it."""
    tables: dict[str, dict[str, object]] = {}
    with closing(sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)) as database:
        names = [row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for name in sorted(names):
            columns = [row[1] for row in database.execute(f'PRAGMA table_info("{name}")')]
            values = " || char(9) || ".join(f'quote("{column}")' for column in columns)
            rows = database.execute(f'SELECT {values} FROM "{name}"').fetchall()
            tables[name] = table([row[0].encode() for row in rows])
    return tables


def dump(path: str) -> dict[str, dict[str, object]]:
    """Every table of a PostgreSQL archive, as pg_restore writes its rows."""
    text = subprocess.run(["pg_restore", "--data-only", "-f", "-", path], check=True, capture_output=True).stdout
    tables: dict[str, dict[str, object]] = {}
    lines = iter(text.split(b"\n"))
    for line in lines:
        if line.startswith(b"COPY "):
            name = line.split()[1].decode()
            rows: list[bytes] = []
            while (row := next(lines)) != b"\\.":
                rows.append(row)
            tables[name] = table(rows)
    return tables


def main() -> None:
    verb, place = sys.argv[1:]
    facts = {"files": lambda: files(os.fsencode(place)), "sqlite": lambda: sqlite(place), "dump": lambda: dump(place)}
    json.dump(facts[verb](), sys.stdout, indent=1, sort_keys=True)
    print()


if __name__ == "__main__":
    main()
