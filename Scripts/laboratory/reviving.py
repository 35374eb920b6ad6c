"""The verb `revive`: start what was restored, in its new place and on other ports."""

import json
import re
from pathlib import Path

from . import oracle as oracles
from . import pantalaimon, synapse
from . import record as records
from .layout import BRIDGES, Layout
from .oracle import file_facts, sha256
from .processes import free_port, stop
from .record import Record
from .reporting import LabError, say, timed

Replacements = dict[str, str]


def revive(folder: Path, new_folder: Path) -> int:
    """Check what must be checked before Synapse first starts, adapt the configuration, start."""
    if folder == new_folder:
        raise LabError("DIR and NEWDIR are the same folder")
    old, new = records.load(folder), records.load(new_folder)
    if not new.running("postgres"):
        raise LabError(f"no PostgreSQL runs in {new_folder}; make one with: lab cluster {new_folder}")
    with timed("revived") as details:
        stop_services(new)
        put_logs_aside(new.layout)
        demand_signing_key(old, new)
        examine(old, new)
        move_in(old, new)
        try:
            start_services(new)
            demand_signing_key(old, new)
        except BaseException:
            stop_services(new)
            raise
        details.append(f"Synapse on port {new.ports['synapse']}, Pantalaimon on port {new.ports['pantalaimon']}")
    return 0


def stop_services(new: Record) -> None:
    """Stop both, whether they are from now or from an earlier attempt."""
    for name in ("pantalaimon", "synapse"):
        if new.running(name):
            stop(new.processes[name])


def put_logs_aside(layout: Layout) -> None:
    """So that an earlier attempt's log does not speak against this one."""
    for name in ("synapse.log", "synapse.out"):
        log = layout.logs / name
        if log.exists():
            log.replace(log.with_suffix(f"{log.suffix}.earlier"))


def demand_signing_key(old: Record, new: Record) -> None:
    """Synapse makes a new key when there is none, and says nothing: look before and after."""
    key = new.layout.signing_key
    if not key.exists():
        raise LabError(f"the signing key is missing: {key}")
    if sha256(key.read_bytes()) != old.signing_key_sha256:
        raise LabError(f"this is not the old server's signing key: {key}")


def examine(old: Record, new: Record) -> None:
    """Record what `prove` reports but only now can be seen: before the configuration is adapted, before a client syncs."""
    if "config" not in new.findings:
        new.findings["config"] = changed_files(oracles.load(old.layout).files, file_facts(new.layout))
    if not new.findings.get("started"):
        keys = synapse.one_time_keys(new)
        new.findings["one_time_keys"] = keys
        say(f"          one-time keys before the start: {keys}")
    new.save()


def changed_files(before: dict[str, dict[str, str]], after: dict[str, dict[str, str]]) -> list[str]:
    """Files of configuration that are not what they were, with what is different about them."""
    changes = []
    for path, facts in before.items():
        if path not in after:
            changes.append(f"{path} is missing")
        else:
            changes += [f"{path} has another {fact}" for fact, value in facts.items() if after[path].get(fact) != value]
    return changes


def move_in(old: Record, new: Record) -> None:
    """Draw ports and write new ports, socket and paths into the restored configuration."""
    if "synapse" not in new.ports:
        port = free_port()
        new.ports = {"synapse": port, "pantalaimon": free_port(frozenset({port}))}
    new.kind, new.size = "lab", old.size
    new.versions, new.signing_key_sha256 = old.versions, old.signing_key_sha256
    moved = {} if new.findings.get("moved") else {re.escape(f"{inner(old.layout.root)}/"): verbatim(f"{inner(new.layout.root)}/")}
    adapt(new.layout.homeserver, moved | synapse_changes(new))
    adapt(new.layout.log_config, moved)
    for name in BRIDGES:
        adapt(new.layout.bridge(name) / "config.yaml", bridge_changes(new))
    adapt(new.layout.pantalaimon_config / "pantalaimon.conf", pantalaimon_changes(new))
    pantalaimon.link_configuration(new)
    new.findings["moved"] = True
    new.save()


def inner(path: Path) -> str:
    """A path as it stands between JSON's quotes."""
    return json.dumps(str(path))[1:-1]


def verbatim(text: str) -> str:
    """A replacement in which no backslash means anything."""
    return text.replace("\\", "\\\\")


def synapse_changes(new: Record) -> Replacements:
    """What differs in homeserver.yaml."""
    port = new.ports["synapse"]
    return {
        r"^(  - port: )\d+": rf"\g<1>{port}",
        r"^(public_baseurl: http://127\.0\.0\.1:)\d+": rf"\g<1>{port}",
        r"^(    host: ).*$": r"\g<1>" + verbatim(json.dumps(new.socket_dir)),
    }


def bridge_changes(new: Record) -> Replacements:
    """What differs in a bridge's config.yaml."""
    return {
        r"(\?host=)[^&]*": r"\g<1>" + verbatim(inner(Path(new.socket_dir))),
        r"^(    address: )http://.*$": rf"\g<1>{new.synapse_url}",
    }


def pantalaimon_changes(new: Record) -> Replacements:
    """What differs in pantalaimon.conf."""
    return {r"^(Homeserver = ).*$": rf"\g<1>{new.synapse_url}", r"^(ListenPort = )\d+": rf"\g<1>{new.ports['pantalaimon']}"}


def adapt(path: Path, changes: Replacements) -> None:
    """Change a file in place; owner and mode stay."""
    if not path.exists():
        raise LabError(f"not restored: {path}")
    text = path.read_text()
    for pattern, replacement in changes.items():
        text = re.sub(pattern, replacement, text, flags=re.MULTILINE)
    path.write_text(text)


def start_services(new: Record) -> None:
    """Start both and wait until they answer; an error in Synapse's log is an error here."""
    make_missing_folders(new.layout)
    synapse.start_synapse(new)
    pantalaimon.start_pantalaimon(new)
    synapse.wait_for_synapse(new)
    pantalaimon.wait_for_pantalaimon(new)
    new.findings["started"] = True
    new.save()


def make_missing_folders(layout: Layout) -> None:
    """What `cluster` makes too, should it have been taken away since."""
    for place in (layout.run, layout.logs):
        place.mkdir(exist_ok=True)
