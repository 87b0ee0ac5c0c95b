"""Exercise checks of notebook 05 (an MLP GAN for digits)."""

from __future__ import annotations

import inspect
import tracemalloc

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

from gan_helpers.checks import call, exercise, expect, same


def _bytes(values: Tensor) -> Tensor:
    return values.to(torch.int64).remainder(256).to(torch.uint8)


@exercise(
    1,
    {
        "expected bytes (torch.uint8)": lambda x: ((x.clamp(-1, 1) + 1) * 127.5).round(),
        "-1 must become 0 and 1 must become 255: half of the range is lost, or wraps round": lambda x: _bytes(
            x * 255
        ),
        "black is 0 and white 255: yours is the negative": lambda x: _bytes((127.5 - 127.5 * x).round()),
        "cut off, not rounded: 63.75 is nearer to 64": lambda x: _bytes((x.clamp(-1, 1) + 1) * 127.5),
        "white must be 255, not 254": lambda x: _bytes(((x + 1) * 127).round()),
        "the scale is 127.5, not 128: 255 steps between black and white": lambda x: _bytes(
            ((x + 1) * 128).round().clamp(0, 255)
        ),
        "negative values were cut off: shift before you scale": lambda x: _bytes(
            (x.clamp(0, 1) * 255).round()
        ),
        "bytes wrap round at values beyond -1 and 1: clamp before you convert": lambda x: _bytes(
            ((x + 1) * 127.5).round()
        ),
        "the map must not depend on the other pixels: use the fixed ends -1 and 1": lambda x: _bytes(
            ((x - x.min()) / (x.max() - x.min()) * 255).round()
        ),
    },
)
def check_1(answer: object, mistakes: dict) -> None:
    """`to_bytes(x)`: [-1, 1] to 0..255, rounded, clamped, uint8."""
    x = torch.tensor([[-1.0, -0.999], [-0.5, 0.0], [0.9, 1.0]])
    dtype = getattr(call(answer, x), "dtype", None)
    expect(dtype in (None, torch.uint8), f"expected bytes (torch.uint8), got {dtype}")

    def right(x: Tensor) -> Tensor:
        return ((x.clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8)

    same(answer, right, mistakes, (x,), (torch.tensor([-0.5, 0.1]),), (torch.tensor([-1.01, 1.01]),))


def _frechet_1d(a: Tensor, b: Tensor) -> Tensor:
    return (a.mean() - b.mean()) ** 2 + (a.std() - b.std()) ** 2


@exercise(
    2,
    {
        "the mean's difference must be squared": lambda a, b: (
            (a.mean() - b.mean()).abs() + (a.std() - b.std()) ** 2
        ),
        "that compares variances: in one dimension the trace is (σ_a - σ_b)²": lambda a, b: (
            (a.mean() - b.mean()) ** 2 + (a.var() - b.var()) ** 2
        ),
        "the covariance term is missing": lambda a, b: (a.mean() - b.mean()) ** 2,
        "the means' term is missing": lambda a, b: (a.std() - b.std()) ** 2,
        "the last term -2 √(σ_a² σ_b²) is missing": lambda a, b: (
            (a.mean() - b.mean()) ** 2 + a.var() + b.var()
        ),
        "σ_a² σ_b² without the root": lambda a, b: (
            (a.mean() - b.mean()) ** 2 + a.var() + b.var() - 2 * a.var() * b.var()
        ),
        "the root of the distance: Fréchet distances are reported squared": lambda a, b: _frechet_1d(
            a, b
        ).sqrt(),
        "covariances divide by n - 1, as torch's std does by default": lambda a, b: (
            (a.mean() - b.mean()) ** 2 + (a.std(correction=0) - b.std(correction=0)) ** 2
        ),
    },
)
def check_2(answer: object, mistakes: dict) -> None:
    """`frechet_1d(a, b)`: squared difference of means plus squared difference of standard deviations."""
    a = torch.tensor([1.0, 2.0, 4.0, 9.0, 3.0], dtype=torch.float64)
    b = torch.tensor([0.0, -2.0, 1.0, 0.5, 7.0, 2.0, 2.0], dtype=torch.float64)
    same(answer, _frechet_1d, mistakes, (a, b), (b, a[:2]), (a[1:3].float(), 2 * b.float()))
    names = getattr(inspect.unwrap(answer), "__code__", check_2.__code__).co_names
    matrices = {"metrics", "frechet_distance", "linalg", "sqrtm", "eigh", "eigvalsh", "eigvals", "svd"}
    used = sorted(matrices.intersection(names))
    expect(
        not used, f"the number is right, but write it without `{'`, `'.join(used)}`: means and variances do"
    )


def _flat(x: Tensor, train: Tensor) -> tuple[Tensor, Tensor]:
    return x.flatten(1), train.flatten(1)


def _nearest(x: Tensor, train: Tensor, p: float = 2) -> Tensor:
    return torch.cdist(*_flat(x, train), p=p).argmin(1)


@exercise(
    3,
    {
        "one answer per training image: turned round, search among `train` for each image of x": (
            lambda x, train: torch.cdist(*_flat(x, train)).argmin(0)
        ),
        "these are distances: return the index of the smallest": lambda x, train: torch.cdist(
            *_flat(x, train)
        ).amin(1),
        "that is the farthest image": lambda x, train: torch.cdist(*_flat(x, train)).argmax(1),
        "that is the largest inner product: bright images win it, near or not": lambda x, train: (
            x.flatten(1) @ train.flatten(1).T
        ).argmax(1),
        "that is the sum of absolute differences (p=1): Euclidean is p=2": lambda x, train: _nearest(
            x, train, 1
        ),
        "that is the largest single difference (p=inf): Euclidean is the root of the sum of squares": (
            lambda x, train: _nearest(x, train, float("inf"))
        ),
        "that is the angle (cosine): lengths count": lambda x, train: (
            F.normalize(x.flatten(1)) @ F.normalize(train.flatten(1)).T
        ).argmax(1),
        "that adds the distances of the rows: flatten first, then one root per pair of images": (
            lambda x, train: (x - train.squeeze(1)).norm(dim=-1).sum(-1).argmin(1)
        ),
        "that adds the distances of the columns: flatten first, then one root per pair of images": (
            lambda x, train: (x - train.squeeze(1)).norm(dim=-2).sum(-1).argmin(1)
        ),
        "that searches the first training images only: search all of them": lambda x, train: _nearest(
            x, train[: len(x)]
        ),
        "the distance is between the images' mean brightness: compare pixel by pixel": lambda x, train: (
            (x.mean((1, 2, 3))[:, None] - train.mean((1, 2, 3))).abs().argmin(1)
        ),
    },
)
def check_3(answer: object, mistakes: dict) -> None:
    """`nearest_index(x, train)`: index of the Euclidean nearest training image, for each image of x."""
    source = torch.Generator().manual_seed(1304)
    train = (2 * torch.rand(7, 1, 3, 3, generator=source) - 1) * torch.linspace(0.3, 1, 7).view(7, 1, 1, 1)
    x = 2 * torch.rand(4, 1, 3, 3, generator=source) - 1  # here other distances have other nearest images
    wide = torch.randn(5, 1, 2, 6, generator=source), torch.randn(3, 1, 2, 6, generator=source)
    same(answer, _nearest, mistakes, (x, train), wide)


def _share_higher(train: Tensor, held: Tensor, tie: float = 0.5) -> Tensor:
    return ((train[:, None] > held) + tie * (train[:, None] == held)).double().mean()


class _Elements(TorchFunctionMode):
    """Counts the elements of all tensors that torch's functions return inside the block."""

    total = 0

    def __torch_function__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        for value in result if isinstance(result, (tuple, list)) else (result,):
            self.total += value.numel() if isinstance(value, Tensor) else 0
        return result


@exercise(
    4,
    {
        "turned round: the training image should be the higher one": lambda train, held: (
            1 - _share_higher(train, held)
        ),
        "a tie counts half": lambda train, held: _share_higher(train, held, 0),
        "a tie counts half, not whole": lambda train, held: _share_higher(train, held, 1),
        "that compares with held_out's median alone: compare with every held-out score": lambda train, held: (
            _share_higher(train, held.median()[None])
        ),
        "that is a difference of means: it depends on the scale of D": lambda train, held: (
            train.mean() - held.mean()
        ),
        "that is the accuracy at the threshold 0: compare pairs, without a threshold": lambda train, held: (
            ((train > 0).float().mean() + (held <= 0).float().mean()) / 2
        ),
        "equal scores of different images all count: do not merge them": lambda train, held: _share_higher(
            train, held.unique()
        ),
        "right, but that compares all pairs one by one: sort held_out once, then look each score up": (
            _share_higher
        ),
    },
)
def check_4(answer: object, mistakes: dict) -> None:
    """`share_higher(train, held_out)`: P(a training score > a held-out score), ties half, by sorting.

    All pairs as one table are noticed, torch's by counting elements and NumPy's by memory; a loop that
    compares a row at a time in NumPy is not, and passes.
    """
    train = torch.tensor([0.5, 2.0, -1.0, 4.0, 0.0, 1.5, 2.5])
    held = torch.tensor([0.0, 1.0, -2.0, 2.0])
    repeated, again = torch.tensor([1.0, 1.0, 2.0]), torch.tensor([1.0, 1.0, 0.0, 3.0])
    many = torch.randperm(2000, generator=torch.Generator().manual_seed(0)).float()
    same(answer, _share_higher, mistakes, (train, held), (repeated, again))
    with _Elements() as elements:
        tracemalloc.start()
        try:
            same(answer, lambda train, held: 0.5, {}, (many, many.flip(0)))
            memory = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    pairs = list(mistakes)[-1]
    expect(elements.total < 200 * len(many) and memory < 500 * len(many), pairs)
