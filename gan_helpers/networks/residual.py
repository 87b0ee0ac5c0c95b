"""Players of notebook 10: residual blocks, no normalisation layer anywhere.

Without batch norm nothing rescales what flows through a network, so its first weights must do it: see
`start_small`. R1 and R2 of `gan_helpers.losses` then are what they are meant to be, slopes of one
sample's own score.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gan_helpers.networks.dcgan import Choice, even_start, upsample
from gan_helpers.seeds import Seed, integer, make_generator

SLOPE = 0.2  # of every LeakyReLU here
FIRST = 0.4  # times He's law in the generator's first layer: images begin soft (found by trying)
_skip = nn.utils.skip_init  # `start_small` draws the weights, torch's global random state stays as it is


class Residual(nn.Module):
    """x + scale · branch(x) for x (n, channels, h, w); branch: LeakyReLU, conv 3 x 3, LeakyReLU, conv 3 x 3.

    Between its convolutions the branch has `inner` channels (default: `channels`); fewer cost less. `scale`
    is fixed: it divides not only what the branch says at the start, but how fast Adam's steps change that.
    """

    def __init__(self, channels: int, inner: int | None = None, scale: float = 1.0):
        super().__init__()
        inner, self.scale = channels if inner is None else inner, scale
        self.first = _skip(nn.Conv2d, channels, inner, 3, padding=1)
        self.last = _skip(nn.Conv2d, inner, channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.scale * self.last(F.leaky_relu(self.first(F.leaky_relu(x, SLOPE)), SLOPE))


def start_small(net: nn.Module, *, seed: Seed, first: float | None = None, last: float = 0.0,
                std: float | None = None) -> nn.Module:  # fmt: skip
    """Draw the weights of `net` anew, by `seed`, so that depth does not change the scale; returns `net`.

    Every layer gets He's law for LeakyReLU: normal, variance 2 / ((1 + 0.2²) fan-in), which keeps the mean
    square, or normal(0, `std`) if that is given; biases are 0. In each of the L `Residual` blocks the first
    convolution is then multiplied by `first` (default: L to the power -1/2) and the last one by `last`
    (default: 0), so that at the start every block passes its input on: Fixup's rule for branches of two
    layers (Zhang et al. 2019, arXiv:1901.09321), without its extra scalars. first=last=1 is He's law alone:
    the mean square doubles with every block. Raises ValueError for other layers with parameters, and for a
    layer under spectral or weight norm, whose weight is computed: put the norm on afterwards.
    """
    source = make_generator(seed)
    blocks = [block for block in net.modules() if isinstance(block, Residual)]
    with torch.no_grad():
        for layer in net.modules():
            own = {name for name, _ in layer.named_parameters(recurse=False)}
            if isinstance(layer, (nn.Linear, nn.Conv2d)) and own <= {"weight", "bias"}:
                he = math.sqrt(2 / ((1 + SLOPE**2) * layer.weight[0].numel()))
                layer.weight.normal_(0, he if std is None else std, generator=source)
                if layer.bias is not None:
                    layer.bias.zero_()
            elif own:
                raise ValueError(
                    f"start_small: no rule for {', '.join(sorted(own))} of {type(layer).__name__}, only for "
                    "Linear and Conv2d (put spectral or weight norm on after the weights are drawn)"
                )
        for block in blocks:
            block.first.weight.mul_(len(blocks) ** -0.5 if first is None else first)
            block.last.weight.mul_(last)
    return net


def modern_generator(z_dim: int = 32, *, seed: Seed, choices: int = 20, channels: Sequence[int] = (32, 16),
                     blocks: Sequence[int] = (1, 0), inner: int = 8, scale: float = 0.2,
                     upsampling: str = "subpixel") -> nn.Sequential:  # fmt: skip
    """(n, z_dim) -> (n, 1, 28, 28) in [-1, 1]: linear to 7 x 7, two up-samplings, tanh; no normalisation.

    `channels` and numbers of residual `blocks` are those at 7 x 7 and 14 x 14; a block's branch has `inner`
    channels and is multiplied by `scale`. The noise begins with a `networks.Choice` of `choices` categories
    (0: none). `upsampling` is "bilinear" (interpolate, then convolve), or "subpixel" (with
    `networks.even_start`) or "resize" as in `networks.upsample`. The first layer starts at 0.4 of He's law.

    Raises ValueError for other up-samplings and for channels or blocks that are not two whole numbers.
    """
    (wide, narrow), blocks = _counts(channels, 2, "channels", 1), _counts(blocks, 2, "blocks", 0)
    z_dim, choices = integer(z_dim, "z_dim"), integer(choices, "choices", least=None)
    if not 0 <= choices <= z_dim:
        raise ValueError(f"choices is {choices}: expected a number from 0 to z_dim = {z_dim}")
    layers: list[nn.Module] = [Choice(choices)] if choices else []
    layers += [_skip(nn.Linear, z_dim, wide * 49), nn.Unflatten(1, (wide, 7, 7))]
    for n_in, n_out, count in ((wide, narrow, blocks[0]), (narrow, 1, blocks[1])):
        layers += [*(Residual(n_in, inner, scale) for _ in range(count)), nn.LeakyReLU(SLOPE)]
        layers += _up(n_in, n_out, upsampling)
    layers += [nn.Tanh()]
    net = start_small(nn.Sequential(*layers), seed=seed)
    with torch.no_grad():
        next(layer for layer in layers if isinstance(layer, nn.Linear)).weight.mul_(FIRST)
    return even_start(net)


def modern_discriminator(*, seed: Seed, channels: Sequence[int] = (16, 32, 64),
                         blocks: Sequence[int] = (0, 0, 0), inner: int = 8, scale: float = 0.2,
                         hidden: int = 64, std: float | None = 0.05) -> nn.Sequential:  # fmt: skip
    """(n, 1, 28, 28) -> (n, 1), scores: sides 14, 7, 4 by convolutions of stride 2; no normalisation.

    `channels` and numbers of residual `blocks` are those at the three sizes; a block's branch has `inner`
    channels and is multiplied by `scale`; one fully connected layer of `hidden` before the score. Weights
    start as normal(0, `std`), so that scores begin near 0 (None: He's law). Raises ValueError unless channels
    and blocks are three whole numbers each.
    """
    sizes, blocks = _counts(channels, 3, "channels", 1), _counts(blocks, 3, "blocks", 0)
    layers: list[nn.Module] = []
    for n_in, n_out, count, kernel in zip((1, *sizes[:2]), sizes, blocks, (4, 4, 3), strict=True):
        layers += [
            _skip(nn.Conv2d, n_in, n_out, kernel, stride=2, padding=1),
            *(Residual(n_out, inner, scale) for _ in range(count)),
        ]
        layers += [nn.LeakyReLU(SLOPE)]
    layers += [nn.Flatten(), _skip(nn.Linear, 16 * sizes[2], hidden), nn.LeakyReLU(SLOPE)]
    layers += [_skip(nn.Linear, hidden, 1)]
    return start_small(nn.Sequential(*layers), seed=seed, std=std)


def _up(n_in: int, n_out: int, how: str) -> list[nn.Module]:
    if how == "bilinear":
        return [nn.Upsample(scale_factor=2, mode="bilinear"), _skip(nn.Conv2d, n_in, n_out, 3, padding=1)]
    if how not in ("subpixel", "resize"):
        raise ValueError(f"upsampling={how!r}: known here are 'subpixel', 'bilinear', 'resize'")
    return upsample(n_in, n_out, how)


def _counts(values: Sequence[int], count: int, name: str, least: int) -> tuple[int, ...]:
    if len(values) != count:
        raise ValueError(f"{name}: expected {count} integers of at least {least}, got {values!r}")
    return tuple(integer(value, f"each of {name}", least) for value in values)
