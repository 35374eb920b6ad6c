"""lab.json: what runs where, kept so that any later command finds it."""

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from .layout import Layout
from .processes import Process
from .reporting import LabError

SUPERUSER = "postgres"


def write_json(path: Path, value: Any, mode: int = 0o644) -> None:
    """Write a JSON file so that a reader sees the old or the new one, never half of it."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n")
    temporary.chmod(mode)
    temporary.replace(path)


@dataclass
class Record:
    """The contents of lab.json."""

    root: str
    kind: str
    socket_dir: str
    superuser: str = SUPERUSER
    size: str = "test"
    ports: dict[str, int] = field(default_factory=dict)
    processes: dict[str, Process] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    signing_key_sha256: str = ""
    findings: dict[str, Any] = field(default_factory=dict)

    @property
    def layout(self) -> Layout:
        return Layout(Path(self.root))

    @property
    def synapse_url(self) -> str:
        return f"http://127.0.0.1:{self.ports['synapse']}"

    @property
    def pantalaimon_url(self) -> str:
        return f"http://127.0.0.1:{self.ports['pantalaimon']}"

    def save(self) -> None:
        """Write lab.json."""
        write_json(self.layout.record, asdict(self))

    def note(self, name: str, process: Process) -> None:
        """Remember a process at once, so that it can be stopped whatever happens next."""
        self.processes[name] = process
        self.save()

    def running(self, name: str) -> bool:
        """Whether the process of that name is there and still the one that was started."""
        process = self.processes.get(name)
        return process is not None and process.is_alive()


def load(folder: Path) -> Record:
    """Read a lab's lab.json."""
    path = Layout(folder).record
    try:
        value = json.loads(path.read_text())
    except FileNotFoundError:
        raise LabError(f"{folder} is not a lab: it has no lab.json") from None
    processes = {name: Process(**process) for name, process in value.pop("processes").items()}
    return Record(**value, processes=processes)
