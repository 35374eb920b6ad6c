"""The verbs and their arguments, read the same way by both stages."""

import argparse
from dataclasses import dataclass, field
from pathlib import Path

VERBS_WITH_VENVS = frozenset({"up", "write", "chatter", "revive", "prove"})


@dataclass(frozen=True)
class Arguments:
    """What the command line asks for."""

    verb: str
    folder: Path = Path("/")
    new_folder: Path = Path("/")
    size: str = "test"
    store: str = ""
    state: str = ""
    host_key: str = ""
    recipients: dict[str, list[str]] = field(default_factory=dict)

    @property
    def needs_venvs(self) -> bool:
        """Whether the verb runs Synapse, Pantalaimon or Matrix clients."""
        return self.verb in VERBS_WITH_VENVS


def parse(words: list[str]) -> Arguments:
    """Read the command line; wrong ones end with argparse's exit code 2."""
    given = parser().parse_args(words)
    return Arguments(
        verb=given.verb,
        folder=folder(getattr(given, "folder", "/")),
        new_folder=folder(getattr(given, "new_folder", "/")),
        size=getattr(given, "size", "test"),
        store=getattr(given, "store", ""),
        state=getattr(given, "state", ""),
        host_key=getattr(given, "host_key", ""),
        recipients=grouped(getattr(given, "recipient", [])),
    )


def folder(text: str) -> Path:
    """A folder's absolute path, links resolved, whether or not it is there."""
    return Path(text).resolve()


def grouped(pairs: list[tuple[str, str]]) -> dict[str, list[str]]:
    """NAME=RECIPIENT pairs as lists by name, in the order given."""
    groups: dict[str, list[str]] = {}
    for name, recipient in pairs:
        groups.setdefault(name, []).append(recipient)
    return groups


def named_recipient(text: str) -> tuple[str, str]:
    """One NAME=RECIPIENT argument."""
    name, separator, recipient = text.partition("=")
    if not (separator and name and recipient):
        raise argparse.ArgumentTypeError(f"'{text}' is not NAME=RECIPIENT")
    return name, recipient


def parser() -> argparse.ArgumentParser:
    """All verbs with their help."""
    top = argparse.ArgumentParser(prog="lab", description="The real deployment on one machine, without privileges.")
    verbs = top.add_subparsers(dest="verb", required=True, metavar="VERB")
    verbs.add_parser("venvs", help="make the Python environments of the lab and of the tests, nothing else")
    up = one_folder(verbs, "up", "start a deployment in DIR and fill it")
    up.add_argument("--size", choices=("demo", "test"), default="test")
    one_folder(verbs, "write", "people go on writing in DIR")
    one_folder(verbs, "chatter", "people write in DIR until this is interrupted; says when they have begun")
    one_folder(verbs, "destroy", "stop DIR's servers and destroy their data; what clients hold stays")
    one_folder(verbs, "cluster", "start an empty PostgreSQL cluster in DIR")
    one_folder(verbs, "down", "stop whatever the lab started in DIR")
    one_folder(verbs, "status", "show what runs")
    two_folders(verbs, "revive", "start Synapse and Pantalaimon on what was restored into NEWDIR")
    two_folders(verbs, "prove", "prove with DIR's clients that NEWDIR is the old deployment")
    two_folders(verbs, "map", "print the restore map from DIR to NEWDIR")
    config = one_folder(verbs, "config", "print a Coffer configuration for DIR")
    for option in ("--store", "--state", "--host-key"):
        config.add_argument(option, required=True)
    config.add_argument(
        "--recipient",
        action="append",
        type=named_recipient,
        required=True,
        metavar="NAME=RECIPIENT",
        help="may be repeated; 'officers' is needed, '<compartment>-team' takes over that compartment",
    )
    return top


def one_folder(verbs: argparse._SubParsersAction, name: str, text: str) -> argparse.ArgumentParser:
    """A verb that works on one lab."""
    verb = verbs.add_parser(name, help=text, description=text)
    verb.add_argument("folder", metavar="DIR")
    return verb


def two_folders(verbs: argparse._SubParsersAction, name: str, text: str) -> argparse.ArgumentParser:
    """A verb that works on a lab and on the place where it was restored."""
    verb = one_folder(verbs, name, text)
    verb.add_argument("new_folder", metavar="NEWDIR")
    return verb
