"""The players of DCGAN, as notebook 06 builds them: functions that return plain `nn.Module`s."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gan_helpers.seeds import Seed, integer, make_generator

UPSAMPLINGS = ("transposed", "resize", "subpixel")


def upsample(n_in: int, n_out: int, how: str, *, bias: bool = True) -> list[nn.Module]:
    """Layers (n, n_in, h, w) -> (n, n_out, 2h, 2w), with weights that are not drawn yet.

    "transposed": kernel 4, stride 2, so that every output pixel gets 2 x 2 input pixels. "resize": each
    pixel is copied to 2 x 2, then a convolution with kernel 3. "subpixel": a convolution with kernel 3 to
    4 n_out channels, then every four channels are laid out as 2 x 2 pixels (Shi et al. 2016).
    """
    skip = nn.utils.skip_init
    if how == "transposed":
        return [skip(nn.ConvTranspose2d, n_in, n_out, 4, stride=2, padding=1, bias=bias)]
    if how == "resize":
        return [nn.Upsample(scale_factor=2), skip(nn.Conv2d, n_in, n_out, 3, padding=1, bias=bias)]
    if how == "subpixel":
        return [skip(nn.Conv2d, n_in, 4 * n_out, 3, padding=1, bias=bias), nn.PixelShuffle(2)]
    raise ValueError(f"upsampling={how!r}: known are {', '.join(map(repr, UPSAMPLINGS))}")


def initialise(net: nn.Module, *, seed: Seed, std: float | None = 0.02) -> nn.Module:
    """Draw all weights of linear, convolution and batch norm layers anew, by `seed`; returns the network.

    DCGAN's law: weights normal(0, `std`), biases 0, batch norm's scales normal(1, .02), its shifts 0
    (Radford et al. 2016, Sec. 4, says so of weights; the rest is the authors' code). With std=None PyTorch's
    own: weights and biases uniform in ±1/√fan-in, scales 1. Raises ValueError for other kinds of layers with
    parameters, also for a layer under spectral or weight norm, whose weight is computed from others: put the
    norm on afterwards.
    """
    generator = make_generator(seed)
    for name, layer in net.named_modules():
        own = dict(layer.named_parameters(recurse=False))
        if not own:
            continue
        if computed := own.keys() - {"weight", "bias"}:
            raise ValueError(
                f"initialise: no rule for {', '.join(sorted(computed))} of layer {name or 'net'} "
                f"({type(layer).__name__}): put spectral or weight norm on after the weights are drawn"
            )
        norm = isinstance(layer, nn.modules.batchnorm._BatchNorm)
        if not norm and not isinstance(layer, (nn.Linear, nn.Conv2d, nn.ConvTranspose2d)):
            raise ValueError(f"initialise: no rule for layer {name or 'net'} ({type(layer).__name__})")
        with torch.no_grad():
            if norm:
                layer.reset_running_stats()
                layer.weight.normal_(1, 0.02, generator=generator) if std else layer.weight.fill_(1)
                layer.bias.zero_()
                continue
            bound = layer.weight[0].numel() ** -0.5
            for parameter in own.values():
                if std is None:
                    parameter.uniform_(-bound, bound, generator=generator)
                elif parameter is layer.weight:
                    parameter.normal_(0, std, generator=generator)
                else:
                    parameter.zero_()
    return net


class Choice(nn.Module):
    """Noise with a choice in it: the first `count` of a row's normal numbers become size * one-hot(largest).

    (n, z_dim) -> (n, z_dim). Each row picks one of `count` categories, all equally likely, and keeps the
    other coordinates. No parameters, no labels. Connected noise cannot jump from one digit to another; this
    can. Notebook 06 measures it; categorical noise is known from InfoGAN (Chen et al. 2016).
    """

    def __init__(self, count: int, size: float = 4.0):
        super().__init__()
        self.count, self.size = count, size

    def forward(self, z: Tensor) -> Tensor:
        chosen = F.one_hot(z[:, : self.count].argmax(1), self.count).to(z)
        return torch.cat([self.size * chosen, z[:, self.count :]], 1)

    def extra_repr(self) -> str:
        return f"{self.count}, size={self.size:g}"


def even_start(net: nn.Sequential) -> nn.Sequential:
    """Let every convolution before a pixel shuffle start with even 2 x 2 blocks; returns the network.

    Their four kernels per output channel become copies of the first, so that a new generator has no
    checkerboard; training moves them apart ("ICNR", Aitken et al. 2017, arXiv:1707.02937).
    """
    with torch.no_grad():
        for layer, behind in itertools.pairwise(net):
            if isinstance(behind, nn.PixelShuffle):
                for parameter in layer.parameters():
                    parameter.copy_(parameter[::4].repeat_interleave(4, 0))
    return net


def dcgan_generator(z_dim: int = 32, *, seed: Seed, choices: int = 20, channels: Sequence[int] = (32, 16),
                    hidden: Sequence[int] = (), upsampling: str = "subpixel", even: bool = True,
                    norm: bool = True, slope: float = 0.0, last: nn.Module | None = None,
                    std: float | None = 0.05, side: int = 28) -> nn.Sequential:  # fmt: skip
    """A DCGAN generator (n, z_dim) -> (n, 1, 28, 28): linear to 7 x 7, then two up-samplings by 2.

    `channels` are those at 7 x 7 and 14 x 14. Batch norm (unless norm=False) and ReLU follow every layer
    but the last, which ends with `last`, nn.Tanh() by default: values in [-1, 1]. The first `choices` of the
    noise's coordinates pick one of as many categories (see `Choice`; 0: plain noise). For ablations:
    `hidden` puts fully connected layers of these sizes in front, `slope` makes the ReLU leaky, `upsampling`
    is "transposed", "resize" or "subpixel" (see `upsample`), `even` says whether it begins with `even_start`,
    `std` goes to `initialise`, as does `seed` (an int or a CPU generator): torch's global random state is
    neither read nor changed.

    Raises ValueError for another side, up-sampling or number of channels. First shown in notebook 06;
    after Radford, Metz & Chintala 2016 (arXiv:1511.06434), which uses transposed convolutions and 64 x 64.
    """
    wide, narrow = _sizes(channels, 2, "channels of the generator")
    _side(side)
    n_in, choices, layers = integer(z_dim, "z_dim"), integer(choices, "choices", least=None), []
    if not 0 <= choices <= z_dim:
        raise ValueError(f"choices is {choices}: expected a number from 0 to z_dim = {z_dim}")
    if choices:
        layers.append(Choice(choices))
    for n_out in (integer(size, "each of hidden") for size in hidden):
        layers += [nn.utils.skip_init(nn.Linear, n_in, n_out, bias=not norm)]
        layers += _activated(nn.BatchNorm1d(n_out) if norm else None, slope)
        n_in = n_out
    layers += [nn.utils.skip_init(nn.Linear, n_in, wide * 49, bias=not norm), nn.Unflatten(1, (wide, 7, 7))]
    layers += _activated(nn.BatchNorm2d(wide) if norm else None, slope)
    layers += upsample(wide, narrow, upsampling, bias=not norm)
    layers += _activated(nn.BatchNorm2d(narrow) if norm else None, slope)
    layers += [*upsample(narrow, 1, upsampling), nn.Tanh() if last is None else last]
    net = initialise(nn.Sequential(*layers), seed=seed, std=std)
    return even_start(net) if even else net


def dcgan_discriminator(*, seed: Seed, channels: Sequence[int] = (16, 32, 64), hidden: Sequence[int] = (64,),
                        norm: bool = True, slope: float = 0.2, pool: bool = False,
                        std: float | None = 0.05, side: int = 28) -> nn.Sequential:  # fmt: skip
    """A DCGAN discriminator (n, 1, 28, 28) -> (n, 1), scores: sides 28, 14, 7, 4, then a linear layer.

    Three convolutions of stride 2 (kernels 4, 4, 3) with `channels`, LeakyReLU(`slope`) behind each, batch
    norm (unless norm=False) behind all but the first; `hidden` fully connected layers before the score.
    pool=True shrinks by convolutions of stride 1 and 2 x 2 max pooling instead (sides 28, 14, 7, 3).
    `std` and `seed` go to `initialise`; torch's global random state is neither read nor changed.

    Raises ValueError for another side or not three channels. First shown in notebook 06.
    """
    sizes = _sizes(channels, 3, "channels of the discriminator")
    _side(side)
    skip, layers = nn.utils.skip_init, []
    for k, (n_in, n_out) in enumerate(zip((1, *sizes), sizes, strict=False)):
        bias = k == 0 or not norm
        if pool:
            layers += [skip(nn.Conv2d, n_in, n_out, 3, padding=1, bias=bias), nn.MaxPool2d(2)]
        else:
            layers += [skip(nn.Conv2d, n_in, n_out, 4 if k < 2 else 3, stride=2, padding=1, bias=bias)]
        layers += _activated(None if bias else nn.BatchNorm2d(n_out), slope)
    layers, n_in = [*layers, nn.Flatten()], sizes[-1] * (9 if pool else 16)
    for n_out in (integer(size, "each of hidden") for size in hidden):
        layers += [skip(nn.Linear, n_in, n_out), *_activated(None, slope)]
        n_in = n_out
    return initialise(nn.Sequential(*layers, skip(nn.Linear, n_in, 1)), seed=seed, std=std)


def _activated(norm: nn.Module | None, slope: float) -> list[nn.Module]:
    activation = nn.LeakyReLU(slope) if slope else nn.ReLU()
    return [activation] if norm is None else [norm, activation]


def _sizes(sizes: Sequence[int], count: int, name: str) -> tuple[int, ...]:
    if len(sizes) != count:
        raise ValueError(f"{name}: expected {count} positive integers, got {sizes!r}")
    return tuple(integer(size, f"each of the {name}") for size in sizes)


def _side(side: int) -> None:
    if side != 28:
        raise ValueError(
            f"side={side!r}: these players are built for images of 28 x 28 (7 x 7, doubled twice); for other "
            "sizes write your own layers, or resize the images"
        )
