"""The frame of every recorder, and what may be done with a record.

    python benchmarks/nb04_laboratory_maps.py --seeds 16 --minutes 30    make a record, or go on with it
    python benchmarks/recorder.py                                        how every record stands
    python benchmarks/recorder.py accept nb04_laboratory_maps --reason "renamed a variable"

A recorder has `jobs(record, options, notebook)`: a generator that measures, puts what it found into the
record and yields a line that says so; it passes over what the record holds already. After each line the
record is written, whole. `CELLS` names a notebook and the tags of its cells that are executed, in order,
after its set-up cell.

The stamp of a record is the digest of `jobs`, of those cells, and of all that both use (`gan_helpers.stamp`).
A record of another state of the code is not continued, and is red in the tests; `accept` is for changes of
the code that cannot change a number.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import datetime
import difflib
import io
import json
import math
import os
import platform
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace

from gan_helpers import records, stamp
from gan_helpers._files import whole

ROOT = Path(__file__).resolve().parent.parent
RECORDS = records.FOLDER


# --- the cells of a notebook ---


def cells(notebook: str, *tags: str, root: Path = ROOT) -> list[str]:
    """The text of a notebook's set-up cell and of its code cells that carry one of the tags, in order."""
    code = code_cells(root / "notebooks" / "source" / f"{notebook}.py")
    for tag in tags:
        if not any(tag in own for _, own in code):
            raise LookupError(f"no cell of {notebook} is tagged {tag}")
    return [source for source, own in code if own & {"setup", *tags}]


def code_cells(path: Path) -> list[tuple[str, set[str]]]:
    """Source and tags of the code cells of a percent file, as jupytext reads them (it may be missing)."""
    text = re.sub(r"\A# ---\n.*?\n# ---\n", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    heads = list(re.finditer(r"(?m)^# %%(.*)$", text))
    ends = [head.start() for head in heads[1:]] + [len(text)]
    found = []
    for head, end in zip(heads, ends, strict=True):
        if "[markdown]" not in head[1]:
            tags = re.search(r"tags=(\[.*?\])", head[1])
            found.append((text[head.end() : end].strip("\n"), set(json.loads(tags[1]) if tags else [])))
    return found


def take(notebook: str, *tags: str, root: Path = ROOT, **given: object) -> SimpleNamespace:
    """What these cells define, executed in order and in silence.

    `given` takes the place of what they define themselves (by default the CPU, and no progress bars).
    """
    given = {"device": "cpu", "progress": lambda items, *_: items} | given
    space = {"__name__": notebook, **given}
    for source in cells(notebook, *tags, root=root):
        with contextlib.redirect_stdout(io.StringIO()):
            exec(compile(source, notebook, "exec"), space)
        space |= given
    return SimpleNamespace(**space)


# --- stamps ---


def code_of(recorder: str, root: Path = ROOT) -> str:
    """The code that a recorder's numbers depend on, in a normal form."""
    taken = stamp.parts_of(recorder, root)[0].get("CELLS")
    body, names = [], {}
    for text in cells(*ast.literal_eval(taken[0].value), root=root) if taken else []:
        cell = stamp.parsed(text)
        names |= stamp.imports(cell)
        body += [
            node for node in cell.body if not (isinstance(node, ast.If) and "google" in ast.unparse(node))
        ]
    head = stamp.code(body, names, root)
    jobs = stamp.code(ast.parse("jobs").body, {"jobs": f"{recorder}:jobs"}, root)
    return f"# {recorder}: cells\n{head}\n# {recorder}: jobs\n{jobs}"


def names(folder: Path = RECORDS) -> list[str]:
    """The names of all recorded runs (the ledgers of claims, beside them, are none)."""
    return sorted(path.stem for path in folder.glob("nb*.json"))


def script(record: dict) -> str:
    """The name of the recorder that made a record."""
    return Path(record["command"].split()[1]).stem


def standing(name: str, folder: Path = RECORDS, root: Path = ROOT) -> tuple[list[str], list[str]]:
    """(faults, remarks) of a record: what is red, and what a release must not hold."""
    try:
        record = records.read(name, folder)
    except ValueError as error:
        return [str(error)], []
    if record["stamp"] is None:
        return [], [f"{name}: {record['note']}"]
    accepted = record.get("accepted", [])
    faults, remarks = [], [f"{name}: accepted on {a['date']}: {a['reason']}" for a in accepted]
    beside = folder / f"{name}.py.txt"
    ran = beside.read_text(encoding="utf-8") if beside.exists() else ""
    if stamp.digest(ran) not in {record["stamp"], *(a["from"] for a in accepted)}:
        faults.append(f"{name}.py.txt is not the code of the record")
    now = code_of(script(record), root)
    if stamp.digest(now) != record["stamp"]:
        changed = [line for line in difflib.ndiff(ran.splitlines(), now.splitlines()) if line[0] in "+-"][:6]
        faults.append(f"{name} is older than its code: {record['command']}\n" + "\n".join(changed))
    return faults, remarks


def accept(name: str, reason: str, folder: Path = RECORDS, root: Path = ROOT) -> None:
    """Write into a record that the code as it is now would give the same numbers, and why."""
    record = records.read(name, folder)
    if record is None or record["stamp"] is None:
        raise SystemExit(f"{name} has no stamp: make it again")
    new = stamp.digest(code_of(script(record), root))
    if new == record["stamp"]:
        raise SystemExit(f"{name} is as old as its code: there is nothing to accept")
    if len(reason.split()) < 3:
        raise SystemExit('say why no number can change: --reason "…"')
    entry = {"date": datetime.date.today().isoformat(), "reason": reason, "from": record["stamp"], "to": new}
    record["accepted"] = [*record.get("accepted", []), entry]
    records.write(folder / f"{name}.json", record | {"stamp": new})


# --- making a record ---


def head(what: str, command: str, code: str, root: Path = ROOT) -> dict:
    """What a record begins with: what was measured, how, with which code, when, on what. No host, no user."""
    import torch

    return {
        "what": what,
        "command": command,
        **commit(root),
        "date": datetime.date.today().isoformat(),
        "machine": f"{cpu()}, {os.cpu_count()} cores, {torch.get_num_threads()} thread(s)",
        "versions": {"python": platform.python_version(), "torch": torch.__version__},
        "stamp": stamp.digest(code),
    }


def commit(root: Path = ROOT) -> dict:
    """The commit at hand, and whether files differ from it; without git `GAN_COMMIT`, or "unknown"."""

    def git(*words: str) -> str:
        return subprocess.run(["git", "-C", root, *words], capture_output=True, text=True, check=True).stdout

    try:
        if not (root / ".git").exists():
            raise FileNotFoundError
        dirty = git("status", "--porcelain", "--", "gan_helpers/*.py", "benchmarks", "notebooks/source")
        return {"commit": git("rev-parse", "HEAD").strip()} | ({"uncommitted": True} if dirty else {})
    except (OSError, subprocess.CalledProcessError):
        return {"commit": os.environ.get("GAN_COMMIT", "unknown")}


def cpu() -> str:
    """The processor's name, as far as the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or "unknown"


def same(record: dict, **values: object) -> None:
    """Put these facts into the record; refuse, with the remedy, a record that was begun with others."""
    for key, value in json.loads(json.dumps(values)).items():
        if record.setdefault(key, value) != value:
            what = "state of the code" if key == "stamp" else key
            raise SystemExit(f"the record was begun with another {what} ({record[key]}, now {value}): "
                             "move it away, or give another --out")  # fmt: skip


def write(path: Path, record: dict, code: str) -> None:
    """Write a record and the code that made it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole(path.with_suffix(".py.txt")) as file:
        file.write(code.encode())
    records.write(path, record)


def run(file: str, what: str, jobs: Callable[..., Iterator[str]], tags: Sequence[str] = (),
        given: dict | None = None, *, name: str = "", parts: Sequence[str] = (),
        words: Sequence[str] | None = None, root: Path = ROOT, **settings: float) -> None:  # fmt: skip
    """Make the record `name` (by default the file's own), or go on with it.

    `settings` (among them `seeds`, their number) become arguments and facts of the record; --only chooses
    from `parts`. More seeds than before are added to a record.
    """
    import torch

    recorder = Path(file).stem
    parser = argparse.ArgumentParser(description=what, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    for key, value in settings.items():
        parser.add_argument(f"--{key}", type=type(value), default=value)
    if parts:
        parser.add_argument("--only", nargs="+", choices=parts, default=parts, help="make these parts")
    parser.add_argument("--minutes", type=float, default=math.inf, help="stop after so many CPU-minutes")
    parser.add_argument("--out", type=Path, default=RECORDS / f"{name or recorder}.json", help="the record")
    options = parser.parse_args(words)
    torch.set_num_threads(1)
    code, chosen = code_of(recorder, root), {key: getattr(options, key) for key in settings}
    words = [f"--{key} {value}" for key, value in chosen.items()]
    begun = head(what, " ".join([f"python benchmarks/{recorder}.py", *words]), code, root)
    record = records.read(options.out.stem, options.out.parent) or {}
    same(record, stamp=begun["stamp"], **{key: value for key, value in chosen.items() if key != "seeds"})
    if record.get("seeds", 0) > chosen.get("seeds", 1):
        raise SystemExit(f"the record holds {record['seeds']} seeds: give as many, or another --out")
    record |= begun | {"seeds": 1} | chosen | {"cpu_seconds": record.get("cpu_seconds", 0)}
    start = last = time.process_time()
    for line in jobs(record, options, take(*tags, root=root, **given or {}) if tags else None):
        record["cpu_seconds"] = round(record["cpu_seconds"] + time.process_time() - last, 1)
        last = time.process_time()
        write(options.out, record, code)
        print(f"{last - start:.0f} s: {line}", flush=True)
        if last - start > 60 * options.minutes:
            print("stopped: the same command goes on")
            return
    print("complete")


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command")
    accepting = commands.add_parser("accept", help="the code has changed, and no number can have")
    accepting.add_argument("name")
    accepting.add_argument("--reason", required=True)
    args = parser.parse_args()
    if args.command == "accept":
        accept(args.name, args.reason)
    red = 0
    for name in names():
        faults, remarks = standing(name)
        print("\n".join([*faults, *remarks]) or f"{name}: made by its code")
        red += len(faults)
    return int(red > 0)


if __name__ == "__main__":
    sys.exit(main())
