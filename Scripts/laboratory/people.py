"""People with their phones: nio clients whose keys lie in clients/ and never on the server."""

import json
import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from nio import AsyncClient, AsyncClientConfig, MegolmEvent, RoomSendResponse, SyncResponse
from nio.exceptions import EncryptionError
from nio.store import SqliteStore

from .homeserver import Homeserver
from .layout import Layout
from .record import write_json
from .reporting import LabError

WRITERS = ("alice", "bob", "carol")
QUIET_ROUNDS = 30
Accounts = dict[str, dict[str, str]]


class Person:
    """One person on one device."""

    def __init__(self, name: str, account: dict[str, str], server: Homeserver, layout: Layout) -> None:
        store = layout.clients / name
        store.mkdir(parents=True, exist_ok=True, mode=0o700)
        config = AsyncClientConfig(store=SqliteStore, store_sync_tokens=True, encryption_enabled=True, max_timeouts=3, request_timeout=60)
        self.name = name
        self.token = account["access_token"]
        self.client = AsyncClient(server.url, account["user_id"], store_path=str(store), config=config)
        self.client.restore_login(account["user_id"], account["device_id"], self.token)
        self.server = server
        self.knows_rooms = False

    async def catch_up(self) -> None:
        """Sync as a phone does until nothing is left to do: receive keys, refill one-time keys, learn of devices."""
        for _ in range(QUIET_ROUNDS):
            answer = await self.client.sync(timeout=0, full_state=not self.knows_rooms)
            if not isinstance(answer, SyncResponse):
                raise LabError(f"{self.name} cannot sync: {answer}")
            self.knows_rooms = True
            self.take_key_count(answer)
            if not await self.do_chores() and not answer.to_device_events:
                return
        raise LabError(f"{self.name} was not done with syncing after {QUIET_ROUNDS} rounds")

    def take_key_count(self, answer: SyncResponse) -> None:
        """nio (0.26 as 0.20) overlooks a count of zero, as there is after a restore, and would never refill; other clients do."""
        if answer.device_key_count.signed_curve25519 == 0 and self.client.olm:
            self.client.olm.uploaded_key_count = 0

    async def do_chores(self) -> bool:
        """What a client owes the server after a sync; whether there was anything."""
        client = self.client
        owed = False
        if client.should_upload_keys:
            await client.keys_upload()
            owed = True
        if client.should_query_keys:
            await client.keys_query()
            owed = True
        if client.should_claim_keys:
            await client.keys_claim(client.get_users_for_key_claiming())
            owed = True
        return bool(await client.send_to_device_messages()) or owed

    async def say(self, room: str, content: dict[str, Any]) -> str:
        """Send into a room, encrypted where the room is; gives the event id."""
        answer = await self.client.room_send(room, "m.room.message", content, ignore_unverified_devices=True)
        if not isinstance(answer, RoomSendResponse):
            raise LabError(f"{self.name} cannot send: {answer}")
        return answer.event_id

    async def read(self, room: str) -> dict[str, str | None]:
        """Every message's text by event id, None for what this person's keys do not open."""
        read: dict[str, str | None] = {}
        for event in await self.server.messages(self.token, room):
            if event["type"] == "m.room.encrypted":
                read[event["event_id"]] = self.decrypted(event, room)
            elif event["type"] == "m.room.message":
                read[event["event_id"]] = event["content"].get("body")
        return read

    def decrypted(self, event: dict[str, Any], room: str) -> str | None:
        """The text of an encrypted event."""
        sealed = MegolmEvent.from_dict(event)
        sealed.room_id = room
        try:
            return self.client.decrypt_event(sealed).source["content"].get("body")
        except EncryptionError:
            return None


@asynccontextmanager
async def awake(accounts: Accounts, names: tuple[str, ...], server: Homeserver, layout: Layout) -> AsyncIterator[dict[str, Person]]:
    """People with their stores open; closed at the end, whatever happens."""
    silence_nio(layout)
    async with AsyncExitStack() as stack:
        people = {}
        for name in names:
            people[name] = Person(name, accounts[name], server, layout)
            stack.push_async_callback(people[name].client.close)
        yield people


def silence_nio(layout: Layout) -> None:
    """nio's log goes to a file."""
    logging.basicConfig(filename=layout.logs / "clients.log", level=logging.WARNING, force=True)


def load_accounts(layout: Layout) -> Accounts:
    """Tokens, device ids and passwords."""
    return json.loads(layout.accounts.read_text())


def save_accounts(layout: Layout, accounts: Accounts) -> None:
    """Keep them where only their owner reads."""
    layout.clients.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_json(layout.accounts, accounts, mode=0o600)
