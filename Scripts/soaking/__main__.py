"""`Scripts/soak`: see --help."""

import argparse
import random
import shutil
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.cluster import Cluster, programs

from . import full_disk
from .host import Broken, Host


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="soak", description="Kills real runs at random moments, fills a real disk, and restores all of it in the end. Exit 0: everything holds."
    )
    parser.add_argument("--kills", type=int, default=500, metavar="N", help="runs to kill (500)")
    parser.add_argument("--seed", type=int, help="repeats what chance did, as far as the machine's timing allows")
    parser.add_argument("--minutes", type=float, metavar="M", help="stop killing after so long")
    parser.add_argument("--every", type=int, default=10, metavar="N", help="verify after so many kills (10)")
    parser.add_argument("--full", type=int, default=20, metavar="N", help="nights on a full disk (20)")
    parser.add_argument("--debug", action="store_true", help="take the debug build, not the release")
    parser.add_argument("--folder", type=Path, help="where to work; a temporary folder otherwise")
    return parser.parse_args()


def killing(host: Host, chance: random.Random, options: argparse.Namespace) -> tuple[int, int]:
    """Kills runs; gives how many, and how many nights were left alone."""
    clock = time.monotonic()
    host.backup("run").expect(0)
    longest = time.monotonic() - clock
    end = time.monotonic() + options.minutes * 60 if options.minutes else None
    kills = nights = 0
    while kills < options.kills and (end is None or time.monotonic() < end):
        host.change()
        for _ in range(chance.randint(1, 4)):
            said = host.backup("run", killed_after=chance.uniform(0, longest * 1.05)).expect(-9, 0)
            kills += said.status == -9
            if said.status == -9 and kills % options.every == 0:
                host.verify()
        clock = time.monotonic()
        host.backup("run").expect(0)
        longest = time.monotonic() - clock
        nights += 1
        if nights % 20 == 0:
            print(f"soak: {kills} kills, {nights} nights", flush=True)
    host.verify()
    orphans = host.orphans()
    print(f"soak: {kills} kills, {nights + 1} nights, {len(host.ledger('json'))} snapshots, {orphans} packs without use")
    if orphans > kills:
        raise Broken(f"{kills} kills left {orphans} packs that nobody needs")
    return kills, nights


def main() -> int:
    options = arguments()
    tools = Path(__file__).parent.parent.parent / ".build" / ("debug" if options.debug else "release")
    if not (tools / "coffer-backup").exists():
        print(f"soak: error: no coffer-backup in {tools}: swift build{'' if options.debug else ' -c release'}", file=sys.stderr)
        return 20
    if options.folder and not options.folder.is_dir():
        print(f"soak: error: there is no folder {options.folder}: make it first", file=sys.stderr)
        return 2
    seed = options.seed if options.seed is not None else random.randrange(1 << 32)
    print(f"soak: seed {seed}", flush=True)
    chance = random.Random(seed)
    folder = Path(tempfile.mkdtemp(prefix="coffer-soak-", dir=options.folder))
    # The database's account has to reach its folder.
    folder.chmod(0o755)
    cluster = None
    try:
        if programs() is None:
            print("soak: no PostgreSQL server here: files and SQLite only")
        else:
            cluster = Cluster(folder / "cluster")
        host = Host(folder / "host", tools, chance, cluster)
        kills, _ = killing(host, chance, options)
        host.restore_and_compare()
        print(f"soak: after {kills} kills everything is restored as it was")
        why = full_disk.obstacle()
        if why:
            print(f"soak: full disk skipped: {why}")
        else:
            refused = full_disk.soak(folder / "full", tools, chance, options.full)
            print(f"soak: {options.full} nights on a full disk, {refused} of them refused, all restored")
    except Broken as problem:
        print(f"soak: error: seed {seed}: {problem}", file=sys.stderr)
        return 1
    finally:
        if cluster:
            cluster.stop()
        shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
