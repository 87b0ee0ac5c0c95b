"""Points in the plane and on the line, with known centres and densities. Sampled on the CPU, float32."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from gan_helpers.seeds import Device, Seed, integer, make_generator


def ring_centres(modes: int = 8, radius: float = 2.0) -> Tensor:
    """(modes, 2): `modes` points evenly on a circle, the first at angle 0, anticlockwise."""
    angle = torch.arange(integer(modes, "modes"), dtype=torch.float64) * (2 * math.pi / modes)
    return (radius * torch.stack([angle.cos(), angle.sin()], 1)).float()


def grid_centres(side: int = 5, spacing: float = 2.0) -> Tensor:
    """(side², 2): a square lattice around 0; by default {-4, -2, 0, 2, 4}², 25 points."""
    ticks = (torch.arange(integer(side, "side")) - (side - 1) / 2) * spacing
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
    mode = torch.randint(len(centres), (integer(n, "n"),), generator=generator)
    return (centres[mode] + std * torch.randn(n, 2, generator=generator)).to(device)


def two_moons(n: int, *, seed: Seed, noise: float = 0.05, device: Device = "cpu") -> Tensor:
    """(n, 2): two interlocking half circles of radius 1, around (0, 0) and (1, 1/2).

    x lies in [-1, 2] and y in [-1/2, 1] before noise of standard deviation `noise` is added.
    Source: the geometry of scikit-learn's `make_moons`.
    """
    generator = make_generator(seed)
    angle = math.pi * torch.rand(integer(n, "n"), generator=generator)
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
    radius = 2 * torch.rand(integer(n, "n"), generator=generator)
    arm = torch.randint(integer(arms, "arms"), (n,), generator=generator)
    angle = 2 * math.pi * (turns * radius / 2 + arm / arms)
    points = radius.unsqueeze(1) * torch.stack([angle.cos(), angle.sin()], 1)
    return (points + noise * torch.randn(n, 2, generator=generator)).to(device)


def checkerboard(n: int, *, seed: Seed, device: Device = "cpu") -> Tensor:
    """(n, 2): uniform on the 8 black squares (side 2) of a 4 x 4 board on [-4, 4)²."""
    generator = make_generator(seed)
    row = torch.randint(4, (integer(n, "n"),), generator=generator)
    column = 2 * torch.randint(2, (n,), generator=generator) + row % 2
    corner = torch.stack([column, row], 1) * 2.0 - 4
    return (corner + 2 * torch.rand(n, 2, generator=generator)).to(device)


def mixture_1d(n: int, *, seed: Seed, means: Sequence[float] = (-2.0, 2.0),
               stds: Sequence[float] | float = 0.5, weights: Sequence[float] | None = None,
               device: Device = "cpu") -> Tensor:  # fmt: skip
    """(n,): a Gaussian mixture on the line; `weights` (any positive numbers) are normalised."""
    centres, widths, shares = _mixture(means, stds, weights, torch.float64, "cpu")
    if centres.ndim != 1:
        raise ValueError(f"means must be a list of numbers, got shape {tuple(centres.shape)}")
    generator = make_generator(seed)
    mode = torch.multinomial(shares, integer(n, "n"), replacement=True, generator=generator)
    noise = torch.randn(n, generator=generator, dtype=torch.float64)
    return (centres[mode] + widths[mode] * noise).to(device, torch.float32)


def mixture_density(x: Tensor, means: Tensor | Sequence, stds: Tensor | Sequence | float,
                    weights: Tensor | Sequence | None = None) -> Tensor:  # fmt: skip
    """(n,): density of a mixture of isotropic Gaussians at x, in x's own precision.

    x (n,) goes with means (modes,); x (n, d) with means (modes, d). `stds` is one number or one
    per mode; `weights` (default: equal) are normalised. Raises ValueError if shapes do not fit, and unless x
    is a tensor of floats (in whole numbers, means and stds would be cut off).
    """
    if not isinstance(x, Tensor) or not x.is_floating_point():
        got = x.dtype if isinstance(x, Tensor) else type(x).__name__
        raise ValueError(f"x must be a tensor of floats, got {got}: pass x.float() or torch.as_tensor(x)")
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
    if not all(t.isfinite().all() for t in (centres, widths, shares)):
        raise ValueError("means, stds and weights must be finite")
    return centres, widths, shares / shares.sum()


TOYS: dict[str, Callable[..., Tensor]] = {
    "ring": ring,
    "grid": grid,
    "two_moons": two_moons,
    "spirals": spirals,
    "checkerboard": checkerboard,
}


def toy(name: str, n: int, *, seed: Seed, **options: object) -> Tensor:
    """(n, 2): the toy data set `name`, a key of `TOYS`; options go to its function."""
    if name not in TOYS:
        raise ValueError(f"unknown toy {name!r}; known: {', '.join(TOYS)}")
    return TOYS[name](n, seed=seed, **options)
