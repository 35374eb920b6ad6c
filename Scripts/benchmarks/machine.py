"""On what was measured, and with which programs."""

import os
import platform
import re
import shutil
import subprocess
from pathlib import Path

PACKAGES = {"restic": "restic", "borg": "borgbackup", "age": "age", "age-keygen": "age", "zstd": "zstd", "tar": "tar", "time": "time", "psql": "postgresql-client"}
VERSION_COMMANDS = {
    "restic": ["restic", "version"],
    "borg": ["borg", "--version"],
    "age": ["age", "--version"],
    "zstd": ["zstd", "--version"],
    "tar": ["tar", "--version"],
}


def describe(folder: Path) -> dict[str, str]:
    """Processor, memory, kernel and file system."""
    model = re.search(r"model name\s*:\s*(.*)", Path("/proc/cpuinfo").read_text())
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    kind = subprocess.run(["stat", "-f", "-c", "%T", str(folder)], capture_output=True, text=True).stdout.strip()
    return {
        "processor": f"{len(os.sched_getaffinity(0))} cores, {model[1] if model else platform.machine()}",
        "memory": f"{memory:.1f} GiB",
        "kernel": platform.release(),
        "file system": kind,
    }


def is_there(program: str) -> bool:
    return shutil.which(program) is not None


def missing(programs: list[str]) -> list[str]:
    """What is not installed, with the Debian package of each."""
    return [f"{program} (apt-get install {PACKAGES[program]})" for program in programs if not is_there(program)]


def versions() -> dict[str, str]:
    """The versions of the programs that are there."""
    found = {}
    for program, command in VERSION_COMMANDS.items():
        if is_there(program):
            lines = subprocess.run(command, capture_output=True, text=True).stdout.strip().splitlines()
            match = re.search(r"v?\d+(\.\d+)+", lines[0] if lines else "")
            found[program] = match[0] if match else "unknown"
    return found
