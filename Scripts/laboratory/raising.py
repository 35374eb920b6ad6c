"""The verb `up`: a deployment from nothing, with people in it."""

import asyncio
import secrets
import time
from pathlib import Path

from . import bridges, cluster, keeper, pantalaimon, synapse, venvs
from .conversation import AMOUNTS, Conversation, unread
from .homeserver import Homeserver, connected, user_id
from .layout import BRIDGES, SERVER_NAME, bridge_database
from .neighbours import settle_bridges
from .oracle import Oracle, Room, file_facts, sha256
from .panbot import PANBOT, readable_by_panbot
from .people import WRITERS, Accounts, Person, awake, save_accounts
from .processes import free_port
from .record import Record
from .reporting import LabError, timed

KEYS_SECONDS = 60


def up(folder: Path, size: str) -> int:
    """Start and fill a lab; after a failure nothing of it is left but the logs."""
    record = keeper.new_record(folder, "lab", size)
    try:
        with timed("lab is up") as details:
            asyncio.run(raise_lab(record))
            details.append(f"{folder}, {size}")
    except BaseException:
        keeper.undo(record)
        raise
    return 0


async def raise_lab(record: Record) -> None:
    """All steps in their order."""
    shared_secret = secrets.token_urlsafe(32)
    with timed("PostgreSQL runs, databases made"):
        tokens = configure(record, shared_secret)
        await asyncio.to_thread(make_databases, record)
    with timed("Synapse and Pantalaimon answer"):
        synapse.start_synapse(record)
        pantalaimon.start_pantalaimon(record)
        await asyncio.to_thread(synapse.wait_for_synapse, record)
        await asyncio.to_thread(pantalaimon.wait_for_pantalaimon, record)
    async with connected(record.synapse_url, record.pantalaimon_url) as (server, proxy):
        await fill(record, server, proxy, shared_secret, tokens)


def configure(record: Record, shared_secret: str) -> dict[str, str]:
    """Draw ports and write every configuration; gives the bridges' tokens."""
    port = free_port()
    record.ports = {"synapse": port, "pantalaimon": free_port(frozenset({port}))}
    record.versions = versions()
    synapse.write_configuration(record, shared_secret)
    pantalaimon.write_configuration(record)
    tokens = bridges.write_configurations(record)
    record.signing_key_sha256 = sha256(record.layout.signing_key.read_bytes())
    record.save()
    return tokens


def versions() -> dict[str, str]:
    """What runs, by process."""
    return {
        "postgres": cluster.server_version(),
        "synapse": venvs.version("synapse", "matrix-synapse"),
        "pantalaimon": venvs.version("pantalaimon", "pantalaimon"),
        "nio": venvs.version("clients", "matrix-nio"),
    }


def make_databases(record: Record) -> None:
    """The cluster, and one database with a role of its own for each service."""
    cluster.initialise(record)
    cluster.start_cluster(record)
    cluster.create_database(record, synapse.DATABASE, synapse.ROLE)
    for name in BRIDGES:
        cluster.create_database(record, bridge_database(name), bridge_database(name))


async def fill(record: Record, server: Homeserver, proxy: Homeserver, shared_secret: str, tokens: dict[str, str]) -> None:
    """People, rooms, messages, files, bridges; then everybody reads it all once."""
    oracle = Oracle(SERVER_NAME)
    layout = record.layout
    accounts = await make_accounts(server, proxy, shared_secret)
    save_accounts(layout, accounts)
    async with awake(accounts, WRITERS, server, layout) as people:
        with timed("users logged in, rooms made"):
            await make_rooms(server, accounts, people, oracle)
        with timed("messages and files sent") as details:
            async with asyncio.TaskGroup() as group:
                group.create_task(Conversation(server, people, oracle).go_on(AMOUNTS[record.size]))
                group.create_task(settle_bridges(record, server, tokens, accounts, oracle))
            details += [
                f"{len(oracle.messages)} messages",
                f"{len(oracle.media)} files",
                f"{sum(medium.size for medium in oracle.media) / 1e6:.0f} MB",
            ]
        with timed("everybody has read everything"):
            await read_everything(people, oracle)
            await readable_by_panbot(proxy, accounts, oracle)
    remember_servers(record, oracle)
    oracle.save(layout)


async def make_accounts(server: Homeserver, proxy: Homeserver, shared_secret: str) -> Accounts:
    """Register and log in; panbot does so through Pantalaimon."""
    passwords = {name: secrets.token_urlsafe(12) for name in ("admin", *WRITERS, PANBOT)}
    await asyncio.gather(*(server.register(name, password, shared_secret, admin=name == "admin") for name, password in passwords.items()))
    logins = [(proxy if name == PANBOT else server).log_in(name, password, f"{name.upper()}PHONE") for name, password in passwords.items()]
    return dict(zip(passwords, await asyncio.gather(*logins), strict=True))


async def make_rooms(server: Homeserver, accounts: Accounts, people: dict[str, Person], oracle: Oracle) -> None:
    """An encrypted and a plain room with everybody in them, and all devices known to all."""
    await asyncio.gather(*(person.catch_up() for person in people.values()))
    await wait_for_keys(server, accounts)
    guests = [*WRITERS[1:], PANBOT]
    invitations = {"invite": [user_id(name) for name in guests]}
    encryption = {
        "type": "m.room.encryption",
        "state_key": "",
        "content": {"algorithm": "m.megolm.v1.aes-sha2", "rotation_period_msgs": 40},
    }
    token = accounts[WRITERS[0]]["access_token"]
    vault, lobby = await asyncio.gather(
        server.create_room(token, name="Vault", initial_state=[encryption], **invitations),
        server.create_room(token, name="Lobby", **invitations),
    )
    await asyncio.gather(*(server.join(accounts[name]["access_token"], room) for name in guests for room in (vault, lobby)))
    oracle.rooms = {"vault": Room(vault, True, list(WRITERS)), "lobby": Room(lobby, False, list(WRITERS))}
    await asyncio.gather(*(person.catch_up() for person in people.values()))


async def wait_for_keys(server: Homeserver, accounts: Accounts) -> None:
    """Wait until every device, also Pantalaimon's, has its keys on the server."""
    users: dict[str, list[str]] = {accounts[name]["user_id"]: [] for name in (*WRITERS, PANBOT)}
    deadline = time.monotonic() + KEYS_SECONDS
    while True:
        answer = await server.call("POST", "/_matrix/client/v3/keys/query", accounts[PANBOT]["access_token"], {"device_keys": users})
        if all(answer["device_keys"].get(user) for user in users):
            return
        if time.monotonic() > deadline:
            raise LabError(f"device keys are not uploaded after {KEYS_SECONDS} s")
        await asyncio.sleep(0.1)


async def read_everything(people: dict[str, Person], oracle: Oracle) -> None:
    """All receive the keys and read all rooms; an oracle that is wrong from the start would prove nothing."""
    await asyncio.gather(*(person.catch_up() for person in people.values()))
    for name, room in oracle.rooms.items():
        for reader in room.readers:
            if missing := await unread(people[reader], name, oracle):
                raise LabError(f"{reader} cannot read {len(missing)} messages in {name}, the first is {missing[0]}")


def remember_servers(record: Record, oracle: Oracle) -> None:
    """What the bridges' databases and the configuration were like, and that there were one-time keys to leave out."""
    oracle.bridges = {name: bridges.digests(record, name) for name in BRIDGES}
    oracle.files = file_facts(record.layout)
    oracle.one_time_keys = synapse.one_time_keys(record)
