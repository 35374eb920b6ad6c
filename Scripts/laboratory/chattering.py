"""The verb `chatter`: people write without a pause until they are interrupted, as they do while a backup runs.

What they say is not in the oracle: how much of it the backup holds depends on the moment of its snapshot.
"""

import asyncio
import secrets
from pathlib import Path

from . import oracle as oracles
from . import record as records
from .homeserver import Homeserver, connected
from .oracle import Oracle
from .people import WRITERS, Accounts, load_accounts
from .prose import sentence
from .record import Record
from .reporting import LabError, say

UPLOAD_BYTES = 20_000


def chatter(folder: Path) -> int:
    """Say when people have begun, and at the end how much they said; nothing said is an error."""
    record = records.load(folder)
    if not record.running("synapse"):
        raise LabError(f"nothing runs in {folder}; start a lab with: lab up")
    tally = {"messages": 0, "files": 0}
    try:
        asyncio.run(talk(record, tally))
    except KeyboardInterrupt:
        pass
    if not all(tally.values()):
        raise LabError("nobody said anything")
    say(f"meanwhile people wrote {tally['messages']} messages and uploaded {tally['files']} files")
    return 0


async def talk(record: Record, tally: dict[str, int]) -> None:
    """Everybody at once, for ever."""
    oracle, accounts = oracles.load(record.layout), load_accounts(record.layout)
    async with connected(record.synapse_url) as (server,):
        async with asyncio.TaskGroup() as group:
            for name in WRITERS:
                group.create_task(ramble(server, accounts, name, oracle, tally))


async def ramble(server: Homeserver, accounts: Accounts, name: str, oracle: Oracle, tally: dict[str, int]) -> None:
    """One person in the plain room: the keys of the encrypted one would be shared again, and be lost with the server."""
    token = accounts[name]["access_token"]
    while True:
        await server.send(token, oracle.rooms["lobby"].room_id, {"msgtype": "m.text", "body": sentence()})
        tally["messages"] += 1
        if tally["messages"] % 5 == 1:
            await server.upload(token, secrets.token_bytes(UPLOAD_BYTES), "application/octet-stream", "meanwhile.bin")
            tally["files"] += 1
            if tally["files"] == 1:
                say("people are writing")
