"""The objects of a store, checked against what the ledger says of them."""

from __future__ import annotations

import hashlib
from pathlib import Path

from .ledger import Needed
from .rewraps import Rewraps

PIECE = 1 << 20


class Objects:
    """The objects that one snapshot needs, and which of them are not as they should be.

    One that was rewrapped is what a known officer says. By the word of others it is known, too, but used only where `uses_unvouched`.
    """

    def __init__(self, store: Path, needed: Needed, rewraps: Rewraps, uses_unvouched: bool) -> None:
        self.store = store
        self.needed = needed
        self.damaged: dict[str, str] = {}
        self.unvouched: dict[str, str] = {}
        self._rewraps = rewraps
        self._uses_unvouched = uses_unvouched

    def check_all(self) -> None:
        """Compare every object's size and SHA-256 with what was signed for; none is held in memory."""
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
        is_known = (found, digest.hexdigest()) == (size, sha256) or self._is_rewrapped(name, (found, digest.hexdigest()))
        if is_known:
            return ""
        return f"is {found} bytes long, not {size}" if found != size else "has another SHA-256 than the ledger says"

    def _is_rewrapped(self, name: str, found: tuple[int, str]) -> bool:
        """Whether an officer made an object what it is; where none of them is known, that is noted."""
        said = [each for each in self._rewraps.get(name, []) if each.facts == found]
        if said and not any(each.is_vouched_for for each in said):
            self.unvouched[name] = f"was rewrapped by {said[-1].officer}, whose key was not given"
        return bool(said)

    def is_good(self, name: str) -> bool:
        """Whether an object is needed and as it should be, and may be used."""
        return name in self.needed and not self.flaw(name)

    def flaw(self, name: str) -> str:
        """Why an object is not used; empty where it is."""
        return self.damaged.get(name, "") or ("" if self._uses_unvouched else self.unvouched.get(name, ""))

    def path(self, name: str) -> Path:
        return self.store / name

    def indexes(self, compartment: str) -> list[str]:
        """The names of a compartment's indexes."""
        return sorted(name for name in self.needed if name.startswith("indexes/") and name.split(".")[1] == compartment)
