"""Pantalaimon: the proxy that encrypts for clients that cannot."""

import os
from pathlib import Path

from . import venvs
from .processes import start, wait_until
from .record import Record
from .synapse import answers, write_secret

START_SECONDS = 60


def write_configuration(record: Record) -> None:
    """pantalaimon.conf in a folder of its own, and where the layout has it as a link."""
    layout = record.layout
    layout.pantalaimon_config.mkdir(parents=True)
    layout.pantalaimon_data.mkdir(parents=True, mode=0o700)
    write_secret(layout.pantalaimon_config / "pantalaimon.conf", configuration_text(record))
    link_configuration(record)


def link_configuration(record: Record) -> None:
    """pantalaimon/pantalaimon.conf points into config/; a backup need not bring the link back."""
    link = record.layout.pantalaimon / "pantalaimon.conf"
    if not os.path.lexists(link):
        link.symlink_to("config/pantalaimon.conf")


def configuration_text(record: Record) -> str:
    """The daemon's own format; each section but [Default] is a proxy."""
    return f"""[Default]
LogLevel = Warning
Notifications = Off

[lab]
Homeserver = {record.synapse_url}
ListenAddress = 127.0.0.1
ListenPort = {record.ports["pantalaimon"]}
SSL = False
UseKeyring = False
IgnoreVerification = False
"""


def start_pantalaimon(record: Record) -> None:
    """Start the daemon."""
    layout = record.layout
    command = [
        str(venvs.home("pantalaimon") / "bin" / "pantalaimon"),
        "--config",
        str(layout.pantalaimon_config / "pantalaimon.conf"),
        "--data-path",
        str(layout.pantalaimon_data),
    ]
    record.note("pantalaimon", start(command, layout.logs / "pantalaimon.log", layout.run, environment(layout.run)))


def environment(run: Path) -> dict[str, str]:
    """The daemon makes its default folders and changes to the home folder; keep both inside the lab."""
    places = {"HOME": run, "XDG_CONFIG_HOME": run / "unused", "XDG_DATA_HOME": run / "unused"}
    return venvs.clean_environment() | {name: str(place) for name, place in places.items()}


def wait_for_pantalaimon(record: Record) -> None:
    """Wait until it hands requests on to Synapse."""
    wait_until(
        lambda: answers(f"{record.pantalaimon_url}/_matrix/client/versions"),
        "Pantalaimon answers",
        START_SECONDS,
        record.processes["pantalaimon"],
        record.layout.logs / "pantalaimon.log",
    )
