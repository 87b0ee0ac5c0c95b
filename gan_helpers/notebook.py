"""What a notebook needs besides its subject: progress bars and recorded runs."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TypeVar

from tqdm import tqdm

T = TypeVar("T")

RESULTS = Path("../benchmarks/results")  # seen from the folder of the notebooks


def recorded(name: str, folder: Path | str = RESULTS) -> dict | None:
    """The record `folder`/`name`.json, after two lines on its making; None and one line, if there is none.

    Notebooks draw the recorded numbers from the record and go on without it, as on Colab, where a notebook
    comes without the repository. Raises ValueError, naming what is missing, for a file that is no record.
    """
    path = Path(folder) / f"{name}.json"
    if not path.exists():
        print(f"The recorded run {name} comes with the repository (benchmarks/results); it is not here.")
        return None
    record = json.loads(path.read_text())
    if missing := {"command", "commit", "date", "machine", "versions"} - set(record):
        raise ValueError(f"{path} is not a record: it lacks {', '.join(sorted(missing))}. Make it again.")
    print(f"{name}: {record['command']}, commit {record['commit'][:7]}, {record['date']}")
    facts = [record["machine"], f"torch {record['versions']['torch']}"]
    facts += [f"images: {record['images']}"] if "images" in record else []
    facts += [f"{record['cpu_seconds'] / 60:.0f} CPU-minutes"] if "cpu_seconds" in record else []
    print("   " + ", ".join(facts))
    return record


def progress(items: Iterable[T], desc: str, total: int | None = None) -> Iterator[T]:
    """Iterate with a progress bar that appears after a second and leaves nothing in the saved notebook."""
    return iter(tqdm(items, desc=desc, total=total, file=sys.stdout, leave=False, ncols=80, delay=1.0))
