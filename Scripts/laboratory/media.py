"""Files as people send them: sizes log-normal, some encrypted, some plain, some images with thumbnails."""

import math
import os
import random
import secrets
import struct
import zlib
from dataclasses import dataclass

from nio.crypto.attachments import encrypt_attachment

from .homeserver import Homeserver
from .oracle import Medium, sha256
from .people import Person
from .prose import sentence

THUMBNAILS = ((96, 96, "crop"), (320, 240, "scale"), (800, 600, "scale"))
KINDS = (
    ("scan.pdf", "application/pdf", 1.0),
    ("voice.ogg", "audio/ogg", 1.0),
    ("log.txt", "text/plain", 0.0),
    ("table.csv", "text/csv", 0.0),
    ("archive.zip", "application/zip", 1.0),
    ("drawing.svg", "image/svg+xml", 0.0),
)


@dataclass(frozen=True)
class Sizes:
    """A log-normal distribution with a lid."""

    median: int
    spread: float
    most: int

    def draw(self) -> int:
        return min(self.most, max(200, round(random.lognormvariate(math.log(self.median), self.spread))))


def document(size: int) -> tuple[str, str, bytes]:
    """Name, type and content: some compress well, some not at all."""
    name, content_type, density = random.choice(KINDS)
    content = os.urandom(size) if density else text(size)
    return f"{secrets.token_hex(3)}-{name}", content_type, content


def text(size: int) -> bytes:
    """Lines that compress, yet differ from file to file."""
    paragraph = "\n".join(sentence() for _ in range(40)) + "\n"
    lines = paragraph * (size // len(paragraph) + 1)
    return f"{secrets.token_hex(8)}\n{lines}".encode()[:size]


def image(width: int = 960, height: int = 720) -> bytes:
    """A PNG with a gradient and some noise, large enough for every thumbnail."""
    ramp = bytes(range(256)) * (3 * width // 256 + 2)
    phase = random.randrange(256)
    starts = ((row // 3 + phase) % 256 for row in range(height))
    rows = b"".join(b"\0" + (os.urandom(3 * width) if start % 16 == 0 else ramp[start : start + 3 * width]) for start in starts)
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows, 1)) + chunk(b"IEND", b"")


def chunk(kind: bytes, content: bytes) -> bytes:
    """One chunk of a PNG."""
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


async def upload_plain(server: Homeserver, person: Person, sizes: Sizes) -> Medium:
    """A document uploaded as it is."""
    return await upload(server, person, *document(sizes.draw()))


async def upload_image(server: Homeserver, person: Person) -> Medium:
    """An image, with the digests of the thumbnails that Synapse made of it."""
    medium = await upload(server, person, f"{secrets.token_hex(3)}-photo.png", "image/png", image())
    for width, height, method in THUMBNAILS:
        _, content = await server.thumbnail(person.token, medium.mxc, width, height, method)
        medium.thumbnails.append({"width": width, "height": height, "method": method, "sha256": sha256(content)})
    return medium


async def upload(server: Homeserver, person: Person, name: str, content_type: str, content: bytes) -> Medium:
    """Upload and remember."""
    mxc = await server.upload(person.token, content, content_type, name)
    return Medium(mxc, name, content_type, person.name, len(content), sha256(content), encrypted=False)


async def upload_attachment(server: Homeserver, person: Person, sizes: Sizes) -> Medium:
    """Encrypt as clients do, upload the ciphertext, and keep the key for the message."""
    name, content_type, plaintext = document(sizes.draw())
    ciphertext, keys = encrypt_attachment(plaintext)
    mxc = await server.upload(person.token, ciphertext, "application/octet-stream", name)
    return Medium(
        mxc,
        name,
        content_type,
        person.name,
        len(ciphertext),
        sha256(ciphertext),
        encrypted=True,
        file=keys | {"url": mxc},
        plaintext_sha256=sha256(plaintext),
    )


def as_message(medium: Medium) -> dict[str, object]:
    """The event that shows a medium in a room."""
    kind = "m.image" if medium.thumbnails else "m.file"
    where = {"file": medium.file} if medium.encrypted else {"url": medium.mxc}
    return {"msgtype": kind, "body": medium.name, "info": {"size": medium.size, "mimetype": medium.content_type}, **where}
