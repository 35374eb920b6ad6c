"""What a night ought to cost, and whether the figures say so."""

from dataclasses import asdict, dataclass
from typing import Any

from .running import DATABASE_AGAIN, DATABASE_DRILL, DATABASE_FIRST, MEDIA_AGAIN, MEDIA_BACK, MEDIA_FIRST, MEDIA_TENTH
from .table import OURS

PLAIN, RESTIC = "plain pipe", "restic"
PEAK_MIB = 300
# Row, whom it is compared with, what is compared, and the greatest ratio that is good enough.
RATIOS = (
    (MEDIA_FIRST, RESTIC, "seconds", 1 / 3),
    (MEDIA_FIRST, PLAIN, "seconds", 1),
    (MEDIA_AGAIN, RESTIC, "seconds", 1 / 6),
    (DATABASE_FIRST, PLAIN, "seconds", 1),
    (DATABASE_FIRST, PLAIN, "stored_bytes", 1.05),
    (DATABASE_AGAIN, RESTIC, "seconds", 1 / 2.5),
    (DATABASE_AGAIN, RESTIC, "stored_bytes", 1 / 10),
    (MEDIA_BACK, RESTIC, "seconds", 1 / 2.5),
    (MEDIA_BACK, PLAIN, "seconds", 1),
    (DATABASE_DRILL, PLAIN, "seconds", 1.3),
)


@dataclass(frozen=True)
class Goal:
    """One promise: what was found, what it ought to be at most, and whether it is."""

    what: str
    found: float
    wanted: float
    held: bool


def judge(records: list[dict[str, Any]]) -> list[Goal]:
    """Every promise that the records can tell of."""
    found = {(record["row"], record["tool"]): record for record in records}
    goals = []
    for row, other, key, wanted in RATIOS:
        ours, theirs = found.get((row, OURS)), found.get((row, other))
        if ours and theirs and ours.get(key) is not None and theirs.get(key):
            what = "time" if key == "seconds" else "stored"
            goals.append(goal(f"{row}: {what}, of {other}'s", ours[key] / theirs[key], wanted))
    large, small = found.get((MEDIA_FIRST, OURS)), found.get((MEDIA_TENTH, OURS))
    if large and small:
        goals.append(goal("ten times the files: times the time", large["seconds"] / small["seconds"], 11))
        goals.append(goal("ten times the files: times the memory", large["peak_mib"] / small["peak_mib"], 1.2))
    peaks = [record["peak_mib"] for record in records if record["tool"] == OURS]
    if peaks:
        goals.append(goal("peak memory of any row, MiB", max(peaks), PEAK_MIB))
    return goals


def goal(what: str, found: float, wanted: float) -> Goal:
    return Goal(what, found, wanted, found <= wanted)


def show(goals: list[Goal]) -> str:
    """The goals as a table."""
    lines = [f"{'goal':<62}{'at most':>9}{'found':>9}"]
    for each in goals:
        lines.append(f"{each.what:<62}{each.wanted:>9.3g}{each.found:>9.3g}  {'held' if each.held else 'NOT HELD'}")
    return "\n".join(lines)


def as_json(goals: list[Goal]) -> list[dict[str, Any]]:
    return [asdict(each) for each in goals]
