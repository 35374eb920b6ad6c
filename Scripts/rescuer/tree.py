"""Puts a tree of files back, through open folders only, so that no symbolic link is ever followed."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from dataclasses import dataclass

from .filelist import Path, Record, shown
from .metadata import Notes, put_back
from .trouble import Damage

FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
ZEROS = bytes(1 << 16)


@dataclass
class Level:
    """An open folder on the way down; its record is applied when all that it holds is back."""

    path: Path
    folder: int
    record: Record | None


class TreeWriter:
    """Writes records in the order of a walk below a new folder."""

    def __init__(self, root: str) -> None:
        os.mkdir(root, 0o700)
        self.notes = Notes()
        self.files = 0
        self._levels = [Level((), os.open(root, FOLDER), None)]

    def write(self, record: Record, content: Iterable[bytes]) -> None:
        """Put one file back; raises `Damage` where its content is not what was saved, and leaves nothing of it."""
        if not record.path:
            self._levels[0].record = record
            return
        folder = self._enter(record.path[:-1])
        name = record.path[-1]
        if record.kind == "dir":
            os.mkdir(name, 0o700, dir_fd=folder)
            self._levels.append(Level(record.path, os.open(name, FOLDER, dir_fd=folder), record))
        elif record.kind == "file":
            self._write_file(record, folder, name, content)
        elif record.kind == "hardlink":
            self._link(record, folder, name)
        else:
            if record.kind == "link":
                os.symlink(record.link, name, dir_fd=folder)
            else:
                os.mkfifo(name, 0o600, dir_fd=folder)
            put_back(record, b"/proc/self/fd/%d/%s" % (folder, name), self.notes)
        self.files += record.kind != "dir"

    def finish(self) -> None:
        """Give the folders that are still open their owners, modes and times."""
        self._leave(0)

    def _enter(self, path: Path) -> int:
        """Leave the folders that are done, and make those that the list left out."""
        while path[: len(self._levels[-1].path)] != self._levels[-1].path:
            self._leave(len(self._levels) - 1)
        for length in range(len(self._levels[-1].path), len(path)):
            parent, name = self._levels[-1].folder, path[length]
            try:
                os.mkdir(name, 0o700, dir_fd=parent)
            except FileExistsError:
                raise Damage(f"{shown(path[: length + 1])} is no folder, but something is to lie in it") from None
            self._levels.append(Level(path[: length + 1], os.open(name, FOLDER, dir_fd=parent), None))
        return self._levels[-1].folder

    def _leave(self, count: int) -> None:
        while len(self._levels) > count:
            level = self._levels.pop()
            if level.record:
                put_back(level.record, level.folder, self.notes)
            os.close(level.folder)

    def _write_file(self, record: Record, folder: int, name: bytes, content: Iterable[bytes]) -> None:
        file = os.open(name, NEW_FILE, 0o600, dir_fd=folder)
        try:
            fill(file, record, content)
            put_back(record, file, self.notes)
        except BaseException:
            os.unlink(name, dir_fd=folder)
            raise
        finally:
            os.close(file)

    def _link(self, record: Record, folder: int, name: bytes) -> None:
        """Another name of an earlier file, found by going down from the root again."""
        home = os.dup(self._levels[0].folder)
        try:
            for part in record.first[:-1]:
                below = os.open(part, FOLDER, dir_fd=home)
                os.close(home)
                home = below
            os.link(record.first[-1], name, src_dir_fd=home, dst_dir_fd=folder, follow_symlinks=False)
        except (FileNotFoundError, NotADirectoryError):
            raise Damage(f"it is another name of {shown(record.first)}, which is not there") from None
        finally:
            os.close(home)


def fill(file: int, record: Record, content: Iterable[bytes]) -> None:
    """Write a file's data where it belongs, and compare the SHA-256 of the whole, holes read as zeros."""
    digest = hashlib.sha256()
    position = 0
    runs = iter(record.data)
    start = rest = 0
    for piece in content:
        while piece:
            if not rest:
                start, rest = next(runs, (0, 0))
                if not rest:
                    raise Damage("it is longer than was saved")
            part, piece = piece[:rest], piece[rest:]
            hash_zeros(digest, start - position)
            write_all(file, part, start)
            digest.update(part)
            start, rest, position = start + len(part), rest - len(part), start + len(part)
    if rest or next(runs, None):
        raise Damage("it is shorter than was saved")
    hash_zeros(digest, record.size - position)
    if digest.hexdigest() != record.sha256:
        raise Damage("its SHA-256 is not what was saved")
    os.ftruncate(file, record.size)


def hash_zeros(digest: hashlib._Hash, count: int) -> None:
    """A hole, as a program would read it."""
    while count > 0:
        digest.update(ZEROS[: min(count, len(ZEROS))])
        count -= len(ZEROS)


def write_all(file: int, data: bytes, offset: int) -> None:
    """pwrite(2) until all is written."""
    while data:
        done = os.pwrite(file, data, offset)
        data, offset = data[done:], offset + done
