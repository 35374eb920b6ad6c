"""The two files that Coffer takes: its configuration for a lab, and the restore map to another folder."""

import json

from . import record as records
from .command_line import Arguments
from .layout import BRIDGES, bridge_database
from .record import Record
from .reporting import LabError
from .synapse import DATABASE, ROLE

OFFICERS = "officers"
Source = dict[str, str | bool]


def configuration(arguments: Arguments) -> str:
    """A Coffer configuration: Synapse in one compartment, each bridge in its own, Pantalaimon in its own."""
    record = records.load(arguments.folder)
    if OFFICERS not in arguments.recipients:
        raise LabError(f"--recipient {OFFICERS}=… is needed")
    lines = [
        f"store: {quoted(arguments.store)}",
        f"state: {quoted(arguments.state)}",
        f"host_key: {quoted(arguments.host_key)}",
        "recipients:",
    ]
    lines += [f"  {name}: [{', '.join(recipients)}]" for name, recipients in arguments.recipients.items()]
    lines.append("compartments:")
    for compartment, sources in compartments(record).items():
        team = f"{compartment}-team"
        lines += [f"  {compartment}:", f"    recipients: {team if team in arguments.recipients else OFFICERS}", "    sources:"]
        lines += [f"      {name}: {flow(source)}" for name, source in sources.items()]
    return "\n".join(lines) + "\n"


def compartments(record: Record) -> dict[str, dict[str, Source]]:
    """What a lab has to back up."""
    layout = record.layout
    found: dict[str, dict[str, Source]] = {
        "core": {
            "synapse-db": {"kind": "postgresql", "profile": "synapse", "conninfo": conninfo(record, DATABASE)},
            "synapse-media": {"kind": "files", "profile": "synapse-media", "path": str(layout.media)},
            "synapse-config": {"kind": "files", "path": str(layout.synapse_config)},
        }
    }
    for name in BRIDGES:
        found[name] = {
            f"{name}-db": {"kind": "postgresql", "profile": "mautrix", "conninfo": conninfo(record, bridge_database(name))},
            f"{name}-config": {"kind": "files", "path": str(layout.bridge(name))},
        }
    found["pantalaimon"] = {
        "pan-db": {"kind": "sqlite", "profile": "pantalaimon", "path": str(layout.pantalaimon_data / "pan.db")},
        "pan-config": {"kind": "files", "path": str(layout.pantalaimon_config)},
    }
    return found


def restore_map(arguments: Arguments) -> str:
    """Where each source of the configuration goes in the new folder."""
    records.load(arguments.folder)  # a map from what is no lab makes no sense
    record = records.load(arguments.new_folder)
    owners = {"synapse-db": ROLE} | {f"{name}-db": bridge_database(name) for name in BRIDGES}
    lines = []
    for sources in compartments(record).values():
        for name, source in sources.items():
            target: Source = {key: source[key] for key in ("conninfo", "path") if key in source}
            if name in owners:
                target |= {"create": True, "owner": owners[name]}
            lines.append(f"{name}: {flow(target)}")
    return "\n".join(lines) + "\n"


def conninfo(record: Record, database: str) -> str:
    """A libpq connection string."""
    host = record.socket_dir
    if any(character in host for character in " '\\"):
        escaped = host.replace("\\", "\\\\").replace("'", "\\'")
        host = f"'{escaped}'"
    return f"host={host} dbname={database} user={record.superuser}"


def flow(source: Source) -> str:
    """A YAML flow mapping; what could be misread is quoted."""
    return "{" + ", ".join(f"{key}: {quoted(value)}" for key, value in source.items()) + "}"


def quoted(value: str | bool) -> str:
    """A YAML scalar: plain words stay plain, all else is quoted as in JSON."""
    if isinstance(value, bool):
        return "true" if value else "false"
    plain = all(character.isalnum() or character in "/_.-" for character in value) and value[:1].isalpha() | value.startswith("/")
    return value if plain else json.dumps(value, ensure_ascii=False)
