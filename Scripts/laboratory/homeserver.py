"""Synapse's HTTP API, as far as the lab needs it beside nio. Pantalaimon speaks it too."""

import asyncio
import hashlib
import hmac
import json
import secrets
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import quote

import aiohttp

from .layout import SERVER_NAME
from .reporting import LabError

REQUEST_SECONDS = 60
PAGE = 100
Json = dict[str, Any]


class MatrixError(LabError):
    """A request that was refused."""

    def __init__(self, what: str, status: int, answer: str) -> None:
        super().__init__(f"{what}: {status} {answer[:200]}")
        self.status = status


class Homeserver:
    """One server, or the Pantalaimon before it."""

    def __init__(self, url: str, session: aiohttp.ClientSession) -> None:
        self.url = url
        self.session = session

    async def raw(self, method: str, path: str, token: str = "", **options: Any) -> tuple[int, bytes]:
        """Status and body of a request, whatever they are."""
        headers = options.pop("headers", {}) | ({"Authorization": f"Bearer {token}"} if token else {})
        async with self.session.request(method, self.url + path, headers=headers, **options) as response:
            return response.status, await response.read()

    async def call(self, method: str, path: str, token: str = "", body: Any = None, **options: Any) -> Json:
        """A request with JSON both ways; a refusal is an error."""
        async with self.session.request(
            method, self.url + path, json=body, headers={"Authorization": f"Bearer {token}"} if token else {}, **options
        ) as response:
            if response.status != 200:
                raise MatrixError(f"{method} {path}", response.status, await response.text())
            return await response.json(content_type=None)

    async def register(self, name: str, password: str, shared_secret: str, admin: bool) -> None:
        """Make a user by the shared secret, without logging in."""
        path = "/_synapse/admin/v1/register"
        nonce = (await self.call("GET", path))["nonce"]
        text = "\0".join((nonce, name, password, "admin" if admin else "notadmin"))
        mac = hmac.new(shared_secret.encode(), text.encode(), hashlib.sha1).hexdigest()
        await self.call(
            "POST", path, body={"nonce": nonce, "username": name, "password": password, "admin": admin, "mac": mac, "inhibit_login": True}
        )

    async def log_in(self, name: str, password: str, device: str) -> Json:
        """An account as accounts.json keeps it."""
        answer = await self.call(
            "POST",
            "/_matrix/client/v3/login",
            body={
                "type": "m.login.password",
                "identifier": {"type": "m.id.user", "user": name},
                "password": password,
                "device_id": device,
                "initial_device_display_name": f"{name}'s {device.lower()}",
            },
        )
        return {
            "user_id": answer["user_id"],
            "device_id": answer["device_id"],
            "access_token": answer["access_token"],
            "password": password,
        }

    async def whoami(self, token: str) -> str:
        """The user that a token belongs to."""
        return (await self.call("GET", "/_matrix/client/v3/account/whoami", token))["user_id"]

    async def create_room(self, token: str, **content: Any) -> str:
        """A private room."""
        return (await self.call("POST", "/_matrix/client/v3/createRoom", token, {"preset": "private_chat", **content}))["room_id"]

    async def join(self, token: str, room: str, acting_as: str = "") -> None:
        """Accept an invitation; an appservice may act as one of its ghosts."""
        await self.call("POST", f"/_matrix/client/v3/join/{quote(room)}", token, {}, params={"user_id": acting_as} if acting_as else {})

    async def send(self, token: str, room: str, content: Json, acting_as: str = "") -> str:
        """Send a message as it is, without encryption."""
        path = f"/_matrix/client/v3/rooms/{quote(room)}/send/m.room.message/{secrets.token_hex(8)}"
        answer = await self.call("PUT", path, token, content, params={"user_id": acting_as} if acting_as else {})
        return answer["event_id"]

    async def messages(self, token: str, room: str) -> list[Json]:
        """Every event of a room's timeline, the newest first."""
        events: list[Json] = []
        query: dict[str, str] = {"dir": "b", "limit": str(PAGE)}
        while True:
            page = await self.call("GET", f"/_matrix/client/v3/rooms/{quote(room)}/messages", token, params=query)
            events += page["chunk"]
            if not page["chunk"] or "end" not in page:
                return events
            query["from"] = page["end"]

    async def upload(self, token: str, content: bytes, content_type: str, name: str) -> str:
        """Upload as it is; gives the mxc URI."""
        status, body = await self.raw(
            "POST", "/_matrix/media/v3/upload", token, params={"filename": name}, data=content, headers={"Content-Type": content_type}
        )
        if status != 200:
            raise MatrixError(f"upload of {name}", status, body.decode(errors="replace"))
        return json.loads(body)["content_uri"]

    async def download(self, token: str, mxc: str) -> tuple[int, bytes]:
        """Status and bytes of a medium."""
        return await self.raw("GET", f"/_matrix/client/v1/media/download/{media_path(mxc)}", token)

    async def thumbnail(self, token: str, mxc: str, width: int, height: int, method: str) -> tuple[int, bytes]:
        """Status and bytes of a thumbnail."""
        return await self.raw(
            "GET",
            f"/_matrix/client/v1/media/thumbnail/{media_path(mxc)}",
            token,
            params={"width": str(width), "height": str(height), "method": method},
        )

    async def delete_medium(self, token: str, mxc: str) -> None:
        """Delete by the admin API."""
        await self.call("DELETE", f"/_synapse/admin/v1/media/{media_path(mxc)}", token)


def media_path(mxc: str) -> str:
    """server/id of an mxc URI."""
    return mxc.removeprefix("mxc://")


def user_id(name: str) -> str:
    """A full Matrix id."""
    return f"@{name}:{SERVER_NAME}"


@asynccontextmanager
async def connected(*urls: str) -> AsyncIterator[list[Homeserver]]:
    """Servers that share one connection pool."""
    timeout = aiohttp.ClientTimeout(total=REQUEST_SECONDS)
    async with aiohttp.ClientSession(timeout=timeout, connector=aiohttp.TCPConnector(limit=24)) as session:
        yield [Homeserver(url, session) for url in urls]


async def in_batches(width: int, work: list[Coroutine[Any, Any, Any]]) -> list[Any]:
    """Await coroutines, at most `width` at a time; the first failure ends all."""
    gate = asyncio.Semaphore(width)

    async def gated(item: Coroutine[Any, Any, Any]) -> Any:
        async with gate:
            return await item

    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(gated(item)) for item in work]
    finally:
        for item in work:
            item.close()  # what never began would be complained about
    return [task.result() for task in tasks]
