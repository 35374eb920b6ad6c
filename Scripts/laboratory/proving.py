"""The verb `prove`: the people come back with their old phones, and everything must be there."""

import asyncio
import shutil
from pathlib import Path

from . import bridges, synapse
from . import oracle as oracles
from . import record as records
from .homeserver import connected
from .layout import BRIDGES, Layout, bridge_database
from .oracle import Oracle
from .people import WRITERS, awake, load_accounts
from .proof_of_clients import ClientProofs
from .proof_of_media import MediaProofs
from .proof_of_pantalaimon import PantalaimonProofs
from .proofs import Proofs
from .record import Record
from .reporting import LabError, say


def prove(folder: Path, new_folder: Path) -> int:
    """One line for each proof; exit code 1 if any failed."""
    old, new = records.load(folder), records.load(new_folder)
    if not new.running("synapse"):
        raise LabError(f"no Synapse runs in {new_folder}; start it with: lab revive {folder} {new_folder}")
    take_phones_along(old.layout, new.layout)
    proofs = Proofs()
    asyncio.run(prove_all(new, proofs))
    say(proofs.summary())
    return 0 if proofs.all_hold else 1


def take_phones_along(old: Layout, new: Layout) -> None:
    """Work on a copy of clients/, so that a second restore can be proven with the same phones."""
    if old.clients != new.clients and not new.clients.exists():
        shutil.copytree(old.clients, new.clients)


async def prove_all(new: Record, proofs: Proofs) -> None:
    """All proofs, in an order that lets the first syncs be seen."""
    oracle, accounts = oracles.load(new.layout), load_accounts(new.layout)
    async with connected(new.synapse_url, new.pantalaimon_url) as (server, proxy):
        async with awake(accounts, WRITERS, server, new.layout) as people:
            clients = ClientProofs(new, server, accounts, people, oracle, proofs)
            files = MediaProofs(server, people, oracle, proofs)
            pantalaimon = PantalaimonProofs(new, proxy, accounts, oracle, proofs)
            restored_files(new, oracle, proofs)
            for name in BRIDGES:
                await proofs.attempt(f"{name}: its database is as it was", bridge_rows(new, name, oracle, proofs))
            await clients.prove()
            await files.prove()
            await pantalaimon.prove()
            quiet_log(new, proofs)
    oracle.save(new.layout)


def restored_files(new: Record, oracle: Oracle, proofs: Proofs) -> None:
    """What `revive` saw before it changed the configuration."""
    changes = new.findings.get("config")
    proofs.check(
        changes == [] and bool(oracle.files),
        f"all {len(oracle.files)} files of configuration came back byte for byte, modes too",
        "not looked at" if changes is None else "; ".join(changes),
    )


async def bridge_rows(new: Record, name: str, oracle: Oracle, proofs: Proofs) -> None:
    """A bridge's database row for row, and owned by its role."""
    before, after = oracle.bridges[name], bridges.digests(new, name)
    different = sorted(table for table in before.keys() | after.keys() if before.get(table) != after.get(table))
    rows = sum(table["rows"] for table in after.values())
    proofs.check(
        bool(before) and not different, f"{name}: {rows} rows in {len(after)} tables are as they were", f"different: {', '.join(different)}"
    )
    owners = bridges.owners(new, name)
    proofs.check(
        owners == {bridge_database(name)},
        f"{name}: database and tables belong to {bridge_database(name)}",
        f"owned by {', '.join(sorted(owners))}",
    )


def quiet_log(new: Record, proofs: Proofs) -> None:
    """Synapse did not refuse its database and made no new key."""
    refusals = synapse.logged_refusals(new.layout)
    proofs.check(not refusals, "Synapse's log has no IncorrectDatabaseSetup and no new signing key", ", ".join(refusals))
