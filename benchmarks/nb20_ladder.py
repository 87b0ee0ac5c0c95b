"""Record the tables of notebook 20 (a GPU if there is one, else the CPU; --only chooses tables).

On a GPU the record is nb20_gpu_ladder, on a CPU nb20_cpu_ladder. Measured are the game of `gan_helpers.speed`
and functions of the deeper notebook. Rivals take turns within one process; a row holds the quartiles of its
speed-up, turn by turn. A table that fails costs no other: the record says why it is missing.
"""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import tempfile
import time
from argparse import Namespace
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import torch
import torch._inductor.config
from recorder import run, same

from gan_helpers.speed import BASE, CHANGES, compile_lacks, fast_game, faster, has_bfloat16, in_turns

CELLS = ("deeper/20_gpu_training", "record", "record-ladder")


def row(spent: dict, name: str, batch: int = 64, **more: float) -> dict:
    """One line of a table: speed-up, in images, over notebook 06 (quartiles over turns); time of a round."""
    quartiles = [q * batch / 64 for q in faster(spent, name)]
    ms = spent[name].median().item()
    return {"name": name, "faster": quartiles, "ms": ms, "images_per_second": 1000 * batch / ms, **more}


def versions(cuda: bool) -> dict[str, dict]:
    """Each change alone, some together, larger batches, float16 with scalers; on a GPU huge batches."""
    options = CHANGES | {"batch 128": {"batch": 128}, "batch 256": {"batch": 256}}
    options["float16, scaled"] = {"dtype": torch.float16, "scaled": True}
    if cuda:
        options |= {"batch 1024": {"batch": 1024}, "batch 4000": {"batch": 4000}}
    return options


def rows(notebook: SimpleNamespace, turns: int) -> list[dict]:
    """Every version, in turns; on a GPU also TF32 and CUDA graphs."""
    x, device = notebook.x_fit, notebook.device
    cuda, batches, calls = device == "cuda", {}, {}
    for name, options in versions(cuda).items():
        version = fast_game(device=device, **options)
        batches[name] = version.batch
        calls[name] = partial(version.play, x[: version.batch])
    if cuda:
        plain = calls[BASE]

        def tf32() -> None:
            torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
            plain()
            torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False

        calls["TF32"] = tf32
        for name, dtype in (("CUDA graph", None), ("CUDA graph, bfloat16", torch.bfloat16)):
            calls[name] = graph(notebook, x[:64], dtype)
    spent = in_turns(calls, turns=turns, device=device)
    return [row(spent, name, batches.get(name, 64)) for name in calls]


def graph(notebook: SimpleNamespace, x: torch.Tensor, dtype: torch.dtype | None) -> Callable[[], None]:
    """A round, frozen and fused, whose moves are one launch."""
    version = fast_game(device=notebook.device, frozen=True, fused=True, there=True, dtype=dtype)
    replay = notebook.graphed(version.moves, x)

    def play() -> None:
        replay(x)
        version.follow()

    return play


def cpu_seconds() -> float:
    """CPU seconds of this process and of its finished children (compilers)."""
    usage = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(u.ru_utime + u.ru_stime for u in usage)


def compiled(notebook: SimpleNamespace, turns: int) -> list[dict]:
    """torch.compile of both losses: what compiling costs, and what it brings; no row without a compiler."""
    if lacks := compile_lacks(notebook.device):
        print(f"torch.compile lacks {lacks}: no row for it")
        return []
    torch._inductor.config.compile_threads = 1  # in this process: other workers' time would not be counted
    x, start = notebook.x_fit[:64], (cpu_seconds(), time.perf_counter())
    play, plain = (fast_game(device=notebook.device, compiled=c).play for c in (True, False))
    with tempfile.TemporaryDirectory() as cache:
        os.environ["TORCHINDUCTOR_CACHE_DIR"] = cache  # a first compilation, not one from the cache
        play(x), play(x)
        cost = cpu_seconds() - start[0], time.perf_counter() - start[1]
        calls = {BASE: partial(plain, x), "torch.compile": partial(play, x)}
        spent = in_turns(calls, turns=turns, device=notebook.device)
    return [row(spent, "torch.compile", compile_seconds=cost[0], compile_wall_seconds=cost[1])]


def limits(notebook: SimpleNamespace) -> dict:
    """Peaks of the machine, and the work in a round of each kind."""
    x, peak = notebook.x_fit[:64], notebook.peaks()
    work = {}
    for name, options in CHANGES.items():
        play = fast_game(device=notebook.device, **options).play
        play(x)
        work[name] = notebook.work(partial(play, x))
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
    bits = has_bfloat16(torch.cuda.get_device_capability())
    return {"machine": name, "load": f"{torch.cuda.device_count()} GPU(s)", "bfloat16": bits}


MAKE = {  # in order of worth
    "rows": rows,
    "limits": lambda notebook, turns: limits(notebook),
    "compile": compiled,
    "many": lambda notebook, turns: many(notebook),
    "processes": lambda notebook, turns: processes(notebook),
}


def jobs(record: dict, options: Namespace, notebook: SimpleNamespace) -> Iterator[str]:
    """Table after table; one that fails is told, and tried again when the record is gone on with."""
    same(record, images=notebook.parts.fit.name)
    record |= machine(notebook.device)
    failed = record.setdefault("failed", {})
    for name in options.only:
        if name not in record:
            try:
                record[name] = MAKE[name](notebook, options.turns)
            except Exception as error:  # whatever a GPU makes of it: the other tables are worth having
                failed[name] = f"{type(error).__name__}: {error}"[:500]
            else:
                failed.pop(name, None)
            yield f"{name}: {str(record.get(name, failed.get(name)))[:300]}"


if __name__ == "__main__":
    device = "cuda" if torch.cuda.is_available() else "cpu"
    what, name = (
        "speed of the round of notebook 06, change by change",
        f"nb20_{device.replace('cuda', 'gpu')}_ladder",
    )
    run(__file__, what, jobs, CELLS, {"device": device}, name=name, parts=list(MAKE), turns=25)
