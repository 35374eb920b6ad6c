"""Runs a command and says what it took."""

import os
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from .trouble import BenchError


@dataclass(frozen=True)
class Cost:
    """Seconds on the clock, seconds of processor, and the memory of the largest process in MiB."""

    seconds: float
    cpu_seconds: float
    peak_mib: float


def measure(script: str, environment: dict[str, str], log: Path, folder: Path | None = None) -> Cost:
    """Run a line of bash. A pipe fails where any part of it fails.

    What earlier commands left for the disk is written first, so that nobody waits for somebody else's bytes.
    """
    os.sync()
    with log.open("wb") as output:
        start = time.perf_counter()
        process = subprocess.Popen(
            ["bash", "-c", f"set -euo pipefail; {script}"], stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=environment, cwd=folder
        )
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        end = " / ".join(log.read_text(errors="replace").strip().splitlines()[-3:])
        raise BenchError(f"exit {process.returncode} of `{script}`: {end}")
    return Cost(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def stored_bytes(folder: Path) -> int:
    """The sizes of all files of a repository."""
    return sum(path.lstat().st_size for path in folder.rglob("*") if path.is_file())
