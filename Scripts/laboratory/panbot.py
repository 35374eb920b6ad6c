"""The bot behind Pantalaimon: it knows nothing of encryption, the proxy does it."""

import asyncio
import time

from .homeserver import Homeserver
from .oracle import Oracle
from .people import Accounts
from .reporting import LabError

PANBOT = "panbot"
DECRYPT_SECONDS = 90


async def unread_by_panbot(proxy: Homeserver, accounts: Accounts, oracle: Oracle) -> list[str]:
    """The messages of the encrypted room that Pantalaimon does not hand out in clear."""
    events = await proxy.messages(accounts[PANBOT]["access_token"], oracle.rooms["vault"].room_id)
    read = {event["event_id"]: event["content"].get("body") for event in events if event["type"] == "m.room.message"}
    return [event for event, message in oracle.messages_of("vault").items() if read.get(event) != message.body]


async def readable_by_panbot(proxy: Homeserver, accounts: Accounts, oracle: Oracle, seconds: float = DECRYPT_SECONDS) -> None:
    """Wait until it hands out all of them: its sync runs on its own time."""
    deadline = time.monotonic() + seconds
    while missing := await unread_by_panbot(proxy, accounts, oracle):
        if time.monotonic() > deadline:
            raise LabError(f"Pantalaimon does not decrypt {len(missing)} messages, the first is {missing[0]}")
        await asyncio.sleep(0.3)
