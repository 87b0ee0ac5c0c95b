"""Notebook 20: start a script on several processes of this machine, with PyTorch's `torchrun`."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import torch
from torch import Tensor


def in_processes(script: str, images: Tensor, processes: int = 2) -> list:
    """Run the text of a script on so many processes: what each rank saved, rank 0 first.

    The script runs in a new folder. It finds `images` there as images.pt, and must save its result as
    rank0.pt, rank1.pt, … Each process has one thread. Raises RuntimeError with what was printed if one fails.
    """
    loopback = "lo0" if sys.platform == "darwin" else "lo"  # this machine talks to itself
    setting = os.environ | {"GLOO_SOCKET_IFNAME": loopback, "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--local-addr=127.0.0.1"]
    command += [f"--nproc-per-node={processes}", "script.py"]
    with tempfile.TemporaryDirectory() as home:
        folder = Path(home)
        (folder / "script.py").write_text(script, encoding="utf-8")
        torch.save(images, folder / "images.pt")
        run = subprocess.run(command, cwd=folder, env=setting, capture_output=True, text=True)
        if run.returncode:
            raise RuntimeError(f"torchrun ended with {run.returncode}:\n{run.stderr}")
        return [torch.load(folder / f"rank{rank}.pt") for rank in range(processes)]
