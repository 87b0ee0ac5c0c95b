"""Record the tables of notebook 20 (a GPU if there is one, else the CPU; --only chooses tables).

On a GPU the record is nb20_gpu_ladder, on a CPU nb20_cpu_ladder. Everything measured is the notebook's own
code. Rivals take turns within one process; a row holds the quartiles of its speed-up, turn by turn.
"""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import tempfile
import time
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import torch
import torch._inductor.config
from recorder import run, same

CELLS = ("20_gpu_training", "record", "record-ladder")
BASE = "notebook 06"


def row(notebook: SimpleNamespace, spent: dict, name: str, batch: int = 64, **more: float) -> dict:
    """One line of a table: speed-up, in images, over notebook 06 (quartiles over turns); time of a round."""
    quartiles = [q * batch / 64 for q in notebook.faster(spent, name)]
    ms = spent[name].median().item()
    return {"name": name, "faster": quartiles, "ms": ms, "images_per_second": 1000 * batch / ms, **more}


def rows(notebook: SimpleNamespace, turns: int) -> list[dict]:
    """Each change alone, some together, larger batches; on a GPU also TF32 and a CUDA graph."""
    build, x, cuda = notebook.build, notebook.x_fit, notebook.device == "cuda"
    options = dict(notebook.LADDER)
    options["batch 128"], options["batch 256"] = {"batch": 128}, {"batch": 256}
    options["float16, no scaler"] = {"dtype": torch.float16}
    batches = {name: option.get("batch", 64) for name, option in options.items()}
    plays = {name: build(**option).play for name, option in options.items()}
    calls = {name: (lambda name=name: plays[name](x[: batches[name]])) for name in plays}
    if cuda:

        def tf32() -> None:
            torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
            plays[BASE](x[:64])
            torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False

        run = build(frozen=True, fused=True, there=True)
        replay = notebook.graphed(run.moves, x[:64])
        calls |= {"TF32": tf32, "CUDA graph, frozen, fused": lambda: (replay(x[:64]), run.follow())}
    spent = notebook.in_turns(calls, turns=turns)
    return [row(notebook, spent, name, batches.get(name, 64)) for name in calls]


def cpu_seconds() -> float:
    """CPU seconds of this process and of its finished children (compilers)."""
    usage = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(u.ru_utime + u.ru_stime for u in usage)


def compiled(notebook: SimpleNamespace, turns: int) -> list[dict]:
    """torch.compile of both losses: what compiling costs, and what it brings; no row without a compiler."""
    if notebook.device == "cpu" and not any(map(shutil.which, ("c++", "g++", "clang++"))):
        print("no C++ compiler: no row for torch.compile")
        return []
    torch._inductor.config.compile_threads = 1  # in this process: other workers' time would not be counted
    x, start = notebook.x_fit[:64], (cpu_seconds(), time.perf_counter())
    play, plain = notebook.build(compiled=True).play, notebook.build().play
    with tempfile.TemporaryDirectory() as cache:
        os.environ["TORCHINDUCTOR_CACHE_DIR"] = cache  # a first compilation, not one from the cache
        play(x), play(x)
        cost = cpu_seconds() - start[0], time.perf_counter() - start[1]
        spent = notebook.in_turns({BASE: lambda: plain(x), "torch.compile": lambda: play(x)}, turns=turns)
    return [row(notebook, spent, "torch.compile", compile_seconds=cost[0], compile_wall_seconds=cost[1])]


def threads(notebook: SimpleNamespace, turns: int) -> dict:
    """Two threads against one in turns, by the wall clock (what a user waits for) and in CPU seconds."""
    play, x, ratios = notebook.build().play, notebook.x_fit[:64], {"wall": [], "cpu": []}
    for _ in range(turns):
        seen = {}
        for count in (1, 2):
            torch.set_num_threads(count)
            play(x)
            start = time.perf_counter(), time.process_time()
            for _ in range(6):
                play(x)
            seen[count] = time.perf_counter() - start[0], time.process_time() - start[1]
        for k, clock in enumerate(ratios):
            ratios[clock].append(seen[1][k] / seen[2][k])
    torch.set_num_threads(1)
    quartiles = torch.tensor([0.25, 0.5, 0.75])
    return {clock: torch.tensor(r).quantile(quartiles).tolist() for clock, r in ratios.items()}


def limits(notebook: SimpleNamespace) -> dict:
    """Peaks of the machine, and the work in a round of each kind."""
    x, peak = notebook.x_fit[:64], notebook.peaks()
    work = {}
    for name, options in notebook.LADDER.items():
        play = notebook.build(**options).play
        play(x)
        work[name] = notebook.work(lambda play=play: play(x))
    return {"flops_per_second": peak[0], "bytes_per_second": peak[1], "work": work}


def many(notebook: SimpleNamespace) -> dict:
    """Rounds per second of 2-D games, one after the other and in one stack."""
    sizes = (1, 4, 16, 64, 256) if notebook.device == "cpu" else (1, 4, 16, 64, 256, 1024)
    return {"loop": notebook.loop_rate(), "stack": {n: notebook.stack_rate(n) for n in sizes}}


def processes(notebook: SimpleNamespace) -> list[dict]:
    """One and two processes at the same global batch: milliseconds a round, by the clock and of CPU time."""
    table = []
    for batch in (64, 512):
        for count in (1, 2):
            if notebook.device == "cuda" and torch.cuda.device_count() < count:
                continue
            with tempfile.TemporaryDirectory() as folder:
                options = ["--rounds", "22", "--every", "99", "--batch", str(batch), "--dtype", "float32"]
                ranks, _ = notebook.torchrun(Path(folder) / "run", *options, processes=count)
            ms = {clock: max(rank["ms"][clock] for rank in ranks) for clock in ("wall", "cpu")}
            table.append({"batch": batch, "processes": count, **ms})
    return table


def machine(device: str) -> dict:
    """GPU, driver and CUDA version; on a CPU how busy it was."""
    if device == "cpu":
        return {"load": f"load average {os.getloadavg()[0]:.1f}"}
    query = ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader", "--id=0"]
    found = shutil.which("nvidia-smi") and subprocess.run(query, capture_output=True, text=True, check=False)
    driver = found.stdout.strip() if found and found.returncode == 0 else "unknown"
    name = f"{torch.cuda.get_device_name()}, driver {driver}, CUDA {torch.version.cuda}"
    return {"machine": name, "load": f"{torch.cuda.device_count()} GPU(s)"}


MAKE = {
    "limits": lambda notebook, turns: limits(notebook),
    "rows": rows,
    "compile": compiled,
    "threads": lambda notebook, turns: threads(notebook, turns) if notebook.device == "cpu" else {},
    "many": lambda notebook, turns: many(notebook),
    "processes": lambda notebook, turns: processes(notebook),
}


def jobs(record: dict, options: Namespace, notebook: SimpleNamespace) -> Iterator[str]:
    """Table after table."""
    same(record, images=notebook.parts.fit.name)
    record |= machine(notebook.device)
    for name in options.only:
        if name not in record:
            record[name] = MAKE[name](notebook, options.turns)
            yield f"{name}: {str(record[name])[:300]}"


if __name__ == "__main__":
    device = "cuda" if torch.cuda.is_available() else "cpu"
    what, name = (
        "speed of the round of notebook 06, change by change",
        f"nb20_{device.replace('cuda', 'gpu')}_ladder",
    )
    run(__file__, what, jobs, CELLS, {"device": device}, name=name, parts=list(MAKE), turns=25)
