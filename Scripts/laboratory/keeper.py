"""Making a lab's folder, stopping what runs in it, destroying what servers hold, and saying what runs."""

import signal
from pathlib import Path

from . import cluster
from . import record as records
from .layout import SERVER_DATA, Layout
from .processes import stop
from .record import Record
from .reporting import LabError, say, timed

STOP_ORDER = ("pantalaimon", "synapse", "postgres")


def new_record(folder: Path, kind: str, size: str = "test") -> Record:
    """Claim an unused folder for a lab."""
    layout = Layout(folder)
    if layout.record.exists():
        raise LabError(f"{folder} is a lab already; take another folder")
    taken = [name for name in (*SERVER_DATA, "clients") if (folder / name).exists()]
    if taken:
        raise LabError(f"{folder} has {', '.join(taken)} already; take another folder")
    for place in (layout.root, layout.run, layout.logs):
        place.mkdir(parents=True, exist_ok=True)
    record = Record(root=str(folder), kind=kind, size=size, socket_dir=str(cluster.choose_socket_dir(layout.run)))
    record.save()
    return record


def new_cluster(folder: Path) -> int:
    """The verb `cluster`: an empty running cluster, nothing else."""
    with timed("empty PostgreSQL cluster") as details:
        record = new_record(folder, "cluster")
        try:
            cluster.initialise(record)
            cluster.start_cluster(record)
        except BaseException:
            undo(record)
            raise
        details.append(f"socket in {record.socket_dir}, superuser {record.superuser}")
    return 0


def undo(record: Record) -> None:
    """After a failed start: stop everything and leave only the logs."""
    stop_all(record)
    for name in (*SERVER_DATA, "clients", "run"):
        remove(record.layout.root / name)
    record.layout.record.unlink(missing_ok=True)


def stop_all(record: Record) -> list[str]:
    """Stop what the lab started, the servers that use the database first; gives the names of what ran."""
    running = [name for name in STOP_ORDER if record.running(name)]
    for name in running:
        stop(record.processes[name], cluster.STOP_SIGNAL if name == "postgres" else signal.SIGTERM)
    cluster.remove_short_socket_dir(record)
    return running


def remove(place: Path) -> None:
    """Remove a folder if it is there."""
    if place.exists():
        cluster.delete_data(place)


def down(folder: Path) -> int:
    """The verb `down`; doing it twice is fine."""
    record = records.load(folder)
    with timed("stopped") as details:
        details.append(", ".join(stop_all(record)) or "nothing ran")
    return 0


def destroy(folder: Path) -> int:
    """The verb `destroy`: the servers and all that they hold are gone; phones and lab.json stay."""
    record = records.load(folder)
    with timed("destroyed") as details:
        stop_all(record)
        gone = [name for name in SERVER_DATA if (folder / name).exists()]
        for name in gone:
            remove(folder / name)
        details.append(", ".join(f"{name}/" for name in gone) or "nothing was left")
    return 0


def status(folder: Path) -> int:
    """The verb `status`."""
    record = records.load(folder)
    say(f"{record.kind} in {record.root}, size {record.size}, socket in {record.socket_dir}")
    for name, process in record.processes.items():
        state = "runs" if process.is_alive() else "stopped"
        port = f", port {record.ports[name]}" if name in record.ports else ""
        say(f"  {name}: {state} (pid {process.pid}{port}, {record.versions.get(name, 'version not recorded')})")
    return 0
