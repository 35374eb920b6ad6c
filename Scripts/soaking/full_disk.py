"""A disk that is really full: under the store, and under the state folder."""

import os
import random
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .host import Broken, Host


def obstacle() -> str | None:
    """Why no small disk can be had here; None where it can."""
    if os.geteuid() != 0:
        return "only root can mount a small file system"
    probe = subprocess.run(["unshare", "-m", "mount", "-t", "tmpfs", "-o", "size=1m", "soak", "/mnt"], capture_output=True, text=True)
    return None if probe.returncode == 0 else f"mount: {probe.stderr.strip()}"


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "soak", folder], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def fill(folder: Path, leaving: int = 0) -> Path:
    """Takes all room but some bytes."""
    ballast = folder / "ballast"
    free = os.statvfs(folder)
    with ballast.open("wb", buffering=0) as file:
        try:
            for _ in range(max(0, free.f_bavail * free.f_frsize - leaving) // 4096):
                file.write(bytes(4096))
        except OSError:
            pass
    return ballast


def soak(folder: Path, tools: Path, chance: random.Random, rounds: int) -> int:
    """Nights on a full store and with a full state folder; gives how many found no room."""
    refused = 0
    place = folder / "host"
    with small_disk(place, "400m"):
        host = Host(place / "host", tools, chance, None)
        host.backup("run").expect(0)
        for _ in range(rounds):
            host.change()
            # From no room at all to nearly enough of it.
            ballast = fill(place, leaving=chance.randrange(8_000_000))
            before = len(host.ledger("json"))
            said = host.backup("run").expect(0, 1, 3, 5)
            if said.status in (1, 5):
                refused += 1
                if "no space left" not in said.text and "full" not in said.text:
                    raise Broken(f"a full disk is not named: {said.text}")
            elif len(host.ledger("json")) != before + 1:
                raise Broken(f"no snapshot, and said to be done: {said.text}")
            host.verify()
            ballast.unlink()
            host.backup("run").expect(0)
            host.verify()
        host.restore_and_compare()
    return refused
