"""Everything of the course that needs a GPU, in one run of at most eight minutes.

    make gpu                                   records go into gan_helpers/records, the log into build/gpu
    make gpu OUT=folder COMMIT=0123…           … or into a folder; for a copy of the repository without .git

The jobs run in order of worth, each in a process of its own, with a time limit of its own: one that fails or
hangs costs no other. A recorder writes its record after each table, so that what is measured is kept whatever
comes after. At the end stands a summary that names every job. Needs Python 3.11 and PyTorch with a GPU; says
what else is missing. No virtual environment is made and nothing is fetched.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
NEEDED = ("torch", "numpy", "scipy", "matplotlib", "PIL", "tqdm", "psutil", "requests")
# What only fetches files or draws pages: where it is missing, this stands in for it.
STAND_INS = {
    "pooch": {"__init__.py": ""},  # nothing is downloaded here
    "platformdirs": {"__init__.py": "def user_cache_dir(name):\n    return f'build/{name}'\n"},
    "IPython": {  # matplotlib asks for its version
        "__init__.py": "version_info = (9, 0)\n\n\ndef get_ipython():\n    return None\n",
        "display.py": "def display(*things, **options):\n    pass\n",
    },
    "jupyterquiz": {
        "__init__.py": "",
        "js/helpers.js": "",
        "js/multiple_choice.js": "",
        "styles.css": "",
    },
}
GRACE = 5.0  # seconds between asking a job to end and ending it


class Job(NamedTuple):
    """A program to run: its name, the words after `python`, and the most seconds that it may take."""

    name: str
    words: tuple[str, ...]
    limit: float


class Outcome(NamedTuple):
    """What became of a job: "done", "failed", "too slow" or "no time left"; seconds; its last line."""

    job: Job
    what: str
    seconds: float
    last: str


LADDER, SPEEDRUN = "{out}/nb20_gpu_ladder.json", "{out}/nb20_speedrun_cuda.json"
JOBS = (  # in order of worth
    Job("ladder", ("benchmarks/nb20_ladder.py", "--out", LADDER, "--only", "rows", "limits"), 100),
    Job("lesson", ("notebooks/source/20_gpu_training.py",), 90),
    Job("speedrun", ("benchmarks/nb20_speedrun.py", "--out", SPEEDRUN), 180),
    Job("many games", ("benchmarks/nb20_ladder.py", "--out", LADDER, "--only", "many"), 60),
    Job("compile", ("benchmarks/nb20_ladder.py", "--out", LADDER, "--only", "compile"), 100),
    Job("processes", ("benchmarks/nb20_ladder.py", "--out", LADDER, "--only", "processes"), 60),
    Job("deeper", ("notebooks/source/deeper/20_gpu_training.py",), 90),
)


# --- what this machine has ---

PROBE = """
import importlib.util, json, sys
def there(name):
    try:
        return importlib.util.find_spec(name) is not None
    except ImportError:
        return False
found = {"python": list(sys.version_info[:2]), "gpu": None, "torch": None}
found["missing"] = [name for name in sys.argv[1:] if not there(name)]
if "torch" not in found["missing"]:
    import torch
    found["torch"] = torch.__version__
    found["gpu"] = torch.cuda.get_device_name() if torch.cuda.is_available() else None
print(json.dumps(found))
"""


def look(python: str, env: Mapping[str, str] | None = None) -> dict:
    """What this Python has: {"python", "torch", "gpu", "missing"}. Raises RuntimeError if it does not run."""
    words = [python, "-c", PROBE, *NEEDED, *STAND_INS]
    try:
        told = subprocess.run(words, capture_output=True, text=True, env=env, timeout=120, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise RuntimeError(f"{python} does not run: {error}") from None
    if told.returncode:
        raise RuntimeError(f"{python} does not run: {told.stderr.strip()[-300:]}")
    return json.loads(told.stdout.splitlines()[-1])


def lacks(found: Mapping) -> str:
    """What is missing for a run, and what to do about it, in words; "" if nothing is."""
    if tuple(found["python"]) < (3, 11):
        return (
            f"Python 3.11 or newer; this is {'.'.join(map(str, found['python']))}: make gpu PYTHON=python3.12"
        )
    if gone := [name for name in found["missing"] if name in NEEDED]:
        return f"the packages {', '.join(gone)}: install them for this Python, or make gpu PYTHON=another"
    if not found["gpu"]:
        return f"a GPU that PyTorch {found['torch']} sees (a build for the CPU sees none)"
    return ""


def stand_in(names: Sequence[str], folder: Path) -> None:
    """Write the stand-ins of these packages into a folder, which then goes onto the path."""
    for name in names:
        for file, text in STAND_INS[name].items():
            path = folder / name / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)


def commit(root: Path = ROOT) -> str:
    """The commit at hand, "" where git or its history is missing."""
    words = ["git", "-C", str(root), "rev-parse", "HEAD"]
    try:
        return subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


# --- running ---


def end(process: subprocess.Popen, grace: float = GRACE) -> None:
    """End a job and all that it started: ask first (torchrun ends its workers then), do not ask twice."""
    for sign, patience in ((signal.SIGTERM, grace), (signal.SIGKILL, None)):
        try:
            os.killpg(process.pid, sign)
        except ProcessLookupError:
            pass
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            continue


def run_one(job: Job, python: str, out: Path, log: Path, limit: float, env: Mapping[str, str]) -> Outcome:
    """Run a job; whatever it does, this returns. Its output goes to the end of the log."""
    words = [python, *(word.replace("{out}", str(out)) for word in job.words)]
    with open(log, "a+b") as file:
        file.write(f"\n=== {job.name}: {' '.join(words)}\n".encode())
        file.flush()
        begin, start = file.tell(), time.monotonic()
        what = "failed"
        try:
            process = subprocess.Popen(words, cwd=ROOT, env=dict(env), stdout=file, stderr=file,
                                       stdin=subprocess.DEVNULL, start_new_session=True)  # fmt: skip
        except OSError as error:
            file.write(str(error).encode())
        else:
            try:
                what = "failed" if process.wait(limit) else "done"
            except subprocess.TimeoutExpired:
                what = "too slow"
            finally:
                end(process, GRACE if what == "too slow" else 0.1)
        seconds = time.monotonic() - start
        file.seek(begin)
        lines = file.read().decode(errors="replace").split("\n")
    last = next((line.strip() for line in reversed(lines) if line.strip()), "")
    return Outcome(job, what, seconds, last[:160])


def run_all(jobs: Sequence[Job], python: str, out: Path, seconds: float, env: Mapping[str, str],
            logs: Path | None = None) -> list[Outcome]:  # fmt: skip
    """Run the jobs in order, none longer than its limit, all in so many seconds.

    Records go into `out`, log and summary, which grow with the jobs, into `logs` (if not given, there too).
    """
    logs = logs or out
    for folder in (out, logs):
        folder.mkdir(parents=True, exist_ok=True)
    log, ends, outcomes = logs / "gpu.log", time.monotonic() + seconds, []
    log.write_text("")
    for job in jobs:
        left = ends - time.monotonic() - GRACE
        if left < min(10, job.limit):
            outcomes.append(Outcome(job, "no time left", 0.0, ""))
        else:
            print(f"{job.name} … (at most {min(job.limit, left):.0f} s)", flush=True)
            outcomes.append(run_one(job, python, out, log, min(job.limit, left), env))
        text = summary(outcomes, jobs)
        (logs / "gpu_summary.txt").write_text(text)
    print(text, flush=True)
    return outcomes


def summary(outcomes: Sequence[Outcome], jobs: Sequence[Job]) -> str:
    """One line for every job, also for those still to come."""
    marks = {"done": "✓", "failed": "✗", "too slow": "✗", "no time left": "○"}
    lines = []
    for job, what, seconds, last in outcomes:
        took = (
            f"{what}, ended after its {seconds:.0f} s" if what == "too slow" else f"{what}, {seconds:.0f} s"
        )
        lines.append(f"{marks[what]} {job.name:<12} {took:<28} {last}".rstrip())
    lines += [f"○ {job.name:<12} still to come" for job in jobs[len(outcomes) :]]
    done = sum(outcome.what == "done" for outcome in outcomes)
    return "\n".join(["", f"{done} of {len(jobs)} jobs done", *lines, ""])


def environment(found: Mapping, commit_now: str, base: Mapping[str, str] = os.environ) -> dict[str, str]:
    """What the jobs are given: our package, stand-ins where something is missing, no network, no windows."""
    places = [str(ROOT)]
    if names := [name for name in found["missing"] if name in STAND_INS]:
        folder = ROOT / "build" / "stand_ins"
        stand_in(names, folder)
        places.append(str(folder))
        print(f"not installed, and not needed here: {', '.join(names)}")
    env = dict(base) | {
        "PYTHONPATH": os.pathsep.join(places),
        "PYTHONUNBUFFERED": "1",
        "MPLBACKEND": "agg",
        "GAN_OFFLINE": "1",
        "GAN_CLAIMS_GO_ON": "1",  # a claim that fails is told, and what comes after it still runs
    }
    return env | ({"GAN_COMMIT": commit_now} if commit_now else {})


def main(words: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", type=Path, help="for records and log (else gan_helpers/records, build/gpu)")
    parser.add_argument("--commit", default="", help="the commit of this copy, where it has no .git")
    parser.add_argument("--minutes", type=float, default=8.0, help="for all jobs together")
    parser.add_argument("--python", default=sys.executable, help="the Python that has PyTorch")
    options = parser.parse_args(words)
    start = time.monotonic()
    try:
        found = look(options.python)
    except RuntimeError as error:
        print(error)
        return 2
    if missing := lacks(found):
        print(f"nothing was run. Missing: {missing}")
        return 2
    print(f"{found['gpu']}, PyTorch {found['torch']}")
    known = options.commit or commit()
    if not known:
        print(
            "no commit is known here, so no test will take these records: give COMMIT=… (git rev-parse HEAD)"
        )
    env = environment(found, known)
    left = 60 * options.minutes - (time.monotonic() - start)
    out = options.out.resolve() if options.out else ROOT / "gan_helpers" / "records"
    outcomes = run_all(JOBS, options.python, out, left, env, None if options.out else ROOT / "build" / "gpu")
    return int(any(outcome.what != "done" for outcome in outcomes))


if __name__ == "__main__":
    sys.exit(main())
