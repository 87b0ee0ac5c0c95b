"""The players for people in colour, as notebook 06 sets them beside those for digits."""

from __future__ import annotations

from collections.abc import Sequence

from torch import nn

from gan_helpers.networks.dcgan import even_start, initialise, upsample
from gan_helpers.seeds import Seed, integer

_skip = nn.utils.skip_init  # `initialise` draws the weights; torch's global random state stays as it is


def people_generator(z_dim: int = 32, *, seed: Seed, channels: Sequence[int] = (64, 48, 24),
                     smooth: bool = True) -> nn.Sequential:  # fmt: skip
    """A generator (n, z_dim) -> (n, 3, 32, 32) in [-1, 1]: linear to 4 x 4, then three up-samplings by 2.

    `channels` are those at 4 x 4, 8 x 8 and 16 x 16; with two of them it begins at 8 x 8. Batch norm and ReLU
    follow every layer but the last. `smooth` averages each pixel with three of its neighbours before the
    tanh: sub-pixel layers leave a fine grid, which is seen in even backgrounds (Sugawara et al. 2018).
    `seed` is an int or a CPU generator. Raises ValueError for less than one and more than four channels.
    """
    sizes = _sizes(channels, 4)
    side = 32 >> len(sizes)
    layers: list[nn.Module] = [
        _skip(nn.Linear, integer(z_dim, "z_dim"), sizes[0] * side**2, bias=False),
        nn.Unflatten(1, (sizes[0], side, side)),
        nn.BatchNorm2d(sizes[0]),
        nn.ReLU(),
    ]
    for n_in, n_out in zip(sizes, sizes[1:], strict=False):
        layers += [*upsample(n_in, n_out, "subpixel", bias=False), nn.BatchNorm2d(n_out), nn.ReLU()]
    layers += upsample(sizes[-1], 3, "subpixel")
    if smooth:
        layers += [nn.ReplicationPad2d((1, 0, 1, 0)), nn.AvgPool2d(2, stride=1)]
    return even_start(initialise(nn.Sequential(*layers, nn.Tanh()), seed=seed, std=0.05))


def people_discriminator(*, seed: Seed, channels: Sequence[int] = (24, 48, 64),
                         norm: bool = False) -> nn.Sequential:  # fmt: skip
    """A discriminator (n, 3, 32, 32) -> (n, 1), scores: sides 16, 8, 4, then a linear layer.

    Convolutions of stride 2 (kernel 4) with `channels`, LeakyReLU(0.2) behind each; `norm` puts batch norm
    behind all but the first. `seed` is an int or a CPU generator. Raises ValueError for less than one and
    more than four channels.
    """
    sizes = _sizes(channels, 4)
    layers: list[nn.Module] = []
    for k, (n_in, n_out) in enumerate(zip((3, *sizes), sizes, strict=False)):
        normed = norm and k > 0
        layers += [_skip(nn.Conv2d, n_in, n_out, 4, stride=2, padding=1, bias=not normed)]
        layers += [nn.BatchNorm2d(n_out), nn.LeakyReLU(0.2)] if normed else [nn.LeakyReLU(0.2)]
    flat = sizes[-1] * (32 >> len(sizes)) ** 2
    return initialise(nn.Sequential(*layers, nn.Flatten(), _skip(nn.Linear, flat, 1)), seed=seed, std=0.05)


def _sizes(channels: Sequence[int], most: int) -> tuple[int, ...]:
    if not 1 <= len(channels) <= most:
        raise ValueError(f"channels: expected 1 to {most} positive integers, got {channels!r}")
    return tuple(integer(size, "each of the channels") for size in channels)
