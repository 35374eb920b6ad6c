"""From a store to a folder: ledger, objects, compartments, sources."""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import sys
from pathlib import Path
from typing import Any

from . import command_line, programs
from .chunks import ChunkTable
from .content import ContentReader
from .ledger import NAME, SAVED, Entry, Ledger, choose_host, choose_snapshot, read_ledger, read_store
from .objects import Objects
from .packs import PackShelf
from .programs import Identity, Sealed
from .rewraps import read_rewraps
from .sources import SourceRescue, restore_into
from .trouble import DONE, FAILED, INTERRUPTED, MISMATCH, NO_IDENTITY, NOTHING_DONE, PARTLY, REFUSED
from .trouble import UNTRUSTED, USAGE, Damage, RescueError, report, say, warn

SCRATCH = ".rescue-scratch"


def main() -> int:
    """Run, and turn what came of it into an exit code."""
    os.umask(0o077)
    try:
        arguments = command_line.parse(sys.argv[1:])
        programs.require_programs()
        if arguments.trust or arguments.officer:
            programs.require_minisign()
        read_store(arguments.store)
        identity = Identity(arguments.identity)
        allow_many_open_files()
        is_new = make_target(arguments.folder)
        scratch = arguments.folder / SCRATCH
        scratch.mkdir(mode=0o700)
        try:
            return Rescue(arguments, identity, scratch).run()
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
            if is_new and not any(arguments.folder.iterdir()):
                arguments.folder.rmdir()
    except RescueError as error:
        return report(error)
    except KeyboardInterrupt:
        return INTERRUPTED
    except OSError as error:
        return report(RescueError(FAILED, str(error)))


def allow_many_open_files() -> None:
    """Every folder on the way down is held open."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def make_target(folder: Path) -> bool:
    """Make the folder, or make sure that it is empty; whether it was made."""
    try:
        folder.mkdir(mode=0o700)
        return True
    except FileExistsError:
        if not folder.is_dir() or any(folder.iterdir()):
            raise RescueError(REFUSED, f"{folder} is not an empty folder", "nothing is ever overwritten: name a new folder") from None
        return False
    except FileNotFoundError:
        raise RescueError(USAGE, f"{folder.parent} is not there, so {folder.name} cannot be made in it") from None


class Rescue:
    """One rescue, from the ledger to the last source."""

    def __init__(self, arguments: argparse.Namespace, identity: Identity, scratch: Path) -> None:
        self.arguments = arguments
        self.identity = identity
        self.scratch = scratch
        self.damage: list[str] = []
        self.sealed: list[str] = []
        self.restored: list[str] = []
        self.is_partial = False

    def run(self) -> int:
        ledger, entry = self.choose()
        rewraps = read_rewraps(self.arguments.store, (ledger.store, ledger.host), self.arguments.officer, self.scratch)
        objects = Objects(self.arguments.store, ledger.needed(entry), rewraps, self.arguments.without_trusted_officer)
        say(f"snapshot {entry.snapshot} of {entry.facts['hostname']}; checking {len(objects.needed)} objects")
        objects.check_all()
        self.damage += [f"{name} {flaw}" for name, flaw in objects.damaged.items()]
        self.name_unvouched(objects)
        wanted = self.wanted_sources(ledger, entry)
        dumps = []
        for compartment in sorted(set(wanted.values())):
            dumps += self.rescue_compartment(compartment, entry, objects, wanted)
        if len(self.sealed) == len(set(wanted.values())):
            self.name_damage()
            raise RescueError(
                NO_IDENTITY,
                f"the identity opens none of the compartments {', '.join(self.sealed)}",
                f"of {len(objects.needed)} objects, {len(self.damage)} are not as the ledger says",
            )
        os.sync()
        if self.arguments.into:
            for source, path in dumps:
                self.is_partial |= not restore_into(self.arguments.into, source, path)
        return self.summary(ledger)

    def choose(self) -> tuple[Ledger, Entry]:
        """The ledger, checked, and the snapshot."""
        trusted = self.arguments.trust
        host = choose_host(self.arguments.store, trusted, self.arguments.host)
        ledger = read_ledger(self.arguments.store, host, trusted, self.scratch)
        if not ledger.is_verified:
            warn("SIGNATURES WERE NOT CHECKED: anyone could have written this store. --trust HOST.pub checks them.")
        head = self.arguments.expect_head
        if head and all(entry.sha256 != head for entry in ledger.entries):
            raise RescueError(UNTRUSTED, f"the ledger does not contain {head}: it was rolled back, or is of another host")
        return ledger, choose_snapshot(ledger, self.arguments.snapshot)

    def wanted_sources(self, ledger: Ledger, entry: Entry) -> dict[str, str]:
        """The sources to restore, with their compartments; those the snapshot lacks are named."""
        held = entry.sources(*SAVED)
        asked = set(self.arguments.source)
        for name in sorted((asked or set(entry.sources("failed", "skipped"))) - set(held)):
            older = [each.snapshot for each in ledger.entries if name in each.sources(*SAVED)]
            where = f"the newest snapshot that does is {older[-1]}" if older else "no snapshot does"
            warn(f"the snapshot does not hold '{name}'; {where}")
            self.is_partial = True
        for name in sorted(entry.sources("partly")):
            warn(f"'{name}' was saved only in part: some of its files could not be read on the host")
        wanted = {name: compartment for name, compartment in held.items() if not asked or name in asked}
        if not wanted:
            raise RescueError(NOTHING_DONE, "the snapshot holds none of the sources asked for", f"it holds {', '.join(held)}")
        return wanted

    def rescue_compartment(
        self, compartment: str, entry: Entry, objects: Objects, wanted: dict[str, str]
    ) -> list[tuple[dict[str, Any], Path]]:
        """Open a compartment and restore its sources; what is wrong with it is collected."""
        scratch = self.scratch / compartment
        scratch.mkdir()
        try:
            manifest = self.read_manifest(compartment, entry, objects)
            table = self.read_indexes(compartment, objects, scratch / "chunks.sqlite")
        except Sealed:
            self.sealed.append(compartment)
            return []
        except Damage as damage:
            self.damage.append(f"compartment {compartment}: {damage}")
            return []
        shelf = PackShelf(objects, self.identity, scratch, self.arguments.scratch_mib << 20)
        reader = ContentReader(table, shelf, bytes.fromhex(manifest["chunkIDKey"]))
        rescue = SourceRescue(self.arguments.folder, reader)
        present = {source["name"]: source for source in manifest["sources"]}
        for name in sorted(name for name, home in wanted.items() if home == compartment):
            if name not in present:
                self.damage.append(f"{name}: the ledger says that it was saved, the manifest does not hold it")
                continue
            before = len(rescue.damage)
            rescue.restore(present[name])
            if len(rescue.damage) == before:
                self.restored.append(name)
        self.damage += rescue.damage
        table.close()
        shutil.rmtree(scratch)
        return rescue.dumps

    def read_manifest(self, compartment: str, entry: Entry, objects: Objects) -> dict[str, Any]:
        """A compartment's manifest, which must be of this very snapshot."""
        name = f"manifests/{entry.snapshot}.{compartment}.age"
        if not objects.is_good(name):
            raise Damage(f"its manifest {objects.flaw(name) or 'is not in the ledger'}")
        path = self.scratch / "manifest"
        with path.open("w+b") as file:
            self.identity.decrypt(objects.path(name), file)
            file.seek(0)
            try:
                manifest = json.load(file)
                place = (manifest["format"], manifest["store"], manifest["host"], manifest["snapshot"], manifest["compartment"])
                is_ours = place == (1, entry.facts["store"], entry.facts["host"], entry.snapshot, compartment)
                is_sound = len(bytes.fromhex(manifest["chunkIDKey"])) == 32 and all(
                    NAME.fullmatch(source["name"]) for source in manifest["sources"]
                )
            except (ValueError, KeyError, TypeError):
                raise Damage(f"{name} is no manifest") from None
        path.unlink()
        if not is_ours or not is_sound:
            raise Damage(f"{name} is no manifest of this snapshot")
        return dict(manifest)

    def read_indexes(self, compartment: str, objects: Objects, path: Path) -> ChunkTable:
        """All indexes of a compartment; a damaged one is passed over, for its chunks may not be needed."""
        table = ChunkTable(path)
        plaintext = self.scratch / "index"
        for name in objects.indexes(compartment):
            if not objects.is_good(name):
                continue
            with plaintext.open("w+b") as file:
                self.identity.decrypt(objects.path(name), file)
                file.seek(0)
                table.add(file, objects)
            plaintext.unlink()
        return table

    def name_unvouched(self, objects: Objects) -> None:
        """Everything that was rewrapped by somebody whose key was not given."""
        for name, why in objects.unvouched.items():
            warn(f"{name} {why}")
        if objects.unvouched:
            self.is_partial = True
            used = self.arguments.without_trusted_officer
            warn(
                f"{len(objects.unvouched)} objects were rewrapped, and NOBODY VOUCHES FOR THEM: "
                + ("anyone could have written them. " if used else "they are not used; --without-trusted-officer uses them. ")
                + "--officer record.pub takes an officer's word."
            )

    def name_damage(self) -> None:
        """Everything that was checked and does not match."""
        for line in self.damage:
            print(f"rescue: damaged: {line}", file=sys.stderr)

    def summary(self, ledger: Ledger) -> int:
        """Say what was done, and what was not."""
        for compartment in self.sealed:
            warn(f"compartment '{compartment}' is sealed to this identity: its objects were checked by hash alone")
        self.name_damage()
        signed = "signatures checked" if ledger.is_verified else "SIGNATURES NOT CHECKED"
        say(f"{len(self.restored)} sources restored and checked, {len(self.damage)} problems, {signed}")
        if self.damage:
            return MISMATCH
        return PARTLY if self.is_partial else DONE


if __name__ == "__main__":
    sys.exit(main())
