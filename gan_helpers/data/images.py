"""Images by name, and their three disjoint parts. (N, 1 or 3, H, W) float32 in [-1, 1]."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import NamedTuple

import torch
from torch import Tensor

from gan_helpers.data.download import PARTS, NotAvailable, load_idx
from gan_helpers.data.fonts import Factors, cached_digits, to_images
from gan_helpers.data.people import People, cached_people, sample_people, to_colour
from gan_helpers.seeds import Device, Seed, integer, make_generator

DOWNLOAD_SECONDS = 300.0  # for a data set that was asked for by name
AUTO_SECONDS = 6.0  # for load_images("auto"), which has something else to offer


class Images(NamedTuple):
    """images (N, 1, H, W) or in colour (N, 3, H, W), float32 in [-1, 1], labels (N,) int64, and a name.

    `factors` is the table that `rendered` digits or `people` were drawn from, None for real images.
    """

    images: Tensor
    labels: Tensor
    name: str
    factors: Factors | People | None = None


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
    pixels, factors = cached_digits(integer(n, "n"), int(seed))
    return Images(to_images(pixels).to(device), factors.digit.to(device), "rendered", factors)


def people(n: int = 10_000, *, seed: Seed = 0, size: int = 32,
           correlate: Mapping[str, tuple[str, float]] | None = None, device: Device = "cpu",
           **fixed: float | bool | Tensor) -> Images:  # fmt: skip
    """`n` drawn people in colour, (n, 3, size, size) with size 32 or 64; every factor of each is known.

    `.factors` (on the CPU) is the table of `People` they were drawn from, `.labels` say who wears glasses
    (0, 1); `people_masks(x.factors)` says which part each pixel shows. Factors are independent of each other.
    A keyword fixes one, for all or with a tensor (n,) for each: `people(100, seed=1, glasses=True)` are the
    people of seed 1, with glasses on. `correlate={"beard": ("hat", 0.5)}` gives two factors that correlation:
    in a share of the people the first follows the second, everything else stays as it was.

    Drawn once (thousands a second) and kept in the cache, as `rendered`. Raises ValueError for an unknown
    factor, a value outside its range, another size, and a correlation that cannot be had.
    """
    table = sample_people(n, seed=seed, correlate=correlate, **fixed)
    images = to_colour(cached_people(table, size)).to(device)
    return Images(images, table.glasses.to(device, torch.int64), "people", table)


def mnist(split: str = "small", *, device: Device = "cpu",
          seconds: float = DOWNLOAD_SECONDS) -> Images:  # fmt: skip
    """MNIST (28 x 28): "small" is its 10,000-image test split, "full" the 60,000 for training.

    Looks in `$GAN_DATA_DIR/mnist/`, then in the cache, then downloads for at most about `seconds`
    (unless GAN_OFFLINE=1). Source: LeCun et al. 1998. Raises DataError (with cause and remedy)
    for a damaged file and for a GAN_DATA_DIR that is no folder or has the files in another place or
    form; NotAvailable, a DataError too, if there is no file to be had.
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
    MNIST file, or a GAN_DATA_DIR that is no folder, is an error under "auto" too.
    """
    known = ("auto", *LOADERS)
    if name not in known:
        raise ValueError(f"unknown images {name!r}; known: {', '.join(known)}")
    if n is not None:
        n = integer(n, "n")
    advice = 'choose with load_images("' + '" | "'.join(LOADERS) + '")'
    chosen = name
    if name == "auto":
        try:
            images, chosen = mnist(device=device, seconds=AUTO_SECONDS), "mnist"
        except NotAvailable:
            chosen = "rendered"
            where = "in GAN_DATA_DIR or the cache" if os.environ.get("GAN_DATA_DIR") else "on this disk"
            advice = (
                f'MNIST is not {where} and was not downloaded: load_images("mnist") tries longer and says why'
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
