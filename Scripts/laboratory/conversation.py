"""Filling rooms: what is said, sent and uploaded, and at once written into the oracle."""

import random
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any

from . import media
from .homeserver import Homeserver, in_batches
from .media import Sizes
from .oracle import Medium, Message, Oracle
from .people import Person
from .prose import sentence

BATCH = 9


@dataclass(frozen=True)
class Amounts:
    """How much is written."""

    secrets: int
    attachments: int
    remarks: int
    uploads: int
    images: int
    bridged: int
    sizes: Sizes


AMOUNTS = {
    "test": Amounts(secrets=24, attachments=16, remarks=10, uploads=13, images=1, bridged=60, sizes=Sizes(30_000, 1.0, 512_000)),
    "demo": Amounts(secrets=260, attachments=130, remarks=80, uploads=110, images=6, bridged=600, sizes=Sizes(240_000, 1.2, 6_000_000)),
}
LATER = {
    "test": Amounts(secrets=9, attachments=3, remarks=4, uploads=3, images=0, bridged=0, sizes=AMOUNTS["test"].sizes),
    "demo": Amounts(secrets=40, attachments=12, remarks=12, uploads=10, images=1, bridged=0, sizes=AMOUNTS["demo"].sizes),
}


class Conversation:
    """People in the encrypted and the plain room."""

    def __init__(self, server: Homeserver, people: dict[str, Person], oracle: Oracle) -> None:
        self.server = server
        self.people = list(people.values())
        self.oracle = oracle

    def speaker(self, number: int) -> Person:
        return self.people[number % len(self.people)]

    async def go_on(self, amounts: Amounts) -> None:
        """Write and upload all of it."""
        await self.open_sessions()
        talk: list[Coroutine[Any, Any, None]] = [self.remark("vault", self.speaker(number)) for number in range(amounts.secrets)]
        talk += [self.remark("lobby", self.speaker(number)) for number in range(amounts.remarks)]
        files: list[Coroutine[Any, Any, None]] = [self.attach(self.speaker(number), amounts.sizes) for number in range(amounts.attachments)]
        files += [self.show(self.speaker(number), amounts.sizes) for number in range(amounts.uploads)]
        files += [self.show_image(self.speaker(number)) for number in range(amounts.images)]
        work = talk + files
        random.shuffle(work)
        await in_batches(BATCH, work)

    async def open_sessions(self) -> None:
        """The first message of each sender, one after the other: it shares the session's key."""
        for person in self.people:
            await self.remark("vault", person)

    async def remark(self, room: str, person: Person) -> None:
        """Say something."""
        body = sentence()
        await self.post(room, person, {"msgtype": "m.text", "body": body})

    async def attach(self, person: Person, sizes: Sizes) -> None:
        """Send an encrypted attachment into the encrypted room."""
        await self.share("vault", person, await media.upload_attachment(self.server, person, sizes))

    async def show(self, person: Person, sizes: Sizes) -> None:
        """Send a plain file into the plain room."""
        await self.share("lobby", person, await media.upload_plain(self.server, person, sizes))

    async def show_image(self, person: Person) -> None:
        """Send an image into the plain room."""
        await self.share("lobby", person, await media.upload_image(self.server, person))

    async def share(self, room: str, person: Person, medium: Medium) -> None:
        """Remember an upload and show it."""
        self.oracle.media.append(medium)
        await self.post(room, person, media.as_message(medium))

    async def post(self, room: str, person: Person, content: dict[str, object]) -> str:
        """Send and remember."""
        where = self.oracle.rooms[room]
        event = await person.say(where.room_id, content)
        self.oracle.messages.append(Message(event, room, where.room_id, person.name, str(content["body"]), where.encrypted))
        return event


async def unread(person: Person, room: str, oracle: Oracle) -> list[str]:
    """The messages that a person cannot read as they were meant."""
    read = await person.read(oracle.rooms[room].room_id)
    return [event for event, message in oracle.messages_of(room).items() if read.get(event) != message.body]
