"""What coffer-age has promised, and whether the figures keep it."""

import json
import re
import subprocess
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

from . import machine
from .measuring import Cost

Costs = dict[str, dict[str, list[Cost]]]

OURS, THEIRS = "coffer-age", "age"
ENCRYPT, DECRYPT, ENCRYPT_PIPES, DECRYPT_PIPES, SMALL = "encrypt", "decrypt", "encrypt, pipes", "decrypt, pipes", "1 KiB file"
TIMES = {ENCRYPT: 2.2, DECRYPT: 3.0, ENCRYPT_PIPES: 2.0, DECRYPT_PIPES: 2.0}
SMALL_MS, PEAK_MIB, SIZE_MB = 15, 48, 25
# The C and C++ runtime and its loader, libsodium and libcrypto.
ALLOWED = r"(libc|libm|libstdc\+\+|libgcc_s|libpthread|libdl|librt|ld-linux-x86-64|libsodium|libcrypto)\.so\b.*"


@dataclass(frozen=True)
class Goal:
    """One promise: what was found, what it ought to be, and whether it is."""

    what: str
    found: str
    wanted: str
    held: bool


def judge(costs: Costs, tool: Path) -> list[Goal]:
    """Every promise that can be judged."""
    goals = [faster(row, costs[row], wanted) for row, wanted in TIMES.items()]
    peak = max(cost.peak_mib for row in TIMES for cost in costs[row][OURS])
    goals.append(Goal("peak memory", f"{peak:.0f} MiB", f"< {PEAK_MIB} MiB", peak < PEAK_MIB))
    small = 1_000 * seconds(costs[SMALL][OURS])
    goals.append(Goal(SMALL, f"{small:.1f} ms", f"< {SMALL_MS} ms", small < SMALL_MS))
    size = tool.stat().st_size / 1e6
    goals.append(Goal("stripped program", f"{size:.1f} MB", f"< {SIZE_MB} MB", size < SIZE_MB))
    if machine.is_there("readelf"):
        linked = libraries(tool)
        only = all(re.fullmatch(ALLOWED, name) for name in linked)
        goals.append(Goal("linked to", " ".join(linked), "the runtime, libsodium, libcrypto", only))
    return goals


def faster(row: str, tools: dict[str, list[Cost]], wanted: float) -> Goal:
    """How many times as fast as age."""
    times = seconds(tools[THEIRS]) / seconds(tools[OURS])
    return Goal(f"{row}, times as fast", f"{times:.2f}", f">= {wanted}", times >= wanted)


def seconds(costs: list[Cost]) -> float:
    return median(cost.seconds for cost in costs)


def libraries(tool: Path) -> list[str]:
    """What a program is linked to."""
    said = subprocess.run(["readelf", "-d", tool], capture_output=True, text=True, check=True).stdout
    return re.findall(r"\(NEEDED\).*\[(.*)\]", said)


def show(about: dict[str, Any], costs: Costs, goals: list[Goal]) -> None:
    """Figures, then promises."""
    print("machine:  " + "; ".join(about["machine"].values()))
    print("versions: " + ", ".join(f"{name} {value}" for name, value in about["versions"].items()))
    settings = about["settings"]
    print(
        f"data:     {settings['bytes'] >> 20} MiB in the page cache; medians of {settings['runs']} alternating runs, "
        f"of the small file {20 * settings['runs']}\n"
    )
    print(f"{'':<16}{'tool':<12}{'median ms':>11}{'spread ms':>18}{'cpu ms':>10}{'peak MiB':>10}")
    for row, tools in costs.items():
        for tool, found in tools.items():
            spread = f"{1_000 * min(cost.seconds for cost in found):.1f}-{1_000 * max(cost.seconds for cost in found):.1f}"
            cpu = 1_000 * median(cost.cpu_seconds for cost in found)
            peak = f"{max(cost.peak_mib for cost in found):.0f}" if row != SMALL else ""
            print(f"{row:<16}{tool:<12}{1_000 * seconds(found):>11.1f}{spread:>18}{cpu:>10.1f}{peak:>10}")
    print(f"\n{'goal':<32}{'wanted':<36}{'':<8}found")
    for goal in goals:
        print(f"{goal.what:<32}{goal.wanted:<36}{'held' if goal.held else 'missed':<8}{goal.found}")


def write_json(path: Path, about: dict[str, Any], costs: Costs, goals: list[Goal]) -> None:
    """All of it, for programs."""
    results = [
        {"row": row, "tool": tool, "seconds": seconds(found), "runs": [asdict(cost) for cost in found]}
        for row, tools in costs.items()
        for tool, found in tools.items()
    ]
    path.write_text(json.dumps(about | {"results": results, "goals": [asdict(goal) for goal in goals]}, indent=2) + "\n")
