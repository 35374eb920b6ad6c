"""The bridges' side of Matrix: each has its bot, some ghosts and a portal room with alice, and rows that speak of them."""

import asyncio

from . import bridges
from .bridge_rows import Neighbourhood, person
from .conversation import AMOUNTS
from .homeserver import Homeserver, user_id
from .oracle import Message, Oracle, Room
from .people import Accounts
from .prose import sentence
from .record import Record

GHOSTS = 2
SAID_IN_PORTAL = 4
READER = "alice"


async def settle_bridges(record: Record, server: Homeserver, tokens: dict[str, str], accounts: Accounts, oracle: Oracle) -> None:
    """All bridges at the same time."""
    async with asyncio.TaskGroup() as group:
        for name, token in tokens.items():
            group.create_task(settle(record, server, name, token, accounts, oracle))


async def settle(record: Record, server: Homeserver, name: str, token: str, accounts: Accounts, oracle: Oracle) -> None:
    """Bot, ghosts, portal room, messages; then the database that knows them."""
    near = Neighbourhood(name, bridges.bot(name), user_id(READER), "", [], AMOUNTS[record.size].bridged)
    ghosts = [near.ghost(number) for number in range(GHOSTS)]
    await asyncio.gather(*(register(server, token, user) for user in (near.bot, *ghosts)))
    room = await server.create_room(token, name=f"{name.capitalize()}: {person(0)}", invite=[user_id(READER), *ghosts])
    await asyncio.gather(server.join(accounts[READER]["access_token"], room), *(server.join(token, room, ghost) for ghost in ghosts))
    portal = f"portal-{name}"
    oracle.rooms[portal] = Room(room, False, [READER])
    events = [await speak(server, token, portal, room, ghosts[number % GHOSTS], oracle) for number in range(SAID_IN_PORTAL)]
    known = Neighbourhood(name, near.bot, near.user, room, events, near.messages, near.contacts)
    await asyncio.to_thread(bridges.fill, record, known)


async def register(server: Homeserver, token: str, user: str) -> None:
    """Make one of an appservice's own users."""
    await server.call(
        "POST",
        "/_matrix/client/v3/register",
        token,
        {"type": "m.login.application_service", "username": user[1:].partition(":")[0], "inhibit_login": True},
    )


async def speak(server: Homeserver, token: str, portal: str, room: str, ghost: str, oracle: Oracle) -> str:
    """A ghost says what somebody wrote on the other network."""
    body = sentence()
    event = await server.send(token, room, {"msgtype": "m.text", "body": body}, acting_as=ghost)
    oracle.messages.append(Message(event, portal, room, ghost, body, encrypted=False))
    return event
