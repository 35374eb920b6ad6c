"""Proofs with the people's old phones: tokens, keys, old messages, new messages."""

import asyncio
import re
import secrets

from . import synapse
from .conversation import Conversation, unread
from .homeserver import Homeserver
from .layout import BRIDGES
from .oracle import Oracle
from .people import WRITERS, Accounts, Person, save_accounts
from .proofs import Proofs
from .record import Record


class ClientProofs:
    """What people notice first."""

    def __init__(
        self, record: Record, server: Homeserver, accounts: Accounts, people: dict[str, Person], oracle: Oracle, proofs: Proofs
    ) -> None:
        self.record = record
        self.server = server
        self.accounts = accounts
        self.people = people
        self.oracle = oracle
        self.proofs = proofs

    async def prove(self) -> None:
        """In the order in which it makes sense."""
        attempt = self.proofs.attempt
        for name in self.accounts:
            await attempt(f"{name}'s old access token works", self.old_token(name))
        for name in BRIDGES:
            await attempt(f"{name}: the appservice token of its registration works", self.bridge_token(name))
        self.no_one_time_keys()
        for name in WRITERS:
            await attempt(f"{name}'s phone syncs with its old store", self.refilled_keys(name))
        for name, room in self.oracle.rooms.items():
            for reader in room.readers:
                await attempt(f"{reader} reads all messages in {name}", self.old_messages(name, reader))
        await attempt("a new encrypted message from alice arrives", self.new_message())
        await attempt("an encrypted message from carol's new phone arrives", self.new_phone())

    async def old_token(self, name: str) -> None:
        """Nobody has to log in again."""
        account = self.accounts[name]
        user = await self.server.whoami(account["access_token"])
        self.proofs.check(user == account["user_id"], f"{name}'s old access token works", f"it belongs to {user}")

    async def bridge_token(self, name: str) -> None:
        """The restored registrations let the bridges in."""
        registration = (self.record.layout.bridge(name) / "registration.yaml").read_text()
        token = re.search(r"^as_token: (\S+)$", registration, re.MULTILINE)
        answer = await self.server.whoami(token[1] if token else "")
        self.proofs.check(bool(answer), f"{name}: the appservice token of its registration works")

    def no_one_time_keys(self) -> None:
        """Used one-time keys must not come back; `revive` counted before the first start."""
        before, count = self.oracle.one_time_keys, self.record.findings.get("one_time_keys")
        self.proofs.check(before > 0 and count == 0, f"none of {before} one-time keys came back with the database", f"there were {count}")

    async def refilled_keys(self, name: str) -> None:
        """An old phone syncs and uploads new one-time keys."""
        await self.people[name].catch_up()
        count = await asyncio.to_thread(synapse.one_time_keys, self.record, self.accounts[name]["user_id"])
        self.proofs.check(count > 0, f"{name}'s phone synced with its old store and refilled {count} one-time keys")

    async def old_messages(self, name: str, reader: str) -> None:
        """All history, with the keys of the old stores."""
        count = len(self.oracle.messages_of(name))
        how = "decrypts" if self.oracle.rooms[name].encrypted else "reads"
        missing = await unread(self.people[reader], name, self.oracle)
        self.proofs.check(
            count > 0 and not missing,
            f"{reader} {how} all {count} messages in {name}",
            f"{len(missing)} not readable: {', '.join(missing[:3])}",
        )

    async def new_message(self) -> None:
        """The old sessions go on."""
        alice, *others = (self.people[name] for name in WRITERS)
        await self.arrives(alice, others, "a new encrypted message from alice")

    async def new_phone(self) -> None:
        """A device that nobody knew claims one-time keys: only fresh ones give sessions that work."""
        device = f"CAROLNEW{secrets.token_hex(2).upper()}"
        self.accounts[device] = await self.server.log_in("carol", self.accounts["carol"]["password"], device)
        save_accounts(self.record.layout, self.accounts)
        phone = Person(device, self.accounts[device], self.server, self.record.layout)
        try:
            await phone.catch_up()
            await self.arrives(phone, list(self.people.values()), "an encrypted message from carol's new phone")
        finally:
            await phone.client.close()

    async def arrives(self, sender: Person, receivers: list[Person], what: str) -> None:
        """Send, let the others sync, see whether they read it."""
        conversation = Conversation(self.server, {sender.name: sender}, self.oracle)
        body = f"After the restore: {secrets.token_hex(4)}"
        event = await conversation.post("vault", sender, {"msgtype": "m.text", "body": body})
        for receiver in receivers:
            await receiver.catch_up()
            read = await receiver.read(self.oracle.rooms["vault"].room_id)
            self.proofs.check(read.get(event) == body, f"{what} reaches {receiver.name}", f"{receiver.name} reads {read.get(event)!r}")
