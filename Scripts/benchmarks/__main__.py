"""Makes the data, lets the contenders run, prints the table."""

import argparse
import functools
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from . import age, cluster, database, goals, index, machine, media, table
from .contenders import all_contenders, dump
from .running import Runs
from .trouble import INTERRUPTED, NOTHING_DONE, PARTLY, BenchError, tell

MB = 1_000_000
ROOM_FACTOR = 5
CHECKOUT = Path(__file__).resolve().parent.parent.parent


def parse() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="bench", description="Measure Coffer against restic, borg and plain pipes, on data made here. `bench age` measures coffer-age, `bench index` the table of chunks."
    )
    parser.add_argument("--scale", type=float, default=1.0, metavar="X", help="how much data, 1 being 10,000 files of 2.6 GB and a dump of 1 GB")
    parser.add_argument("--quick", action="store_true", help="--scale 0.04 --runs 1")
    parser.add_argument("--runs", type=int, help="how often each tool does each row (default: 3; quick: 1)")
    parser.add_argument("--only", choices=["media", "database"], help="measure only these rows")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the results as JSON")
    parser.add_argument("--tools", type=Path, metavar="DIR", help="where coffer-backup and coffer-restore are (default: the release build)")
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()), metavar="DIR", help="where to work (default: %(default)s)")
    arguments = parser.parse_args()
    arguments.runs = arguments.runs or (1 if arguments.quick else 3)
    arguments.scale = 0.04 if arguments.quick else arguments.scale
    return arguments


def main() -> int:
    """Run; the folder and the cluster go away whatever happens."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(INTERRUPTED))
    if sys.argv[1:2] == ["age"]:
        return reporting_trouble(lambda: age.main(sys.argv[2:]))
    if sys.argv[1:2] == ["index"]:
        return reporting_trouble(lambda: index.main(sys.argv[2:]))
    arguments = parse()
    folder = Path(tempfile.mkdtemp(prefix="coffer-bench-", dir=arguments.folder)).resolve()
    folder.chmod(0o711)  # PostgreSQL runs as another user
    try:
        return reporting_trouble(lambda: bench(arguments, folder))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def reporting_trouble(work: Callable[[], int]) -> int:
    """The exit code of some work, or of what went wrong in it."""
    try:
        return work()
    except BenchError as error:
        tell(f"error: {error}")
        return error.status
    except KeyboardInterrupt:
        return INTERRUPTED


def bench(arguments: argparse.Namespace, folder: Path) -> int:
    """All rows, and what came out."""
    scale = arguments.scale
    files, media_bytes, database_bytes = max(10, int(10_000 * scale)), int(2_600 * MB * scale), int(1_000 * MB * scale)
    need_room(folder, ROOM_FACTOR * max(media_bytes, database_bytes))
    tools = coffer_tools(arguments.tools)
    contenders, lacking = all_contenders(tools)
    for line in lacking:
        tell(f"not measured, for something is not installed: {line}")
    if not contenders:
        raise BenchError("nothing can be measured", NOTHING_DONE)
    runs = Runs(folder, contenders)
    if arguments.only != "database":
        measure_media(runs, arguments.runs, folder, files, media_bytes)
    dump_bytes = 0 if arguments.only == "media" else measure_database(runs, arguments.runs, folder, database_bytes)
    about: dict[str, Any] = {
        "machine": machine.describe(folder),
        "versions": coffer_version(tools) | machine.versions() | postgres_version(),
        "settings": {"media_files": files, "media_bytes": media_bytes, "dump_bytes": dump_bytes, "runs": arguments.runs},
        "notes": {each.name: each.note for each in contenders},
        "failures": runs.failures + lacking,
    }
    records = table.summarise(runs.figures)
    if not records:
        raise BenchError("nothing was measured", NOTHING_DONE)
    print_all(about, records)
    if arguments.json:
        table.write_json(arguments.json, about | {"goals": goals.as_json(goals.judge(records))}, records)
    return PARTLY if runs.failures or tools is None else 0


def need_room(folder: Path, bytes_needed: int) -> None:
    """Fail before anything is made, not in the middle."""
    free = shutil.disk_usage(folder).free
    if free < bytes_needed:
        raise BenchError(f"{folder.parent} has {free // MB} MB free, {bytes_needed // MB} MB are needed: name another place with --folder")


def coffer_tools(given: Path | None) -> Path | None:
    """The folder of the release build, built where it is missing."""
    folder = (given or CHECKOUT / ".build" / "release").resolve()
    wanted = ("coffer-backup", "coffer-restore")
    if not given and not all((folder / name).is_file() for name in wanted):
        tell("building the release tools")
        for name in wanted:
            subprocess.run(["swift", "build", "-c", "release", "--product", name], cwd=CHECKOUT, stdout=sys.stderr, check=False)
    if all(os.access(folder / name, os.X_OK) for name in wanted):
        return folder
    tell(f"not measured: coffer, whose tools are not in {folder}")
    return None


def measure_media(runs: Runs, count: int, folder: Path, files: int, size: int) -> None:
    """Rows about files."""
    tell(f"making {size // MB} MB of media in {files} files")
    place = folder / "media"
    media.make(place, files, size)
    expected = media.digest(place)
    runs.alternate(count, "media", functools.partial(runs.media, files=place, expected=expected))
    shutil.rmtree(place)
    media.make(place, files // 10, size // 10)
    runs.alternate(count, "a tenth of the media", functools.partial(runs.tenth, files=place), only=table.OURS)
    shutil.rmtree(place)


def measure_database(runs: Runs, count: int, folder: Path, size: int) -> int:
    """Rows about a database; where there is no server, they are left out. Gives the size of the dump."""
    if cluster.programs() is None:
        runs.failures.append("database: no PostgreSQL server (apt-get install postgresql)")
        tell(runs.failures[-1])
        return 0
    tell(f"making {size // MB} MB of database, and its second night")
    server = cluster.Cluster(folder / "postgres")
    try:
        database.make_two_nights(server, size)
        runs.alternate(count, "database", functools.partial(runs.database, cluster=server))
        return dump_size(server)
    finally:
        server.stop()


def dump_size(server: cluster.Cluster) -> int:
    """The bytes of the first night's dump."""
    counted = subprocess.run(["bash", "-c", f"{dump(server, 1)} | wc -c"], capture_output=True, text=True)
    return int(counted.stdout)


def coffer_version(tools: Path | None) -> dict[str, str]:
    if tools is None:
        return {}
    version = subprocess.run([tools / "coffer-backup", "--version"], capture_output=True, text=True).stdout.strip()
    commit = subprocess.run(["git", "-C", CHECKOUT, "describe", "--always", "--dirty"], capture_output=True, text=True).stdout.strip()
    return {"coffer": f"{version} {commit} {tools.name} build"}


def postgres_version() -> dict[str, str]:
    programs = cluster.programs()
    return {"postgresql": programs.parent.name} if programs else {}


def print_all(about: dict[str, Any], records: list[dict[str, Any]]) -> None:
    """The table, and around it what one must know to read it."""
    print("machine:  " + "; ".join(f"{value}" for value in about["machine"].values()))
    print("versions: " + ", ".join(f"{name} {value}" for name, value in about["versions"].items()))
    settings = about["settings"]
    print(
        f"data:     {settings['media_bytes'] // MB} MB of media in {settings['media_files']} files, {settings['dump_bytes'] // MB} MB "
        f"of dump; medians of {settings['runs']}, files in the page cache\n"
    )
    print(table.show(records))
    print("\n'coffer/it' is Coffer's time, or growth of the store, divided by the other's: below 1 is good for Coffer.")
    for name, note in about["notes"].items():
        print(f"{name}: {note}")
    print(f"\n{goals.show(goals.judge(records))}")
    bad = table.bad_for_us(records)
    print("\nBad for Coffer:" if bad else "\nNo ratio is bad for Coffer.")
    for line in bad:
        print(f"  {line}")
    for line in about["failures"]:
        print(f"  not measured: {line}")


if __name__ == "__main__":
    sys.exit(main())
