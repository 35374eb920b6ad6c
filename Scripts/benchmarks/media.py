"""Media as people send them: many small files, some large, none that compresses."""

import hashlib
import random
from pathlib import Path

SEED = 20260102
MEDIAN, SPREAD = 60_000, 1.7
PIECE = 1 << 20


def make(folder: Path, files: int, total: int) -> None:
    """Write files with log-normal sizes that add up to about `total`, laid out as Synapse does it."""
    chance = random.Random(SEED)
    sizes = [MEDIAN * chance.lognormvariate(0, SPREAD) for _ in range(files)]
    scale = total / sum(sizes)
    for size in sizes:
        name = f"{chance.getrandbits(96):024x}"
        path = folder / "local_content" / name[:2] / name[2:4] / name[4:]
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            rest = max(1, int(size * scale))
            while rest:
                count = min(rest, PIECE)
                file.write(chance.randbytes(count))
                rest -= count


def digest(folder: Path) -> str:
    """SHA-256 over the names and bytes of all files: equal for equal trees."""
    whole = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        with path.open("rb") as file:
            whole.update(f"{path.relative_to(folder)} {hashlib.file_digest(file, 'sha256').hexdigest()}\n".encode())
    return whole.hexdigest()
