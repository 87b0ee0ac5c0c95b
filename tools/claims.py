"""Run the notebooks with other seeds, and write down how often each of their claims held.

run     every notebook that makes claims, with its own seeds and with SEEDS sets of others; writes the
        ledgers gan_helpers/records/claims_nbNN.json and prints the weakest claims
check   print what is wrong with the sentences and with the ledgers; exit status 1 if a sentence is wrong
"""

from __future__ import annotations

import argparse
import ast
import datetime
import hashlib
import json
import os
import re
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import NamedTuple

import jupytext
import numpy as np
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tools")]
from gan_helpers import evidence, seeds, stamp  # noqa: E402
from notebooks import write  # noqa: E402

CELL_SECONDS = 1800
WEAKEST = 20


# --- sentences --------------------------------------------------------------------------------


class Call(NamedTuple):
    """One sentence of a call: the function, the sentence (None: not written out), code cell, section."""

    function: str
    sentence: str | None
    cell: int
    section: str
    exact: bool


def sources(root: Path, only: list[str] | None = None) -> list[Path]:
    """The texts of all notebooks, or of those whose name begins with one of `only`.

    05 means a lesson and its deeper notebook, deeper/05 the deeper one alone.
    """
    found = sorted((root / "notebooks" / "source").rglob("*.py"))
    names = {p: (p.name, f"{p.parent.name}/{p.name}") for p in found}
    return [p for p in found if not only or any(n.startswith(o) for n in names[p] for o in only)]


def ledger_of(source: Path, root: Path) -> Path:
    """Where the ledger of a notebook lies."""
    deeper = "_deeper" if source.parent.name == "deeper" else ""
    return root / "gan_helpers" / "records" / f"claims_nb{source.name[:2]}{deeper}.json"


def code_cells(source: Path) -> list[str]:
    """The texts of the code cells; exercises count as empty, because each learner has other ones."""
    cells = [c for c in jupytext.read(source).cells if c.cell_type == "code"]
    own = [any(t.startswith(("exercise-", "check-")) for t in c.metadata.get("tags", [])) for c in cells]
    return ["" if exercise else c.source for c, exercise in zip(cells, own, strict=True)]


def digest_of(source: Path, root: Path) -> str:
    """A digest of all code of a notebook with the helpers that it uses, and of where its images come from."""
    images = [f"{name}={os.environ.get(name, '')}" for name in ("GAN_DATA_DIR", "GAN_OFFLINE")]
    parts = [*stamp.cell_digests(code_cells(source), root), *images]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:12]


def calls(source: Path) -> list[Call]:
    """Every sentence of the calls of claim (its first argument) and of how_sure (all of them)."""
    found, section, number = [], "", -1
    for cell in jupytext.read(source).cells:
        headings = re.findall(r"(?m)^## (.*?)(?: · \d+ min)?$", cell.source)
        if cell.cell_type == "markdown" and headings:
            section = headings[-1]
        if cell.cell_type == "code":
            number += 1
            for name, node in calls_in(cell.source):
                exact = any(k.arg == "exact" for k in node.keywords)
                for word in node.args[:1] if name == "claim" else node.args:
                    found.append(Call(name, written_out(word), number, section, exact))
    return found


def calls_in(code: str) -> list[tuple[str, ast.Call]]:
    """The calls of claim and how_sure in a cell."""
    nodes = [node for node in ast.walk(stamp.parsed(code)) if isinstance(node, ast.Call)]
    named = [(getattr(node.func, "attr", getattr(node.func, "id", "")), node) for node in nodes]
    return [(name, node) for name, node in named if name in ("claim", "how_sure")]


def written_out(node: ast.expr) -> str | None:
    """The text of a string that is written out."""
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def sentence_faults(source: Path) -> list[str]:
    """Sentences that are not written out, said twice, or asked for and claimed nowhere."""
    faults, found = [], calls(source)
    said = Counter(c.sentence for c in found if c.function == "claim" and c.sentence)
    for c in found:
        if not c.sentence:
            faults.append(f"cell {c.cell}: the sentence of {c.function} must be written out")
        elif c.function == "how_sure" and len(evidence.beginning(c.sentence, said)) != 1:
            faults.append(f"cell {c.cell}: not one claim says what how_sure asks: {c.sentence!r}")
    return faults + [f"claimed {n} times: {sentence!r}" for sentence, n in said.items() if n > 1]


def ledger_faults(source: Path, root: Path) -> list[str]:
    """What a ledger lacks, holds too much, or has from older code."""
    path, claims = (
        ledger_of(source, root),
        [c for c in calls(source) if c.function == "claim" and not c.exact],
    )
    if not path.exists():
        return [f"no ledger yet: make claims ONLY={source.name[:2]}"] if claims else []
    ledger, now = json.loads(path.read_text()), stamp.cell_digests(code_cells(source), root)
    known, said = ledger["claims"], {c.sentence for c in claims}
    faults = [f"in the ledger, but claimed no more: {s!r}" for s in known if s not in said]
    for c in claims:
        if c.sentence not in known:
            faults.append(f"not in the ledger: {c.sentence!r}")
        elif ledger["cells"][: known[c.sentence]["cell"] + 1] != now[: c.cell + 1]:
            faults.append(f"the ledger is older than the code of: {c.sentence!r}")
    return faults


# --- runs -------------------------------------------------------------------------------------


def play(source: Path, root: Path, offset: int) -> dict:
    """Run a notebook with its seeds moved by `offset`; what its claims wrote down, and what broke it off.

    A claim that fails does not stop the run, any other error does: what follows it would stand on nothing.
    """
    nb, start = jupytext.read(source), time.monotonic()
    folder = root / "notebooks" / source.parent.relative_to(root / "notebooks" / "source")
    with tempfile.TemporaryDirectory() as scratch:
        lines = Path(scratch) / "claims.jsonl"
        own = {"GAN_LEDGER": str(lines), "GAN_CLAIMS_GO_ON": "1", "GAN_SEED_OFFSET": str(offset)}
        resources = {"metadata": {"path": str(folder)}}
        client = NotebookClient(nb, timeout=CELL_SECONDS, kernel_name="python3", resources=resources)
        broken = None
        try:
            client.execute(env=os.environ | {"OMP_NUM_THREADS": "1"} | own)
        except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
            last = re.sub(r"\x1b\[\d*(;\d+)*m", "", str(error)).strip().splitlines()[-1]
            broken = f"code cell {client.code_cells_executed - 1}: {last[:200]}"
        text = lines.read_text() if lines.exists() else ""
    seconds = round(time.monotonic() - start, 1)
    claims = [json.loads(line) for line in text.splitlines()]
    return {
        "digest": digest_of(source, root),
        "offset": offset,
        "broken": broken,
        "seconds": seconds,
        "claims": claims,
    }


def played(source: Path, root: Path, offset: int) -> dict:
    """The run of `play`, from build/claims if it was finished there with this code."""
    path = root / "build" / "claims" / f"{ledger_of(source, root).stem}_{offset}.json"
    if path.exists():
        run = json.loads(path.read_text())
        if run["digest"] == digest_of(source, root) and not run["broken"]:
            return run | {"kept": True}
    path.parent.mkdir(parents=True, exist_ok=True)
    run = play(source, root, offset)
    write(path, json.dumps(run).encode())
    return run | {"kept": False}


def collect(source: Path, root: Path, runs: list[dict]) -> dict:
    """The ledger of a notebook: per claim its cell, section, and what each run found."""
    places = {c.sentence: c for c in calls(source) if c.function == "claim"}
    claims: dict[str, dict] = {}
    for run in sorted(runs, key=lambda run: run["offset"]):
        for line in run["claims"]:
            sentence = line.pop("sentence")
            shared = {
                "cell": places[sentence].cell,
                "section": places[sentence].section,
                "kind": line.pop("kind"),
            }
            shared |= {"recorded": line.pop("recorded"), "runs": []}
            line["measured"], line["bound"] = short(line["measured"]), short(line["bound"])
            claims.setdefault(sentence, shared)["runs"].append(line)
    broken = {str(run["offset"]): run["broken"] for run in runs if run["broken"]}
    return {
        "notebook": source.relative_to(root / "notebooks" / "source").with_suffix("").as_posix(),
        "date": datetime.date.today().isoformat(),
        "cells": stamp.cell_digests(code_cells(source), root),
        "broken": broken,
        "claims": dict(sorted(claims.items(), key=lambda item: item[1]["cell"])),
    }


def short(values: object) -> object:
    """Numbers with five significant digits, in whatever lists they stand."""
    if isinstance(values, list):
        return [short(v) for v in values]
    return float(f"{values:.5g}") if isinstance(values, float) else values


def as_text(ledger: dict) -> str:
    """The ledger as JSON with one claim a line, so that changes can be read."""
    head = {key: value for key, value in ledger.items() if key != "claims"}
    lines = [f"  {json.dumps(s, ensure_ascii=False)}: {json.dumps(c)}" for s, c in ledger["claims"].items()]
    return json.dumps(head)[:-1] + ', "claims": {\n' + ",\n".join(lines) + "\n}}\n"


def run(root: Path, sets: int, only: list[str], workers: int = 2) -> list[dict]:
    """Play all notebooks with claims, two at a time; write and return their ledgers."""
    chosen = [s for s in sources(root, only) if any(c.function == "claim" for c in calls(s))]
    ledgers = []
    with ThreadPoolExecutor(workers) as pool:
        jobs = {pool.submit(played, s, root, k * seeds.STRIDE): s for k in range(sets + 1) for s in chosen}
        runs: dict[Path, list[dict]] = {s: [] for s in chosen}
        for done, job in enumerate(as_completed(jobs), 1):
            source, result = jobs[job], job.result()
            runs[source].append(result)
            name = source.relative_to(root / "notebooks" / "source").with_suffix("")
            print(f"[{done}/{len(jobs)}] {name} + {result['offset']}: {told(result)}", flush=True)
            if len(runs[source]) == sets + 1:
                ledgers.append(collect(source, root, runs[source]))
                write(ledger_of(source, root), as_text(ledgers[-1]).encode())
    return ledgers


def told(run: dict) -> str:
    """One run in a line, and one more for each claim that failed."""
    failed = [c["sentence"] for c in run["claims"] if not c["held"]]
    text = (
        f"{len(run['claims'])} claims, {len(failed)} failed, {run['seconds']:.0f} s{' (kept)' * run['kept']}"
    )
    text += f"\n    INCOMPLETE, {run['broken']}" if run["broken"] else ""
    return text + "".join(f"\n    ✗ {sentence}" for sentence in failed)


# --- the weakest ------------------------------------------------------------------------------


def slack_of(entry: dict) -> float | None:
    """The least slack of a claim over its runs; single values are judged over the runs, as if over seeds."""
    runs = entry["runs"]
    slacks = [r["slack"] for r in runs if r["slack"] is not None]
    if slacks or entry["kind"] == "true" or entry["recorded"] or len(runs) < 3 or runs[0]["seeds"] > 1:
        return min(slacks, default=None)
    values, bounds = (
        np.array([np.ravel(r["measured"])[0] for r in runs]),
        np.array([r["bound"] for r in runs]),
    )
    if (bounds == bounds[0]).all():
        return evidence.judge(values, entry["kind"], bounds[0]).slack
    return evidence.judge(values, entry["kind"], bounds.T).slack if entry["kind"] != "between" else None


def weakest(ledgers: list[dict], most: int = WEAKEST) -> list[str]:
    """Lines for the claims that came nearest to failing, failures first."""
    rows = []
    for ledger in ledgers:
        for sentence, entry in ledger["claims"].items():
            held, slack = sum(r["held"] for r in entry["runs"]), slack_of(entry)
            all_held = held == len(entry["runs"])
            order = (all_held, slack is None, slack or 0.0)
            text = f"{'–' if slack is None else f'{slack:.2f}':>7}   {held} of {len(entry['runs'])}"
            rows.append((order, f"{text}   {ledger['notebook'][:9]:9}   {sentence}"))
    return [line for _, line in sorted(rows)[:most]]


def main() -> int:
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("command", choices=["run", "check"])
    ap.add_argument("--seeds", type=int, default=3, help="run: how many other sets of seeds")
    ap.add_argument("--only", nargs="+", default=[], metavar="NAME", help="only notebooks of these names")
    ap.add_argument("--root", type=Path, default=ROOT, help=argparse.SUPPRESS)
    args = ap.parse_args()
    if args.command == "run":
        ledgers = run(args.root, args.seeds, args.only)
        print("\n  slack   held     notebook    claim")
        print("\n".join(weakest(ledgers)))
        return int(any(ledger["broken"] for ledger in ledgers))
    wrong = 0
    for source in sources(args.root, args.only):
        faults = sentence_faults(source)
        wrong += len(faults)
        for fault in [*faults, *ledger_faults(source, args.root)]:
            print(f"{source.stem}: {fault}")
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
