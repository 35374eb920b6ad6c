"""Proofs about Pantalaimon: it still knows its bot, opens old messages, and receives new ones."""

import asyncio

from . import synapse
from .homeserver import Homeserver
from .oracle import Oracle
from .panbot import PANBOT, readable_by_panbot
from .people import Accounts
from .proofs import Proofs
from .record import Record


class PantalaimonProofs:
    """Run last, when new messages have been sent."""

    def __init__(self, record: Record, proxy: Homeserver, accounts: Accounts, oracle: Oracle, proofs: Proofs) -> None:
        self.record = record
        self.proxy = proxy
        self.accounts = accounts
        self.oracle = oracle
        self.proofs = proofs

    async def prove(self) -> None:
        """In the order in which it makes sense."""
        await self.proofs.attempt("Pantalaimon lets panbot in with its old token", self.lets_panbot_in())
        await self.proofs.attempt("Pantalaimon refilled one-time keys for panbot", self.refilled_keys())
        await self.proofs.attempt("Pantalaimon decrypts all messages in vault for panbot", self.decrypts())

    async def lets_panbot_in(self) -> None:
        """A sync through Pantalaimon works only for a token that its database knows."""
        answer = await self.proxy.call("GET", "/_matrix/client/v3/sync", self.accounts[PANBOT]["access_token"], params={"timeout": "0"})
        rooms = answer.get("rooms", {}).get("join", {})
        self.proofs.check(
            self.oracle.rooms["vault"].room_id in rooms, "Pantalaimon lets panbot in with its old token", "the room is not in its sync"
        )

    async def refilled_keys(self) -> None:
        """A bot without one-time keys is deaf to every new device. Pantalaimon keeps them for a device of its own making."""
        count = await asyncio.to_thread(synapse.one_time_keys, self.record, self.accounts[PANBOT]["user_id"])
        self.proofs.check(count > 0, f"Pantalaimon refilled {count} one-time keys for panbot")

    async def decrypts(self) -> None:
        """Old and new messages, in clear."""
        await readable_by_panbot(self.proxy, self.accounts, self.oracle, seconds=30)
        count = len(self.oracle.messages_of("vault"))
        self.proofs.check(count > 0, f"Pantalaimon decrypts all {count} messages in vault for panbot, the new ones too")
