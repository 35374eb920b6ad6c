"""A PostgreSQL cluster of its own on a Unix socket; as root it runs as `postgres`."""

import os
import pwd
import subprocess
from pathlib import Path

from .trouble import BenchError

ACCOUNT = "postgres"
SETTINGS = "-c listen_addresses='' -c fsync=off -c shared_buffers=256MB -c max_wal_size=4GB -c autovacuum=off"


def programs() -> Path | None:
    """The newest server's programs, or None where there is no server."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    return found[-1].parent if found else None


class Cluster:
    """A running server."""

    account = ACCOUNT

    def __init__(self, folder: Path) -> None:
        bin_folder = programs()
        if bin_folder is None:
            raise BenchError("PostgreSQL's server is not installed (apt-get install postgresql)")
        self.programs = bin_folder
        self.folder = folder
        folder.mkdir()
        if os.geteuid() == 0:
            account = pwd.getpwnam(ACCOUNT)
            os.chown(folder, account.pw_uid, account.pw_gid)
        self._run("initdb", "-D", "data", "-U", ACCOUNT, "-E", "UTF8", "--locale=C", "--auth=trust", "--no-sync")
        self._run("pg_ctl", "-D", "data", "-l", "log", "-w", "-s", "-o", f"{SETTINGS} -c unix_socket_directories='{folder}'", "start")

    def conninfo(self, database: str) -> str:
        return f"host={self.folder} user={ACCOUNT} dbname={database}"

    def psql(self, database: str, *statements: str) -> str:
        """Run statements one by one; gives what they print."""
        words = [word for statement in statements for word in ("-c", statement)]
        result = subprocess.run(
            [self.programs / "psql", "-XqAt", "-v", "ON_ERROR_STOP=1", self.conninfo(database), *words], capture_output=True, text=True
        )
        if result.returncode != 0:
            raise BenchError(f"psql: {result.stderr.strip()}")
        return result.stdout.strip()

    def copy(self, database: str, table: str) -> subprocess.Popen[bytes]:
        """A process whose standard input goes into a table."""
        command = [self.programs / "psql", "-Xq", "-v", "ON_ERROR_STOP=1", self.conninfo(database), "-c", f"COPY {table} FROM STDIN"]
        return subprocess.Popen(command, stdin=subprocess.PIPE)

    def stop(self) -> None:
        self._run("pg_ctl", "-D", "data", "-m", "immediate", "-s", "stop")

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self.programs / program), *arguments]
        if os.geteuid() == 0:
            command = ["runuser", "-u", ACCOUNT, "--", *command]
        # The server keeps what it inherits, so nothing may wait for the end of a pipe.
        with (self.folder.parent / f"{program}.log").open("wb") as log:
            status = subprocess.run(command, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log).returncode
        if status != 0:
            raise BenchError(f"{program} failed: {Path(log.name).read_text(errors='replace').strip()[-400:]}")
