"""The results: a table for people, JSON for programs, and what is not good for us in words."""

import json
from pathlib import Path
from statistics import median
from typing import Any

from .running import Figures

OURS = "coffer"


def summarise(figures: dict[str, dict[str, Figures]]) -> list[dict[str, Any]]:
    """One record a row and tool. `coffer_to_it` below 1 is good for Coffer."""
    records = []
    for row, tools in figures.items():
        for tool, found in tools.items():
            if not found.costs:
                continue
            seconds = [cost.seconds for cost in found.costs]
            record: dict[str, Any] = {"row": row, "tool": tool, "seconds": median(seconds), "all_seconds": seconds}
            record["cpu_seconds"] = median(cost.cpu_seconds for cost in found.costs)
            record["peak_mib"] = max(cost.peak_mib for cost in found.costs)
            record["stored_bytes"] = median(found.stored) if found.stored else None
            ours = tools.get(OURS)
            if ours and ours.costs and tool != OURS:
                record["coffer_to_it"] = median(cost.seconds for cost in ours.costs) / record["seconds"]
                if found.stored and ours.stored and record["stored_bytes"]:
                    record["coffer_to_it_stored"] = median(ours.stored) / record["stored_bytes"]
            records.append(record)
    return records


def show(records: list[dict[str, Any]]) -> str:
    """The table."""
    lines = [f"{'':<14}{'median s':>9}{'spread s':>16}{'coffer/it':>11}{'stored MB':>11}{'coffer/it':>11}{'cpu s':>8}{'peak MiB':>10}"]
    row = ""
    for record in records:
        if record["row"] != row:
            row = record["row"]
            lines += ["", row]
        spread = f"{min(record['all_seconds']):.2f}-{max(record['all_seconds']):.2f}"
        stored = "" if record["stored_bytes"] is None else f"{record['stored_bytes'] / 1e6:.3f}"
        lines.append(
            f"  {record['tool']:<12}{record['seconds']:>9.2f}{spread:>16}{ratio(record, 'coffer_to_it'):>11}{stored:>11}"
            f"{ratio(record, 'coffer_to_it_stored'):>11}{record['cpu_seconds']:>8.2f}{record['peak_mib']:>10.0f}"
        )
    return "\n".join(lines)


def ratio(record: dict[str, Any], key: str) -> str:
    """A ratio with three digits, for those that matter are often small."""
    value = record.get(key)
    return "" if value is None else f"{value:.3g}"


def bad_for_us(records: list[dict[str, Any]]) -> list[str]:
    """Every ratio above 1, the worst first."""
    found = []
    for record in records:
        for key, what in (("coffer_to_it", "takes"), ("coffer_to_it_stored", "stores")):
            value = record.get(key, 0)
            if value > 1:
                found.append((value, f"{record['row']}: coffer {what} {value:.2f} times what {record['tool']} {what}"))
    return [text for _, text in sorted(found, reverse=True)]


def write_json(path: Path, about: dict[str, Any], records: list[dict[str, Any]]) -> None:
    """All of it, for programs."""
    path.write_text(json.dumps(about | {"results": records, "bad_for_coffer": bad_for_us(records)}, indent=2) + "\n")
