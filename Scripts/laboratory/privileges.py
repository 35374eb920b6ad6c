"""Giving up root: PostgreSQL refuses it, and nothing in the lab needs it."""

import hashlib
import os
import pwd
import shutil
import stat
import subprocess
import tempfile
from pathlib import Path
from typing import NoReturn

from . import venvs
from .command_line import Arguments
from .reporting import LabError

UNPRIVILEGED = "postgres"
RESTORED = ("synapse", "bridges", "pantalaimon")


def hand_over(arguments: Arguments, words: list[str]) -> NoReturn:
    """Become the unprivileged user, if root, and go on in `inside` with the interpreter that the verb needs."""
    interpreter = venvs.python("clients") if arguments.needs_venvs else venvs.SYSTEM_PYTHON
    environment = venvs.clean_environment() | {"PYTHONDONTWRITEBYTECODE": "1", "COFFER_LAB_CACHE": str(venvs.cache())}
    code = Path(__file__).parent.parent
    os.umask(0o022)
    if os.geteuid() == 0:
        code = readable_code()
        prepare_folders(arguments)
        environment["HOME"] = become(account())
    os.chdir("/")
    environment["PYTHONPATH"] = str(code)
    os.execve(interpreter, [interpreter, "-m", "laboratory.inside", *words], environment)


def account() -> pwd.struct_passwd:
    """The system account that comes with Debian's postgresql."""
    try:
        return pwd.getpwnam(UNPRIVILEGED)
    except KeyError:
        raise LabError(f"there is no user '{UNPRIVILEGED}' to run as: install Debian's postgresql, or do not run as root") from None


def become(user: pwd.struct_passwd) -> str:
    """Change to the user for good; gives its home."""
    os.initgroups(user.pw_name, user.pw_gid)
    os.setgid(user.pw_gid)
    os.setuid(user.pw_uid)
    return user.pw_dir


def readable_code() -> Path:
    """A copy of this package where the unprivileged user can read it, wherever the checkout lies."""
    source = Path(__file__).parent
    files = sorted(path for path in source.rglob("*") if path.is_file() and path.suffix in {".py", ".sql", ".txt"})
    digest = hashlib.sha256()
    for path in files:
        digest.update(str(path.relative_to(source)).encode() + b"\0" + path.read_bytes() + b"\0")
    place = venvs.cache() / f"code-{digest.hexdigest()[:10]}"
    if not place.exists():
        copy_files(source, files, place)
    return place


def copy_files(source: Path, files: list[Path], place: Path) -> None:
    """Copy to a temporary folder and rename, so that a second lab sees all or nothing."""
    place.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(dir=place.parent, prefix=".code-"))
    for path in files:
        target = temporary / "laboratory" / path.relative_to(source)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    for path in (temporary, *temporary.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    try:
        temporary.rename(place)
    except OSError:
        shutil.rmtree(temporary)
        if not place.exists():
            raise


def prepare_folders(arguments: Arguments) -> None:
    """Make the folders of the verb reachable for the unprivileged user, and its own where it is to write."""
    user = account()
    written = arguments.new_folder if arguments.verb in {"revive", "prove"} else arguments.folder
    for parent in (*arguments.folder.parents, *written.parents):
        if parent.is_dir():
            grant_passage(parent, user)
    if arguments.verb in {"up", "cluster"}:
        written.mkdir(parents=True, exist_ok=True)
    if not written.is_dir():
        raise LabError(f"there is no folder {written}")
    os.chown(written, user.pw_uid, user.pw_gid)
    if arguments.verb == "revive":
        for name in RESTORED:
            own_tree(written / name, user)


def grant_passage(folder: Path, user: pwd.struct_passwd) -> None:
    """Let the unprivileged user pass through a folder, and only pass: by an ACL of its own, so that nobody else may."""
    status = folder.stat()
    passable = stat.S_IXUSR if status.st_uid == user.pw_uid else stat.S_IXGRP if status.st_gid == user.pw_gid else stat.S_IXOTH
    if status.st_mode & passable:
        return
    command = ["setfacl", "--modify", f"user:{user.pw_name}:--x", str(folder)]
    try:
        subprocess.run(command, check=True, capture_output=True, text=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise LabError(
            f"user '{user.pw_name}' cannot pass through {folder} (mode {stat.S_IMODE(status.st_mode):04o}); "
            f"allow it with: chmod o+x {folder}"
        ) from error


def own_tree(top: Path, user: pwd.struct_passwd) -> None:
    """Give everything under a restored folder to the unprivileged user; modes stay as restored."""
    if not top.exists():
        return
    for path in (top, *top.rglob("*")):
        os.chown(path, user.pw_uid, user.pw_gid, follow_symlinks=False)
