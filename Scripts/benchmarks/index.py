"""`Scripts/bench index`: how many chunks the host's catalog can know, and how fast it finds them."""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from .trouble import BenchError

CHECKOUT = Path(__file__).resolve().parent.parent.parent
PROGRAM = "benchmark-chunk-table"


def main(words: list[str]) -> int:
    """Measure, and print what came out."""
    parser = argparse.ArgumentParser(prog="bench index", description="Measure the catalog's table of chunks.")
    parser.add_argument("--chunks", type=int, default=10_000_000, help="how many (default: %(default)s)")
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()), metavar="DIR", help="where to work (default: %(default)s)")
    parser.add_argument("--program", type=Path, metavar="FILE", help="the program that measures (default: built here, for release)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the results as JSON")
    arguments = parser.parse_args(words)
    folder = Path(tempfile.mkdtemp(prefix="coffer-bench-index-", dir=arguments.folder))
    try:
        program = arguments.program or built()
        figures: dict[str, float] = {}
        for what in ["table", "rebuild"]:
            result = subprocess.run([program, what, folder, str(arguments.chunks)], capture_output=True, text=True)
            if result.returncode != 0:
                raise BenchError(f"{PROGRAM} failed: {result.stderr.strip()[-300:]}")
            figures |= json.loads(result.stdout)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    for name, figure in figures.items():
        print(f"{name.replace('_', ' '):<20}{figure:>16,}")
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=2) + "\n")
    return 0


def built() -> Path:
    """The release build of the program."""
    command = ["swift", "build", "-c", "release", "--product", PROGRAM]
    subprocess.run(command, cwd=CHECKOUT, stdout=sys.stderr, check=True)
    return CHECKOUT / ".build" / "release" / PROGRAM
