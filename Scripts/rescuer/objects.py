"""The objects of a store, checked against what the ledger says of them."""

from __future__ import annotations

import hashlib
from pathlib import Path

from .ledger import Needed

PIECE = 1 << 20


class Objects:
    """The objects that one snapshot needs, and which of them are not as they should be."""

    def __init__(self, store: Path, needed: Needed) -> None:
        self.store = store
        self.needed = needed
        self.damaged: dict[str, str] = {}

    def check_all(self) -> None:
        """Compare every object's size and SHA-256 with the ledger; none is held in memory."""
        for name in sorted(self.needed):
            flaw = self._flaw(name)
            if flaw:
                self.damaged[name] = flaw

    def _flaw(self, name: str) -> str:
        size, sha256 = self.needed[name]
        digest = hashlib.sha256()
        found = 0
        try:
            with (self.store / name).open("rb") as file:
                while piece := file.read(PIECE):
                    digest.update(piece)
                    found += len(piece)
        except FileNotFoundError:
            return "is missing"
        except OSError as error:
            return f"cannot be read: {error.strerror}"
        if found != size:
            return f"is {found} bytes long, not {size}"
        return "" if digest.hexdigest() == sha256 else "has another SHA-256 than the ledger says"

    def is_good(self, name: str) -> bool:
        """Whether an object is needed and as it should be."""
        return name in self.needed and name not in self.damaged

    def path(self, name: str) -> Path:
        return self.store / name

    def indexes(self, compartment: str) -> list[str]:
        """The names of a compartment's indexes."""
        return sorted(name for name in self.needed if name.startswith("indexes/") and name.split(".")[1] == compartment)
