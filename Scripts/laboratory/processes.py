"""Starting programs that outlive the command, waiting with deadlines, and stopping exactly those programs."""

import os
import random
import select
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from .reporting import LabError, last_lines

Answer = TypeVar("Answer")
PORTS = range(20000, 32000)  # below the ports that the kernel gives to outgoing connections


@dataclass(frozen=True)
class Process:
    """A program that was started; its start time tells it from a later one with the same id."""

    pid: int
    started: int

    def is_alive(self) -> bool:
        """Whether this very process still runs."""
        return started_at(self.pid) == self.started


def started_at(pid: int) -> int | None:
    """When a process started, in clock ticks since boot; None if it is gone or a zombie."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    fields = status.rpartition(")")[2].split()
    return None if fields[0] in "ZX" else int(fields[19])


def start(command: list[str], log: Path, folder: Path, environment: dict[str, str] | None = None) -> Process:
    """Start a program in a session of its own, without standard input, its output going to a log."""
    with log.open("ab") as output:
        child = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd=folder, start_new_session=True, env=environment
        )
    started = started_at(child.pid)
    child.returncode = 0  # it is meant to outlive this command: no warning when it does
    if started is None:
        raise LabError(f"{command[0]} ended at once; {log} ends with\n{last_lines(log)}")
    return Process(child.pid, started)


def stop(process: Process, wish: signal.Signals = signal.SIGTERM, seconds: float = 20) -> None:
    """End a process: by its wish first, by force when it takes too long. One that is gone is fine."""
    try:
        handle = os.pidfd_open(process.pid)
    except ProcessLookupError:
        return
    try:
        if process.is_alive():
            signal.pidfd_send_signal(handle, wish)
            if not has_ended(handle, seconds):
                signal.pidfd_send_signal(handle, signal.SIGKILL)
                has_ended(handle, 5)
    except ProcessLookupError:
        pass
    finally:
        os.close(handle)


def has_ended(handle: int, seconds: float) -> bool:
    """Wait for the end of a process."""
    poll = select.poll()
    poll.register(handle, select.POLLIN)
    return bool(poll.poll(seconds * 1000))


def wait_until(
    condition: Callable[[], Answer], what: str, seconds: float, process: Process | None = None, log: Path | None = None
) -> Answer:
    """Ask until the answer is true; fails when time is up or when the process that should make it true has ended."""
    deadline = time.monotonic() + seconds
    end = f"; {log} ends with\n{last_lines(log)}" if log else ""
    while not (answer := condition()):
        if process is not None and not process.is_alive():
            raise LabError(f"{what}: the process ended{end}")
        if time.monotonic() > deadline:
            raise LabError(f"{what}: not within {seconds:.0f} s{end}")
        time.sleep(0.05)
    return answer


def free_port(taken: frozenset[int] = frozenset()) -> int:
    """A loopback port that nobody listens on; drawn at random so that labs started together do not meet."""
    draw = random.SystemRandom()
    for _ in range(200):
        port = draw.choice(PORTS)
        if port not in taken and is_free(port):
            return port
    raise LabError("no free port on loopback")


def is_free(port: int) -> bool:
    """Whether a port can be bound on loopback."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
