"""`Scripts/bench age`: coffer-age beside Debian's age, on one file in the page cache; what each figure ought to be stands beside it."""

import argparse
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from . import age_goals, machine
from .age_goals import DECRYPT, DECRYPT_PIPES, ENCRYPT, ENCRYPT_PIPES, OURS, SMALL, THEIRS
from .measuring import Cost, measure
from .trouble import NOTHING_DONE, BenchError, tell

MIB = 1 << 20
CHECKOUT = Path(__file__).resolve().parent.parent.parent
SMALL_BYTES = 1024


def parse(words: list[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="bench age", description="Measure coffer-age against Debian's age.")
    parser.add_argument("--quick", action="store_true", help="128 MiB instead of 1 GiB, and three runs instead of seven")
    parser.add_argument("--runs", type=int, help="how often each tool does each row")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the results as JSON")
    parser.add_argument("--tools", type=Path, metavar="DIR", help="where coffer-age is (default: the release build)")
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()), metavar="DIR", help="where to work (default: %(default)s)")
    arguments = parser.parse_args(words)
    arguments.runs = arguments.runs or (3 if arguments.quick else 7)
    return arguments


def main(words: list[str]) -> int:
    """Measure, and print what came out; BenchError says why nothing did."""
    arguments = parse(words)
    missing = machine.missing(["age", "age-keygen", "time"])
    if missing:
        raise BenchError(f"nothing can be measured without {', '.join(missing)}", NOTHING_DONE)
    folder = Path(tempfile.mkdtemp(prefix="coffer-bench-age-", dir=arguments.folder)).resolve()
    try:
        return bench(arguments, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def bench(arguments: argparse.Namespace, folder: Path) -> int:
    """All rows, and the goals."""
    size = (128 if arguments.quick else 1024) * MIB
    if shutil.disk_usage(folder).free < 3 * size:
        raise BenchError(f"{folder.parent} has too little room for twice {size // MIB} MiB: name another place with --folder")
    tool = stripped(release_tool(arguments.tools), folder)
    contest = Contest(folder, {OURS: str(tool), THEIRS: "age"}, size)
    contest.run(arguments.runs)
    goals = age_goals.judge(contest.costs, tool)
    about = {
        "machine": machine.describe(folder),
        "versions": {"coffer": output([tool, "--version"]), "age": machine.versions()["age"]},
        "settings": {"bytes": size, "runs": arguments.runs},
    }
    age_goals.show(about, contest.costs, goals)
    if arguments.json:
        age_goals.write_json(arguments.json, about, contest.costs, goals)
    return 0


def release_tool(given: Path | None) -> Path:
    """coffer-age of the release build, built where it is missing."""
    tool = (given or CHECKOUT / ".build" / "release").resolve() / "coffer-age"
    if not given and not tool.is_file():
        tell("building the release of coffer-age")
        subprocess.run(["swift", "build", "-c", "release", "--product", "coffer-age"], cwd=CHECKOUT, stdout=sys.stderr, check=False)
    if not os.access(tool, os.X_OK):
        raise BenchError(f"nothing to measure: there is no {tool}", NOTHING_DONE)
    return tool


def stripped(tool: Path, folder: Path) -> Path:
    """A copy as it would be shipped; where there is no `strip`, as it is."""
    copy = folder / tool.name
    shutil.copy2(tool, copy)
    if machine.is_there("strip"):
        subprocess.run(["strip", copy], check=True)
    else:
        tell("not stripped, for there is no strip (apt-get install binutils)")
    return copy


def output(command: list[str | Path]) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


class Contest:
    """One file and one key, and every tool at each row in turn."""

    def __init__(self, folder: Path, tools: dict[str, str], size: int) -> None:
        self._folder, self._tools = folder, tools
        self._environment = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL") if name in os.environ}
        self.costs: dict[str, dict[str, list[Cost]]] = {}
        tell(f"making {size // MIB} MiB")
        fill(folder / "in", size)
        fill(folder / "small", SMALL_BYTES)
        output(["age-keygen", "-o", folder / "identity"])
        self._recipient = output(["age-keygen", "-y", folder / "identity"])
        self._bash(f"age -r {self._recipient} in > sealed")
        for name, tool in tools.items():
            tell(f"{name} gives back what was sealed, before it is measured")
            self._bash(f"{shlex.quote(tool)} -d -i identity sealed | cmp - in")

    def run(self, runs: int) -> None:
        """Let the tools take turns, another one first each time."""
        for row, script in self._scripts().items():
            tell(f"{row}, {runs} runs each")
            for number in range(runs):
                for name in self._turn(number):
                    self._add(row, name, self._with_peak(script, self._tools[name]))
        tell(SMALL)
        for number in range(20 * runs):
            for name in self._turn(number):
                self._add(SMALL, name, self._alone([self._tools[name], "-r", self._recipient, "small"]))

    def _scripts(self) -> dict[str, str]:
        encrypt, decrypt = f"TOOL -r {self._recipient}", "TOOL -d -i identity"
        return {
            ENCRYPT: f"{encrypt} in > /dev/null",
            DECRYPT: f"{decrypt} sealed > /dev/null",
            ENCRYPT_PIPES: f"cat in | {encrypt} | cat > /dev/null",
            DECRYPT_PIPES: f"cat sealed | {decrypt} | cat > /dev/null",
        }

    def _turn(self, number: int) -> list[str]:
        names = list(self._tools)
        return names if number % 2 == 0 else names[::-1]

    def _add(self, row: str, name: str, cost: Cost) -> None:
        self.costs.setdefault(row, {}).setdefault(name, []).append(cost)

    def _bash(self, script: str) -> Cost:
        return measure(script, self._environment, self._folder / "log", self._folder)

    def _with_peak(self, script: str, tool: str) -> Cost:
        """Run a row; the memory is that of the tool alone, for what Python starts is charged with Python's."""
        cost = self._bash(script.replace("TOOL", f"command time -f %M -o peak {shlex.quote(tool)}"))
        return replace(cost, peak_mib=int((self._folder / "peak").read_text()) / 1024)

    def _alone(self, command: list[str]) -> Cost:
        """Without a shell, which takes as long as what is measured."""
        start = time.perf_counter()
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=self._environment, cwd=self._folder
        )
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            raise BenchError(f"exit {process.returncode} of {' '.join(command)}")
        return Cost(seconds, usage.ru_utime + usage.ru_stime, 0)


def fill(path: Path, size: int) -> None:
    """Random bytes, which are then in the page cache."""
    with path.open("wb") as file:
        for _ in range(0, size, MIB):
            file.write(os.urandom(min(MIB, size)))
