"""A host that is backed up: files, an SQLite file and a PostgreSQL database, and what is done to them."""

import hashlib
import json
import os
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.cluster import Cluster


class Broken(Exception):
    """A promise does not hold."""


@dataclass(frozen=True)
class Said:
    status: int
    text: str

    def expect(self, *statuses: int) -> "Said":
        if self.status not in statuses or "[unexpected]" in self.text:
            raise Broken(f"exit {self.status}, not {statuses}: {self.text}")
        return self


class Host:
    """One deployment below one folder."""

    def __init__(self, folder: Path, tools: Path, chance: random.Random, cluster: Cluster | None) -> None:
        self.folder, self.tools, self.chance, self.cluster = folder, tools, chance, cluster
        folder.mkdir(parents=True)
        self.identity = folder / "officer"
        subprocess.run(["age-keygen", "-o", self.identity], check=True, capture_output=True)
        self.recipient = subprocess.run(["age-keygen", "-y", self.identity], check=True, capture_output=True, text=True).stdout.strip()
        (folder / "config").mkdir()
        for number in range(8):
            self._noise(f"config/large-{number}", 4_000_000)
        for number in range(200):
            self._noise(f"config/{number % 10}/small-{number}", 3_000)
        self.sqlite("CREATE TABLE portal (id INTEGER PRIMARY KEY, room TEXT)")
        if cluster:
            cluster.psql("postgres", "CREATE DATABASE soaked TEMPLATE template0")
            cluster.psql(
                "soaked", "CREATE TABLE events (id int PRIMARY KEY, body text)", "INSERT INTO events SELECT n, md5(n::text) FROM generate_series(1, 40000) n"
            )
        self.configuration = folder / "coffer.yaml"
        database = f'\n      database: {{kind: postgresql, conninfo: "{cluster.conninfo("soaked")}"}}' if cluster else ""
        self.configuration.write_text(f"""store: {folder}/store
state: {folder}/state
host_key: {folder}/keys/host.key
recipients:
  officers: [{self.recipient}]
compartments:
  core:
    recipients: officers
    sources:
      config: {{kind: files, path: {folder}/config}}{database}
  bridge:
    recipients: officers
    sources:
      sqlite: {{kind: sqlite, path: {folder}/bridge.db}}
""")
        self.backup("init").expect(0)

    def _noise(self, name: str, count: int) -> None:
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(self.chance.randbytes(count))

    def sqlite(self, sql: str) -> None:
        database = sqlite3.connect(self.folder / "bridge.db")
        with database:
            database.execute(sql)
        database.close()

    def change(self) -> None:
        """A day."""
        number = self.chance.randrange(1 << 30)
        self._noise(f"config/large-{number % 8}", 4_000_000)
        for _ in range(20):
            small = self.chance.randrange(400)
            self._noise(f"config/{small % 10}/small-{small}", self.chance.randrange(6_000))
        (self.folder / f"config/{number % 10}/small-{number % 200}").unlink(missing_ok=True)
        self.sqlite(f"INSERT INTO portal (room) VALUES ('room {number}')")
        if self.cluster:
            self.cluster.psql("soaked", f"UPDATE events SET body = md5(body || '{number}') WHERE id % 20 = {number % 20}")

    # The tools

    def _run(self, tool: str, *arguments: object, killed_after: float | None = None) -> Said:
        process = subprocess.Popen([self.tools / tool, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if killed_after is not None:
            time.sleep(killed_after)
            process.send_signal(signal.SIGKILL)
        text, _ = process.communicate()
        return Said(process.returncode, text)

    def backup(self, verb: str, killed_after: float | None = None) -> Said:
        return self._run("coffer-backup", verb, "--config", self.configuration, killed_after=killed_after)

    def restore(self, verb: str, *arguments: object) -> Said:
        trusted = ["--store", self.folder / "store", "--trust", self.folder / "keys/host.pub", "--identity", self.identity]
        return self._run("coffer-restore", verb, *trusted, *arguments)

    def ledger(self, ending: str) -> list[Path]:
        return sorted((self.folder / "store/ledger").glob(f"*/*.{ending}"))

    def verify(self) -> None:
        """The store is whole; or its newest entry was cut off before its last name, which readers are to call a theft."""
        said = self.restore("verify")
        if len(self.ledger("minisig")) > len(self.ledger("json")):
            said.expect(13)
            if "[ledger.missing-entry]" not in said.text:
                raise Broken(said.text)
        else:
            said.expect(0)

    def orphans(self) -> int:
        """How many packs no snapshot needs."""
        needed = {added["name"] for entry in self.ledger("json") for added in json.loads(entry.read_text())["added"]}
        packs = [path for path in (self.folder / "store/packs").glob("*/*") if re.fullmatch("[0-9a-f]{64}", path.name)]
        return sum(1 for path in packs if f"packs/{path.parent.name}/{path.name}" not in needed)

    # The end

    def restore_and_compare(self) -> None:
        """Everything is restored somewhere else and is as it was."""
        target = self.folder / "restored"
        shutil.rmtree(target, ignore_errors=True)
        lines = [f"config: {{path: {target}/config}}", f"sqlite: {{path: {target}/bridge.db}}"]
        if self.cluster:
            self.cluster.psql("postgres", "DROP DATABASE IF EXISTS again")
            lines.append(f'database: {{conninfo: "{self.cluster.conninfo("again")}", create: true}}')
        mapping = self.folder / "map.yaml"
        mapping.write_text("\n".join(lines) + "\n")
        self.restore("host", "--map", mapping).expect(0)
        self._same(_tree(self.folder / "config"), _tree(target / "config"), "files")
        self._same(_dump(self.folder / "bridge.db"), _dump(target / "bridge.db"), "the SQLite file")
        if self.cluster:
            digest = "SELECT count(*), md5(string_agg(events::text, ',' ORDER BY id)) FROM events"
            self._same(self.cluster.psql("soaked", digest), self.cluster.psql("again", digest), "the database")
        shutil.rmtree(target)

    @staticmethod
    def _same(before: object, after: object, what: str) -> None:
        if before != after:
            raise Broken(f"{what}: not restored as it was")


def _tree(folder: Path) -> dict[str, tuple[int, int, str]]:
    facts = {}
    for path in sorted(folder.rglob("*")):
        status = path.lstat()
        content = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
        facts[os.fspath(path.relative_to(folder))] = (status.st_mode, status.st_mtime_ns, content)
    return facts


def _dump(path: Path) -> list[str]:
    database = sqlite3.connect(path)
    try:
        return list(database.iterdump())
    finally:
        database.close()
