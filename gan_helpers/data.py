"""Data of the course: 2-D toys, images, disjoint splits and batches.

Every function takes a `seed`: an int (the same data each time) or a CPU `torch.Generator`
(which advances, so that two calls differ). Nothing here reads or changes torch's global random
state. Points and images are float32, images lie in [-1, 1]; sampling happens on the CPU, so that
a seed means the same data on every device.
"""

from __future__ import annotations

import itertools
import math
import operator
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple, TypeVar

import torch
from torch import Tensor

from gan_helpers._download import PARTS, DataError, NotAvailable, cache_folder, load_idx
from gan_helpers._rendered import Factors, cached_digits, font_names, render_digits, to_images

__all__ = [
    "TOYS",
    "DataError",
    "Factors",
    "Images",
    "NotAvailable",
    "Splits",
    "batches",
    "cache_folder",
    "checkerboard",
    "checkerboard_density",
    "digits8",
    "fashion_mnist",
    "font_names",
    "grid",
    "grid_centres",
    "load_images",
    "make_generator",
    "mixture_1d",
    "mixture_density",
    "mnist",
    "render_digits",
    "rendered",
    "ring",
    "ring_centres",
    "spirals",
    "split",
    "swiss_roll",
    "take",
    "toy",
    "two_moons",
]

Seed = int | torch.Generator
Device = str | torch.device
Data = TypeVar("Data", Tensor, tuple[Tensor, ...])

DOWNLOAD_SECONDS = 300.0  # for a data set that was asked for by name
AUTO_SECONDS = 6.0  # for load_images("auto"), which has something else to offer


def make_generator(seed: Seed) -> torch.Generator:
    """A CPU generator: a new one for an int, the one passed in (which will advance) otherwise."""
    if isinstance(seed, torch.Generator):
        if seed.device.type != "cpu":
            raise ValueError(f"seed must be a CPU generator, got one on {seed.device}")
        return seed
    return torch.Generator().manual_seed(_integer(seed, "seed", least=None))


def _integer(value: object, name: str, least: int | None = 1) -> int:
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


# ---------------------------------------------------------------- points in the plane


def ring_centres(modes: int = 8, radius: float = 2.0) -> Tensor:
    """(modes, 2): `modes` points evenly on a circle, the first at angle 0, anticlockwise."""
    angle = torch.arange(_integer(modes, "modes"), dtype=torch.float64) * (2 * math.pi / modes)
    return (radius * torch.stack([angle.cos(), angle.sin()], 1)).float()


def grid_centres(side: int = 5, spacing: float = 2.0) -> Tensor:
    """(side², 2): a square lattice around 0; by default {-4, -2, 0, 2, 4}², 25 points."""
    ticks = (torch.arange(_integer(side, "side")) - (side - 1) / 2) * spacing
    return torch.cartesian_prod(ticks, ticks)


def ring(n: int, *, seed: Seed, modes: int = 8, radius: float = 2.0, std: float = 0.02,
         device: Device = "cpu") -> Tensor:  # fmt: skip
    """(n, 2): equal Gaussians of standard deviation `std` around `ring_centres`.

    Source of the defaults: the toy data of WGAN-GP (Gulrajani et al. 2017), before its scaling.
    """
    return _around(ring_centres(modes, radius), std, n, seed, device)


def grid(n: int, *, seed: Seed, side: int = 5, spacing: float = 2.0, std: float = 0.05,
         device: Device = "cpu") -> Tensor:  # fmt: skip
    """(n, 2): equal Gaussians of standard deviation `std` around `grid_centres` (25 modes).

    Source of the defaults: the toy data of WGAN-GP (Gulrajani et al. 2017), before its scaling.
    """
    return _around(grid_centres(side, spacing), std, n, seed, device)


def _around(centres: Tensor, std: float, n: int, seed: Seed, device: Device) -> Tensor:
    generator = make_generator(seed)
    mode = torch.randint(len(centres), (_integer(n, "n"),), generator=generator)
    return (centres[mode] + std * torch.randn(n, 2, generator=generator)).to(device)


def swiss_roll(n: int, *, seed: Seed, noise: float = 0.25, device: Device = "cpu") -> Tensor:
    """(n, 2): one and a half turns of a spiral, within about 2 of the origin.

    `noise` is a standard deviation before the division by 7.5.
    Source: the toy data of WGAN-GP (Gulrajani et al. 2017), which takes two coordinates of
    scikit-learn's `make_swiss_roll`.
    """
    generator = make_generator(seed)
    angle = 1.5 * math.pi * (1 + 2 * torch.rand(_integer(n, "n"), generator=generator))
    points = angle.unsqueeze(1) * torch.stack([angle.cos(), angle.sin()], 1)
    return ((points + noise * torch.randn(n, 2, generator=generator)) / 7.5).to(device)


def two_moons(n: int, *, seed: Seed, noise: float = 0.05, device: Device = "cpu") -> Tensor:
    """(n, 2): two interlocking half circles of radius 1, around (0, 0) and (1, 1/2).

    x lies in [-1, 2] and y in [-1/2, 1] before noise of standard deviation `noise` is added.
    Source: the geometry of scikit-learn's `make_moons`.
    """
    generator = make_generator(seed)
    angle = math.pi * torch.rand(_integer(n, "n"), generator=generator)
    lower = torch.randint(2, (n,), generator=generator).bool()
    upper_moon = torch.stack([angle.cos(), angle.sin()], 1)
    lower_moon = torch.stack([1 - angle.cos(), 0.5 - angle.sin()], 1)
    points = torch.where(lower.unsqueeze(1), lower_moon, upper_moon)
    return (points + noise * torch.randn(n, 2, generator=generator)).to(device)


def spirals(n: int, *, seed: Seed, arms: int = 2, turns: float = 1.5, noise: float = 0.03,
            device: Device = "cpu") -> Tensor:  # fmt: skip
    """(n, 2): `arms` Archimedean spirals from the centre to radius 2, `turns` turns each.

    Points are spread evenly along the radius; `noise` is a standard deviation.
    """
    generator = make_generator(seed)
    radius = 2 * torch.rand(_integer(n, "n"), generator=generator)
    arm = torch.randint(_integer(arms, "arms"), (n,), generator=generator)
    angle = 2 * math.pi * (turns * radius / 2 + arm / arms)
    points = radius.unsqueeze(1) * torch.stack([angle.cos(), angle.sin()], 1)
    return (points + noise * torch.randn(n, 2, generator=generator)).to(device)


def checkerboard(n: int, *, seed: Seed, device: Device = "cpu") -> Tensor:
    """(n, 2): uniform on the 8 black squares (side 2) of a 4 x 4 board on [-4, 4)²."""
    generator = make_generator(seed)
    row = torch.randint(4, (_integer(n, "n"),), generator=generator)
    column = 2 * torch.randint(2, (n,), generator=generator) + row % 2
    corner = torch.stack([column, row], 1) * 2.0 - 4
    return (corner + 2 * torch.rand(n, 2, generator=generator)).to(device)


def checkerboard_density(x: Tensor) -> Tensor:
    """(n,): density of `checkerboard` at the points x (n, 2): 1/32 on black squares, else 0."""
    square = torch.floor((x + 4) / 2)
    on_board = ((square >= 0) & (square <= 3)).all(-1)
    black = (square.sum(-1) % 2) == 0
    return (on_board & black).to(x.dtype) / 32


def mixture_1d(n: int, *, seed: Seed, means: Sequence[float] = (-2.0, 2.0),
               stds: Sequence[float] | float = 0.5, weights: Sequence[float] | None = None,
               device: Device = "cpu") -> Tensor:  # fmt: skip
    """(n,): a Gaussian mixture on the line; `weights` (any positive numbers) are normalised."""
    centres, widths, shares = _mixture(means, stds, weights, torch.float64, "cpu")
    if centres.ndim != 1:
        raise ValueError(f"means must be a list of numbers, got shape {tuple(centres.shape)}")
    generator = make_generator(seed)
    mode = torch.multinomial(shares, _integer(n, "n"), replacement=True, generator=generator)
    noise = torch.randn(n, generator=generator, dtype=torch.float64)
    return (centres[mode] + widths[mode] * noise).to(device, torch.float32)


def mixture_density(x: Tensor, means: Tensor | Sequence, stds: Tensor | Sequence | float,
                    weights: Tensor | Sequence | None = None) -> Tensor:  # fmt: skip
    """(n,): density of a mixture of isotropic Gaussians at x, in x's own precision.

    x (n,) goes with means (modes,); x (n, d) with means (modes, d). `stds` is one number or one
    per mode; `weights` (default: equal) are normalised. Raises ValueError if shapes do not fit.
    """
    centres, widths, shares = _mixture(means, stds, weights, x.dtype, x.device)
    if x.ndim not in (1, 2) or x.ndim != centres.ndim or x.shape[1:] != centres.shape[1:]:
        raise ValueError(
            "x (n,) needs means (modes,) and x (n, d) needs means (modes, d), "
            f"got {tuple(x.shape)} and {tuple(centres.shape)}"
        )
    dim = 1 if x.ndim == 1 else x.shape[1]
    points, centres = x.reshape(-1, 1, dim), centres.reshape(1, -1, dim)
    distance = ((points - centres) / widths.view(1, -1, 1)).square().sum(-1)
    log_peak = shares.log() - dim * (widths.log() + 0.5 * math.log(2 * math.pi))
    return torch.logsumexp(log_peak - 0.5 * distance, 1).exp()


def _mixture(means: object, stds: object, weights: object, dtype: torch.dtype,
             device: Device) -> tuple[Tensor, Tensor, Tensor]:  # fmt: skip
    centres = torch.as_tensor(means, dtype=dtype, device=device)
    modes = len(centres) if centres.ndim else 0
    widths = torch.as_tensor(stds, dtype=dtype, device=device)
    widths = widths.expand(modes) if widths.ndim == 0 else widths
    shares = torch.ones(modes) if weights is None else weights
    shares = torch.as_tensor(shares, dtype=dtype, device=device)
    if modes == 0 or widths.shape != (modes,) or shares.shape != (modes,):
        raise ValueError("means, stds and weights must have one entry per mode")
    if not (widths > 0).all() or not (shares > 0).all():
        raise ValueError("stds and weights must be positive")
    return centres, widths, shares / shares.sum()


TOYS: dict[str, Callable[..., Tensor]] = {
    "ring": ring,
    "grid": grid,
    "swiss_roll": swiss_roll,
    "two_moons": two_moons,
    "spirals": spirals,
    "checkerboard": checkerboard,
}


def toy(name: str, n: int, *, seed: Seed, **options: object) -> Tensor:
    """(n, 2): the toy data set `name`, a key of `TOYS`; options go to its function."""
    if name not in TOYS:
        raise ValueError(f"unknown toy {name!r}; known: {', '.join(TOYS)}")
    return TOYS[name](n, seed=seed, **options)


# ---------------------------------------------------------------- images


class Images(NamedTuple):
    """images (N, 1, H, W) float32 in [-1, 1], labels (N,) int64, and the data set's name.

    `factors` is the table that `rendered` digits were drawn from, None for real images.
    """

    images: Tensor
    labels: Tensor
    name: str
    factors: Factors | None = None


def take(images: Images, index: Tensor) -> Images:
    """The images at `index` (int64 or bool), in its order, with their labels and factors."""
    factors = None if images.factors is None else images.factors.take(index.cpu())
    index = index.to(images.images.device)
    return images._replace(images=images.images[index], labels=images.labels[index], factors=factors)


def digits8(*, device: Device = "cpu") -> Images:
    """1,797 handwritten digits, 8 x 8, bundled with scikit-learn (grey values 0..16 before).

    Source: UCI, Optical Recognition of Handwritten Digits (Alpaydin 1998), test part.
    """
    from sklearn.datasets import load_digits  # takes a second to import

    bunch = load_digits()
    images = torch.from_numpy(bunch.images).to(device, torch.float32).unsqueeze(1) / 8 - 1
    return Images(images, torch.from_numpy(bunch.target).to(device, torch.int64), "digits8")


def rendered(n: int = 10_000, *, seed: Seed = 0, device: Device = "cpu") -> Images:
    """`n` digits (28 x 28) drawn from matplotlib's fonts, white on black, factors known.

    `.factors` (on the CPU) is the table they were drawn from: `render_digits(x.factors)` gives
    the same images. The first call of a kind draws them (a second or two for 10,000) and keeps
    them in the cache; with a cache that cannot be used they are drawn each time, and a line says so.
    """
    generator = make_generator(seed)
    if isinstance(seed, torch.Generator):  # the cache needs a number for its key
        seed = int(torch.randint(2**62, (), generator=generator))
    pixels, factors = cached_digits(_integer(n, "n"), int(seed))
    return Images(to_images(pixels).to(device), factors.digit.to(device), "rendered", factors)


def mnist(split: str = "small", *, device: Device = "cpu",
          seconds: float = DOWNLOAD_SECONDS) -> Images:  # fmt: skip
    """MNIST (28 x 28): "small" is its 10,000-image test split, "full" the 60,000 for training.

    Looks in `$GAN_DATA_DIR/mnist/`, then in the cache, then downloads for at most about `seconds`
    (unless GAN_OFFLINE=1). Source: LeCun et al. 1998. Raises DataError (with cause and remedy)
    for a damaged file, NotAvailable, a DataError too, if there is no file to be had.
    """
    return _idx_images("mnist", split, device, seconds)


def fashion_mnist(split: str = "small", *, device: Device = "cpu",
                  seconds: float = DOWNLOAD_SECONDS) -> Images:  # fmt: skip
    """Fashion-MNIST (28 x 28, ten kinds of clothing); everything else as `mnist`.

    Source: Xiao et al. 2017, arXiv:1708.07747.
    """
    return _idx_images("fashion_mnist", split, device, seconds)


def _idx_images(dataset: str, split: str, device: Device, seconds: float) -> Images:
    if split not in PARTS:
        raise ValueError(f"unknown split {split!r}; known: {', '.join(PARTS)}")
    pixels, labels = load_idx(dataset, split, seconds)
    images = to_images(torch.tensor(pixels)).to(device)
    return Images(images, torch.tensor(labels).to(device, torch.int64), dataset)


LOADERS: dict[str, Callable[..., Images]] = {
    "mnist": mnist,
    "fashion_mnist": fashion_mnist,
    "rendered": rendered,
    "digits8": digits8,
}


def load_images(name: str = "auto", n: int | None = None, *, seed: Seed = 0,
                device: Device = "cpu") -> Images:  # fmt: skip
    """Load images by name and print one line that says what was loaded.

    `name`: auto, mnist, fashion_mnist, rendered or digits8. "auto" is MNIST if it is on this disk
    or can be downloaded within a few seconds, otherwise `rendered`. `n` images are drawn at random
    by `seed` (the first ones of MNIST are not typical); by default all there are, 10,000 of 28 x 28.

    Raises ValueError for an unknown name or too large an `n`, DataError as `mnist` does. A damaged
    MNIST file is an error under "auto" too.
    """
    known = ("auto", *LOADERS)
    if name not in known:
        raise ValueError(f"unknown images {name!r}; known: {', '.join(known)}")
    if n is not None:
        n = _integer(n, "n")
    advice = 'choose with load_images("' + '" | "'.join(LOADERS) + '")'
    chosen = name
    if name == "auto":
        try:
            images, chosen = mnist(device=device, seconds=AUTO_SECONDS), "mnist"
        except NotAvailable:
            chosen = "rendered"
            advice = (
                "MNIST is not on this disk and was not downloaded: "
                'load_images("mnist") tries longer and says why'
            )
    if chosen == "rendered":
        images = rendered(n or 10_000, seed=seed, device=device)
    elif name != "auto":
        images = LOADERS[chosen](device=device)
    total, side = len(images.images), images.images.shape[-1]
    if n is not None and n > total:
        raise ValueError(f"n is {n:,}, but {chosen} has {total:,} images")
    if n is not None and n < total:
        order = torch.randperm(total, generator=make_generator(seed))
        images = take(images, order[:n])
    print(f"images: {chosen}, {len(images.images):,} of {side}×{side} ({advice})")
    return images


class Splits(NamedTuple):
    """Three disjoint parts: train on `fit`, choose with `select`, state results on `report`."""

    fit: Images
    select: Images
    report: Images


def split(images: Images, *, seed: Seed = 0, fit: float = 0.6, select: float = 0.2,
          report: float = 0.2) -> Splits:  # fmt: skip
    """Shuffle by `seed` and cut into three parts that share no image and miss none.

    The fractions must be positive and add up to 1; sizes are rounded, no part may be empty.
    """
    fractions = (fit, select, report)
    if min(fractions) <= 0 or abs(sum(fractions) - 1) > 1e-6:
        raise ValueError(f"fit, select and report must be positive and add up to 1: {fractions}")
    total = len(images.images)
    first, second = round(total * fit), round(total * (fit + select))
    if not 0 < first < second < total:
        raise ValueError(f"{total} images are too few for three parts of {fractions}")
    order = torch.randperm(total, generator=make_generator(seed))
    return Splits(*(take(images, part) for part in order.tensor_split([first, second])))


# ---------------------------------------------------------------- batches


def batches(data: Data, batch_size: int, *, seed: Seed, steps: int | None = None) -> Iterator[Data]:
    """Shuffled batches without end, or `steps` of them, from tensors in memory.

    `data` is a tensor or a tuple of tensors of equal length, such as `(x.images, x.labels)`; what
    is yielded has the same form. Every epoch is a fresh permutation. Its last len(data) %
    batch_size samples are left out (others each time), so that all batches are equally large:
    a loss averaged over a batch then has the same noise at every step.

    Measured (torch 2.13, one thread, 10,000 images of 28 x 28, batches of 64): a sixth of the CPU
    time of torch's DataLoader over a TensorDataset, which stacks a batch from single samples.

    Raises ValueError at once, not at the first batch, if batch_size exceeds len(data).
    """
    tensors = (data,) if isinstance(data, Tensor) else data
    if not isinstance(tensors, tuple) or not all(isinstance(t, Tensor) for t in tensors):
        raise TypeError("pass a tensor or a tuple of tensors, such as (x.images, x.labels)")
    if len({len(t) for t in tensors}) != 1:
        raise ValueError(f"tensors must be equally long, got {[len(t) for t in tensors]}")
    total, batch_size = len(tensors[0]), _integer(batch_size, "batch_size")
    if batch_size > total:
        raise ValueError(f"batch_size is {batch_size}, but there are only {total} samples")
    if steps is not None:
        steps = _integer(steps, "steps")
    generator = make_generator(seed)

    def endless() -> Iterator[Data]:
        while True:
            order = torch.randperm(total, generator=generator).to(tensors[0].device)
            for start in range(0, total - batch_size + 1, batch_size):
                index = order[start : start + batch_size]
                picked = tuple(t.index_select(0, index) for t in tensors)
                yield picked[0] if isinstance(data, Tensor) else picked

    return endless() if steps is None else itertools.islice(endless(), steps)
