"""What the recorders share: a notebook's own functions, where and with what a record was made, safe files."""

from __future__ import annotations

import ast
import datetime
import json
import math
import os
import platform
import subprocess
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import torch

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results"
NOTEBOOKS = ROOT / "notebooks" / "source"


def lift(source: Path, names: Iterable[str] = (), **given: object) -> dict:
    """The namespace of a notebook's functions and classes, and of its assignments to `names`; nothing else.

    So a recorder measures what the notebook measures. Assignments to an attribute or an item of a name count
    as its own. `given` replaces what the notebook imports or defines itself (progress bars, the device).
    Raises LookupError when a name is no longer defined there.
    """
    names, space = set(names), {}
    body = ast.parse(source.read_text()).body
    for node in body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            exec(compile(ast.Module([node], []), str(source), "exec"), space)
    space |= given
    for node in body:
        defines = isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name not in given
        if defines or (
            isinstance(node, ast.Assign | ast.AugAssign) and _targets(node) & (names - set(given))
        ):
            exec(compile(ast.Module([node], []), str(source), "exec"), space)
    if missing := names - space.keys():
        raise LookupError(f"{source.name} no longer defines {sorted(missing)}")
    return space


def _targets(node: ast.Assign | ast.AugAssign) -> set[str]:
    """The names that an assignment changes: a in `a = …`, `a.b = …`, `a["b"] = …` and `a, c = …`."""
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    parts = [
        part for target in targets for part in (target.elts if isinstance(target, ast.Tuple) else [target])
    ]
    found = set()
    for part in parts:
        while isinstance(part, ast.Attribute | ast.Subscript | ast.Starred):
            part = part.value
        found |= {part.id} if isinstance(part, ast.Name) else set()
    return found


def provenance(what: str, command: str, sources: Iterable[str | Path]) -> dict:
    """The head of every record: what was measured, how, with which code, when, on what. No host, no user."""
    return {
        "what": what,
        "command": command,
        "commit": commit_of(sources),
        "date": datetime.date.today().isoformat(),
        "machine": f"{cpu()}, {os.cpu_count()} cores, {torch.get_num_threads()} thread(s)",
        "versions": {"python": platform.python_version(), "torch": torch.__version__},
    }


def commit_of(sources: Iterable[str | Path]) -> str:
    """The last commit that changed one of these files or folders."""
    git = ["git", "-C", str(ROOT), "log", "-1", "--format=%H", "--", *map(str, sources)]
    return subprocess.run(git, capture_output=True, text=True, check=True).stdout.strip()


def cpu() -> str:
    """The processor's name, as far as the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or "unknown"


def same_code(record: dict, head: dict, path: Path) -> None:
    """Refuse, with the remedy, to go on with a record that another state of the code began."""
    if (begun := record.get("commit", head["commit"])) != head["commit"]:
        raise SystemExit(f"{path} was begun at commit {begun[:7]}: move it away, or give another --out")


def write(path: Path, record: dict, dumps: Callable[[dict], str] = json.dumps) -> None:
    """Save a record as JSON, whole or not at all: an interrupted run leaves the one before."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.write_text(dumps(record) + "\n")
    part.replace(path)


def crossing(at: Sequence[float], distances: Sequence[float], target: float) -> float | None:
    """When a curve first reaches `target`, log distance interpolated between looks; None if it never does.

    A curve that starts at or below the target has crossed at its first look at the latest: that is returned.
    """
    pairs = list(zip(at, distances, strict=True))
    if pairs and pairs[0][1] <= target:
        return pairs[0][0]
    for (t0, d0), (t1, d1) in zip(pairs, pairs[1:], strict=False):
        if d1 <= target < d0:
            if math.isinf(d0):
                return t1
            return t0 + (t1 - t0) * math.log(d0 / target) / math.log(d0 / d1)
    return None
