"""A database as Synapse fills it: events, their JSON with ciphertext, and state; and what a day changes in it."""

import base64
import json
import random
from collections.abc import Iterable, Iterator
from subprocess import Popen

from .cluster import Cluster
from .trouble import BenchError

SEED = 20260103
BYTES_PER_EVENT = 1_900  # in a dump
TABLES = (
    """CREATE TABLE events (stream_ordering bigint PRIMARY KEY, topological_ordering bigint, event_id text UNIQUE,
       type text, room_id text, sender text, origin_server_ts bigint, received_ts bigint, depth bigint,
       processed boolean, outlier boolean, contains_url boolean, instance_name text)""",
    "CREATE TABLE event_json (event_id text PRIMARY KEY, room_id text, internal_metadata text, json text, format_version integer)",
    "CREATE TABLE state_groups_state (state_group bigint, room_id text, type text, state_key text, event_id text)",
)
Row = tuple[object, ...]


class Deployment:
    """Rows that are the same at every run."""

    def __init__(self, events: int) -> None:
        self.events = events
        self._chance = random.Random(SEED)
        self._rooms = [f"!{self._word(12)}:matrix.example" for _ in range(60)]
        self._users = [f"@user{number}:matrix.example" for number in range(200)]

    def _word(self, count: int) -> str:
        return base64.urlsafe_b64encode(self._chance.randbytes(count)).decode().rstrip("=")

    def rows(self, first: int, count: int) -> Iterator[tuple[str, Row]]:
        """Rows with their tables, for events from a number on."""
        for number in range(first, first + count):
            event, room, user = f"${self._word(32)}", self._chance.choice(self._rooms), self._chance.choice(self._users)
            moment = 1_760_000_000_000 + 40_000 * number
            fixed = (number, number // 3, event, "m.room.encrypted", room, user, moment, moment + 73, number // 3, True, False, False, "master")
            yield "events", fixed
            yield "event_json", (event, room, '{"token_id":17,"historical":false}', self._json(room, user, moment), 10)
            yield "state_groups_state", (number // 20, room, "m.room.member", user, event)

    def _json(self, room: str, user: str, moment: int) -> str:
        content = {
            "algorithm": "m.megolm.v1.aes-sha2",
            "ciphertext": self._word(self._chance.randint(180, 900)),
            "device_id": "LABDEVICE",
            "sender_key": self._word(32),
            "session_id": self._word(32),
        }
        event = {
            "auth_events": [f"${self._word(32)}" for _ in range(3)],
            "content": content,
            "hashes": {"sha256": self._word(32)},
            "origin_server_ts": moment,
            "prev_events": [f"${self._word(32)}"],
            "room_id": room,
            "sender": user,
            "signatures": {"matrix.example": {"ed25519:a_RXGa": self._word(64)}},
            "type": "m.room.encrypted",
        }
        return json.dumps(event, separators=(",", ":"))


def fill(cluster: Cluster, database: str, rows: Iterable[tuple[str, Row]]) -> None:
    """COPY rows into their tables."""
    writers: dict[str, Popen[bytes]] = {}
    for table, row in rows:
        if table not in writers:
            writers[table] = cluster.copy(database, table)
        text = "\t".join("tf"[not value] if isinstance(value, bool) else str(value) for value in row)
        writers[table].stdin.write(text.encode() + b"\n")
    for table, writer in writers.items():
        writer.stdin.close()
        if writer.wait() != 0:
            raise BenchError(f"COPY into {table} failed")


def make_two_nights(cluster: Cluster, size: int) -> None:
    """Databases `night1` and `night2`: 1 % of events more, 0.3 % changed, 0.1 % deleted, all over the tables."""
    deployment = Deployment(size // BYTES_PER_EVENT)
    cluster.psql("postgres", "CREATE DATABASE night1")
    cluster.psql("night1", *TABLES)
    fill(cluster, "night1", deployment.rows(0, deployment.events))
    cluster.psql("night1", "VACUUM ANALYZE")
    cluster.psql("postgres", "CREATE DATABASE night2 TEMPLATE night1 STRATEGY file_copy")
    chosen = "(hashtext({0}) & 1023) {1}"
    cluster.psql(
        "night2",
        f"DELETE FROM event_json WHERE {chosen.format('event_id', '= 1000')}",
        f"DELETE FROM events WHERE {chosen.format('event_id', '= 1000')}",
        f"UPDATE event_json SET internal_metadata = internal_metadata || ' ' WHERE {chosen.format('event_id', '< 3')}",
        f"UPDATE events SET processed = NOT processed WHERE {chosen.format('event_id', '< 3')}",
        "VACUUM",
    )
    fill(cluster, "night2", deployment.rows(deployment.events, deployment.events // 100))
    cluster.psql("postgres", "CHECKPOINT")
