"""Recorded runs: NAME.json holds what was measured, NAME.py.txt the code that measured it, in a normal form.

They come with the package, so that a notebook has them wherever it is opened. The programs in `benchmarks/`
make them (`benchmarks/recorder.py` says how); nobody edits them by hand.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from gan_helpers._files import whole

FOLDER = Path(__file__).resolve().parent
HEAD = ("what", "command", "commit", "date", "machine", "versions", "seeds", "stamp", "content")


def read(name: str, folder: Path = FOLDER) -> dict | None:
    """The record `name`; None if there is none.

    Raises ValueError for a file that is not whole, lacks a part of its head, or was edited by hand.
    """
    path = Path(folder) / f"{name}.json"
    if not path.exists():
        return None
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path} is not whole: {error}. Make it again.") from None
    if missing := [key for key in HEAD if key not in record]:
        raise ValueError(f"{path} is not a record: it lacks {', '.join(missing)}. Make it again.")
    if record["content"] != content(record):
        raise ValueError(f"{path} was edited by hand after it was recorded. Make it again.")
    return record


def content(record: dict) -> str:
    """A digest of all that a record says, but for the digest itself."""
    said = {key: value for key, value in record.items() if key != "content"}
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:12]


def write(path: Path, record: dict) -> None:
    """Write a record, whole or not at all, so that a change can be read: one line for each part of a part."""
    record = json.loads(json.dumps(record))  # tuples become lists, keys become strings
    record["content"] = content(record)
    text = (
        "{\n" + ",\n".join(f" {json.dumps(key)}: {_lines(value)}" for key, value in record.items()) + "\n}\n"
    )
    with whole(path) as file:
        file.write(text.encode())


def _lines(value: object) -> str:
    short = json.dumps(value, ensure_ascii=False)
    if len(short) < 200 or not isinstance(value, list | dict):
        return short
    if isinstance(value, list):
        return "[\n  " + ",\n  ".join(json.dumps(v, ensure_ascii=False) for v in value) + "\n ]"
    inner = (
        f"{json.dumps(k, ensure_ascii=False)}: {json.dumps(v, ensure_ascii=False)}" for k, v in value.items()
    )
    return "{\n  " + ",\n  ".join(inner) + "\n }"
