"""The stock programs: age, tar, zstd, minisign, pg_restore."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import IO

from .trouble import MISSING_PROGRAM, NO_IDENTITY, USAGE, Damage, RescueError

NEEDED = {"age": "age", "tar": "tar", "zstd": "zstd"}
LARGEST_IDENTITY_FILE = 48 * 1024  # fits into a pipe at once
ENCRYPTED = (b"age-encryption.org/v1", b"-----BEGIN AGE ENCRYPTED FILE-----")


class Sealed(Exception):
    """The identity is not among the recipients."""


def require_programs() -> None:
    """Make sure that what every rescue needs is installed."""
    missing = [name for name in NEEDED if shutil.which(name) is None]
    if missing:
        packages = " ".join(NEEDED[name] for name in missing)
        raise RescueError(MISSING_PROGRAM, f"not installed: {', '.join(missing)}", f"Debian: apt-get install {packages}")


def require_minisign() -> None:
    """Make sure that signatures can be checked."""
    if shutil.which("minisign") is None:
        raise RescueError(
            MISSING_PROGRAM,
            "--trust or --officer is given, but minisign is not installed",
            "Debian: apt-get install minisign; or leave both out to rescue without checking signatures",
        )


class Identity:
    """The operator's age identity: read once, kept in memory, handed to age through a pipe."""

    def __init__(self, name: str) -> None:
        text = sys.stdin.buffer.read() if name == "-" else self._read(name)
        if text.startswith(ENCRYPTED):
            text = self._unlock(text)
        if b"AGE-SECRET-KEY-" not in text and b"AGE-PLUGIN-" not in text and b"PRIVATE KEY" not in text:
            raise RescueError(USAGE, f"{name} holds no age identity", "it has a line that starts with AGE-SECRET-KEY-")
        if len(text) > LARGEST_IDENTITY_FILE:
            raise RescueError(USAGE, f"{name} is too large for a file of identities")
        self._text = text

    @staticmethod
    def _read(name: str) -> bytes:
        try:
            return Path(name).read_bytes()
        except OSError as error:
            raise RescueError(NO_IDENTITY, f"cannot read the identity {name}: {error.strerror}") from None

    @staticmethod
    def _unlock(text: bytes) -> bytes:
        """Ask for the passphrase of an identity file once, not for every object; age asks on the terminal."""
        result = subprocess.run(["age", "-d"], input=text, stdout=subprocess.PIPE)
        if result.returncode != 0:
            raise RescueError(NO_IDENTITY, "the identity file did not open", "was the passphrase right?")
        return result.stdout

    def start_age(self, source: IO[bytes], target: IO[bytes] | int, errors: IO[bytes]) -> subprocess.Popen[bytes]:
        """Start `age -d` from one open file to another."""
        reading, writing = os.pipe()
        try:
            with open(writing, "wb", buffering=0) as pipe:
                pipe.write(self._text)
            command = ["age", "-d", "-i", f"/dev/fd/{reading}"]
            return subprocess.Popen(command, stdin=source, stdout=target, stderr=errors, pass_fds=[reading])
        finally:
            os.close(reading)

    def decrypt(self, source: Path, target: IO[bytes]) -> None:
        """Decrypt an age file; raises `Sealed` where the identity is no recipient."""
        with source.open("rb") as sealed, tempfile.TemporaryFile() as errors:
            status = self.start_age(sealed, target, errors).wait()
            if status != 0:
                raise failure_of_age(errors, source.name)


def failure_of_age(errors: IO[bytes], name: str) -> Exception:
    """What age's message means."""
    errors.seek(0)
    text = errors.read(4096).decode(errors="replace")
    if "no identity matched" in text:
        return Sealed(name)
    lines = [line for line in text.splitlines() if line.startswith("age: error")]
    return Damage(f"{name} does not decrypt: {lines[0] if lines else text.strip()}")


def unpack(identity: Identity, header: Path, payload: Path, folder: Path) -> None:
    """`cat header payload | age -d`, then `tar -x`, then `zstd -d` on what is compressed.

    tar gets a whole, authenticated file: in a pipe it would stop at the end of the archive, before the padding.
    """
    archive = folder / "pack.tar"
    with archive.open("wb") as target, tempfile.TemporaryFile() as errors:
        joined = subprocess.Popen(["cat", "--", str(header), str(payload)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        age = identity.start_age(joined.stdout, target, errors)
        joined.stdout.close()
        if age.wait() != 0 or joined.wait() != 0:
            raise failure_of_age(errors, payload.name)
    command = ["tar", "-x", "-f", archive.name, "--no-same-owner", "--no-same-permissions"]
    if subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True).returncode != 0:
        raise Damage(f"{payload.name} is no tar archive")
    archive.unlink()
    compressed = sorted(path.name for path in folder.glob("frame-*.zst"))
    for start in range(0, len(compressed), 1000):
        names = compressed[start : start + 1000]
        result = subprocess.run(["zstd", "-d", "-q", "--rm", "--", *names], cwd=folder, capture_output=True)
        if result.returncode != 0:
            raise Damage(f"{payload.name} holds a frame that zstd does not open")


def verify_signature(entry: Path, signature: Path, key: Path) -> bool:
    """`minisign -VHm`: whether the key signed the entry."""
    command = ["minisign", "-V", "-H", "-q", "-m", str(entry), "-x", str(signature), "-p", str(key)]
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True).returncode == 0


def lists_as_dump(dump: Path) -> bool | None:
    """Whether pg_restore can read a dump's table of contents; None where it is not installed."""
    if shutil.which("pg_restore") is None:
        return None
    return subprocess.run(["pg_restore", "--list", str(dump)], stdin=subprocess.DEVNULL, capture_output=True).returncode == 0
