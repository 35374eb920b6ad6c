"""Where things lie in a lab's folder."""

from dataclasses import dataclass
from pathlib import Path

SERVER_NAME = "comms.example"
BRIDGES = ("signal", "whatsapp", "slack", "discord")
SERVER_DATA = ("pg", "synapse", "bridges", "pantalaimon")


@dataclass(frozen=True)
class Layout:
    """The paths under one lab's folder."""

    root: Path

    @property
    def cluster(self) -> Path:
        return self.root / "pg"

    @property
    def run(self) -> Path:
        return self.root / "run"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def synapse_config(self) -> Path:
        return self.root / "synapse" / "config"

    @property
    def homeserver(self) -> Path:
        return self.synapse_config / "homeserver.yaml"

    @property
    def signing_key(self) -> Path:
        return self.synapse_config / f"{SERVER_NAME}.signing.key"

    @property
    def log_config(self) -> Path:
        return self.synapse_config / "log.config.yaml"

    @property
    def media(self) -> Path:
        return self.root / "synapse" / "media"

    def bridge(self, name: str) -> Path:
        return self.root / "bridges" / name

    @property
    def pantalaimon(self) -> Path:
        return self.root / "pantalaimon"

    @property
    def pantalaimon_config(self) -> Path:
        """The folder of pantalaimon.conf alone, so that it can be backed up without the database beside it."""
        return self.pantalaimon / "config"

    @property
    def pantalaimon_data(self) -> Path:
        return self.pantalaimon / "data"

    @property
    def clients(self) -> Path:
        return self.root / "clients"

    @property
    def accounts(self) -> Path:
        return self.clients / "accounts.json"

    @property
    def oracle(self) -> Path:
        return self.clients / "oracle.json"

    @property
    def record(self) -> Path:
        return self.root / "lab.json"

    def config_files(self) -> list[Path]:
        """Every file of configuration, secrets included, that a backup must bring back byte for byte."""
        folders = [self.synapse_config, *(self.bridge(name) for name in BRIDGES), self.pantalaimon_config]
        return sorted(path for folder in folders if folder.is_dir() for path in folder.rglob("*") if path.is_file())


def bridge_database(name: str) -> str:
    """The name of a bridge's database, which is also its role's."""
    return f"mautrix_{name}"
