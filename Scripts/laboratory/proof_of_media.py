"""Proofs about files: bytes as they were, attachments that open, deleted ones gone."""

from collections.abc import Callable, Coroutine
from typing import Any

from nio.crypto.attachments import decrypt_attachment
from nio.exceptions import EncryptionError

from .homeserver import Homeserver, in_batches
from .oracle import Medium, Oracle, sha256
from .people import Person
from .proofs import Proofs

DOWNLOADS = 6
Check = Callable[[Medium], Coroutine[Any, Any, bool]]


class MediaProofs:
    """Everything that was uploaded."""

    def __init__(self, server: Homeserver, people: dict[str, Person], oracle: Oracle, proofs: Proofs) -> None:
        self.server = server
        self.token = people["alice"].token
        self.oracle = oracle
        self.proofs = proofs

    async def prove(self) -> None:
        """The bytes on the server, what people see of them, what must not be there, and thumbnails, which are files of their own."""
        kept = [medium for medium in self.oracle.media if not medium.deleted]
        gone = [medium for medium in self.oracle.media if medium.deleted]
        await self.report(kept, self.is_intact, "files came back byte for byte")
        await self.report(
            [medium for medium in kept if medium.encrypted], self.opens, "encrypted attachments open with the keys in their messages"
        )
        await self.report([medium for medium in kept if medium.thumbnails], self.has_thumbnails, "images have their old thumbnails")
        if gone:
            await self.report(gone, self.is_gone, "deleted files stay gone")

    async def report(self, wanted: list[Medium], holds: Check, claim: str) -> None:
        """One line for many files."""
        await self.proofs.attempt(claim, self.count(wanted, holds, claim))

    async def count(self, wanted: list[Medium], holds: Check, claim: str) -> None:
        """Look at all of them, some at a time."""
        answers = await in_batches(DOWNLOADS, [holds(medium) for medium in wanted])
        wrong = [medium.mxc for medium, answer in zip(wanted, answers, strict=True) if not answer]
        size = sum(medium.size for medium in wanted) / 1e6
        self.proofs.check(
            bool(wanted) and not wrong, f"{len(wanted)} {claim} ({size:.1f} MB)", f"{len(wrong)} wrong: {', '.join(wrong[:3])}"
        )

    async def is_intact(self, medium: Medium) -> bool:
        status, content = await self.server.download(self.token, medium.mxc)
        return status == 200 and sha256(content) == medium.sha256

    async def opens(self, medium: Medium) -> bool:
        _, content = await self.server.download(self.token, medium.mxc)
        keys = medium.file or {}
        try:
            plaintext = decrypt_attachment(content, keys["key"]["k"], keys["hashes"]["sha256"], keys["iv"])
        except EncryptionError:
            return False
        return sha256(plaintext) == medium.plaintext_sha256

    async def is_gone(self, medium: Medium) -> bool:
        status, _ = await self.server.download(self.token, medium.mxc)
        return status == 404

    async def has_thumbnails(self, medium: Medium) -> bool:
        for known in medium.thumbnails:
            _, content = await self.server.thumbnail(self.token, medium.mxc, known["width"], known["height"], known["method"])
            if sha256(content) != known["sha256"]:
                return False
        return True
