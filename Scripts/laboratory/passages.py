"""Passage for the unprivileged user through folders that are shut to it: an ACL entry of its own, so that nobody else may pass.

Which folders got one, and for which labs, is kept beside the environments: when the last of those labs is down, it is taken back.
"""

import fcntl
import json
import pwd
import stat
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from . import venvs
from .record import write_json
from .reporting import LabError

Passages = dict[str, list[str]]


def grant(folder: Path, user: pwd.struct_passwd, lab: Path) -> None:
    """Let the user pass through a folder, and only pass, as long as the lab is up."""
    status = folder.stat()
    passable = stat.S_IXUSR if status.st_uid == user.pw_uid else stat.S_IXGRP if status.st_gid == user.pw_gid else stat.S_IXOTH
    if status.st_mode & passable:
        return
    with noted() as passages:
        if str(folder) not in passages and f"user:{user.pw_name}:" in entries(folder):
            return  # somebody else's entry, which is not ours to take away
        try:
            facl("--modify", f"user:{user.pw_name}:--x", folder)
        except (OSError, subprocess.CalledProcessError) as error:
            raise LabError(
                f"user '{user.pw_name}' cannot pass through {folder} (mode {stat.S_IMODE(status.st_mode):04o}); "
                f"allow it with: chmod o+x {folder}"
            ) from error
        labs = passages.setdefault(str(folder), [])
        if str(lab) not in labs:
            labs.append(str(lab))


def take_back(user: pwd.struct_passwd, lab: Path) -> None:
    """The lab is down: no folder needs to be open for it any more."""
    with noted() as passages:
        for folder, labs in list(passages.items()):
            if str(lab) in labs:
                labs.remove(str(lab))
            if not labs:
                del passages[folder]
                close(Path(folder), user)


def close(folder: Path, user: pwd.struct_passwd) -> None:
    """Remove the entry, and the ACL where nothing else is left of it: a mask alone would change the mode."""
    if not folder.is_dir():
        return
    facl("--remove", f"user:{user.pw_name}", folder)
    if all(line.startswith("mask:") for line in entries(folder).splitlines()):
        facl("--remove-all", "", folder)


def entries(folder: Path) -> str:
    """The entries of a folder's ACL beyond its mode."""
    command = ["getfacl", "--omit-header", "--skip-base", "--absolute-names", str(folder)]
    answer = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    return "\n".join(line for line in answer.splitlines() if line and not line.startswith(("user::", "group::", "other::")))


def facl(action: str, entry: str, folder: Path) -> None:
    """Change an ACL."""
    subprocess.run(["setfacl", action, *([entry] if entry else []), str(folder)], check=True, capture_output=True, text=True)


@contextmanager
def noted() -> Iterator[Passages]:
    """The note, changed by one command at a time and kept where only root writes."""
    place = venvs.cache() / "passages.json"
    place.parent.mkdir(parents=True, exist_ok=True)
    with (place.with_suffix(".lock")).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        passages: Passages = json.loads(place.read_text()) if place.exists() else {}
        try:
            yield passages
        finally:
            write_json(place, passages)
