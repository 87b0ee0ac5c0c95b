"""What a notebook needs besides its subject: progress bars and recorded runs."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TypeVar

from tqdm import tqdm

from gan_helpers import records

T = TypeVar("T")


def recorded(name: str, folder: Path = records.FOLDER) -> dict | None:
    """The record `name`, after two lines on its making; None and one line, if there is none.

    Every record has "seeds", how many at most, and "date". Raises ValueError for a file that is not whole, is
    no record, or was edited by hand.
    """
    record = records.read(name, folder)
    if record is None:
        print(f"{name} is not recorded: notebooks go on without it.")
        return None
    changed = " and changes" if record.get("uncommitted") else ""
    print(f"{name}: {record['command']}, commit {record['commit'][:7]}{changed}, {record['date']}")
    facts = [record["machine"], f"torch {record['versions']['torch']}"]
    facts += [f"images: {record['images']}"] if "images" in record else []
    facts += [f"{record['cpu_seconds'] / 60:.0f} CPU-minutes"] if "cpu_seconds" in record else []
    print("   " + ", ".join(facts))
    return record


def progress(items: Iterable[T], desc: str, total: int | None = None) -> Iterator[T]:
    """Iterate with a progress bar that appears after a second and leaves nothing in the saved notebook."""
    return iter(tqdm(items, desc=desc, total=total, file=sys.stdout, leave=False, ncols=80, delay=1.0))
