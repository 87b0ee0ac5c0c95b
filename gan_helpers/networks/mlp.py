"""Fully connected players (multilayer perceptrons). First shown in notebook 04."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

from gan_helpers.seeds import Seed, integer, make_generator


def mlp(sizes: Sequence[int], *, seed: Seed, slope: float = 0.2,
        last: nn.Module | None = None) -> nn.Sequential:  # fmt: skip
    """A fully connected network (n, sizes[0]) -> (n, sizes[-1]), LeakyReLU(`slope`) between its layers.

    Weights and biases are uniform in ±1/√fan-in, which is `nn.Linear`'s own law, but drawn by `seed` (an
    int or a CPU generator): torch's global random state is neither read nor changed. `last` is put behind
    the last layer, such as `nn.Tanh()` for images in [-1, 1]; a discriminator has none, it returns scores.

    Raises ValueError unless there are at least two positive sizes. First shown in notebook 04.
    """
    if len(sizes) < 2:
        raise ValueError(f"sizes={sizes!r}: expected two or more positive integers, such as (2, 64, 1)")
    sizes = [integer(size, "each of sizes") for size in sizes]
    generator, layers = make_generator(seed), []
    for n_in, n_out in zip(sizes, sizes[1:], strict=False):
        layer = nn.utils.skip_init(nn.Linear, n_in, n_out)
        with torch.no_grad():
            for parameter in layer.parameters():
                parameter.uniform_(-(n_in**-0.5), n_in**-0.5, generator=generator)
        layers += [layer, nn.LeakyReLU(slope)]
    layers = layers[:-1]
    return nn.Sequential(*layers) if last is None else nn.Sequential(*layers, last)
