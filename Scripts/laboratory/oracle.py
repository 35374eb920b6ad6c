"""What the people remember: every message and every file, so that a restored server can be held against it."""

import hashlib
import json
from dataclasses import asdict, dataclass, field
from typing import Any

from .layout import Layout
from .record import write_json

ENCRYPTED = "encrypted"
PLAIN = "plain"


@dataclass
class Room:
    """A room and who reads it."""

    room_id: str
    encrypted: bool
    readers: list[str]


@dataclass
class Message:
    """A message as its sender meant it."""

    event_id: str
    room: str
    room_id: str
    sender: str
    body: str
    encrypted: bool


@dataclass
class Medium:
    """An upload: the digest of what lies on the server, and for an attachment how to decrypt it."""

    mxc: str
    name: str
    content_type: str
    sender: str
    size: int
    sha256: str
    encrypted: bool
    file: dict[str, Any] | None = None
    plaintext_sha256: str = ""
    thumbnails: list[dict[str, Any]] = field(default_factory=list)
    deleted: bool = False


@dataclass
class Oracle:
    """The contents of clients/oracle.json."""

    server_name: str
    rooms: dict[str, Room] = field(default_factory=dict)
    messages: list[Message] = field(default_factory=list)
    media: list[Medium] = field(default_factory=list)
    bridges: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    files: dict[str, dict[str, Any]] = field(default_factory=dict)
    one_time_keys: int = 0

    def save(self, layout: Layout) -> None:
        """Write oracle.json."""
        write_json(layout.oracle, asdict(self), mode=0o600)

    def messages_of(self, room: str) -> dict[str, Message]:
        """A room's messages by event id."""
        return {message.event_id: message for message in self.messages if message.room == room}


def load(layout: Layout) -> Oracle:
    """Read oracle.json."""
    value = json.loads(layout.oracle.read_text())
    return Oracle(
        server_name=value["server_name"],
        rooms={name: Room(**room) for name, room in value["rooms"].items()},
        messages=[Message(**message) for message in value["messages"]],
        media=[Medium(**medium) for medium in value["media"]],
        bridges=value["bridges"],
        files=value["files"],
        one_time_keys=value["one_time_keys"],
    )


def file_facts(layout: Layout) -> dict[str, dict[str, Any]]:
    """Digest and mode of every file of configuration, by its path in the lab."""
    return {
        str(path.relative_to(layout.root)): {"sha256": sha256(path.read_bytes()), "mode": f"{path.stat().st_mode & 0o7777:04o}"}
        for path in layout.config_files()
    }


def sha256(content: bytes) -> str:
    """Lower-case hex, as Synapse writes it."""
    return hashlib.sha256(content).hexdigest()
