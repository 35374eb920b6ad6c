"""Content: chunks put together again, every one of them checked."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from typing import Any

from .chunks import ChunkTable
from .packs import PackShelf
from .trouble import Damage

REFERENCE = re.compile(r"([0-8]):([0-9a-f]{64})")
ID_LENGTH = 32


class ContentReader:
    """Reads the content of one compartment."""

    def __init__(self, table: ChunkTable, shelf: PackShelf, chunk_id_key: bytes) -> None:
        self._table = table
        self._shelf = shelf
        self._key = chunk_id_key

    def stream(self, reference: str) -> Iterator[bytes]:
        """The pieces of some content, in order."""
        if reference == "empty":
            return
        match = REFERENCE.fullmatch(reference)
        if match is None:
            raise Damage(f"'{reference}' is no content reference")
        yield from self._below(int(match[1]), bytes.fromhex(match[2]))

    def _below(self, depth: int, root: bytes) -> Iterator[bytes]:
        chunk = self._chunk(root)
        if depth == 0:
            yield chunk
            return
        if not chunk or len(chunk) % ID_LENGTH:
            raise Damage("a list of chunks is no such list")
        for start in range(0, len(chunk), ID_LENGTH):
            yield from self._below(depth - 1, chunk[start : start + ID_LENGTH])

    def _chunk(self, wanted: bytes) -> bytes:
        chunk = self._shelf.read(self._table.find(wanted))
        # Chunks of older snapshots are named by their bytes, the others by their SHA-256.
        named = (hashlib.sha256(chunk).digest(), chunk)
        if all(hashlib.blake2b(each, digest_size=ID_LENGTH, key=self._key).digest() != wanted for each in named):
            raise Damage(f"chunk {wanted.hex()} does not have the content of its name")
        return chunk

    def checked(self, content: dict[str, Any]) -> Iterator[bytes]:
        """Content as a manifest names it; raises `Damage` at the end where size or SHA-256 differ."""
        digest = hashlib.sha256()
        size = 0
        for piece in self.stream(content["reference"]):
            digest.update(piece)
            size += len(piece)
            yield piece
        if size != content["size"] or digest.hexdigest() != content["sha256"]:
            raise Damage("its length or SHA-256 is not what was saved")
