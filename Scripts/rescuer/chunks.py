"""Where every chunk lies: the indexes of a compartment, read into a table on disk."""

from __future__ import annotations

import sqlite3
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from .objects import Objects
from .trouble import Damage

MAGIC = b"COFFERIX"
LARGEST_FRAME = 64 << 20
SCHEMA = """
PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -32768;
CREATE TABLE frames (number INTEGER PRIMARY KEY, pack TEXT, place INTEGER, length INTEGER, codec INTEGER);
CREATE TABLE chunks (id BLOB PRIMARY KEY, frame INTEGER, offset INTEGER, length INTEGER) WITHOUT ROWID;
"""
FIND = """
SELECT pack, place, codec, frames.length, offset, chunks.length FROM chunks JOIN frames ON frames.number = chunks.frame WHERE id = ?
"""


@dataclass(frozen=True)
class Place:
    """Where a chunk lies: a run of bytes in a frame, which is the `frame`-th of a pack."""

    pack: str
    frame: int
    is_compressed: bool
    frame_length: int
    offset: int
    length: int


class ChunkTable:
    """Chunk id to place. On disk, for a large database has millions of chunks."""

    def __init__(self, path: Path) -> None:
        self._table = sqlite3.connect(path, isolation_level=None)
        self._table.executescript(SCHEMA)
        self._frames = 0

    def add(self, index: IO[bytes], objects: Objects) -> None:
        """Take in the plaintext of an index; packs that are damaged or no longer needed are left out."""
        reader = IndexReader(index)
        if reader.take(8) != MAGIC or reader.number("<I") != 1:
            raise Damage("an index does not start as one of version 1 does")
        self._table.execute("BEGIN")
        for _ in range(reader.number("<I")):
            pack = reader.take(32).hex()
            name = f"packs/{pack[:2]}/{pack}"
            is_usable = objects.is_good(name) and objects.is_good(f"{name}.header")
            for place in range(reader.number("<I")):
                self._add_frame(reader, pack, place, is_usable)
        self._table.execute("COMMIT")
        reader.expect_only_zeros()

    def _add_frame(self, reader: IndexReader, pack: str, place: int, is_usable: bool) -> None:
        _, _, length, codec, count = struct.unpack("<QIIBI", reader.take(21))
        if length > LARGEST_FRAME or codec > 1:
            raise Damage("an index names a frame that cannot be")
        rows = []
        offset = 0
        for _ in range(count):
            chunk, size = struct.unpack("<32sI", reader.take(36))
            rows.append((chunk, self._frames, offset, size))
            offset += size
        if offset != length:
            raise Damage("an index names chunks that do not fill their frame")
        if is_usable:
            self._table.execute("INSERT INTO frames VALUES (?, ?, ?, ?, ?)", (self._frames, pack, place, length, codec))
            self._table.executemany("INSERT OR IGNORE INTO chunks VALUES (?, ?, ?, ?)", rows)
            self._frames += 1

    def find(self, chunk: bytes) -> Place:
        """Where a chunk lies."""
        row = self._table.execute(FIND, (chunk,)).fetchone()
        if row is None:
            raise Damage(f"chunk {chunk.hex()} is in no pack that is whole")
        pack, frame, codec, frame_length, offset, length = row
        return Place(pack, frame, codec == 1, frame_length, offset, length)

    def close(self) -> None:
        self._table.close()


class IndexReader:
    """Reads fixed lengths and never past the end."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def take(self, count: int) -> bytes:
        found = self._file.read(count)
        if len(found) != count:
            raise Damage("an index ends too early")
        return found

    def number(self, form: str) -> int:
        return int(struct.unpack(form, self.take(struct.calcsize(form)))[0])

    def expect_only_zeros(self) -> None:
        while rest := self._file.read(1 << 16):
            if rest.strip(b"\0"):
                raise Damage("something follows the last pack of an index")
