"""A PostgreSQL cluster of the lab's own, on a Unix socket only."""

import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .processes import start, wait_until
from .record import Record
from .reporting import LabError, last_lines

if TYPE_CHECKING:
    import psycopg2.extensions

SOCKET_PATH_LIMIT = 100  # the kernel's is 107 bytes
SOCKET_NAME = ".s.PGSQL.5432"
START_SECONDS = 60
SETTINGS = {
    "listen_addresses": "''",
    "unix_socket_permissions": "0777",
    "max_connections": "60",
    "shared_buffers": "'128MB'",
    "fsync": "off",  # a lab need not survive a power cut
    "logging_collector": "off",
    "log_timezone": "'UTC'",
    "timezone": "'UTC'",
}


def binaries() -> Path:
    """The folder of initdb and postgres: release 15 if it is there, else the newest."""
    wanted = Path("/usr/lib/postgresql/15/bin")
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if (wanted / "initdb").exists():
        return wanted
    if found:
        return found[-1].parent
    raise LabError("PostgreSQL's server is not installed (Debian: apt-get install postgresql)")


def choose_socket_dir(run: Path) -> Path:
    """`run/` itself, or a short folder in /tmp when the path would be too long for a socket."""
    if len(str(run / SOCKET_NAME).encode()) <= SOCKET_PATH_LIMIT:
        return run
    short = Path(tempfile.mkdtemp(prefix="coffer-lab-", dir="/tmp"))
    short.chmod(0o755)
    return short


def initialise(record: Record) -> None:
    """initdb with checksums, UTF8 and locale C, as Synapse demands."""
    data, log = record.layout.cluster, record.layout.logs / "initdb.log"
    command = [
        str(binaries() / "initdb"),
        "--pgdata",
        str(data),
        "--username",
        record.superuser,
        "--data-checksums",
        "--encoding",
        "UTF8",
        "--locale",
        "C",
        "--auth-local",
        "trust",
        "--auth-host",
        "reject",
        "--no-sync",
    ]
    with log.open("w") as output:
        result = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, timeout=120, cwd="/")
    if result.returncode != 0:
        raise LabError(f"initdb did not work; {log} ends with\n{last_lines(log)}")
    socket_dir = record.socket_dir.replace("'", "''")
    settings = SETTINGS | {"unix_socket_directories": f"'{socket_dir}'"}
    with (data / "postgresql.conf").open("a") as configuration:
        configuration.writelines(f"{name} = {value}\n" for name, value in settings.items())


def start_cluster(record: Record) -> None:
    """Start the server and wait until it takes connections."""
    log = record.layout.logs / "postgres.log"
    process = start([str(binaries() / "postgres"), "-D", str(record.layout.cluster)], log, record.layout.cluster)
    record.note("postgres", process)
    wait_until(lambda: is_ready(record), "PostgreSQL takes connections", START_SECONDS, process, log)


def is_ready(record: Record) -> bool:
    """Whether the server takes connections."""
    command = [str(binaries() / "pg_isready"), "--quiet", "--host", record.socket_dir, "--port", "5432"]
    return subprocess.run(command, stdin=subprocess.DEVNULL, timeout=20).returncode == 0


def remove_short_socket_dir(record: Record) -> None:
    """Take away the socket folder if it is one of ours in /tmp and empty."""
    place = Path(record.socket_dir)
    if place != record.layout.run and place.parent == Path("/tmp"):
        try:
            place.rmdir()
        except OSError:
            pass


STOP_SIGNAL = signal.SIGINT  # PostgreSQL's fast shutdown


def connect(record: Record, database: str, role: str = "") -> "psycopg2.extensions.connection":
    """A connection that commits each statement."""
    import psycopg2  # only the clients' environment has it, and `cluster` must work without

    connection = psycopg2.connect(host=record.socket_dir, port=5432, dbname=database, user=role or record.superuser, connect_timeout=20)
    connection.autocommit = True
    return connection


def query(record: Record, database: str, statement: str, values: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Run one statement and give its rows."""
    connection = connect(record, database)
    try:
        with connection.cursor() as cursor:
            cursor.execute(statement, values or None)
            return cursor.fetchall() if cursor.description else []
    finally:
        connection.close()


def create_database(record: Record, database: str, role: str) -> None:
    """A role and the database that it owns, made the way Synapse's documentation says."""
    query(record, "postgres", f'CREATE ROLE "{role}" LOGIN')
    query(record, "postgres", f"CREATE DATABASE \"{database}\" OWNER \"{role}\" ENCODING 'UTF8' LOCALE 'C' TEMPLATE template0")


def delete_data(place: Path) -> None:
    """Remove one folder of server data."""
    if place.is_symlink():
        raise LabError(f"{place} is a link; not followed")
    shutil.rmtree(place, ignore_errors=False, onerror=ignore_missing)


def ignore_missing(_function: Any, path: str, error: Any) -> None:
    """What is gone already need not be removed."""
    if os.path.lexists(path):
        raise error[1]


def server_version() -> str:
    """The release of the server's program."""
    answer = subprocess.run(
        [str(binaries() / "postgres"), "--version"], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=20
    )
    return answer.stdout.strip().removeprefix("postgres (PostgreSQL) ").partition(" ")[0]
