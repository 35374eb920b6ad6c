"""Giving up root: PostgreSQL refuses it, and nothing in the lab needs it."""

import hashlib
import os
import pwd
import shutil
import tempfile
from pathlib import Path
from typing import NoReturn

from . import passages, venvs
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
        if arguments.verb == "down":
            leave_it_to_a_child(arguments)
        prepare_folders(arguments)
        environment["HOME"] = become(account())
    os.chdir("/")
    environment["PYTHONPATH"] = str(code)
    os.execve(interpreter, [interpreter, "-m", "laboratory.inside", *words], environment)


def leave_it_to_a_child(arguments: Arguments) -> None:
    """Returns in the child. The parent waits for it, still root, and shuts the folders that were opened for the lab."""
    child = os.fork()
    if child == 0:
        return
    _, status = os.waitpid(child, 0)
    passages.take_back(account(), arguments.folder)
    os._exit(os.waitstatus_to_exitcode(status) & 0xFF)


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
    for lab in (arguments.folder, written):
        for parent in lab.parents:
            if parent.is_dir():
                passages.grant(parent, user, lab)
    if arguments.verb in {"up", "cluster"}:
        written.mkdir(parents=True, exist_ok=True)
    if not written.is_dir():
        raise LabError(f"there is no folder {written}")
    os.chown(written, user.pw_uid, user.pw_gid)
    if arguments.verb == "revive":
        for name in RESTORED:
            own_tree(written / name, user)


def own_tree(top: Path, user: pwd.struct_passwd) -> None:
    """Give everything under a restored folder to the unprivileged user; modes stay as restored."""
    if not top.exists():
        return
    for path in (top, *top.rglob("*")):
        os.chown(path, user.pw_uid, user.pw_gid, follow_symlinks=False)
