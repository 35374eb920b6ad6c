"""Puts one source back: files, a dump, or an SQLite database."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from .content import ContentReader
from .filelist import records
from .programs import lists_as_dump
from .tree import TreeWriter, write_all
from .trouble import Damage, say, warn

Source = dict[str, Any]
MOST_NAMED = 20


class SourceRescue:
    """Restores the sources of one compartment below a folder; damage is collected, not thrown."""

    def __init__(self, folder: Path, reader: ContentReader) -> None:
        self._folder = folder
        self._reader = reader
        self.damage: list[str] = []
        self.dumps: list[tuple[Source, Path]] = []

    def restore(self, source: Source) -> None:
        """Put a source back under its name."""
        kinds = {"files": self._files, "postgresql": self._dump, "sqlite": self._sqlite}
        if source["kind"] not in kinds:
            self.damage.append(f"{source['name']}: sources of the kind '{source['kind']}' are not known here")
            return
        try:
            kinds[source["kind"]](source)
        except Damage as damage:
            self.damage.append(f"{source['name']}: {damage}")

    def _files(self, source: Source) -> None:
        name = source["name"]
        writer = TreeWriter(str(self._folder / name))
        bad = 0
        try:
            for record in records(self._reader.checked(source["content"])):
                content = self._reader.stream(record.content) if record.kind == "file" else ()
                try:
                    writer.write(record, content)
                except Damage as damage:
                    bad += 1
                    if bad <= MOST_NAMED:
                        self.damage.append(f"{name}: {record}: {damage}")
                if record.is_torn:
                    warn(f"{name}: {record} changed while it was saved; what is kept may be of two moments")
        finally:
            writer.finish()
            if bad > MOST_NAMED:
                self.damage.append(f"{name}: and {bad - MOST_NAMED} files more")
        for line in writer.notes.lines():
            warn(f"{name}: {line}")
        say(f"{name}: {writer.files} files in {self._folder / name}")

    def _dump(self, source: Source) -> None:
        path = self._folder / f"{source['name']}.dump"
        self._write(path, self._reader.checked(source["content"]))
        readable = lists_as_dump(path)
        if readable is None:
            warn("pg_restore is not installed: the dump's bytes were checked, but not that it can be listed")
        elif not readable:
            warn(f"{source['name']}: the dump is what was saved, but this pg_restore cannot list it; is it older than the server was?")
        self.dumps.append((source, path))
        say(f"{source['name']}: {source['content']['size']} bytes in {path}")
        for line in instructions(source, path):
            say(f"  {line}")

    def _sqlite(self, source: Source) -> None:
        facts = source["facts"]
        name = str(facts["fileName"])
        if name in ("", ".", "..") or "/" in name or "\0" in name:
            raise Damage("the name of its file could lead elsewhere")
        folder = self._folder / source["name"]
        folder.mkdir(mode=0o700)
        path = folder / name
        self._write(path, self._reader.checked(source["content"]))
        if os.geteuid() == 0:
            os.chown(path, facts["userID"], facts["groupID"])
        path.chmod(facts["mode"] & 0o777)
        say(f"{source['name']}: {source['content']['size']} bytes in {path}")

    @staticmethod
    def _write(path: Path, content: Iterable[bytes]) -> None:
        """Write a file; one that turns out damaged keeps what came, under a name that says so."""
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        position = 0
        try:
            for piece in content:
                write_all(file, piece, position)
                position += len(piece)
        except Damage as damage:
            damaged = path.with_name(path.name + ".damaged")
            path.rename(damaged)
            raise Damage(f"{damage}; {position} bytes of it are in {damaged}") from None
        finally:
            os.close(file)


def identifier(name: str) -> str:
    """A name in SQL."""
    return '"' + name.replace('"', '""') + '"'


def literal(value: str) -> str:
    """A text in SQL."""
    return "'" + value.replace("'", "''") + "'"


def instructions(source: Source, path: Path) -> list[str]:
    """How an operator gets a database out of a dump."""
    database = source["facts"]["database"]
    owner = database["owner"]
    roles = [role["name"] for role in database["roles"] if role["name"] != owner and not role["isSuperuser"]]
    lines = [f"CREATE ROLE {identifier(name)};" for name in roles] + [f"CREATE ROLE {identifier(owner)} LOGIN;"]
    locale = database["locale"]
    create = f"CREATE DATABASE {identifier(database['database'])} TEMPLATE template0 OWNER {identifier(owner)}"
    create += f" ENCODING '{locale['encoding']}' LC_COLLATE '{locale['collate']}' LC_CTYPE '{locale['ctype']}'"
    if locale.get("icuLocale"):
        create += f" LOCALE_PROVIDER icu ICU_LOCALE {literal(locale['icuLocale'])}"
    elif database["serverVersionNumber"] >= 150000:
        create += " LOCALE_PROVIDER libc"
    create += ";"
    brought = [extension for extension in database["extensions"] if extension["name"] != "plpgsql"]
    target = shlex.quote(f"dbname={database['database']}")
    return [
        "roles that do not exist yet and the database, in psql:",
        *lines,
        create,
        *extensions(brought, owner, target),
        f"then: pg_restore --exit-on-error --dbname={target} {shlex.quote(str(path))}",
        "and in psql: ANALYZE;",
        *properties(database),
    ]


def extensions(facts: list[Source], owner: str, target: str) -> list[str]:
    """Extensions, which a superuser must make before the owner restores, for not every one is trusted."""
    if not facts:
        return []
    lines = [f"in that database, psql {target}, as a superuser:"]
    for fact in facts:
        schema = fact.get("schema")
        if schema and schema not in ("public", "pg_catalog"):
            lines.append(f"CREATE SCHEMA IF NOT EXISTS {identifier(schema)} AUTHORIZATION {identifier(owner)};")
        lines.append(f"CREATE EXTENSION IF NOT EXISTS {identifier(fact['name'])}" + (f" SCHEMA {identifier(schema)};" if schema else ";"))
    return lines


def properties(database: Source) -> list[str]:
    """What pg_restore does not put back of the database itself, for a superuser who has read it."""
    name = f"DATABASE {identifier(database['database'])}"
    lines = []
    for setting in database.get("settings") or []:
        place = f"ROLE {identifier(setting['role'])} IN {name}" if setting.get("role") else name
        # As a list is written: a quoted list would be one name.
        value = setting["value"] if setting["name"] == "search_path" else literal(setting["value"])
        lines.append(f"ALTER {place} SET {identifier(setting['name'])} TO {value};")
    privileges = database.get("privileges")
    if privileges is not None:
        lines.append(f"REVOKE ALL ON {name} FROM PUBLIC;")
        for fact in privileges:
            grantee = identifier(fact["grantee"]) if fact.get("grantee") else "PUBLIC"
            option = " WITH GRANT OPTION" if fact["isGrantable"] else ""
            lines.append(f"GRANT {fact['privilege']} ON {name} TO {grantee}{option};")
    for fact in database.get("ownership") or []:
        keyword = "STATISTICS" if fact["kind"] == "statistics object" else fact["kind"].upper()
        lines.append(f"ALTER {keyword} {fact['name']} OWNER TO {identifier(fact['owner'])};")
    return ["and what its owner may not do; read it, then as a superuser:", *lines] if lines else []


def restore_into(prefix: str, source: Source, path: Path) -> bool:
    """`pg_restore --create` on a server where the roles exist and the database does not."""
    command = ["pg_restore", "--exit-on-error", "--no-password", "--create", f"--dbname={prefix} dbname=postgres", str(path)]
    result = subprocess.run(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
    if result.returncode != 0:
        warn(f"{source['name']}: pg_restore failed: {result.stderr.decode(errors='replace').strip()[-600:]}")
        return False
    say(f"{source['name']}: restored into database {source['facts']['database']['database']}")
    return True
