"""Seeds and devices: where every random number of the course comes from.

A `seed` is an int (the same numbers each time) or a CPU `torch.Generator` (which advances, so that two calls
differ). Lessons draw the seeds of data and training from `one` and `several`, which the environment variable
GAN_SEED_OFFSET moves: so every claim of a lesson can be tried on seeds that nobody chose. The seeds of splits
and judges stay literal: another ruler would be another question.
"""

from __future__ import annotations

import operator
import os

import torch

Seed = int | torch.Generator
Device = str | torch.device
STRIDE = 10_007  # between two sets of seeds: a prime, so that 2k, 2k + 1 and 1000 + k of two sets never meet


def several(count: int) -> list[int]:
    """The seeds 0 … count - 1, moved by the environment variable GAN_SEED_OFFSET if it is set."""
    return [offset() + k for k in range(integer(count, "count"))]


def one() -> int:
    """The seed 0, moved by the environment variable GAN_SEED_OFFSET if it is set."""
    return offset()


def offset() -> int:
    """GAN_SEED_OFFSET, 0 where it is not set. Raises ValueError unless it is a multiple of 10,007."""
    text = os.environ.get("GAN_SEED_OFFSET") or "0"
    if not text.isdecimal() or int(text) % STRIDE:
        raise ValueError(f"GAN_SEED_OFFSET={text}: expected a multiple of {STRIDE:,}, such as 20014, or 0")
    return int(text)


def make_generator(seed: Seed) -> torch.Generator:
    """A CPU generator: a new one for an int, the one passed in (which will advance) otherwise."""
    if isinstance(seed, torch.Generator):
        if seed.device.type != "cpu":
            raise ValueError(f"seed must be a CPU generator, got one on {seed.device}")
        return seed
    return torch.Generator().manual_seed(integer(seed, "seed", least=None))


def integer(value: object, name: str, least: int | None = 1) -> int:
    """`value` as an int of at least `least`, or a ValueError that names the argument."""
    wanted = "an integer" if least is None else f"an integer of at least {least}"
    if isinstance(value, bool):
        raise ValueError(f"{name} must be {wanted}, got {value!r}")
    try:
        number = operator.index(value)
    except TypeError:
        raise ValueError(f"{name} must be {wanted}, got {value!r}") from None
    if least is not None and number < least:
        raise ValueError(f"{name} must be {wanted}, got {number}")
    return number
