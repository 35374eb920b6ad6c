"""The tools that are measured: each makes a repository, saves files or a database into it, and restores files."""

import os
import shlex
import subprocess
from abc import ABC, abstractmethod
from pathlib import Path

from . import machine
from .cluster import Cluster
from .trouble import BenchError


class Place:
    """Where one contender works in one run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.repository = folder / "repository"
        self.repository.mkdir(parents=True)
        self.environment = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL") if name in os.environ}
        self.environment |= {"HOME": str(folder), "TMPDIR": str(folder)}


class Contender(ABC):
    """A tool. Methods give a line of bash; what they prepare is not measured."""

    name: str
    needs: list[str]
    note: str

    def prepare(self, place: Place) -> None:
        """Make an empty repository."""

    @abstractmethod
    def save_files(self, place: Place, files: Path, night: int) -> str:
        """Save a folder."""

    @abstractmethod
    def save_database(self, place: Place, cluster: Cluster, night: int) -> str:
        """Save the database of a night, always under one name."""

    @abstractmethod
    def restore_files(self, place: Place, target: Path) -> str:
        """Restore the newest save of a folder."""

    def restored(self, target: Path, files: Path) -> Path:
        """Where the restored folder then lies."""
        return target

    def drill(self, place: Place, cluster: Cluster) -> str | None:
        """Restore the newest save of the database into a new one, where the tool or custom knows how."""
        return None


def run(command: list[str], place: Place) -> str:
    """Run a preparation."""
    result = subprocess.run(command, env=place.environment, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if result.returncode != 0:
        raise BenchError(f"{command[0]} failed: {(result.stderr or result.stdout).strip()[-300:]}")
    return result.stdout.strip()


def dump(cluster: Cluster, night: int) -> str:
    """The dump that all contenders but Coffer are fed; Coffer calls the same by itself."""
    return f"{cluster.programs}/pg_dump -Fc -Z0 -d {shlex.quote(cluster.conninfo(f'night{night}'))}"


def new_key(place: Place) -> str:
    """A recipient; its identity lies in `identity`."""
    run(["age-keygen", "-o", str(place.folder / "identity")], place)
    return run(["age-keygen", "-y", str(place.folder / "identity")], place)


class Coffer(Contender):
    name, needs = "coffer", ["age-keygen"]
    note = "padded packs, signed ledger; counts and hashes every row of a dump as it passes; a restore waits for the disk and compares; a drill makes a cluster and compares every row"

    def __init__(self, tools: Path) -> None:
        self._tools = tools

    def prepare(self, place: Place) -> None:
        place.repository.rmdir()
        self._recipient = new_key(place)

    def _configure(self, place: Place, source: str) -> str:
        """One source; a store is made where there is none yet."""
        path = place.folder / "coffer.yaml"
        path.write_text(
            f"store: {place.repository}\nstate: {place.folder}/state\nhost_key: {place.folder}/keys/host.key\n"
            f"recipients: {{officers: [{self._recipient}]}}\n"
            f"compartments: {{core: {{recipients: officers, sources: {{it: {source}}}}}}}\n"
        )
        if not place.repository.exists():
            run([str(self._tools / "coffer-backup"), "init", "--config", str(path)], place)
        return f"{shlex.quote(str(self._tools / 'coffer-backup'))} run --config {path}"

    def save_files(self, place: Place, files: Path, night: int) -> str:
        return self._configure(place, f'{{kind: files, path: "{files}"}}')

    def save_database(self, place: Place, cluster: Cluster, night: int) -> str:
        return self._configure(place, f'{{kind: postgresql, conninfo: "{cluster.conninfo(f"night{night}")}"}}')

    def restore_files(self, place: Place, target: Path) -> str:
        return f"{self._restore(place, 'run')} --source it --target {target}"

    def drill(self, place: Place, cluster: Cluster) -> str | None:
        return self._restore(place, "drill")

    def _restore(self, place: Place, verb: str) -> str:
        tool = shlex.quote(str(self._tools / "coffer-restore"))
        keys = f"--trust {place.folder}/keys/host.pub --identity {place.folder}/identity"
        return f"{tool} {verb} --store {place.repository} {keys}"


class Restic(Contender):
    name, needs, note = "restic", ["restic"], "its defaults"

    def prepare(self, place: Place) -> None:
        place.environment |= {"RESTIC_REPOSITORY": str(place.repository), "RESTIC_PASSWORD": "bench"}
        run(["restic", "init", "-q"], place)

    def save_files(self, place: Place, files: Path, night: int) -> str:
        return f"restic backup -q {files}"

    def save_database(self, place: Place, cluster: Cluster, night: int) -> str:
        return f"{dump(cluster, night)} | restic backup -q --stdin --stdin-filename it.dump"

    def restore_files(self, place: Place, target: Path) -> str:
        return f"restic restore -q latest --target {target}"

    def restored(self, target: Path, files: Path) -> Path:
        return target / files.relative_to("/")


class Borg(Contender):
    name, needs, note = "borg", ["borg"], "repokey-blake2, its default compression (lz4)"

    def prepare(self, place: Place) -> None:
        place.environment |= {"BORG_REPO": str(place.repository), "BORG_PASSPHRASE": "bench", "BORG_BASE_DIR": str(place.folder)}
        place.repository.rmdir()
        run(["borg", "init", "-e", "repokey-blake2"], place)

    def save_files(self, place: Place, files: Path, night: int) -> str:
        return f"borg create ::night{night} {files}"

    def save_database(self, place: Place, cluster: Cluster, night: int) -> str:
        return f"{dump(cluster, night)} | borg create --stdin-name it.dump ::night{night} -"

    def restore_files(self, place: Place, target: Path) -> str:
        return f"mkdir {target} && cd {target} && borg extract ::night2"

    def restored(self, target: Path, files: Path) -> Path:
        return target / files.relative_to("/")


class Plain(Contender):
    name, needs = "plain pipe", ["age", "age-keygen", "zstd", "tar"]
    note = "tar | age, and pg_dump | zstd -3 -T2 | age: every night whole, synced as the others do"

    def prepare(self, place: Place) -> None:
        self._recipient = new_key(place)

    def save_files(self, place: Place, files: Path, night: int) -> str:
        return f"tar -C {files} -cf - . | age -r {self._recipient} > {place.repository}/night{night} && sync {place.repository}/night{night}"

    def save_database(self, place: Place, cluster: Cluster, night: int) -> str:
        return f"{dump(cluster, night)} | zstd -q -3 -T2 | age -r {self._recipient} > {place.repository}/night{night} && sync {place.repository}/night{night}"

    def drill(self, place: Place, cluster: Cluster) -> str | None:
        cluster.psql("postgres", "DROP DATABASE IF EXISTS by_hand")
        sealed = f"age -d -i {place.folder}/identity {place.repository}/night2 | zstd -dq"
        login = f"-h {cluster.folder} -U {cluster.account}"
        restore = f"{cluster.programs}/pg_restore --exit-on-error --no-owner {login} -d by_hand"
        return f"{cluster.programs}/createdb {login} -T template0 by_hand && {sealed} | {restore}"

    def restore_files(self, place: Place, target: Path) -> str:
        return f"mkdir {target} && age -d -i {place.folder}/identity {place.repository}/night2 | tar -C {target} -xf -"


def all_contenders(tools: Path | None) -> tuple[list[Contender], list[str]]:
    """Those that can be run, and what the others lack."""
    known: list[Contender] = [Restic(), Borg(), Plain()]
    if tools:
        known.insert(0, Coffer(tools))
    present = [each for each in known if not machine.missing(each.needs)]
    lacking = [f"{each.name}: {', '.join(machine.missing(each.needs))}" for each in known if each not in present]
    return present, lacking
