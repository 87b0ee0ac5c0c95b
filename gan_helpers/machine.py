"""Is this machine ready for the course?

Each `check_…` function looks at one thing and returns a `Finding`; what it looks at is an argument, so
that a test can play a machine where it is missing. `self_test` runs them all and prints the remedies.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import psutil
import torch

from gan_helpers._files import cache_folder
from gan_helpers.data import DataError, NotAvailable, download

OK, NOTE, PROBLEM = "✓", "○", "✗"
MIN_PYTHON, MIN_TORCH, MIN_GIB = (3, 11), (2, 4), 2.0
PROBE = 2.0  # seconds that a check may take


class Finding(NamedTuple):
    """One line of the self-test: its mark, what was looked at, what was found, what to do."""

    mark: str
    what: str
    found: str
    remedy: str = ""


def check_python(version: tuple[int, ...] = tuple(sys.version_info)) -> Finding:
    """Is Python new enough?"""
    found = ".".join(map(str, version[:2]))
    if version[:2] >= MIN_PYTHON:
        return Finding(OK, "Python", found)
    return Finding(PROBLEM, "Python", found, "install Python 3.11 or newer, then run make lab again")


def check_torch(version: str = torch.__version__) -> Finding:
    """Is PyTorch in the supported range, and does it compute what it should?"""
    numbers = tuple(int(n) for n in version.split("+")[0].split(".")[:2])
    if numbers < MIN_TORCH:
        remedy = "close this notebook and run make lab (it installs the locked version); on Colab: Runtime > "
        return Finding(
            PROBLEM, "PyTorch", version, remedy + "Disconnect and delete runtime, then start again"
        )
    slope = torch.func.grad(torch.nn.functional.softplus)(torch.zeros(()))
    if abs(slope.item() - 0.5) > 1e-6:
        return Finding(PROBLEM, "PyTorch", f"{version}, wrong results", "delete .venv and run make lab")
    return Finding(OK, "PyTorch", version)


def check_memory(gib: float | None = None) -> Finding:
    """Is enough memory free for every notebook (they stay below 1.5 GiB)?"""
    gib = free_memory() / 2**30 if gib is None else gib
    if gib >= MIN_GIB:
        return Finding(OK, "memory", f"more than {MIN_GIB:.0f} GiB free")
    return Finding(
        PROBLEM,
        "memory",
        f"{gib:.1f} GiB free",
        "shut down other notebooks (Kernel > Shut Down All Kernels) and close other programs",
    )


def free_memory(control: Path = Path("/sys/fs/cgroup")) -> int:
    """Bytes that are free on this machine, or that a container's limit leaves if these are fewer."""
    free = psutil.virtual_memory().available
    for folder, limit, used in (
        (control, "memory.max", "memory.current"),
        (control / "memory", "memory.limit_in_bytes", "memory.usage_in_bytes"),  # the older form
    ):
        try:
            left = int((folder / limit).read_text()) - int((folder / used).read_text())
            # files that are only kept in case they are read again count as used, but make room
            kept = dict(line.split() for line in (folder / "memory.stat").read_text().splitlines())
            free = min(free, left + int(kept["inactive_file"]))
        except (OSError, ValueError, KeyError):
            pass  # no container, or one without a limit ("max")
    return free


def check_device(cuda: bool | None = None) -> Finding:
    """Is there a GPU? None is needed."""
    cuda = torch.cuda.is_available() if cuda is None else cuda
    if cuda:
        return Finding(OK, "GPU", torch.cuda.get_device_name() if torch.cuda.is_available() else "yes")
    remedy = (
        "none is needed: every notebook is made for two CPU cores; on Colab: Runtime > Change runtime type"
    )
    return Finding(NOTE, "GPU", "none", remedy)


def check_folder(folder: Path, what: str, remedy: str) -> Finding:
    """Can a file be written into the folder (made if it is missing)?"""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return Finding(OK, what, "can be written")
    except OSError as error:
        return Finding(PROBLEM, what, f"cannot be written ({error.strerror})", remedy)


def check_cache() -> Finding:
    """Can downloads and drawn digits be kept?"""
    remedy = "set GAN_CACHE_DIR to a folder that you may write to"
    try:
        return check_folder(cache_folder(), "data cache", remedy)
    except ValueError as error:
        return Finding(PROBLEM, "data cache", *_cause_and_remedy(error))


def check_images(seconds: float = PROBE) -> Finding:
    """Is MNIST on this disk, and sound, or can it be downloaded? (It tries, by the way of `data.mnist`.)"""
    substitute = "nothing: digits drawn from fonts take its place; for MNIST, "
    try:
        gone = download.missing("mnist", "small")
        if not gone:
            return Finding(OK, "MNIST", "on this disk")
        where = "not on this disk" if len(gone) == 2 else f"without {gone[0]}"
        download.try_mirrors("mnist", "small", seconds)
    except NotAvailable as error:
        remedy = "put its files into a folder mnist and set GAN_DATA_DIR to the folder above it"
        if os.environ.get("GAN_OFFLINE", "") not in ("", "0"):
            remedy = "unset GAN_OFFLINE"
        return Finding(NOTE, "MNIST", f"{where}, and no download: {error.cause}", substitute + remedy)
    except (DataError, ValueError) as error:
        return Finding(PROBLEM, "MNIST", *_cause_and_remedy(error))
    return Finding(OK, "MNIST", f"{where}; will be downloaded when first needed (1.6 MB)")


def _cause_and_remedy(error: Exception) -> tuple[str, str]:
    cause, _, remedy = str(error).partition(" Remedy: ")
    return cause, remedy


def tiny_step_seconds(threads: int, seconds: float = PROBE / 2) -> float:
    """Return the seconds of one training step of a tiny network with so many threads.

    The best of five times 100 steps, or of as many as there is time for: on a busy machine a step on several
    threads can take a hundred times as long.
    """
    before = torch.get_num_threads()
    with torch.random.fork_rng(devices=[]):  # leave the caller's random numbers alone
        layers = [torch.nn.Linear(64, 128), torch.nn.ReLU(), torch.nn.Linear(128, 128), torch.nn.ReLU()]
        net = torch.nn.Sequential(*layers, torch.nn.Linear(128, 1))
    optimizer = torch.optim.Adam(net.parameters())
    x = torch.ones(64, 64)
    best = float("inf")
    try:
        torch.set_num_threads(threads)
        ends = time.perf_counter() + seconds
        for _ in range(5):
            start, now, steps = time.perf_counter(), 0.0, 0
            while steps < 100 and now < ends:
                optimizer.zero_grad()
                net(x).mean().backward()
                optimizer.step()
                now, steps = time.perf_counter(), steps + 1
            best = min(best, (now - start) / steps)
    finally:
        torch.set_num_threads(before)
    return best


def check_threads(cores: int | None = None) -> Finding:
    """How much do further threads help a tiny network? (It depends on what else the cores do.)"""
    cores = (os.cpu_count() or 1) if cores is None else cores
    if cores < 2:
        return Finding(NOTE, "cores", "1", "nothing; the run times at the notebooks' heads are for two cores")
    ratio = tiny_step_seconds(cores) / tiny_step_seconds(1)
    return Finding(
        OK, "cores", f"{cores}; a tiny network takes {ratio:.1f}x as long on {cores} threads as on 1"
    )


def self_test() -> None:
    """Print each finding about this machine as it is made, and under each problem what to do about it."""
    answers = "open the course from a folder of your own, for example by copying it into your home folder"
    checks = (
        check_python,
        check_torch,
        check_memory,
        check_device,
        lambda: check_folder(Path.cwd(), "this folder", answers),
        check_cache,
        check_images,
        check_threads,
    )
    problems = 0
    for check in checks:
        mark, what, found, remedy = check()
        problems += mark == PROBLEM
        text = f"{mark} {what + ':':<12} {found}" + (f"\n    what to do: {remedy}" if remedy else "")
        print(text, flush=True)  # a slow check is not silent about those before it
    print("This machine is ready." if not problems else f"{problems} problem(s): see 'what to do' above.")
