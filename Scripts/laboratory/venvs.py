"""The Python environments of Synapse, of the Matrix clients, of Pantalaimon, and of the programs that tests hold Coffer
against (`oracles`), kept in a cache that all labs share.

An environment's name carries the digest of its requirements, so a finished one never changes. A lock keeps two labs
from building the same one at once, and a `.complete` marker tells a finished one from one that was interrupted.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from .reporting import LabError, last_lines, timed

SYSTEM_PYTHON = "/usr/bin/python3"
LAB = ("synapse", "clients", "pantalaimon")
ALL = (*LAB, "oracles")
LOCK_SECONDS = 600
INSTALL_SECONDS = 540


def cache() -> Path:
    """Where environments are kept; as root a place that the unprivileged user can read."""
    default = "/var/cache/coffer-lab" if os.geteuid() == 0 else str(Path.home() / ".cache" / "coffer-lab")
    return Path(os.environ.get("COFFER_LAB_CACHE") or default)


def requirements(name: str) -> Path:
    """The file with the pinned versions."""
    return Path(__file__).with_name(f"requirements-{name}.txt")


def home(name: str) -> Path:
    """The environment's folder."""
    digest = hashlib.sha256(requirements(name).read_bytes()).hexdigest()[:10]
    return cache() / f"{name}-{digest}"


def python(name: str) -> str:
    """The environment's interpreter."""
    return str(home(name) / "bin" / "python")


def version(name: str, package: str) -> str:
    """The version that a requirements file pins for a package."""
    for line in requirements(name).read_text().splitlines():
        pinned, _, number = line.partition("==")
        if pinned.lower() == package:
            return number
    return "unknown"


def is_complete(name: str) -> bool:
    """Whether the environment was built to its end."""
    return (home(name) / ".complete").exists()


def provide_all(names: tuple[str, ...]) -> None:
    """Build whatever of these is missing, all at the same time."""
    missing = [name for name in names if not is_complete(name)]
    if not missing:
        return
    old_mask = os.umask(0o022)
    try:
        cache().mkdir(parents=True, exist_ok=True)
        with timed(f"environments made: {', '.join(missing)}"), ThreadPoolExecutor() as pool:
            list(pool.map(provide, missing))
    finally:
        os.umask(old_mask)


def provide(name: str) -> None:
    """Build one environment unless another lab has done it meanwhile."""
    with locked(cache() / f"{home(name).name}.lock"):
        if not is_complete(name):
            build(name)


def build(name: str) -> None:
    """Make the environment anew and mark it."""
    place = home(name)
    shutil.rmtree(place, ignore_errors=True)
    log = cache() / f"{place.name}.log"
    install = [
        python(name),
        "-m",
        "pip",
        "install",
        "--no-input",
        "--disable-pip-version-check",
        "--prefer-binary",
        "--requirement",
        str(requirements(name)),
    ]
    with log.open("w") as output:
        for command in ([SYSTEM_PYTHON, "-m", "venv", str(place)], install):
            run_logged(command, output.fileno(), log)
    (place / ".complete").touch()


def run_logged(command: list[str], output: int, log: Path) -> None:
    """Run one step of a build; its failure shows the end of its log."""
    try:
        subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            check=True,
            timeout=INSTALL_SECONDS,
            cwd="/",
            env=clean_environment(),
        )
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        raise LabError(f"{' '.join(command[:4])} … did not work; {log} ends with\n{last_lines(log)}") from error


def clean_environment() -> dict[str, str]:
    """This environment without what would lead a venv's Python astray."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a lock file; other labs wait, but not for ever."""
    deadline = time.monotonic() + LOCK_SECONDS
    with path.open("w") as handle:
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise LabError(f"{path} has been held by another lab for {LOCK_SECONDS} s") from None
                time.sleep(0.2)
        yield
