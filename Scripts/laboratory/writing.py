"""The verb `write`: people go on, files come and go, bridges move on."""

import asyncio
import random
from pathlib import Path

from . import bridges, synapse
from . import oracle as oracles
from . import record as records
from .conversation import LATER, Conversation
from .homeserver import Homeserver, connected
from .layout import BRIDGES
from .oracle import Oracle
from .panbot import readable_by_panbot
from .people import WRITERS, Accounts, awake, load_accounts
from .raising import read_everything
from .record import Record
from .reporting import LabError, timed


def write(folder: Path) -> int:
    """Go on writing; what was done is in the oracle even if not all could be done."""
    record = records.load(folder)
    if not record.running("synapse") or not record.running("postgres"):
        raise LabError(f"nothing runs in {folder}; start a lab with: lab up")
    asyncio.run(go_on(record))
    return 0


async def go_on(record: Record) -> None:
    """All of it against one running lab."""
    layout = record.layout
    oracle, accounts = oracles.load(layout), load_accounts(layout)
    messages, media = len(oracle.messages), len(oracle.media)
    async with connected(record.synapse_url, record.pantalaimon_url) as (server, proxy):
        with timed("people went on writing") as details:
            try:
                await speak(record, server, proxy, accounts, oracle)
                details.append(f"{len(oracle.messages) - messages} messages, {len(oracle.media) - media} files")
                details.append(f"{await delete_one(server, accounts, oracle)} deleted")
            finally:
                oracle.save(layout)
        with timed("bridges went on"):
            for name in BRIDGES:
                await asyncio.to_thread(bridges.go_on, record, name)
                oracle.bridges[name] = bridges.digests(record, name)
            oracle.save(layout)
        oracle.one_time_keys = await asyncio.to_thread(synapse.one_time_keys, record)
        oracle.save(layout)


async def speak(record: Record, server: Homeserver, proxy: Homeserver, accounts: Accounts, oracle: Oracle) -> None:
    """New messages and files, which everybody reads."""
    async with awake(accounts, WRITERS, server, record.layout) as people:
        await asyncio.gather(*(person.catch_up() for person in people.values()))
        await Conversation(server, people, oracle).go_on(LATER[record.size])
        await read_everything(people, oracle)
        await readable_by_panbot(proxy, accounts, oracle)


async def delete_one(server: Homeserver, accounts: Accounts, oracle: Oracle) -> str:
    """An administrator deletes a file; its message stays and points to nothing."""
    medium = random.choice([medium for medium in oracle.media if not medium.deleted and not medium.thumbnails])
    await server.delete_medium(accounts["admin"]["access_token"], medium.mxc)
    medium.deleted = True
    return medium.mxc
