"""Packs, unpacked one at a time into a scratch folder that does not outgrow its limit."""

from __future__ import annotations

import shutil
from collections import OrderedDict
from pathlib import Path

from .chunks import Place
from .objects import Objects
from .programs import Identity, Sealed, unpack
from .trouble import Damage

FRAME_MEMORY = 64 << 20


class PackShelf:
    """Unpacked packs, the ones used last kept; and in memory the frames used last."""

    def __init__(self, objects: Objects, identity: Identity, folder: Path, limit: int) -> None:
        self._objects = objects
        self._identity = identity
        self._folder = folder
        self._limit = limit
        self._sizes: OrderedDict[str, int] = OrderedDict()
        self._broken: dict[str, str] = {}
        self._frames: OrderedDict[tuple[str, int], bytes] = OrderedDict()
        self._frame_bytes = 0

    def read(self, place: Place) -> bytes:
        """The bytes of a chunk, not yet checked."""
        frame = self._frame(place)
        return frame[place.offset : place.offset + place.length]

    def _frame(self, place: Place) -> bytes:
        key = (place.pack, place.frame)
        if key in self._frames:
            self._frames.move_to_end(key)
            return self._frames[key]
        frame = self._load(place)
        self._frames[key] = frame
        self._frame_bytes += len(frame)
        while self._frame_bytes > FRAME_MEMORY and len(self._frames) > 1:
            _, old = self._frames.popitem(last=False)
            self._frame_bytes -= len(old)
        return frame

    def _load(self, place: Place) -> bytes:
        folder = self._unpacked(place.pack)
        path = folder / (f"frame-{place.frame:05}" + ("" if place.is_compressed else ".raw"))
        if path.is_symlink() or not path.is_file() or path.stat().st_size != place.frame_length:
            raise Damage(f"pack {place.pack} does not hold frame {place.frame} as its index says")
        return path.read_bytes()

    def _unpacked(self, pack: str) -> Path:
        folder = self._folder / pack
        if pack in self._sizes:
            self._sizes.move_to_end(pack)
            return folder
        if pack in self._broken:
            raise Damage(self._broken[pack])
        folder.mkdir(mode=0o700)
        try:
            payload = self._objects.path(f"packs/{pack[:2]}/{pack}")
            unpack(self._identity, payload.with_name(f"{pack}.header"), payload, folder)
        except (Damage, Sealed) as error:
            shutil.rmtree(folder)
            self._broken[pack] = f"a pack cannot be opened: {error}"
            raise Damage(self._broken[pack]) from None
        self._sizes[pack] = sum(path.lstat().st_size for path in folder.iterdir())
        while sum(self._sizes.values()) > self._limit and len(self._sizes) > 1:
            old, _ = self._sizes.popitem(last=False)
            shutil.rmtree(self._folder / old)
        return folder
