"""The options of `Scripts/rescue`."""

from __future__ import annotations

import argparse
from pathlib import Path

from .trouble import USAGE, RescueError

DESCRIPTION = """\
Restores a Coffer store with age, tar, zstd and Python's standard library alone.

Files are written to DIR/SOURCE/, dumps of PostgreSQL to DIR/SOURCE.dump, SQLite databases to DIR/SOURCE/FILE.
Exit code 0 means that everything was checked: objects against the ledger, every chunk by its keyed hash,
every file and dump by its SHA-256. What an officer rewrapped is checked against what he signed: --officer. Others: docs/exit-codes.md.
"""


class Parser(argparse.ArgumentParser):
    """argparse's own exit code for wrong usage is 2, as ours; its messages are not."""

    def error(self, message: str) -> None:  # type: ignore[override]
        raise RescueError(USAGE, message, "'rescue --help' shows what there is")


def parse(words: list[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = Parser(prog="rescue", description=DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("store", metavar="STORE", type=Path, help="the folder that holds coffer.json")
    parser.add_argument("identity", metavar="IDENTITY", help="a file with age identities; - reads standard input")
    parser.add_argument("folder", metavar="DIR", type=Path, help="where to restore to: a new or empty folder")
    parser.add_argument("--trust", metavar="HOST.pub", type=Path, help="the host's minisign public key: check the ledger's signatures")
    parser.add_argument(
        "--officer",
        metavar="record.pub",
        type=Path,
        action="append",
        default=[],
        help="the public key of an officer who rewrapped objects: take his word for what they are; may be repeated",
    )
    parser.add_argument(
        "--without-trusted-officer", action="store_true", help="use rewrapped objects although nobody known vouches for them; they are named"
    )
    parser.add_argument("--expect-head", metavar="HASH", help="a ledger head noted earlier; the ledger must contain it")
    parser.add_argument("--host", metavar="KEYID", help="whose ledger to read, where the store holds several and --trust is not given")
    parser.add_argument("--snapshot", metavar="ID", help="a snapshot, or how its id starts (default: the newest)")
    parser.add_argument("--source", metavar="NAME", action="append", default=[], help="restore only this source; may be repeated")
    parser.add_argument("--into", metavar="CONNINFO", help="also restore dumps into new databases of this server, for example 'host=/run/postgresql'")
    parser.add_argument(
        "--scratch-mib", metavar="N", type=int, default=4096, help="disk for unpacked packs inside DIR, removed at the end (default: 4096)"
    )
    arguments = parser.parse_args(words)
    if arguments.into and "dbname" in arguments.into:
        raise RescueError(USAGE, "--into names a server, not a database: leave dbname out")
    return arguments
