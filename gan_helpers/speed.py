"""Notebook 20: the game of notebook 06 with a switch for each change that may make it faster; a stopwatch.

Rivals take turns, so that whatever else the machine does meets all alike; a speed-up is told turn by turn.
"""

from __future__ import annotations

import importlib.util
import itertools
import shutil
import time
from collections.abc import Callable, Mapping
from typing import NamedTuple

import torch
from torch import Tensor

from gan_helpers.games import Game, dcgan_game
from gan_helpers.losses import L_D, L_G
from gan_helpers.seeds import Device

BASE = "notebook 06"
CHANGES = {
    BASE: {},
    "D frozen": {"frozen": True},
    "fused": {"fused": True},
    "channels last": {"channels_last": True},
    "bfloat16": {"dtype": torch.bfloat16},
    "shared fakes": {"shared": True},
    "frozen + fused + bfloat16": {"frozen": True, "fused": True, "dtype": torch.bfloat16},
}  # each a set of options of `fast_game`


# --- the stopwatch ----------------------------------------------------------------------------


def clock(device: Device = "cpu") -> float:
    """Seconds: CPU time of this process; with a GPU wall time, after all queued work is done."""
    if torch.device(device).type == "cuda":
        torch.cuda.synchronize()
        return time.perf_counter()
    return time.process_time()


def in_turns(calls: Mapping[str, Callable], turns: int = 12, each: int = 2,
             device: Device = "cpu") -> dict[str, Tensor]:  # fmt: skip
    """Milliseconds per call, (turns,), of every function: each has its turn before the next turn begins.

    Two calls of each come first and do not count; a turn is `each` calls.
    """
    spent = {name: [] for name in calls}
    for call in [*calls.values()] * 2:
        call()
    for _ in range(turns):
        for name, call in calls.items():
            start = clock(device)
            for _ in range(each):
                call()
            spent[name].append(1000 * (clock(device) - start) / each)
    return {name: torch.tensor(ms) for name, ms in spent.items()}


def faster(spent: Mapping[str, Tensor], name: str, base: str = BASE) -> list[float]:
    """Lower quartile, median and upper quartile of the speed-up of `name` over `base`, turn by turn."""
    return (spent[base] / spent[name]).quantile(torch.tensor([0.25, 0.5, 0.75])).tolist()


# --- what this machine can do -----------------------------------------------------------------


def has_bfloat16(capability: tuple[int, int] | None) -> bool:
    """Does a GPU of this compute capability multiply bfloat16 itself? (None: no GPU; then it is measured.)

    Since Ampere (8, 0). An older one, such as Colab's T4 (7, 5), says that it has bfloat16, and emulates it.
    """
    return capability is not None and tuple(capability) >= (8, 0)


def compile_lacks(device: Device = "cpu") -> str:
    """What `torch.compile` lacks here, in words; "" where it can work."""
    if torch.device(device).type == "cuda":
        if importlib.util.find_spec("triton") is None:
            return "the package triton"
        return "" if any(map(shutil.which, ("cc", "gcc", "clang"))) else "a C compiler (for triton)"
    return "" if any(map(shutil.which, ("c++", "g++", "clang++"))) else "a C++ compiler"


# --- the game ---------------------------------------------------------------------------------


class Version(NamedTuple):
    """A game that `play(x)` plays on a batch x: `moves(x)` of both players, then the average's `follow()`."""

    game: Game
    batch: int
    moves: Callable[[Tensor], None]
    follow: Callable[[], None]
    play: Callable[[Tensor], None]


def fast_game(seed: int = 0, *, device: Device = "cpu", batch: int = 64, lr: float = 4e-3,
              frozen: bool = False, shared: bool = False, fused: bool = False, channels_last: bool = False,
              dtype: torch.dtype | None = None, scaled: bool = False, compiled: bool = False,
              there: bool = False) -> Version:  # fmt: skip
    """The game of notebook 06; with all switches off the same to the last bit.

    frozen: while G moves, no gradient of D's weights is computed (nobody used it)
    shared: one batch of fakes for both players instead of two
    fused: Adam's arithmetic in one kernel
    channels_last: how images lie in memory
    dtype: convolutions and matrix products in fewer bits (autocast); weights and losses stay float32
    scaled: a GradScaler for each player, for float16
    compiled: both losses through torch.compile
    there: noise is drawn on the device, and Adam counts its steps there, as a CUDA graph needs it
    """
    game = dcgan_game(seed=seed, device=device, lr=lr)
    G, D, opt_G, opt_D, average, noise = game
    kind = torch.device(device).type
    if channels_last:
        for net in (G, D, average):
            net.to(memory_format=torch.channels_last)
    if fused:
        options = {"lr": lr, "betas": (0.0, 0.99), "fused": True, "capturable": there}
        opt_G, opt_D = (torch.optim.Adam(net.parameters(), **options) for net in (G, D))
        game = game._replace(opt_G=opt_G, opt_D=opt_D)
    loss_D, loss_G = (torch.compile(loss) if compiled else loss for loss in (L_D, L_G))
    low = torch.autocast(kind, dtype, enabled=dtype is not None, cache_enabled=not there)
    scalers = {opt: torch.amp.GradScaler(kind, enabled=scaled) for opt in (opt_G, opt_D)}
    source = {"device": device} if there else {"generator": noise}
    pairs = [[t for t in net.state_dict().values() if t.is_floating_point()] for net in (average, G)]
    rounds = itertools.count()

    def step(optimizer: torch.optim.Optimizer, loss: Tensor) -> None:
        optimizer.zero_grad()
        scalers[optimizer].scale(loss).backward()
        scalers[optimizer].step(optimizer)
        scalers[optimizer].update()

    def moves(x: Tensor) -> None:
        z_D, z_G = (torch.randn(len(x), 32, **source).to(x) for _ in range(2))
        with low:
            x_fake = G(z_G) if shared else None
            with torch.no_grad():
                shown = x_fake if shared else G(z_D)
            loss = loss_D(lambda x: D(x).float(), x, shown.detach().float())
        step(opt_D, loss)
        D.requires_grad_(not frozen)
        with low:
            loss = loss_G(lambda x: D(x).float(), x, x_fake if shared else G(z_G))
        step(opt_G, loss)
        D.requires_grad_(True)

    def follow() -> None:
        k = next(rounds)
        torch.optim.swa_utils.get_ema_multi_avg_fn(min(0.998, (1 + k) / (10 + k)))(*pairs, k)

    def play(x: Tensor) -> None:
        moves(x)
        follow()

    return Version(game, batch, moves, follow, play)
