"""Exercise checks of notebook 05 (an MLP GAN for digits)."""

from __future__ import annotations

import torch
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

from gan_helpers.checks import call, compare, exercise, expect, tensor


@exercise(1)
def check_1(answer: object) -> None:
    """`to_bytes(x)`: [-1, 1] to 0..255, rounded, clamped, uint8."""
    x = torch.tensor([[-1.0, -0.999], [-0.5, 0.0], [0.9, 1.0]])
    value = call(answer, x)
    expect(isinstance(value, torch.Tensor), f"expected a tensor, got {type(value).__name__}")
    expect(value.dtype == torch.uint8, f"expected bytes (torch.uint8), got {value.dtype}")
    compare(
        tensor(value, (3, 2)),
        torch.tensor([[0.0, 0.0], [64.0, 128.0], [242.0, 255.0]]),
        mistakes={
            "-1 must become 0 and 1 must become 255: half of the range is lost, or wraps round": (x * 255)
            .to(torch.int64)
            .remainder(256),
            "black is 0 and white 255: yours is the negative": (127.5 - 127.5 * x).round(),
            "cut off, not rounded: 63.75 is nearer to 64": ((x + 1) * 127.5).floor(),
            "white must be 255, not 254": ((x + 1) * 127).round(),
            "the scale is 127.5, not 128: 255 steps between black and white": (
                ((x + 1) * 128).round().clamp(0, 255)
            ),
            "negative values were cut off: shift before you scale": (x.clamp(0, 1) * 255).round(),
        },
        atol=0.5,
        rtol=0,
    )
    inner = call(answer, torch.tensor([-0.5, 0.0]))
    expect(
        inner.tolist() == [64, 128],
        f"the map must not depend on the other pixels: -0.5 and 0 are 64 and 128, got {inner.tolist()}",
    )
    beyond = call(answer, torch.tensor([-1.01, 1.01]))
    expect(
        beyond.tolist() == [0, 255],
        f"at -1.01 and 1.01 expected 0 and 255, got {beyond.tolist()}: bytes wrap round, so clamp before "
        "you convert",
    )


@exercise(2)
def check_2(answer: object) -> None:
    """`frechet_1d(a, b)`: squared difference of means plus squared difference of standard deviations."""
    a = torch.tensor([1.0, 2.0, 4.0, 9.0, 3.0], dtype=torch.float64)
    b = torch.tensor([0.0, -2.0, 1.0, 0.5, 7.0, 2.0, 2.0], dtype=torch.float64)
    gap, s, t = a.mean() - b.mean(), a.std(), b.std()
    value = call(answer, a, b)
    compare(
        value,
        (gap**2 + (s - t) ** 2).item(),
        mistakes={
            "the mean's difference must be squared": (gap.abs() + (s - t) ** 2).item(),
            "that compares variances: in one dimension the trace is (σ_a - σ_b)²": (
                gap**2 + (s**2 - t**2) ** 2
            ).item(),
            "the covariance term is missing": (gap**2).item(),
            "the means' term is missing": ((s - t) ** 2).item(),
            "the last term -2 √(σ_a² σ_b²) is missing": (gap**2 + s**2 + t**2).item(),
            "σ_a² σ_b² without the root": (gap**2 + s**2 + t**2 - 2 * s**2 * t**2).item(),
            "the root of the distance: Fréchet distances are reported squared": (
                (gap**2 + (s - t) ** 2).sqrt().item()
            ),
            "covariances divide by n - 1, as torch's std does by default": (
                gap**2 + (a.std(correction=0) - b.std(correction=0)) ** 2
            ).item(),
        },
    )


@exercise(3)
def check_3(answer: object) -> None:
    """`nearest(x, train)`: index of the Euclidean nearest training image, for each image of x."""
    source = torch.Generator().manual_seed(1304)
    train = (2 * torch.rand(7, 1, 3, 3, generator=source) - 1) * torch.linspace(0.3, 1, 7).view(7, 1, 1, 1)
    x = 2 * torch.rand(4, 1, 3, 3, generator=source) - 1  # here other distances have other nearest images
    distance = torch.cdist(x.flatten(1), train.flatten(1))
    value = call(answer, x, train)
    expect(isinstance(value, torch.Tensor), f"expected a tensor, got {type(value).__name__}")
    expect(
        tuple(value.shape) != (7,),
        "one answer per training image: turned round, search among `train` for each image of x",
    )
    expect(
        value.shape != (4,) or not value.is_floating_point() or bool((value == value.round()).all()),
        "these are distances: return the index of the smallest",
    )
    compare(
        value.double(),
        distance.argmin(1).double(),
        mistakes={
            "that is the farthest image": distance.argmax(1),
            "that is the largest inner product: bright images win it, near or not": (
                x.flatten(1) @ train.flatten(1).T
            ).argmax(1),
            "that is the sum of absolute differences (p=1): Euclidean is p=2": (
                torch.cdist(x.flatten(1), train.flatten(1), p=1).argmin(1)
            ),
            "that is the largest single difference (p=inf): Euclidean is the root of the sum of squares": (
                torch.cdist(x.flatten(1), train.flatten(1), p=float("inf")).argmin(1)
            ),
            "that is the angle (cosine): lengths count": (
                F.normalize(x.flatten(1)) @ F.normalize(train.flatten(1)).T
            ).argmax(1),
            "that adds the distances of the rows: flatten first, then one root per pair of images": (
                (x - train.squeeze(1)).norm(dim=-1).sum(-1).argmin(1)
            ),
            "that adds the distances of the columns: flatten first, then one root per pair of images": (
                (x - train.squeeze(1)).norm(dim=-2).sum(-1).argmin(1)
            ),
            "that searches the first training images only: search all of them": (
                distance[:, : len(x)].argmin(1)
            ),
            "the distance is between the images' mean brightness: compare pixel by pixel": (
                (x.mean((1, 2, 3))[:, None] - train.mean((1, 2, 3))).abs().argmin(1)
            ),
        },
    )


class _Elements(TorchFunctionMode):
    """Counts the elements of all tensors that torch's functions return inside the block."""

    total = 0

    def __torch_function__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        for value in result if isinstance(result, (tuple, list)) else (result,):
            self.total += value.numel() if isinstance(value, torch.Tensor) else 0
        return result


@exercise(4)
def check_4(answer: object) -> None:
    """`share_higher(train, held_out)`: P(a training score > a held-out score), ties half, by sorting."""
    train = torch.tensor([0.5, 2.0, -1.0, 4.0, 0.0, 1.5, 2.5])
    held = torch.tensor([0.0, 1.0, -2.0, 2.0])
    more = (train[:, None] > held).float().mean()
    ties = (train[:, None] == held).float().mean()
    value = call(answer, train, held)
    compare(
        value,
        (more + ties / 2).item(),
        mistakes={
            "turned round: the training image should be the higher one": (1 - more - ties / 2).item(),
            "a tie counts half": more.item(),
            "a tie counts half, not whole": (more + ties).item(),
            "that compares with held_out's median alone: compare with every held-out score": (
                (train > held.median()).float().mean() + (train == held.median()).float().mean() / 2
            ).item(),
            "that is a difference of means: it depends on the scale of D": (
                train.mean() - held.mean()
            ).item(),
            "that is the accuracy at the threshold 0: compare pairs, without a threshold": (
                ((train > 0).float().mean() + (held <= 0).float().mean()) / 2
            ).item(),
        },
    )
    repeated, again = torch.tensor([1.0, 1.0, 2.0]), torch.tensor([1.0, 1.0, 0.0, 3.0])
    compare(
        call(answer, repeated, again),
        7 / 12,
        mistakes={"equal scores of different images all count: do not merge them": 5 / 9},
    )
    many = torch.randperm(2000, generator=torch.Generator().manual_seed(0)).float()
    with _Elements() as elements:
        value = call(answer, many, many.flip(0))
    compare(value, 0.5, mistakes={})
    expect(
        elements.total < 100 * len(many),
        "right, but that compares all pairs one by one: sort held_out once, then look each score up",
    )
