"""The rows of the benchmark, run in turn by every contender, each time in a new repository."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from . import media
from .cluster import Cluster
from .contenders import Contender, Place
from .measuring import Cost, measure, stored_bytes
from .trouble import BenchError, tell

MEDIA_TENTH = "media, a tenth of the files, first night"
MEDIA_FIRST, MEDIA_AGAIN, MEDIA_BACK = "media, first night", "media, second night, unchanged", "media, restore"
DATABASE_FIRST, DATABASE_AGAIN = "database, first night", "database, second night, 1.4 % changed"
DATABASE_DRILL = "database, drill"
ROWS = (MEDIA_FIRST, MEDIA_AGAIN, MEDIA_BACK, MEDIA_TENTH, DATABASE_FIRST, DATABASE_AGAIN, DATABASE_DRILL)


@dataclass
class Figures:
    """What one contender took for one row, over all runs, and by how much its repository grew."""

    costs: list[Cost] = field(default_factory=list)
    stored: list[int] = field(default_factory=list)


class Runs:
    """Collects figures: row, then contender."""

    def __init__(self, folder: Path, contenders: list[Contender]) -> None:
        self._folder = folder
        self._contenders = contenders
        self.figures: dict[str, dict[str, Figures]] = {row: {} for row in ROWS}
        self.failures: list[str] = []

    def alternate(self, runs: int, what: str, once: Callable[[Contender, Place], None], only: str | None = None) -> None:
        """Let the contenders take turns, another one first each time."""
        contenders = [each for each in self._contenders if only in (None, each.name)]
        for number in range(runs):
            turn = number % len(contenders) if contenders else 0
            for contender in contenders[turn:] + contenders[:turn]:
                tell(f"{what}, run {number + 1} of {runs}: {contender.name}")
                place = Place(self._folder / "place")
                try:
                    contender.prepare(place)
                    once(contender, place)
                except BenchError as error:
                    self.failures.append(f"{contender.name}, {what}: {error}")
                    tell(self.failures[-1])
                finally:
                    shutil.rmtree(place.folder)

    def media(self, contender: Contender, place: Place, files: Path, expected: str) -> None:
        """Two nights of files and their restore, which must give back the same bytes."""
        self._save(MEDIA_FIRST, contender, place, contender.save_files(place, files, 1))
        self._save(MEDIA_AGAIN, contender, place, contender.save_files(place, files, 2))
        target = place.folder / "restored"
        cost = measure(contender.restore_files(place, target), place.environment, place.folder / "log")
        if media.digest(contender.restored(target, files)) != expected:
            raise BenchError("what was restored is not what was saved")
        self._of(MEDIA_BACK, contender).costs.append(cost)

    def tenth(self, contender: Contender, place: Place, files: Path) -> None:
        """A first night of fewer files."""
        self._save(MEDIA_TENTH, contender, place, contender.save_files(place, files, 1))

    def database(self, contender: Contender, place: Place, cluster: Cluster) -> None:
        """Two nights of a database, and a restore that proves the second."""
        self._save(DATABASE_FIRST, contender, place, contender.save_database(place, cluster, 1))
        self._save(DATABASE_AGAIN, contender, place, contender.save_database(place, cluster, 2))
        drill = contender.drill(place, cluster)
        if drill is not None:
            self._of(DATABASE_DRILL, contender).costs.append(measure(drill, place.environment, place.folder / "log"))

    def _save(self, row: str, contender: Contender, place: Place, script: str) -> None:
        before = stored_bytes(place.repository)
        cost = measure(script, place.environment, place.folder / "log")
        figures = self._of(row, contender)
        figures.costs.append(cost)
        figures.stored.append(stored_bytes(place.repository) - before)

    def _of(self, row: str, contender: Contender) -> Figures:
        return self.figures[row].setdefault(contender.name, Figures())
