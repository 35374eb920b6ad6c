"""The list of files: lines in the manner of mtree(5)."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from .trouble import Damage

HEADER = b"#mtree coffer-files 1"
LONGEST_LINE = 64 << 20
ESCAPED = re.compile(rb"(?:[!-\"$-<>-\[\]-~]|\\[0-3][0-7]{2})*")
ESCAPE = re.compile(rb"\\([0-3][0-7]{2})")
TIME = re.compile(rb"(-?\d+)\.(\d{9})")
EXTENT = re.compile(rb"(\d+)\+(\d+)")
KEYWORDS = {b"type", b"mode", b"uid", b"uname", b"gid", b"gname", b"size", b"time", b"link", b"hardlink"}
KEYWORDS |= {b"extents", b"sha256digest", b"content", b"torn"}
Path = tuple[bytes, ...]


@dataclass
class Record:
    """One file. `path` is its components, none for the root; `extents` is None where it has no holes."""

    path: Path
    kind: str
    mode: int
    user: tuple[int, str]
    group: tuple[int, str]
    time: int
    size: int = 0
    link: bytes = b""
    first: Path = ()
    extents: list[tuple[int, int]] | None = None
    sha256: str = ""
    content: str = ""
    is_torn: bool = False
    attributes: list[tuple[bytes, bytes]] = field(default_factory=list)

    @property
    def data(self) -> list[tuple[int, int]]:
        """Where the content's bytes belong: offset and length of each run."""
        return self.extents if self.extents is not None else [(0, self.size)] if self.size else []

    def __str__(self) -> str:
        return shown(self.path)


def shown(path: Path) -> str:
    """A path as it may be printed on a terminal."""
    text = b"/".join(path).decode("utf-8", "backslashreplace") or "."
    return "".join(letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in text)


def records(pieces: Iterable[bytes]) -> Iterator[Record]:
    """The records of a list that comes in pieces; they must be in the order of a walk."""
    before: Path | None = None
    number = 0
    for number, line in enumerate(lines(pieces), 1):
        if number == 1:
            if line != HEADER:
                raise Damage("the list of files has not the header of version 1")
            continue
        try:
            record = parse(line)
        except (ValueError, KeyError) as error:
            raise Damage(f"line {number} of the list of files is wrong: {error}") from None
        if before is not None and record.path <= before:
            raise Damage(f"line {number} of the list of files is out of order")
        before = record.path
        yield record
    if number == 0:
        raise Damage("the list of files is empty")


def lines(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Whole lines, without their ends."""
    rest = b""
    for piece in pieces:
        *whole, rest = (rest + piece).split(b"\n")
        yield from whole
        if len(rest) > LONGEST_LINE:
            raise Damage("a line of the list of files is too long")
    if rest:
        raise Damage("the list of files is cut off")


def parse(line: bytes) -> Record:
    """One line. Raises ValueError or KeyError."""
    words = line.split(b" ")
    values: dict[bytes, bytes] = {}
    attributes = []
    for word in words[1:]:
        keyword, _, value = word.partition(b"=")
        if keyword.startswith(b"xattr."):
            attributes.append((unescape(keyword[6:]), base64.b64decode(value, validate=True)))
        elif keyword not in KEYWORDS or keyword in values:
            raise ValueError(f"what is {keyword!r}?")
        else:
            values[keyword] = value
    record = Record(
        path=path_of(words[0]),
        kind=kind_of(values),
        mode=int(values[b"mode"], 8),
        user=(int(values[b"uid"]), unescape(values.get(b"uname", b"")).decode()),
        group=(int(values[b"gid"]), unescape(values.get(b"gname", b"")).decode()),
        time=nanoseconds(values[b"time"]),
        attributes=attributes,
        is_torn=b"torn" in values,
    )
    add_particulars(record, values)
    return record


def kind_of(values: dict[bytes, bytes]) -> str:
    """`file`, `dir`, `link`, `fifo` or `hardlink`."""
    kind = values[b"type"].decode()
    if kind not in ("file", "dir", "link", "fifo"):
        raise ValueError(f"type={kind}")
    return "hardlink" if kind == "file" and b"hardlink" in values else kind


def add_particulars(record: Record, values: dict[bytes, bytes]) -> None:
    """What only some kinds have."""
    if record.mode > 0o7777 or (not record.path and record.kind != "dir"):
        raise ValueError("mode or root")
    if record.kind == "link":
        record.link = unescape(values[b"link"])
        if not record.link or b"\0" in record.link:
            raise ValueError("link")
    elif record.kind == "hardlink":
        record.first = path_of(values[b"hardlink"])
        if not record.first or record.first >= record.path:
            raise ValueError("hardlink")
    elif record.kind == "file":
        record.size = int(values[b"size"])
        record.sha256 = values[b"sha256digest"].decode()
        record.content = values[b"content"].decode()
        record.extents = extents_of(values.get(b"extents"), record.size)


def extents_of(value: bytes | None, size: int) -> list[tuple[int, int]] | None:
    """`none`, or `offset+length,…`, ascending and apart."""
    if value is None:
        return None
    extents = []
    end = 0
    for word in value.split(b",") if value != b"none" else []:
        match = EXTENT.fullmatch(word)
        if match is None or int(match[1]) < end or int(match[2]) < 1:
            raise ValueError("extents")
        end = int(match[1]) + int(match[2])
        extents.append((int(match[1]), int(match[2])))
    if end > size:
        raise ValueError("an extent ends after the file")
    return extents


def nanoseconds(value: bytes) -> int:
    """A time; `-1.250000000` is a quarter second after second -1."""
    match = TIME.fullmatch(value)
    if match is None:
        raise ValueError("time")
    return int(match[1]) * 1_000_000_000 + int(match[2])


def path_of(word: bytes) -> Path:
    """The components of `.` or `./…`; nothing that could lead out of the tree."""
    if word == b".":
        return ()
    if not word.startswith(b"./"):
        raise ValueError("a path does not start with ./")
    path = tuple(unescape(word[2:]).split(b"/"))
    if any(part in (b"", b".", b"..") or b"\0" in part for part in path):
        raise ValueError("a path could lead elsewhere")
    return path


def unescape(word: bytes) -> bytes:
    r"""`\ooo` back to bytes."""
    if not ESCAPED.fullmatch(word):
        raise ValueError("a word is not escaped as it should be")
    return ESCAPE.sub(lambda match: bytes([int(match[1], 8)]), word)
